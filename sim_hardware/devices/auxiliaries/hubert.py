# SPDX-License-Identifier: Apache-2.0
"""Twin of a HUBERT A1230 linear amplifier: its binary frames, its relays and its interlock.

Documented (A1230-01 manual page 19, A1230-02 manual pages 22 and 23): frames, address 100 for all,
a reply after execution, 0xFE and 0xFD, 500 ms for a partial frame, the commands, bits of 0x01 and
0x09, start configuration 0x0C (voltages high, no input), type 0x10. Assumed: its own address in
0xFE and 0xFD; signal 1 for a closed interlock, which is the input and not the latch; a trip opens
the relay and clears `ready`; an error stays while its cause does; the output relay closes on
power-up, which is the worst that it could do.
"""

from types import MappingProxyType

from sim_hardware.devices.core import Chunks, QuietCore

STATUS, IN_50R, IN_100K, RELAY, VOLTAGE, TEMPERATURE, LOSS, ERRORS = 1, 2, 3, 4, 5, 6, 8, 9
START_SET, START_GET, ADDRESS_SET, ADDRESS_GET, TYPE, FIRMWARE = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
HARDWARE_SET, HARDWARE_GET, ADDRESS_MAX = 0x16, 0x17, 99
MODE_SET, LATCH_RESET, MODE, SIGNAL = 0x53, 0x54, 0x55, 0x56
UNKNOWN, TIMED_OUT, ALL = 0xFE, 0xFD, 100
PARTIAL_S, LATENCY_S, FRAME_MIN, FRAME_MAX = 0.5, 0.003, 3, 16
LATCHING, LIVE, OFF = 0, 1, 2
RELAY_BIT = 3
SETTINGS = MappingProxyType(
    {IN_50R: "in_50r", IN_100K: "in_100k", START_SET: "start", HARDWARE_SET: "hardware"}
)
CONSTANTS = MappingProxyType({TYPE: 0x10, FIRMWARE: 0x21, TEMPERATURE: 31, LOSS: 12})
VOLTAGES = MappingProxyType({0: 0, 1: 3, 2: 1})
"""Low, high, only V+ high: bit 0 for V+, bit 1 for V-."""

ERROR_BITS = MappingProxyType(
    {"short": 1, "current": 2, "loss": 8, "hot": 32, "transformer": 64, "hardware": 128}
)
OVERLOADS, HEAT = 0b11111, 32 | 64


class HubertTwin(QuietCore):
    """One amplifier. `closed(t)`: whether what comes in gets out.

    Faults: input (`interlock:open`, `interlock:closed`), overload (a name of ERROR_BITS, else
    current), reboot, panel_change (`relay:0`, `relay:1`, `mode:0` to `mode:2`, a name of
    ERROR_BITS).
    """

    def __init__(self, address: int = 1) -> None:
        self.address = address
        self._buffers: dict[int, tuple[float, bytes]] = {}
        self.is_interlock_closed, self.errors, self.mode = True, 0, LATCHING
        self.start, self.hardware = 0x0C, 0x11
        self._power_up()

    def _power_up(self) -> None:
        """Start configuration and interlock mode are kept; a latch is not."""
        self._buffers.clear()
        self.in_50r, self.in_100k, self.voltage = (
            self.start & 1,
            self.start >> 1 & 1,
            self.start >> 2,
        )
        self.is_latched, self.relay = False, 1
        self._protect()

    def closed(self, t: float) -> bool:
        """Return whether the output is connected and nothing holds it off."""
        return bool(self.relay) and self.is_ready

    # ---- frames --------------------------------------------------------------------------------

    def disconnect(self, t: float, client: int) -> None:
        """Forget a partial frame."""
        self._buffers.pop(client, None)

    def next_at(self) -> float | None:
        """Return when the oldest partial frame is dropped."""
        return min((at + PARTIAL_S for at, held in self._buffers.values() if held), default=None)

    def advance(self, t: float) -> Chunks:
        """Drop partial frames in time, and say so."""
        replies: Chunks = []
        for client, (begun, held) in tuple(self._buffers.items()):
            if held and t - begun >= PARTIAL_S:
                self._buffers[client] = (t, b"")
                replies.append((begun + PARTIAL_S, bytes((3, self.address, TIMED_OUT))))
        return replies

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take frames and answer each after it is done."""
        replies = [(max(at, t), said) for at, said in self.advance(t)]
        begun, held = self._buffers.get(client, (t, b""))
        begun, held = (begun if held else t), held + data
        while held and FRAME_MIN <= held[0] <= min(len(held), FRAME_MAX):
            frame, held, begun = held[: held[0]], held[held[0] :], t
            if frame[1] in (self.address, ALL):
                replies.append((t + LATENCY_S, self._answer(frame[2], frame[3:])))
        if held and not FRAME_MIN <= held[0] <= FRAME_MAX:
            held = b""  # no frame begins so
        self._buffers[client] = (begun, held)
        return replies

    def _answer(self, command: int, parameters: bytes) -> bytes:
        if parameters:
            is_known = len(parameters) == 1 and self._set(command, parameters[0])
            body = bytes((command if is_known else UNKNOWN,))
        else:
            value = self._get(command)
            body = bytes((UNKNOWN,)) if value is None else bytes((command, value))
        return bytes((len(body) + 2, self.address)) + body

    # ---- commands ------------------------------------------------------------------------------

    def _set(self, command: int, value: int) -> bool:
        if command == RELAY and value in (0, 1):
            self.relay = int(value == 1 and self.is_ready)
        elif command == MODE_SET and value in (LATCHING, LIVE):
            self.mode = value
        elif command == LATCH_RESET and value == 0:
            self.is_latched = False
        elif command == VOLTAGE and value in VOLTAGES:
            self.voltage = VOLTAGES[value]
        elif command == ADDRESS_SET and 1 <= value <= ADDRESS_MAX:
            self.address = value
        elif command in SETTINGS:
            setattr(self, SETTINGS[command], value)
        else:
            return False
        self._protect()
        return True

    def _get(self, command: int) -> int | None:
        values = {
            STATUS: self.status, ERRORS: self.errors, START_GET: self.start,
            ADDRESS_GET: self.address, HARDWARE_GET: self.hardware, MODE: self.mode,
            SIGNAL: int(self.is_interlock_closed),
        }  # fmt: skip
        return (values | dict(CONSTANTS)).get(command)

    @property
    def status(self) -> int:
        """Bits of 0x01: ready, overload, heat, output relay, 50R and 100k relays, V+ and V-."""
        bits = int(self.is_ready) | (2 if self.errors & OVERLOADS else 0)
        bits |= 4 if self.errors & HEAT else 0
        bits |= self.relay << RELAY_BIT | (self.in_50r & 1) << 4 | (self.in_100k & 1) << 5
        return bits | (self.voltage & 3) << 6

    @property
    def is_ready(self) -> bool:
        """Whether neither interlock nor error holds it off."""
        is_closed = self.mode == OFF or (self.is_interlock_closed and not self.is_latched)
        return is_closed and not self.errors

    def _protect(self) -> None:
        """An open interlock opens the relay, and stays so if it latches; an error does too."""
        if not self.is_interlock_closed and self.mode == LATCHING:
            self.is_latched = True
        self.relay = self.relay if self.is_ready else 0

    # ---- faults --------------------------------------------------------------------------------

    def set_interlock(self, *, closed: bool) -> None:
        """Move the interlock's contact."""
        self.is_interlock_closed = closed
        self._protect()

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        name, _, value = argument.partition(":")
        if verb == "reboot":
            self._power_up()
        elif verb == "input" and name == "interlock" and value in {"open", "closed"}:
            self.set_interlock(closed=value == "closed")
        elif verb == "overload" and (not argument or argument in ERROR_BITS):
            self.errors |= ERROR_BITS[argument or "current"]
        elif verb == "panel_change" and argument in ERROR_BITS:
            self.errors |= ERROR_BITS[argument]
        elif verb == "panel_change" and name == "relay" and value in {"0", "1"}:
            self._set(RELAY, int(value))
        elif verb == "panel_change" and name == "mode" and value in {"0", "1", "2"}:
            self.mode = int(value)
        else:
            raise ValueError(f"an amplifier has no fault {verb!r} with {argument!r}")
        self._protect()

    def clear(self, verb: str) -> None:
        """End it; a latch stays until it is reset."""
        if verb == "input":
            self.set_interlock(closed=True)
        else:
            self.errors = 0
