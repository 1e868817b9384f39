# SPDX-License-Identifier: Apache-2.0
"""Twin of a Lauda circulator with the NAMUR command set, of one of three families.

Documented: commands, number formats, `_` or blank, OK and ERR_n, RS-232 (CR, CRLF or LFCR in, CRLF
out), STATUS and STAT (Ecoline manual pages 7, 10, 11; MC 250 pages 42, 43); RS-485 prefix and CR
(ECO Gold manual page 70); VERSION_R (page 78); IN_MODE_02 (LOOP manual page 31, LRZ 913 page 22).
Assumed: the texts of TYPE and VERSION; ERR_3 for what a family lacks; two decimals without leading
zeros; the pump step reads 0 in standby on an Ecoline; small letters are taken.
"""

import re
from dataclasses import dataclass

from sim_hardware.devices.auxiliaries.bath import Bath, Circulator
from sim_hardware.devices.lines import LineTwin

SET = re.compile(r"OUT_SP_00_(-?(?:\d{1,3}(?:\.\d{0,2})?|\.\d{1,2}))")
SET_ANY = re.compile(r"OUT_SP_00_.*")
LOW_C, HIGH_C = -30.0, 150.0
PUMP_STEP = 3


@dataclass(frozen=True, slots=True)
class Family:
    """What a family answers: TYPE, its word for VERSION, pump step, standby, digits of STAT."""

    type: str
    version: str
    has_pump_step: bool
    has_standby: bool
    stat: str
    """What STAT says of a stalled pump."""


FAMILIES = {
    "ecoline": Family("E200", "VERSION", True, False, "0100000"),
    "eco_gold": Family("ECO", "VERSION_R", True, True, "1000000"),
    "mc": Family("MC", "VERSION", False, False, "1000000"),
}


class LaudaTwin(Circulator, LineTwin):
    """One circulator; with an address it speaks RS-485. Faults: those of Circulator."""

    ends = b"\r\n"

    def __init__(
        self,
        start_s: float = 0.0,
        version: str = "SIM 1.30",
        address: int | None = None,
        family: str = "ecoline",
    ) -> None:
        super().__init__()
        if not version.startswith("SIM"):
            raise ValueError(f"a twin's version begins with SIM, not {version!r}")
        self.bath, self.version, self.family = Bath(start_s), version, FAMILIES[family]
        self._prefix = "" if address is None else f"A{address:03d}_"

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command addressed here."""
        text = line.decode("latin-1").strip().upper().replace(" ", "_")
        if not text.startswith(self._prefix):
            return b""
        said = self._run(text.removeprefix(self._prefix), t)
        end = "\r" if self._prefix else "\r\n"
        return f"{self._prefix}{said}{end}".encode()

    def _run(self, text: str, t: float) -> str:
        if SET_ANY.fullmatch(text):
            return self._set(text, t)
        if text in {"START", "STOP"}:
            self.bath.run(t, on=text == "START")
            return "OK"
        return self._read(t).get(text, "ERR_3")

    def _set(self, text: str, t: float) -> str:
        if not (found := SET.fullmatch(text)):
            return "ERR_5"
        if not LOW_C <= (celsius := float(found[1])) <= HIGH_C:
            return "ERR_6"
        self.bath.regulate(celsius, t)
        return "OK"

    def _read(self, t: float) -> dict[str, str]:
        is_running, family = self.bath.is_running, self.family
        texts = {
            "IN_PV_00": f"{self.bath.at(t):.2f}",
            "IN_SP_00": f"{self.bath.setpoint_c:.2f}",
            "STATUS": "-1" if self.is_stalled else "0",
            "STAT": family.stat if self.is_stalled else "0" * len(family.stat),
            "TYPE": family.type,
            family.version: self.version,
        }
        if family.has_pump_step:
            texts["IN_SP_01"] = f"{PUMP_STEP if is_running or family.has_standby else 0}"
        if family.has_standby:
            texts["IN_MODE_02"] = "0" if is_running else "1"
        return texts
