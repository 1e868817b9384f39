# SPDX-License-Identifier: Apache-2.0
"""A quiet tick in the middle of a plateau, and how each code of the table comes about."""

from dataclasses import replace
from typing import Any

from mnht_controller.alarms.conditions import conditions
from mnht_controller.alarms.table import ALARMS, Source
from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.snapshot import DeviceState
from mnht_controller.domain.tick import Decision, Estimate, Health, TickInput
from mnht_controller.domain.trip import Trip

NOW = 100.0
SOURCE = SourceReading(NOW, 1, 1.0, 1, 1, 5.0, 5.0, True, True, 7.5, 1e5, 30.0, 4.0)
GUARD = GuardStatus(1, NOW, GuardState.RUN, "0" * 64, 1)
GIVEN = TickInput(1000, NOW, NOW, (), SOURCE, 0.0, GUARD, (), Health())
DECISION = Decision(
    Phase.PLATEAU, FieldDemand(5.0), Permit(5.0, 1, NOW + 0.3),
    Estimate(42.0, 0.0, 42.1, 47.0, 39.0, 1.0, 1.0), 43.0, 60.0, 90.0, (), (), (),
)  # fmt: skip
DEVICE = DeviceState("amplifier", "generic", "ASRL1", "SIM", True, True)
OFF = replace(SOURCE, measured_ka_per_m=0.0, output_on=False)


def trip(code: str, at: float = NOW, where: str = "skin") -> Trip:
    return Trip(code, "H01", where, 44.1, 44.0, at, at)


def tripped(*trips: Trip) -> dict[str, Any]:
    """Fields of a decision after these trips."""
    verdict = Inhibit(tuple(Reason(t.code, t.where) for t in trips), tripped=True)
    return {
        "phase": Phase.TRIPPED,
        "demand": FieldDemand(None),
        "verdict": verdict,
        "trips": trips,
    }


def found(
    given: dict[str, Any] | None = None,
    decided: dict[str, Any] | None = None,
    device: DeviceState = DEVICE,
) -> list[str]:
    """The codes of a tick in which these things are otherwise."""
    reasons = conditions(
        replace(GIVEN, **(given or {})), replace(DECISION, **(decided or {})), [device]
    )
    return [reason.code for reason in reasons]


SHELL: dict[str, list[str]] = {
    "unconfirmed_off": found({"source": None}, tripped(trip("skin_trip"))),
    "operator_absent": found({"health": Health(operator_seen_s=10.1)}),
    "presence_due": found({"health": Health(presence_s=301.0)}),
    "journal": found({"health": Health(journal_ok=False)}),
    "guard_silent": found({"guard": None}),
    "device_lost": found(device=replace(DEVICE, connected=False)),
    "tick_late": found({"health": Health(late_ticks=2)}),
}
"""What `conditions` says where each code of the controller's own process must be said."""


def brought_about(code: str, source: Source) -> list[str]:
    """What `conditions` says where this code is what rules, gate, phases or process said."""
    reason = Reason(code, "here")
    match source:
        case Source.TRIP:
            return found({"source": OFF}, tripped(trip(code)))
        case Source.INHIBIT:
            return found(decided={"verdict": Inhibit((reason,), tripped=False)})
        case Source.START:
            return found(decided={"phase": Phase.ARMED, "unmet": (reason,)})
        case Source.SESSION:
            name = code.removeprefix("session.")
            event = Reason("phase.standby", name) if name != code else reason
            return found(decided={"events": (event,)})
        case Source.SHELL:
            return SHELL.get(code, [])


CODES = [(code, row.source) for row in ALARMS for code in row.codes]
