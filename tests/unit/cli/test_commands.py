# SPDX-License-Identifier: Apache-2.0
"""Help, version, and that `--json` gives one document on standard output and nothing else."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mnht_controller import __version__
from mnht_controller.domain.spent import Spent
from mnht_controller.journal.ledger import Ledger
from mnht_controller.settings.load import load_site
from mnht_controller.surfaces.guard_client import CONTROL_SOCKET
from tests.unit.cli.command import BENCH, copied, mnht

COMMANDS = (
    "bench", "check", "close", "config init", "config schema", "config show", "demo", "devices",
    "doctor", "replay", "serve", "simulate", "stop", "audit verify",
)  # fmt: skip


def test_the_commands_are_those_of_the_design() -> None:
    text = mnht("--help").stdout
    for command in {name.split()[0] for name in COMMANDS}:
        assert f" {command} " in text
    assert "not a medical device" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    answer = mnht(*command.split(), "--help")
    assert answer.code == 0
    assert f"mnht {command}" in answer.stdout.split("Example")[1]


def test_version() -> None:
    answer = mnht("--version")
    assert (answer.code, answer.stdout) == (0, f"mnht {__version__}\n")


def test_check(tmp_path: Path) -> None:
    answer = mnht("check", copied(tmp_path) / BENCH, "--json")
    assert answer.code == 0
    assert set(answer.document) == {
        "ok", "site", "simulated", "settings_sha256", "envelope_sha256", "devices",
    }  # fmt: skip
    assert answer.document["devices"] == ["source", "thermometer"]
    told = mnht("check", tmp_path / "config" / BENCH)
    assert told.stdout == ""
    assert "SIMULATED" in told.stderr


def test_config_show_is_the_plan_that_a_session_is_bound_to(tmp_path: Path) -> None:
    site = copied(tmp_path) / BENCH
    shown = mnht("config", "show", site, "--json").document
    checked = mnht("check", site, "--json").document
    assert shown["plan"]["envelope_sha256"] == checked["envelope_sha256"]
    assert shown["settings"]["settings_sha256"] == checked["settings_sha256"]


def test_config_schema_prints_checks_and_writes(tmp_path: Path) -> None:
    printed = mnht("config", "schema").document
    assert mnht("config", "schema", "--check").code == 0
    (tmp_path / "schema").mkdir()
    assert mnht("config", "schema", "--dir", tmp_path / "schema").code == 0
    assert {path.name for path in (tmp_path / "schema").iterdir()} == set(printed)
    assert mnht("config", "schema", "--check", "--dir", tmp_path / "schema").code == 0
    (tmp_path / "schema" / "site.json").write_text("{}")
    assert mnht("config", "schema", "--check", "--dir", tmp_path / "schema").code == 1


def test_config_init_gives_a_site_that_can_be_checked(tmp_path: Path) -> None:
    assert mnht("config", "init", tmp_path / "mine").code == 0
    assert mnht("check", tmp_path / "mine" / BENCH, "--json").document["ok"] is True
    again = mnht("config", "init", tmp_path / "mine")
    assert again.code == 2
    assert "exists already" in again.stderr


def test_stop_without_a_service_says_that_it_was_not_confirmed(tmp_path: Path) -> None:
    answer = mnht("stop", "--runtime-dir", tmp_path, "--json")
    assert answer.code == 69
    assert answer.document["ok"] is False
    assert set(answer.document["guard"]) == {"ok", "reasons"}
    assert "emergency stop" in answer.stderr


def test_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = mnht("doctor", "--json")
    rows = answer.document["checks"]
    assert all(set(row) == {"check", "state", "found", "do"} for row in rows)
    assert {row["state"] for row in rows} <= {"ok", "warn", "fail"}
    assert answer.document["ok"] is all(row["state"] != "fail" for row in rows)
    monkeypatch.setattr(sys, "platform", "darwin")
    broken = mnht("doctor", "--json")
    assert (broken.code, broken.document["ok"]) == (1, False)


def test_a_real_process_keeps_its_logs_away_from_the_document(tmp_path: Path) -> None:
    """The simulator's controller logs every phase; standard output holds the summary alone."""
    plot = tmp_path / "plot.toml"
    plot.write_text('since = "standby"\nuntil_s = 20.0\n')
    argv = [sys.executable, "-m", "mnht_controller.cli", "simulate", str(copied(tmp_path) / BENCH)]
    argv += ["--scenario", str(plot), "--out", str(tmp_path / "out"), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=50, check=False)
    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"]) == (1, "stopped")
    assert "phase" in done.stderr
    assert Path(document["journal"]).is_file()


def test_python_without_checks_is_refused() -> None:
    argv = [sys.executable, "-O", "-m", "mnht_controller.cli", "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "-O" in done.stderr


def test_close_is_refused_while_the_site_is_served_and_without_name_or_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H43: the running processes hold the numbers; a file that is changed below them helps none."""
    site = copied(tmp_path) / BENCH
    for variable, folder in (("XDG_STATE_HOME", "s"), ("XDG_RUNTIME_DIR", "r")):
        (tmp_path / folder).mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(tmp_path / folder))
    paths = load_site(site).paths
    assert str(paths.state_dir).startswith(str(tmp_path))
    Path(paths.runtime_dir).mkdir(parents=True)
    (Path(paths.state_dir) / "journal").mkdir(parents=True)
    ledger = Ledger(Path(paths.state_dir) / "guard.spent")
    ledger.keep(Spent("a" * 64, 60.0, (), over=False))
    ledger.close()
    words = ("--name", "dr.rossi", "--reason", "another patient", "--json")
    assert mnht("close", site, "--name", " ", "--reason", "x").code == 2
    with socket.socket(socket.AF_UNIX) as guard:
        guard.bind(str(Path(paths.runtime_dir) / CONTROL_SOCKET))
        guard.listen()
        answer = mnht("close", site, *words)
        assert answer.code == 69
        assert "end it first" in answer.stderr
    answer = mnht("close", site, *words)
    assert answer.code == 0, answer.stderr
    assert answer.document["ledgers"] == ["guard.spent"]
    again = mnht("close", site, *words)
    assert (again.code, again.document["ok"]) == (1, False)
