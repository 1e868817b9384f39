# SPDX-License-Identifier: Apache-2.0
"""One driver and its twin under random wire faults in virtual time, for so many frames.

The loop does what the service's own device tasks do: poll, keep what is merely late, open again
what is lost. A round is a set of faults, then peace; peace must bring a good exchange in time.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mnht_controller.devices.contract import Driver, Kind
from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.link import Link
from mnht_controller.runtime.device import KEPT, reopen_after_s
from sim_hardware.bench.virtual_time import VirtualTimeLoop
from sim_hardware.devices.core import Chunks, Core, QuietCore
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.verbs import random_faults
from tests.drivers.cases import Case
from tools.perf.wires.judges import AuxiliaryJudge, Score, SourceJudge, ThermometerJudge

ROUND_FRAMES, PEACE_S = 120, 2.5
RECOVERY_S_MAX = 2.0
CALL_S_MAX = 6.0
RATES = (1e-4, 1e-3, 1e-2, 1e-1)


class Judge(Protocol):
    """Uses a driver once and judges what it says."""

    score: Score

    async def use(self, driver: Driver, t: float) -> None:
        """One exchange."""

    def look(self, now: float) -> None:
        """Remember what is true at this moment."""


@dataclass(slots=True)
class Course:
    """All that one driver's session gave. Times are seconds of the device."""

    name: str
    score: Score = field(default_factory=Score)
    errors: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    """Exceptions that no driver may let through, and calls that never came back."""
    recovery_s: list[float] = field(default_factory=list)
    longest_call_s: float = 0.0
    rounds: int = 0
    garbled: int = 0
    """Messages that the wire changed on their way."""
    leaked: int = 0
    device_s: float = 0.0
    wall_s: float = 0.0


def run(case: Case, frames: int, seed: int) -> Course:
    """Play one case to its end."""
    began = time.perf_counter()
    loop = VirtualTimeLoop()
    try:
        course = loop.run_until_complete(_Session(case, seed).play(frames))
        course.leaked += len(asyncio.all_tasks(loop))
        course.device_s = loop.time()
    finally:
        loop.close()
    course.wall_s = time.perf_counter() - began
    return course


class _Watched(QuietCore):
    """Lets the judge look at the twin at the very moment at which it answers."""

    def __init__(self, core: Core, told: Callable[[float], None]) -> None:
        self._core, self._told = core, told

    def connect(self, t: float, client: int) -> Chunks:
        return self._core.connect(t, client)

    def disconnect(self, t: float, client: int) -> None:
        self._core.disconnect(t, client)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        self._told(t)
        replies = self._core.feed(data, t, client)
        self._told(t)
        return replies

    def advance(self, t: float) -> Chunks:
        return self._core.advance(t)

    def next_at(self) -> float | None:
        return self._core.next_at()


class _Session:
    def __init__(self, case: Case, seed: int) -> None:
        self._case, self._random = case, random.Random(seed)  # noqa: S311 - faults, not secrets
        self._twin = case.twin(0.0)
        self._wire = FaultyWire(_Watched(self._twin, self._told), seed)
        baud = case.baud or case.spec.baud
        transport = MemoryTransport(self._wire, "twin", baud=baud, chunk_max=7, seed=seed)
        self._driver = case.spec.make(Link(transport), case.setup)
        self._judge = _judge(case, self._twin)
        self._course = Course(case.spec.name, self._judge.score)
        self._is_open, self._reopen_at, self._good_at = False, 0.0, -1.0

    def _told(self, t: float) -> None:
        self._judge.look(t)

    async def play(self, frames: int) -> Course:
        score = self._judge.score
        while score.frames < frames:
            await self._round(min(score.frames + ROUND_FRAMES, frames))
        await self._driver.close()
        await asyncio.sleep(0.0)
        self._course.garbled = self._wire.garbled
        return self._course

    async def _round(self, until: int) -> None:
        loop = asyncio.get_running_loop()
        faults = random_faults(self._random, self._random.choice(RATES))
        for verb, argument in faults:
            self._wire.inject(verb, argument, loop.time())
        stop_at = loop.time() + 60.0
        while self._judge.score.frames < until and loop.time() < stop_at:
            await self._once()
        for verb, _ in faults:
            self._wire.clear(verb)
        await self._peace(loop.time())
        self._course.rounds += 1

    async def _peace(self, since: float) -> None:
        loop = asyncio.get_running_loop()
        self._good_at = -1.0
        while loop.time() < since + PEACE_S and self._good_at < since:
            await self._once()
        recovered = self._good_at if self._good_at >= since else since + 1e3
        self._course.recovery_s.append(recovered - since)

    async def _once(self) -> None:
        loop, course = asyncio.get_running_loop(), self._course
        began = loop.time()
        try:
            if not self._is_open and began >= self._reopen_at:
                async with asyncio.timeout(CALL_S_MAX):
                    await self._driver.open()
                self._is_open = True
            if self._is_open:
                async with asyncio.timeout(CALL_S_MAX):
                    await self._judge.use(self._driver, loop.time())
                self._good_at = loop.time()
        except DeviceError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - finding these is the point
            course.foreign.append(f"{type(error).__name__}: {error}"[:200])
            self._is_open = False
        course.longest_call_s = max(course.longest_call_s, loop.time() - began)
        self._judge.look(loop.time())
        await asyncio.sleep(max(0.001, began + self._case.spec.period_s - loop.time()))
        self._judge.look(loop.time())

    def _failed(self, error: DeviceError) -> None:
        self._course.errors[type(error).__name__] += 1
        if not (self._is_open and isinstance(error, KEPT)):
            self._is_open = False
            self._reopen_at = asyncio.get_running_loop().time() + reopen_after_s(error)


def _judge(case: Case, twin: object) -> Judge:
    spec = case.spec
    if spec.kind is Kind.THERMOMETER:
        return ThermometerJudge(spec, twin, case.setup.channels)
    return SourceJudge(spec, twin) if spec.kind is Kind.FIELD_SOURCE else AuxiliaryJudge(spec, twin)
