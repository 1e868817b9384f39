# SPDX-License-Identifier: Apache-2.0
"""Drives a guard through time: leases at 10 Hz, ticks at 20 Hz, and the bytes that came out."""

from collections.abc import Callable
from typing import Any, Self

from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine
from mnht_controller.guard.machine import Guard
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import CELSIUS, SHA, lease

STEP_S = 0.05


class Desk:
    """A guard, a clock, and a controller that sends what `lease_of` makes."""

    def __init__(self, kept: Latch | None = None, skin_c: float = 42.0) -> None:
        self.now = now = 1000.0
        self.c = {**CELSIUS, Role.SKIN: skin_c}
        self.seq = 0
        self.guard: Guard = machine.start(now, kept or Latch())
        self.fed: list[tuple[float, bytes]] = []

    @property
    def state(self) -> GuardState:
        return self.guard.state

    @property
    def trips(self) -> list[str]:
        return [trip.code for trip in self.guard.latch.trips]

    def propose(self, envelope: Envelope = ENVELOPE, nonce: str = "n1") -> set[str]:
        self.guard, refused = machine.propose(self.guard, envelope, nonce, self.now)
        return {reason.code for reason in refused}

    def confirm(self, sha: str = SHA, nonce: str = "n1", actor: str = "dr") -> set[str]:
        self.guard, refused = machine.confirm(self.guard, sha, nonce, actor, self.now)
        return {reason.code for reason in refused}

    def reset(self, actor: str = "dr") -> set[str]:
        self.guard, refused = machine.reset(self.guard, actor, self.now)
        return {reason.code for reason in refused}

    def send(self, message: Lease) -> set[str]:
        self.guard, refused = machine.renew(self.guard, message, self.now)
        return {reason.code for reason in refused}

    def renew(self, **changes: Any) -> set[str]:
        """Send the next lease."""
        self.seq += 1
        return self.send(lease(self.seq, self.now, **{"c": self.c, **changes}))

    def tick(self) -> bytes:
        self.guard, data = machine.tick(self.guard, self.now)
        if data:
            self.fed.append((self.now, data))
        return data

    def run(
        self,
        seconds: float,
        make: Callable[[int, float], Lease | None] | None = None,
        **changes: Any,
    ) -> bytes:
        """Let time pass, every second step with a lease (`make(seq, now)`, or a quiet one)."""
        out = b""
        for step in range(round(seconds / STEP_S)):
            self.now += STEP_S
            if step % 2 == 0:
                self.seq += 1
                quiet = lease(self.seq, self.now, **{"c": self.c, **changes})
                message = make(self.seq, self.now) if make else quiet
                if message is not None:
                    self.send(message)
            out += self.tick()
        return out

    def arm(self) -> Self:
        """Propose, confirm, close the coil loop."""
        self.run(1.2)
        self.propose()
        self.run(0.2)
        refused = self.confirm()
        if refused:
            raise AssertionError(refused)
        self.run(0.2)
        return self

    def heat(self, permit: float = 5.0) -> Self:
        """Arm and run with a field."""
        self.arm().run(0.4, permit_ka_per_m=permit)
        return self
