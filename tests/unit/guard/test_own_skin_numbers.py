# SPDX-License-Identifier: Apache-2.0
"""H03, H04, H05, H10, H13, H62: the numbers of the guard's own thermometer, each at its bound."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.lease import Lease
from mnht_controller.domain.probe import Role
from mnht_controller.guard.own_skin import compared, heard, why_stop
from mnht_controller.guard.state import Own
from tests.plans import ENVELOPE, PROBES
from tests.unit.interlock.scene import NOW, lease

QUIET = Own(NOW, 42.0)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


@pytest.mark.parametrize(
    ("celsius", "is_taken"),
    [
        (15.0, True),
        (down(15.0), False),
        (60.0, True),
        (up(60.0), False),
        (math.nan, False),
        (None, False),
    ],
)
def test_which_numbers_it_takes(celsius: float | None, is_taken: bool) -> None:
    own = heard(QUIET, celsius, NOW + 1.0)
    assert own == (replace(own, celsius=celsius, at=NOW + 1.0) if is_taken else QUIET)
    assert (own is not QUIET) is is_taken


@pytest.mark.parametrize(("celsius", "is_hot"), [(44.0, True), (down(44.0), False), (60.0, True)])
def test_hot_begins_at_44_and_keeps_its_beginning(celsius: float, is_hot: bool) -> None:
    first = heard(QUIET, celsius, NOW)
    assert first.hot_since == (NOW if is_hot else None)
    again = heard(first, up(celsius), NOW + 0.2)
    assert again.hot_since == (NOW if is_hot else NOW + 0.2)
    assert heard(again, 43.0, NOW + 0.3).hot_since is None


def test_equal_numbers_are_counted_and_any_other_begins_anew() -> None:
    own = heard(QUIET, 42.0, NOW)
    assert own.repeats == 1
    assert heard(own, 42.0, NOW).repeats == 2
    assert heard(own, up(42.0), NOW).repeats == 0


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (replace(QUIET, hot_since=-0.3), "own_skin"),
        (replace(QUIET, hot_since=up(-0.3)), ""),
        (replace(QUIET, hot_since=math.nan), "own_skin"),
        (replace(QUIET, at=-1.3), ""),
        (replace(QUIET, at=down(-1.3)), "own_silent"),
        (replace(QUIET, at=math.nan), "own_silent"),
        (replace(QUIET, repeats=16), ""),
        (replace(QUIET, repeats=17), "own_silent"),
        (replace(QUIET, apart_since=-5.0), "own_disagrees"),
        (replace(QUIET, apart_since=up(-5.0)), ""),
        (replace(QUIET, apart_since=-9.0, repeats=17), "own_silent"),
    ],
)
def test_why_it_stops(own: Own, why: str) -> None:
    """Asked at time zero, so that a span is the number it says."""
    at_zero = own if own.at != NOW else replace(own, at=0.0)
    assert why_stop(at_zero, 0.0) == why


def skins(*celsius: float | None) -> Lease:
    """A lease whose first probe is skin; further ones are added as skin."""
    rows = lease(1, NOW).probes
    first = replace(rows[0], value=celsius[0])
    more = tuple([replace(rows[0], value=value) for value in celsius[1:]])
    return replace(lease(1, NOW), probes=(first, *rows[1:], *more))


TWO = replace(ENVELOPE, probes=(*PROBES, replace(PROBES[0], id="second", channel=4)))


@pytest.mark.parametrize(
    ("own_c", "is_apart"),
    [(41.5, False), (up(41.5), True), (38.5, False), (down(38.5), True), (math.nan, True)],
)
def test_apart_is_more_than_a_degree_and_a_half(own_c: float, is_apart: bool) -> None:
    own = compared(Own(NOW, own_c), ENVELOPE, skins(40.0), NOW)
    assert own.apart_since == (NOW if is_apart else None)


@pytest.mark.parametrize(
    ("own_c", "is_apart"),
    [(38.4, True), (39.0, False), (41.0, False), (43.0, False), (43.6, True)],
)
def test_apart_from_both_of_two_skin_probes(own_c: float, is_apart: bool) -> None:
    own = compared(Own(NOW, own_c), TWO, skins(40.0, 42.0), NOW)
    assert (own.apart_since is not None) is is_apart
    silent = compared(Own(NOW, 41.4), TWO, skins(40.0, None), NOW)
    assert silent.apart_since is None


@pytest.mark.parametrize(
    ("row_c", "counts"),
    [(15.0, True), (down(15.0), False), (60.0, True), (up(60.0), False), (math.nan, False)],
)
def test_what_no_skin_can_have_is_not_compared(row_c: float, counts: bool) -> None:
    """H62: nor does it hide that the others are apart."""
    alone = compared(Own(NOW, 40.0), ENVELOPE, skins(row_c), NOW)
    assert (alone.apart_since is not None) is counts
    other = 45.0 if row_c < 40.0 else 35.0
    both = compared(Own(NOW, 40.0), TWO, skins(other, row_c), NOW)
    assert (both.apart_since is None) is counts


def test_apart_keeps_its_beginning_and_forgets_it() -> None:
    first = compared(Own(NOW, 45.0), ENVELOPE, skins(40.0), NOW)
    later = compared(first, ENVELOPE, skins(40.0), NOW + 1.0)
    assert later.apart_since == NOW
    assert compared(later, ENVELOPE, skins(45.0), NOW + 2.0).apart_since is None


def test_only_skin_is_compared() -> None:
    rows = lease(1, NOW).probes
    others = [row for row, probe in zip(rows, PROBES, strict=True) if probe.role is not Role.SKIN]
    inner = replace(ENVELOPE, probes=PROBES[1:])
    own = compared(Own(NOW, 20.0), inner, replace(lease(1, NOW), probes=tuple(others)), NOW)
    assert own.apart_since is None


def test_a_lease_of_another_shape_is_compared_as_far_as_it_goes() -> None:
    for probes in ((), lease(1, NOW).probes[:1], lease(1, NOW).probes * 2):
        message = replace(skins(42.0), probes=probes)
        assert compared(QUIET, ENVELOPE, message, NOW).apart_since is None
