# SPDX-License-Identifier: Apache-2.0
"""How long each row must hold: not a nanosecond less, and a gap begins anew (H08, H15)."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.evaluate import evaluate
from mnht_controller.interlock.memory import Memory, Since
from mnht_controller.interlock.rules import RULES, Rule
from tests.unit.interlock.scene import witness

WHERE = "somewhere"
EARLY_S = 1e-9
"""Ten ticks of 0.1 s are not quite a second: so much may be missing."""
LIMITS_S = {
    "probe_range": 0.3,
    "probe_implausible": 0.3,
    "probe_bad": 0.3,
    "readback_high": 0.2,
    "off_not_obeyed": 0.3,
    "readback_missing": 0.3,
    "output_off_unasked": 0.6,
}
"""How long the rows known here must hold; what else is debounced is walked all the same."""
DOUBTS = frozenset({"zone_apart", "zone_disagrees", "no_heat_yet", "no_heat"})
"""H02, H06: a probe that is doubted, while every limit holds on what it says."""
DEBOUNCED = [row for row in RULES if row.debounce_s > 0.0]


def found(row: Rule) -> Rule:
    """The row as it is, but for what it looks at."""
    return replace(row, find=lambda *_: ((WHERE, 1.0, 0.0),))


def quiet(row: Rule) -> Rule:
    return replace(row, find=lambda *_: ())


def hits_after(row: Rule, held_s: float) -> bool:
    """Whether it hits once its finding has held so long, from time zero on."""
    memory, _ = evaluate((found(row),), Memory(), witness(0.0))
    return bool(evaluate((found(row),), memory, witness(held_s))[1])


@pytest.mark.parametrize("code", LIMITS_S)
def test_these_rows_are_debounced_so_long(code: str) -> None:
    row = next(row for row in RULES if row.code == code)
    assert not hits_after(row, LIMITS_S[code] - 1e-6)
    assert hits_after(row, LIMITS_S[code])


def test_nothing_but_slow_doubts_is_debounced_for_longer_than_a_second() -> None:
    """H15: with two seconds from the limit to no current, there is no time for more."""
    assert all(0.0 <= row.debounce_s <= 1.0 for row in RULES if row.code not in DOUBTS)
    assert all(row.debounce_s <= 10.0 for row in RULES)


@pytest.mark.parametrize("row", DEBOUNCED, ids=lambda row: row.code)
def test_it_hits_at_its_time_and_not_before(row: Rule) -> None:
    due_s = row.debounce_s - EARLY_S
    for early in (0.0, 0.5 * due_s, due_s - 0.1 * EARLY_S):
        assert not hits_after(row, early), early
    for late in (due_s + 0.1 * EARLY_S, row.debounce_s, row.debounce_s + 9.0):
        assert hits_after(row, late), late


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.code)
def test_a_row_without_debounce_hits_at_once(row: Rule) -> None:
    hits = evaluate((found(row),), Memory(), witness())[1]
    assert bool(hits) is (row.code not in LIMITS_S and row.debounce_s == 0.0)


@pytest.mark.parametrize("row", DEBOUNCED, ids=lambda row: row.code)
def test_a_gap_or_another_place_begins_anew(row: Rule) -> None:
    memory, _ = evaluate((found(row),), Memory(), witness(0.0))
    gap, _ = evaluate((quiet(row),), memory, witness(0.1))
    assert gap.since == ()
    assert evaluate((found(row),), gap, witness(row.debounce_s))[1] == ()
    other = replace(row, find=lambda *_: (("elsewhere", 1.0, 0.0),))
    assert evaluate((other,), memory, witness(row.debounce_s))[1] == ()


@pytest.mark.parametrize("row", DEBOUNCED, ids=lambda row: row.code)
def test_what_is_no_time_does_not_delay_it(row: Rule) -> None:
    """H40: since NaN is since for ever."""
    memory = Memory(since=(Since(row.code, WHERE, math.nan),))
    assert evaluate((found(row),), memory, witness())[1]


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.code)
def test_a_hit_says_what_the_row_says(row: Rule) -> None:
    memory = Memory(since=(Since(row.code, WHERE, 0.0),))
    _, (hit,) = evaluate((found(row),), memory, witness())
    assert (hit.code, hit.hazard, hit.where) == (row.code, row.hazards[0], WHERE)
    assert hit.effect in Effect
    assert hit.effect is row.effect
    assert (hit.reason.code, hit.reason.where) == (row.code, WHERE)
    assert (hit.value, hit.limit, hit.reason.value, hit.reason.limit) == (1.0, 0.0, 1.0, 0.0)


def test_disarmed_rows_forget_what_they_saw() -> None:
    """A finding from before arming does not count towards a debounce after it."""
    row = next(row for row in RULES if row.code == "probe_bad")
    memory, _ = evaluate((found(row),), Memory(), witness(0.0))
    idle, hits = evaluate((found(row),), memory, witness(0.2, armed=False))
    assert (idle.since, hits) == ((), ())
    assert evaluate((found(row),), idle, witness(0.3))[1] == ()
