# SPDX-License-Identifier: Apache-2.0
"""The leak check itself: tests that leave a task behind fail, tidy ones pass."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEADER = "import asyncio\nimport pytest\n"
FOREVER = "asyncio.create_task(asyncio.sleep(60))"

LEAKY = {
    "in the test": f"async def test_it():\n    task = {FOREVER}\n",
    "in a fixture": (
        f"@pytest.fixture\nasync def task():\n    yield {FOREVER}\n\nasync def test_it(task): ...\n"
    ),
    "in a nested asyncio.run": (
        "def test_it():\n    async def main():\n"
        f"        task = {FOREVER}\n    asyncio.run(main())\n"
    ),
    "in a loop made by hand": (
        "def test_it():\n    loop = asyncio.new_event_loop()\n"
        "    task = loop.create_task(asyncio.sleep(60))\n"
        "    loop.run_until_complete(asyncio.sleep(0))\n    loop.close()\n"
    ),
    "in virtual time": (
        "from tests.support import run_virtual\n"
        "def test_it():\n    async def main():\n"
        f"        task = {FOREVER}\n    run_virtual(main())\n"
    ),
}

TIDY = {
    "awaited": "async def test_it():\n    await asyncio.create_task(asyncio.sleep(0))\n",
    "group": (
        "async def test_it():\n    async with asyncio.TaskGroup() as group:\n"
        "        group.create_task(asyncio.sleep(0))\n"
    ),
    "virtual time": (
        "from tests.support import run_virtual\n"
        f"async def main():\n    await {FOREVER}\ndef test_it():\n    run_virtual(main())\n"
    ),
    "fixture cleans up": (
        f"@pytest.fixture\nasync def task():\n    task = {FOREVER}\n    yield task\n"
        "    task.cancel()\n    await asyncio.gather(task, return_exceptions=True)\n\n"
        "async def test_it(task): ...\n"
    ),
}


def run_pytest(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_inner.py").write_text(HEADER + body)
    command = [sys.executable, "-m", "pytest", "-p", "tests.leaks", "-p", "no:cacheprovider"]
    command += ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    command += ["--rootdir", str(folder), "-c", "/dev/null", "test_inner.py"]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("body", LEAKY.values(), ids=LEAKY.keys())
def test_a_leaked_task_fails_its_test(tmp_path: Path, body: str) -> None:
    done = run_pytest(tmp_path, body)
    assert done.returncode == 1, done.stdout
    assert "left pending tasks" in done.stdout


@pytest.mark.parametrize("body", TIDY.values(), ids=TIDY.keys())
def test_a_tidy_test_passes(tmp_path: Path, body: str) -> None:
    done = run_pytest(tmp_path, body)
    assert done.returncode == 0, done.stdout


def test_the_fixture_runs_in_virtual_time(
    run_virtual: Callable[[Coroutine[Any, Any, float]], float],
) -> None:
    async def an_hour() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run_virtual(an_hour()) == pytest.approx(3600)
    assert time.monotonic() - started < 60


async def test_slow_callbacks_are_logged(
    slow_callbacks: None, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(time.sleep, 0.06)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert " took " in caplog.text
