# SPDX-License-Identifier: Apache-2.0
"""JAX on the processor at its best: whole arrays shifted by padding, which XLA fuses to one loop.

Slices with an update in place, and rolls, take two to four times as long; unrolling is worse still.
"""

import os
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
    Body,
    Facts,
    halved,
)

if TYPE_CHECKING:
    from jax import Array

    State = tuple[Array, Array]
    Fixed = tuple[Array, ...]


def facts() -> Facts:
    """Name the version, or raise ImportError. XLA uses all processors that the worker left it."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    return Facts(jax.__version__, "faces", "jit, fori_loop, shifts by pad")


class JaxBhte:
    """Temperatures above arterial; coefficients per step, zero in the outer layer."""

    def __init__(self, given: Body) -> None:
        import jax

        within = np.zeros_like(given.flow)
        within[INSIDE] = 1.0
        arrays = (within, given.flow, given.source, given.flow_base, given.flow_rise)
        per, flow, source, base, rise = (given.per_step(within * array) for array in arrays)
        above = given.celsius - np.float32(ARTERIAL_C)
        self._state = (jax.numpy.array(above), jax.numpy.array(flow))
        fixed = (halved(given.conductivity), per, source, base, rise)
        self._fixed = tuple(jax.numpy.array(array) for array in fixed)
        self._blocks = jax.jit(_blocks, donate_argnums=(0,), static_argnums=(2,))

    def run(self, steps: int) -> None:
        """Go on by so many steps, and wait for them."""
        self._state = self._blocks(self._state, self._fixed, steps // SWEEP_EVERY)
        self._state[0].block_until_ready()

    def inside(self) -> F32:
        """Return the temperature, °C."""
        return np.array(self._state[0])[INSIDE] + np.float32(ARTERIAL_C)


def _shifted(array: "Array", axis: int, side: int) -> "Array":
    """Move by one voxel; zero comes in, where the outer layer's coefficients are zero as well."""
    from jax import lax

    config = [(0, 0, 0)] * 3
    config[axis] = (side, -side, 0)
    return lax.pad(array, np.float32(0.0), config)


def _step(above: "Array", flow: "Array", fixed: "Fixed") -> "Array":
    half, per, source, _, _ = fixed
    conduction = sum(
        (_shifted(half, axis, side) + half) * (_shifted(above, axis, side) - above)
        for axis in range(3)
        for side in (1, -1)
    )
    return above + per * conduction - flow * above + source


def _blocks(state: "State", fixed: "Fixed", count: int) -> "State":
    """Do `count` times a sweep and SWEEP_EVERY steps."""
    from jax import lax
    from jax import numpy as jnp

    def block(_: int, state: "State") -> "State":
        above, flow = state
        cold = jnp.minimum(above - np.float32(LANG_C - ARTERIAL_C), 0.0)
        bell = jnp.exp(cold * cold * np.float32(-1.0 / LANG_WIDTH))
        flow += np.float32(LAG) * (fixed[3] + fixed[4] * bell - flow)
        above = lax.fori_loop(0, SWEEP_EVERY, lambda _, above: _step(above, flow, fixed), above)
        return above, flow

    final: State = lax.fori_loop(0, count, block, state)
    return final


def make(given: Body) -> JaxBhte:
    """Make the stepper; its first run compiles."""
    return JaxBhte(given)
