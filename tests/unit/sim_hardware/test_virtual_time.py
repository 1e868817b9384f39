# SPDX-License-Identifier: Apache-2.0
"""The virtual-time loop: jumps, keeps order, never hangs."""

import asyncio
import socket
import time

import pytest

from sim_hardware.bench.processes import belonging_to
from sim_hardware.bench.virtual_time import VirtualTimeLoop, run


async def _log_at(delay_s, name, log):
    await asyncio.sleep(delay_s)
    log.append((name, asyncio.get_running_loop().time()))


def test_an_hour_takes_no_time():
    started = time.perf_counter()

    async def main():
        for _ in range(36):
            await asyncio.sleep(100.0)
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(3600.0)
    assert time.perf_counter() - started < 1.0


def test_timers_fire_in_order_and_at_their_time():
    log = []

    async def main():
        async with asyncio.TaskGroup() as group:
            for delay_s, name in ((0.3, "c"), (0.1, "a"), (0.2, "b")):
                group.create_task(_log_at(delay_s, name, log))

    run(main())
    assert [name for name, _ in log] == ["a", "b", "c"]
    assert [at for _, at in log] == pytest.approx([0.1, 0.2, 0.3])


def test_same_program_same_trace():
    def trace():
        log = []

        async def main():
            tasks = [asyncio.create_task(_log_at(0.1 * (n % 7), n, log)) for n in range(50)]
            await asyncio.gather(*tasks)

        run(main(), start_s=5.0)
        return log

    assert trace() == trace()


def test_timeouts_are_virtual():
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30.0):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run(main(), start_s=100.0) == pytest.approx(130.0)


def test_deadlock_is_an_error_that_names_the_task():
    async def main():
        await asyncio.create_task(asyncio.Event().wait(), name="waits for ever")

    loop = VirtualTimeLoop()
    try:
        task = loop.create_task(main())
        with pytest.raises(RuntimeError, match=r"stalled at 0\.0.*waits for ever"):
            loop.run_until_complete(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
    finally:
        loop.close()


def test_sockets_and_threads_are_refused():
    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs, pytest.raises(RuntimeError, match="do not exist in virtual time"):
            loop.add_reader(ours, print)
        with pytest.raises(RuntimeError, match="threads do not exist"):
            await asyncio.to_thread(print)

    run(main())


def test_loop_can_be_used_without_run():
    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(asyncio.sleep(7.0))
        assert loop.time() == pytest.approx(7.0)
    finally:
        loop.close()


async def _beats(name: str, seen: list[tuple[str, float]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        seen.append((name, round(loop.time(), 3)))
        await asyncio.sleep(0.1)


def test_a_held_process_runs_late_and_the_others_in_time() -> None:
    """H27, H28: SIGSTOP of one process, in virtual time."""
    seen: list[tuple[str, float]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        jobs = [
            loop.create_task(_beats(name, seen), context=belonging_to(name))
            for name in ("one", "other")
        ]
        await asyncio.sleep(0.25)
        loop.hold("one", 0.5)
        await asyncio.sleep(0.45)
        assert [at for name, at in seen if name == "one"] == [0.0, 0.1, 0.2]
        await asyncio.sleep(0.5)
        loop.hold("one")
        await asyncio.sleep(5.0)
        loop.free()
        for job in jobs:
            job.cancel()

    run(main())
    late = [at for name, at in seen if name == "one" and 0.7 < at < 1.2]
    assert late[0] == 0.75
    in_time = [at for name, at in seen if name == "other"]
    assert in_time[:8] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert max(at for name, at in seen if name == "one") <= 1.25
