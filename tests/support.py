# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests that are plain functions, so that property tests can call them too."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sim_hardware.bench.virtual_time import VirtualTimeLoop

T = TypeVar("T")


def run_virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to completion on a fresh loop whose clock jumps to the next timer."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
