# SPDX-License-Identifier: Apache-2.0
"""The real guard against the twin of receiver (ii), on pty and TCP: closes, opens, re-closes."""

import asyncio
import signal
from pathlib import Path

import pytest

from sim_hardware.devices.enable_line import DecodingReceiver, Framed
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.tcp import TcpFront
from tests.system.guard_bench import Bench, until

pytestmark = pytest.mark.real


async def until_loop(receiver: DecodingReceiver, closed: bool) -> bool:
    now = asyncio.get_running_loop().time
    return await asyncio.to_thread(until, lambda: receiver.closed(now()) is closed)


@pytest.mark.parametrize("kind", ["pty", "tcp"])
async def test_the_loop_closes_by_a_human_and_opens_by_any_end(tmp_path: Path, kind: str) -> None:
    receiver = DecodingReceiver()
    front = TcpFront(Framed(receiver)) if kind == "tcp" else PtyFront(receiver, baud=9600)
    await front.start()
    line = f"tcp://127.0.0.1:{front.port}" if isinstance(front, TcpFront) else front.path
    bench = await asyncio.to_thread(Bench, tmp_path, "", line)
    try:
        controller = await asyncio.to_thread(bench.arm)
        assert await until_loop(receiver, True)
        controller.permit = 5.0
        await asyncio.to_thread(bench.ask, "stop", actor="tester")
        assert await until_loop(receiver, False)
        controller.permit = 0.0
        reset = await asyncio.to_thread(bench.ask, "reset", actor="tester")
        assert reset["ok"], reset
        await asyncio.to_thread(bench.arm)
        assert await until_loop(receiver, True)
        bench.kill(signal.SIGKILL)
        assert await until_loop(receiver, False)
    finally:
        await asyncio.to_thread(bench.close)
        await front.stop()
