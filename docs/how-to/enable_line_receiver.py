# SPDX-License-Identifier: Apache-2.0
"""Receiver (ii) of the enable line: MicroPython for a Pico-class board. Untested in hardware.

Copy it to the board as `main.py`. UART0 RX (GP1) is the guard's TXD through an isolator; GP15
switches K1 through a transistor with a pull-down, so that a board in reset is an open contact.
`Receiver` is what docs/how-to/wire-the-enable-line.md says, and is tested byte by byte on a
computer against the twin; `run` below it has never met a board.
"""

FEED, RECLOSE_1, RECLOSE_2 = 0x55, 0xA5, 0x5A
HOLD_MS = 300
SILENCE_MS = 1000
LONG_MS = 60_000
TICKS_MASK = (1 << 30) - 1
"""time.ticks_ms() of MicroPython counts up to here and begins again."""


class Receiver:
    """The contact: closed by the re-close sequence after silence, held by feed bytes, else open.

    It starts open. `step` must be called more often than once in 2^30 ms, which is 12 days.
    """

    def __init__(self, now_ms: int) -> None:
        self.is_closed = False
        self._now_ms = now_ms
        self._hold_ms = 0
        self._quiet_ms = 0
        self._is_half = False

    def step(self, data: bytes, now_ms: int) -> bool:
        """Let time pass up to now, take the bytes that have come; return whether it is closed."""
        passed_ms = (now_ms - self._now_ms) & TICKS_MASK
        self._now_ms = now_ms
        self._quiet_ms = min(self._quiet_ms + passed_ms, LONG_MS)
        self._hold_ms = max(self._hold_ms - passed_ms, 0)
        if self._hold_ms == 0:
            self.is_closed = False
        for byte in data:
            self._take(byte)
        return self.is_closed

    def _take(self, byte: int) -> None:
        quiet_ms, self._quiet_ms = self._quiet_ms, 0
        if self._is_half and byte == RECLOSE_2:
            self.is_closed = True
            self._hold_ms = HOLD_MS
        elif self.is_closed and byte == FEED:
            self._hold_ms = HOLD_MS
        begins = byte == RECLOSE_1 and quiet_ms >= SILENCE_MS
        self._is_half = begins and not self.is_closed


def run() -> None:
    """Turn for ever; whatever stops the loop lets the board's watchdog reset it to open."""
    import time

    from machine import UART, WDT, Pin

    relay = Pin(15, Pin.OUT, value=0)
    uart = UART(0, baudrate=9600, bits=8, parity=None, stop=1, rx=Pin(1))
    receiver = Receiver(time.ticks_ms())
    watchdog = WDT(timeout=100)
    while True:
        data = uart.read() if uart.any() else b""
        relay.value(1 if receiver.step(data or b"", time.ticks_ms()) else 0)
        watchdog.feed()


if __name__ == "__main__":
    run()
