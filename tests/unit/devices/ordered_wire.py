# SPDX-License-Identifier: Apache-2.0
"""A unit on one pair of wires: it answers one request after the other, nothing overtakes."""

import asyncio

from tests.unit.devices.wires import Wire


class OrderedWire(Wire):
    """As `Wire`, but what comes later is never due before what came first."""

    def arrive(self, delay_s, data):
        last_at = max((at for at, *_ in self.due), default=0.0)
        super().arrive(max(delay_s, last_at - asyncio.get_running_loop().time()), data)
