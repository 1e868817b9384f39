# SPDX-License-Identifier: Apache-2.0
"""Twin of a Lauda circulator with the NAMUR command set.

Documented (Ecoline manual page 16, Integral T page 77, RE 1050 page 70): commands, `_` or blank,
OK and ERR_n, STATUS 0 and -1, RS-232 replies with CR LF, RS-485 ones with a prefix and CR.
"""

import re

from sim_hardware.devices.auxiliaries.bath import Bath, Circulator
from sim_hardware.devices.lines import LineTwin

SET = re.compile(r"OUT_SP_00_([+-]?\d{1,3}(?:\.\d{1,2})?)")
LOW_C, HIGH_C = -30.0, 150.0


class LaudaTwin(Circulator, LineTwin):
    """One circulator; with an address it speaks RS-485."""

    ends = b"\r\n"

    def __init__(
        self, start_s: float = 0.0, version: str = "SIM 1.30", address: int | None = None
    ) -> None:
        super().__init__()
        if not version.startswith("SIM"):
            raise ValueError(f"a twin's version begins with SIM, not {version!r}")
        self.bath, self.version = Bath(start_s), version
        self._prefix = "" if address is None else f"A{address:03d}_"

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command addressed here."""
        text = line.decode("ascii", "replace").strip().upper().replace(" ", "_")
        if not text.startswith(self._prefix):
            return b""
        said = self._run(text.removeprefix(self._prefix), t)
        end = "\r" if self._prefix else "\r\n"
        return f"{self._prefix}{said}{end}".encode()

    def _run(self, text: str, t: float) -> str:
        if found := SET.fullmatch(text):
            if not LOW_C <= float(found[1]) <= HIGH_C:
                return "ERR_6"
            self.bath.at(t)
            self.bath.setpoint_c = float(found[1])
            return "OK"
        if text in {"START", "STOP"}:
            self.bath.at(t)
            self.bath.is_running = text == "START"
            return "OK"
        if text == "IN_PV_00":
            return f"{self.bath.at(t):.2f}"
        texts = {
            "IN_SP_00": f"{self.bath.setpoint_c:.2f}",
            "STATUS": "0",
            "STAT": "0000000",
            "TYPE": "ECO",
            "VERSION": self.version,
            "IN_MODE_02": "0" if self.bath.is_running else "1",
        }
        return texts.get(text, "ERR_3")
