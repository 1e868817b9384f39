# SPDX-License-Identifier: Apache-2.0
"""The supervisor with real, tiny children: order, death, stubbornness, end of file. H21, H33."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnht_controller.runtime.supervisor import ChildFailed, ChildSpec, Supervisor

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[3]

CHILD = """
import os, select, signal, sys, time
name, folder, habit = sys.argv[1:]
journal = os.open(folder + "/order", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def note(what): os.write(journal, f"{name} {what}\\n".encode())
def end(number, frame):
    note("term")
    if habit != "stubborn": sys.exit(0)
signal.signal(signal.SIGTERM, end)
note(f"start {os.getpid()}")
if habit == "broken": sys.exit("the port is taken")
if habit == "busy": sys.exit(74)
if habit != "mute": print('{"ready": true, "name": "%s"}' % name, flush=True)
if habit == "mortal": time.sleep(0.2); sys.exit(3)
while True:
    if select.select([0], [], [], 5)[0] and os.read(0, 100) == b"": break
note("eof")
"""


def specs(tmp_path: Path, **habits: str) -> list[ChildSpec]:
    return [
        ChildSpec(
            name,
            (sys.executable, "-SE", "-c", CHILD, name, str(tmp_path), habit),
            is_vital=name != "console",
            ready_s=0.5 if habit == "mute" else 10.0,
        )
        for name, habit in habits.items()
    ]


def notes(tmp_path: Path) -> list[str]:
    path = tmp_path / "order"
    return path.read_text().splitlines() if path.exists() else []


def pids(tmp_path: Path) -> list[int]:
    return [int(note.split()[2]) for note in notes(tmp_path) if " start " in note]


def listed(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


async def test_starts_the_guard_first_and_ends_with_the_field_off_first(tmp_path: Path) -> None:
    children = specs(tmp_path, guard="ok", stop="ok", controller="ok", console="ok")
    supervisor = Supervisor(children, tmp_path)
    ready = await supervisor.start()
    started = [note.split()[0] for note in notes(tmp_path)]
    assert started[0] == "guard"
    assert sorted(started[1:]) == ["console", "controller", "stop"]
    assert ready["controller"] == {"ready": True, "name": "controller"}
    await supervisor.stop()
    ends = [note for note in notes(tmp_path) if " start " not in note]
    assert ends[:2] == ["controller term", "guard term"]
    assert {*ends[2:]} == {"stop term", "console term"}
    assert all(child.process.returncode == 0 for child in supervisor.children)
    assert not any(map(listed, pids(tmp_path))), "a zombie is left"


@pytest.mark.parametrize("victim", ["guard", "controller", "stop"])
async def test_a_vital_death_takes_everything_down(tmp_path: Path, victim: str) -> None:
    said: list[str] = []
    habits = dict.fromkeys(("guard", "stop", "controller", "console"), "ok")
    children = specs(tmp_path, **(habits | {victim: "mortal"}))
    code = await Supervisor(children, tmp_path, said.append).run()
    assert code == 1
    assert "EVERYTHING OFF AND DOWN" in said[-1]
    assert f"{victim}: ended with exit code 3" in said[-1]
    assert not any(map(alive, pids(tmp_path)))


async def test_a_dead_console_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    heard = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        heard.set()

    supervisor = Supervisor(
        specs(tmp_path, guard="ok", controller="ok", console="mortal"), tmp_path, say
    )

    async def work(ready: object) -> int:
        await heard.wait()
        await asyncio.sleep(0.1)
        return 5 if all(c.is_running for c in supervisor.children[:2]) else 6

    assert await supervisor.run(work) == 5
    assert len(said) == 1
    assert "console stays down" in said[0]


@pytest.mark.parametrize(
    ("habit", "code", "why"),
    [
        ("broken", 1, "the port is taken"),
        ("busy", 74, "exit code 74"),
        ("mute", 69, "not ready within"),
    ],
)
async def test_a_child_that_does_not_get_ready(
    tmp_path: Path, habit: str, code: int, why: str
) -> None:
    said: list[str] = []
    children = specs(tmp_path, guard=habit, controller="ok", console="ok")
    assert await Supervisor(children, tmp_path, said.append).run() == code
    assert why in said[-1]
    assert len(pids(tmp_path)) == 1, "nothing is started without a ready guard"
    assert not any(map(alive, pids(tmp_path)))


async def test_a_missing_program_is_said(tmp_path: Path) -> None:
    supervisor = Supervisor([ChildSpec("guard", (str(tmp_path / "none"),))], tmp_path)
    with pytest.raises(ChildFailed, match="guard: cannot be started"):
        await supervisor.start()


async def test_a_stubborn_or_stopped_child_is_killed(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(
        specs(tmp_path, guard="ok", controller="stubborn", console="ok"), tmp_path, said.append
    )
    await supervisor.start()
    os.kill(supervisor.children[2].process.pid, signal.SIGSTOP)
    await supervisor.stop()
    killed = [child.process.returncode for child in supervisor.children]
    assert killed == [0, -signal.SIGKILL, -signal.SIGKILL]
    assert len(said) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: int) -> None:
    supervisor = Supervisor(specs(tmp_path, guard="ok", controller="ok"), tmp_path, lambda _: None)

    async def work(ready: object) -> int:
        os.kill(os.getpid(), number)
        await asyncio.sleep(10)
        return 9

    assert await supervisor.run(work) == 0
    assert [note for note in notes(tmp_path) if "term" in note] == ["controller term", "guard term"]


@pytest.mark.shows("off_by_parent")
def test_children_see_the_end_when_serve_itself_is_killed(tmp_path: Path) -> None:
    """kill -9 of `serve`: every child reads end of file, so no sibling holds its pipe."""
    source = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from mnht_controller.runtime.supervisor import ChildSpec, Supervisor\n"
        f"specs = {specs(tmp_path, guard='ok', controller='ok', console='ok')!r}\n"
        f"asyncio.run(Supervisor(specs, Path({str(tmp_path)!r})).run())\n"
    )
    serve = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT)
    try:
        assert until(lambda: len(pids(tmp_path)) == 3)
        time.sleep(0.1)
        serve.kill()
        serve.wait()
        assert until(lambda: not any(map(alive, pids(tmp_path))))
        ends = {note for note in notes(tmp_path) if " start " not in note}
        assert ends == {"guard eof", "controller eof", "console eof"}
    finally:
        for pid in filter(alive, pids(tmp_path)):
            os.kill(pid, signal.SIGKILL)
