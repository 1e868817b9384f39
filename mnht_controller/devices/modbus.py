# SPDX-License-Identifier: Apache-2.0
"""Modbus RTU, reading only: functions 1 to 4. Nothing here can write.

MODBUS Application Protocol V1.1b3 and MODBUS over Serial Line V1.02. RTU carries no transaction
number. What stays indistinguishable: two replies to reads of the same function and count, from
whatever register. A unit answers in order, so the tag is a read whose reply has a length that no
sample's has, two lengths by turns: once it is answered, nothing older can follow. It cannot
exclude a gateway that reorders, or a tag's answer that is later than the whole next tag. Adapters
that echo are not supported.
"""

import asyncio
import re
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from mnht_controller.devices.dialect import REPLY_S, Dialect, Tag
from mnht_controller.devices.errors import (
    DeviceFault,
    ProtocolError,
    RangeRefusedError,
    ReplyTimeoutError,
)
from mnht_controller.devices.framing import SizedFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Reading

COILS, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4
BITS, REGISTERS = frozenset({COILS, DISCRETE}), frozenset({HOLDING, INPUT})
READS = BITS | REGISTERS
EXCEPTION = 0x80
ADDRESS_MAX, COUNT_MAX, BITS_MAX, BYTES_MAX = 247, 125, 2000, 250
EXCEPTION_BYTES = 5
SILENCE_S = 3.5 * 11 / 9600
"""Between two frames: 3.5 characters of 11 bits, at 9600 baud (above 19200: 1.75 ms)."""

CRC_RESIDUAL = 2.0**-16
"""How often a garbled frame passes its checksum.

The 2^16 remainders are equally frequent among all frames of one length, so a frame that noise has
replaced at random has the right one once in 65 536 times. The generator x^16+x^15+x^2+1 has the
factor x+1 and period 32 767: it finds every odd number of wrong bits, every two, and every burst
of up to 16 bits, in any frame of Modbus (2048 bits). Address, function and length are checked
besides, which only lowers the figure."""

EXCEPTIONS: Mapping[int, str] = MappingProxyType({
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not respond",
})  # fmt: skip


def undetected(garbled_frames: float) -> float:
    """How many of so many garbled frames are expected to pass for good ones."""
    return garbled_frames * CRC_RESIDUAL


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


def is_whole(frame: bytes) -> bool:
    """Whether the checksum at its end is right."""
    return len(frame) >= EXCEPTION_BYTES and crc16(frame[:-2]) == frame[-2:]


def read_request(address: int, function: int, start: int, count: int) -> bytes:
    """Ask for `count` registers or bits from `start`. RangeRefusedError."""
    most = COUNT_MAX if function in REGISTERS else BITS_MAX
    is_possible = function in READS and 1 <= count <= most and 0 <= start <= 0x10000 - count
    if not (is_possible and 1 <= address <= ADDRESS_MAX):
        raise RangeRefusedError(
            f"no read of {count} from {start} of unit {address} by function {function} is possible;"
            " nothing was sent"
        )
    body = struct.pack(">BBHH", address, function, start, count)
    return body + crc16(body)


def size_of(data: bytes) -> int:
    """The length of the reply that begins so; 0: not known yet; -1: no reply begins so."""
    if not 1 <= data[0] <= ADDRESS_MAX:
        return -1
    if len(data) < 2:
        return 0
    function = data[1] & ~EXCEPTION
    if function not in READS:
        return -1
    if data[1] & EXCEPTION:
        return EXCEPTION_BYTES
    if len(data) < 3:
        return 0
    is_possible = 0 < data[2] <= BYTES_MAX and (function in BITS or data[2] % 2 == 0)
    return 5 + data[2] if is_possible else -1


def dialect(resync: Tag, reply_s: float = REPLY_S) -> Dialect:
    """RTU: a reply's own bytes tell its length, and silence ends a broken one."""
    return Dialect(SizedFramer(size_of), resync, reply_s=reply_s, identity_s=max(reply_s, REPLY_S))


def reply_pattern(address: int, function: int, count: int) -> re.Pattern[bytes]:
    """What a reply of `count` registers looks like; the data is the group `serial`.

    A link takes the group for a serial number: use it where that is what is read. A pattern cannot
    judge a checksum: ask `is_whole` about the match.
    """
    head = re.escape(struct.pack(">BBB", address, function, 2 * count))
    return re.compile(head + rb"(?P<serial>(?s:.{%d}))(?s:..)" % (2 * count))


def any_reply(address: int, function: int, count: int) -> re.Pattern[bytes]:
    """The same without the group."""
    head = re.escape(struct.pack(">BBB", address, function, 2 * count))
    return re.compile(head + rb"(?s:.{%d})" % (2 * count + 2))


def fixed_reply(address: int, function: int, values: Sequence[int]) -> re.Pattern[bytes]:
    """The one reply that holds exactly these registers, checksum and all."""
    body = struct.pack(f">BBB{len(values)}H", address, function, 2 * len(values), *values)
    return re.compile(re.escape(body + crc16(body)))


def length_tag(address: int, function: int, start: int, counts: tuple[int, int]) -> Tag:
    """A read whose reply no sample has the length of; two lengths by turns tell tag from tag."""

    def tag(number: int) -> tuple[bytes, re.Pattern[bytes]]:
        count = counts[number % 2]
        request = read_request(address, function, start, count)
        return request, any_reply(address, function, count)

    return tag


def spare_counts(used: Iterable[int], readable: int) -> tuple[int, int]:
    """Two counts for `length_tag` that no sample uses: the largest of the `readable` registers.

    Where these do not suffice they go beyond, and the unit must have those registers too.
    """
    taken = set(used)
    spare = [count for count in range(1, COUNT_MAX) if count not in taken]
    within = [count for count in spare if count <= readable][-2:]
    low, high = within if len(within) == 2 else sorted({*within, *spare[: len(within) + 2]})[:2]
    return low, high


class ModbusReader:
    """Reads one unit over a link that speaks `dialect`. Every method raises DeviceError only.

    ProtocolError for what cannot be this read's answer, after which the link is DIRTY; DeviceFault
    with the text of the code for an exception reply.
    """

    def __init__(self, link: Link, address: int) -> None:
        self._link, self._address = link, address

    async def registers(self, start: int, count: int, function: int = HOLDING) -> tuple[int, ...]:
        """Give `count` holding or input registers from `start`."""
        if function not in REGISTERS:
            raise RangeRefusedError(f"function {function} reads no registers; nothing was sent")
        data = await self._read(function, start, count)
        return struct.unpack(f">{count}H", data)

    async def bits(self, start: int, count: int, function: int = COILS) -> tuple[bool, ...]:
        """Give `count` coils or discrete inputs from `start`."""
        if function not in BITS:
            raise RangeRefusedError(f"function {function} reads no bits; nothing was sent")
        data = await self._read(function, start, count)
        return tuple(bool(data[n // 8] >> n % 8 & 1) for n in range(count))

    async def _read(self, function: int, start: int, count: int) -> bytes:
        request = read_request(self._address, function, start, count)
        await self._silence()
        answer = await self._link.query(request)
        size = 2 * count if function in REGISTERS else (count + 7) // 8
        if not is_whole(answer):
            raise self._strange(answer, "its checksum is wrong")
        if answer[0] != self._address:
            raise self._strange(answer, f"unit {answer[0]} sent it")
        if answer[1] == function | EXCEPTION and len(answer) == EXCEPTION_BYTES:
            why = EXCEPTIONS.get(answer[2], "unknown")
            raise DeviceFault(
                f"{self._link.resource}: function {function}, register {start}: exception"
                f" {answer[2]}, {why}"
            )
        if answer[1] != function or answer[2] != size or len(answer) != 5 + size:
            raise self._strange(answer, f"function {function} with {size} bytes was asked for")
        return answer[3:-2]

    async def _silence(self) -> None:
        """Let 3.5 characters pass since the last reply."""
        since_s = asyncio.get_running_loop().time() - self._link.answered_at
        if since_s < SILENCE_S:
            await asyncio.sleep(SILENCE_S - since_s)

    def _strange(self, answer: bytes, why: str) -> ProtocolError:
        self._link.distrust()
        return ProtocolError(
            f"{self._link.resource}: {answer!r} answers another read: {why}; nothing of it is used"
        )


async def each_channel(
    channels: Iterable[int], read: Callable[[int], Awaitable[Reading]]
) -> dict[int, Reading]:
    """Read one after the other. One whose reply is lost or garbled is left out, and grows stale.

    Where all are, the last error is raised.
    """
    readings: dict[int, Reading] = {}
    missed: ReplyTimeoutError | ProtocolError | None = None
    for channel in channels:
        try:
            readings[channel] = await read(channel)
        except (ReplyTimeoutError, ProtocolError) as error:
            missed = error
    if missed and not readings:
        raise missed
    return readings
