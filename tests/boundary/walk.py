# SPDX-License-Identifier: Apache-2.0
"""One probe in time, for tests of its limits; and the floats beside a float."""

import math
from dataclasses import replace

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry.observe import Clock, Observation, observe, start

PROBE = Probe("skin", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, 0.1, 5.0)
EXACT = replace(PROBE, noise_c=0.0, resolution_c=0.0)
NO_NUMBERS = (math.nan, math.inf, -math.inf)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


class Walk:
    """One probe in time: `at` is when the sample was taken, everything else follows."""

    def __init__(self, probe: Probe = EXACT, *, speed: float = 1.0, field_on: bool = True) -> None:
        self.probe, self.speed, self.field_on = probe, speed, field_on
        self.tracks = start((probe,))
        self.seq = 0

    def sample(self, at: float, celsius: float | None, seq: int | None = None) -> Observation:
        self.seq = self.seq + 1 if seq is None else seq
        return self.look(at, Reading(celsius, Quality.GOOD, at, self.seq))

    def look(self, now: float, raw: Reading) -> Observation:
        clock = Clock(now, now * self.speed, self.speed, self.field_on)
        self.tracks, (seen,) = observe((self.probe,), self.tracks, (raw,), clock)
        return seen

    def wait(self, now: float) -> Observation:
        """Nothing new came: the last frame again."""
        at = self.tracks[0].at or 0.0
        return self.look(now, Reading(self.tracks[0].raw_c, Quality.GOOD, at, self.seq))
