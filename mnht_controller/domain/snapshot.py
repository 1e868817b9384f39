# SPDX-License-Identifier: Apache-2.0
"""The read-only picture that every surface shows."""

from dataclasses import dataclass

from mnht_controller.domain.alarm import NO_ALARMS, AlarmState
from mnht_controller.domain.lease import GuardStatus
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.reading import Reading, SourceReading
from mnht_controller.domain.tick import Decision, Health


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One device as the controller sees it."""

    id: str
    driver: str
    resource: str
    identity: str
    connected: bool
    simulated: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State at one tick; readings carry their validated quality. `alarms` are kept on disk."""

    tick: int
    at: float
    treatment_s: float
    session: str
    plan: Plan
    probes: tuple[Reading, ...]
    source: SourceReading | None
    guard: GuardStatus | None
    decision: Decision
    health: Health
    devices: tuple[DeviceState, ...]
    alarms: AlarmState = NO_ALARMS
