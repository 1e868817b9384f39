# SPDX-License-Identifier: Apache-2.0
"""Short sessions in virtual time: the shipped bench, Imai's protocol with a plateau of seconds."""

from dataclasses import replace
from typing import Any

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.journal.records import TickRecord
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.bench.simulate import Simulation

SITE = config_dir() / "sites" / "bench.toml"
WARM_C = 42.8
"""Within the plateau's reach: it begins a few ticks after START."""


def short_settings(plateau_s: float = 5.0, **changes: Any) -> Settings:
    """The shipped bench with a short plateau and cooldown; `changes` go into the prescription."""
    settings = load_site(SITE)
    prescription = replace(
        settings.prescription, plateau_s=plateau_s, cooldown_s_max=2.0, **changes
    )
    return replace(settings, prescription=prescription)


class Played(Simulation):
    """A session that has been played; `result` is its summary.

    `ticks` are all of them, `traffic` what each link had carried at each tick, both ways.
    """

    def __init__(self, settings: Settings, seed: int, scenario: Scenario) -> None:
        self.ticks: list[TickRecord] = []
        self.traffic: list[tuple[float, dict[str, tuple[int, int]]]] = []
        super().__init__(settings, seed, scenario)
        self.run()
        self.result: dict[str, Any] = self.judge("")

    def _seen(self, record: TickRecord) -> None:
        self.ticks.append(record)
        counts = {
            name: (link.traffic.bytes_in, link.traffic.bytes_out)
            for name, link in self.transports.items()
        }
        self.traffic.append((record.input.now, counts))
        super()._seen(record)

    def during(self, phase: Phase) -> list[TickRecord]:
        """The ticks that ended in a phase."""
        return [tick for tick in self.ticks if tick.decision.phase is phase]

    def since(self, now: float) -> list[TickRecord]:
        """The ticks from this time on."""
        return [tick for tick in self.ticks if tick.input.now >= now - 1e-6]


def play(*wishes: Wish, seed: int = 1, settings: Settings | None = None, **plot: Any) -> Played:
    """One short session, warm unless `skin_c` says otherwise; wishes count from the ramp."""
    given = {"skin_c": WARM_C, "since": Phase.RAMP, "wishes": wishes, **plot}
    return Played(settings or short_settings(), seed, Scenario(**given))


def amplitude(record: TickRecord) -> float:
    """What a tick permits, kA/m; 0 when it permits nothing."""
    return float(getattr(record.decision.verdict, "field_ka_per_m", 0.0))
