# SPDX-License-Identifier: Apache-2.0
"""Pulses whose sums are written by hand, so that gain and lag are the numbers they say."""

import math
from dataclasses import replace
from typing import Any

from mnht_controller.core.pulse import Heard, Pulse, judged
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.probe import Probe
from mnht_controller.domain.tick import Identified
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s
from mnht_controller.thermometry.response import Sums, solved
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, make_plan

PROBES = (SKIN, TUMOR, HEALTHY)
PLAN = make_plan(probes=PROBES)
FAST = replace(PLAN, envelope=replace(PLAN.envelope, speed=math.nextafter(1.0, 2.0)))
CLEAR = 2.0**60
"""Energy and power as varied as this leave next to no doubt, and no rounding."""


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def answer(gain: float, lag_s: float = 1.0, clear: float = CLEAR, ee: float = 0.0) -> Sums:
    """Sums of a probe with this gain and lag; `clear` says how little noise leaves open."""
    ee = ee or clear
    return Sums(count=4, ee=ee, uu=clear, ey=gain * ee, uy=-gain * lag_s * clear)


SILENT = Sums()


def running(
    skin: Sums = SILENT, tumor: Sums = SILENT, healthy: Sums = SILENT, **changes: Any
) -> Pulse:
    """A pulse of so many seconds at a mean u of 1."""
    heard = tuple([Heard(0.0, 0.0, sums) for sums in (skin, tumor, healthy)])
    seconds = changes.get("seconds", 20.0)
    prior = tuple([Identified(probe.id, None, probe.lag_s, 0.0, True) for probe in PROBES])
    quiet = Pulse(seconds=seconds, energy=seconds, heard=heard, identified=prior)
    return replace(quiet, **changes)


def verdict(of: Pulse, plan: Plan = PLAN) -> tuple[str, str] | None:
    """Code and place; empty when it ended well, None when it goes on."""
    after, failure = judged(plan, of)
    if not after.is_over:
        assert after == of
        assert failure is None
        return None
    return ("", "") if failure is None else (failure.code, failure.where)


def trend_sigma(probe: Probe, plan: Plan = PLAN) -> float:
    spacing_s = probe.period_s * plan.envelope.speed
    window_s = rate.window_s(sigma_c(probe), spacing_s, prediction_s(probe))
    return rate.sigma_c_per_s(sigma_c(probe), spacing_s, window_s)


def gain_for(snr: float, clear: float = CLEAR, probe: Probe = TUMOR) -> float:
    """The gain that stands out just so far at a mean u of 1, to the last float."""
    found = solved(answer(1.0, clear=clear), sigma_c(probe))
    assert found is not None
    drift = trend_sigma(probe)
    return snr * float((found.gain_sigma**2 + drift * drift) ** 0.5)


GOOD = answer(1.0)
LATE = answer(1.0, lag_s=9.0)
