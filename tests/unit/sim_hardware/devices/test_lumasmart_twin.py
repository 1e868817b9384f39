# SPDX-License-Identifier: Apache-2.0
"""The LumaSMART twin: manual page 96."""

import math
import struct

import pytest

from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.modbus_registers import LumaSmartTwin


@pytest.fixture
def twin():
    return LumaSmartTwin({1: lambda _: 41.2, 3: lambda _: None, 16: lambda _: -5.0})


def exchange(twin, *body, t=1.0):
    data = bytes((1, *body))
    return b"".join(reply for _, reply in twin.feed(data + crc(data), t))


def shown(twin, channel, t=1.0):
    """Temperature and strength of one channel: CD AB, so the low word comes first."""
    reply = exchange(twin, 4, 0, 4 * (channel - 1), 0, 4, t=t)
    words = struct.unpack(">4H", reply[3:-2])
    pairs = (words[1::-1], words[3:1:-1])
    return tuple(struct.unpack(">f", struct.pack(">HH", *pair))[0] for pair in pairs)


def test_the_bytes_of_41_2_degrees(twin):
    """41.2 is 0x4224CCCD."""
    reply = exchange(twin, 4, 0, 0, 0, 2)
    assert reply[:7] == bytes.fromhex("01 04 04 CC CD 42 24")


def test_channels_and_strengths(twin):
    assert shown(twin, 1) == pytest.approx((41.2, 75.0))
    assert shown(twin, 16) == (-5.0, 75.0)
    assert shown(twin, 2) == (0.0, 0.0)
    celsius, strength = shown(twin, 3)
    assert math.isnan(celsius)
    assert strength == 0.0


def test_enable_bits_and_the_end_of_the_map(twin):
    """Holding 148: most significant bit channel 16, least channel 1."""
    assert exchange(twin, 3, 0, 148, 0, 1)[3:5] == bytes.fromhex("8005")
    assert exchange(twin, 4, 0, 62, 0, 2)[1] == 4
    assert exchange(twin, 4, 0, 63, 0, 2)[1:3] == b"\x84\x02"
    exchange(twin, 6, 0, 148, 0, 4)
    assert shown(twin, 1) == (0.0, 0.0)


def test_faults(twin):
    assert shown(twin, 1)[0] == pytest.approx(41.2)
    twin.inject("no_probe_token", "1:lost", 1.0)
    assert shown(twin, 1) == pytest.approx((41.2, 0.0))
    twin.clear("no_probe_token")
    twin.inject("panel_change", "148:4", 1.0)
    assert shown(twin, 1) == (0.0, 0.0)
    twin.inject("panel_change", "148:1", 1.0)
    twin.inject("reboot", "", 5.0)
    assert exchange(twin, 3, 0, 148, 0, 1, t=6.0) == b""
    assert shown(twin, 1, t=7.5)[1] == 75.0
