# SPDX-License-Identifier: Apache-2.0
"""`mnht devices` without a site, and `--describe`: nothing is opened, nothing is written."""

import pytest

from mnht_controller.app import describe
from mnht_controller.cli.output import EXIT_USAGE
from mnht_controller.devices.ports import SerialPort
from mnht_controller.devices.registry import driver_names
from tests.unit.cli.command import mnht

PLUGGED = SerialPort("/dev/ttyUSB3", "/dev/serial/by-id/usb-FTDI-if00", "0403:6001", "FTDI")


def test_every_driver_says_how_its_output_ends_and_what_is_assumed() -> None:
    rows = mnht("devices", "--describe", "--json").document["drivers"]
    assert [row["name"] for row in rows] == list(driver_names())
    for row in rows:
        assert row["provenance"]
        assert row["stop_path"] or row["kind"] not in {"field_source", "run_permit"}


def test_each_source_says_whether_its_watchdog_is_tested_or_why_not() -> None:
    """H24: here and by `mnht doctor`."""
    rows = mnht("devices", "--describe", "--json").document["drivers"]
    proofs = {row["name"]: row["watchdog_proof"] for row in rows if row["kind"] == "field_source"}
    assert proofs["generic_scpi_source"] == "at start, 0.1 s of silence"
    assert proofs["ambrell_easyheat"] == "not provable here: it has no watchdog"
    assert {row["watchdog_proof"] for row in rows if row["kind"] != "field_source"} == {""}
    checks = {row["check"]: row["found"] for row in mnht("doctor", "--json").document["checks"]}
    assert all(f"{name} {proof}" in checks["watchdog self-test"] for name, proof in proofs.items())


def test_one_driver_in_words() -> None:
    told = mnht("devices", "--describe", "--driver", "keysight_n7900").stderr
    for word in ("stop_path", "option", "wire", "status", "documented: ", "assumed: "):
        assert word in told
    assert "opsens" not in told


def test_an_unknown_driver_is_named_with_those_that_are_known() -> None:
    answer = mnht("devices", "--describe", "--driver", "ambrel")
    assert answer.code == EXIT_USAGE
    assert "ambrell_easyheat" in answer.stderr


def test_h20_ports_are_listed_by_the_name_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "list_ports", lambda: [PLUGGED])
    answer = mnht("devices")
    assert "write in the site: /dev/serial/by-id/usb-FTDI-if00" in answer.stderr
    assert "nothing was written" in answer.stderr
    (port,) = mnht("devices", "--json").document["ports"]
    assert (port["path"], port["stable"]) == ("/dev/ttyUSB3", "/dev/serial/by-id/usb-FTDI-if00")
