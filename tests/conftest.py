# SPDX-License-Identifier: Apache-2.0
"""What every test gets: the check for leaked tasks, a note of what it names, and these fixtures.

`run_virtual(coroutine)` runs in virtual time. `slow_callbacks` makes asyncio log each callback
that holds the loop for more than 50 ms; it fails nothing by itself. Before the first test, the
bench's patient is fitted (once per change of the plant), so that no test waits for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sim_hardware.plant.models.open import open_patient
from tests import support
from tests.leaks import pytest_configure, pytest_runtest_teardown
from tests.meta import tree
from tests.traces import pytest_itemcollected, pytest_runtest_logreport, pytest_sessionfinish

__all__ = (
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_runtest_logreport",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Fit and compile once, before workers share the processors."""
    if not hasattr(session.config, "workerinput"):
        open_patient(tree.ROOT / "config" / "patients" / "neck_node.toml")


@pytest.fixture
def run_virtual() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Give the runner in virtual time; property tests import it from `tests.support`."""
    return support.run_virtual


@pytest.fixture
async def slow_callbacks() -> None:
    """Switch the running loop to debug mode with a 50 ms threshold."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.05
