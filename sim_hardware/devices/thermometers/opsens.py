# SPDX-License-Identifier: Apache-2.0
"""Twin of an Opsens fiber-optic thermometer, HandySens or PicoM.

Documented (public scripts of labs that own one): commands, `…LF EOT LF` around every reply, the
bare `CHn` header in streams, `Err -NNN`, CR or LF as the end of a command, an EOT LF alone after
`meas:rate` (one of them waits for it without a limit). Assumed: the same after other settings,
nothing but the stream after `meas:start`, the identity text, one line per sample, the oldest first,
error numbers, that a channel's memory has its own number, the text in place of a number without a
probe, 10 to 50 samples a second and 50 after power-up.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S = 0.02
END = b"\x04\n"
SAMPLES_MAX = 64
NO_PROBE = "No signal"
RATES_HZ = MappingProxyType({"MIN": 10.0, "MAX": 50.0})
HERTZ_MAX = 50.0
REBOOTED = "MAX"
"""Which is SAMPLE_S."""

Lines = list[str]


class Headers(Enum):
    """Where a bare `CHn` line stands before the samples."""

    NONE, STREAM, ALL = range(3)


class OpsensTwin(LineTwin):
    """Answers one line at a time; samples each channel every SAMPLE_S seconds of loop time.

    Faults: those of ProbeBank; reboot; panel_change (`rate:HZ`, `stream`); lost_eot.
    """

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        model: str = "HandySens",
        headers: Headers = Headers.STREAM,
    ) -> None:
        super().__init__()
        self._identity = f"Opsens,{model},{twin_serial(serial)},1.00"
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._headers, self._end = headers, END
        self._stream_left, self._stream_at = 0, math.inf
        self._samples: dict[int, deque[tuple[int, str]]] = {
            n: deque(maxlen=SAMPLES_MAX) for n in self.bank.fitted
        }
        self._memory: dict[int, list[str]] = {}

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Find the command's row; a wrong one is an error in band."""
        if self.bank.is_stalled:
            return b""
        text = line.decode("ascii", "replace").strip().upper()
        for pattern, action in COMMANDS:
            if found := pattern.fullmatch(text):
                lines = action(self, found, t)
                return b"" if lines is None else self._closed(lines)
        return self._closed(["Err -113"])

    def _closed(self, lines: Lines) -> bytes:
        """The whole reply; that to a setting is its end alone."""
        return "".join(f"{line}\n" for line in lines).encode() + self._end

    # ---- commands ------------------------------------------------------------------------------

    def data(self, channel: int, count: int, t: float) -> Lines | None:
        """The last samples of one channel that anybody asked for, the newest last."""
        if channel not in self.bank.fitted:
            return ["Err -114"]
        if channel in self.bank.dropped:
            return None
        count = min(max(count, 1), SAMPLES_MAX)
        self._take(channel, t)
        texts = [text for _, text in self._samples[channel]][-count:]
        header = [f"CH{channel}"] if self._headers is Headers.ALL else []
        return header + [texts[0]] * (count - len(texts)) + texts

    def diagnosis(self, channel: int) -> Lines:
        """Five lines about one channel."""
        return list(DIAGNOSIS) if channel in self.bank.fitted else ["Err -114"]

    def start(self, word: str, t: float) -> None:
        """Stream so many blocks, or for ever: the stream is the reply."""
        self._stream_left = int(word) if word.isdigit() else -1
        self._stream_at = t + self.bank.period_s

    def stop(self) -> Lines:
        """End the stream."""
        self._stream_left, self._stream_at = 0, math.inf
        return []

    def rate(self, word: str) -> Lines:
        """How often it samples."""
        hertz = RATES_HZ[word] if word in RATES_HZ else float(word)
        if not (0.0 < hertz <= HERTZ_MAX):
            return ["Err -222"]
        self.bank.period_s = 1.0 / hertz
        for samples in self._samples.values():
            samples.clear()
        return []

    def acquire(self, count: int, t: float) -> Lines:
        """Fill the memory of every channel with its present sample."""
        self._memory = {n: [self._take(n, t)] * count for n in self.bank.fitted}
        return []

    def download(self, channel: int, count: int, offset: int) -> Lines:
        """Give samples back from memory."""
        return self._memory.get(channel, [])[offset : offset + count] or ["Err -222"]

    def forget(self) -> Lines:
        """Empty the memory."""
        self._memory = {}
        return []

    def identity(self) -> Lines:
        """Who it is."""
        return [self._identity]

    def _take(self, channel: int, t: float) -> str:
        celsius = self.bank.celsius(channel, t)
        text = self.bank.token(channel, NO_PROBE) if celsius is None else f"{celsius:.2f}"
        samples, index = self._samples[channel], int(t / self.bank.period_s + 1e-6)
        if samples and samples[-1][0] == index:
            samples.pop()
        samples.append((index, text))
        return text

    # ---- streaming ------------------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when the next streamed block is due."""
        return self._stream_at if self._stream_left else None

    def advance(self, t: float) -> Chunks:
        """Return the streamed blocks that are due: per channel a bare header, then its sample."""
        blocks: Chunks = []
        while self._stream_left and self._stream_at <= t:
            lines: list[str] = []
            for channel in self.bank.numbers:
                header = [] if self._headers is Headers.NONE else [f"CH{channel}"]
                lines += [*header, self._take(channel, self._stream_at)]
            if lines and not self.bank.is_stalled:
                blocks.append((self._stream_at + self.latency_s, self._closed(lines)))
            self._stream_at += self.bank.period_s
            self._stream_left = max(self._stream_left - 1, -1)
        return blocks

    # ---- faults ---------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.stop()
            self.forget()
            self.rate(REBOOTED)
        elif verb == "lost_eot":
            self._end = b""
        elif verb == "panel_change":
            name, _, value = argument.partition(":")
            if name not in {"rate", "stream"}:
                raise ValueError(f"panel_change: {argument!r} is neither rate:HZ nor stream")
            if name == "rate":
                self.rate(value)
            else:
                self.start("INF", t)
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End one kind of fault on all channels."""
        if verb == "lost_eot":
            self._end = END
        else:
            self.bank.clear(verb)


Action = Callable[[OpsensTwin, re.Match[str], float], Lines | None]
DIAGNOSIS = ("signal 82", "lamp 41", "gain 3", "offset 0", "status 0")

COMMANDS: tuple[tuple[re.Pattern[str], Action], ...] = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        (r"CH(?:ANNEL)?0*(\d+):DATA\? *(\d*)",
         lambda twin, found, t: twin.data(int(found[1]), int(found[2] or 1), t)),
        (r"(?:\*|SYST(?:EM)?:)IDN\?", lambda twin, found, t: twin.identity()),
        (r"CH(?:ANNEL)?0*(\d+):DIAG\?", lambda twin, found, t: twin.diagnosis(int(found[1]))),
        (r"MEAS(?:URE)?:STAR(?:T)?(?: +(\d+|INF(?:INITY)?))?",
         lambda twin, found, t: twin.start(found[1] or "1", t)),
        (r"MEAS(?:URE)?:STOP", lambda twin, found, t: twin.stop()),
        (r"MEAS(?:URE)?:RATE +(MIN|MAX|\d+(?:\.\d*)?)", lambda twin, found, t: twin.rate(found[1])),
        (r"MEM(?:ORY)?:DEL(?:ETE)?:ALL", lambda twin, found, t: twin.forget()),
        (r"MEM(?:ORY)?:ACQ(?:UIRE)?:STAR(?:T)? +(\d{1,4})",
         lambda twin, found, t: twin.acquire(int(found[1]), t)),
        (r"MEM(?:ORY)?0*(\d*):DOWN(?:LOAD)?\? +(\d+), *(\d+)",
         lambda twin, found, t: twin.download(int(found[1] or 1), int(found[2]), int(found[3]))),
    )
)  # fmt: skip
"""What the scripts use, in short and long form."""
