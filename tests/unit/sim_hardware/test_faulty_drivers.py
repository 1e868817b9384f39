# SPDX-License-Identifier: Apache-2.0
"""What drivers make of each wire fault: no value that was not sent, and well again in time."""

import asyncio
import math

import pytest

from drivers.generic_scpi_source import SPEC as SOURCE
from drivers.opsens_handysens import SPEC as THERMOMETER
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.runtime.device import KEPT, reopen_after_s
from sim_hardware.devices.core import QuietCore
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.faulty import FaultyWire, Sent
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.verbs import VERBS
from tests.support import run_virtual, steady

ARGUMENTS = {
    "fifo": "6", "token": "9.91E37", "fmt": "comma", "term": "lfcr", "banner": r"READY\r\n",
    "unasked": r"0.3:!06\r\n", "inject_line": r"55.5\r\n", "flip_bits": "0.02", "delay": "0.4",
    "latency": "0.1:0.1", "cut_after": "3:0.3", "drop_after": "2:rst", "clock_jump": "50",
}  # fmt: skip
FORGES = frozenset({"flip_bits", "inject_line", "garbage"})
"""What can write another number into a dialect without a checksum, and now and then will."""
ASTRAY = frozenset({"duplicate", "reorder", "shift"})
"""What can make a reply without a channel's name answer the question for another channel."""
FAULTY_S, RECOVERY_S = 6.0, 2.0
VALUES_C = {1: 41.2, 2: 44.5}
SHARES = ("", "@0.1")
SPEECHES = [(row.name, share) for row in VERBS for share in SHARES if row.name != "clock_jump"]


class Session:
    """A driver used as the service's device task uses it, on a wire with one fault at a time."""

    def __init__(self, spec, twin, use, setup) -> None:
        self.wire = FaultyWire(twin, 11)
        transport = MemoryTransport(self.wire, "m", baud=spec.baud, chunk_max=5, seed=3)
        self.driver = spec.make(Link(transport), setup)
        self.use, self.period_s = use, spec.period_s
        self.is_open, self.reopen_at, self.good_at = False, 0.0, -math.inf

    async def until(self, at) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < at:
            await self._once(loop)
            await asyncio.sleep(self.period_s)

    async def _once(self, loop) -> None:
        try:
            async with asyncio.timeout(6.0):
                if not self.is_open and loop.time() >= self.reopen_at:
                    await self.driver.open()
                    self.is_open = True
                if self.is_open:
                    await self.use(self.driver)
                    self.good_at = loop.time()
        except DeviceError as error:
            if not (self.is_open and isinstance(error, KEPT)):
                self.is_open, self.reopen_at = False, loop.time() + reopen_after_s(error)

    async def course(self, verb, argument) -> None:
        """Well for a second, then ill, then well again, and so within RECOVERY_S."""
        await self.until(1.0)
        assert self.good_at > 0.0
        self.wire.inject(verb, argument, 1.0)
        await self.until(1.0 + FAULTY_S)
        self.wire.clear(verb)
        healed_at = asyncio.get_running_loop().time()
        while self.good_at < healed_at:
            await self.until(asyncio.get_running_loop().time() + self.period_s)
        assert self.good_at <= healed_at + RECOVERY_S
        await self.driver.close()


def thermometer(verb, argument):
    """All values that the driver gave as good, by channel, and what the twin said."""
    accepted, sent = {1: set(), 2: set()}, Sent()

    async def use(driver):
        for channel, reading in (await driver.sample()).items():
            if reading.value is not None:
                accepted[channel].add(reading.value)

    twin = OpsensTwin({n: steady(value) for n, value in VALUES_C.items()})
    session = Session(THERMOMETER, twin, use, Setup((1, 2)))
    session.wire.on_reply = sent
    run_virtual(session.course(verb, argument))
    return accepted, sent


@pytest.mark.parametrize(("verb", "share"), SPEECHES)
def test_a_thermometer_gives_nothing_that_was_not_sent(verb, share) -> None:
    """H03, H10, H11, H12: each channel its own value, or none; well within 2 s of the fault's end.

    Weaker where replies change places: they name no channel, so a value that was sent for the other
    one may be taken. Weakest where a number may be forged: all that is promised is a finite number.
    """
    accepted, sent = thermometer(verb, ARGUMENTS.get(verb, "") + share)
    for channel, values in accepted.items():
        assert VALUES_C[channel] in values
        assert all(math.isfinite(value) for value in values)
        if verb not in FORGES:
            assert all(sent.has(b"%.2f\n" % value) for value in values)
        if verb not in FORGES | ASTRAY:
            assert values == {VALUES_C[channel]}


class Watched(QuietCore):
    """A source whose state is written down whenever it hears something."""

    def __init__(self) -> None:
        self.twin, self.rows = ScpiSource(), []

    def feed(self, data, t, client=0):
        self._look(t)
        replies = self.twin.feed(data, t, client)
        self._look(t)
        return replies

    def disconnect(self, t, client):
        self.twin.disconnect(t, client)

    def _look(self, t) -> None:
        self.twin.stage.elapse(t)
        self.rows.append((t, self.twin.stage.settings.level / 1e3, self.twin.stage.is_energized))

    def had(self, snapshot) -> bool:
        """Whether it was in that state within the longest time that a reply is waited for."""
        return any(
            snapshot.at - 0.2 <= t <= snapshot.at
            and math.isclose(snapshot.setpoint_ka_per_m, level, abs_tol=1e-6)
            and snapshot.output_on is is_on
            for t, level, is_on in self.rows
        )


class Course:
    """Off, prepared, up, held, changed: and so on. Keeps what the driver reported."""

    def __init__(self) -> None:
        self.snapshots, self.step = [], 0

    async def __call__(self, driver) -> None:
        self.step += 1
        until = asyncio.get_running_loop().time() + 1.0
        steps = (
            driver.off,
            lambda: driver.prepare(5.0, clear=True),
            lambda: driver.apply(Permit(1.0 + self.step % 3, self.step, until)),
            driver.poll,
            lambda: driver.apply(Permit(3.5, self.step, until)),
        )
        self.snapshots.append(await steps[self.step % len(steps)]())


@pytest.mark.parametrize(("verb", "share"), SPEECHES)
def test_a_source_tells_nothing_that_was_not_sent(verb, share) -> None:
    """H11, H12, H19: a snapshot carries the heartbeat just sent, so no other line passes for it.

    Weaker for flipped bits, which may turn one digit into another: numbers are finite.
    """
    twin, course = Watched(), Course()
    session = Session(SOURCE, twin, course, Setup())
    run_virtual(session.course(verb, ARGUMENTS.get(verb, "") + share))
    assert any(one.output_on for one in course.snapshots)
    for one in course.snapshots:
        assert math.isfinite(one.setpoint_ka_per_m)
        assert verb == "flip_bits" or twin.had(one)
    assert not twin.twin.stage.is_energized  # closing ends with OFF
