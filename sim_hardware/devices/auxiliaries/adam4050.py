# SPDX-License-Identifier: Apache-2.0
"""Twin of an Advantech ADAM-4050 digital I/O module.

Documented (ADAM-4000 manual pages 238 to 248): the commands below, silence for syntax errors and
other addresses, the reset flag, the freshness flag. From memory: the checksum, `?AA` for what is
invalid. Assumed: a floating input reads 1; outputs are 0 after a restart.
"""

import re

from sim_hardware.devices.lines import LineTwin

INPUTS = 7
READ = re.compile(r"\$([0-9A-F]{2})([2-6MF])")
WRITE_ALL = re.compile(r"#([0-9A-F]{2})(?:00|0)([0-9A-F]{2})")
WRITE_ONE = re.compile(r"#([0-9A-F]{2})1([0-7])0([01])")
SAMPLE = "#**"
NAMES = ("e_stop", "door")


class Adam4050Twin(LineTwin):
    """One module. `closed(t)`: the contact of `permit_output`, as something in series.

    Faults: input (`0:open`, `e_stop:open`, `door:closed`; e_stop and door are inputs 0 and 1),
    reboot.
    """

    ends = b"\r"

    def __init__(
        self,
        address: int = 1,
        permit_output: int = 0,
        firmware: str = "SIM1.0",
        *,
        has_checksum: bool = False,
    ) -> None:
        super().__init__()
        if not firmware.startswith("SIM"):
            raise ValueError(f"a twin's firmware begins with SIM, not {firmware!r}")
        self.module, self.firmware = f"{address:02X}", firmware
        self.permit_output, self.has_checksum = permit_output, has_checksum
        self.inputs = 0
        self._power_up()

    def _power_up(self) -> None:
        self.outputs, self._was_reset = 0, True
        self._sample, self._is_fresh = (0, self.inputs), False

    def closed(self, t: float) -> bool:
        """Return whether the run-permit's contact is closed."""
        return bool(self.outputs >> self.permit_output & 1)

    def set_input(self, number: int, *, is_open: bool) -> None:
        """Open or close the contact at an input; open reads 1."""
        if not 0 <= number < INPUTS:
            raise ValueError(f"no input {number}: 0 to {INPUTS - 1}")
        self.inputs = self.inputs | 1 << number if is_open else self.inputs & ~(1 << number)

    # ---- bytes -----------------------------------------------------------------------------------

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Judge the checksum, then obey."""
        if self.has_checksum:
            line, given = line[:-2], line[-2:]
            if _sum(line) != given:
                return b""
        text = line.decode("ascii", "replace")
        said = self._run(text)
        if not said:
            return b""
        data = said.encode()
        return data + (_sum(data) if self.has_checksum else b"") + b"\r"

    def _run(self, text: str) -> str:
        if text == SAMPLE:
            self._sample, self._is_fresh = (self.outputs, self.inputs), True
            return ""
        if (found := READ.fullmatch(text)) and found[1] == self.module:
            return self._read(found[2])
        if (found := WRITE_ONE.fullmatch(text)) and found[1] == self.module:
            bit = 1 << int(found[2])
            self.outputs = self.outputs | bit if found[3] == "1" else self.outputs & ~bit
            return ">"
        if (found := WRITE_ALL.fullmatch(text)) and found[1] == self.module:
            self.outputs = int(found[2], 16)
            return ">"
        if text.startswith(f"%{self.module}"):
            return f"?{self.module}"  # configuration needs the INIT* terminal grounded
        return ""

    def _read(self, what: str) -> str:
        if what == "4":
            fresh, self._is_fresh = self._is_fresh, False
            outputs, inputs = self._sample
            return f"!{int(fresh)}{outputs:02X}{inputs:02X}00"
        if what == "5":
            was_reset, self._was_reset = self._was_reset, False
            return f"!{self.module}{int(was_reset)}"
        if what == "6":
            return f"!{self.outputs:02X}{self.inputs:02X}00"
        texts = {"M": "4050", "F": self.firmware, "2": "400600", "3": ""}
        return f"!{self.module}{texts[what]}" if what in texts else ""

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        name, _, state = argument.partition(":")
        number = NAMES.index(name) if name in NAMES else int(name) if name.isdigit() else -1
        if verb == "reboot":
            self._power_up()
        elif verb == "input" and state in {"open", "closed"}:
            self.set_input(number, is_open=state == "open")
        else:
            raise ValueError(f"a module has no fault {verb!r} with {argument!r}")

    def clear(self, verb: str) -> None:
        """End it: every input closes."""
        if verb == "input":
            self.inputs = 0


def _sum(data: bytes) -> bytes:
    return b"%02X" % (sum(data) & 0xFF)
