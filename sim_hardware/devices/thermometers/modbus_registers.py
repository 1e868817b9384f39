# SPDX-License-Identifier: Apache-2.0
"""Twin of a LumaSense LumaSMART, Modbus RTU: input registers of float32 with swapped words.

Documented (LumaSMART manual, page 96): channel n at 4(n-1), CD AB, signal strength two registers
on, channel enable bits in holding register 148 (most significant bit channel 16). Assumed: 9600
8N1, unit 1, NaN without a probe, strength 75 with and 0 without one, zeros of a channel that is not
enabled, that the enable register can be written, 2 s to restart. Nothing in it spells SIM.
"""

import math
import struct
from collections.abc import Callable, Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.modbus import MANY, ONE_REGISTER, ModbusUnit, Word
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S, RESTART_S = 0.1, 2.0
CHANNELS, ENABLE, STRENGTH = 16, 148, 75.0
LOST = "lost"
"""Argument of no_probe_token: the last temperature stands, and only the strength falls."""


class LumaSmartTwin(ModbusUnit):
    """Sixteen channels, of which some have probes.

    Faults: those of ProbeBank (a dropped channel is not enabled; a token `lost` leaves a plausible
    temperature beside a strength of 0), panel_change (`148:3`: which channels are enabled), reboot
    (2 s of silence; the enable bits stay).
    """

    def __init__(self, channels: Mapping[int, Temperature], address: int = 1) -> None:
        super().__init__(address)
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._silent_until = 0.0
        self._last_c: dict[int, float] = {}
        held = self.registers
        enabled = sum(1 << n - 1 for n in self.bank.fitted)
        held.holding[ENABLE] = lambda _: enabled
        held.writable.add(ENABLE)
        for n in range(1, CHANNELS + 1):
            base = 4 * (n - 1)
            held.inputs[base], held.inputs[base + 1] = swapped(self._celsius(n))
            held.inputs[base + 2], held.inputs[base + 3] = swapped(self._strength(n))

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer, unless it is stalled or restarts."""
        self.is_silent = self.bank.is_stalled or t < self._silent_until
        return super().feed(data, t, client)

    def _is_on(self, channel: int, t: float) -> bool:
        return bool(self.registers.holding[ENABLE](t) >> channel - 1 & 1)

    def _value(self, channel: int, t: float) -> float | None:
        value = self.bank.celsius(channel, t) if channel in self.bank.numbers else None
        if value is not None:
            self._last_c[channel] = value
        return value

    def _celsius(self, channel: int) -> Callable[[float], float]:
        def shown(t: float) -> float:
            value = self._value(channel, t)
            if not self._is_on(channel, t):
                return 0.0
            if value is None and self.bank.tokens.get(channel) == LOST:
                return self._last_c.get(channel, math.nan)
            return math.nan if value is None else value

        return shown

    def _strength(self, channel: int) -> Callable[[float], float]:
        def shown(t: float) -> float:
            is_seen = self._is_on(channel, t) and self._value(channel, t) is not None
            return STRENGTH if is_seen else 0.0

        return shown

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        address, _, value = argument.partition(":")
        if verb == "reboot":
            self._silent_until = t + RESTART_S
        elif verb == "panel_change":
            self.refuse_write(ONE_REGISTER, int(address))
            self.write(MANY, int(address), int(value))
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)


def swapped(value: Callable[[float], float]) -> tuple[Word, Word]:
    """Return two registers, CD AB: the low word of a float32 stands first."""

    def words(t: float) -> tuple[int, int]:
        high, low = struct.unpack(">HH", struct.pack(">f", value(t)))
        return int(low), int(high)

    return (lambda t: words(t)[0]), (lambda t: words(t)[1])
