# SPDX-License-Identifier: Apache-2.0
"""The real guard process on a pty: what arms it, and that every way to lose it ends the bytes.

States and the order of events only; `./run perf loop` judges the milliseconds. The second user
that SO_PEERCRED refuses is not at hand here: tests/unit/guard_process/test_doors.py stands in.
"""

import contextlib
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.journal.chain import verify
from tests.system.guard_bench import ENVELOPE, Bench, Controller, config, until

pytestmark = pytest.mark.real
LATCHED = GuardState.LATCHED


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.mark.shows("envelope_confirmed")
def test_disabled_until_a_human_confirms_then_fed(bench: Bench) -> None:
    """Start, propose, confirm, re-close sequence after the silence, feed bytes, end of session."""
    assert bench.ready["ready"] is True
    assert bench.ready["state"] == "disabled"
    for name in ("lease", "control"):
        assert stat.S_IMODE((bench.folder / name).stat().st_mode) == 0o600
    controller = bench.connect()
    assert until(lambda: controller.state is GuardState.DISABLED)
    assert bench.ask("pending")["reasons"] == ["nothing waits for confirmation; prepare first"]
    controller.propose()
    assert until(lambda: bench.ask("pending")["ok"])
    shown = bench.ask("pending")
    wrong = {"envelope_sha256": shown["envelope_sha256"], "nonce": "0" * 32}
    refusal = bench.ask("confirm", actor="tester", **wrong)
    assert not refusal["ok"]
    assert "nonce" in refusal["reasons"]
    assert bench.bytes == [], "nothing is fed before a human has confirmed"
    bench.run()
    assert until(lambda: len(bench.bytes) > 3)
    sent = bytes(byte for _, byte in bench.bytes)
    assert sent.startswith(b"\xa5\x5a\x55")
    assert {*sent[2:]} == {0x55}
    count = len(bench.bytes)
    assert until(lambda: len(bench.bytes) > count + 20)
    controller.permit, controller.over = 0.0, True
    assert until(lambda: controller.state is GuardState.DISABLED)
    assert bench.is_silent()
    assert controller.trip == ""


def sigstop(bench: Bench, controller: Controller) -> None:
    bench.kill(signal.SIGSTOP)
    time.sleep(0.6)
    bench.kill(signal.SIGCONT)


def garbage(bench: Bench, controller: Controller) -> None:
    controller.fall_silent()
    controller.socket.sendall(b"\x00\xff{{{\n")


def hang_up(bench: Bench, controller: Controller) -> None:
    controller.close()
    bench.controller = None


def press_stop(bench: Bench, controller: Controller) -> None:
    assert bench.ask("stop", actor="tester")["state"] == "latched"


LOSSES: dict[str, tuple[Callable[[Bench, Controller], object], set[str]]] = {
    "H26 leases stop": (lambda bench, c: c.fall_silent(), {"lease_expired", "backstop_stale"}),
    "H26 end of file": (hang_up, {"peer_lost"}),
    "H31 garbage": (garbage, {"peer_lost"}),
    "H28 guard held up": (sigstop, {"guard_tick_gap", "lease_expired"}),
    "H31 sequence repeated": (lambda b, c: setattr(c, "frozen_seq", c.seq), {"lease_replayed"}),
    "H62 controller trips": (lambda b, c: setattr(c, "permit", None), {"controller_trip"}),
    "H40 permit above the cap": (lambda b, c: setattr(c, "permit", 7.6), {"permit_invalid"}),
    "H60 STOP": (press_stop, {"operator_stop"}),
}


@pytest.mark.shows("two_processes")
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_latches_and_silences_the_line(bench: Bench, name: str) -> None:
    lose, codes = LOSSES[name]
    controller = bench.run()
    lose(bench, controller)
    assert until(lambda: bench.latched()[0] is LATCHED)
    assert bench.latched()[1] in codes
    assert bench.is_silent()
    count = len(bench.bytes)
    controller.frozen_seq, controller.permit = None, 0.0
    time.sleep(0.3)
    assert len(bench.bytes) == count, "a latched guard never feeds again by itself"


@pytest.mark.shows("off_by_parent")
def test_the_parents_end_is_the_guards_end(bench: Bench) -> None:
    """H33: kill -9 of `serve` closes the pipe; the guard latches, keeps the latch and exits."""
    bench.run()
    assert bench.process.stdin is not None
    bench.process.stdin.close()
    assert bench.process.wait(10) == 0
    assert bench.is_silent()
    last = [record for record in bench.journal() if record["kind"] == "guard"][-1]
    assert last["data"]["state"] == "latched"
    assert last["data"]["trips"][0]["where"] == "parent"
    assert not (bench.folder / "lease").exists()


@pytest.mark.shows("silence_opens")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_dead_guard_is_silent(bench: Bench, number: signal.Signals) -> None:
    """H30: SIGKILL above all; bytes do not outlive the guard."""
    controller = bench.run()
    bench.kill(number)
    assert bench.process.wait(10) == (-9 if number is signal.SIGKILL else 0)
    assert bench.is_silent()
    assert controller.ended.wait(5), "the controller sees end of file"


@pytest.mark.shows("latch_is_kept")
def test_a_latch_survives_a_restart_and_refuses_until_reset(bench: Bench) -> None:
    controller = bench.run()
    bench.ask("stop", actor="tester")
    assert until(lambda: controller.state is LATCHED)
    controller.close()
    bench.controller = None
    bench.kill(signal.SIGTERM)
    assert bench.end() == 0
    bench.start()
    assert bench.ready["state"] == "latched"
    assert bench.latched() == (LATCHED, "operator_stop")
    controller = bench.connect()
    controller.propose()
    assert until(lambda: bench.ask("pending")["ok"])
    shown = bench.ask("pending")
    refusal = bench.ask(
        "confirm", actor="a", envelope_sha256=shown["envelope_sha256"], nonce=shown["nonce"]
    )
    assert "latched" in refusal["reasons"]
    assert not bench.ask("reset")["ok"], "a reset has a name under it"
    assert bench.ask("reset", actor="tester")["ok"]
    bench.arm()
    assert until(bench.is_fed)


def test_a_second_controller_is_refused(bench: Bench) -> None:
    controller = bench.run()
    with socket.socket(socket.AF_UNIX) as second:
        second.connect(str(bench.folder / "lease"))
        second.settimeout(5)
        assert second.recv(1) == b""
    assert until(bench.is_fed)
    assert controller.state is GuardState.RUN


def test_a_second_guard_is_refused(bench: Bench) -> None:
    command = [sys.executable, "-m", "mnht_controller.guard", str(bench.folder / "guard.json")]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 69
    assert "busy" in second.stderr
    assert bench.ask("status")["ok"]


def test_limits_that_are_too_wide_are_refused(bench: Bench) -> None:
    controller = bench.connect()
    wide = replace(ENVELOPE, limits=replace(ENVELOPE.limits, skin_c_trip=45.0))
    controller.propose(wide)
    assert until(lambda: "limit_wider" in bench.ask("pending")["reasons"][0])


def test_a_hostile_control_client_disturbs_nobody(bench: Bench) -> None:
    controller = bench.run()
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for client in crowd:
        client.connect(str(bench.folder / "control"))
    for client in crowd[:20]:
        with contextlib.suppress(OSError):  # some are evicted already
            client.sendall(b'{"kind":"status"}\n' * 50 + b"x" * 60_000)
    assert bench.ask("nonsense")["ok"] is False
    assert bench.ask("status")["ok"]
    for client in crowd:
        client.close()
    assert until(bench.is_fed)
    assert controller.state is GuardState.RUN


def test_the_journal_tells_it_all(bench: Bench) -> None:
    bench.run()
    bench.ask("stop", actor="tester")
    bench.kill(signal.SIGTERM)
    bench.process.wait(10)
    records = bench.journal()
    states = [record["data"]["state"] for record in records if record["kind"] == "guard"]
    assert [state for n, state in enumerate(states) if n == 0 or state != states[n - 1]] == [
        "disabled",
        "armed",
        "run",
        "latched",
    ]
    fed = "".join(record["data"]["payload"] for record in records if record["kind"] == "fed")
    assert bytes.fromhex(fed) == bytes(byte for _, byte in bench.bytes)
    assert any(record["kind"] == "lease" for record in records)
    file = next((bench.folder / "journal").iterdir())
    assert verify(file).ok


@pytest.mark.parametrize(
    ("flags", "content", "code"),
    [
        (["-O"], "{}", 78),
        ([], "{}", 78),
        ([], None, 78),
        ([], {"line": "/dev/no-such-port"}, 69),
        ([], {"line": "nonsense"}, 69),
        ([], {"journal_dir": "/proc/none"}, 74),
        ([], {"control_socket": "/proc/none/x"}, 74),
    ],
)
def test_a_bad_start_is_refused_with_its_code(
    tmp_path: Path, flags: list[str], content: object, code: int
) -> None:
    path = tmp_path / "guard.json"
    master, slave = pty.openpty()
    if isinstance(content, dict):
        path.write_text(json.dumps(config(tmp_path, os.ttyname(slave)) | content))
    elif content is not None:
        path.write_text(str(content))
    command = [sys.executable, *flags, "-m", "mnht_controller.guard", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    os.close(master)
    os.close(slave)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("guard: ")
    assert done.stdout == ""


def test_h29_a_service_manager_hears_whole_ticks_and_nothing_of_a_stopped_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        bench = Bench(tmp_path)
        try:
            assert bench.ready["realtime"].startswith("scheduling: ")
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            bench.kill(signal.SIGSTOP)
            manager.settimeout(1.5)
            sent: list[bytes] = []
            with contextlib.suppress(TimeoutError):
                while len(sent) < 20:  # what was sent before it stopped
                    sent.append(manager.recv(100))
            assert len(sent) < 20
            bench.kill(signal.SIGCONT)
            manager.settimeout(5.0)
            assert manager.recv(100) == b"WATCHDOG=1"
        finally:
            bench.close()


MODULES = """
import json, signal, sys
before = {*sys.modules}
from mnht_controller.guard.__main__ import main
def dump(number, frame):
    names = sorted({*sys.modules} - before)
    with open(sys.argv[1] + ".modules", "w") as file: json.dump(names, file)
signal.signal(signal.SIGUSR1, dump)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.shows("guard_stdlib_only")
def test_the_running_guard_has_loaded_nothing_foreign(tmp_path: Path) -> None:
    """Its reach: the standard library and domain, thermometry, interlock, journal. Read in RUN."""
    bench = Bench(tmp_path, MODULES)
    try:
        bench.run()
        bench.kill(signal.SIGUSR1)
        path = tmp_path / "guard.json.modules"
        assert until(lambda: path.exists() and path.read_text().endswith("]"))
        modules = json.loads(path.read_text())
    finally:
        bench.close()
    ours = {name.split(".")[1] for name in modules if name.startswith("mnht_controller.")}
    assert ours == {"domain", "thermometry", "interlock", "journal", "guard"}
    tops = {name.partition(".")[0] for name in modules} - {"mnht_controller"}
    assert tops <= sys.stdlib_module_names
    assert not tops & {"asyncio", "logging", "subprocess", "ssl"}


def test_the_guard_runs_at_a_fraction_of_a_core(bench: Bench) -> None:
    """A guard that keeps a core busy would be late when it matters."""
    bench.run()

    def used_s() -> float:
        fields = Path(f"/proc/{bench.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used_s()
    time.sleep(1.0)
    assert used_s() - before < 0.5
