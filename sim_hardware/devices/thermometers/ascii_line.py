# SPDX-License-Identifier: Apache-2.0
"""Twin of some thermometer that answers questions with lines of text, or sends them unasked.

A `Layout` says what a manual would say: questions, how a line is written, its end. The layouts here
are invented: they stand for kinds of instruments (FISO, FOTEMP and others keep theirs to
themselves), and no byte of them is any product's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S, BOOT_S = 0.05, 2.0
SHOWN = MappingProxyType({"c": (1.0, 0.0), "k": (1.0, 273.15), "f": (1.8, 32.0)})


@dataclass(frozen=True, slots=True)
class Layout:
    """Facts as a manual has them. Questions are without their line end, which is CR, LF or both.

    `every` asks for all channels, `each` for one, whose number takes the place of `{n}`. `cell` is
    one channel: `{n}` its number, `{v}` its value. `settings` are commands that are answered with
    `done`. `push_s`: a line unasked so often, once a command of `start` was given, or at once where
    there is none.
    """

    who: str = "?ID"
    name: str = "THERMO 4 {serial}"
    every: str = "?T"
    each: str = "?T{n}"
    cell: str = "T{n}={v}"
    number: str = ".2f"
    between: str = " "
    end: str = "\r\n"
    no_probe: str = "-----"
    unknown: str = "?"
    unit: str = "c"
    counts_per_unit: float = 1.0
    settings: tuple[str, ...] = ()
    done: str = ""
    push_s: float = 0.0
    start: str = ""


ASKED = Layout()
TENTHS = Layout(
    who="?00", name="SIM FO-4 No {serial}", every="", each="?{n:02d}", cell="#{n:02d} {v}",
    number="+05.0f", end="\r", no_probe="+9999", unknown="#ER", counts_per_unit=10.0,
)  # fmt: skip
"""Each channel is asked by address and answers in tenths; a number stands for no probe."""

WORDS = Layout(
    who="*IDN?", name="SIM,FO-4,{serial},1.0", every="MEAS:TEMP? ALL", each="MEAS:TEMP? {n}",
    cell="{v}", number=".1f", between=",", end="\n", no_probe="NO SIGNAL", unknown="ERR 100",
    settings=("UNIT C", "SYST:REM"), done="OK",
)  # fmt: skip
"""Words, and a line of all channels without their numbers; settings are acknowledged."""

PUSHED = Layout(
    who="", every="", each="", cell="{v}", between=";", number="+07.2f", no_probe="OVERRUN",
    unknown="", unit="f", push_s=0.25,
)  # fmt: skip
"""A line four times a second in Fahrenheit, and nothing that could be asked."""


class AsciiLineTwin(LineTwin):
    """Answers and speaks as its layout says.

    Faults: those of ProbeBank (a dropped channel is missing in the line, or silent); reboot
    (argument: seconds of silence; what was set or started is forgotten); panel_change (`c`, `k`,
    `f`: another unit).
    """

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        layout: Layout = ASKED,
    ) -> None:
        super().__init__()
        self._serial, self._layout = twin_serial(serial), layout
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._silent_until = -math.inf
        self._reset(0.0)

    def _reset(self, t: float) -> None:
        self._unit = self._layout.unit
        is_on = self._layout.push_s > 0.0 and not self._layout.start
        self._push_at = t + self._layout.push_s if is_on else math.inf

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Answer a question, obey a setting; anything else gets the layout's word for it."""
        if self.bank.is_stalled or t < self._silent_until:
            return b""
        text, layout = line.decode("ascii", "replace").strip(), self._layout
        if text and text == layout.start:
            self._push_at = t + layout.push_s
            return self._ended(layout.done)
        if text and text == layout.every:
            return self._ended(self._line(t))
        if text and text == layout.who:
            return self._ended(layout.name.format(serial=self._serial))
        return self._ended(layout.done if text in layout.settings else self._one(text, t))

    def _one(self, text: str, t: float) -> str:
        for n in self.bank.fitted if self._layout.each else ():
            if text == self._layout.each.format(n=n):
                return "" if n in self.bank.dropped else self._cell(n, t)
        return self._layout.unknown

    def _ended(self, text: str) -> bytes:
        return (text + self._layout.end).encode("ascii", "replace") if text else b""

    def _line(self, t: float) -> str:
        return self._layout.between.join(self._cell(n, t) for n in self.bank.numbers)

    def _cell(self, channel: int, t: float) -> str:
        celsius, layout = self.bank.celsius(channel, t), self._layout
        if celsius is None:
            value = self.bank.token(channel, layout.no_probe)
        else:
            scale, offset = SHOWN[self._unit]
            value = format(layout.counts_per_unit * (scale * celsius + offset), layout.number)
        return layout.cell.format(n=channel, v=value)

    # ---- what comes unasked ----------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when the next line is due."""
        due = max(self._push_at, self._silent_until)
        return due if math.isfinite(due) and not self.bank.is_stalled else None

    def advance(self, t: float) -> Chunks:
        """Return the line that is due; those that nobody fetched in time are gone."""
        due, period_s = self.next_at(), self._layout.push_s
        if due is None or due > t:
            return []
        at = due + math.floor((t - due) / period_s + 1e-9) * period_s
        self._push_at = at + period_s
        said = self._ended(self._line(at))
        return [(at, said)] if said else []

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._silent_until = t + float(argument or BOOT_S)
            self._reset(self._silent_until)
        elif verb == "panel_change":
            if argument not in SHOWN:
                raise ValueError(f"panel_change: {argument!r} is none of {', '.join(SHOWN)}")
            self._unit = argument
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
