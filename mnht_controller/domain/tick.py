# SPDX-License-Identifier: Apache-2.0
"""One tick's inputs and outputs: what the journal records and what replay runs again."""

from dataclasses import dataclass

from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.compiled import quick
from mnht_controller.domain.intent import Intent
from mnht_controller.domain.lease import GuardStatus
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import Reading, SourceReading
from mnht_controller.domain.self_test import NOT_BEGUN, Proof, SelfTest
from mnht_controller.domain.trip import Trip


@quick
@dataclass(frozen=True, slots=True)
class Health:
    """What the shell knows about itself. An unhealthy journal forbids the next ARM.

    `disk_free_mb` is the room where the journal lies; None: not known. The names are devices that
    are not connected, devices whose serial number contradicts the site's `simulated`, and tasks
    without a sign of life. `slept_s` is how long the host was suspended since the process began,
    less what a person's PREPARE or RESET has answered for.
    """

    journal_ok: bool = True
    operator_seen_s: float = 0.0
    """Seconds since a surface last said that an operator's view is alive."""
    presence_s: float = 0.0
    """Seconds since a person last asked for anything but STOP, or confirmed to be present."""
    late_ticks: int = 0
    disk_free_mb: float | None = None
    lost_devices: tuple[str, ...] = ()
    mixed_devices: tuple[str, ...] = ()
    silent_tasks: tuple[str, ...] = ()
    slept_s: float = 0.0
    spent_ok: bool = True
    """Whether what earlier sessions used could be read, and what this one uses can be kept."""
    journal_behind_s: float = 0.0
    """How long the oldest record has been on its way to the disk."""


@quick
@dataclass(frozen=True, slots=True)
class TickInput:
    """All that a tick may look at, frozen. `now` is monotonic, `treatment_s` differs under --speed.

    `probes` follow the order of the plan's envelope. `uncertain_s` is how long a sent command has
    stayed unverified (0: verified). `watchdog`: what its owner's test of the source's watchdog has
    shown; None: nothing yet.
    """

    tick: int
    now: float
    treatment_s: float
    probes: tuple[Reading, ...]
    source: SourceReading | None
    uncertain_s: float
    guard: GuardStatus | None
    intents: tuple[Intent, ...]
    health: Health
    watchdog: Proof | None = None


@quick
@dataclass(frozen=True, slots=True)
class Estimate:
    """What control believes. None propagates: a lost role has no estimate."""

    skin_c: float | None
    skin_rate_c_per_s: float | None
    skin_predicted_c: float | None
    tumor_c: float | None
    healthy_c: float | None
    skin_cem43_min: float
    tumor_cem43_min: float


@quick
@dataclass(frozen=True, slots=True)
class Identified:
    """How a probe answers to the field, measured in this session or, `is_prior`, only declared.

    `gain_c_per_s` is the first rise in °C/s per unit of u (None: not known), `lag_s` how much
    later than the field it comes, `snr` by how many sigmas of noise and trend the gain stands out.
    """

    probe: str
    gain_c_per_s: float | None
    lag_s: float
    snr: float
    is_prior: bool


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick decided and why. `verdict` is the only thing the source may be told."""

    phase: Phase
    demand: FieldDemand
    verdict: Permit | Inhibit
    estimate: Estimate
    setpoint_c: float
    plateau_s: float
    field_s: float
    unmet: tuple[Reason, ...]
    events: tuple[Reason, ...]
    trips: tuple[Trip, ...]
    """Latched so far, first-out first."""
    identified: tuple[Identified, ...] = ()
    self_test: SelfTest = NOT_BEGUN
