# SPDX-License-Identifier: Apache-2.0
"""Twin of a Neoptix Reflex or Nomad (Omega FOB100, HHTFO101) thermometer.

Documented (Omega FOB100 manual, pages 13-16; HHTFO101, pages 19-20): the commands, the prompt `*`
with nothing after it, `Errx` in its place, `---.-` for a channel without probe or switched off,
Err1 while warming up, the streamed line, `y` with an asterisk inside a line, slow as the mean of
four, sleep that acquires only on `t`. Assumed: the lines of `i` and `h`, Err2 for all that is not
understood, capitals too, Celsius and all channels on after power-up, ten samples a second, 0.4 s to
acquire in sleep, that `b` is in the unit that is set, `f` shifts a channel for good and `l+` stops
the keypad.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S, SLOW_SAMPLES = 0.1, 4
SLEEP_S, WARM_UP_S = 0.4, 5.0
NO_PROBE = "---.-"
DONE, WARMING, UNKNOWN = "*", "Err1", "Err2"
POWER, POWER_WITHOUT = "2.61", "1.09*"
SHOWN_MAX = 999.0


class NeoptixTwin(LineTwin):
    """Answers commands that end in CR; samples every SAMPLE_S. It is warm until it is rebooted.

    Faults: those of ProbeBank (a dropped channel shows `---.-` too); reboot (argument: seconds of
    warming up); panel_change (`uf`, `uc`, `sleep`, `wake`, by the keypad); lost_prompt.
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
        self._warm_at, self._has_prompt = -math.inf, True
        self._free_at = -math.inf
        self._shift_c = dict.fromkeys(channels, 0.0)
        self._defaults()

    def _defaults(self) -> None:
        self._is_celsius, self._is_fast = True, True
        self._is_asleep, self._is_streaming, self._is_locked = False, False, False
        self._off: set[int] = set()
        self._stream_at = 0.0
        self._recent: dict[int, deque[tuple[int, float]]] = {
            n: deque(maxlen=SLOW_SAMPLES) for n in self.bank.fitted
        }

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Find the command's row and answer it, the prompt included."""
        if self.bank.is_stalled:
            return b""
        text = line.decode("ascii", "replace").strip("\n ").lower()
        lines, prompt = self._done(text, t)
        said = "".join(f"{row}\r" for row in lines) + (prompt if self._has_prompt else "")
        return said.encode("ascii", "replace")

    def _done(self, text: str, t: float) -> "Answer":
        for pattern, action in COMMANDS:
            if found := pattern.fullmatch(text):
                return action(self, found, t)
        return [], UNKNOWN

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer in order: what comes while it acquires waits."""
        replies: Chunks = []
        for at, said in super().feed(data, t, client):
            self._free_at = max(at, self._free_at)
            replies.append((self._free_at, said))
        return replies

    def delay_s(self, line: bytes) -> float:
        """A sleeping instrument acquires only when it is asked."""
        return SLEEP_S if self._is_asleep and ASKING.fullmatch(line) else self.latency_s

    # ---- streaming ---------------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when the next channel's line is due."""
        is_on = self._is_streaming and self._scanned() and not self.bank.is_stalled
        return max(self._stream_at, self._warm_at) if is_on else None

    def advance(self, t: float) -> Chunks:
        """Return the line that is due, of one channel after the other; missed ones are gone."""
        due = self.next_at()
        if due is None or due > t:
            return []
        at = due + math.floor((t - due) / SAMPLE_S + 1e-9) * SAMPLE_S
        self._stream_at = at + SAMPLE_S
        numbers = self._scanned()
        channel = numbers[int(at / SAMPLE_S + 0.5) % len(numbers)]
        return [(at, f"C:{channel};T: {self._text(channel, at)}\r".encode())]

    def _scanned(self) -> list[int]:
        return [n for n in self.bank.fitted if n not in self._off]

    @property
    def is_celsius(self) -> bool:
        """Whether it shows Celsius now."""
        return self._is_celsius

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._defaults()
            self._warm_at = t + float(argument or WARM_UP_S)
        elif verb == "panel_change":
            self._press(argument)
        elif verb == "lost_prompt":
            self._has_prompt = False
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "lost_prompt":
            self._has_prompt = True
        else:
            self.bank.clear(verb)

    def _press(self, key: str) -> None:
        if key not in KEYS:
            raise ValueError(f"panel_change: {key!r} is none of {', '.join(KEYS)}")
        if not self._is_locked:
            self.set_flag(*KEYS[key])

    # ---- commands ------------------------------------------------------------------------------

    def _text(self, channel: int, t: float) -> str:
        celsius = None if channel in self._off | self.bank.dropped else self._celsius(channel, t)
        if celsius is None:
            return self.bank.token(channel, NO_PROBE)
        shown = celsius if self._is_celsius else 1.8 * celsius + 32.0
        return f"{shown:+.1f}" if abs(shown) <= SHOWN_MAX else NO_PROBE

    def _celsius(self, channel: int, t: float) -> float | None:
        """The last sample, or in slow mode the mean of those that were asked for of late."""
        celsius, recent = self.bank.celsius(channel, t), self._recent[channel]
        if celsius is None:
            recent.clear()
            return None
        index = int(t / SAMPLE_S + 1e-6)
        if not recent or recent[-1][0] != index:
            recent.append((index, celsius))
        mean = sum(value for _, value in recent) / len(recent)
        return (celsius if self._is_fast else mean) + self._shift_c[channel]

    def temperatures(self, which: str, t: float) -> "Answer":
        """`t`: all channels, `ti`: one."""
        if t < self._warm_at:
            return [], WARMING
        if which and int(which) not in self.bank.fitted:
            return [], UNKNOWN
        return [self._text(n, t) for n in ([int(which)] if which else self.bank.fitted)], DONE

    def stream(self, is_on: bool, t: float) -> "Answer":
        """`ta+`, `ta-`."""
        self._is_streaming, self._stream_at = is_on, t + SAMPLE_S
        return [], DONE

    def set_flag(self, name: str, is_on: bool) -> "Answer":
        """Every switch that has a plus and a minus."""
        setattr(self, name, is_on)
        return [], DONE

    def scan(self, text: str) -> "Answer":
        """`e1 2 -3`: channels to scan, minus those to leave out; bare: all."""
        words = text.split()
        if any(abs(int(word)) not in self.bank.fitted for word in words):
            return [], UNKNOWN
        if not words:
            self._off.clear()
        for word in words:
            (self._off.add if word.startswith("-") else self._off.discard)(abs(int(word)))
        return [], DONE

    def force(self, channel: int, shown: float, t: float) -> "Answer":
        """`f i j`: let channel i show j from now on. This writes a calibration."""
        celsius = self._celsius(channel, t) if channel in self.bank.fitted else None
        if celsius is None:
            return [], UNKNOWN
        wanted = shown if self._is_celsius else (shown - 32.0) / 1.8
        self._shift_c[channel] += wanted - celsius
        return [], DONE

    def info(self) -> "Answer":
        """`i`: who it is."""
        return [
            f"Model: {self._model}",
            "Option: none",
            f"NB Channel: {len(self.bank.fitted)}",
            f"Mode: {'Fast' if self._is_fast else 'Slow'}",
            "Scanning rate: 10 Hz",
            f"Serial Number: {self._serial}",
            "Internal Software: 2.10",
        ], DONE

    def powers(self, t: float) -> "Answer":
        """`y`: signal power of each probe; without one it is low and marked."""
        rows = []
        for channel in self.bank.fitted:
            has_probe = self.bank.celsius(channel, t) is not None
            power = POWER if has_probe else POWER_WITHOUT
            rows.append(
                f"CH{channel}: power:{power}, lamp attenuation: 250, CCD time: 50ms (fixed)"
            )
        return rows, DONE


Answer = tuple[list[str], str]
Action = Callable[[NeoptixTwin, re.Match[str], float], Answer]
ASKING = re.compile(rb"\s*[tT]\d*\s*")
KEYS = MappingProxyType({
    "uf": ("_is_celsius", False), "uc": ("_is_celsius", True),
    "sleep": ("_is_asleep", True), "wake": ("_is_asleep", False),
})  # fmt: skip
HELP = ("b", "e[i j -k]", "f i j", "h", "i", "l+ l-", "o i", "p+ p-", "q+ q-", "s i j",
        "t[i]", "ta+ ta-", "uc uf", "y", "z i j")  # fmt: skip


def _flag(name: str) -> Action:
    return lambda twin, found, t: twin.set_flag(name, found[1] == "+")


COMMANDS: tuple[tuple[re.Pattern[str], Action], ...] = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        (r"t(\d*)", lambda twin, found, t: twin.temperatures(found[1], t)),
        (r"ta([+-])", lambda twin, found, t: twin.stream(found[1] == "+", t)),
        (r"u([cf])", lambda twin, found, t: twin.set_flag("_is_celsius", found[1] == "c")),
        (r"q([+-])", _flag("_is_fast")),
        (r"p([+-])", _flag("_is_asleep")),
        (r"l([+-])", _flag("_is_locked")),
        (r"e((?: ?-?\d+)*)", lambda twin, found, t: twin.scan(found[1])),
        (r"f ?(\d+) ([+-]?\d+(?:\.\d+)?)",
         lambda twin, found, t: twin.force(int(found[1]), float(found[2]), t)),
        (r"i", lambda twin, found, t: twin.info()),
        (r"b", lambda twin, found, t: ([f"b:{'32.2' if twin.is_celsius else '90.0'}"], DONE)),
        (r"y", lambda twin, found, t: twin.powers(t)),
        (r"h", lambda twin, found, t: (list(HELP), DONE)),
        (r"o ?[012]|[sz] ?\d+ [+-]?\d+(?:\.\d+)?|r", lambda twin, found, t: ([], DONE)),
    )
)  # fmt: skip
"""The manual's table."""
