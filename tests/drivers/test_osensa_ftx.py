# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX: the register map of osensapy 0.1.7."""

import struct

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError, ReplyTimeoutError
from mnht_controller.domain.reading import Quality
from tests.drivers.cases import sampled
from tests.drivers.cases.osensa_ftx import CASES, framed

(FTX,) = CASES
ASK = {1: framed(3, 0x10, 0x00, 0, 8), 2: framed(3, 0x10, 0x10, 0, 8)}
"""Channel A at 4096, B at 4112, eight registers each."""


def block(celsius, light=1200, status=0):
    """Temperature (u32/65536 − 273), decay, light, LED current, unused, status."""
    raw = round((celsius + 273.0) * 65536)
    return framed(3, 16, *struct.pack(">IIHHHH", raw, 180 << 16, light, 35, 0, status))


async def test_the_constant_is_273_as_in_the_makers_code():
    readings = await sampled(FTX, (ASK[1], block(41.2)), (ASK[2], block(-4.5)))
    assert [readings[n].value for n in (1, 2)] == [41.2, -4.5]


@pytest.mark.parametrize(("light", "status"), [(0, 0), (1200, 1), (1200, 0x8000)])
async def test_a_probe_without_light_or_with_a_status_is_bad_whatever_it_shows(light, status):
    """H03: a disconnected probe shows a plausible temperature."""
    readings = await sampled(FTX, (ASK[1], block(41.2, light, status)), (ASK[2], block(44.5)))
    assert (readings[1].value, readings[1].quality) == (None, Quality.BAD)
    assert readings[2].value == 44.5


@pytest.mark.parametrize("at", range(21))
async def test_no_single_changed_bit_is_accepted(at):
    """H12: the checksum covers address, function, count and data."""
    reply = bytearray(block(41.2))
    reply[at] ^= 0x04
    with pytest.raises((ProtocolError, DeviceFault, ReplyTimeoutError)):
        await sampled(FTX, (ASK[1], bytes(reply)))


async def test_an_exception_is_the_instruments_own_word():
    with pytest.raises(DeviceFault, match="illegal data address"):
        await sampled(FTX, (ASK[1], framed(0x83, 2)))


async def test_nothing_is_ever_written():
    """Every frame sent asks function 3."""
    sent = [pair[0] for pair in FTX.opening]
    await sampled(FTX, (ASK[1], block(41.2)), (ASK[2], block(44.5)))
    assert {frame[1] for frame in (*sent, *ASK.values())} == {3}
