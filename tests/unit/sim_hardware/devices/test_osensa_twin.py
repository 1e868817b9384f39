# SPDX-License-Identifier: Apache-2.0
"""The OSENSA twin, read as osensapy 0.1.7 reads (its arithmetic, its addresses)."""

import struct

import pytest

from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.osensa import OsensaTwin
from tests.unit.devices.wires import constant

STARTS = {"A": 4096, "B": 4112, "C": 4128, "D": 4104, "E": 4120, "F": 4136}


@pytest.fixture
def twin():
    rows = {1: 41.2, 2: -7.25, 4: 44.5}
    return OsensaTwin({n: constant(c) for n, c in rows.items()}, "SIM0003")


def exchange(twin, *body, t=10.0):
    data = bytes((247, *body))
    return b"".join(reply for _, reply in twin.feed(data + crc(data), t))


def registers(twin, start, count, t=10.0):
    reply = exchange(twin, 3, *struct.pack(">HH", start, count), t=t)
    assert reply[:3] == bytes((247, 3, 2 * count))
    assert crc(reply[:-2]) == reply[-2:]
    return struct.unpack(f">{count}H", reply[3:-2])


def long(twin, start):
    high, low = registers(twin, start, 2)
    return high << 16 | low


def test_its_serial_number_spells_sim_and_a_digit(twin):
    assert long(twin, 2) == 0x53494D33
    with pytest.raises(ValueError, match="SIM"):
        OsensaTwin({}, "12345")


@pytest.mark.parametrize(("channel", "celsius"), [("A", 41.2), ("B", -7.25), ("D", 44.5)])
def test_a_channel_s_block(twin, channel, celsius):
    values = registers(twin, STARTS[channel], 8)
    assert float(values[0] << 16 | values[1]) / 65536.0 - 273.0 == pytest.approx(celsius, abs=1e-4)
    assert float(values[2] << 16 | values[3]) / 65536.0 == 180.0
    assert values[4] > 0
    assert values[7] == 0
    assert long(twin, STARTS[channel]) == values[0] << 16 | values[1]


def test_without_a_probe_the_temperature_is_plausible_and_the_status_tells(twin):
    values = registers(twin, STARTS["C"], 8)
    assert 0.0 < float(values[0] << 16 | values[1]) / 65536.0 - 273.0 < 40.0
    assert (values[4], values[7]) == (0, 1)


def test_the_fast_block_has_tenths_and_a_status_digit(twin):
    """osensapy: int(v / 10) / 10.0 and v % 10."""
    rows = [(int(v / 10) / 10.0, v % 10) for v in registers(twin, 1024, 6)]
    assert rows[0] == (41.2, 0)
    assert rows[3] == (44.5, 0)
    assert rows[2][1] == 1
    assert rows[1] == (0.0, 0)  # below zero: assumed


def test_the_board_s_temperature(twin):
    assert registers(twin, 4144, 1)[0] / 10.0 - 273.0 == pytest.approx(32.0)


def test_protected_writes_are_refused(twin):
    assert exchange(twin, 16, 0, 10, 0, 1, 2, 0, 7)[1:3] == b"\x90\x04"
    assert exchange(twin, 16, 0, 2, 0, 2, 4, 0, 0, 0, 1, t=11.0)[1:3] == b"\x90\x04"
    assert exchange(twin, 100, 1, 0, 0, t=12.0)[1:3] == b"\xe4\x01"
    assert registers(twin, 10, 1, t=13.0) == (102,)


def test_faults(twin):
    twin.inject("no_probe_token", "1:3", 10.0)
    assert registers(twin, STARTS["A"], 8)[7] == 3
    twin.clear("no_probe_token")
    twin.inject("probe_dropped", "1", 10.0)
    assert registers(twin, STARTS["A"], 8, t=11.0)[7] == 1
    twin.clear("probe_dropped")
    twin.inject("reboot", "", 20.0)
    assert exchange(twin, 3, 0, 10, 0, 1, t=21.9) == b""
    assert registers(twin, 10, 1, t=22.1) == (102,)
    twin.inject("stream_stall", "", 30.0)
    assert exchange(twin, 3, 0, 10, 0, 1, t=31.0) == b""
