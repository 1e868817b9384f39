# SPDX-License-Identifier: Apache-2.0
"""A Modbus RTU unit for twins: functions 1 to 6, 15, 16, exceptions 1 to 3, silence for the rest.

Silence of 3.5 characters ends a frame; as a pure core it is told times and takes a gap of GAP_S
between two feeds for one. Bad checksums and other addresses are not answered.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from sim_hardware.devices.core import Chunks, QuietCore

GAP_S, LATENCY_S = 0.02, 0.004
BROADCAST = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class Refused(Exception):
    """An exception reply: its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


Word = Callable[[float], int]
"""A register as it is at loop time."""


@dataclass(slots=True)
class Registers:
    """What a unit holds: words by address; `writable` ones take new values."""

    holding: dict[int, Word] = field(default_factory=dict)
    inputs: dict[int, Word] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    discrete: dict[int, bool] = field(default_factory=dict)
    writable: set[int] = field(default_factory=set)


def request_size(data: bytes) -> int:
    """Return the length of the request that begins so; 0: not known yet."""
    if len(data) < 2:
        return 0
    if data[1] in (15, 16):
        return 9 + data[6] if len(data) > 6 else 0
    return 8 if data[1] in (1, 2, 3, 4, 5, 6) else len(data)


class ModbusUnit(QuietCore):
    """One unit on a line. Subclasses fill `registers`; `is_silent` stops all answers."""

    def __init__(self, address: int) -> None:
        self.address, self.registers = address, Registers()
        self.is_silent = False
        self._buffers: dict[int, tuple[float, bytes]] = {}

    def disconnect(self, t: float, client: int) -> None:
        """Forget a half frame."""
        self._buffers.pop(client, None)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take bytes; answer the frames they complete."""
        last, buffer = self._buffers.get(client, (t, b""))
        buffer = data if t - last > GAP_S else buffer + data
        replies: Chunks = []
        while (size := request_size(buffer)) and len(buffer) >= size:
            frame, buffer = buffer[:size], buffer[size:]
            if reply := self._answer(frame, t):
                replies.append((t + LATENCY_S, reply))
        self._buffers[client] = (t, buffer)
        return replies

    def _answer(self, frame: bytes, t: float) -> bytes:
        is_ours = len(frame) >= 4 and frame[0] in (self.address, BROADCAST)
        if self.is_silent or not is_ours or crc(frame[:-2]) != frame[-2:]:
            return b""
        try:
            body = self._run(frame[1], frame[2:-2], t)
        except Refused as refusal:
            body = bytes((frame[1] | 0x80, refusal.code))
        if frame[0] == BROADCAST:
            return b""
        reply = bytes((self.address,)) + body
        return reply + crc(reply)

    def _run(self, function: int, payload: bytes, t: float) -> bytes:
        held = self.registers
        if function in (3, 4):
            return self._words(function, held.holding if function == 3 else held.inputs, payload, t)
        if function in (1, 2):
            return self._bits(function, held.coils if function == 1 else held.discrete, payload)
        if function in (5, 6):
            return self._write_one(function, payload)
        if function in (15, 16):
            return self._write_many(function, payload)
        raise Refused(ILLEGAL_FUNCTION)

    def _words(self, function: int, table: dict[int, Word], payload: bytes, t: float) -> bytes:
        start, count = struct.unpack(">HH", payload)
        if not 1 <= count <= 125:
            raise Refused(ILLEGAL_VALUE)
        addresses = range(start, start + count)
        if any(address not in table for address in addresses):
            raise Refused(ILLEGAL_ADDRESS)
        words = [table[address](t) & 0xFFFF for address in addresses]
        return struct.pack(f">BB{count}H", function, 2 * count, *words)

    def _bits(self, function: int, table: dict[int, bool], payload: bytes) -> bytes:
        start, count = struct.unpack(">HH", payload)
        if not 1 <= count <= 2000:
            raise Refused(ILLEGAL_VALUE)
        if any(address not in table for address in range(start, start + count)):
            raise Refused(ILLEGAL_ADDRESS)
        packed = sum(table[start + n] << n for n in range(count))
        size = (count + 7) // 8
        return bytes((function, size)) + packed.to_bytes(size, "little")

    def _write_one(self, function: int, payload: bytes) -> bytes:
        address, value = struct.unpack(">HH", payload)
        self.write(function, address, value)
        return bytes((function,)) + payload

    def _write_many(self, function: int, payload: bytes) -> bytes:
        start, count = struct.unpack(">HH", payload[:4])
        data = payload[5:]
        for n in range(count):
            if function == 16:
                value = int.from_bytes(data[2 * n : 2 * n + 2], "big")
            else:
                value = 0xFF00 if data[n // 8] >> n % 8 & 1 else 0
            self.write(function, start + n, value)
        return bytes((function,)) + payload[:4]

    def write(self, function: int, address: int, value: int) -> None:
        """Take a written value; refuse what cannot be written."""
        held = self.registers
        if function in (5, 15) and address in held.coils:
            if value not in (0, 0xFF00):
                raise Refused(ILLEGAL_VALUE)
            held.coils[address] = value == 0xFF00
        elif function in (6, 16) and address in held.writable:
            held.holding[address] = lambda _: value
        else:
            raise Refused(ILLEGAL_ADDRESS)


def words_of(value: Callable[[float], int]) -> tuple[Word, Word]:
    """The two registers of a 32-bit number, high word first."""
    return (lambda t: value(t) >> 16), (lambda t: value(t) & 0xFFFF)
