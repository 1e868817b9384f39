# SPDX-License-Identifier: Apache-2.0
"""H06, H18: what is remembered of heat: bins of each probe, energy, the last steady power."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.domain.units import power_fraction
from mnht_controller.interlock.heat import BIN_S, GAP_S_MAX, Heat, Warmth, wait_s, warmed
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Why
from tests.plans import PROBES
from tests.unit.interlock.scene import observed, seen, source, witness

AT_S = 100.0
U = power_fraction(5.0)
TUMOR = 1
"""Place of the tumor probe among the three."""


def moment(at_s: float, tumor_c: float | None = 50.0, on: bool = False, **changes: Any) -> Witness:
    """A moment of treatment time; the field is off unless `on`."""
    field = 5.0 if on else 0.0
    codes = (Why.NO_VALUE,) if tumor_c is None else ()
    base: dict[str, Any] = {
        "treatment_s": at_s,
        "observations": observed(seen(Role.TUMOR, c=tumor_c or 0.0, codes=codes)),
        "permit_ka_per_m": field,
        "source": source(measured_ka_per_m=field),
    }
    return witness(**{**base, **changes})


def known(tumor: Warmth | None = None, **changes: Any) -> Heat:
    """What was known at AT_S; quiet probes with an open bin."""
    probe = Warmth(AT_S - 0.5, 210.0, 5)
    return replace(Heat(AT_S, (probe, tumor or probe, probe)), **changes)


def after(heat: Heat | None, seen_as: Witness) -> Heat:
    found = warmed(heat, seen_as)
    assert found is not None
    return found


def closed(tumor: Warmth, at_s: float = AT_S + 0.5, **changes: Any) -> Warmth:
    """The tumor's memory after the bin that was open has closed."""
    full = replace(tumor, open_s=at_s - BIN_S, sum_c=250.0, count=5)
    return after(known(full, **changes), moment(at_s)).probes[TUMOR]


# ---- when memory begins ------------------------------------------------------------------------


def test_nothing_is_remembered_while_not_armed() -> None:
    assert warmed(known(energy=9.0), moment(AT_S, armed=False)) is None
    assert warmed(None, moment(AT_S, armed=False)) is None


@pytest.mark.parametrize("passed_s", [-1e-9, GAP_S_MAX + 1e-9, float("nan")])
def test_a_hole_in_time_begins_anew(passed_s: float) -> None:
    kept = after(known(energy=9.0), moment(AT_S + GAP_S_MAX))
    assert kept.energy == 9.0
    anew = after(known(energy=9.0), moment(AT_S + passed_s))
    assert (anew.energy, anew.probes[TUMOR].count) == (0.0, 0)


def test_other_probes_begin_anew() -> None:
    short = replace(known(energy=9.0), probes=known().probes[:2])
    anew = after(short, moment(AT_S + 0.1))
    assert (anew.energy, len(anew.probes)) == (0.0, 3)


# ---- the field ---------------------------------------------------------------------------------


def test_energy_is_what_both_permit_and_read_back_say() -> None:
    for permit, measured, field in ((5.0, 5.0, 5.0), (5.0, 3.0, 3.0), (3.0, 5.0, 3.0)):
        back = source(measured_ka_per_m=measured)
        found = after(known(), moment(AT_S + 0.5, permit_ka_per_m=permit, source=back))
        assert found.energy == pytest.approx(0.5 * power_fraction(field))
    blind = after(known(), moment(AT_S + 0.5, permit_ka_per_m=5.0, source=None))
    assert blind.energy == pytest.approx(0.5 * U)


def test_a_read_back_that_is_about_to_fall_changes_no_power() -> None:
    """The field is on, and nothing is permitted: what went off is what was steady before."""
    before = known(power=U, slow_u=U, off_s=3.0, off_u=U)
    falling = moment(AT_S + 0.1, source=source(measured_ka_per_m=5.0))
    found = after(before, falling)
    assert (found.power, found.slow_u, found.energy) == (U, U, 0.0)
    assert (found.off_s, found.off_u) == (0.0, None)
    assert after(found, moment(AT_S + 0.2)).off_u == U


@pytest.mark.parametrize(
    ("power", "slow_u", "off_u"),
    [
        (U, U, U),
        (U, 0.81 * U, 0.81 * U),
        (U, 0.79 * U, None),
        (U, 1.21 * U, None),
        (0.0, 0.0, None),
    ],
)
def test_only_a_steady_power_that_went_off_is_kept(
    power: float, slow_u: float, off_u: float | None
) -> None:
    found = after(known(power=power, slow_u=slow_u), moment(AT_S + 0.1))
    assert found.off_u == off_u
    later = after(found, moment(AT_S + 0.2))
    assert later.off_u == off_u
    assert later.off_s == pytest.approx(0.2)


# ---- one probe ---------------------------------------------------------------------------------


def test_a_bin_stays_open_for_a_second() -> None:
    open_ = known(Warmth(AT_S, 100.0, 2))
    early = after(open_, moment(AT_S + 0.9, 53.0)).probes[TUMOR]
    assert (early.open_s, early.sum_c, early.count, early.mean_c) == (AT_S, 153.0, 3, None)
    full = after(open_, moment(AT_S + BIN_S, 53.0)).probes[TUMOR]
    assert (full.open_s, full.sum_c, full.count, full.mean_c) == (AT_S + BIN_S, 53.0, 1, 50.0)


def test_what_is_missing_is_in_no_mean() -> None:
    """None is not zero."""
    open_ = known(Warmth(AT_S, 100.0, 2))
    early = after(open_, moment(AT_S + 0.5, None)).probes[TUMOR]
    assert (early.sum_c, early.count) == (100.0, 2)
    full = after(open_, moment(AT_S + BIN_S, None)).probes[TUMOR]
    assert (full.sum_c, full.count, full.mean_c) == (0.0, 0, 50.0)
    empty = known(Warmth(AT_S - 9.0, 0.0, 0))
    first = after(empty, moment(AT_S + 0.1, 53.0)).probes[TUMOR]
    assert (first.open_s, first.sum_c, first.count, first.mean_c) == (AT_S + 0.1, 53.0, 1, None)
    silent = after(empty, moment(AT_S + 0.1, None)).probes[TUMOR]
    assert (silent.sum_c, silent.count, silent.mean_c) == (0.0, 0, None)


@pytest.mark.parametrize(("low_c", "off_c"), [(49.0, None), (None, 49.0)])
def test_a_field_forgets_where_it_went_off(low_c: float | None, off_c: float | None) -> None:
    marked = replace(known().probes[TUMOR], low_c=low_c, off_c=off_c)
    lit = after(known(marked), moment(AT_S + 0.1, on=True)).probes[TUMOR]
    assert (lit.low_c, lit.off_c) == (None, None)
    dark = after(known(marked, off_s=5.0), moment(AT_S + 0.1)).probes[TUMOR]
    assert (dark.low_c, dark.off_c) == (marked.low_c, marked.off_c)


def test_where_it_was_steady_when_the_field_went_off() -> None:
    for off_s, slow_c, off_c in (
        (0.5, 50.0, 50.0),
        (0.5, 50.09, 50.09),
        (0.5, 49.89, None),
        (0.5, 50.11, None),
        (0.6, 50.0, None),
    ):
        found = closed(Warmth(0.0, slow_c=slow_c), off_s=off_s)
        assert found.off_c == off_c, (off_s, slow_c)
    lit = after(known(Warmth(AT_S - 0.5, 250.0, 5, slow_c=50.0)), moment(AT_S + 0.5, on=True))
    assert lit.probes[TUMOR].off_c is None


def test_the_lowest_since_no_more_heat_can_arrive() -> None:
    wait = wait_s(PROBES[TUMOR]) + BIN_S
    for off_s, low_c, lowest_c in (
        (wait - 0.51, None, None),
        (wait - 0.5, None, 50.0),
        (wait, 49.0, 49.0),
        (wait, 51.0, 50.0),
    ):
        assert closed(Warmth(0.0, low_c=low_c), off_s=off_s).low_c == lowest_c, (off_s, low_c)


def test_rest_is_the_last_mean_before_the_field_and_high_the_highest_since() -> None:
    cool = Warmth(0.0, rest_c=40.0, high_c=41.0)
    assert closed(cool).rest_c == closed(cool).high_c == 50.0
    assert (closed(cool, energy=0.1).rest_c, closed(cool, energy=0.1).high_c) == (40.0, 50.0)
    hot = replace(cool, high_c=51.0)
    assert closed(hot).high_c == 50.0
    assert closed(hot, energy=0.1).high_c == 51.0
    first = closed(Warmth(0.0), energy=0.1)
    assert (first.rest_c, first.high_c, first.risen_c) == (50.0, 50.0, 0.0)
    assert closed(replace(cool, high_c=None), energy=0.1).high_c == 50.0


@pytest.mark.parametrize(("rest_c", "high_c"), [(40.0, None), (None, 50.0), (None, None)])
def test_a_rise_is_unknown_without_both_ends(rest_c: float | None, high_c: float | None) -> None:
    assert Warmth(0.0, rest_c=rest_c, high_c=high_c).risen_c == 0.0


def test_the_first_clear_rise_is_the_gain_for_good() -> None:
    cool = Warmth(0.0, rest_c=40.0, high_c=41.0)
    first = closed(cool, energy=4.0)
    assert first.gain == pytest.approx(10.0 / 4.0)
    assert closed(replace(cool, gain=0.7), energy=4.0).gain == 0.7
    assert closed(replace(cool, rest_c=49.8), energy=4.0).gain is None
