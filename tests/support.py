# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests that are plain functions, so that property tests can call them too."""

from collections.abc import Callable

from sim_hardware.bench.virtual_time import run as run_virtual

__all__ = ("run_virtual", "steady")


def steady(celsius: float) -> Callable[[float], float]:
    """A temperature that never changes."""
    return lambda _: celsius
