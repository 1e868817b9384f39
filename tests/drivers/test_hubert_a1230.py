# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230: pairs from its manuals, A1230-01 page 19, A1230-02 pages 22 and 23."""

import asyncio
from dataclasses import replace

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.devices.link import Link
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import played
from tests.drivers.cases.hubert_a1230 import CASES
from tests.support import run_virtual

(HUBERT,) = CASES


def polled(case, *pairs):
    return played(case, pairs, lambda driver: driver.poll())


def on_twin(case, story):
    """Play a story with the driver and its twin in virtual time."""

    async def main():
        twin = case.twin(asyncio.get_running_loop().time())
        driver = case.spec.make(Link(MemoryTransport(twin, "twin")), case.setup)
        await driver.open()
        result = await story(driver, twin)
        await driver.close()
        return result

    return run_virtual(main())


def hubert(status, errors=0, signal=1):
    return (
        (b"\x03\x01\x01", bytes((4, 1, 1, status))),
        (b"\x03\x01\x01", bytes((4, 1, 1, status))),
        (b"\x03\x01\x09", bytes((4, 1, 9, errors))),
        (b"\x03\x01\x56", bytes((4, 1, 0x56, signal))),
    )


@pytest.mark.parametrize(
    ("status", "errors", "signal", "faults", "opened"),
    [
        (0xD1, 0x00, 1, (), ()),
        (0xD3, 0x02, 1, ("over_current", "over_power"), ()),
        (0xD5, 0x60, 1, ("over_temperature", "over_temperature"), ()),
        (0xD1, 0x81, 1, ("short_circuit", "hardware"), ()),
        (0xD0, 0x00, 0, (), ("external_inhibit",)),
        (0xD0, 0x00, 1, ("inhibited",), ()),
    ],
)
async def test_hubert_bits_become_common_words(status, errors, signal, faults, opened):
    """A1230-02 manual pages 22 and 23."""
    reading = await polled(HUBERT, *hubert(status, errors, signal))
    assert reading.faults == tuple(dict.fromkeys(faults))
    assert (reading.interlocks_open, reading.permit) == (opened, False)


async def test_hubert_a_relay_that_closes_unasked_is_a_fault():
    """H24: its start configuration may close it on power-up."""
    reading = await polled(HUBERT, *hubert(0xD9))
    assert (reading.permit, reading.faults) == (True, ("hardware",))


@pytest.mark.parametrize("reply", [b"\x03\x01\xfe", b"\x03\x01\xfd"])
async def test_hubert_what_it_does_not_understand_is_no_answer(reply):
    """A1230-01 manual page 19."""
    with pytest.raises(ProtocolError):
        await polled(HUBERT, (b"\x03\x01\x01", reply))


async def test_hubert_a_status_that_is_not_the_same_twice_is_not_believed():
    """No checksum: one wrong bit would pass."""
    with pytest.raises(ProtocolError):
        await polled(HUBERT, (b"\x03\x01\x01", b"\x04\x01\x01\xd1"),
                     (b"\x03\x01\x01", b"\x04\x01\x01\xd9"))  # fmt: skip


async def test_hubert_an_interlock_that_is_switched_off_is_refused():
    """H60: mode 2."""
    *before, (ask, _) = HUBERT.opening
    case = replace(HUBERT, opening=(*before, (ask, b"\x04\x01\x55\x02")))
    with pytest.raises(DeviceFault, match="has_interlock"):
        await played(case, (), lambda driver: driver.poll())


@pytest.mark.parametrize(
    "reply", [b"\x04\x02\x01\xd1", b"\x04\x01\x06\xd1", b"\x05\x01\x01\xd1\x00"]
)
async def test_hubert_another_address_command_or_length_is_not_believed(reply):
    """H11: a reply carries its command, so a late one is told."""
    with pytest.raises(ProtocolError):
        await polled(HUBERT, (b"\x03\x01\x01", reply))


def test_hubert_a_latched_interlock_keeps_the_relay_open_until_prepare():
    """H60."""

    async def story(driver, twin):
        await driver.permit(on=True)
        twin.set_interlock(closed=False)
        opened = await driver.poll()
        twin.set_interlock(closed=True)
        with pytest.raises(RangeRefusedError):
            await driver.permit(on=True)
        await driver.prepare()
        return opened, await driver.permit(on=True)

    opened, closed = on_twin(HUBERT, story)
    assert (opened.permit, opened.interlocks_open) == (False, ("external_inhibit",))
    assert closed.permit
