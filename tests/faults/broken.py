# SPDX-License-Identifier: Apache-2.0
"""Broken on purpose: a greedy controller, rules that find nothing, leases that lie."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from mnht_controller.core import tick as core_tick
from mnht_controller.core.governor import GovernorInput, Loops
from mnht_controller.domain.command import FieldDemand
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Plan
from mnht_controller.guard import judge
from mnht_controller.interlock import permissives
from mnht_controller.interlock.findings import Finding
from mnht_controller.interlock.lease import decode_from_controller, encode_lease
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.rules import RULES, Rule
from mnht_controller.interlock.witness import Witness
from mnht_controller.runtime import decide
from sim_hardware.bench import simulate
from sim_hardware.bench.guard import VirtualGuard


def be_greedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control always wants all that it may have, whatever the temperatures."""

    def wants_all(_plan: Plan, loops: Loops, given: GovernorInput) -> tuple[Loops, FieldDemand]:
        return loops, FieldDemand(given.ceiling_ka_per_m, ())

    monkeypatch.setattr(core_tick, "govern", wants_all)


def blind(*codes: str) -> tuple[Rule, ...]:
    """The rule table, with rows of these codes that never find anything."""

    def nothing(_witness: Witness, _memory: Memory) -> Iterable[Finding]:
        return ()

    known = {row.code for row in RULES}
    if not known >= {*codes}:
        raise KeyError(codes)
    return tuple(replace(row, find=nothing) if row.code in codes else row for row in RULES)


def plant_in_rules(monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    """The same bug in the table of controller and guard, which is one table."""
    for module in (decide, permissives, judge):
        monkeypatch.setattr(module, "RULES", blind(*codes))


class Lying(VirtualGuard):
    """Gets leases in which every probe is `less_c` colder than what the thermometer said."""

    less_c = 0.0

    def send(self, message: bytes) -> None:
        received = decode_from_controller(message)
        if isinstance(received, Lease):
            probes = tuple(
                row if row.value is None else replace(row, value=round(row.value - self.less_c, 2))
                for row in received.probes
            )
            message = encode_lease(replace(received, probes=probes))
        super().send(message)


def lie(monkeypatch: pytest.MonkeyPatch, less_c: float) -> None:
    """Let every lease say so much less."""
    monkeypatch.setattr(Lying, "less_c", less_c)
    monkeypatch.setattr(simulate, "VirtualGuard", Lying)
