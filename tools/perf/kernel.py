# SPDX-License-Identifier: Apache-2.0
"""Our bioheat kernel as a contender, and the memory it is held against (STREAM triad, float32)."""

import math
import time

import numpy as np

from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.runs import INSULATED
from sim_hardware.plant.support.jit import compiled, prange
from tools.perf.peers.body import DT_S, LAG, SWEEP_EVERY, TISSUES, labels

TRIAD = 32 * 2**20
"""Elements of each array: far more than any cache holds."""
SIZES = (64, 96, 128, 192, 256)
DOSE_N = 128
DOSE_EVERY = 3
"""Steps between additions of dose, as the patient does it at its own step of 0.4 s."""
ROUNDS = 7


@compiled(parallel=True)
def _triad(a: F32, b: F32, c: F32, s: np.float32) -> None:
    for n in prange(len(a)):
        a[n] = b[n] + s * c[n]


class Stream:
    """STREAM triad; its bytes are counted as STREAM does, without write-allocate."""

    def __init__(self) -> None:
        self._arrays = [np.ones(TRIAD, np.float32) for _ in range(3)]
        self.gb_per_s()

    def gb_per_s(self) -> float:
        """Return the best of three passes."""
        best, (a, b, c) = math.inf, self._arrays
        for _ in range(3):
            began = time.perf_counter()
            _triad(a, b, c, np.float32(3.0))
            best = min(best, time.perf_counter() - began)
        return 12e-9 * TRIAD / best


class Ours:
    """The product's solver on the peers' body: same tissues, labels, step, flow that lags."""

    BYTES = 16.0 + 12.0 / SWEEP_EVERY
    """Traffic of a voxel and step: rise in and out, flow, heat; a sweep has rise and flow twice."""

    def __init__(self, n: int, *, with_dose: bool = False) -> None:
        label = (labels(n)[1:-1, 1:-1, 1:-1] + 1).astype(np.uint8)
        air = (1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
        density, heat, conductivity, rest, plateau, source = np.vstack([air, TISSUES]).T
        medium = Medium(label, 1e-3, conductivity, density * heat, np.zeros(8), INSULATED)
        self.heat, self.n = Bioheat(medium, with_dose=with_dose), n
        self.heat.view(self.heat.heat)[:] = source.astype(np.float32)[label]
        self.heat.view(self.heat.perfusion)[:] = rest.astype(np.float32)[label]
        axis = np.linspace(-1.0, 1.0, n, dtype=np.float32)
        x, y, z = axis[:, None, None], axis[:, None], axis
        self.heat.view(self.heat.rise)[:] = 0.5 + 6.0 * np.exp(-3.0 * (x**2 + y**2 + z**2))
        gain = (plateau - rest) / (1.0 - math.exp(-(8.0**2) / 12.0))
        self._laws = np.column_stack([plateau - gain, gain]).astype(np.float32)
        # A tissue whose flow never changes has no rising law: the table serves it.
        self._table = np.repeat(rest.astype(np.float32)[:, None], 801, axis=1)
        self.round(SWEEP_EVERY)

    def round(self, steps: int) -> float:
        """Return Mvox/s over so many steps, sweeps included."""
        began = time.perf_counter()
        for number in range(1, steps + 1):
            self.heat.step(DT_S, 1.0)
            if number % SWEEP_EVERY == 0:
                self.heat.flow(self._table, self._laws, float(LAG))
            if number % DOSE_EVERY == 0:
                self.heat.add_dose(DOSE_EVERY * DT_S / 60.0)
        return 1e-6 * steps * self.n**3 / (time.perf_counter() - began)


def dose_cost() -> dict[str, float]:
    """Return what CEM43 in every voxel costs, as a part of everything else."""
    plain, dosed = Ours(DOSE_N), Ours(DOSE_N, with_dose=True)
    pairs = [(plain.round(40), dosed.round(40)) for _ in range(ROUNDS)]
    costs = sorted(without / with_it - 1.0 for without, with_it in pairs)
    return {"n": DOSE_N, "cost": round(costs[len(costs) // 2], 3)}


def scaling() -> dict[str, float]:
    """Return how time grows with voxels (exponent of a straight line in logarithms), and memory."""
    rows = []
    for n in SIZES:
        ours = Ours(n)
        steps = max(8, 4 * round(2e7 / n**3))
        rate = max(ours.round(steps) for _ in range(ROUNDS))
        rows.append((n, rate, Ours(n, with_dose=True).heat.bytes_per_voxel()))
    voxels = np.log([float(n) ** 3 for n, _, _ in rows])
    seconds = voxels - np.log([rate for _, rate, _ in rows])
    return {
        **{f"mvox_per_s_{n}": round(rate) for n, rate, _ in rows},
        "exponent": round(float(np.polyfit(voxels, seconds, 1)[0]), 3),
        "bytes_per_voxel": round(max(size for _, _, size in rows), 2),
    }
