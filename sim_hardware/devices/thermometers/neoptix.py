# SPDX-License-Identifier: Apache-2.0
"""Twin of a Neoptix Reflex (Omega FOB100) thermometer.

Documented (Omega FOB100 manual, pages 13-16): commands, prompt, `Errx`, `---.-`, Err1 while warming
up, the streamed line, `y` with its asterisk inside a line. Assumed: the lines of `i`, Err2 for what
is not understood, how long sleep takes, how long warming up takes.
"""

import re
from collections.abc import Callable, Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S, SLOW_SAMPLES = 0.1, 4
SLEEP_S, WARM_UP_S = 0.4, 0.0
NO_PROBE = "---.-"
DONE, WARMING, UNKNOWN = "*", "Err1", "Err2"


class NeoptixTwin(LineTwin):
    """Answers CR-ended commands; samples every SAMPLE_S.

    Faults: those of ProbeBank; reboot (argument: seconds of warming up), panel_change (`uf`, `uc`,
    `sleep`: somebody used the keypad).
    """

    ends = b"\r"

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        model: str = "Reflex",
    ) -> None:
        super().__init__()
        self._serial, self._model = twin_serial(serial), model
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._warm_at = WARM_UP_S
        self._defaults()

    def _defaults(self) -> None:
        self._is_celsius, self._is_fast = True, True
        self._is_asleep, self._is_streaming, self._is_locked = False, False, False
        self._off: set[int] = set()
        self._stream_at = 0.0

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Find the command's row and answer it, the prompt included."""
        if self.bank.is_stalled:
            return b""
        text = line.decode("ascii", "replace").strip("\n ").lower()
        for pattern, action in COMMANDS:
            if found := pattern.fullmatch(text):
                lines, prompt = action(self, found, t)
                return "".join(f"{row}\r" for row in lines).encode() + prompt.encode()
        return UNKNOWN.encode()

    def delay_s(self, line: bytes) -> float:
        """A sleeping instrument acquires only when it is asked."""
        return SLEEP_S if self._is_asleep and line[:1].lower() == b"t" else self.latency_s

    # ---- streaming ---------------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when the next channel's line is due."""
        return self._stream_at if self._is_streaming and self.bank.numbers else None

    def advance(self, t: float) -> Chunks:
        """Return the streamed lines that are due, one channel after the other."""
        chunks: Chunks = []
        while self._is_streaming and self._stream_at <= t and self.bank.numbers:
            numbers = self.bank.numbers
            channel = numbers[int(self._stream_at / SAMPLE_S + 0.5) % len(numbers)]
            line = f"C:{channel};T: {self._text(channel, self._stream_at)}\r"
            chunks.append((self._stream_at, line.encode()))
            self._stream_at += SAMPLE_S
        return chunks

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._defaults()
            self._warm_at = t + float(argument or 5.0)
        elif verb == "panel_change":
            self._is_asleep = argument == "sleep" or self._is_asleep
            self._is_celsius = argument != "uf" if argument in {"uf", "uc"} else self._is_celsius
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)

    # ---- commands ------------------------------------------------------------------------------

    def _text(self, channel: int, t: float) -> str:
        if channel in self._off:
            return NO_PROBE
        celsius = self.bank.celsius(channel, t)
        if celsius is None:
            return self.bank.token(channel, NO_PROBE)
        return f"{celsius if self._is_celsius else 1.8 * celsius + 32.0:+.1f}"

    def temperatures(self, which: str, t: float) -> "Answer":
        """`t`: all channels, `ti`: one."""
        if t < self._warm_at:
            return [], WARMING
        if which and int(which) not in self.bank.fitted:
            return [], UNKNOWN
        numbers = [int(which)] if which else self.bank.fitted
        return [self._text(n, t) for n in numbers if n not in self.bank.dropped], DONE

    def stream(self, is_on: bool, t: float) -> "Answer":
        """`ta+`, `ta-`."""
        self._is_streaming, self._stream_at = is_on, t + SAMPLE_S
        return [], DONE

    def set_flag(self, name: str, is_on: bool) -> "Answer":
        """Every switch that has a plus and a minus."""
        setattr(self, name, is_on)
        return [], DONE

    def scan(self, text: str) -> "Answer":
        """`e 1 2 -3`: channels to scan; bare: all."""
        words = text.split()
        if not words:
            self._off.clear()
        for word in words:
            channel = abs(int(word))
            (self._off.add if word.startswith("-") else self._off.discard)(channel)
        return [], DONE

    def info(self) -> "Answer":
        """`i`: who it is."""
        mode = "Fast" if self._is_fast else "Slow"
        return [
            f"Model: {self._model}",
            "Option: none",
            f"NB Channel: {len(self.bank.fitted)}",
            f"Mode: {mode}",
            "Scanning rate: 10 Hz",
            f"Serial Number: {self._serial}",
            "Internal Software: 2.10",
        ], DONE

    def powers(self, t: float) -> "Answer":
        """`y`: signal power of each probe; without one it is low and marked."""
        rows = []
        for channel in self.bank.fitted:
            power = "2.61" if self.bank.celsius(channel, t) is not None else "1.09*"
            row = f"CH{channel}: power:{power}, lamp attenuation: 250, CCD time: 50ms (fixed)"
            rows.append(row)
        return rows, DONE


Answer = tuple[list[str], str]
Action = Callable[[NeoptixTwin, re.Match[str], float], Answer]


def _flag(name: str) -> Action:
    return lambda twin, found, t: twin.set_flag(name, found[1] == "+")


COMMANDS: tuple[tuple[re.Pattern[str], Action], ...] = (
    (re.compile(r"t(\d*)"), lambda twin, found, t: twin.temperatures(found[1], t)),
    (re.compile(r"ta([+-])"), lambda twin, found, t: twin.stream(found[1] == "+", t)),
    (re.compile(r"u([cf])"), lambda twin, found, t: twin.set_flag("_is_celsius", found[1] == "c")),
    (re.compile(r"q([+-])"), _flag("_is_fast")),
    (re.compile(r"p([+-])"), _flag("_is_asleep")),
    (re.compile(r"l([+-])"), _flag("_is_locked")),
    (re.compile(r"e((?: ?-?\d+)*)"), lambda twin, found, t: twin.scan(found[1])),
    (re.compile(r"i"), lambda twin, found, t: twin.info()),
    (re.compile(r"b"), lambda twin, found, t: (["b:32.2"], DONE)),
    (re.compile(r"y"), lambda twin, found, t: twin.powers(t)),
    (re.compile(r"h"), lambda twin, found, t: (["b e f h i l o p q s t u y z"], DONE)),
    (re.compile(r"o [012]|[fsz] \d+ [+-]?\d+(?:\.\d+)?|r"), lambda twin, found, t: ([], DONE)),
)
"""The manual's table."""
