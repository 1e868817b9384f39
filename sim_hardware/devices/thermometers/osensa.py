# SPDX-License-Identifier: Apache-2.0
"""Twin of an OSENSA FTX transmitter, Modbus RTU.

Documented (the maker's package osensapy 0.1.7): registers, scales, the constant 273.0, channel
blocks that are not in order, an exception for protected writes (serial number, device id).
Assumed: which exception (4), that nothing else is writable, function 100 unknown to it, status 1
and light 0 without a probe beside a plausible temperature, status digit 1 in the fast block, zero
there below 0 °C, 2 s to restart, 20 samples a second. Its serial number spells SIM and a digit.
"""

from collections.abc import Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import twin_serial
from sim_hardware.devices.modbus import DEVICE_FAILURE, ModbusUnit, Refused, Word, words_of
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S, RESTART_S = 0.05, 2.0
SERIAL, DEVICE_ID, FAST, PCB = 2, 10, 1024, 4144
BLOCKS = (4096, 4112, 4128, 4104, 4120, 4136)
"""Channels A to F."""

ZERO_C, PCB_C = 273.0, 32.0
NO_PROBE_C, LIGHT, LED_MA, DECAY = 21.5, 1200, 35, 180.0
DEVICE = 102


class OsensaTwin(ModbusUnit):
    """Channels A to F are 1 to 6; those without a probe show a status, and a temperature too.

    Faults: those of ProbeBank (a dropped or tokened channel looks like one without a probe, a
    token's text may be the status), reboot (2 s of silence).
    """

    def __init__(
        self, channels: Mapping[int, Temperature], serial: str = "SIM2", address: int = 247
    ) -> None:
        super().__init__(address)
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._silent_until = 0.0
        digit = twin_serial(serial)[-1]
        number = int.from_bytes(b"SIM" + (digit if digit.isdigit() else "0").encode(), "big")
        held = self.registers.holding
        held[SERIAL], held[SERIAL + 1] = words_of(lambda _: number)
        held[DEVICE_ID] = lambda _: DEVICE
        held[PCB] = lambda _: round((PCB_C + ZERO_C) * 10.0)
        for index, base in enumerate(BLOCKS):
            self._fill(index + 1, base)
            held[FAST + index] = self._fast(index + 1)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer, unless it is stalled or restarts."""
        self.is_silent = self.bank.is_stalled or t < self._silent_until
        return super().feed(data, t, client)

    def refuse_write(self, function: int, address: int) -> None:
        """Refuse: what is known is protected."""
        if address in (SERIAL, SERIAL + 1, DEVICE_ID):
            raise Refused(DEVICE_FAILURE)
        super().refuse_write(function, address)

    def _fill(self, channel: int, base: int) -> None:
        held = self.registers.holding
        held[base], held[base + 1] = words_of(
            lambda t: round((self._shown_c(channel, t) + ZERO_C) * 65536)
        )
        held[base + 2], held[base + 3] = words_of(lambda _: round(DECAY * 65536))
        held[base + 4] = lambda t: 0 if self._status(channel, t) else LIGHT
        held[base + 5] = lambda _: LED_MA
        held[base + 6] = lambda _: 0
        held[base + 7] = lambda t: self._status(channel, t)

    def _fast(self, channel: int) -> Word:
        def word(t: float) -> int:
            tenths = round(10.0 * max(self._shown_c(channel, t), 0.0))
            return tenths * 10 + self._status(channel, t) % 10

        return word

    def _value(self, channel: int, t: float) -> float | None:
        return self.bank.celsius(channel, t) if channel in self.bank.numbers else None

    def _status(self, channel: int, t: float) -> int:
        if self._value(channel, t) is not None:
            return 0
        text = self.bank.token(channel, "1")
        return int(text) if text.isdigit() and int(text) else 1

    def _shown_c(self, channel: int, t: float) -> float:
        value = self._value(channel, t)
        return NO_PROBE_C if value is None else value

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._silent_until = t + RESTART_S
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
