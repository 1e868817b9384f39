# SPDX-License-Identifier: Apache-2.0
"""Twin of an Opsens fiber-optic thermometer, HandySens dialect.

Documented (public scripts of labs that own one): commands, `…LF EOT LF` around every reply, the
bare `CHn` header in streams, `Err -NNN`, 57600 baud. Assumed: the identity text, silence after
settings, one line per sample, error numbers, the text in place of a number without a probe.
"""

import math
import re
from collections.abc import Callable, Mapping

from sim_hardware.devices.core import Chunks, QuietCore

LATENCY_S = 0.002
SAMPLE_S = 0.02
END = b"\x04\n"
LINE_MAX = 256
NO_PROBE = "No signal"
DATA = re.compile(r"CH(?:ANNEL)?0*(\d+):DATA\? *(\d*)")
DIAG = re.compile(r"CH(?:ANNEL)?0*(\d+):DIAG\?")
START = re.compile(r"MEAS(?:URE)?:STAR(?:T)?(?: +(\d+|INF(?:INITY)?))?")
STOP = re.compile(r"MEAS(?:URE)?:STOP")
RATE = re.compile(r"MEAS(?:URE)?:RATE +(MIN|MAX|\d+(?:\.\d*)?)")
IDENTITY = re.compile(r"(\*|SYST(?:EM)?:)IDN\?")

Temperature = Callable[[float], float | None]
"""A channel: °C at loop time, None where no probe is plugged in."""


class OpsensTwin(QuietCore):
    """Answers one line at a time; samples each channel every SAMPLE_S seconds of loop time.

    Faults: stream_stall (silent), probe_dropped (one channel silent), no_probe_token (text in
    place of one channel's number).
    """

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        model: str = "HandySens",
    ) -> None:
        if not serial.startswith("SIM"):
            raise ValueError(f"a twin's serial number begins with SIM, not {serial!r}")
        self._channels = dict(channels)
        self._identity = f"Opsens,{model},{serial},1.00"
        self._samples: dict[int, tuple[int, str]] = {}
        self._lines: dict[int, bytes] = {}
        self._stalled = False
        self._dropped: set[int] = set()
        self._tokens: dict[int, str] = {}
        self._stream_left = 0
        self._stream_at = math.inf
        self._period_s = SAMPLE_S

    def disconnect(self, t: float, client: int) -> None:
        """Forget the client's half line."""
        self._lines.pop(client, None)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Run every line that CR or LF ends."""
        *lines, rest = (self._lines.get(client, b"") + data).replace(b"\r", b"\n").split(b"\n")
        self._lines[client] = rest[-LINE_MAX:]
        replies: Chunks = []
        for line in lines:
            if line and (reply := self._answer(line, t)) and not self._stalled:
                replies.append((t + LATENCY_S, reply))
        return replies

    def _answer(self, line: bytes, t: float) -> bytes:
        text = line.decode("ascii", "replace").strip().upper()
        if found := DATA.fullmatch(text):
            return self._data(int(found[1]), int(found[2] or 1), t)
        if IDENTITY.fullmatch(text):
            return _block([self._identity])
        if found := DIAG.fullmatch(text):
            return _block(["signal 82", "lamp 41", "gain 3", "offset 0", "status 0"])
        if found := START.fullmatch(text):
            word = found[1] or "1"
            self._stream_left = int(word) if word.isdigit() else -1
            self._stream_at = t + self._period_s
            return b""
        if STOP.fullmatch(text):
            self._stream_left, self._stream_at = 0, math.inf
            return b""
        if found := RATE.fullmatch(text):
            return self._rate(found[1])
        return _block(["Err -113"])

    def _rate(self, word: str) -> bytes:
        hertz = {"MIN": 10.0, "MAX": 50.0}.get(word)
        hertz = float(word) if hertz is None else hertz
        if not (0.0 < hertz <= 50.0):
            return _block(["Err -222"])
        self._period_s = 1.0 / hertz
        return b""

    def _data(self, channel: int, count: int, t: float) -> bytes:
        if channel not in self._channels:
            return _block(["Err -114"])
        if channel in self._dropped:
            return b""
        return _block([self._sample(channel, t)] * min(max(count, 1), 64))

    def _sample(self, channel: int, t: float) -> str:
        """Return the text of the sample that is current at t; quantized to 0.01 °C."""
        token = self._tokens.get(channel)
        if token is not None:
            return token
        index = int(t / self._period_s + 1e-6)
        last = self._samples.get(channel)
        if last is None or last[0] != index:
            celsius = self._channels[channel](t)
            text = f"{celsius:.2f}" if celsius is not None and math.isfinite(celsius) else NO_PROBE
            last = self._samples[channel] = (index, text)
        return last[1]

    # ---- streaming ------------------------------------------------------------------------------

    def next_at(self) -> float | None:
        """Return when the next streamed block is due."""
        return self._stream_at if self._stream_left else None

    def advance(self, t: float) -> Chunks:
        """Return the streamed blocks that are due: per channel a bare header, then its sample."""
        blocks: Chunks = []
        while self._stream_left and self._stream_at <= t:
            lines: list[str] = []
            for channel in sorted(self._channels.keys() - self._dropped):
                lines += [f"CH{channel}", self._sample(channel, self._stream_at)]
            if not self._stalled:
                blocks.append((self._stream_at + LATENCY_S, _block(lines)))
            self._stream_at += self._period_s
            self._stream_left = max(self._stream_left - 1, -1)
        return blocks

    # ---- faults ---------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault; the argument is a channel, for no_probe_token also `channel:text`."""
        channel, _, text = argument.partition(":")
        if verb == "stream_stall":
            self._stalled = True
        elif verb == "probe_dropped":
            self._dropped.add(self._known(channel))
        elif verb == "no_probe_token":
            self._tokens[self._known(channel)] = text or NO_PROBE
        else:
            raise ValueError(f"a thermometer has no fault {verb!r}")

    def _known(self, channel: str) -> int:
        if not channel.isdigit() or int(channel) not in self._channels:
            raise ValueError(f"no channel {channel!r}: use one of {sorted(self._channels)}")
        return int(channel)

    def clear(self, verb: str) -> None:
        """End one kind of fault on all channels."""
        if verb == "stream_stall":
            self._stalled = False
        elif verb == "probe_dropped":
            self._dropped.clear()
        else:
            self._tokens.clear()


def _block(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode() + END
