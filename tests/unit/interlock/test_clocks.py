# SPDX-License-Identifier: Apache-2.0
"""H33: which second clocks there are, what one look makes of them, and when they count anew."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Reading, SourceReading
from mnht_controller.interlock.clocks import NEVER, PACE_S, Clocks, Pace, looked
from mnht_controller.interlock.witness import Witness
from tests.unit.interlock.scene import NOW, observed, seen, source, witness


def read(now: float, change: Callable[[Reading], Reading]) -> Witness:
    """A moment with this done to the reading of each probe."""
    items = [replace(item, reading=change(item.reading)) for item in observed()]
    return witness(now, observations=tuple(items))


def paces(*moments: Witness) -> dict[str, Pace]:
    """What is known after these moments, by name."""
    clocks = NEVER
    for moment in moments:
        clocks = looked(clocks, moment)
    known = {pace.name: pace for pace in clocks.paces}
    assert len(known) == len(clocks.paces)
    return known


def sourced(now: float, clock_s: float, at: float | None = None) -> Witness:
    return witness(now, source=source(now, at=now if at is None else at, clock_s=clock_s))


def test_the_first_look_does_not_stand_still() -> None:
    first = looked(NEVER, witness())
    assert (first.now, first.gap_s, first.stands) == (NOW, 0.0, 0)
    assert looked(first, witness()).stands == 1
    assert looked(Clocks(NOW, stands=3), witness(NOW + 0.1)).stands == 0


def test_a_device_is_one_clock_however_many_probes_it_carries() -> None:
    assert [*paces(witness())] == ["source boot 3", "thermometer"]
    later = seen(Role.TUMOR, NOW + 3.0)
    assert paces(witness(observations=observed(later)))["thermometer"].at == NOW


@pytest.mark.parametrize(
    "change",
    [
        lambda reading: replace(reading, seq=0),
        lambda reading: replace(reading, at=-math.inf),
        lambda reading: replace(reading, at=math.nan),
    ],
    ids=["no frame yet", "never", "no time"],
)
def test_what_has_not_been_read_is_no_clock(change: Callable[[Reading], Reading]) -> None:
    assert [*paces(read(NOW, change))] == ["source boot 3"]


@pytest.mark.parametrize("absent", [None, source(clock_s=0.0)], ids=["no source", "no clock"])
def test_a_source_that_tells_no_time_is_no_clock(absent: SourceReading | None) -> None:
    assert [*paces(witness(source=absent))] == ["thermometer"]


def test_two_clocks_are_compared_once_enough_has_passed() -> None:
    early = paces(sourced(NOW, 50.0), sourced(NOW + PACE_S - 0.1, 54.0))["source boot 3"]
    assert (early.at, early.clock_s, early.ratio) == (NOW, 50.0, None)
    half = paces(sourced(NOW, 50.0), sourced(NOW + PACE_S, 52.5))["source boot 3"]
    assert (half.at, half.clock_s, half.ratio) == (NOW + PACE_S, 52.5, 0.5)
    leap = paces(sourced(NOW, 50.0), sourced(NOW + 0.1, 60.0, at=NOW))["source boot 3"]
    assert leap.ratio == math.inf


@pytest.mark.parametrize(
    ("clock_s", "at"), [(40.0, NOW + 0.1), (50.1, NOW - 0.1), (50.1, math.nan), (40.0, NOW + 9.0)]
)
def test_a_clock_that_was_set_back_is_counted_anew(clock_s: float, at: float) -> None:
    """Its own rules see to that; a wrong pace would be a second, false reason."""
    pace = paces(sourced(NOW, 50.0), sourced(NOW + 0.1, clock_s, at))["source boot 3"]
    assert (pace.clock_s, pace.ratio) == (clock_s, None)
    assert pace.at == pytest.approx(at, nan_ok=True)


def test_a_clock_that_is_not_told_is_kept() -> None:
    known = paces(witness(), witness(NOW + 0.1, source=None))
    assert known["source boot 3"].at == NOW


def test_a_thermometer_that_says_nothing_is_kept_and_an_instrument_that_began_anew_is_not() -> None:
    silent = paces(witness(), witness(NOW + 0.1, observations=()))
    assert silent["thermometer"].at == NOW
    rebooted = paces(witness(), witness(NOW + 0.1, source=source(NOW + 0.1, boot=4)))
    assert {*rebooted} == {"source boot 4", "thermometer"}
