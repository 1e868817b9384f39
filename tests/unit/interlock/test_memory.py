# SPDX-License-Identifier: Apache-2.0
"""What one moment leaves for the next: permits, field-on time, the newest frame. H17, H24, H43."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.interlock.evaluate import present
from mnht_controller.interlock.memory import Frame, Memory, remember
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.witness import Witness
from tests.unit.interlock.scene import NOW, codes, judged, source, witness


def after(*moments: dict[str, Any], memory: Memory | None = None) -> Memory:
    """Memory after moments 0.1 s apart; `source` holds fields of the snapshot."""
    known = memory or Memory()
    for n, changes in enumerate(moments):
        now = NOW + 0.1 * n
        seen = changes.get("source", {})
        snapshot = None if seen is None else source(now, **seen)
        known = remember(known, witness(now, **{**changes, "source": snapshot}))
    return known


def test_the_first_moment_counts_no_time() -> None:
    """Nobody knows how long it has been so."""
    assert after({"treatment_s": 500.0}).field_s == 0.0
    assert after({"treatment_s": 500.0}).treatment_s == 500.0


def test_time_that_stands_still_or_goes_back_takes_nothing_away() -> None:
    memory = after({"treatment_s": 5.0}, {"treatment_s": 6.0}, {"treatment_s": 6.0})
    assert memory.field_s == 1.0
    assert after({"treatment_s": 2.0}, memory=memory).field_s == 1.0


def test_permits_of_the_settling_time_only_the_higher_ones() -> None:
    def permits(*amplitudes: float | None) -> list[float]:
        memory = after(*({"permit_ka_per_m": amplitude} for amplitude in amplitudes))
        return [held.field_ka_per_m for held in memory.permits]

    assert permits(5.0, 4.0, 3.0) == [5.0, 4.0, 3.0]
    assert permits(5.0, 5.0, 5.0) == [5.0]
    assert permits(3.0, 4.0, 5.0) == [5.0]
    assert permits(5.0, None) == [5.0, 0.0]
    assert permits(*[5.0 - n for n in range(5)]) == [4.0, 3.0, 2.0, 1.0]
    assert after().permit_ka_per_m_max == 0.0
    assert after({"permit_ka_per_m": 5.0}, {"permit_ka_per_m": 4.0}).permit_ka_per_m_max == 5.0


def test_a_permit_counts_to_the_end_of_the_settling_time() -> None:
    early, late = (remember(Memory(), witness(t, permit_ka_per_m=5.0)) for t in (0.0, 1e-9))
    low = witness(0.3, permit_ka_per_m=1.0)
    assert remember(early, low).permit_ka_per_m_max == 5.0
    assert remember(late, low).permit_ka_per_m_max == 5.0
    assert remember(early, witness(0.3 + 1e-9, permit_ka_per_m=1.0)).permit_ka_per_m_max == 1.0


def test_without_a_snapshot_the_last_frame_stays() -> None:
    memory = after({})
    assert after({"source": None}, memory=memory).frame == memory.frame
    assert after({"source": None}).frame is None


@pytest.mark.parametrize(
    ("changes", "armed", "is_new"),
    [
        ({}, True, True),
        ({"seq": 10_000}, True, False),
        ({"seq": 9_999}, True, False),
        ({"seq": 9_999}, False, True),
        ({"clock_s": NOW}, True, False),
        ({"clock_s": NOW}, False, False),
        ({"clock_s": 0.0}, True, True),
    ],
)
def test_which_frame_is_new(changes: dict[str, Any], armed: bool, is_new: bool) -> None:
    """H19: a counter or a clock that stands still is an old frame."""
    memory = after({}, {"source": changes, "armed": armed})
    assert memory.frame is not None
    assert (memory.frame.at == NOW + 0.1) is is_new
    assert memory.frame.seq == (changes.get("seq", 10_001) if is_new else 10_000)


@pytest.mark.parametrize(
    ("changes", "is_reboot"),
    [
        ({}, False),
        ({"clock_s": NOW}, False),
        ({"clock_s": NOW - 1e-6}, True),
        ({"boot": 4}, True),
        ({"boot": 2}, True),
        ({"boot": 4, "seq": 10_000}, True),
    ],
)
def test_what_is_a_reboot(changes: dict[str, Any], is_reboot: bool) -> None:
    """H24: seen on an old frame too, and only while armed."""
    memory = after({}, {"source": changes})
    assert memory.frame is not None
    assert memory.frame.rebooted is is_reboot
    idle = after({}, {"source": changes, "armed": False})
    assert idle.frame is not None
    assert not idle.frame.rebooted


def test_armed_the_first_boot_stays_the_reference() -> None:
    memory = after({}, {"source": {"boot": 4}}, {"source": {"boot": 4}})
    assert memory.frame == Frame(10_002, NOW + 0.2, NOW + 0.2, 3, rebooted=True)
    idle = after({}, {"source": {"boot": 4}, "armed": False})
    assert idle.frame is not None
    assert idle.frame.boot == 4


def test_a_clock_of_before_the_reboot_is_no_clock_any_more() -> None:
    """H33, H24: its bad pace would keep a latch for ever, whatever a person repairs."""

    def moment(tick: int, boot: int, speed: float) -> Witness:
        now = NOW + 0.1 * tick
        told = source(now, boot=boot, clock_s=500.0 + speed * 0.1 * tick)
        return witness(now, source=told, armed=False)

    wrong = [moment(tick, 3, 2.0) for tick in range(80)]
    memory, _ = judged(wrong)
    assert [one.code for one in present(RULES, memory, wrong[-1])] == ["clock_rate"]
    for boots in ((4,), (4, 5, 6, 7)):
        rebooted = [moment(80 + n, boots[n * len(boots) // 120], 1.0) for n in range(120)]
        after, _ = judged(rebooted, memory)
        assert "clock_rate" not in {one.code for one in present(RULES, after, rebooted[-1])}
        assert len(after.clocks.paces) == len(memory.clocks.paces)
    gone, _ = judged([replace(wrong[-1], source=None)], memory)
    assert len(gone.clocks.paces) == len(memory.clocks.paces), "silence is no repair"


def test_a_clock_that_stands_still_is_silence_and_no_reboot() -> None:
    moments = [witness(NOW + 0.1 * n, source=source(NOW + 0.1 * n, clock_s=5.0)) for n in range(9)]
    found = codes(moments)
    assert "source_lost" in found
    assert "source_reboot" not in found


def test_when_a_finding_began() -> None:
    first = codes([witness(uncertain_s=0.2)])
    assert first == {"unverified"}
    assert Memory().first_true("unverified", "source") is None


def test_lows_of_the_way_of_a_command_only_the_lower_ones() -> None:
    """H18: a higher permit says nothing beside a later, lower one; the first is not known."""

    def lows(*amplitudes: float | None) -> list[float]:
        memory = after({"permit_ka_per_m": 9.0}, *({"permit_ka_per_m": h} for h in amplitudes))
        return [held.field_ka_per_m for held in memory.lows]

    assert lows() == [0.0]
    assert lows(3.0, 4.0, 5.0) == [0.0, 3.0, 4.0, 5.0]
    assert lows(5.0, 5.0, 5.0) == [0.0, 5.0]
    assert lows(5.0, 4.0, 3.0) == [0.0, 3.0]
    assert lows(5.0, None) == [0.0]
    assert after().permit_ka_per_m_min == 0.0
