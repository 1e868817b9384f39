# SPDX-License-Identifier: Apache-2.0
"""Twin of a Lauda circulator with the NAMUR command set, of one of three families.

Documented: commands, number formats, `_` or blank, OK and ERR_n, RS-232 (CR, CRLF or LFCR in, CRLF
out), STATUS and STAT (Ecoline manual pages 7, 10, 11; MC 250 pages 42, 43); pump step, cooling,
outflow limits, keys (Ecoline pages 10, 11; ECO Gold pages 113, 114; MC 250 pages 42, 43), pump step
0 is standby on an Ecoline; RS-485 prefix and CR (ECO Gold manual page 70); VERSION_R (page 78);
IN_MODE_02 (LOOP manual page 31, LRZ 913 page 22). Assumed: the texts of TYPE and VERSION; ERR_3 for
what a family lacks; two decimals without leading zeros, none for steps and modes; the pump step
reads 0 in standby on an Ecoline; its external probe shows the bath; limits do not act; small
letters are taken.
"""

import re
from dataclasses import dataclass

from sim_hardware.devices.auxiliaries.bath import Bath, Circulator
from sim_hardware.devices.lines import LineTwin

SET = re.compile(r"OUT_(SP_0\d|MODE_0\d)_(.*)")
NUMBER = re.compile(r"-?(?:\d{1,3}(?:\.\d{0,2})?|\.\d{1,2})")
LOW_C, HIGH_C = -30.0, 150.0
PUMP, COOLING, HIGH, LOW, KEYS = "SP_01", "SP_02", "SP_04", "SP_05", "MODE_00"
DEFAULTS = {PUMP: 3.0, COOLING: 2.0, HIGH: HIGH_C, LOW: LOW_C, KEYS: 0.0}
DEGREES = frozenset({HIGH, LOW})
"""These read with decimals."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a family answers: TYPE, its word for VERSION, standby, digits of STAT, what is set."""

    type: str
    version: str
    has_standby: bool
    stat: str
    """What STAT says of a stalled pump."""

    settings: dict[str, tuple[float, float]]
    """Least and greatest of each."""

    read_only: tuple[str, ...] = ()


DEGREES_RANGE = (LOW_C, HIGH_C)
LIMITS = {HIGH: DEGREES_RANGE, LOW: DEGREES_RANGE}
FAMILIES = {
    "ecoline": Family(
        "E200", "VERSION", False, "0100000", {PUMP: (0, 5), KEYS: (0, 1)}, (HIGH, LOW)
    ),
    "eco_gold": Family(
        "ECO",
        "VERSION_R",
        True,
        "1000000",
        {PUMP: (1, 6), COOLING: (0, 2), KEYS: (0, 1), **LIMITS},
    ),
    "mc": Family("MC", "VERSION", False, "1000000", LIMITS),
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
        self._settings = dict(DEFAULTS)

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command addressed here."""
        text = line.decode("latin-1").strip().upper().replace(" ", "_")
        if not text.startswith(self._prefix):
            return b""
        said = self._run(text.removeprefix(self._prefix), t)
        end = "\r" if self._prefix else "\r\n"
        return f"{self._prefix}{said}{end}".encode()

    def _run(self, text: str, t: float) -> str:
        if found := SET.fullmatch(text):
            return self._set(found[1], found[2], t)
        if text in {"START", "STOP"}:
            self.bath.run(t, on=text == "START")
            return "OK"
        return self._read(t).get(text, "ERR_3")

    def _set(self, name: str, text: str, t: float) -> str:
        allowed = {"SP_00": DEGREES_RANGE, **self.family.settings}.get(name)
        if allowed is None:
            return "ERR_3"
        if not NUMBER.fullmatch(text):
            return "ERR_5"
        value, is_whole = float(text), name not in {"SP_00", *DEGREES}
        if not allowed[0] <= value <= allowed[1] or (is_whole and value % 1):
            return "ERR_6"
        if name == "SP_00":
            self.bath.regulate(value, t)
        elif name == PUMP and value == 0:
            self.bath.run(t, on=False)
        else:
            self._settings[name] = value
        return "OK"

    def _read(self, t: float) -> dict[str, str]:
        is_running, family = self.bath.is_running, self.family
        bath = f"{self.bath.at(t):.2f}"
        texts = {
            "IN_PV_00": bath,
            "IN_SP_00": f"{self.bath.setpoint_c:.2f}",
            "STATUS": "-1" if self.is_stalled else "0",
            "STAT": family.stat if self.is_stalled else "0" * len(family.stat),
            "TYPE": family.type,
            family.version: self.version,
        }
        for name in (*family.settings, *family.read_only):
            value = self._settings[name]
            texts[f"IN_{name}"] = f"{value:.2f}" if name in DEGREES else f"{value:.0f}"
        if PUMP in family.settings:
            texts["IN_PV_01"] = bath
        if not is_running and family.type == "E200":
            texts["IN_SP_01"] = "0"
        if family.has_standby:
            texts["IN_MODE_02"] = "0" if is_running else "1"
        return texts
