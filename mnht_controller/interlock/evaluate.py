# SPDX-License-Identifier: Apache-2.0
"""Walk the table: what is out of bounds for long enough now. Deciding about it is not done here."""

from dataclasses import dataclass

from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.memory import Memory, Since, remember
from mnht_controller.interlock.rules import Rule, Scope
from mnht_controller.interlock.witness import Witness

_EPSILON_S = 1e-9
"""Ten ticks of 0.1 s are not quite one second."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that holds now at one place. `hazard` is the row's first hazard id."""

    code: str
    hazard: str
    effect: Effect
    where: str
    value: float | None
    limit: float | None

    @property
    def reason(self) -> Reason:
        """The hit as a reason for a refusal."""
        return Reason(self.code, self.where, self.value, self.limit)


def evaluate(
    rules: tuple[Rule, ...], memory: Memory, witness: Witness
) -> tuple[Memory, tuple[Hit, ...]]:
    """Take in the witness and give every hit, in the order of the table."""
    seen = remember(memory, witness)
    since: list[Since] = []
    hits: list[Hit] = []
    live = rules if witness.armed else [row for row in rules if row.scope is Scope.ALWAYS]
    for row in live:
        for where, value, limit in row.find(witness, seen):
            known = memory.first_true(row.code, where)
            first = witness.now if known is None else known
            since.append(Since(row.code, where, first))
            if not (witness.now - first < row.debounce_s - _EPSILON_S):
                hits.append(_hit(row, where, value, limit))
    if since or seen.since:
        seen = replace(seen, since=tuple(since))
    return seen, tuple(hits)


def present(rules: tuple[Rule, ...], memory: Memory, witness: Witness) -> tuple[Hit, ...]:
    """Give what is out of bounds at this moment as if armed, however short it has been so.

    `memory` has taken in the witness already.
    """
    return tuple(
        [
            _hit(row, where, value, limit)
            for row in rules
            for where, value, limit in row.find(witness, memory)
        ]
    )


def _hit(row: Rule, where: str, value: float | None, limit: float | None) -> Hit:
    return Hit(row.code, row.hazards[0], row.effect, where, _number(value), _number(limit))


def _number(value: float | None) -> float | None:
    """What a record can hold: NaN and infinity count as missing there."""
    return value if value is not None and value - value == 0.0 else None
