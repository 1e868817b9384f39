# SPDX-License-Identifier: Apache-2.0
"""One task owns one device beside the source: reads it, and moves its run-permit.

Opening the run-permit overtakes what is queued: it is the second path that stops a field.
"""

import asyncio
from typing import cast

from mnht_controller.devices.contract import Auxiliary, Kind, RunPermit
from mnht_controller.devices.errors import DeviceError
from mnht_controller.domain.reading import AuxiliaryReading
from mnht_controller.runtime.assembly import Beside
from mnht_controller.runtime.device import DeviceRow, reopen_after_s
from mnht_controller.runtime.liveness import Liveness

BEAT_S = 0.2


class AuxiliaryTask:
    """Polls for ever. `permit` and `prepare` leave wishes that its next exchange carries out."""

    def __init__(self, row: DeviceRow, driver: Auxiliary, kind: Kind, period_s: float) -> None:
        self.row = row
        self._driver, self._kind, self._period_s = driver, kind, period_s
        self._latest: AuxiliaryReading | None = None
        self._wake = asyncio.Event()
        self._is_prepare_due = False
        self._wanted = False
        self._reopen_at = self._looked_at = 0.0

    def beside(self) -> Beside:
        """What it said last, for the assembly."""
        return Beside(self.row.id, self._kind, self._period_s, self._latest, self._looked_at)

    def prepare(self) -> None:
        """A person's PREPARE."""
        self._is_prepare_due = True
        self._wake.set()

    def permit(self, *, on: bool) -> None:
        """Close or open the run-permit; anything else than a run-permit has none."""
        if self._kind is Kind.RUN_PERMIT and on is not self._wanted:
            self._wanted = on
            self._wake.set()

    async def run(self, liveness: Liveness) -> None:
        """Exchange at least once a period; whatever ends it opens the run-permit."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                liveness.beat(self.row.id, loop.time())
                if loop.time() >= self._reopen_at:
                    await self._attempt()
                liveness.beat(self.row.id, loop.time())
                await self._next(loop)
        finally:
            await self._driver.close()

    async def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        timer = loop.call_later(min(self._period_s, BEAT_S), self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _attempt(self) -> None:
        try:
            if not self.row.connected:
                self.row.found(await self._driver.open())
            began = asyncio.get_running_loop().time()
            self._latest = await self._exchange()
            self._looked_at = began
            self.row.answered()
        except DeviceError as error:
            self.row.failed(error)
            if not self.row.connected:
                self._latest = None
                self._reopen_at = asyncio.get_running_loop().time() + reopen_after_s(error)

    async def _exchange(self) -> AuxiliaryReading:
        if self._kind is Kind.RUN_PERMIT:
            is_closed = self._latest is not None and self._latest.permit is True
            if self._wanted is not is_closed:
                return await cast(RunPermit, self._driver).permit(on=self._wanted)
        if self._is_prepare_due:
            self._is_prepare_due = False
            return await self._driver.prepare()
        return await self._driver.poll()
