# SPDX-License-Identifier: Apache-2.0
"""Steady states by accelerated relaxation: Chebyshev's three-term recurrence around one step.

Any one-step map that damps every mode will do; the slowest damping it must beat is a guess, and a
wrong guess costs time, not the answer.
"""

import math
from collections.abc import Callable

import numpy as np

from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.support.jit import compiled, prange


@compiled(parallel=True)
def _extrapolate(now: F32, stepped: F32, before: F32, omega: np.float32, gamma: np.float32) -> None:
    """Put the next iterate into `before`."""
    for n in prange(len(now)):
        forward = now[n] + gamma * (stepped[n] - now[n])
        before[n] = omega * (forward - before[n]) + before[n]


def relax(step: Callable[[F32], F32], start: F32, slowest: float, steps: int) -> F32:
    """Return `start` after `steps` accelerated applications of `step`.

    `step` maps a state to the next one, in an array that it may use again; it must not keep or
    change its argument. `slowest` is the part of the slowest mode that one step removes (step time
    over its time constant).
    """
    # Eigenvalues of the step lie in [low, 1 − slowest]; an explicit stable step has low >= -1.
    low, high = -1.0, 1.0 - slowest
    gamma = 2.0 / (2.0 - high - low)
    sigma = (high - low) / (2.0 - high - low)
    before, now = start.copy(), step(start).copy()
    now = start + np.float32(gamma) * (now - start)
    omega = 1.0 / (1.0 - 0.5 * sigma**2)
    for _ in range(steps - 1):
        _extrapolate(now, step(now), before, np.float32(omega), np.float32(gamma))
        before, now = now, before
        omega = 1.0 / (1.0 - 0.25 * sigma**2 * omega)
    return now


def steps_for(slowest: float, factor: float = 20.0) -> int:
    """Return how many accelerated steps shrink the slowest mode by about `factor`."""
    return max(10, math.ceil(math.log(2.0 * factor) / math.sqrt(2.0 * slowest)))
