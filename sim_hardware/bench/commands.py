# SPDX-License-Identifier: Apache-2.0
"""The commands that only an installation with simulated hardware has: bench, simulate, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnht_controller.cli.output import EXIT_FAILED, EXIT_USAGE, emit, errors, say
from sim_hardware.bench.site_check import require_plant

if TYPE_CHECKING:
    from mnht_controller.settings.settings import Settings
    from sim_hardware.bench.gallery import Gallery

SiteFile = Annotated[Path, typer.Argument(metavar="SITE.toml", help="A simulated site.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Protocol = Annotated[Path | None, typer.Option(help="Another protocol than the site's.")]
Patient = Annotated[Path | None, typer.Option(help="Another patient than the site's.")]
ScenarioFile = Annotated[Path | None, typer.Option(help="Faults and wishes on a timeline.")]
Seed = Annotated[int, typer.Option(help="Seed of every random number.")]
CONTROLLERS = ("pid",)


def bench(
    site: SiteFile,
    scenario: ScenarioFile = None,
    seed: Seed = 1,
    speed: Annotated[float, typer.Option(help="Treatment time factor, 1 to 20.")] = 1.0,
    truth: Annotated[Path | None, typer.Option(help="Write what really happens here.")] = None,
    control: Annotated[
        Path | None, typer.Option(help="Take faults on this Unix socket, one JSON object a line.")
    ] = None,
    led: Annotated[
        bool, typer.Option(hidden=True, help="Faults and end by standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a site's simulated hardware alone on its fronts until Ctrl-C; prints the endpoints.

    Examples: mnht bench config/sites/bench.toml --json > endpoints.json;
    mnht bench config/sites/bench_ambrell.toml --control faults.sock
    """
    with errors(as_json=as_json):
        require_plant()
    from mnht_controller.settings.load import load_site
    from sim_hardware.bench.scenario import Scenario, load_scenario
    from sim_hardware.bench.serve import BenchOptions, serve

    with errors(as_json=as_json):
        settings = simulated(load_site(site, speed=speed), site)
        plot = load_scenario(scenario) if scenario else Scenario()
        code = serve(settings, BenchOptions(plot, seed, truth, as_json, led, control))
    raise typer.Exit(code)


def simulate(
    site: SiteFile,
    protocol: Protocol = None,
    patient: Patient = None,
    scenario: ScenarioFile = None,
    seed: Seed = 1,
    controller: Annotated[str, typer.Option(help="Control law: pid.")] = "pid",
    fidelity: Annotated[
        str, typer.Option(help="Patient: reduced (fitted once, fast) or full (3-D).")
    ] = "reduced",
    session: Annotated[int, typer.Option(min=1, help="Session of the patient's course.")] = 1,
    pictures: Annotated[
        bool, typer.Option(help="Save movie, slices, temperatures; takes the full patient.")
    ] = False,
    volume: Annotated[
        str | None, typer.Option(help="With --pictures: format of temperatures: .npz .nii.gz .vti")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for journals and pictures.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole session in virtual time: the real controller, guard machine, drivers and twins.

    Examples: mnht simulate config/sites/bench.toml --seed 1 --json;
    mnht simulate config/sites/bench.toml --fidelity full --pictures --out session-1
    """
    with errors(as_json=as_json):
        require_plant()
    from mnht_controller.settings.load import load_site
    from mnht_controller.settings.logs import log_to_stderr
    from sim_hardware.bench.scenario import Scenario, load_scenario
    from sim_hardware.bench.simulate import Simulation, journal_dir
    from sim_hardware.plant.models.open import FIDELITIES, Choice

    log_to_stderr()
    one_of("controller", controller, CONTROLLERS)
    one_of("fidelity", fidelity, FIDELITIES)
    _only_with_pictures(volume, pictures=pictures)
    with errors(as_json=as_json):
        settings = simulated(load_site(site, protocol=protocol, patient=patient), site)
        plot = load_scenario(scenario) if scenario else Scenario()
        folder = out or journal_dir(settings, seed)
        gallery = _gallery(folder, volume) if pictures else None
        choice = Choice("full" if pictures or fidelity == "full" else "reduced", session)
        simulation = Simulation(settings, seed, plot, choice, gallery)
        simulation.run()
        journal = simulation.save(folder)
        document = simulation.judge(str(journal)) | {"plant": simulation.world.opened.facts()}
        for file in gallery.save() if gallery else ():
            say(f"saved {file}")
    report(document, as_json=as_json)


def demo(
    site: Annotated[Path | None, typer.Option(help="Another simulated site.")] = None,
    port: Annotated[int, typer.Option(help="Console port; STOP listens on the next one.")] = 8765,
    speed: Annotated[float, typer.Option(help="Treatment time factor, 1 to 20.")] = 1.0,
    protocol: Protocol = None,
    scenario: ScenarioFile = None,
    seed: Seed = 1,
    headless: Annotated[bool, typer.Option(help="A scripted operator runs the session.")] = False,
    until: Annotated[str, typer.Option(help="With --headless: complete or plateau.")] = "complete",
    as_json: AsJson = False,
) -> None:
    """Run simulated bench, guard, controller and console; prints the address and a one-time login.

    Ctrl-C takes the field off first. Examples: mnht demo;
    mnht demo --headless --speed 20 --until complete --json
    """
    from mnht_controller.app.shipped import config_dir
    from sim_hardware.bench.demo import DemoOptions, run

    if until not in {"complete", "plateau"}:
        say(f"--until {until}: use complete or plateau")
        raise typer.Exit(EXIT_USAGE)
    with errors(as_json=as_json):
        place = site or config_dir() / "sites" / "bench.toml"
        options = DemoOptions(place, port, speed, protocol, scenario, seed, headless, until)
        document = run(options)
    if document is not None:
        report(document, as_json=as_json, good="completed" if until == "complete" else "stopped")


def _only_with_pictures(volume: str | None, *, pictures: bool) -> None:
    """Refuse a format for temperatures that nothing would keep."""
    if volume is not None and not pictures:
        say(f"--volume {volume}: add --pictures, which keeps temperatures, or leave it out")
        raise typer.Exit(EXIT_USAGE)


def _gallery(folder: Path, volume: str | None) -> "Gallery":
    """Pictures need libraries that take their time to load."""
    from sim_hardware.bench.gallery import Gallery

    return Gallery(folder, ".npz" if volume is None else volume)


def one_of(what: str, given: str, possible: tuple[str, ...]) -> None:
    """Refuse an option that is none of the possible ones, with exit code 2."""
    if given not in possible:
        say(f"unknown {what} {given!r}: one of {', '.join(possible)}")
        raise typer.Exit(EXIT_USAGE)


def simulated(settings: "Settings", file: Path) -> "Settings":
    """A site that can be played: simulated, with a patient. ConfigError otherwise."""
    from mnht_controller.domain.errors import ConfigError

    if not settings.simulated:
        why = "a real site; simulated hardware serves simulated sites only"
        raise ConfigError(str(file), "simulated", why, "use config/sites/bench.toml or a copy")
    if settings.patient is None:
        why = "the site names no patient"
        raise ConfigError(str(file), "patient", why, 'add `patient = "…"` or give --patient')
    return settings


def report(document: dict[str, object], *, as_json: bool, good: str = "completed") -> None:
    """Print a run's summary; exit with 1 unless it came out well without a broken oracle."""
    if as_json:
        emit(document)
    else:
        for name in ("outcome", "first_out", "speed_x", "true", "plateau_in_band_fraction"):
            say(f"{name:26} {document[name]}")
        say(f"{'journal':26} {document['journal']}")
    for violation in list(document["oracle_violations"]):  # type: ignore[call-overload]
        say(f"ORACLE {violation}")
    if document["outcome"] != good or document["oracle_violations"]:
        raise typer.Exit(EXIT_FAILED)
