# SPDX-License-Identifier: Apache-2.0
"""A Modbus RTU unit for twins: functions 1 to 6, 15 and 16.

Documented (MODBUS Application Protocol V1.1b3, MODBUS over Serial Line V1.02): frames, exceptions
1 to 4 and the order of their checks, silence for bad checksums, other addresses and broadcasts, and
a silence of 3.5 characters between frames. As a pure core it is told times: a request ends where
its own bytes say, one of an unknown function where its checksum fits, and a gap of GAP_S between
two feeds drops what had begun. Assumed: GAP_S, wide enough for a computer that passes bytes on.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from sim_hardware.devices.core import Chunks, QuietCore

GAP_S, LATENCY_S = 0.02, 0.004
BROADCAST, ADDRESS_MAX, FRAME_MAX = 0, 247, 256
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
COILS, DISCRETE, HOLDING, INPUT, ONE_COIL, ONE_REGISTER, MANY_COILS, MANY = 1, 2, 3, 4, 5, 6, 15, 16
ONES, MANIES = (COILS, DISCRETE, HOLDING, INPUT, ONE_COIL, ONE_REGISTER), (MANY_COILS, MANY)
COUNT_MAX = MappingProxyType(
    {COILS: 2000, DISCRETE: 2000, HOLDING: 125, INPUT: 125, MANY_COILS: 1968, MANY: 123}
)
ON = 0xFF00


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
    """What a unit holds, by address. `writable`: holding registers that take new values."""

    holding: dict[int, Word] = field(default_factory=dict)
    inputs: dict[int, Word] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    discrete: dict[int, bool] = field(default_factory=dict)
    writable: set[int] = field(default_factory=set)


def request_size(data: bytes) -> int:
    """Return the length of the request that begins so; 0: not known yet."""
    if len(data) < 2:
        return 0
    if data[1] in ONES:
        return 8
    if data[1] in MANIES:
        return 9 + data[6] if len(data) > 6 else 0
    ends = range(4, min(len(data), FRAME_MAX) + 1)
    return next((n for n in ends if crc(data[: n - 2]) == data[n - 2 : n]), 0)


class ModbusUnit(QuietCore):
    """One unit on a line. Subclasses fill `registers`; `is_silent` stops all answers."""

    def __init__(self, address: int) -> None:
        if not 1 <= address <= ADDRESS_MAX:
            raise ValueError(f"a unit's address is 1 to {ADDRESS_MAX}, not {address}")
        self.address, self.registers = address, Registers()
        self.is_silent = False
        self._buffers: dict[int, tuple[float, bytes]] = {}

    def disconnect(self, t: float, client: int) -> None:
        """Forget a half frame."""
        self._buffers.pop(client, None)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take bytes; answer the frames they complete. What follows a bad frame goes with it."""
        last, buffer = self._buffers.get(client, (t, b""))
        buffer = data if t - last > GAP_S else buffer + data
        replies: Chunks = []
        while (size := request_size(buffer)) and len(buffer) >= size:
            frame, buffer = buffer[:size], buffer[size:]
            if crc(frame[:-2]) != frame[-2:]:
                buffer = b""
            elif reply := self._answer(frame, t):
                replies.append((t + LATENCY_S, reply))
        self._buffers[client] = (t, buffer[-FRAME_MAX:])
        return replies

    def write(self, function: int, address: int, value: int) -> None:
        """Take a written value that `refuse_write` let pass; coils as 0 or 0xFF00."""
        held = self.registers
        if function in (ONE_COIL, MANY_COILS):
            held.coils[address] = value == ON
        else:
            held.holding[address] = lambda _: value

    def refuse_write(self, function: int, address: int) -> None:
        """Raise Refused for what cannot be written."""
        held = self.registers
        table = held.coils if function in (ONE_COIL, MANY_COILS) else held.writable
        if address not in table:
            raise Refused(ILLEGAL_ADDRESS)

    def _answer(self, frame: bytes, t: float) -> bytes:
        if self.is_silent or frame[0] not in (self.address, BROADCAST):
            return b""
        try:
            body = self._run(frame[1], frame[2:-2], t)
        except Refused as refusal:
            body = bytes((frame[1] | 0x80, refusal.code))
        reply = bytes((self.address,)) + body
        return b"" if frame[0] == BROADCAST else reply + crc(reply)

    def _run(self, function: int, payload: bytes, t: float) -> bytes:
        held = self.registers
        if function in (HOLDING, INPUT):
            table = held.holding if function == HOLDING else held.inputs
            addresses = _range(function, payload, table)
            words = [table[address](t) & 0xFFFF for address in addresses]
            return struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)
        if function in (COILS, DISCRETE):
            return _bits(function, payload, held.coils if function == COILS else held.discrete)
        if function in (ONE_COIL, ONE_REGISTER):
            address, value = struct.unpack(">HH", payload)
            if function == ONE_COIL and value not in (0, ON):
                raise Refused(ILLEGAL_VALUE)
            self.refuse_write(function, address)
            self.write(function, address, value)
            return bytes((function,)) + payload
        if function in MANIES:
            return self._write_many(function, payload)
        raise Refused(ILLEGAL_FUNCTION)

    def _write_many(self, function: int, payload: bytes) -> bytes:
        """All of it or nothing."""
        start, count, size = struct.unpack(">HHB", payload[:5])
        data = payload[5:]
        if not 1 <= count <= COUNT_MAX[function] or size != _bytes_of(function, count):
            raise Refused(ILLEGAL_VALUE)
        if start + count > 0x10000:
            raise Refused(ILLEGAL_ADDRESS)
        for address in range(start, start + count):
            self.refuse_write(function, address)
        for n in range(count):
            bit = ON if data[n // 8] >> n % 8 & 1 else 0
            word = int.from_bytes(data[2 * n : 2 * n + 2], "big")
            self.write(function, start + n, bit if function == MANY_COILS else word)
        return bytes((function,)) + payload[:4]


def _bytes_of(function: int, count: int) -> int:
    return (count + 7) // 8 if function == MANY_COILS else 2 * count


def _range(function: int, payload: bytes, table: dict[int, Word] | dict[int, bool]) -> range:
    """Return the addresses asked for: first the quantity is judged, then the addresses."""
    start, count = struct.unpack(">HH", payload)
    if not 1 <= count <= COUNT_MAX[function]:
        raise Refused(ILLEGAL_VALUE)
    if any(address not in table for address in range(start, start + count)):
        raise Refused(ILLEGAL_ADDRESS)
    return range(start, start + count)


def _bits(function: int, payload: bytes, table: dict[int, bool]) -> bytes:
    addresses = _range(function, payload, table)
    packed = sum(table[address] << n for n, address in enumerate(addresses))
    size = (len(addresses) + 7) // 8
    return bytes((function, size)) + packed.to_bytes(size, "little")


def words_of(value: Callable[[float], int]) -> tuple[Word, Word]:
    """Return the two registers of a 32-bit number, high word first."""
    return (lambda t: value(t) >> 16), (lambda t: value(t) & 0xFFFF)
