# SPDX-License-Identifier: Apache-2.0
"""The turn: one holder, urgent first, and a cancelled wait loses nobody's turn."""

import asyncio

from mnht_controller.devices.turn import Turn


async def test_urgent_callers_go_first_then_first_come():
    turn, order = Turn(), []

    async def use(name, urgent):
        await turn.take(urgent=urgent)
        order.append(name)
        await asyncio.sleep(0)
        turn.release()

    await turn.take()
    tasks = [asyncio.create_task(use(n, n.isupper())) for n in "abCdE"]
    await asyncio.sleep(0)
    assert turn.is_wanted_urgently
    turn.release()
    await asyncio.gather(*tasks)
    assert order == ["C", "E", "a", "b", "d"]
    assert not turn.is_wanted_urgently


async def test_a_cancelled_wait_passes_the_turn_on():
    turn = Turn()
    await turn.take()
    first = asyncio.create_task(turn.take())
    second = asyncio.create_task(turn.take())
    await asyncio.sleep(0)
    turn.release()  # gives it to the first, which is cancelled before it runs
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(second, 1.0)
    turn.release()
    await asyncio.wait_for(turn.take(), 1.0)
