# SPDX-License-Identifier: Apache-2.0
"""The default gains on small plants: overshoot, plateau, wind-up, at both step lengths.

True skin is judged, noise-free. The cut-back of the interlock is imitated, nothing else of it.
"""

from dataclasses import replace

import pytest

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from tests.unit.core.core_bench import FirstOrder, Loop, Sphere, make_plan


def treated(plant, dt, seconds=3600.0, seed=1):
    loop = Loop(make_plan(), plant, dt, seed)
    loop.to_ramp()
    return loop.treat(seconds)


def in_band(run, dt, seconds):
    reached = next(n for n, skin_c in enumerate(run.skin_c) if skin_c >= 42.7)
    window = run.skin_c[reached : reached + int(seconds / dt)]
    return sum(abs(skin_c - 43.0) <= 0.3 for skin_c in window) / len(window), reached * dt


@pytest.mark.parametrize("plant", [FirstOrder, Sphere])
@pytest.mark.parametrize("gain", [60.0, 63.0, 90.0, 117.0, 120.0, 156.0])
def test_overshoot_and_plateau_over_the_gain_range(plant, gain):
    run = treated(plant(gain), 2.0)
    share, reached_s = in_band(run, 2.0, 1500.0)
    assert run.overshoot_c() <= 0.2
    assert share >= 0.98
    assert reached_s <= 1500.0
    assert run.inhibited_s == 0.0  # control keeps clear of the cut-back by itself
    assert max(run.field_ka_per_m) <= 7.5
    assert Phase.PLATEAU in run.phase


def test_gain_30_percent_below_the_range_only_falls_short():
    run = treated(FirstOrder(42.0), 2.0)
    assert run.overshoot_c() == 0.0
    assert run.phase[-1] is Phase.COOLDOWN
    assert {(event.code, event.where) for event in run.events} >= {
        ("phase.cooldown", "ramp_timeout")
    }


def test_at_ten_hertz_in_real_time():
    run = treated(FirstOrder(90.0), 0.1, seconds=1400.0)
    share, reached_s = in_band(run, 0.1, 600.0)
    assert run.overshoot_c() <= 0.2
    assert share >= 0.98
    assert reached_s <= 900.0


def test_five_minutes_of_inhibit_then_release_h39():
    loop = Loop(make_plan(), Sphere(90.0), 2.0)
    loop.to_ramp()
    loop.treat(1500.0)
    for _ in range(150):
        loop.tick(inhibit=True)
    lowest = loop.plant.skin_c
    run = loop.treat(4000.0)
    assert lowest < 42.0
    assert run.skin_c[-1] > 42.7
    assert run.overshoot_c() <= 0.3


def test_five_minutes_of_saturation_then_release_h39():
    loop = Loop(make_plan(), Sphere(90.0), 2.0)
    loop.to_ramp()
    loop.treat(1500.0)
    full = loop.state
    loop.state = replace(full, ceiling_ka_per_m=4.0)
    for _ in range(150):
        loop.tick()
    wish = loop.state.loops.skin.wish
    assert wish is not None
    assert wish > (4.0 / 18.0) ** 2
    assert loop.permitted == pytest.approx(4.0)
    assert loop.plant.skin_c < 42.5
    loop.state = replace(loop.state, ceiling_ka_per_m=full.ceiling_ka_per_m)
    before = loop.ticks
    run = loop.treat(4000.0)
    assert 42.9 < max(run.skin_c[before:]) <= 43.3


def test_pause_and_resume_do_not_overshoot_h42():
    loop = Loop(make_plan(), Sphere(90.0), 2.0)
    loop.to_ramp()
    loop.treat(1500.0)
    loop.tick((Verb.PAUSE,))
    for _ in range(150):
        assert loop.tick().demand.field_ka_per_m == 0.0
    loop.tick((Verb.RESUME,))
    assert loop.treat(4000.0).overshoot_c() <= 0.3
