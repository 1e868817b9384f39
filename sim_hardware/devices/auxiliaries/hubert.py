# SPDX-License-Identifier: Apache-2.0
"""Twin of a HUBERT A1230 linear amplifier: its binary frames, its relay and its interlock.

Documented (A1230-01 manual page 19, A1230-02 manual pages 22 and 23): frames, address 100 for all,
0xFE and 0xFD, 500 ms for a partial frame, the commands. Assumed: which of 0x12 to 0x17 is what,
one byte for what is asked, signal 1 for a closed interlock, an open one opens the relay.
"""

from sim_hardware.devices.core import Chunks, QuietCore

STATUS, IN_50R, IN_100K, RELAY, VOLTAGE, TEMPERATURE, LOSS, ERRORS = 1, 2, 3, 4, 5, 6, 8, 9
START_SET, START_GET, ADDRESS, TYPE, FIRMWARE, HARDWARE = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
MODE_SET, LATCH_RESET, MODE, SIGNAL = 0x53, 0x54, 0x55, 0x56
UNKNOWN, TIMED_OUT, ALL = 0xFE, 0xFD, 100
PARTIAL_S, LATENCY_S = 0.5, 0.003
LATCHING, LIVE, OFF = 0, 1, 2
SETTINGS = {IN_50R: "in_50r", IN_100K: "in_100k", VOLTAGE: "voltage", START_SET: "start"}
ERROR_BITS = {"short": 1, "overload": 2, "hot": 32, "hardware": 128}


class HubertTwin(QuietCore):
    """One amplifier. `closed(t)`: whether what comes in gets out.

    Faults: interlock_open (until cleared), reboot, overload and others of ERROR_BITS by `input`.
    """

    def __init__(self, address: int = 1) -> None:
        self.address = address
        self._buffers: dict[int, tuple[float, bytes]] = {}
        self.is_interlock_closed = True
        self._defaults()

    def _defaults(self) -> None:
        self.in_50r, self.in_100k, self.voltage, self.start = 1, 0, 0, 0x0C
        self.relay, self.errors, self.mode, self.is_latched = 0, 0, LATCHING, False

    def closed(self, t: float) -> bool:
        """Return whether the output is connected."""
        return bool(self.relay)

    def disconnect(self, t: float, client: int) -> None:
        """Forget a partial frame."""
        self._buffers.pop(client, None)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take frames; a partial one is dropped, and said so, after PARTIAL_S."""
        begun, buffer = self._buffers.get(client, (t, b""))
        replies: Chunks = []
        if buffer and t - begun > PARTIAL_S:
            replies.append((begun + PARTIAL_S, bytes((3, self.address, TIMED_OUT))))
            buffer = b""
        begun, buffer = (begun if buffer else t), buffer + data
        while buffer and 3 <= buffer[0] <= len(buffer):
            frame, buffer, begun = buffer[: buffer[0]], buffer[buffer[0] :], t
            if frame[1] in (self.address, ALL):
                replies.append((t + LATENCY_S, self._answer(frame[2], frame[3:])))
        if buffer and buffer[0] < 3:
            buffer = b""  # no frame begins so
        self._buffers[client] = (begun, buffer)
        return [(max(at, t), said) for at, said in replies]

    def _answer(self, command: int, parameters: bytes) -> bytes:
        if parameters:
            known = self._set(command, parameters[0])
            body = bytes((command if known else UNKNOWN,))
        else:
            value = self._get(command)
            body = bytes((UNKNOWN,)) if value is None else bytes((command, value))
        return bytes((len(body) + 2, self.address)) + body

    def _set(self, command: int, value: int) -> bool:
        if command == RELAY:
            self.relay = int(value == 1 and self._is_permitted())
        elif command == MODE_SET and value in (LATCHING, LIVE):
            self.mode = value
        elif command == LATCH_RESET:
            self.is_latched = not self.is_interlock_closed
        elif command in SETTINGS:
            setattr(self, SETTINGS[command], value)
        else:
            return False
        return True

    def _get(self, command: int) -> int | None:
        return {
            STATUS: self._status(), TEMPERATURE: 31, LOSS: 12, ERRORS: self.errors,
            START_GET: self.start, ADDRESS: self.address, TYPE: 0x10, FIRMWARE: 0x21,
            HARDWARE: 0x11, 0x16: 0, 0x17: 0, MODE: self.mode,
            SIGNAL: int(self.is_interlock_closed and not self.is_latched),
        }.get(command)  # fmt: skip

    def _status(self) -> int:
        is_ready = self._is_permitted()
        bits = int(is_ready) | (2 if self.errors & 0b11110 else 0) | (4 if self.errors & 96 else 0)
        return bits | self.relay << 3 | self.in_50r << 4 | self.in_100k << 5 | 0xC0

    def _is_permitted(self) -> bool:
        is_closed = self.mode == OFF or (self.is_interlock_closed and not self.is_latched)
        return is_closed and not self.errors

    # ---- faults --------------------------------------------------------------------------------

    def set_interlock(self, *, closed: bool) -> None:
        """Move the interlock's contact; an open one opens the relay, and stays so if it latches."""
        self.is_interlock_closed = closed
        if not closed and self.mode != OFF:
            self.relay = 0
            self.is_latched = self.mode == LATCHING

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._defaults()
        elif verb == "input" and argument in {"interlock:open", "interlock:closed"}:
            self.set_interlock(closed=argument.endswith("closed"))
        elif verb == "panel_change" and argument in ERROR_BITS:
            self.errors |= ERROR_BITS[argument]
            self.relay = 0
        else:
            raise ValueError(f"an amplifier has no fault {verb!r} with {argument!r}")

    def clear(self, verb: str) -> None:
        """End it; a latch stays until it is reset."""
        if verb == "input":
            self.set_interlock(closed=True)
        else:
            self.errors = 0
