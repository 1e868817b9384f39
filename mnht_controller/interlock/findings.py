# SPDX-License-Identifier: Apache-2.0
"""What a finding is, the one comparison behind all of them, and those about people and processes.

A finding is something out of bounds now. Which finding trips, which inhibits, and after how long,
stands in rules.py.
"""

from collections.abc import Callable, Iterable

from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.witness import Witness

Finding = tuple[str, float | None, float | None]
"""Where (probe or device id), value, limit."""
Find = Callable[[Witness, Memory], Iterable[Finding]]


def over(value: float | None, limit: float) -> bool:
    """The one comparison of the table, written so that NaN and None are over."""
    return value is None or not (value <= limit)


def operator_stop(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """STOP was pressed."""
    return (("operator", None, None),) if witness.stop else ()


def lease_lost(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The other process is silent."""
    age_s, limit = witness.peer_age_s, witness.peer_age_s_max
    return (("peer", age_s, limit),) if over(age_s, limit) else ()


def guard_refuses(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The other process does not hold the enable line."""
    return (("peer", None, None),) if witness.peer_refuses else ()
