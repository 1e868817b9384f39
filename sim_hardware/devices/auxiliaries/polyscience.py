# SPDX-License-Identifier: Apache-2.0
"""Twin of a PolyScience chiller (LS, DuraChill, DA series).

Documented (LS manual page 19, DuraChill page 34, DA500 page 44): CR only, a LF after it forbidden,
exact case, `!` and `?`, the commands; `RF` 00 is no fault (LS). `SS025.50` is from a public
laboratory script; three public drivers for other baths of this maker find no echo before they ask
for one or after a first `SE0`. Assumed: an echo stands in front of the reply; it is off after
power-up; signs and digits of the numbers; `RF` 01 for a stalled pump; RO as RW; RM in per cent; RK
7 kPa a PSI.
"""

import re

from sim_hardware.devices.auxiliaries.bath import Bath, Circulator
from sim_hardware.devices.lines import LineTwin

SET = re.compile(r"SS(\d{3}(?:\.\d{1,2})?|-\d{2}(?:\.\d{1,2})?)")
LOW_C, HIGH_C = -10.0, 80.0
PRESSURE_PSI, FLOW_L_PER_MIN, SPEED_PERCENT = 12.0, 8.0, 100
PSI_KPA, GALLON_L = 6.895, 3.785


class PolyScienceTwin(Circulator, LineTwin):
    """One chiller that shows °C, or °F: then all temperatures on its wire are °F.

    `echoes`: what SE is after power-up. Faults: those of Circulator; panel_change also takes `C`
    and `F`.
    """

    ends = b"\r"

    def __init__(self, start_s: float = 0.0, unit: str = "C", *, echoes: bool = False) -> None:
        super().__init__()
        self.bath, self.unit = Bath(start_s), unit
        self.is_echoing = self._echoes = echoes

    def power_up(self, t: float) -> None:
        """Come back in standby, with the echo as it always begins."""
        super().power_up(t)
        self.is_echoing = self._echoes

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "panel_change" and argument in {"C", "F"}:
            self.unit = argument
        else:
            super().inject(verb, argument, t)

    # ---- bytes -----------------------------------------------------------------------------------

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command; a LF that follows a CR spoils the next one."""
        text = line.decode("latin-1")
        echo = text if self.is_echoing else ""
        return f"{echo}{self._run(text, t)}\r".encode("latin-1")

    def _run(self, text: str, t: float) -> str:
        if text in {"SE0", "SE1"}:
            self.is_echoing = text == "SE1"
            return "!"
        if text in {"SO0", "SO1"}:
            self.bath.run(t, on=text == "SO1")
            return "!"
        if (found := SET.fullmatch(text)) and LOW_C <= self._celsius(found[1]) <= HIGH_C:
            self.bath.regulate(self._celsius(found[1]), t)
            return "!"
        return self._read(text, t)

    def _read(self, text: str, t: float) -> str:
        flow = float(self.is_pumping)
        texts = {
            "RT": self._said(self.bath.at(t)),
            "RS": self._said(self.bath.setpoint_c),
            "RU": self.unit,
            "RW": str(int(self.bath.is_running)),
            "RP": f"{flow * PRESSURE_PSI:+06.1f}",
            "RK": f"{flow * PRESSURE_PSI * PSI_KPA:+06.1f}",
            "RL": f"{flow * FLOW_L_PER_MIN:+06.1f}",
            "RG": f"{flow * FLOW_L_PER_MIN / GALLON_L:+06.1f}",
            "RF": "01" if self.is_stalled else "00",
            "RO": str(int(self.bath.is_running)),
            "RM": f"{SPEED_PERCENT * int(self.is_pumping):03d}",
        }
        return texts.get(text, "?")

    def _said(self, celsius: float) -> str:
        return f"{celsius if self.unit == 'C' else 1.8 * celsius + 32.0:+05.1f}"

    def _celsius(self, text: str) -> float:
        return float(text) if self.unit == "C" else (float(text) - 32.0) / 1.8
