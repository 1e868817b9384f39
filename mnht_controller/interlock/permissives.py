# SPDX-License-Identifier: Apache-2.0
"""What must hold before a session may be armed: all that is unmet is named at once.

Besides its own table it asks every rule, so that nothing starts with a rule already broken.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mnht_controller.domain.command import Reason
from mnht_controller.interlock import start_findings as at
from mnht_controller.interlock.evaluate import present
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.start_findings import StartRequest

__all__ = ("PERMISSIVES", "Permissive", "StartRequest", "unmet")


@dataclass(frozen=True, slots=True)
class Permissive:
    """One row: `find` gives a reason for everything that is not as it must be."""

    code: str
    title: str
    find: Callable[[StartRequest], Iterable[Reason]]


def unmet(request: StartRequest) -> tuple[Reason, ...]:
    """Every reason why arming is not possible now; empty when it is."""
    own = [reason for row in PERMISSIVES for reason in row.find(request)]
    own += [hit.reason for hit in present(RULES, request.memory, request.witness)]
    return tuple(own)


PERMISSIVES: tuple[Permissive, ...] = (
    Permissive("latched", "a trip is still latched: reset it", at.latched),
    Permissive("guard_state", "the guard is latched, or armed since before PREPARE",
               at.guard_state),
    Permissive("guard_envelope", "the guard holds other limits, or none", at.guard_envelope),
    Permissive("guard_fault", "the guard cannot keep its latch or its journal", at.guard_fault),
    Permissive("guard_deaf", "the guard does not take in the leases", at.guard_deaf),
    Permissive("journal", "the journal or the latch cannot be written", at.journal),
    Permissive("disk_space", "the disk has too little room for the record", at.disk_space),
    Permissive("spent_unreadable", "dose and time used before cannot be read, or new ones kept",
               at.spent_unreadable),
    Permissive("tick_late", "the controller's ticks come late", at.tick_late),
    Permissive("tick_period", "the tick is too slow for the lease", at.tick_period),
    Permissive("task_silent", "a task of the controller hangs", at.task_silent),
    Permissive("operator_absent", "no operator's view is open", at.operator_absent),
    Permissive("presence", "no person has confirmed to be present", at.presence),
    Permissive("device_lost", "a device is not connected", at.device_lost),
    Permissive("device_mixture", "simulated and real devices are mixed", at.device_mixture),
    Permissive("envelope", "the limits cannot be enforced", at.envelope),
    Permissive("plan_hash", "the plan is not what its hash says", at.plan_hash),
    Permissive("region_mismatch", "prescription and limits name different body regions",
               at.region_mismatch),
    Permissive("role_unprobed", "what control is to hold has no required probe", at.role_unprobed),
    Permissive("prescription", "a prescribed number cannot be carried out", at.prescription),
    Permissive("gains", "a number of the controller is none", at.gains),
    Permissive("probe_suspect", "a required probe does not read well", at.probe_suspect),
    Permissive("skin_too_warm", "skin is at or above the set-point already", at.skin_too_warm),
    Permissive("skin_spread", "skin probes disagree before any field", at.skin_spread),
    Permissive("baseline", "probes disagree although nothing is heated yet", at.baseline),
    Permissive("prediction_unknown", "where the skin is heading is not known yet",
               at.prediction_unknown),
    Permissive("source_not_zero", "the amplifier is not off and at zero", at.source_not_zero),
    Permissive("enable_line_unproven", "the enable line has not been seen to close and open",
               at.enable_line_unproven),
    Permissive("watchdog_unproven", "the amplifier's watchdog has not been seen to act",
               at.watchdog_unproven),
)  # fmt: skip
