# SPDX-License-Identifier: Apache-2.0
"""Plain NumPy at its best: face conductances, `out=`, slabs that stay in the cache, two threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

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

SLAB_BYTES = 200_000
"""A scratch array of this size leaves the second-level cache room for four more."""


def facts() -> Facts:
    """Name the version; NumPy is always there."""
    return Facts(np.__version__, "faces", f"face conductances, slabs, {THREADS} threads")


class NumpyBhte:
    """Temperatures above arterial; coefficients per step."""

    def __init__(self, given: Body) -> None:
        self._now = given.celsius - np.float32(ARTERIAL_C)
        self._next = self._now.copy()
        half = halved(given.conductivity)
        self._faces = (
            half[1:, 1:-1, 1:-1] + half[:-1, 1:-1, 1:-1],
            half[1:-1, 1:, 1:-1] + half[1:-1, :-1, 1:-1],
            half[1:-1, 1:-1, 1:] + half[1:-1, 1:-1, :-1],
        )
        ones = np.ones_like(given.flow)
        arrays = (ones, given.flow, given.source, given.flow_base, given.flow_rise)
        self._per, self._flow, self._source, self._base, self._rise = (
            given.per_step(array)[INSIDE].copy() for array in arrays
        )
        self._slabs = [*_slabs(given.n)]
        thick = self._slabs[0][1] - self._slabs[0][0]
        shape = (thick + 1, given.n + 1, given.n + 1)
        self._scratch = [np.empty((2, *shape), np.float32) for _ in range(THREADS)]
        self._threads = ThreadPoolExecutor(THREADS)

    def run(self, steps: int) -> None:
        """Go on by so many steps."""
        for step in range(steps):
            if step % SWEEP_EVERY == 0:
                self._both(self._sweep)
            self._both(self._step)
            self._now, self._next = self._next, self._now

    def inside(self) -> F32:
        """Return the temperature, °C."""
        return self._now[INSIDE] + np.float32(ARTERIAL_C)

    def _both(self, work: Callable[[int, int, F32], None]) -> None:
        """Let each thread do every other slab."""

        def own(thread: int) -> None:
            for first, last in self._slabs[thread::THREADS]:
                work(first, last, self._scratch[thread])

        list(self._threads.map(own, range(THREADS)))

    def _step(self, first: int, last: int, scratch: F32) -> None:
        thick = last - first
        slab, n = slice(first, last), self._per.shape[1]
        here = self._now[first + 1 : last + 1, 1:-1, 1:-1]
        total, through = scratch[0, :thick, :n, :n], scratch[1]
        x, y, z = through[: thick + 1, :n, :n], through[:thick, :, :n], through[:thick, :n]
        wide = self._now[first : last + 2, 1:-1, 1:-1]
        np.subtract(wide[1:], wide[:-1], out=x)
        x *= self._faces[0][first : last + 1]
        np.subtract(x[1:], x[:-1], out=total)
        wide = self._now[first + 1 : last + 1, :, 1:-1]
        np.subtract(wide[:, 1:], wide[:, :-1], out=y)
        y *= self._faces[1][slab]
        total += y[:, 1:]
        total -= y[:, :-1]
        wide = self._now[first + 1 : last + 1, 1:-1]
        np.subtract(wide[..., 1:], wide[..., :-1], out=z)
        z *= self._faces[2][slab]
        total += z[..., 1:]
        total -= z[..., :-1]
        total *= self._per[slab]
        lost = through[:thick, :n, :n]
        np.multiply(self._flow[slab], here, out=lost)
        total -= lost
        total += self._source[slab]
        np.add(total, here, out=self._next[first + 1 : last + 1, 1:-1, 1:-1])

    def _sweep(self, first: int, last: int, scratch: F32) -> None:
        thick = last - first
        slab, n = slice(first, last), self._per.shape[1]
        bell = scratch[0, :thick, :n, :n]
        np.subtract(self._now[INSIDE][slab], np.float32(LANG_C - ARTERIAL_C), out=bell)
        np.minimum(bell, np.float32(0.0), out=bell)
        bell *= bell
        bell *= np.float32(-1.0 / LANG_WIDTH)
        np.exp(bell, out=bell)
        bell *= self._rise[slab]
        bell += self._base[slab]
        bell -= self._flow[slab]
        bell *= np.float32(LAG)
        self._flow[slab] += bell


def _slabs(n: int) -> Iterator[tuple[int, int]]:
    """Cut n planes into slabs of about SLAB_BYTES."""
    thick = min(n, max(1, SLAB_BYTES // (4 * n * n)))
    for first in range(0, n, thick):
        yield first, min(n, first + thick)


def make(given: Body) -> NumpyBhte:
    """Make the stepper."""
    return NumpyBhte(given)
