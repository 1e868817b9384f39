# SPDX-License-Identifier: Apache-2.0
"""Two instruments that change places at every reconnect: what does the wrong one get to hear?

Every ordered pair of installed drivers, in memory and virtual time. The wrong instrument may hear
the identity query, as often as it is asked, and nothing else.
"""

import asyncio
import itertools
from dataclasses import dataclass, field

from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.transport import Transport
from sim_hardware.bench.virtual_time import VirtualTimeLoop
from sim_hardware.devices.core import Core
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import Case


@dataclass(slots=True)
class Swaps:
    """What came of it."""

    reconnects: int = 0
    refused: int = 0
    accepted_wrong: list[str] = field(default_factory=list)
    foreign_bytes: int = 0
    foreign: list[str] = field(default_factory=list)
    right_again: int = 0


class _Panel:
    """A transport whose cable goes to whichever twin is plugged in at `open`; it listens in."""

    resource = "panel"

    def __init__(self) -> None:
        self.plugged: Core | None = None
        self.baud = 9600
        self.heard = b""
        self._wire: Transport | None = None

    async def open(self) -> None:
        if self.plugged is None:
            raise OSError("nothing is plugged in")
        self._wire = MemoryTransport(self.plugged, "panel", baud=self.baud)
        self.heard = b""
        await self._wire.open()

    async def write(self, data: bytes) -> None:
        self.heard += data
        await self._there().write(data)

    async def read(self, timeout_s: float) -> bytes:
        return await self._there().read(timeout_s)

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    def _there(self) -> Transport:
        if self._wire is None:
            raise OSError("not connected")
        return self._wire


def run(cases: tuple[Case, ...], reconnects: int) -> Swaps:
    """Swap at least so often, spread over all pairs of different drivers."""
    pairs = [(a, b) for a, b in itertools.permutations(cases, 2) if a.spec.name != b.spec.name]
    each = max(2, -(-reconnects // len(pairs)))
    swaps = Swaps()
    loop = VirtualTimeLoop()
    try:
        for mine, other in pairs:
            loop.run_until_complete(_pair(mine, other, each, swaps))
    finally:
        loop.close()
    return swaps


async def _pair(mine: Case, other: Case, reconnects: int, swaps: Swaps) -> None:
    panel, start_s = _Panel(), asyncio.get_running_loop().time()
    panel.baud = mine.baud or mine.spec.baud
    twins = (other.twin(start_s), mine.twin(start_s))
    driver = mine.spec.make(Link(panel, expected=Expected(simulated=True)), mine.setup)
    questions = [sent for sent, _ in mine.opening[: mine.identity_steps]]
    for number in range(reconnects):
        is_mine = number % 2 == 1
        panel.plugged = twins[is_mine]
        swaps.reconnects += 1
        try:
            await driver.open()
        except DeviceError:
            swaps.refused += not is_mine
        else:
            swaps.right_again += is_mine
            if not is_mine:
                swaps.accepted_wrong.append(f"{mine.spec.name} took {other.spec.name}")
        if not is_mine:
            _judge(panel.heard, questions, f"{mine.spec.name} to {other.spec.name}", swaps)
    await driver.close()


def _judge(heard: bytes, questions: list[bytes], where: str, swaps: Swaps) -> None:
    """Take every identity query off; what is left was not asked for."""
    left = heard
    for question in questions:
        left = left.replace(question, b"")
    swaps.foreign_bytes += len(left)
    if left:
        swaps.foreign.append(f"{where}: {left[:60]!r}")
