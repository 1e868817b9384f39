# SPDX-License-Identifier: Apache-2.0
"""Devito at its best: generated C with OpenMP, blocks tuned for each grid, one call for a round.

Its own autotuning settles on one try each; the search below takes the best of several.
"""

import os
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tools.perf.peers.body import (
    ARTERIAL_C,
    F32,
    INSIDE,
    LAG,
    LANG_C,
    LANG_WIDTH,
    SWEEP_EVERY,
    THREADS,
    Body,
    Facts,
    halved,
)

if TYPE_CHECKING:
    from devito import Function, Operator

OPTIONS = ("advanced", {"openmp": True})
TUNE_STEPS = 8
TUNE_TRIES = 3


def facts() -> Facts:
    """Name the version, or raise ImportError."""
    if shutil.which("gcc") is None:
        raise ImportError("gcc is not there, and Devito compiles with it")
    os.environ.update(DEVITO_LANGUAGE="openmp", DEVITO_LOGGING="WARNING")
    os.environ.update(OMP_NUM_THREADS=str(THREADS))
    import devito

    return Facts(devito.__version__, "faces", "openmp, advanced, own search for block sizes")


class DevitoBhte:
    """Temperatures above arterial; coefficients per step."""

    def __init__(self, given: Body) -> None:
        import devito

        self._n = given.n
        self._grid = devito.Grid(shape=(given.n,) * 3, dtype=np.float32)
        options = {"grid": self._grid, "space_order": (2, 1, 1)}
        self._above = devito.TimeFunction(name="u", time_order=1, **options)
        self._half = devito.Function(name="k", **options)
        self._above.data_with_halo[:] = given.celsius - np.float32(ARTERIAL_C)
        self._half.data_with_halo[:] = halved(given.conductivity)
        self._operator = self._compiled(given)
        self._blocks: dict[str, int] = {}
        self._ready: tuple[int, Callable[[], None]] | None = None
        self._tune()

    def run(self, steps: int) -> None:
        """Go on by so many steps; what Devito does before it calls its C is done once."""
        if self._ready is None or self._ready[0] != steps:
            self._ready = (steps, self._call(steps, self._blocks))
        self._ready[1]()

    def inside(self) -> F32:
        """Return the temperature, °C; an even number of steps ends in the first buffer."""
        return np.array(self._above.data[0]) + np.float32(ARTERIAL_C)

    def _compiled(self, given: Body) -> "Operator":
        import devito

        def per_step(name: str, watts: F32) -> "Function":
            field = devito.Function(name=name, grid=self._grid, space_order=0)
            field.data[:] = given.per_step(watts)[INSIDE]
            return field

        above, half = self._above, self._half
        flow, source = per_step("w", given.flow), per_step("s", given.source)
        base, rise = per_step("a", given.flow_base), per_step("b", given.flow_rise)
        per = per_step("c", np.ones_like(given.flow))
        conduction = sum(
            (half.subs(axis, axis + side) + half) * (above.subs(axis, axis + side) - above)
            for axis in self._grid.dimensions
            for side in (1, -1)
        )
        cold = devito.Min(above - (LANG_C - ARTERIAL_C), 0.0)
        wanted = base + rise * devito.exp(-cold * cold / LANG_WIDTH)
        every = devito.ConditionalDimension("every", parent=self._grid.time_dim, factor=SWEEP_EVERY)
        sweep = devito.Eq(flow, flow + float(LAG) * (wanted - flow), implicit_dims=every)
        step = devito.Eq(above.forward, above + per * conduction - flow * above + source)
        return devito.Operator([sweep, step], opt=OPTIONS)

    def _call(self, steps: int, blocks: dict[str, int]) -> Callable[[], None]:
        arguments = self._operator.arguments(time_m=0, time_M=steps - 1, nthreads=THREADS, **blocks)
        values = [arguments[parameter.name] for parameter in self._operator.parameters]
        kernel = self._operator.cfunction

        def call() -> None:
            kernel(*values)

        return call

    def _tune(self) -> None:
        """Find the block sizes; the state is put back afterward."""
        names = [p.name for p in self._operator.parameters if p.name.endswith("_blk0_size")]
        kept = [np.array(f.data_with_halo) for f in self._written()]
        calls = {}
        for x in sorted({4, 8, 16, 32, self._n // 2}):
            for y in (16, self._n // 2, self._n):
                blocks = {name: x if name.startswith("x") else y for name in names}
                calls[x, y] = (blocks, self._call(TUNE_STEPS, blocks))
        seconds = {key: float("inf") for key in calls}
        for _ in range(TUNE_TRIES):
            for key, (_, call) in calls.items():
                began = time.perf_counter()
                call()
                seconds[key] = min(seconds[key], time.perf_counter() - began)
        self._blocks = calls[min(seconds, key=lambda key: seconds[key])][0]
        for field, old in zip(self._written(), kept, strict=True):
            field.data_with_halo[:] = old

    def _written(self) -> "list[Function]":
        fields = {f.name: f for f in self._operator.input if f.name in {"u", "w"}}
        return list(fields.values())


def make(given: Body) -> DevitoBhte:
    """Compile, tune, and make the stepper."""
    return DevitoBhte(given)
