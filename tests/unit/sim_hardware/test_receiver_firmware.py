# SPDX-License-Identifier: Apache-2.0
"""The reference firmware of receiver (ii), byte by byte against the twin. H29, H30."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_hardware.devices.enable_line import (
    FEED,
    HOLD_S,
    RECLOSE,
    SILENCE_S,
    DecodingReceiver,
)
from tests.meta.tree import ROOT

PATH = ROOT / "docs/how-to/enable_line_receiver.py"
GRAINS_MS = (7, 11, 13, 17)
"""No sum of these hits 300 or 1000 ms exactly, where binary fractions of a second would differ."""
BYTES = st.sampled_from((FEED, *RECLOSE, 0x00, 0xFF))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("enable_line_receiver", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FIRMWARE = load(PATH)


def receiver(now_ms: int = 0) -> Any:
    return FIRMWARE.Receiver(now_ms)


@settings(max_examples=500, deadline=None)
@given(
    grain=st.sampled_from(GRAINS_MS),
    start=st.sampled_from((0, 1, (1 << 30) - 500, (1 << 30) - 1)),
    course=st.lists(
        st.tuples(
            st.integers(0, 200) | st.sampled_from((1, 4, 40, 60, 95)),
            st.lists(BYTES, max_size=4).map(bytes) | st.just(RECLOSE) | st.just(bytes([FEED])),
        ),
        max_size=60,
    ),
)
def test_the_same_bytes_at_the_same_times_give_the_same_contact(
    grain: int, start: int, course: list[tuple[int, bytes]]
) -> None:
    """Also where the board's clock begins anew."""
    board, twin, passed_ms = receiver(start), DecodingReceiver(0.0), 0
    for steps, data in course:
        passed_ms += grain * steps
        now_ms = (start + passed_ms) & FIRMWARE.TICKS_MASK
        assert board.step(b"", now_ms) is twin.closed(passed_ms / 1000.0)
        twin.feed(data, passed_ms / 1000.0)
        assert board.step(data, now_ms) is twin.closed(passed_ms / 1000.0)


def test_a_session_closes_holds_and_lapses() -> None:
    board = receiver()
    assert board.step(bytes([FEED]) * 9, 10) is False
    assert board.step(RECLOSE, 1100) is True
    for now_ms in range(1150, 3000, 50):
        assert board.step(bytes([FEED]), now_ms) is True
    assert board.step(b"", 2950 + 299) is True
    assert board.step(b"", 2950 + 300) is False
    assert board.step(bytes([FEED]), 3400) is False
    assert board.step(RECLOSE, 4399) is False, "a millisecond too early"
    assert board.step(RECLOSE, 5500) is True


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0xA5, 0x5A])
def test_only_the_feed_byte_holds(byte: int) -> None:
    board = receiver()
    board.step(RECLOSE, 1100)
    assert board.step(bytes([byte]) * 20, 1300) is True
    assert board.step(b"", 1400) is False


def test_its_numbers_are_the_twins_and_it_is_short() -> None:
    assert (FIRMWARE.HOLD_MS, FIRMWARE.SILENCE_MS) == (1000 * HOLD_S, 1000 * SILENCE_S)
    assert bytes((FIRMWARE.RECLOSE_1, FIRMWARE.RECLOSE_2)) == RECLOSE
    assert len(PATH.read_text(encoding="utf-8").splitlines()) <= 100
