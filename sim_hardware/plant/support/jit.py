# SPDX-License-Identifier: Apache-2.0
"""Numba with types: kernels are compiled once and kept in the cache folder.

Only `contract` of fast math is on: sums keep their order, so that results do not depend on the
number of threads, and NaN stays NaN.
"""

import os
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

# Threads that spin while they wait would cost tens of times when another process needs a processor.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

try:
    import numba
except ImportError as error:
    raise ImportError(
        "the simulated patient needs numba: install mnht-controller[sim], or use ./run"
    ) from error

from sim_hardware.plant.support import cache

_settings = cast(Any, numba).config
if not _settings.CACHE_DIR:
    _settings.CACHE_DIR = str(cache.folder("kernels"))  # an installation may be read-only

F = TypeVar("F", bound=Callable[..., Any])


def compiled(*, parallel: bool = False) -> Callable[[F], F]:
    """Compile a function to machine code; `parallel` lets `prange` use all threads."""

    def decorate(function: F) -> F:
        make = numba.njit(
            cache=True, error_model="numpy", fastmath={"contract"}, parallel=parallel, nogil=True
        )
        return cast(F, make(function))

    return decorate


def set_threads(count: int) -> int:
    """Use that many threads, at most what the process may; returns how many it uses now."""
    allowed = int(_settings.NUMBA_NUM_THREADS)
    numba.set_num_threads(max(1, min(count, allowed)))
    return int(numba.get_num_threads())


prange = numba.prange
warnings.filterwarnings("ignore", category=numba.NumbaPerformanceWarning)
