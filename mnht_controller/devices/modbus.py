# SPDX-License-Identifier: Apache-2.0
"""Modbus RTU, reading only: functions 1 to 4. Nothing here can write.

RTU carries no transaction number: a late reply to the same function and count looks like the
answer to the next request. The tag is therefore a read of a count that no sample uses, two counts
by turns.
"""

import re
import struct
from collections.abc import Sequence

from mnht_controller.devices.dialect import Dialect, Tag
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.framing import SizedFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed

HOLDING, INPUT = 3, 4
READS = frozenset({1, 2, 3, 4})
EXCEPTION = 0x80
COUNT_MAX = 125
CRC_RESIDUAL = 2.0**-16
"""A frame that noise has changed at random passes a CRC of 16 bits once in 65 536 times. Changes of
one, two or three bits, and bursts of up to 16, are always found (CRC-16/MODBUS, short frames)."""

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
}


def crc16(data: bytes) -> bytes:
    """Two bytes, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return struct.pack("<H", crc)


def _crc_row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_CRC_TABLE = tuple(_crc_row(byte) for byte in range(256))


def read_request(address: int, function: int, start: int, count: int) -> bytes:
    """Ask for `count` registers or bits from `start`."""
    body = struct.pack(">BBHH", address, function, start, count)
    return body + crc16(body)


def size_of(data: bytes) -> int:
    """The length of the reply that begins so; 0: not known yet; -1: no reply begins so."""
    if len(data) < 2:
        return 0
    function = data[1]
    if function & EXCEPTION:
        return 5 if function & ~EXCEPTION in READS else -1
    if function not in READS:
        return -1
    if len(data) < 3:
        return 0
    return 5 + data[2] if 0 < data[2] <= 2 * COUNT_MAX else -1


def dialect(resync: Tag) -> Dialect:
    """RTU: silence ends a frame."""
    return Dialect(SizedFramer(size_of), resync)


def reply_pattern(address: int, function: int, count: int) -> re.Pattern[bytes]:
    """What a reply of `count` registers looks like; the data is the group `serial`.

    A link takes the group for a serial number: use it where that is what is read.
    """
    head = re.escape(struct.pack(">BBB", address, function, 2 * count))
    return re.compile(head + rb"(?P<serial>(?s:.{%d}))(?s:..)" % (2 * count))


def fixed_reply(address: int, function: int, values: Sequence[int]) -> re.Pattern[bytes]:
    """The one reply that holds exactly these registers, checksum and all."""
    body = struct.pack(f">BBB{len(values)}H", address, function, 2 * len(values), *values)
    return re.compile(re.escape(body + crc16(body)))


def length_tag(address: int, function: int, start: int, counts: tuple[int, int]) -> Tag:
    """A read whose reply no sample has the length of; two lengths by turns tell tag from tag."""

    def tag(number: int) -> tuple[bytes, re.Pattern[bytes]]:
        count = counts[number % 2]
        request = read_request(address, function, start, count)
        return request, reply_pattern(address, function, count)

    return tag


class ModbusReader:
    """Reads registers of one unit over a link that speaks `dialect`."""

    def __init__(self, link: Link, address: int) -> None:
        self._link, self._address = link, address

    async def registers(self, start: int, count: int, function: int = HOLDING) -> Sequence[int]:
        """Give `count` registers. ProtocolError for what does not check, DeviceFault for a refusal.

        What cannot be this request's answer makes the link DIRTY.
        """
        answer = await self._link.query(read_request(self._address, function, start, count))
        if len(answer) < 5 or crc16(answer[:-2]) != answer[-2:] or answer[0] != self._address:
            raise unconfirmed(self._link, answer)
        if answer[1] == function | EXCEPTION:
            why = EXCEPTIONS.get(answer[2], f"exception {answer[2]}")
            raise DeviceFault(f"{self._link.resource}: register {start}: {why}")
        if answer[1] != function or answer[2] != 2 * count:
            raise unconfirmed(self._link, answer)
        return struct.unpack(f">{count}H", answer[3:-2])
