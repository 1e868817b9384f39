# SPDX-License-Identifier: Apache-2.0
"""Telnet as RFC 2217 needs it: data, option commands and sub-negotiations, from a byte stream.

Pure. A server's half: it agrees to the options it knows and refuses all others, once each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, ECHO, SUPPRESS_GO_AHEAD, COM_PORT = 0, 1, 3, 44
AGREED = frozenset({BINARY, ECHO, SUPPRESS_GO_AHEAD, COM_PORT})
SUB_BYTES_MAX = 256


def escaped(data: bytes) -> bytes:
    """Double every IAC."""
    return data.replace(b"\xff", b"\xff\xff")


def sub_negotiation(option: int, payload: bytes) -> bytes:
    """Frame a sub-negotiation."""
    return bytes((IAC, SB, option)) + escaped(payload) + bytes((IAC, SE))


@dataclass(slots=True)
class Telnet:
    """One connection. `send` takes what has to go back; `on_sub` a sub-negotiation's payload."""

    send: Callable[[bytes], None]
    on_sub: Callable[[int, bytes], None]
    _command: bytearray = field(default_factory=bytearray)
    _sub: bytearray | None = None
    _answered: set[tuple[int, int]] = field(default_factory=set)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the network; give the data among them."""
        plain = bytearray()
        for byte in data:
            if self._command:
                self._continue(byte, plain)
            elif byte == IAC:
                self._command.append(byte)
            else:
                self._data(byte, plain)
        return bytes(plain)

    def _data(self, byte: int, plain: bytearray) -> None:
        if self._sub is None:
            plain.append(byte)
        elif len(self._sub) < SUB_BYTES_MAX:
            self._sub.append(byte)

    def _continue(self, byte: int, plain: bytearray) -> None:
        """A command has begun: IAC, and perhaps its verb."""
        if len(self._command) == 2:
            self._option(self._command[1], byte)
            self._command.clear()
            return
        self._command.clear()
        if byte == IAC:
            self._data(IAC, plain)
        elif byte in (DO, DONT, WILL, WONT):
            self._command += bytes((IAC, byte))
        elif byte == SB:
            self._sub = bytearray()
        elif byte == SE and self._sub is not None:
            sub, self._sub = bytes(self._sub), None
            if sub:
                self.on_sub(sub[0], sub[1:])

    def _option(self, verb: int, option: int) -> None:
        if (verb, option) in self._answered:
            return  # an answer to our own answer would never end
        self._answered.add((verb, option))
        yes, no = (WILL, WONT) if verb in (DO, DONT) else (DO, DONT)
        wanted = verb in (DO, WILL) and option in AGREED
        self.send(bytes((IAC, yes if wanted else no, option)))
