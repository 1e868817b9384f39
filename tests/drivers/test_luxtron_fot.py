# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit: lines from its manual, pages 43 and 60. It talks by itself."""

import asyncio

import pytest

from mnht_controller.devices.contract import Setup
from mnht_controller.devices.errors import ReplyTimeoutError
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality
from tests.drivers.cases.luxtron_fot import CASES, WHO
from tests.support import run_virtual
from tests.unit.devices.wires import Wire

(LAB_KIT,) = CASES


def heard(*lines, channels=(1, 2, 3, 4)):
    """What a driver makes of lines that arrive one after the other."""

    async def main():
        wire = Wire(lambda request: [(0.01, WHO[1])] if request == WHO[0] else [])
        driver = LAB_KIT.spec.make(Link(wire), Setup(channels))
        await driver.open()
        for number, line in enumerate(lines):
            wire.arrive(0.001 * (number + 1), line)
        await asyncio.sleep(0.1)
        return await driver.sample()

    return run_virtual(main())


MANUAL = b"1: 224.39 C 2: 224.51PE 3: 224.22 C 4: 224.19 C\r\n"


def test_the_manuals_own_line():
    """Page 60; PE is told by its suffix, its number is still plausible (H03)."""
    readings = heard(MANUAL)
    assert [readings[n].value for n in (1, 3, 4)] == [224.39, 224.22, 224.19]
    assert (readings[2].value, readings[2].quality) == (None, Quality.BAD)
    assert readings[2].detail == "224.51PE"


def test_a_disabled_channel_is_missing_and_grows_stale():
    """Page 43: PS chooses the channels; the columns move."""
    assert sorted(heard(b"1:  41.20 C 3:  37.00 C\r\n")) == [1, 3]


@pytest.mark.parametrize(
    ("field", "celsius"), [("1:  41.20 C", 41.2), ("1: 314.35 K", 41.2), ("1: 106.16 F", 41.2)]
)
def test_units_are_told_by_their_suffix(field, celsius):
    """H09."""
    assert heard(f"{field}\r\n".encode())[1].value == pytest.approx(celsius, abs=0.01)


@pytest.mark.parametrize(
    "line",
    [
        b"1: 24.39 C 2: 224.51 C\r\n",  # a byte was lost: the width is wrong
        b"39 C 2: 224.51 C\r\n",
        b"1: 224.39 C 2: 224.5\xb1 C\r\n",
        b"1: 224.39 C1: 224.39 C\r\n",
        b"1: 2_4.39 C\r\n",
        b"27ID ?\r\n",
    ],
)
def test_a_line_that_is_not_one_whole_scan_is_not_used(line):
    """H12."""
    readings = heard(line)
    assert {reading.value for reading in readings.values()} == {None}


@pytest.mark.parametrize("line", [b"2:  41.20 C 1:  44.50 C\r\n", b"1:  41.20 C 1:  44.50 C\r\n"])
def test_two_lines_in_one_give_nothing(line):
    assert heard(line) == {}


def test_the_newest_scan_counts():
    assert heard(b"1:  41.20 C\r\n", b"1:  41.30 C\r\n")[1].value == 41.3


def test_silence_is_an_error_and_never_the_last_value():
    """H10: standby, or 30 s after power-up (page 62)."""

    async def main():
        wire = Wire(lambda request: [(0.01, WHO[1])] if request == WHO[0] else [])
        driver = LAB_KIT.spec.make(Link(wire), Setup((1,)))
        await driver.open()
        wire.arrive(0.01, MANUAL)
        await driver.sample()
        with pytest.raises(ReplyTimeoutError):
            await driver.sample()

    run_virtual(main())


def test_the_escape_is_a_byte_and_not_the_text_27():
    """A public logger sends the text `27`, which the instrument does not understand."""
    assert WHO[0] == bytes((0x1B,)) + b"ID ?\r\n"
