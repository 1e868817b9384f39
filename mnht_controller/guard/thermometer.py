# SPDX-License-Identifier: Apache-2.0
"""The guard's own thermometer: a Luxtron FOT that shows one channel, in Celsius, unasked.

A line is 13 bytes of fixed width, `1:  43.02 C` and CR LF; nothing is ever written to the port.
"""

import os
import re
from contextlib import suppress

from mnht_controller.guard.line import LineError, open_tty, path_of

LINE = re.compile(rb"([1-4]):  (\d\d\.\d\d) C ?\r")
LINE_S_MAX = 0.15
"""Two turns of the guard; a line takes 14 ms. Lines are 250 ms apart or more, so what needs longer
lost its end, and what follows is the end of another line."""
NAME = "guard's thermometer"


class Sentences:
    """Finds the numbers of one channel in a stream of bytes; torn or foreign lines have none."""

    def __init__(self, channel: int) -> None:
        self._channel = b"%d" % channel
        self._buffer: bytes | None = None
        self._began = 0.0

    def take(self, data: bytes, now: float) -> float | None:
        """Give the newest number (°C) among the lines that end here; None: there is none."""
        if self._buffer and not (now - self._began <= LINE_S_MAX):
            self._buffer = None
        if self._buffer is None:  # in the middle of a line: wait for its end
            _, end, data = data.partition(b"\n")
            if not end:
                return None
        *lines, rest = ((self._buffer or b"") + data).split(b"\n")
        if not self._buffer:
            self._began = now
        self._buffer = rest
        found = [match[2] for match in map(LINE.fullmatch, lines)
                 if match and match[1] == self._channel]  # fmt: skip
        return float(found[-1]) if found else None


class OwnThermometer:
    """The port, of which the guard is the only reader."""

    def __init__(self, resource: str, baud: int, channel: int) -> None:
        """Take `ASRL<path>` or a plain path. Raises LineError for anything else."""
        self._path, self._baud, self._channel = path_of(NAME, resource, baud), baud, channel
        self._fd = -1

    def read(self, now: float, *, may_open: bool) -> float | None:
        """Give the newest number (°C) that has come since the last call; None: none has.

        `may_open`: open a port that is not there (yet, or any more), which may take a moment.
        """
        if self._fd < 0 and may_open:
            self._open()
        try:
            if data := os.read(self._fd, 4096):
                return self._sentences.take(data, now)
            self.close()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        return None

    def close(self) -> None:
        """Close. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _open(self) -> None:
        """Open and forget what lay there, if the port is there and free."""
        self._sentences = Sentences(self._channel)
        with suppress(LineError, OSError):
            self._fd = open_tty(NAME, self._path, self._baud, os.O_RDONLY)
            os.read(self._fd, 65_536)
