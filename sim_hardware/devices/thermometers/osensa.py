# SPDX-License-Identifier: Apache-2.0
"""Twin of an OSENSA FTX transmitter, Modbus RTU.

Documented (the maker's package osensapy 0.1.7): registers, scales, the constant 273.0, refused
writes. Assumed: status 1 and light 0 without a probe beside a plausible temperature; what the fast
block shows below zero. Its serial number spells SIM and a digit.
"""

from collections.abc import Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import twin_serial
from sim_hardware.devices.modbus import ModbusUnit, Word, words_of
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S = 0.05
BLOCKS = (4096, 4112, 4128, 4104, 4120, 4136)
FAST, PCB = 1024, 4144
NO_PROBE_C, LIGHT, LED_MA, DECAY = 21.5, 1200, 35, 180.0
CHANNELS = 6


class OsensaTwin(ModbusUnit):
    """Channels A to F are 1 to 6; those without a probe show a status, and a temperature too.

    Faults: those of ProbeBank (a dropped channel is refused), reboot (2 s of silence).
    """

    def __init__(
        self, channels: Mapping[int, Temperature], serial: str = "SIM2", address: int = 247
    ) -> None:
        super().__init__(address)
        self.bank = ProbeBank(channels, SAMPLE_S)
        digit = twin_serial(serial).removeprefix("SIM").lstrip("0") or "0"
        number = int.from_bytes(b"SIM" + digit[-1].encode(), "big")
        held = self.registers.holding
        held[2], held[3] = words_of(lambda _: number)
        held |= {4: lambda _: 0, 5: lambda _: 0, 10: lambda _: 102}
        held[PCB] = lambda _: int((32.0 + 273.0) * 10.0)
        for index in range(CHANNELS):
            self._fill(index + 1, BLOCKS[index])
            held[FAST + index] = self._fast(index + 1)
        self._silent_until = 0.0

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer, unless it is stalled or restarts."""
        self.is_silent = self.bank.is_stalled or t < self._silent_until
        return super().feed(data, t, client)

    def _fill(self, channel: int, base: int) -> None:
        held = self.registers.holding
        held[base], held[base + 1] = words_of(
            lambda t: round((self._c(channel, t) + 273.0) * 65536)
        )
        held[base + 2], held[base + 3] = words_of(lambda _: round(DECAY * 65536))
        held[base + 4] = lambda t: LIGHT if self._has(channel, t) else 0
        held[base + 5] = lambda _: LED_MA
        held[base + 6] = lambda _: 0
        held[base + 7] = lambda t: 0 if self._has(channel, t) else 1

    def _fast(self, channel: int) -> Word:
        return lambda t: (
            round(10.0 * max(self._c(channel, t), 0.0)) * 10 + int(not self._has(channel, t))
        )

    def _value(self, channel: int, t: float) -> float | None:
        if channel not in self.bank.fitted or channel in self.bank.dropped:
            return None
        return self.bank.celsius(channel, t)

    def _has(self, channel: int, t: float) -> bool:
        return self._value(channel, t) is not None

    def _c(self, channel: int, t: float) -> float:
        value = self._value(channel, t)
        return NO_PROBE_C if value is None else value

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._silent_until = t + 2.0
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
