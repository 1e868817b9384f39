# SPDX-License-Identifier: Apache-2.0
"""Ticks on absolute deadlines, and who is alive (H27)."""

import asyncio

from mnht_controller.runtime.liveness import FATAL_S, Liveness
from mnht_controller.runtime.pacer import Beats


def test_ticks_do_not_drift_when_work_takes_time(run_virtual):
    async def script():
        seen = []
        async for beat in Beats(0.1):
            seen.append(beat)
            await asyncio.sleep(0.03)
            if len(seen) == 101:
                break
        return seen

    seen = run_virtual(script())
    assert abs(seen[-1].now - seen[0].now - 10.0) < 1e-9
    assert [beat.number for beat in seen] == list(range(101))


def test_missed_ticks_are_skipped_and_lateness_is_said(run_virtual):
    async def script():
        seen = []
        async for beat in Beats(0.1):
            seen.append(beat)
            if beat.number == 3:
                await asyncio.sleep(0.55)
            if len(seen) == 6:
                break
        return seen

    seen = run_virtual(script())
    assert [beat.number for beat in seen] == [0, 1, 2, 3, 8, 9]
    assert seen[4].late_s > 0.04
    assert seen[5].late_s < 1e-9


def test_a_silent_task_is_named_until_it_beats_again():
    liveness = Liveness()
    liveness.beat("source", 0.0)
    liveness.beat("thermometer", 1.5)
    assert liveness.silent(FATAL_S) == ()
    assert liveness.silent(FATAL_S + 0.1) == ("source",)
    liveness.beat("source", FATAL_S + 0.2)
    assert liveness.silent(FATAL_S + 0.3) == ()
