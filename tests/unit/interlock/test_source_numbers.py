# SPDX-License-Identifier: Apache-2.0
"""What is asked of the field source, finder by finder, at each bound. H16-H24, H43, H52."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.interlock import source_findings as at
from mnht_controller.interlock.findings import Finding
from mnht_controller.interlock.memory import Frame, Held, Memory, remember
from mnht_controller.interlock.witness import Witness
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import source, witness

Find = Callable[[Witness, Memory], Iterable[Finding]]
DEVICE = "source"
FRAME = Frame(5, 0.0, 0.0, 3, rebooted=False)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def found(find: Find, memory: Memory | None = None, **changes: Any) -> list[Finding]:
    """What a finder says; fields of the snapshot and of the witness may be changed alike."""
    names = [name for name in changes if hasattr(source(0.0), name)]
    drive = {name: changes.pop(name) for name in names}
    moment = witness(**{"source": source(0.0, **drive), **changes})
    return list(find(moment, memory or Memory()))


def held(*amplitudes: float) -> tuple[Held, ...]:
    return tuple([Held(amplitude, 0.0) for amplitude in amplitudes])


@pytest.mark.parametrize(
    ("amplitude", "resolution", "tolerance"),
    [
        (0.0, 0.0, 0.09),
        (1.8, 0.045, 0.09),
        (2.0, 0.0, 0.1),
        (18.0, 0.0, 0.9),
        (2.0, 0.125, 0.25),
    ],
)
def test_how_far_a_read_back_may_lie_above(
    amplitude: float, resolution: float, tolerance: float
) -> None:
    assert at.field_tolerance_ka_per_m(amplitude, resolution) == pytest.approx(tolerance)


def test_field_cap_looks_at_permit_and_read_back() -> None:
    """H52: 7.5 kA/m, the read-back with its tolerance."""
    limit = 7.5 + 0.05 * 7.5
    assert found(at.field_cap, permit_ka_per_m=7.5, measured_ka_per_m=limit) == []
    assert found(at.field_cap, permit_ka_per_m=None, measured_ka_per_m=None) == []
    assert found(at.field_cap, permit_ka_per_m=8.0, source=None) == [(DEVICE, 8.0, 7.5)]
    assert found(at.field_cap, permit_ka_per_m=up(7.5), measured_ka_per_m=up(limit)) == [
        (DEVICE, up(7.5), 7.5),
        (DEVICE, up(limit), limit),
    ]
    half = 3.75 + 0.05 * 3.75
    for measured, is_over in ((half, False), (up(half), True)):
        drive: dict[str, Any] = {"measured_ka_per_m": measured, "frequency_hz": 2e5}
        assert bool(found(at.field_cap, permit_ka_per_m=0.0, **drive)) is is_over


def test_readback_is_judged_by_the_highest_permit_of_the_settling_time() -> None:
    """H17."""
    limit = 4.0 + 0.2
    memory = Memory(permits=held(4.0, 1.0))
    assert found(at.readback_high, memory, measured_ka_per_m=limit) == []
    assert found(at.readback_high, memory, measured_ka_per_m=up(limit)) == [
        (DEVICE, up(limit), limit)
    ]
    assert found(at.readback_high, memory, measured_ka_per_m=None) == []
    assert found(at.readback_high, memory, source=None) == []


@pytest.mark.parametrize("lowest", [5.0, 10.0])
def test_a_field_that_is_missing_is_less_than_half_of_the_lowest_permit(lowest: float) -> None:
    """H18: less its tolerance, and only where the amplifier says on."""
    limit = 0.5 * lowest - 0.05 * lowest
    memory = Memory(lows=held(lowest, 12.0))
    assert found(at.field_missing, memory, measured_ka_per_m=limit) == []
    (finding,) = found(at.field_missing, memory, measured_ka_per_m=down(limit))
    assert finding == (DEVICE, down(limit), limit)
    assert found(at.field_missing, memory, measured_ka_per_m=math.nan)
    for quiet in ({"output_on": False}, {"measured_ka_per_m": None}):
        assert found(at.field_missing, memory, **{"measured_ka_per_m": 0.0, **quiet}) == []
    assert found(at.field_missing, memory, source=None) == []


def test_too_little_cannot_be_told_from_nothing() -> None:
    """From 0.09 kA/m, half of what counts as a field."""
    for lowest, is_judged in ((0.36, True), (0.3599, False), (math.nan, False), (0.0, False)):
        memory = Memory(lows=held(lowest))
        assert bool(found(at.field_missing, memory, measured_ka_per_m=0.0)) is is_judged, lowest


def test_a_snapshot_that_does_not_say_what_the_field_is() -> None:
    """H18."""
    assert found(at.readback_missing, measured_ka_per_m=None) == [(DEVICE, None, None)]
    assert found(at.readback_missing, measured_ka_per_m=0.0) == []
    assert found(at.readback_missing, source=None) == []


@pytest.mark.parametrize("permit", [None, 0.0, 5e-324, 5.0])
def test_off_and_on_as_permitted(permit: float | None) -> None:
    """H16, H21."""
    is_off = permit in {None, 0.0}
    for measured, is_on in ((0.18, True), (down(0.18), False), (math.nan, True)):
        expected = is_off and is_on
        drive: dict[str, Any] = {"permit_ka_per_m": permit, "measured_ka_per_m": measured}
        assert len(found(at.off_not_obeyed, **drive)) == expected
    assert found(at.off_not_obeyed, permit_ka_per_m=permit, measured_ka_per_m=None) == []
    for output_on in (True, False):
        drive = {"permit_ka_per_m": permit, "output_on": output_on}
        expected = not is_off and not output_on
        assert found(at.output_off_unasked, **drive) == [(DEVICE, None, None)] * expected
    assert found(at.output_off_unasked, permit_ka_per_m=permit, source=None) == []


@pytest.mark.parametrize(("find", "limit_s"), [(at.unverified, 0.15), (at.uncertain, 0.3)])
def test_how_long_a_command_may_be_under_way(find: Find, limit_s: float) -> None:
    """H19."""
    assert found(find, uncertain_s=limit_s) == []
    assert found(find, uncertain_s=up(limit_s)) == [(DEVICE, up(limit_s), limit_s)]
    assert found(find, uncertain_s=math.nan)


@pytest.mark.parametrize(("period_s", "limit_s"), [(0.1, 0.35), (0.2, 0.2 * 3.0), (1.0, 3.0)])
def test_how_old_a_snapshot_may_be(period_s: float, limit_s: float) -> None:
    """H19, H20: by the newest frame that was new."""
    envelope = replace(ENVELOPE, source=replace(ENVELOPE.source, period_s=period_s))
    memory = Memory(frame=FRAME)
    ages = (limit_s, up(limit_s), -0.05, down(-0.05))
    for age_s, is_lost in zip(ages, (False, True, False, True), strict=True):
        expected = [(DEVICE, age_s, limit_s)] if is_lost else []
        assert found(at.source_lost, memory, now=age_s, envelope=envelope) == expected
    broken = Memory(frame=replace(FRAME, at=math.nan))
    assert found(at.source_lost, broken, now=0.0, envelope=envelope)
    gone = [(DEVICE, None, limit_s)]
    assert found(at.source_lost, memory, source=None, envelope=envelope) == gone
    assert found(at.source_lost, envelope=envelope) == gone


def test_a_reboot_names_both_boot_counts() -> None:
    """H24."""
    memory = Memory(frame=replace(FRAME, rebooted=True))
    assert found(at.source_reboot, memory, boot=7) == [(DEVICE, 7.0, 3.0)]
    assert found(at.source_reboot, memory, source=None) == []
    assert found(at.source_reboot, Memory(frame=FRAME), boot=7) == []
    assert found(at.source_reboot, boot=7) == []


def test_field_time_ends_with_its_limit() -> None:
    """H43."""
    assert found(at.session_time, Memory(field_s=6000.0)) == []
    assert found(at.session_time, Memory(field_s=up(6000.0))) == [("session", up(6000.0), 6000.0)]


def test_faults_and_open_inputs_are_named() -> None:
    """H23, H60."""
    assert found(at.source_fault, faults=("a", "b")) == [("a", None, None), ("b", None, None)]
    assert found(at.source_interlock, interlocks_open=("e",)) == [("e", None, None)]
    for find in (at.source_fault, at.source_interlock, at.frequency_unknown, at.watchdog_off):
        assert found(find, source=None) == found(find) == []


# ---- what is remembered of permits -------------------------------------------------------------


def lows(*moments: tuple[float, float | None]) -> list[float]:
    """The amplitudes that are kept after permits at these times."""
    memory = Memory(treatment_s=0.0)
    for now, permit in moments:
        memory = remember(memory, witness(now, permit_ka_per_m=permit))
    return [kept.field_ka_per_m for kept in memory.lows]


def test_the_lowest_permit_counts_for_settling_and_a_second() -> None:
    assert lows((0.0, 1.0), (1.3, 5.0)) == [1.0, 5.0]
    assert lows((0.0, 1.0), (up(1.3), 5.0)) == [5.0]
    assert lows((0.0, 5.0), (0.1, 1.0)) == [1.0]
    assert lows((0.0, 5.0), (0.1, 5.0)) == [5.0]
    assert lows((0.0, None), (0.1, 5.0)) == [0.0, 5.0]
    assert Memory().permit_ka_per_m_min == 0.0
    assert Memory(lows=held(3.0, 2.0)).permit_ka_per_m_min == 2.0


def test_what_was_permitted_before_is_not_known() -> None:
    """The first moment counts as zero."""
    assert remember(Memory(), witness(0.0, permit_ka_per_m=5.0)).permit_ka_per_m_min == 0.0
    known = remember(Memory(treatment_s=0.0), witness(0.0, permit_ka_per_m=5.0))
    assert known.permit_ka_per_m_min == 5.0
