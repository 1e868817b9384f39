# SPDX-License-Identifier: Apache-2.0
"""Twin of a PolyScience chiller (DuraChill, LS, DA series).

Documented (LS manual page 19, DuraChill page 34, DA500 page 44): CR only, LF after it forbidden,
exact case, `!` and `?`, echo on and off, the commands below. Assumed: how an echo looks (the
command in front of its reply), RF 00 and RO 1.
"""

import re

from sim_hardware.devices.auxiliaries.bath import Bath, Circulator
from sim_hardware.devices.lines import LineTwin

SET = re.compile(r"SS(\d{1,3}(?:\.\d{1,2})?|-\d{1,2}(?:\.\d{1,2})?)")
LOW_C, HIGH_C = -10.0, 80.0


class PolyScienceTwin(Circulator, LineTwin):
    """One chiller in °C."""

    ends = b"\r"

    def __init__(self, start_s: float = 0.0, unit: str = "C") -> None:
        super().__init__()
        self.bath, self.unit = Bath(start_s), unit
        self.is_echoing = True

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command; a LF that follows a CR spoils the next one."""
        text = line.decode("ascii", "replace")
        echo = text if self.is_echoing else ""
        return f"{echo}{self._run(text, t)}\r".encode()

    def _run(self, text: str, t: float) -> str:
        if text in {"SE0", "SE1"}:
            self.is_echoing = text == "SE1"
            return "!"
        if text in {"SO0", "SO1"}:
            self.bath.at(t)
            self.bath.is_running = text == "SO1"
            return "!"
        if (found := SET.fullmatch(text)) and LOW_C <= self._celsius(float(found[1])) <= HIGH_C:
            self.bath.at(t)
            self.bath.setpoint_c = self._celsius(float(found[1]))
            return "!"
        if text == "RT":
            return self._said(self.bath.at(t))
        texts = {
            "RS": self._said(self.bath.setpoint_c),
            "RU": self.unit,
            "RW": str(int(self.bath.is_running)),
            "RP": "+012.0",
            "RK": "+083.0",
            "RF": "00",
            "RO": str(int(self.bath.is_running)),
            "RM": "100",
        }
        return texts.get(text, "?")

    def _said(self, celsius: float) -> str:
        return f"{celsius if self.unit == 'C' else 1.8 * celsius + 32.0:+06.1f}"

    def _celsius(self, value: float) -> float:
        return value if self.unit == "C" else (value - 32.0) / 1.8
