# SPDX-License-Identifier: Apache-2.0
"""Twin of an Opsens fiber-optic thermometer, HandySens or PicoM.

Documented (public scripts of labs that own one): commands, `…LF EOT LF` around every reply, the
bare `CHn` header in streams, `Err -NNN`, CR or LF as the end of a command. Assumed: the identity
text, silence after settings, one line per sample, error numbers, what memory gives back, the text
in place of a number without a probe.
"""

import math
import re
from collections.abc import Callable, Mapping

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S = 0.02
END = b"\x04\n"
SAMPLES_MAX = 64
NO_PROBE = "No signal"
RATES_HZ = {"MIN": 10.0, "MAX": 50.0}
HERTZ_MAX = 50.0


class OpsensTwin(LineTwin):
    """Answers one line at a time; samples each channel every SAMPLE_S seconds of loop time.

    Faults: those of ProbeBank; reboot; panel_change (`rate:HZ`, `stream`).
    """

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        model: str = "HandySens",
    ) -> None:
        super().__init__()
        self._identity = f"Opsens,{model},{twin_serial(serial)},1.00"
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._stream_left, self._stream_at = 0, math.inf
        self._memory: list[str] = []

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Find the command's row; a wrong one is an error in band."""
        if self.bank.is_stalled:
            return b""
        text = line.decode("ascii", "replace").strip().upper()
        for pattern, action in COMMANDS:
            if found := pattern.fullmatch(text):
                return action(self, found, t)
        return _block(["Err -113"])

    # ---- commands ------------------------------------------------------------------------------

    def data(self, channel: int, count: int, t: float) -> bytes:
        """The last samples of one channel."""
        if channel not in self.bank.fitted:
            return _block(["Err -114"])
        if channel in self.bank.dropped:
            return b""
        return _block([self._text(channel, t)] * min(max(count, 1), SAMPLES_MAX))

    def start(self, word: str, t: float) -> bytes:
        """Stream so many blocks, or for ever."""
        self._stream_left = int(word) if word.isdigit() else -1
        self._stream_at = t + self.bank.period_s
        return b""

    def stop(self) -> bytes:
        """End the stream."""
        self._stream_left, self._stream_at = 0, math.inf
        return b""

    def rate(self, word: str) -> bytes:
        """How often it samples."""
        hertz = RATES_HZ[word] if word in RATES_HZ else float(word)
        if not (0.0 < hertz <= HERTZ_MAX):
            return _block(["Err -222"])
        self.bank.period_s = 1.0 / hertz
        return b""

    def acquire(self, count: int, t: float) -> bytes:
        """Fill the memory with samples of the first channel."""
        self._memory = [self._text(self.bank.fitted[0], t)] * count
        return b""

    def download(self, count: int, offset: int) -> bytes:
        """Give samples back from memory."""
        return _block(self._memory[offset : offset + count] or ["Err -222"])

    def forget(self) -> bytes:
        """Empty the memory."""
        self._memory = []
        return b""

    def identity(self) -> bytes:
        """Who it is."""
        return _block([self._identity])

    def _text(self, channel: int, t: float) -> str:
        celsius = self.bank.celsius(channel, t)
        return self.bank.token(channel, NO_PROBE) if celsius is None else f"{celsius:.2f}"

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
                lines += [f"CH{channel}", self._text(channel, self._stream_at)]
            if not self.bank.is_stalled:
                blocks.append((self._stream_at + self.latency_s, _block(lines)))
            self._stream_at += self.bank.period_s
            self._stream_left = max(self._stream_left - 1, -1)
        return blocks

    # ---- faults ---------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.stop()
            self.forget()
            self.bank.period_s = SAMPLE_S
        elif verb == "panel_change":
            name, _, value = argument.partition(":")
            if name not in {"rate", "stream"}:
                raise ValueError(f"panel_change: {argument!r} is neither rate:HZ nor stream")
            _ = self.rate(value) if name == "rate" else self.start("INF", t)
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End one kind of fault on all channels."""
        self.bank.clear(verb)


def _block(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode() + END


Action = Callable[[OpsensTwin, re.Match[str], float], bytes]
DIAGNOSIS = ["signal 82", "lamp 41", "gain 3", "offset 0", "status 0"]

COMMANDS: tuple[tuple[re.Pattern[str], Action], ...] = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        (r"CH(?:ANNEL)?0*(\d+):DATA\? *(\d*)",
         lambda twin, found, t: twin.data(int(found[1]), int(found[2] or 1), t)),
        (r"(?:\*|SYST(?:EM)?:)IDN\?", lambda twin, found, t: twin.identity()),
        (r"CH(?:ANNEL)?0*\d+:DIAG\?", lambda twin, found, t: _block(DIAGNOSIS)),
        (r"MEAS(?:URE)?:STAR(?:T)?(?: +(\d+|INF(?:INITY)?))?",
         lambda twin, found, t: twin.start(found[1] or "1", t)),
        (r"MEAS(?:URE)?:STOP", lambda twin, found, t: twin.stop()),
        (r"MEAS(?:URE)?:RATE +(MIN|MAX|\d+(?:\.\d*)?)", lambda twin, found, t: twin.rate(found[1])),
        (r"MEM(?:ORY)?:DEL(?:ETE)?:ALL", lambda twin, found, t: twin.forget()),
        (r"MEM(?:ORY)?:ACQ(?:UIRE)?:STAR(?:T)? +(\d{1,4})",
         lambda twin, found, t: twin.acquire(int(found[1]), t)),
        (r"MEM(?:ORY)?\d*:DOWN(?:LOAD)?\? +(\d+), *(\d+)",
         lambda twin, found, t: twin.download(int(found[1]), int(found[2]))),
    )
)  # fmt: skip
"""What the scripts use, in short and long form."""
