# SPDX-License-Identifier: Apache-2.0
"""Twin of a Luxtron FOT Lab Kit thermometer, which talks by itself.

Documented (FOT Lab Kit manual, pages 42, 43, 47, 60, 62; a public logger for the 812): the FULL
line, PE beside a plausible number, `ESC XX ?`, `XX = value`, `ESC XX = value`, the ID report, 4
samples a second shared by the channels, Ctrl-T and Ctrl-E, 30 s of silence after power-up, standby
without data. Assumed: the ABBR line, silence for what is not understood, that settings other than
DS take hold at once and are lost with the power, that commands are answered in standby, the least
MU, the signal levels.
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

BOOT_S, SAMPLE_S, UPDATE_S = 30.0, 0.25, 1.0
ESC, LEAVE_STANDBY, REMOTE = b"\x1b", 0x14, 0x05
PROBE_ERROR_C = 224.51
"""What the manual's own example shows beside PE."""

UNITS = MappingProxyType({
    "CELSIUS": (" C", 1.0, 0.0), "KELVIN": (" K", 1.0, 273.15), "FAHRENHEIT": (" F", 1.8, 32.0),
})  # fmt: skip
ASK = re.compile(r"([A-Z]{2}) *\?")
SET = re.compile(r"([A-Z]{2}) *= ?(.*)")
PERIOD = re.compile(r"(\d+(?:\.\d+)?) *S?")
VALUES = MappingProxyType({
    "SM": "8", "MU": "1 S", "UN": "CELSIUS", "DF": "FULL", "AE": "ENABLE", "AS": "27.7778",
    "AO": "-30.00 C", "CC": "ENABLE", "CT": "75.00 C", "MS": "DISABLE", "ST": "ENABLE",
})  # fmt: skip
DISPLAY = "SIM Corp. Model Twin"
ALLOWED = MappingProxyType({
    "PS": re.compile(r"[1-4](,[1-4])*"), "SM": re.compile(r"[1-9]\d{0,2}"), "MU": PERIOD,
    "UN": re.compile("|".join(UNITS)), "DF": re.compile("FULL|ABBR"),
    "DS": re.compile(r"[ -~]{0,31}"),
})  # fmt: skip
"""Others take any text."""


class LuxtronTwin(LineTwin):
    """Streams a line every MU seconds once it has booted.

    Faults: those of ProbeBank (no_probe_token is PE); reboot (30 s of silence); panel_change
    (`UN:KELVIN`: somebody set a value; `standby`).
    """

    ends = b"\r\n"

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        start_s: float = -math.inf,
        period_s: float = UPDATE_S,
    ) -> None:
        super().__init__()
        self._serial, self._update_s = twin_serial(serial), period_s
        self.bank = ProbeBank(channels, SAMPLE_S * max(1, len(channels)))
        self._boot(start_s)

    def _boot(self, t: float) -> None:
        self._values = {**VALUES, "MU": f"{self._update_s:g} S", "DS": DISPLAY}
        self._values["PS"] = ",".join(map(str, self.bank.fitted))
        self._period_s = self._update_s
        self._is_standby = False
        self._ready_at = t + BOOT_S
        self._scan_at: float | None = self._ready_at if math.isfinite(t) else None

    # ---- the stream ------------------------------------------------------------------------------

    def connect(self, t: float, client: int) -> Chunks:
        """Say nothing. Who plugs in a cable hears the stream from where it is."""
        if self._scan_at is None:
            self._scan_at = t + self._period_s
        return []

    def next_at(self) -> float | None:
        """Return when the next scan is sent."""
        return None if self._is_standby or self.bank.is_stalled else self._scan_at

    def advance(self, t: float) -> Chunks:
        """Return the scan that is due; those that nobody fetched in time are gone."""
        if self._scan_at is None or self._scan_at > t:
            return []
        missed = math.floor((t - self._scan_at) / self._period_s + 1e-9)
        at = self._scan_at + missed * self._period_s
        self._scan_at = at + self._period_s
        line = "" if self._is_standby or self.bank.is_stalled else self._scan(at)
        return [(at, f"{line}\r\n".encode())] if line else []

    def _scan(self, t: float) -> str:
        chosen = {int(number) for number in self._values["PS"].split(",")}
        fields = [self._field(n, t) for n in self.bank.numbers if n in chosen]
        if self._values["DF"] == "ABBR":
            fields = [field[3:9].strip() for field in fields]
        return " ".join(fields)

    def _field(self, channel: int, t: float) -> str:
        celsius = self.bank.celsius(channel, t)
        if celsius is None:
            return f"{channel}: {PROBE_ERROR_C:6.2f}PE"
        suffix, scale, offset = UNITS[self._values["UN"]]
        return f"{channel}: {scale * celsius + offset:6.2f}{suffix}"

    # ---- commands ------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take control keys at once, and escape sequences by the line."""
        if self._is_standby and LEAVE_STANDBY in data:
            self._is_standby, self._scan_at = False, t + self._period_s
        keys = bytes((LEAVE_STANDBY, REMOTE))
        return super().feed(data.translate(None, keys), t, client)

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Only what follows an escape byte is a command; the text `27ID ?` is none."""
        _, escape, rest = line.rpartition(ESC)
        text = rest.decode("ascii", "replace").strip()
        if not escape or self.bank.is_stalled or t < self._ready_at:
            return b""
        if found := ASK.fullmatch(text.upper()):
            return self._said(found[1])
        if found := SET.fullmatch(text[:2].upper() + text[2:]):
            self._set(found[1], found[2].strip(), t)
        return b""

    def _said(self, name: str) -> bytes:
        if name == "ID":
            return "".join(f"{line}\r\n" for line in self._report()).encode()
        held = {**self._values, "SN": self._serial, "SL": "1200,1200,1200,1200"}
        return f"{name} = {held[name]}\r\n".encode() if name in held else b""

    def _report(self) -> list[str]:
        """Return the lines of the manual's example, page 43."""
        names = ("PS", *VALUES)
        head = [
            "LUXTRON CORP. Copyright 2002",
            "M600 Fluoroptic Thermometer, Software Version 1.00",
            f"Serial # {self._serial}",
            *filter(None, [self._values["DS"]]),
        ]
        return head + [f"{name} = {self._values[name]}" for name in names]

    def _set(self, name: str, value: str, t: float) -> None:
        text = value if name == "DS" else value.upper()
        allowed = ALLOWED.get(name)
        if name not in self._values or (allowed and not allowed.fullmatch(text)):
            return
        self._values[name] = text
        if name == "MU" and (period := PERIOD.fullmatch(text)):
            self._period_s = max(SAMPLE_S, float(period[1]))
            self._values["MU"] = f"{self._period_s:g} S"
            self._scan_at = max(t, self._ready_at) + self._period_s

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        name, _, value = argument.partition(":")
        if verb == "reboot":
            self._boot(t)
        elif verb == "panel_change" and name == "standby":
            self._is_standby = True
        elif verb == "panel_change":
            self._set(name, value, t)
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
