# SPDX-License-Identifier: Apache-2.0
"""Chooses few points with weights >= 0 that stand for a sum over many (Lawson-Hanson NNLS)."""

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Index = NDArray[np.intp]


def weigh(parts: F64, whole: F64, tolerance: float, most: int) -> tuple[Index, F64]:
    """Return columns of `parts` and weights such that their sum is `whole` within `tolerance`.

    parts (rows, columns), whole (rows). Stops at `most` columns, whatever error is left (relative,
    2-norm). Works on the normal equations, so `parts` should not be worse than 1e6 conditioned.
    """
    gram, toward = parts.T @ parts, parts.T @ whole
    length2 = float(whole @ whole)
    weight = np.zeros(parts.shape[1])
    active: list[int] = []
    while len(active) < most:
        gradient = toward - gram @ weight
        rest2 = length2 - float(weight @ (toward + gradient))
        gradient[active] = -np.inf
        best = int(np.argmax(gradient))
        if rest2 <= tolerance**2 * length2 or not (gradient[best] > 0.0):
            break
        active.append(best)
        active = _descend(gram, toward, weight, active)
    index = np.array(sorted(active), dtype=np.intp)
    return index, weight[index]


def _descend(gram: F64, toward: F64, weight: F64, active: list[int]) -> list[int]:
    """Solve on the active columns; step back and drop whatever would turn negative."""
    while True:
        square = gram[np.ix_(active, active)]
        small = 1e-12 * float(np.trace(square)) / len(active)
        solved = np.linalg.solve(square + small * np.eye(len(active)), toward[active])
        if float(solved.min()) > 0.0:
            weight[active] = solved
            return active
        now = weight[active]
        falling = solved <= 0.0
        room = now[falling] / np.maximum(now[falling] - solved[falling], 1e-300)
        now = now + min(float(room.min()), 1.0) * (solved - now)
        weight[active] = np.maximum(now, 0.0)
        gone = [
            n
            for n, left, falls in zip(active, now, falling, strict=True)
            if falls and left <= 1e-15
        ]
        gone = gone or [active[int(np.argmin(now))]]
        weight[gone] = 0.0
        active = [n for n in active if n not in gone]
        if not active:
            return active
