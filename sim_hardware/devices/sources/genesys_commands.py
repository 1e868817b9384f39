# SPDX-License-Identifier: Apache-2.0
"""The GEN command set, row by row: Genesys user manual 7.7, tables 7-1 and 7-2 for what is refused.

Assumed: C05 above the range of PC, UVL, FBD and FILTER; MDAV? and MS? of a supply by itself.
"""

import copy
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

VOLTS_MAX, AMPERES_MAX, OVP_MAX = 40.0, 38.0, 44.0
NUMBER = re.compile(r"(?=.{1,12}$)(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
ON_OFF = MappingProxyType({"1": True, "ON": True, "0": False, "OFF": False})
MODES = ("LOC", "REM", "LLO")
RATES = frozenset({"18", "23", "46"})


class Settings:
    """What SAV saves: numbers as they were sent, flags, who is in control. New: as after RST."""

    def __init__(self) -> None:
        self.texts = {"PV": "0", "PC": "0", "OVP": "44.00", "UVL": "0", "FBD": "0", "FILTER": "18"}
        self.flags = {"AST": False, "FLD": False}
        self.mode = "REM"

    def copy(self) -> "Settings":
        """The same, by itself."""
        return copy.deepcopy(self)

    def number(self, name: str) -> float:
        """A number that was sent."""
        return float(self.texts[name])

    def change(self, name: str, text: str) -> str:
        """Keep a number as it was sent, if it may be. `OK` or the word for why not."""
        if not NUMBER.fullmatch(text):
            return "C03"
        if why := CHECKS[name](self, float(text)):
            return why
        self.texts[name] = text
        return "OK"

    def switch(self, name: str, text: str) -> str:
        """AST, FLD."""
        if text not in ON_OFF:
            return "C03"
        self.flags[name] = ON_OFF[text]
        return "OK"

    def control(self, text: str) -> str:
        """RMT LOC, REM, LLO or 0, 1, 2."""
        names = dict(zip("012", MODES, strict=True)) | {name: name for name in MODES}
        if text not in names:
            return "C03"
        self.mode = names[text]
        return "OK"

    def rate(self, text: str) -> str:
        """FILTER: 18, 23 or 46 Hz."""
        if text not in RATES:
            return "C03" if not text.isdecimal() else "C05"
        self.texts["FILTER"] = text
        return "OK"

    def delay(self, text: str) -> str:
        """FBD: 0 to 255 tenths of a second."""
        return self.change("FBD", text) if text.isdecimal() else "C03"


def _volts(settings: Settings, value: float) -> str:
    if value > 1.05 * VOLTS_MAX or value > 0.95 * settings.number("OVP"):
        return "E01"
    return "E02" if value < settings.number("UVL") else ""


def _protection(settings: Settings, value: float) -> str:
    if value > OVP_MAX:
        return "C05"
    return "E04" if value < settings.number("PV") + 0.05 * VOLTS_MAX else ""


def _under(settings: Settings, value: float) -> str:
    if value > 0.95 * VOLTS_MAX:
        return "C05"
    return "E06" if value > settings.number("PV") else ""


CHECKS: Mapping[str, Callable[[Settings, float], str]] = MappingProxyType(
    {
        "PV": _volts,
        "PC": lambda _, value: "C05" if value > 1.05 * AMPERES_MAX else "",
        "OVP": _protection,
        "UVL": _under,
        "FBD": lambda _, value: "C05" if value > 255 else "",
    }
)


def _enable(twin: Any, which: str, text: str) -> str:  # noqa: ANN401 - the twin this table is for
    if not re.fullmatch(r"[\dA-F]{1,2}", text, re.ASCII):
        return "C03"
    twin.enables[which] = int(text, 16)
    return "OK"


def _clear(twin: Any) -> str:  # noqa: ANN401
    twin.events = {"F": 0, "S": 0}
    return "OK"


def _stt(twin: Any, t: float) -> str:  # noqa: ANN401
    texts = twin.settings.texts
    return (
        f"MV({twin.dc.measured_v(t):.3f}),PV({texts['PV']}),MC({twin.dc.measured_a(t):.4f}),"
        f"PC({texts['PC']}),SR({twin.states():02X}),FR({twin.faults:02X})"
    )


def _dvc(twin: Any, t: float) -> str:  # noqa: ANN401
    texts, volts, amps = twin.settings.texts, twin.dc.measured_v(t), twin.dc.measured_a(t)
    numbers = f"{volts:.3f},{texts['PV']},{amps:.3f},{texts['PC']}"
    return f"{numbers},{texts['OVP']},{texts['UVL']}"


def _text(name: str) -> Callable[[Any, float], str]:
    return lambda twin, _: str(twin.settings.texts[name])


def _flag(name: str) -> Callable[[Any, float], str]:
    return lambda twin, _: "ON" if twin.settings.flags[name] else "OFF"


QUERIES: Mapping[str, Callable[[Any, float], str]] = MappingProxyType(
    {
        **{f"{name}?": _text(name) for name in ("PV", "PC", "OVP", "UVL", "FBD", "FILTER")},
        **{f"{name}?": _flag(name) for name in ("AST", "FLD")},
        "IDN?": lambda twin, t: f"LAMBDA,{twin.model}",
        "REV?": lambda twin, t: "1U1K:1.1",
        "SN?": lambda twin, t: str(twin.serial),
        "DATE?": lambda twin, t: "2020/01/01",
        "MDAV?": lambda twin, t: "1",
        "MS?": lambda twin, t: "1",
        "MV?": lambda twin, t: f"{twin.dc.measured_v(t):.3f}",
        "MC?": lambda twin, t: f"{twin.dc.measured_a(t):.3f}",
        "DVC?": _dvc,
        "STT?": _stt,
        "OUT?": lambda twin, t: "ON" if twin.dc.is_on else "OFF",
        "MODE?": lambda twin, t: str(twin.mode()),
        "RMT?": lambda twin, t: str(twin.settings.mode),
        "FLT?": lambda twin, t: f"{twin.faults:02X}",
        "STAT?": lambda twin, t: f"{twin.states():02X}",
        "FENA?": lambda twin, t: f"{twin.enables['F']:02X}",
        "SENA?": lambda twin, t: f"{twin.enables['S']:02X}",
        "FEVE?": lambda twin, t: f"{twin.event('F'):02X}",
        "SEVE?": lambda twin, t: f"{twin.event('S'):02X}",
    }
)
SETTERS: Mapping[str, Callable[[Any, str], str]] = MappingProxyType(
    {
        "ADR": lambda twin, text: ("C05" if text.isdecimal() else "C03") if text else "C02",
        "PV": lambda twin, text: twin.settings.change("PV", text),
        "PC": lambda twin, text: twin.settings.change("PC", text),
        "OVP": lambda twin, text: twin.settings.change("OVP", text),
        "OVM": lambda twin, text: twin.settings.change("OVP", f"{OVP_MAX:.2f}"),
        "UVL": lambda twin, text: twin.settings.change("UVL", text),
        "OUT": lambda twin, text: twin.switch(text),
        "AST": lambda twin, text: twin.settings.switch("AST", text),
        "FLD": lambda twin, text: twin.settings.switch("FLD", text),
        "FBD": lambda twin, text: twin.settings.delay(text),
        "FBDRST": lambda twin, text: twin.settings.change("FBD", "0"),
        "FILTER": lambda twin, text: twin.settings.rate(text),
        "RMT": lambda twin, text: twin.settings.control(text),
        "FENA": lambda twin, text: _enable(twin, "F", text),
        "SENA": lambda twin, text: _enable(twin, "S", text),
        "RST": lambda twin, text: twin.reset(),
        "CLS": lambda twin, text: _clear(twin),
        "SAV": lambda twin, text: twin.save(),
        "RCL": lambda twin, text: twin.recall(),
    }
)
GLOBALS: Mapping[str, str] = MappingProxyType(
    {"GRST": "RST", "GPV": "PV", "GPC": "PC", "GOUT": "OUT", "GSAV": "SAV", "GRCL": "RCL"}
)
"""For all supplies on the line, called or not; none of them replies (manual 7.8)."""

BARE = frozenset({"ADR", "RST", "CLS", "SAV", "RCL", "OVM", "FBDRST"})
"""Commands that may stand without an argument; ADR then says so itself."""
