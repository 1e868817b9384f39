# SPDX-License-Identifier: Apache-2.0
"""Commands on a site: serve, stop, check, identify its devices, show its settings."""

import json
import secrets
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from mnht_controller.cli.output import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, emit, errors, say
from mnht_controller.domain.errors import ConfigError

SiteFile = Annotated[
    Path, typer.Argument(metavar="SITE.toml", help="The site.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Endpoints = Annotated[
    Path | None,
    typer.Option(help="What `mnht bench --json` printed (- for standard input)."),
]
Protocol = Annotated[Path | None, typer.Option(help="Another protocol than the site's.")]

CHECKS_GROUP = "mnht.checks"
"""Entry points that judge what this package cannot know, such as a simulated patient."""

config = typer.Typer(
    no_args_is_help=True,
    help="Show settings and schemas, or begin a site.\n\nExample: mnht config init my-site",
)


def read_endpoints(path: Path | None) -> dict[str, str]:
    """Device id to resource, from what `mnht bench --json` printed. ConfigError if it is not."""
    if path is None:
        return {}
    try:
        text = sys.stdin.readline() if str(path) == "-" else path.read_text(encoding="utf-8")
        rows = json.loads(text)["endpoints"]
        return {name: str(row["resource"]) for name, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"not what `mnht bench --json` prints: {error!r}"
        right = "give the file that `mnht bench SITE.toml --json > FILE` wrote"
        raise ConfigError(str(path), "endpoints", why, right) from error


def serve(
    site: SiteFile,
    endpoints: Endpoints = None,
    protocol: Protocol = None,
    speed: Annotated[float, typer.Option(help="Treatment time factor; simulated only.")] = 1.0,
    led: Annotated[bool, typer.Option(hidden=True, help="End with standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run guard, STOP listener, controller and console of a site until Ctrl-C.

    Example: mnht serve my-site.toml
    """
    from mnht_controller.app.run import run
    from mnht_controller.app.serve import Site
    from mnht_controller.settings.load import load_site

    with errors(as_json=as_json):
        given = read_endpoints(endpoints)  # after the imports: the bench starts meanwhile
        settings = load_site(site, endpoints=given, protocol=protocol, speed=speed)
        code = run(
            Site(site, settings, given, protocol), secrets.token_hex(8), as_json=as_json, led=led
        )
    raise typer.Exit(code)


def stop(
    runtime_dir: Annotated[
        Path | None, typer.Option(help="Where the sockets are, if not the default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Field off now, without console or network: guard first, controller second.

    Example: mnht stop
    """
    from mnht_controller.settings.host import default_paths
    from mnht_controller.surfaces.guard_client import stop_now

    report = stop_now(runtime_dir or default_paths().runtime_dir)
    if as_json:
        emit(report)
    for name in ("guard", "controller"):
        told = report[name]
        say(f"{name}: " + ("stopped" if told["ok"] else "; ".join(map(str, told["reasons"]))))
    if not report["ok"]:
        say("STOP was not confirmed: press the emergency stop if a field may be on")
        raise typer.Exit(EXIT_UNAVAILABLE)


def close(
    site: SiteFile,
    name: Annotated[str, typer.Option(help="Who closes it.")],
    reason: Annotated[str, typer.Option(help="Why what it used counts no more.")],
    as_json: AsJson = False,
) -> None:
    """End an unfinished session for good while nobody serves the site; it goes on record.

    What was used then counts no more. For the same patient it must count: do not close, go on.

    Example: mnht close my-site.toml --name dr.rossi --reason "next patient, session 12 is over"
    """
    from mnht_controller.app.close import close_session
    from mnht_controller.domain.codec import to_plain
    from mnht_controller.settings.load import load_site
    from mnht_controller.surfaces.guard_client import is_served

    with errors(as_json=as_json):
        paths = load_site(site).paths
        if not (name.strip() and reason.strip()):
            say("give a name and a reason; nothing was closed")
            raise typer.Exit(EXIT_USAGE)
        if is_served(paths.runtime_dir):
            say("the site is being served: end it first, or POST /api/v1/session/close")
            raise typer.Exit(EXIT_UNAVAILABLE)
        closed = close_session(Path(paths.state_dir), name, reason, secrets.token_hex(8))
    if as_json:
        emit({"ok": True, **to_plain(closed)})
    for file, field_s in zip(closed.ledgers, closed.field_s, strict=True):
        say(f"{file}: closed; {field_s:.0f} s of field count no more")
    say(f"on record: {closed.journal}")


def check(
    site: SiteFile, endpoints: Endpoints = None, protocol: Protocol = None, as_json: AsJson = False
) -> None:
    """Validate everything a site names; every error with file, key, why and what would be right.

    Example: mnht check config/sites/bench.toml --json
    """
    from mnht_controller.app.build import plan_for
    from mnht_controller.settings.load import load_site

    with errors(as_json=as_json):
        settings = load_site(site, endpoints=read_endpoints(endpoints), protocol=protocol)
        plan = plan_for(settings)
        for point in entry_points(group=CHECKS_GROUP):
            point.load()(settings)
    if as_json:
        emit(
            {
                "ok": True,
                "site": settings.site,
                "simulated": settings.simulated,
                "settings_sha256": settings.settings_sha256,
                "envelope_sha256": plan.envelope_sha256,
                "devices": [device.id for device in settings.devices],
            }
        )
    else:
        kind = "SIMULATED" if settings.simulated else "REAL hardware"
        say(
            f"{site}: good; {kind}; {len(settings.devices)} devices; protocol "
            f"{plan.prescription.protocol}; settings {settings.settings_sha256[:12]}"
        )


@config.command("show")
def show(
    site: SiteFile, endpoints: Endpoints = None, protocol: Protocol = None, as_json: AsJson = False
) -> None:
    """Print the merged settings and the plan that a session would be bound to.

    Example: mnht config show config/sites/bench.toml
    """
    from mnht_controller.app.build import plan_for
    from mnht_controller.domain.codec import to_plain
    from mnht_controller.settings.load import load_site

    with errors(as_json=as_json):
        settings = load_site(site, endpoints=read_endpoints(endpoints), protocol=protocol)
        emit({"settings": to_plain(settings), "plan": to_plain(plan_for(settings))})


@config.command("schema")
def schema(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Write the schema files into this folder.")
    ] = None,
    is_check: Annotated[
        bool, typer.Option("--check", help="Only say whether the files there are up to date.")
    ] = False,
) -> None:
    """Print, write or check the JSON schemas of the configuration files.

    Example: mnht config schema --dir config/schema
    """
    from mnht_controller.app.shipped import config_dir
    from mnht_controller.settings import schema as schemas

    if folder is None and not is_check:
        emit({name: json.loads(text) for name, text in schemas.schemas().items()})
        return
    place = folder or config_dir() / "schema"
    if is_check:
        stale = schemas.stale(place)
        if stale:
            say(f"stale: {', '.join(stale)}; run: mnht config schema --dir {place}")
            raise typer.Exit(EXIT_FAILED)
        return
    with errors():
        schemas.write(place)


@config.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder for the site's files.")],
) -> None:
    """Copy the shipped configuration into a new folder, as a beginning.

    Example: mnht config init my-site
    """
    import shutil

    from mnht_controller.app.shipped import config_dir

    if folder.exists():
        say(f"{folder} exists already; nothing was written; give a new name")
        raise typer.Exit(EXIT_USAGE)
    with errors():
        shutil.copytree(config_dir(), folder)
    say(f"edit {folder}/sites/example_real.toml, then: mnht check {folder}/sites/example_real.toml")
