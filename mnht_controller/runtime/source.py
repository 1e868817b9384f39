# SPDX-License-Identifier: Apache-2.0
"""One task owns the field source. The tick leaves a verdict in a one-slot box; off overtakes all.

A command is sent, acknowledged, verified by the snapshot that answers it; until then it is
UNCERTAIN, and nothing but off or a poll follows an uncertain command.
"""

import asyncio
from collections.abc import Coroutine

from mnht_controller.devices.contract import FieldSource, Identity
from mnht_controller.devices.errors import DeviceError, IdentityError
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness

RETRY_S = 0.2
"""Wait before a lost device is opened again."""


class SourceTask:
    """Owns the amplifier: one exchange per period, each feeds its watchdog."""

    def __init__(self, row: DeviceRow, driver: FieldSource, period_s: float) -> None:
        self.row = row
        self._driver = driver
        self._period_s = period_s
        self._verdict: Permit | Inhibit | None = None
        self._limit_ka_per_m: float | None = None
        self._limit_due = False
        self._wake = asyncio.Event()
        self._uncertain_since: float | None = None
        self.latest: SourceReading | None = None

    def uncertain_s(self, now: float) -> float:
        """How long the last command has been without verification; 0 when verified."""
        return 0.0 if self._uncertain_since is None else now - self._uncertain_since

    def act(self, verdict: Permit | Inhibit) -> None:
        """Leave this tick's verdict; it replaces one that was not sent yet."""
        self._verdict = verdict
        self._wake.set()

    def prepare(self, limit_ka_per_m: float) -> None:
        """Ask for the instrument's own limit register to be set; again after every re-init."""
        self._limit_ka_per_m, self._limit_due = limit_ka_per_m, True

    async def run(self, liveness: Liveness) -> None:
        """Exchange once a verdict (at least once a period) for ever; close means off."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                liveness.beat(self.row.id, loop.time())
                try:
                    await self._exchange()
                except DeviceError as error:
                    self.row.failed(error)
                    if not self.row.connected:
                        await asyncio.sleep(RETRY_S)
                liveness.beat(self.row.id, loop.time())
                await self._next(loop)
        finally:
            await self._driver.close()

    async def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for a verdict, two periods at most, so that polling never depends on the tick."""
        timer = loop.call_later(2 * self._period_s, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _exchange(self) -> None:
        if not self.row.connected:
            # A full re-init verifies that the output is off, so it also ends UNCERTAIN.
            self._accept(await self._driver.open())
        verdict, self._verdict = self._verdict, None
        if isinstance(verdict, Inhibit) and self._may_be_on():
            await self._command(self._driver.off())
        elif isinstance(verdict, Permit) and self._uncertain_since is None:
            await self._command(self._send(verdict))
        elif self._limit_due and self._limit_ka_per_m is not None:
            await self._command(self._driver.prepare(self._limit_ka_per_m))
            self._limit_due = False
        else:
            self._settle(await self._driver.poll())

    def _send(self, permit: Permit) -> Coroutine[object, object, SourceReading]:
        """A permit that expired in the box is not sent: nothing that heats outlives its leave."""
        if asyncio.get_running_loop().time() < permit.expires_at:
            return self._driver.apply(permit)
        return self._driver.off()

    def _may_be_on(self) -> bool:
        """Unless the last verified snapshot says off, off is sent (again)."""
        return self._uncertain_since is not None or self.latest is None or self.latest.output_on

    async def _command(self, exchange: Coroutine[object, object, SourceReading]) -> None:
        if self._uncertain_since is None:
            self._uncertain_since = asyncio.get_running_loop().time()
        self._settle(await exchange)

    def _settle(self, snapshot: SourceReading) -> None:
        """A snapshot that answers says what the output does, so nothing is UNCERTAIN any more."""
        self.latest = snapshot
        self.row.answered()
        self._uncertain_since = None

    def _accept(self, identity: Identity) -> None:
        if identity.is_simulated is not self.row.simulated:
            raise IdentityError(self.row.mismatch(identity))
        self.row.found(identity)
        self._uncertain_since = None
        self._limit_due = True
