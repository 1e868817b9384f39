# SPDX-License-Identifier: Apache-2.0
"""Twin of a LumaSense LumaSMART, Modbus RTU: input registers of float32 with swapped words.

Documented (LumaSMART manual, page 96): channel n at 4(n-1), CD AB, signal strength two registers
on, channel enable bits in holding register 148. Assumed: NaN without a probe, the strengths, a
device type in holding register 0 that spells SI.
"""

import math
import struct
from collections.abc import Callable, Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.modbus import ModbusUnit, Word
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S = 0.1
CHANNELS, ENABLE, TYPE = 16, 148, 0
TYPE_SI, STRENGTH = 0x5349, 75.0


class LumaSmartTwin(ModbusUnit):
    """Sixteen channels, of which some have probes.

    Faults: those of ProbeBank; reboot (2 s of silence).
    """

    def __init__(self, channels: Mapping[int, Temperature], address: int = 1) -> None:
        super().__init__(address)
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._silent_until = 0.0
        held = self.registers
        held.holding[TYPE] = lambda _: TYPE_SI
        held.holding[ENABLE] = lambda _: sum(1 << n - 1 for n in self.bank.numbers)
        held.inputs[4 * CHANNELS] = held.inputs[4 * CHANNELS + 1] = lambda _: 0
        for n in range(1, CHANNELS + 1):
            base = 4 * (n - 1)
            held.inputs[base], held.inputs[base + 1] = _swapped(self._celsius(n))
            held.inputs[base + 2], held.inputs[base + 3] = _swapped(self._strength(n))

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer, unless it is stalled or restarts."""
        self.is_silent = self.bank.is_stalled or t < self._silent_until
        return super().feed(data, t, client)

    def _celsius(self, channel: int) -> Callable[[float], float]:
        def value(t: float) -> float:
            has = channel in self.bank.numbers
            celsius = self.bank.celsius(channel, t) if has else None
            return math.nan if celsius is None else celsius

        return value

    def _strength(self, channel: int) -> Callable[[float], float]:
        celsius = self._celsius(channel)
        return lambda t: 0.0 if math.isnan(celsius(t)) else STRENGTH

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._silent_until = t + 2.0
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)


def _swapped(value: Callable[[float], float]) -> tuple[Word, Word]:
    """CD AB: the low word stands first."""

    def words(t: float) -> tuple[int, int]:
        high, low = struct.unpack(">HH", struct.pack(">f", value(t)))
        return int(low), int(high)

    return (lambda t: words(t)[0]), (lambda t: words(t)[1])
