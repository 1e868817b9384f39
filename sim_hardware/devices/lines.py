# SPDX-License-Identifier: Apache-2.0
"""What twins with a text dialect share: lines in, bytes out, and a serial number that says SIM."""

from sim_hardware.devices.core import Chunks, QuietCore

LATENCY_S = 0.002
LINE_MAX = 256


def twin_serial(serial: str) -> str:
    """Return a twin's serial number; ValueError unless it begins with SIM."""
    if not serial.startswith("SIM"):
        raise ValueError(f"a twin's serial number begins with SIM, not {serial!r}")
    return serial


class LineTwin(QuietCore):
    """Answers one line at a time. Any of `ends` ends a line; empty lines go to `empty`.

    A line longer than LINE_MAX loses its beginning, as a real input buffer's would.
    """

    ends = b"\r\n"
    latency_s = LATENCY_S

    def __init__(self) -> None:
        self._lines: dict[int, bytes] = {}

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Return the whole reply to one line, ends and prompts and all; none: silence."""
        raise NotImplementedError

    def delay_s(self, line: bytes) -> float:
        """Return how long this line's answer takes."""
        return self.latency_s

    def disconnect(self, t: float, client: int) -> None:
        """Forget the client's half line."""
        self._lines.pop(client, None)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Answer every line that has its end."""
        buffer = self._lines.get(client, b"")
        replies: Chunks = []
        for byte in data:
            if byte not in self.ends:
                buffer = (buffer + bytes((byte,)))[-LINE_MAX:]
                continue
            line, buffer = buffer, b""
            if reply := self.answer(line, t, client) if line else self.empty(t):
                replies.append((t + self.delay_s(line), reply))
        self._lines[client] = buffer
        return replies

    def empty(self, t: float) -> bytes:
        """Return what a bare line end is answered with; usually nothing."""
        return b""
