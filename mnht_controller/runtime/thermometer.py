# SPDX-License-Identifier: Apache-2.0
"""One task polls one thermometer into a one-slot mailbox, which ages and is never made up."""

import asyncio

from mnht_controller.devices.contract import Thermometer
from mnht_controller.devices.errors import DeviceError, IdentityError
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.runtime.device import REOPEN_STRANGER_S, DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.pacer import Beats

NEVER = Reading(None, Quality.STALE, -1e9, 0, "no reading yet")


class ThermometerTask:
    """Owns one thermometer: opens it, polls it, opens it again after an error."""

    def __init__(self, row: DeviceRow, driver: Thermometer, period_s: float) -> None:
        self.row = row
        self._driver = driver
        self._period_s = period_s
        self._mailbox: dict[int, Reading] = {}

    def latest(self, channel: int) -> Reading:
        """The last reading of this channel as it came, however old it is."""
        return self._mailbox.get(channel, NEVER)

    async def run(self, liveness: Liveness) -> None:
        """Poll for ever; an error closes, waits a period, and starts with a full re-init."""
        loop = asyncio.get_running_loop()
        reopen_at = loop.time()
        try:
            async for beat in Beats(self._period_s):
                liveness.beat(self.row.id, beat.now)
                if loop.time() < reopen_at:
                    continue
                try:
                    if not self.row.connected:
                        self.row.found(await self._driver.open())
                    self._mailbox |= await self._driver.sample()
                    self.row.answered()
                except DeviceError as error:
                    self.row.failed(error)
                    if isinstance(error, IdentityError):
                        reopen_at = loop.time() + REOPEN_STRANGER_S
                liveness.beat(self.row.id, loop.time())
        finally:
            await self._driver.close()
