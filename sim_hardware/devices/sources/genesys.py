# SPDX-License-Identifier: Apache-2.0
"""Twin of a TDK-Lambda Genesys supply, GEN dialect, before an inverter and a coil.

Documented (Genesys user manual, serial chapter; pymeasure's tests): addressing, OK to every set,
error words, the checksum, backspace, a backslash for the last command, PV? giving back what was
sent, STT?, the event registers that reading clears, `!nn`. Assumed: the open ENABLE contact keeps
the output off after it has closed again.
"""

import re
from collections.abc import Callable

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.sources.dc_stage import DcStage

BACKSPACE = 0x08
VOLTS_MAX, AMPERES_MAX = 40.0, 38.0
NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
ON_OFF = {"1": True, "ON": True, "0": False, "OFF": False}
ENABLE_OPEN, NO_FAULT, FAULT, AUTO, LOCAL = 128, 4, 8, 16, 128
MODES = ("LOC", "REM", "LLO")


class GenesysTwin(StageFaults, LineTwin):
    """One supply at one address. With a checksum in the command, the reply carries one.

    Faults: those of StageFaults; reboot (with AST ON the output comes back); panel_change
    (`amps:5`, `on`, `off`, `local`); input (`enable:open`, `enable:closed`).
    """

    ends = b"\r"

    def __init__(
        self,
        serial: str = "SIM0001",
        start_s: float = 0.0,
        address: int = 6,
        a_per_m_per_a: float = 300.0,
    ) -> None:
        super().__init__()
        self.serial, self.address = twin_serial(serial), address
        self.dc = DcStage(start_s, a_per_m_per_a)
        self.stage = self.dc.stage
        self.texts = {"PV": "0", "PC": "0", "OVP": "44.00", "UVL": "0"}
        self.flags = {"AST": False, "FLD": False}
        self.mode, self.enables = "REM", {"FENA": 0, "SENA": 0}
        self.events = {"FEVE": 0, "SEVE": 0}
        self.is_enable_open = False
        self._is_called, self._last = False, ""
        self._unasked: list[tuple[float, bytes]] = []

    # ---- bytes -----------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Drop LF, obey backspace."""
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
        self.stage.elapse(t)
        text = line.decode("ascii", "replace").strip().upper()
        text = self._last if text == "\\" else text
        self._last = text
        body, dollar, given = text.partition("$")
        if dollar and given != _sum(body):
            return self._said("C04", checked=True) if self._is_called else b""
        said = self._run(body.strip(), t)
        return self._said(said, checked=bool(dollar)) if said else b""

    def _said(self, text: str, *, checked: bool) -> bytes:
        return (f"{text}${_sum(text)}\r" if checked else f"{text}\r").encode()

    def _run(self, text: str, t: float) -> str:
        name, _, argument = text.partition(" ")
        if name == "ADR":
            self._is_called = argument.strip().lstrip("0") == str(self.address).lstrip("0")
            return "OK" if self._is_called else ""
        if not self._is_called:
            return ""
        if name in QUERIES:
            return QUERIES[name](self, t)
        action = SETTERS.get(name)
        if action is None:
            return "C01"
        if not argument and name not in BARE:
            return "C02"
        said = action(self, argument.strip(), t)
        self._follow(t)
        return said

    # ---- state -----------------------------------------------------------------------------------

    @property
    def faults(self) -> int:
        """FR."""
        return ENABLE_OPEN if self.is_enable_open else 0

    def states(self, t: float) -> int:
        """SR: constant current while it is on, faults, automatic restart, local."""
        bits = FAULT if self.faults else NO_FAULT
        bits |= 2 if self.dc.is_on else 0
        bits |= AUTO if self.flags["AST"] else 0
        return bits | (LOCAL if self.mode == "LOC" else 0)

    def _follow(self, t: float) -> None:
        self.dc.set_v, self.dc.set_a = float(self.texts["PV"]), float(self.texts["PC"])
        if self.faults:
            self.dc.is_on = False
        self.dc.follow(t)

    # ---- commands ------------------------------------------------------------------------------

    def set_number(self, name: str, argument: str, high: float) -> str:
        """PV, PC, OVP, UVL: kept as they were sent."""
        if not NUMBER.fullmatch(argument):
            return "C03"
        value = float(argument)
        if value > 1.05 * high:
            return "C05"
        if name == "PV" and value > 0.95 * float(self.texts["OVP"]):
            return "E01"
        self.texts[name] = argument
        return "OK"

    def set_output(self, argument: str, t: float) -> str:
        """OUT 1, OUT 0."""
        if argument not in ON_OFF:
            return "C03"
        if ON_OFF[argument] and self.faults:
            return "E07"
        self.dc.is_on = ON_OFF[argument]
        return "OK"

    def set_flag(self, name: str, argument: str) -> str:
        """AST, FLD."""
        if argument not in ON_OFF:
            return "C03"
        self.flags[name] = ON_OFF[argument]
        return "OK"

    def set_mode(self, argument: str) -> str:
        """RMT LOC, REM, LLO or 0, 1, 2."""
        names = dict(zip("012", MODES, strict=True)) | {name: name for name in MODES}
        if argument not in names:
            return "C03"
        self.mode = names[argument]
        return "OK"

    def set_enable(self, name: str, argument: str) -> str:
        """FENA, SENA: two hexadecimal digits."""
        if not re.fullmatch(r"[\dA-F]{1,2}", argument):
            return "C03"
        self.enables[name] = int(argument, 16)
        return "OK"

    def reset(self, t: float) -> str:
        """RST: zero, off."""
        self.texts |= {"PV": "0", "PC": "0"}
        self.dc.is_on = False
        self.flags = {"AST": False, "FLD": False}
        return "OK"

    def stt(self, t: float) -> str:
        """Everything in one line."""
        volts, amps = self.dc.measured_v(t), self.dc.measured_a(t)
        return (
            f"MV({volts:.3f}),PV({self.texts['PV']}),MC({amps:.4f}),PC({self.texts['PC']}),"
            f"SR({self.states(t):02X}),FR({self.faults:02X})"
        )

    def dvc(self, t: float) -> str:
        """Six numbers."""
        volts, amps = self.dc.measured_v(t), self.dc.measured_a(t)
        texts = self.texts
        return f"{volts:.3f},{texts['PV']},{amps:.3f},{texts['PC']},{texts['OVP']},{texts['UVL']}"

    def event(self, name: str) -> str:
        """An event register, which reading clears."""
        value, self.events[name] = self.events[name], 0
        return f"{value:02X}"

    # ---- what comes unasked --------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when a service request is due."""
        return self._unasked[0][0] if self._unasked else None

    def advance(self, t: float) -> Chunks:
        """Return the service requests that are due."""
        self.stage.elapse(t)
        due = [row for row in self._unasked if row[0] <= t]
        self._unasked = [row for row in self._unasked if row[0] > t]
        return due

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            if not self.flags["AST"]:
                self.reset(t)
            self._is_called = False
        elif verb == "input" and argument in {"enable:open", "enable:closed"}:
            self.is_enable_open = argument.endswith("open")
            self.events["FEVE"] |= self.faults & self.enables["FENA"]
            if self.events["FEVE"]:
                self._unasked.append((t, f"!{self.address:02d}\r".encode()))
        elif verb == "panel_change":
            self._turn_knob(argument)
        else:
            super().inject(verb, argument, t)
        self._follow(t)

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "input":
            self.is_enable_open = False
        else:
            super().clear(verb)

    def _turn_knob(self, argument: str) -> None:
        name, _, value = argument.partition(":")
        if name == "amps":
            self.texts["PC"] = value
        elif name == "local":
            self.mode = "LOC"
        elif name in {"on", "off"}:
            self.dc.is_on = name == "on"
        else:
            raise ValueError(f"panel_change: {argument!r} is none of amps:A, on, off, local")


def _sum(text: str) -> str:
    return f"{sum(text.encode('ascii', 'replace')) & 0xFF:02X}"


Query = Callable[[GenesysTwin, float], str]
Setter = Callable[[GenesysTwin, str, float], str]

QUERIES: dict[str, Query] = {
    "IDN?": lambda twin, t: "LAMBDA,GEN40-38",
    "REV?": lambda twin, t: "1U1K:1.1",
    "SN?": lambda twin, t: twin.serial,
    "DATE?": lambda twin, t: "2020/01/01",
    "PV?": lambda twin, t: twin.texts["PV"],
    "PC?": lambda twin, t: twin.texts["PC"],
    "OVP?": lambda twin, t: twin.texts["OVP"],
    "UVL?": lambda twin, t: twin.texts["UVL"],
    "MV?": lambda twin, t: f"{twin.dc.measured_v(t):.3f}",
    "MC?": lambda twin, t: f"{twin.dc.measured_a(t):.3f}",
    "DVC?": lambda twin, t: twin.dvc(t),
    "STT?": lambda twin, t: twin.stt(t),
    "OUT?": lambda twin, t: "ON" if twin.dc.is_on else "OFF",
    "MODE?": lambda twin, t: "CC" if twin.dc.is_on else "OFF",
    "RMT?": lambda twin, t: twin.mode,
    "AST?": lambda twin, t: "ON" if twin.flags["AST"] else "OFF",
    "FLD?": lambda twin, t: "ON" if twin.flags["FLD"] else "OFF",
    "FBD?": lambda twin, t: "0",
    "FILTER?": lambda twin, t: "18",
    "FLT?": lambda twin, t: f"{twin.faults:02X}",
    "STAT?": lambda twin, t: f"{twin.states(t):02X}",
    "FENA?": lambda twin, t: f"{twin.enables['FENA']:02X}",
    "SENA?": lambda twin, t: f"{twin.enables['SENA']:02X}",
    "FEVE?": lambda twin, t: twin.event("FEVE"),
    "SEVE?": lambda twin, t: twin.event("SEVE"),
}
SETTERS: dict[str, Setter] = {
    "PV": lambda twin, text, t: twin.set_number("PV", text, VOLTS_MAX),
    "PC": lambda twin, text, t: twin.set_number("PC", text, AMPERES_MAX),
    "OVP": lambda twin, text, t: twin.set_number("OVP", text, 1.1 * VOLTS_MAX),
    "UVL": lambda twin, text, t: twin.set_number("UVL", text, VOLTS_MAX),
    "OUT": lambda twin, text, t: twin.set_output(text, t),
    "AST": lambda twin, text, t: twin.set_flag("AST", text),
    "FLD": lambda twin, text, t: twin.set_flag("FLD", text),
    "RMT": lambda twin, text, t: twin.set_mode(text),
    "FENA": lambda twin, text, t: twin.set_enable("FENA", text),
    "SENA": lambda twin, text, t: twin.set_enable("SENA", text),
    "RST": lambda twin, text, t: twin.reset(t),
    "CLS": lambda twin, text, t: "OK",
    "FBD": lambda twin, text, t: "OK",
    "FILTER": lambda twin, text, t: "OK",
    "SAV": lambda twin, text, t: "OK",
    "RCL": lambda twin, text, t: "OK",
    "OVM": lambda twin, text, t: "OK",
}
BARE = frozenset({"RST", "CLS", "SAV", "RCL", "OVM"})
"""Commands without an argument."""
