# SPDX-License-Identifier: Apache-2.0
"""H27: the sleeps of `./run perf loop`: where they are put, that they are put once, and there."""

import importlib
import importlib.util
import inspect
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from tools.perf import sleeps
from tools.perf.sleeps import SITES, SLEEP_S, SLEEPER, Site


@pytest.fixture
def sleeper() -> ModuleType:
    """The half that the process under test reads; here it is only a module."""
    spec = importlib.util.spec_from_file_location("sleeper", SLEEPER / "sitecustomize.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every sleep that would have been slept."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_at_least_twenty_call_sites_exist():
    assert len({*SITES}) == len(SITES) >= 20
    for site in SITES:
        value: object = importlib.import_module(site.module)
        for word in site.name.split("."):
            value = inspect.getattr_static(value, word)
        assert inspect.isfunction(value), site


def test_a_sleep_outlasts_every_target():
    assert SLEEP_S > 0.75


def test_a_function_sleeps_once_under_every_name_it_has(
    sleeper: ModuleType, slept: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = ModuleType("mnht_controller.made"), ModuleType("mnht_controller.other")
    made[0].double = made[1].twice = lambda value: 2 * value  # type: ignore[attr-defined]
    for module in made:
        monkeypatch.setitem(sys.modules, module.__name__, module)
    sleeper.put("mnht_controller.made", "double", 1.5, tmp_path)
    assert made[1].twice(4) == 8  # the name that somebody imported it by
    assert slept == [1.5]
    assert 0.0 <= time.monotonic() - float((tmp_path / "began").read_text()) < 60.0
    assert made[0].double(3) == 6
    assert slept == [1.5]


def test_a_method_sleeps_in_every_instance(
    sleeper: ModuleType, slept: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Held:
        def say(self, word: str) -> str:
            return word

    module = ModuleType("drivers.made")
    module.Held = Held  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "drivers.made", module)
    held = Held()
    sleeper.put("drivers.made", "Held.say", 0.5, tmp_path)
    assert held.say("a") == "a"
    assert held.say("b") == "b"
    assert slept == [0.5]


def test_another_process_is_left_alone(sleeper: ModuleType):
    assert signal.getsignal(signal.SIGUSR1) is not sleeper.arm


def test_what_is_asked_for_reaches_the_folder_and_the_moment_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def kill(pid: int, number: int) -> None:
        assert (pid, number) == (77, signal.SIGUSR1)
        asked = json.loads((tmp_path / "ask").read_text())
        assert asked == {"module": "m", "name": "f", "s": SLEEP_S}
        (tmp_path / "began").write_text("12.5")

    monkeypatch.setattr(os, "kill", kill)
    (tmp_path / "began").write_text("1.0")  # of an earlier sleep
    assert sleeps.put_to_sleep(77, Site("m", "f"), tmp_path) == 12.5


def test_a_site_that_is_never_called_is_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "kill", lambda *_: None)
    monkeypatch.setattr(sleeps, "CALL_S", 0.0)
    with pytest.raises(sleeps.NotCalled, match=r"m\.f"):
        sleeps.put_to_sleep(77, Site("m", "f"), tmp_path)
