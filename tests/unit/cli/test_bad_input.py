# SPDX-License-Identifier: Apache-2.0
"""Bad input at the command line: refused before anything is opened or started, and well explained.

Every answer names file, key, why and what would be right, in one JSON document, with its exit code.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.command import BENCH, REAL, copied, mnht, spoil

IMAI, LIMITS = "protocols/imai_mcl.toml", "limits/default.toml"
OTHER_PORT = "/dev/serial/by-id/usb-YOUR-AMPLIFIER-if00-port0"

CASES: tuple[tuple[str, str, str, str, str, str, str, str], ...] = (
    # What, site, file spoiled, old, new, then key, why, right
    ("unknown key", BENCH, BENCH, "simulated = true", "simulated = true\nspeeed = 2",
     "speeed", "unknown key", "one of"),
    ("wrong unit", BENCH, IMAI, "setpoint_c = 43.0", "setpoint_f = 109.4",
     "setpoint_f", "°C is the unit", "`setpoint_c = 43.0`"),
    ("missing file", BENCH, BENCH, "limits/default.toml", "limits/none.toml",
     "limits", "no such file", "default.toml"),
    ("wider than the hard ceiling", BENCH, LIMITS, "skin_c_trip = 44.0", "skin_c_trip = 44.5",
     "skin_c_trip", "wider than the hard limit", "at most 44"),
    ("probe without role", BENCH, BENCH, 'role = "skin"\n', "",
     "probes[0].role", "missing", "add `role"),
    ("two devices on one port", REAL, REAL,
     "/dev/serial/by-id/usb-YOUR-THERMOMETER-if00-port0", OTHER_PORT,
     "devices[1].resource", "already the port of 'source'", "a port of its own"),
    ("simulated and real mixed", BENCH, BENCH, 'front = "tcp"\n', "",
     "devices[0]", "simulated and real mixed", "give `front"),
    ("real and simulated mixed", REAL, REAL, "baud = 57600", 'front = "pty"',
     "devices[1].front", "simulated and real mixed", "remove `front`"),
)  # fmt: skip
COMMANDS = ("check", "devices", "serve", "bench", "simulate", "config show")


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is opened, started or listened on: whoever tries breaks the test."""

    def never(*_: object, **__: object) -> Any:
        raise AssertionError("something was opened or started")

    for place in (
        "subprocess.Popen.__init__",
        "mnht_controller.app.controller.transport_for",
        "mnht_controller.app.run.prepare",
        "sim_hardware.bench.world.World.__init__",
    ):
        monkeypatch.setattr(place, never)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("command", COMMANDS)
def test_bad_input_is_refused(tmp_path: Path, command: str, case: tuple[str, ...]) -> None:
    _, site, name, old, new, key, why, right = case
    config = copied(tmp_path)
    spoil(config / name, old, new)
    answer = mnht(*command.split(), config / site, "--json")
    assert answer.code == 78
    document = answer.document
    assert (document["ok"], document["exit_code"]) == (False, 78)
    found = [error for error in document["errors"] if error["key"] == key]
    assert found, document
    assert Path(name).name in found[0]["file"]
    assert why in found[0]["why"]
    assert right in found[0]["right"]
    assert found[0]["why"] in answer.stderr  # a person reads the same


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    config = copied(tmp_path)
    for name, old, new in [(c[2], c[3], c[4]) for c in CASES[:2]]:
        spoil(config / name, old, new)
    keys = {error["key"] for error in mnht("check", config / BENCH, "--json").document["errors"]}
    assert {"speeed", "setpoint_f"} <= keys


def test_a_site_that_is_not_there(tmp_path: Path) -> None:
    answer = mnht("check", tmp_path / "none.toml", "--json")
    assert answer.code == 78
    assert answer.document["errors"][0]["why"] == "no such file"


@pytest.mark.parametrize("command", ["serve", "bench"])
def test_h50_speed_is_for_simulated_devices_only(tmp_path: Path, command: str) -> None:
    answer = mnht(command, copied(tmp_path) / REAL, "--speed", "2", "--json")
    assert answer.code == 78
    (error,) = answer.document["errors"]
    assert error["key"] == "--speed"
    assert "real devices" in error["why"]
    assert "simulated site" in error["right"]


@pytest.mark.parametrize("command", ["simulate", "bench"])
def test_h50_a_real_site_is_not_played_on_twins(tmp_path: Path, command: str) -> None:
    answer = mnht(command, copied(tmp_path) / REAL, "--json")
    assert answer.code == 78
    assert [error["key"] for error in answer.document["errors"]] == ["simulated"]


@pytest.mark.parametrize("command", ["simulate", "bench"])
def test_a_site_without_patient_is_not_played(tmp_path: Path, command: str) -> None:
    config = copied(tmp_path)
    spoil(config / BENCH, 'patient = "../patients/neck_node.toml"', "")
    answer = mnht(command, config / BENCH, "--json")
    assert answer.code == 78
    (error,) = answer.document["errors"]
    assert (error["key"], "--patient" in error["right"]) == ("patient", True)


@pytest.mark.parametrize("option", ["protocol", "patient", "scenario"])
def test_a_missing_file_on_the_command_line_is_named(tmp_path: Path, option: str) -> None:
    gone = tmp_path / "none.toml"
    answer = mnht("simulate", copied(tmp_path) / BENCH, f"--{option}", gone, "--json")
    assert answer.code == 78
    (error,) = answer.document["errors"]
    assert error["why"].startswith("no such file")
    assert str(gone) in error["file"] + error["key"] + error["why"] + answer.stderr


@pytest.mark.parametrize(
    "text", ["hello", "{}", "[1]", '{"endpoints": 3}', '{"endpoints": {"a": 1}}']
)
@pytest.mark.parametrize("command", ["check", "devices", "serve", "config show"])
def test_endpoints_that_are_none_are_refused(tmp_path: Path, command: str, text: str) -> None:
    (tmp_path / "endpoints.json").write_text(text)
    site = copied(tmp_path) / BENCH
    answer = mnht(*command.split(), site, "--endpoints", tmp_path / "endpoints.json", "--json")
    assert answer.code == 78
    (error,) = answer.document["errors"]
    assert error["key"] == "endpoints"
    assert "mnht bench" in error["right"]


def test_endpoints_that_are_not_there_are_an_input_error(tmp_path: Path) -> None:
    answer = mnht("check", copied(tmp_path) / BENCH, "--endpoints", tmp_path / "none", "--json")
    assert answer.code == 74
    assert "No such file" in answer.document["errors"][0]["why"]


def test_endpoints_of_foreign_devices_are_refused(tmp_path: Path) -> None:
    rows = {"endpoints": {"sauce": {"resource": "/dev/pts/1"}}}
    (tmp_path / "endpoints.json").write_text(json.dumps(rows))
    site = copied(tmp_path) / BENCH
    answer = mnht("check", site, "--endpoints", tmp_path / "endpoints.json", "--json")
    assert answer.code == 78
    assert "'sauce'" in answer.document["errors"][0]["why"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "{site}", "--controller", "neural"),
        ("demo", "--until", "lunch"),
        ("check",),
        ("check", "{site}", "--jason"),
        ("simulate", "{site}", "--seed", "one"),
        ("sing",),
        ("config", "init", "{folder}"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_nothing_on_stdout(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    site = copied(tmp_path) / BENCH
    answer = mnht(*(a.format(site=site, folder=tmp_path) for a in arguments))
    assert answer.code == 2
    assert answer.stdout == ""
    assert answer.stderr


def test_a_file_that_may_not_be_read_is_exit_code_77(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the refusal is injected."""

    def denied(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied", "endpoints.json")

    site = copied(tmp_path) / BENCH
    monkeypatch.setattr("mnht_controller.cli.site.read_endpoints", denied)
    answer = mnht("check", site, "--endpoints", "endpoints.json", "--json")
    assert answer.code == 77
    assert "Permission denied" in answer.document["errors"][0]["why"]
