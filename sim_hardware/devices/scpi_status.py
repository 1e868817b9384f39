# SPDX-License-Identifier: Apache-2.0
"""IEEE 488.2 status reporting: registers, error queue, standard event and status byte."""

from collections import deque
from dataclasses import dataclass, field

from sim_hardware.devices.scpi_syntax import ScpiError

QUEUE_LENGTH = 20
PON = 128


@dataclass(slots=True)
class Register:
    """Condition, event (latched, cleared by reading) and enable; 16 bits, bit 15 stays 0."""

    condition: int = 0
    event: int = 0
    enable: int = 0

    def update(self, condition: int) -> None:
        """Take the live condition and latch what has just become true."""
        if condition != self.condition:
            self.event |= condition & ~self.condition
            self.condition = condition

    def read_event(self) -> int:
        """Return the event register and clear it."""
        event, self.event = self.event, 0
        return event

    @property
    def summary(self) -> bool:
        """Whether an enabled event is set."""
        return bool(self.event & self.enable)


def event_bit(code: int) -> int:
    """Return the bit of the standard event register that an error's number belongs to."""
    if code > 0 or -400 < code <= -300:
        return 8
    return 32 if code > -200 else 16 if code > -300 else 4


@dataclass(slots=True)
class Status:
    """All status of one instrument."""

    operation: Register = field(default_factory=Register)
    questionable: Register = field(default_factory=Register)
    interlock: Register = field(default_factory=Register)
    errors: deque[tuple[int, str]] = field(default_factory=deque)
    standard: int = PON
    standard_enable: int = 0
    service_enable: int = 0

    def error(self, error: ScpiError) -> None:
        """Queue an error; the last place is kept for -350."""
        self.standard |= event_bit(error.code)
        if len(self.errors) >= QUEUE_LENGTH:
            self.errors[-1] = (-350, "Queue overflow")
        else:
            self.errors.append((error.code, error.text))

    def next_error(self) -> str:
        """Take the oldest error out of the queue."""
        code, text = self.errors.popleft() if self.errors else (0, "No error")
        return f'{code:+d},"{text}"' if code else f'0,"{text}"'

    def read_standard(self) -> int:
        """Return the standard event register and clear it."""
        standard, self.standard = self.standard, 0
        return standard

    def byte(self) -> int:
        """Return the status byte: 2 errors, 3 questionable, 5 standard event, 7 operation."""
        bits = 4 if self.errors else 0
        bits |= 8 if self.questionable.summary else 0
        bits |= 32 if self.standard & self.standard_enable else 0
        bits |= 128 if self.operation.summary else 0
        return bits | (64 if bits & self.service_enable else 0)

    def clear(self) -> None:
        """Do *CLS: events and errors, not enables."""
        for register in (self.operation, self.questionable, self.interlock):
            register.event = 0
        self.errors.clear()
        self.standard = 0
