# SPDX-License-Identifier: Apache-2.0
"""The task of a device beside the source: its run-permit follows the wish, and opens at the end."""

import asyncio

import pytest

from mnht_controller.devices.contract import Identity, Kind
from mnht_controller.devices.errors import LinkLostError, ReplyTimeoutError
from mnht_controller.domain.reading import AuxiliaryReading
from mnht_controller.runtime.auxiliary import AuxiliaryTask
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from tests.support import run_virtual


class Box:
    """A run-permit that does as it is told; `fails` is raised once by the next exchange."""

    def __init__(self):
        self.said, self.is_closed, self.fails = [], False, None

    async def open(self):
        self.said.append("open")
        self.is_closed = False
        return Identity("A", "B", "SIM1", "1")

    async def prepare(self):
        return self._read("prepare")

    async def poll(self):
        return self._read("poll")

    async def permit(self, *, on):
        self.is_closed = on
        return self._read(f"permit {on}")

    async def close(self):
        self.said.append("close")

    def _read(self, what):
        self.said.append(what)
        if self.fails is not None:
            error, self.fails = self.fails, None
            raise error
        now = asyncio.get_running_loop().time()
        return AuxiliaryReading(now, len(self.said), permit=self.is_closed)


def play(story, kind=Kind.RUN_PERMIT):
    async def main():
        box = Box()
        row = DeviceRow("box", "test", "nowhere", simulated=True)
        task = AuxiliaryTask(row, box, kind, 0.1)
        running = asyncio.create_task(task.run(Liveness()))
        await asyncio.sleep(0.05)
        await story(task, box)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return box

    return run_virtual(main())


@pytest.mark.shows("run_permit")
def test_the_wish_is_carried_out_at_once_and_kept():
    async def story(task, box):
        for on in (True, False):
            task.permit(on=on)
            await asyncio.sleep(0.001)
            assert box.is_closed is on
            assert task.beside().reading.permit is on
        await asyncio.sleep(0.5)

    box = play(story)
    assert box.said[:4] == ["open", "poll", "permit True", "permit False"]
    assert box.said[-1] == "close"
    assert box.said.count("poll") >= 5


def test_a_contact_that_opened_by_itself_is_closed_again_only_while_it_is_wanted():
    async def story(task, box):
        task.permit(on=True)
        await asyncio.sleep(0.05)
        box.is_closed = False
        await asyncio.sleep(0.25)
        assert box.is_closed
        task.permit(on=False)
        await asyncio.sleep(0.25)
        assert not box.is_closed

    play(story)


@pytest.mark.parametrize("kind", [Kind.CHILLER, Kind.PICKUP])
def test_nothing_else_has_a_run_permit(kind):
    async def story(task, box):
        task.permit(on=True)
        task.prepare()
        await asyncio.sleep(0.3)

    said = play(story, kind).said
    assert "permit True" not in said
    assert said.count("prepare") == 1


def test_a_lost_device_has_no_reading_and_is_opened_again():
    """H20: what it said before it was lost is not repeated."""

    async def story(task, box):
        box.fails = LinkLostError("gone")
        await asyncio.sleep(0.12)
        assert task.beside().reading is None
        assert not task.row.connected
        await asyncio.sleep(0.5)
        assert task.beside().reading is not None

    assert play(story).said.count("open") == 2


def test_a_missed_reply_keeps_the_last_reading_which_ages():
    async def story(task, box):
        before = task.beside().reading
        box.fails = ReplyTimeoutError("late")
        await asyncio.sleep(0.1)
        assert task.row.connected
        assert task.beside().reading.at >= before.at

    assert play(story).said.count("open") == 1
