# SPDX-License-Identifier: Apache-2.0
"""Sessions of real processes that end otherwise than by plan: Ctrl-C, SIGKILL, STOP, a restart.

States and their order only, never milliseconds.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.lease import GuardState
from mnht_controller.guard.machine import GuardEvent
from mnht_controller.journal.read import read_records
from sim_hardware.bench.rest import Refused
from sim_hardware.bench.warm import WAIT_S, Warm, is_alive, is_refused, until
from tests.system.live_demo import HEATING, SPEED, Demo

pytestmark = pytest.mark.real
DEVICES = {"source", "thermometer", "enable_line", "guard_thermometer"}
GOES_ON_S = 1.0
"""How long a field is watched that must go on."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: the sockets below it have to fit into 108 characters."""
    with tempfile.TemporaryDirectory(prefix="mnht-test-") as name:
        yield Path(name)


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder)
    yield demo
    demo.close()


def test_ctrl_c_in_the_ramp_takes_the_field_off_before_anything_ends(demo: Demo) -> None:
    """The amplifier goes off while the guard still holds the line; nobody is left; exit 0."""
    demo.ramp()
    at = time.monotonic()
    os.write(demo.master, b"\x03")
    demo.wait()
    off, opened = demo.seen.off_after(at), demo.seen.opened_after(at)
    assert off is not None
    assert opened is None or off.at < opened.at, "the line was opened under current"
    assert [edge.energized for edge in demo.seen.edges] == [True, False]
    assert demo.seen.truth[-1].coil_ka_per_m == 0.0
    assert demo.seen.truth[-1].at > off.at, "the room must outlast the field"
    last = guard_events(demo.journals)[-1]
    assert last.at > off.at - off.late_s, "the guard must outlast the field"
    assert "exit 0" in demo.said
    before, after = demo.terminal_modes
    assert before == after


def test_sigkill_of_the_demo_leaves_no_process_and_no_current(demo: Demo) -> None:
    demo.ramp()
    at = time.monotonic()
    os.kill(demo.pid, signal.SIGKILL)
    demo.wait()
    assert demo.seen.off_after(at) is not None
    assert [edge.energized for edge in demo.seen.edges] == [True, False]
    assert demo.seen.truth[-1].coil_ka_per_m == 0.0
    assert "exit 137" in demo.said


def test_stop_latches_both_and_the_latch_outlives_the_site(folder: Path) -> None:
    """H60: `mnht stop`; then a restart refuses to arm until a human resets (I9)."""
    with Warm(folder, SPEED) as stack:
        stack.treat(*HEATING)
        at = time.monotonic()
        assert mnht_stop(folder) == 0
        assert stack.seen.wait(lambda: stack.seen.off_after(at), WAIT_S)
        assert stack.operator.wait_for({"tripped"}, WAIT_S) == "tripped"
        until(lambda: stack.guard_state() == "latched", WAIT_S, "guard latched")
        alarms = stack.operator.call("GET", "alarms")["items"]
        assert "operator_stop" in [item["code"] for item in alarms]
        assert stack.close() == 0
        assert not stack.seen.is_energized
    with Warm(folder, SPEED) as stack:
        until(lambda: stack.guard_state() == "latched", WAIT_S, "guard latched after a restart")
        assert stack.operator.wait_for({"tripped"}, WAIT_S) == "tripped"
        with pytest.raises(Refused):
            stack.operator.call("POST", "session/prepare")
        with pytest.raises(Refused):
            stack.operator.call("GET", "session/pending")
        assert not stack.seen.edges, "current without an arm"
        reset(stack)
        stack.treat(*HEATING)
        first = guard_events(Path(stack.live.served["journal_dir"]))[0]
        assert first.state is GuardState.DISABLED, "the first change must be the reset"


def test_a_second_arm_follows_a_reset_and_the_console_may_die(folder: Path) -> None:
    """STOP and reset in one run of the site; bytes pass every wire; SIGKILL of the console."""
    with Warm(folder, SPEED) as stack:
        stack.treat(*HEATING)
        stack.operator.call("POST", "session/stop")
        assert stack.seen.wait(lambda: not stack.seen.is_energized, WAIT_S)
        assert stack.operator.wait_for({"tripped"}, WAIT_S) == "tripped"
        reset(stack)
        stack.treat(*HEATING)
        every_wire_is_used(stack)
        os.kill(stack.live.pid("console"), signal.SIGKILL)
        until(lambda: not is_alive(stack.live.pid("console")), WAIT_S, "console gone")
        edges = len(stack.seen.edges)
        time.sleep(GOES_ON_S)
        stack.seen.read()
        assert stack.live.is_up()
        assert len(stack.seen.edges) == edges, "the field must not depend on the console"
        assert stack.seen.is_energized
        events = guard_events(Path(stack.live.served["journal_dir"]))
        assert events[0].state not in {GuardState.ARMED, GuardState.RUN}
        assert events[-1].state is GuardState.RUN
        assert stack.close() == 0
        assert not stack.seen.is_energized


def mnht_stop(folder: Path) -> int:
    argv = [sys.executable, "-m", "mnht_controller.cli", "stop", "--runtime-dir"]
    return subprocess.run([*argv, str(folder / "run")], check=False).returncode


def reset(stack: Warm) -> None:
    """Reset both as soon as both are seen latched and nothing stands against it."""
    until(lambda: stack.guard_state() == "latched", WAIT_S, "guard latched")
    until(
        lambda: not is_refused(lambda: stack.operator.call("POST", "session/reset")),
        WAIT_S,
        "reset",
    )
    assert stack.operator.wait_for({"standby"}, WAIT_S) == "standby"
    until(lambda: stack.guard_state() == "disabled", WAIT_S, "guard disabled")


def guard_events(journals: Path) -> list[GuardEvent]:
    """What changed in the guard in the last run of the site, by its own journal."""
    newest = max(journals.glob("guard-*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return [from_plain(GuardEvent, row.data) for row in read_records(newest) if row.kind == "guard"]


def every_wire_is_used(stack: Warm) -> None:
    """In each of two seconds bytes go to and from every device: nothing bypasses the wire.

    Seconds that begin after now: before it was armed, the enable line was silent on purpose.
    """
    enough = len(stack.seen.traffic) + 4 * len(DEVICES)
    stack.seen.wait(lambda: len(stack.seen.traffic) >= enough, WAIT_S)
    rows = stack.seen.traffic
    seconds = sorted({row.at for row in rows})[-3:]
    for device in DEVICES:
        counts = [
            (row.bytes_in, row.bytes_out)
            for at in seconds
            for row in rows
            if row.at == at and row.device == device
        ]
        assert len(counts) == 3
        if device != "guard_thermometer":  # it only speaks
            assert counts[0][0] < counts[1][0] < counts[2][0], f"{device}: no bytes to it"
        if device != "enable_line":  # it only listens
            assert counts[0][1] < counts[1][1] < counts[2][1], f"{device}: no bytes from it"
