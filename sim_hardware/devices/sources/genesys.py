# SPDX-License-Identifier: Apache-2.0
"""Twin of a TDK-Lambda Genesys supply, GEN dialect, before an inverter and a coil.

Documented (Genesys user manual, chapter 7; pymeasure's driver): addressing, OK to every setting,
error words, checksum, backspace, a backslash for the last command, PV? giving back what was sent,
12 characters to a number, STT?, what RST sets, event registers that FEVE?, SEVE? and CLS clear and
RST does not, `!nn`, AST, global commands that every supply obeys in silence; a public driver: SAV
and RCL keep OUT too, LLO comes back as REM. Assumed: fold-back trips after 0.25 s and FBD tenths,
ends with OUT 1; with AST ON a closed ENABLE contact brings the output back; enable registers are 00
after power-on; RCL brings no output back during a fault; two supplies on one line share nothing.
"""

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.sources.dc_stage import DcStage
from sim_hardware.devices.sources.genesys_commands import (
    BARE,
    GLOBALS,
    ON_OFF,
    QUERIES,
    SETTERS,
    Settings,
)

BACKSPACE, ADDRESS_MAX = 0x08, 30
FOLD_S, FOLD_STEP_S = 0.25, 0.1
CV, CC, NO_FAULT, FAULT, AUTO, FOLD_ENABLED, LOCAL = 1, 2, 4, 8, 16, 32, 128
FOLD, ENABLE_OPEN = 8, 128
INPUTS = {"ac": 2, "otp": 4, "ovp": 16, "shut_off": 32, "enable": ENABLE_OPEN}
"""What `input` opens: the bits of FR."""


class GenesysTwin(StageFaults, LineTwin):
    """One supply at one address. With a checksum in the command, the reply carries one.

    Faults: those of StageFaults; reboot (with AST ON the output comes back); panel_change
    (`amps:5`, `volts:20`, `on`, `off`, `local`, `restart:on`); input (`enable:open`,
    `enable:closed`; the same for `ac`, `otp`, `ovp`, `shut_off`).
    """

    ends = b"\r"
    model = "GEN40-38"

    def __init__(
        self,
        serial: str = "SIM0001",
        start_s: float = 0.0,
        address: int = 6,
        field_a_per_m_per_a: float = 300.0,
    ) -> None:
        super().__init__()
        self.serial, self.address = twin_serial(serial), address
        self.dc = DcStage(start_s, field_a_per_m_per_a)
        self.stage = self.dc.stage
        self.settings = Settings()
        self.enables, self.events = {"F": 0, "S": 0}, {"F": 0, "S": 0}
        self._saved, self._saved_on = Settings(), False
        self._open, self._folded, self._was_on = 0, False, False
        self._fold_at: float | None = None
        self._seen = {"F": 0, "S": self.states()}
        self._is_called, self._last = False, ""
        self._unasked: Chunks = []

    # ---- bytes -----------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Drop LF, obey backspace."""
        self._settle(t)
        kept = bytearray(self._lines.pop(client, b""))
        replies: Chunks = []
        for byte in data.replace(b"\n", b""):
            if byte == BACKSPACE:
                del kept[-1:]
                continue
            kept.append(byte)
            if byte == self.ends[0]:
                replies += super().feed(bytes(kept), t, client)
                kept.clear()
        self._lines[client] = bytes(kept)
        return replies

    def empty(self, t: float) -> bytes:
        """A bare CR is answered, once this supply was called."""
        return b"OK\r" if self._is_called else b""

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Judge the checksum, then obey."""
        text = line.decode("ascii", "replace").strip().upper()
        text = self._last if text == "\\" else text
        self._last = text
        body, dollar, given = text.partition("$")
        if dollar and given != _sum(body):
            return self._said("C04", checked=True) if self._is_called else b""
        said = self._run(body.strip(), t)
        self._settle(t)
        return self._said(said, checked=bool(dollar)) if said else b""

    def _said(self, text: str, *, checked: bool) -> bytes:
        return (f"{text}${_sum(text)}\r" if checked else f"{text}\r").encode()

    def _run(self, text: str, t: float) -> str:
        name, _, argument = text.partition(" ")
        argument = argument.strip()
        if name == "ADR" and argument.isdecimal() and int(argument) <= ADDRESS_MAX:
            self._is_called = int(argument) == self.address
            return "OK" if self._is_called else ""
        if name in GLOBALS:
            self._set(GLOBALS[name], argument)
            return ""
        if not self._is_called:
            return ""
        return QUERIES[name](self, t) if name in QUERIES else self._set(name, argument)

    def _set(self, name: str, argument: str) -> str:
        action = SETTERS.get(name)
        if action is None:
            return "C01"
        if name not in BARE and not argument:
            return "C02"
        return action(self, argument)

    # ---- state -----------------------------------------------------------------------------------

    @property
    def faults(self) -> int:
        """FR."""
        return self._open | (FOLD if self._folded else 0)

    def states(self) -> int:
        """SR; with the output off neither CV nor CC."""
        bits = FAULT if self.faults else NO_FAULT
        if self.dc.is_on:
            bits |= CC if self.dc.is_cc else CV
        bits |= AUTO if self.settings.flags["AST"] else 0
        bits |= FOLD_ENABLED if self.settings.flags["FLD"] else 0
        return bits | (LOCAL if self.settings.mode == "LOC" else 0)

    def mode(self) -> str:
        """MODE?."""
        return "OFF" if not self.dc.is_on else "CC" if self.dc.is_cc else "CV"

    def switch(self, argument: str) -> str:
        """OUT: 1 ends fold-back, and is refused during any other fault."""
        if argument not in ON_OFF:
            return "C03"
        if ON_OFF[argument] and self._open:
            return "E07"
        self.dc.is_on = self._was_on = ON_OFF[argument]
        self._folded = False
        return "OK"

    def reset(self) -> str:
        """RST: a safe and known state; registers stay."""
        self.settings = Settings()
        self.dc.is_on = self._was_on = self._folded = False
        return "OK"

    def save(self) -> str:
        """SAV."""
        self._saved, self._saved_on = self.settings.copy(), self.dc.is_on
        return "OK"

    def recall(self) -> str:
        """RCL: the saved settings, the output's state among them."""
        self.settings = self._saved.copy()
        self.settings.mode = "REM" if self.settings.mode == "LLO" else self.settings.mode
        self.dc.is_on = self._was_on = self._saved_on and not self.faults
        return "OK"

    def event(self, which: str) -> int:
        """An event register, which reading clears."""
        value, self.events[which] = self.events[which], 0
        return value

    def _settle(self, t: float) -> None:
        """Let stage, fold-back, output and registers follow what has changed."""
        self.stage.elapse(t)
        self.dc.set_v, self.dc.set_a = (
            float(self.settings.texts["PV"]),
            float(self.settings.texts["PC"]),
        )
        self._fold(t)
        if self.faults:
            self.dc.is_on = False
        elif self._was_on and self.settings.flags["AST"]:
            self.dc.is_on = True
        self.dc.follow(t)
        for which, now in (("F", self.faults), ("S", self.states())):
            new = now & ~self._seen[which] & self.enables[which]
            self._seen[which] = now
            self.events[which] |= new
            if new:
                self._unasked.append((t, f"!{self.address:02d}\r".encode()))

    def _fold(self, t: float) -> None:
        is_due = self.settings.flags["FLD"] and self.dc.is_on and self.dc.is_cc
        if not is_due:
            self._fold_at = None
        elif self._fold_at is None:
            self._fold_at = t + FOLD_S + FOLD_STEP_S * int(self.settings.texts["FBD"])
        elif t >= self._fold_at:
            self._folded, self.dc.is_on, self._was_on = True, False, False

    # ---- what comes unasked --------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when a service request, or a fold-back, is due."""
        due = [at for at, _ in self._unasked] + ([self._fold_at] if self._fold_at else [])
        return min(due, default=None)

    def advance(self, t: float) -> Chunks:
        """Return the service requests that are due."""
        self._settle(t)
        due = [row for row in self._unasked if row[0] <= t]
        self._unasked = [row for row in self._unasked if row[0] > t]
        return due

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        name, _, value = argument.partition(":")
        if verb == "reboot":
            self._reboot()
        elif verb == "input" and name in INPUTS and value in {"open", "closed"}:
            self._open &= ~INPUTS[name]
            self._open |= INPUTS[name] if value == "open" else 0
        elif verb == "panel_change":
            self._turn_knob(name, value)
        else:
            super().inject(verb, argument, t)
        self._settle(t)

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "input":
            self._open = 0
        else:
            super().clear(verb)

    def _reboot(self) -> None:
        """Power-on: nobody is called. Safe start, or with AST ON as it was before."""
        if not self.settings.flags["AST"]:
            self.dc.is_on = self._was_on = False
            self.settings.texts |= {"PV": "0", "PC": "0"}
        self.settings.mode, self._is_called, self._last = "REM", False, ""
        self.enables, self.events = {"F": 0, "S": 0}, {"F": 0, "S": 0}
        self._lines.clear()

    def _turn_knob(self, name: str, value: str) -> None:
        if name in {"amps", "volts"}:
            self.settings.texts["PC" if name == "amps" else "PV"] = f"{float(value):g}"
        elif name == "local":
            self.settings.mode = "LOC"
        elif name in {"on", "off"}:
            self.dc.is_on = self._was_on = name == "on" and not self._open
        elif name == "restart":
            self.settings.flags["AST"] = value == "on"
        else:
            raise ValueError(f"panel_change: {name!r} is no amps, volts, on, off, local, restart")


def _sum(text: str) -> str:
    return f"{sum(text.encode('ascii', 'replace')) & 0xFF:02X}"
