# SPDX-License-Identifier: Apache-2.0
"""Twin of an Advantech ADAM-4050 digital I/O module, eight outputs and seven inputs.

Documented (ADAM-4000 manual pages 7-4 to 7-19, appendix F): the commands, `?AA` for what is
invalid, silence for syntax errors and other addresses, the reset and the freshness flag, the
checksum. From memory: `%` may change the address, the rest of the configuration only with INIT*
grounded, which it is not here; a wrong checksum is a communication error. Assumed: an open input
reads 1; outputs are 0 after a restart; the sampled register is empty until `#**`.
"""

import re
from collections.abc import Callable

from sim_hardware.devices.lines import LineTwin

INPUTS, OUTPUTS = 7, 8
READ = re.compile(r"\$([0-9A-F]{2})([2456MF])")
WRITE = re.compile(r"#([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})")
CONFIGURE = re.compile(r"%([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2}[0-9A-F]{2}[0-9A-F]{2})")
SAMPLE = "#**"
KIND, BAUD_9600, CHECKSUM_BIT = 0x40, 0x06, 0x40
NAMED = {"e_stop": 0, "door": 1}


class Adam4050Twin(LineTwin):
    """One module. `closed(t)`: the contact of `permit_output`, as something in series.

    Faults: e_stop and door (inputs 0 and 1 open until cleared), input (`3:1` opens number 3,
    `3:0` closes it), reboot.
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
        self.line_input = -1
        self.enable_contact: Callable[[float], bool] = lambda _: False
        self._power_up()

    def _power_up(self) -> None:
        self.outputs, self._was_reset = 0, True
        self._sample, self._is_fresh = (0, 0), False

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
        """Judge the checksum, then obey; the monitor of the enable line opens while that closes."""
        if self.line_input >= 0:
            self.set_input(self.line_input, is_open=self.enable_contact(t))
        if self.has_checksum:
            line, given = line[:-2], line[-2:]
            if _sum(line) != given:
                return b""
        said = self._run(line.decode("latin-1")).encode()
        if not said:
            return b""
        return said + (_sum(said) if self.has_checksum else b"") + b"\r"

    def _run(self, text: str) -> str:
        if text == SAMPLE:
            self._sample, self._is_fresh = (self.outputs, self.inputs), True
            return ""
        for pattern, action in COMMANDS:
            if (found := pattern.fullmatch(text)) and found[1] == self.module:
                return action(self, found)
        return ""

    def read(self, found: re.Match[str]) -> str:
        """Answer `$`: configuration, sampled data, reset flag, live data, name, version."""
        match found[2]:
            case "2":
                return f"!{self.module}{self._configuration()}"
            case "4":
                fresh, self._is_fresh = self._is_fresh, False
                return f"!{int(fresh)}{_data(*self._sample)}"
            case "5":
                was_reset, self._was_reset = self._was_reset, False
                return f"!{self.module}{int(was_reset)}"
            case "6":
                return f"!{_data(self.outputs, self.inputs)}"
            case "M":
                return f"!{self.module}4050"
        return f"!{self.module}{self.firmware}"

    def write(self, found: re.Match[str]) -> str:
        """Set all outputs (`00`) or one (`1n`)."""
        where, value = found[2], int(found[3], 16)
        number = int(where[1], 16)
        if where == "00":
            self.outputs = value
        elif where[0] == "1" and number < OUTPUTS and value <= 1:
            self.outputs = self.outputs & ~(1 << number) | value << number
        else:
            return f"?{self.module}"
        return ">"

    def configure(self, found: re.Match[str]) -> str:
        """Move it to another address; anything else needs INIT*."""
        if found[3] != self._configuration():
            return f"?{self.module}"
        self.module = found[2]
        return f"!{self.module}"

    def _configuration(self) -> str:
        return f"{KIND:02X}{BAUD_9600:02X}{CHECKSUM_BIT * self.has_checksum:02X}"

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        number, _, level = argument.partition(":")
        if verb == "reboot":
            self._power_up()
        elif verb in NAMED:
            self.set_input(NAMED[verb], is_open=True)
        elif verb == "input" and number.isdigit() and level in {"0", "1"}:
            self.set_input(int(number), is_open=level == "1")
        else:
            raise ValueError(f"a module has no fault {verb!r} with {argument!r}")

    def clear(self, verb: str) -> None:
        """End it: that contact closes; for input, all of them."""
        if verb in NAMED:
            self.set_input(NAMED[verb], is_open=False)
        elif verb == "input":
            self.inputs = 0


COMMANDS = (
    (READ, Adam4050Twin.read),
    (WRITE, Adam4050Twin.write),
    (CONFIGURE, Adam4050Twin.configure),
)


def _data(outputs: int, inputs: int) -> str:
    return f"{outputs:02X}{inputs:02X}00"


def _sum(data: bytes) -> bytes:
    return b"%02X" % (sum(data) & 0xFF)
