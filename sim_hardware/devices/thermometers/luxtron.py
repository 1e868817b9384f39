# SPDX-License-Identifier: Apache-2.0
"""Twin of a Luxtron FOT Lab Kit thermometer, which talks by itself.

Documented (FOT Lab Kit manual, pages 43, 60, 62; a public logger for the 812): the FULL line, PE
beside a plausible number, `ESC XX ?` and `XX = value`, Ctrl-T and Ctrl-E, 30 s of silence after
power-up, standby. Assumed: the fields of ID, how a value is set (`ESC XX=value`), the value beside
PE, the ABBR line.
"""

import math
import re
from collections.abc import Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

BOOT_S, UPDATE_S = 30.0, 0.25
ESC, LEAVE_STANDBY, REMOTE = 0x1B, 0x14, 0x05
PROBE_ERROR_C = 224.51
"""What the manual's own example shows beside PE."""

UNITS = {"CELSIUS": " C", "KELVIN": " K", "FAHRENHEIT": " F"}
ASK = re.compile(r"([A-Z]{2}) *\?")
SET = re.compile(r"([A-Z]{2}) *= *(.+)")
PERIOD = re.compile(r"(\d+(?:\.\d+)?) *S")
VALUES = {
    "SM": "8", "MU": "0.25 S", "UN": "CELSIUS", "DF": "FULL", "AE": "OFF", "AS": "1.0",
    "AO": "0.0", "CC": "NONE", "CT": "NONE", "MS": "1", "ST": "ON", "DS": "ON", "SL": "OFF",
}  # fmt: skip


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
    ) -> None:
        super().__init__()
        self._serial = twin_serial(serial)
        self.bank = ProbeBank(channels, UPDATE_S)
        self._boot(start_s)

    def _boot(self, t: float) -> None:
        self._values = dict(VALUES)
        self._values["PS"] = ",".join(map(str, self.bank.fitted))
        self._is_standby = False
        self._scan_at: float | None = t + BOOT_S if math.isfinite(t) else None

    # ---- the stream ------------------------------------------------------------------------------

    def connect(self, t: float, client: int) -> Chunks:
        """A plugged cable hears the next whole line."""
        if self._scan_at is None or self._scan_at < t - UPDATE_S:
            self._scan_at = t + UPDATE_S
        return []

    def next_at(self) -> float | None:
        """Return when the next scan is sent."""
        return None if self._is_standby or self.bank.is_stalled else self._scan_at

    def advance(self, t: float) -> Chunks:
        """Return the scans that are due."""
        chunks: Chunks = []
        while self._scan_at is not None and self._scan_at <= t:
            at, self._scan_at = self._scan_at, self._scan_at + self.bank.period_s
            if not self._is_standby and not self.bank.is_stalled and (line := self._scan(at)):
                chunks.append((at, f"{line}\r\n".encode()))
        return chunks

    def _scan(self, t: float) -> str:
        chosen = {int(n) for n in self._values["PS"].split(",") if n.strip().isdigit()}
        numbers = [n for n in self.bank.numbers if n in chosen]
        if self._values["DF"] == "ABBR":
            return " ".join(self._field(n, t).partition(":")[2].strip() for n in numbers)
        return " ".join(self._field(n, t) for n in numbers)

    def _field(self, channel: int, t: float) -> str:
        celsius = self.bank.celsius(channel, t)
        if celsius is None:
            return f"{channel}: {PROBE_ERROR_C:6.2f}PE"
        suffix = UNITS[self._values["UN"]]
        value = {" C": celsius, " K": celsius + 273.15, " F": 1.8 * celsius + 32.0}[suffix]
        return f"{channel}: {value:6.2f}{suffix}"

    # ---- commands ------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take control keys at once, and escape sequences by the line."""
        if LEAVE_STANDBY in data:
            self._is_standby, self._scan_at = False, t + self.bank.period_s
        keys = bytes((LEAVE_STANDBY, REMOTE))
        return super().feed(data.translate(None, keys), t, client)

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Only what follows an escape byte is a command; the text `27ID ?` is none."""
        before, escape, rest = line.rpartition(bytes((ESC,)))
        text = rest.decode("ascii", "replace").strip().upper()
        if not escape or before or self.bank.is_stalled:
            return b""
        if found := ASK.fullmatch(text):
            return self._said(found[1])
        if found := SET.fullmatch(text):
            self._set(found[1], found[2].strip())
        return b""

    def _said(self, name: str) -> bytes:
        if name in {"ID", "SN"}:
            value = self._serial if name == "SN" else f"FOT Lab Kit,{self._serial},1.10"
        else:
            value = self._values.get(name, "")
        return f"{name} = {value}\r\n".encode() if value else b""

    def _set(self, name: str, value: str) -> None:
        if name == "MU" and (period := PERIOD.fullmatch(value)):
            self.bank.period_s = max(0.1, float(period[1]))
        if name == "UN" and value not in UNITS:
            return
        if name in self._values:
            self._values[name] = value

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._boot(t)
        elif verb == "panel_change":
            name, _, value = argument.partition(":")
            self._is_standby = name == "standby" or self._is_standby
            self._set(name, value)
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
