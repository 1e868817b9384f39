# SPDX-License-Identifier: Apache-2.0
"""Where a thermometer's numbers stand among Modbus registers, and what they are worth. Pure.

Addresses are as sent, from 0: a manual's 30001 is 0 of function 4, its 40001 is 0 of function 3.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from mnht_controller.devices.contract import Options
from mnht_controller.devices.modbus import HOLDING

FORMATS: Mapping[str, str] = MappingProxyType(
    {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}
)
ORDERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}
)
"""Where the bytes of a number stand, highest first, in two registers as they are sent."""

SAME = 1e-6
"""Relative: a float32 sentinel such as -327.68 is not the same number in 64 bits."""


def number_of(words: Sequence[int], kind: str, order: str) -> float:
    """The number in one or two registers; NaN and infinity too. `order` counts for two."""
    data = struct.pack(f">{len(words)}H", *words)
    places = ORDERS[order] if len(words) == 2 else (0, 1)
    (value,) = struct.unpack(FORMATS[kind], bytes(data[place] for place in places))
    return float(value)


def registers_of(kind: str) -> int:
    """How many registers a number of this kind has."""
    return struct.calcsize(FORMATS[kind]) // 2


@dataclass(frozen=True, slots=True)
class ModbusIdentity(Options):
    """Registers that must hold exactly these values: another map, or another unit, is refused."""

    start: int
    values: tuple[int, ...]
    function: int = HOLDING

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not 1 <= len(self.values) <= 16 or any(not 0 <= n <= 65_535 for n in self.values):
            raise ValueError("an identity has 1 to 16 values of 0 to 65535")


@dataclass(frozen=True, slots=True)
class ModbusChannel(Options):
    """One channel: °C = scale · raw + offset; `invalid`: raw values that mean no probe.

    `status`: a register that must be 0 under `status_mask`. `signal`: where the strength is, of the
    same type as the temperature, good from `signal_min`.
    """

    start: int
    type: str = "i16"
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    invalid: tuple[float, ...] = ()
    status: int | None = None
    status_mask: int = 0xFFFF
    signal: int | None = None
    signal_min: float = 0.0

    def __post_init__(self) -> None:
        """Check names and addresses. ValueError."""
        if self.type not in FORMATS or self.order not in ORDERS:
            names = ", ".join(FORMATS), ", ".join(ORDERS)
            raise ValueError(f"type is one of {names[0]}; order one of {names[1]}")
        starts = [n for n in (self.start, self.signal, self.status) if n is not None]
        if any(not 0 <= n <= 0xFFFF - 1 for n in starts) or self.scale == 0.0:
            raise ValueError("addresses are 0 to 65534, and scale is not 0")

    @property
    def parts(self) -> dict[str, tuple[int, int]]:
        """What is read of it: name, first register, number of registers; in order of address."""
        size = registers_of(self.type)
        rows = {"value": (self.start, size), "signal": (self.signal, size)}
        rows["status"] = (self.status, 1)
        kept = [(n, start, count) for n, (start, count) in rows.items() if start is not None]
        return {name: (start, count) for name, start, count in sorted(kept, key=lambda r: r[1])}

    @property
    def reads(self) -> tuple[tuple[int, int], ...]:
        """One read where the parts touch, so that they are of one moment; else one for each."""
        parts = list(self.parts.values())
        if any(a + count != b for (a, count), (b, _) in pairwise(parts)):
            return tuple(parts)
        return ((parts[0][0], sum(count for _, count in parts)),)


def judged(channel: ModbusChannel, held: dict[int, int]) -> tuple[float | None, str]:
    """The temperature of registers by address, or None and why there is none."""
    words = {
        name: tuple(held[start + n] for n in range(count))
        for name, (start, count) in channel.parts.items()
    }
    raw = number_of(words["value"], channel.type, channel.order)
    if "status" in words and words["status"][0] & channel.status_mask:
        return None, f"status {words['status'][0]}"
    if "signal" in words:
        signal = number_of(words["signal"], channel.type, channel.order)
        if not channel.signal_min <= signal < math.inf:
            return None, f"signal {signal:g}"
    value_c = channel.scale * raw + channel.offset
    is_sentinel = any(math.isclose(raw, bad, rel_tol=SAME) for bad in channel.invalid)
    return (None, f"raw {raw:g}") if is_sentinel or not math.isfinite(value_c) else (value_c, "")
