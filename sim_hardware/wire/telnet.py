# SPDX-License-Identifier: Apache-2.0
"""Telnet as RFC 2217 needs it: data, option commands and sub-negotiations, from a byte stream.

Pure. A server's half (RFC 854, 1143): it agrees to the options it knows, once until they change,
and refuses all others each time they are wanted.
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
    """One connection. `send` takes what has to go back; the rest is told in the order it came.

    `on_data` gets data, `on_sub` a sub-negotiation's option and payload, `on_agreed` an option that
    has come on.
    """

    send: Callable[[bytes], None]
    on_data: Callable[[bytes], None]
    on_sub: Callable[[int, bytes], None]
    on_agreed: Callable[[int], None] = lambda option: None
    _command: bytearray = field(default_factory=bytearray)
    _sub: bytearray | None = None
    _on: set[tuple[bool, int]] = field(default_factory=set)

    def feed(self, data: bytes) -> None:
        """Take bytes from the network."""
        plain = bytearray()
        for byte in data:
            if self._command:
                self._continue(byte, plain)
            elif byte == IAC:
                self._command.append(byte)
            else:
                self._data(byte, plain)
        self._flush(plain)

    def _flush(self, plain: bytearray) -> None:
        if plain:
            self.on_data(bytes(plain))
            plain.clear()

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
            self._flush(plain)
            if sub:
                self.on_sub(sub[0], sub[1:])

    def _option(self, verb: int, option: int) -> None:
        is_ours = verb in (DO, DONT)
        yes, no = (WILL, WONT) if is_ours else (DO, DONT)
        was_on = (is_ours, option) in self._on
        if verb in (DONT, WONT):
            if was_on:  # an answer to what is already so would never end
                self._on.discard((is_ours, option))
                self.send(bytes((IAC, no, option)))
        elif option not in AGREED:
            self.send(bytes((IAC, no, option)))
        elif not was_on:
            self._on.add((is_ours, option))
            self.send(bytes((IAC, yes, option)))
            self.on_agreed(option)
