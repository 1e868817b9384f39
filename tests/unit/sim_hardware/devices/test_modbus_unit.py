# SPDX-License-Identifier: Apache-2.0
"""The Modbus unit of twins, against the examples of MODBUS Application Protocol V1.1b3."""

import pytest

from sim_hardware.devices.modbus import GAP_S, ModbusUnit, crc, request_size
from tests.unit.devices.wires import constant

UNIT = 17


def framed(*body, unit=UNIT):
    data = bytes((unit, *body))
    return data + crc(data)


@pytest.fixture
def unit():
    twin = ModbusUnit(UNIT)
    held = twin.registers
    for n, value in {107: 555, 108: 0, 109: 100, 1: 0, 2: 0}.items():
        held.holding[n] = constant(value)
    held.inputs[8] = lambda t: int(10 * t)
    bits = "1011001111010110101"
    held.coils |= {19 + n: bit == "1" for n, bit in enumerate(bits)}
    held.coils[172] = False
    held.discrete |= {196 + n: bit == "1" for n, bit in enumerate("0011010111011011101011")}
    held.writable |= {1, 2}
    return twin


def answer(twin, request, t=1.0):
    return b"".join(data for _, data in twin.feed(request, t))


def test_known_checksums():
    assert crc(b"123456789") == b"\x37\x4b"
    assert crc(bytes.fromhex("0207")) == bytes.fromhex("4112")


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ((1, 0, 19, 0, 19), (1, 3, 0xCD, 0x6B, 0x05)),
        ((2, 0, 196, 0, 22), (2, 3, 0xAC, 0xDB, 0x35)),
        ((3, 0, 107, 0, 3), (3, 6, 2, 0x2B, 0, 0, 0, 0x64)),
        ((4, 0, 8, 0, 1), (4, 2, 0, 10)),
        ((5, 0, 172, 0xFF, 0), (5, 0, 172, 0xFF, 0)),
        ((6, 0, 1, 0, 3), (6, 0, 1, 0, 3)),
        ((15, 0, 19, 0, 10, 2, 0xCD, 0x01), (15, 0, 19, 0, 10)),
        ((16, 0, 1, 0, 2, 4, 0, 10, 1, 2), (16, 0, 1, 0, 2)),
    ],
)
def test_the_specification_s_examples(unit, request_, reply):
    """6.1 to 6.6, 6.11, 6.12."""
    assert answer(unit, framed(*request_)) == framed(*reply)


def test_what_was_written_reads_back(unit):
    answer(unit, framed(16, 0, 1, 0, 2, 4, 0, 10, 1, 2))
    assert answer(unit, framed(3, 0, 1, 0, 2)) == framed(3, 4, 0, 10, 1, 2)
    answer(unit, framed(5, 0, 172, 0xFF, 0))
    assert answer(unit, framed(1, 0, 172, 0, 1)) == framed(1, 1, 1)
    answer(unit, framed(15, 0, 19, 0, 10, 2, 0xCD, 0x01))
    assert answer(unit, framed(1, 0, 19, 0, 10)) == framed(1, 2, 0xCD, 0x01)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ((7,), 1),
        ((100, 1, 2, 3), 1),
        ((3, 0, 107, 0, 0), 3),
        ((3, 0, 107, 0, 126), 3),
        ((1, 0, 19, 7, 0xD1), 3),
        ((3, 0, 107, 0, 4), 2),
        ((4, 0, 7, 0, 2), 2),
        ((5, 0, 172, 1, 0), 3),
        ((5, 0, 200, 0, 0), 2),
        ((6, 0, 107, 0, 1), 2),
        ((16, 0, 1, 0, 2, 2, 0, 10), 3),
        ((16, 0, 1, 0, 0, 0), 3),
        ((16, 0, 1, 0, 3, 6, 0, 1, 0, 2, 0, 3), 2),
        ((16, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 2), 2),
        ((15, 0, 19, 0, 10, 1, 0xCD), 3),
    ],
)
def test_exceptions(unit, request_, code):
    """7: function, then quantity, then addresses."""
    assert answer(unit, framed(*request_)) == framed(request_[0] | 0x80, code)


def test_a_write_that_is_refused_changes_nothing(unit):
    answer(unit, framed(16, 0, 1, 0, 3, 6, 0, 1, 0, 2, 0, 3))
    assert answer(unit, framed(3, 0, 1, 0, 2)) == framed(3, 4, 0, 0, 0, 0)


def test_silence_for_bad_checksums_other_units_and_broadcasts(unit):
    good = framed(3, 0, 107, 0, 1)
    assert answer(unit, good[:-1] + b"\x00", 1.0) == b""
    assert answer(unit, framed(3, 0, 107, 0, 1, unit=18), 2.0) == b""
    assert answer(unit, framed(6, 0, 1, 0, 7, unit=0), 3.0) == b""
    assert answer(unit, framed(3, 0, 1, 0, 1), 4.0) == framed(3, 2, 0, 7)  # a broadcast is obeyed
    assert answer(unit, good, 5.0) != b""


def test_what_follows_a_bad_frame_goes_with_it(unit):
    good = framed(3, 0, 107, 0, 1)
    assert answer(unit, good[:-1] + b"\x00" + good) == b""


@pytest.mark.parametrize("request_", [framed(3, 0, 107, 0, 1), framed(100, 1, 2), framed(7)])
def test_a_request_may_come_byte_by_byte_but_not_with_a_gap(unit, request_):
    whole = answer(unit, request_, 1.0)
    assert whole != b""
    got = b""
    for n, byte in enumerate(request_):
        got += answer(unit, bytes((byte,)), 2.0 + 0.001 * n)
    assert got == whole
    assert answer(unit, request_[:2], 3.0) == b""
    assert answer(unit, request_[2:], 3.0 + 2 * GAP_S) == b""
    assert answer(unit, request_, 4.0) == whole


def test_clients_do_not_share_half_frames(unit):
    good = framed(3, 0, 107, 0, 1)
    assert unit.feed(good[:4], 1.0, 1) == []
    assert unit.feed(good[4:], 1.0, 2) == []
    unit.disconnect(1.0, 1)
    assert unit.feed(good[4:], 1.0, 1) == []
    assert unit.feed(good, 2.0, 2) != []


def test_a_register_is_what_it_is_at_that_time(unit):
    assert answer(unit, framed(4, 0, 8, 0, 1), 2.5) == framed(4, 2, 0, 25)
    unit.is_silent = True
    assert answer(unit, framed(4, 0, 8, 0, 1), 3.0) == b""


@pytest.mark.parametrize("address", [0, 248])
def test_an_address_is_1_to_247(address):
    with pytest.raises(ValueError, match="1 to 247"):
        ModbusUnit(address)


def test_the_length_of_a_request():
    assert request_size(b"\x11") == 0
    assert request_size(framed(3, 0, 107, 0, 3)) == 8
    assert request_size(framed(16, 0, 1, 0, 2, 4, 0, 10)[:6]) == 0
    assert request_size(framed(16, 0, 1, 0, 2, 4, 0, 10, 1, 2)) == 13
