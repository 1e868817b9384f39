# SPDX-License-Identifier: Apache-2.0
"""What `serve` prepares: private files, the guard first, ports both sides know. Starts nothing."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.app.controller import ControllerConfig, main, settings_of
from mnht_controller.app.identify import require_addresses
from mnht_controller.app.serve import Prepared, Site, prepare
from mnht_controller.app.shipped import config_dir
from mnht_controller.devices.errors import ConnectError
from mnht_controller.domain.codec import loads
from mnht_controller.runtime.supervisor import PARENT_FD
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Listen, Paths

BENCH = config_dir() / "sites" / "bench.toml"
ENDPOINTS = {"source": "TCPIP::127.0.0.1::5025::SOCKET", "thermometer": "/dev/pts/91",
             "enable_line": "/dev/pts/92", "guard_thermometer": "/dev/pts/93"}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Site:
    settings = load_site(BENCH, endpoints=ENDPOINTS, speed=20.0)
    paths = Paths(str(tmp_path / "state"), str(tmp_path / "run"))
    settings = replace(settings, paths=paths, console=Listen("127.0.0.1", 0, 0))
    return Site(BENCH, settings, ENDPOINTS)


@pytest.fixture
def prepared(site: Site) -> Prepared:
    return prepare(site, "session-1")


def config_of(prepared: Prepared, name: str) -> dict[str, object]:
    (child,) = [child for child in prepared.children if child.name == name]
    return dict(json.loads(Path(child.argv[-1]).read_text(encoding="utf-8")))


def test_the_guard_comes_first_and_only_the_console_may_die_alone(prepared: Prepared) -> None:
    found = [(child.name, child.is_vital) for child in prepared.children]
    assert found == [("guard", True), ("stop", True), ("controller", True), ("console", False)]


def test_what_is_written_is_for_this_user_only(prepared: Prepared, tmp_path: Path) -> None:
    for folder in (tmp_path / "state", tmp_path / "run", tmp_path / "state" / "journal"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in (tmp_path / "run").iterdir() if path.is_file()]
    assert {path.name for path in files} == {
        "claim-code", "guard.json", "stop.json", "controller.json", "console.json",
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_all_find_each_other(prepared: Prepared) -> None:
    guard, stop, controller, console = (
        config_of(prepared, name) for name in ("guard", "stop", "controller", "console")
    )
    assert guard["lease_socket"] == controller["lease_socket"]
    control = {config["guard_control_socket"] for config in (stop, console)}
    assert control == {guard["control_socket"]}
    assert controller["door_socket"] == console["door_socket"] == stop["door_socket"]
    assert stop["token"] == console["stop_token"]
    assert console["stop_url"] == f"http://127.0.0.1:{stop['port']}/stop"
    assert prepared.url == stop["origin"] == f"http://127.0.0.1:{console['port']}"
    assert stop["port"] != console["port"]
    assert 0 not in {stop["port"], console["port"]}
    assert (guard["thermometer"], guard["thermometer_baud"], guard["waived"]) == (
        ENDPOINTS["guard_thermometer"], 9600, False,
    )  # fmt: skip
    every = (guard, stop, controller, console)
    assert {config["parent_fd"] for config in every} == {PARENT_FD}


def test_secrets_are_new_each_time_and_in_no_other_process(site: Site) -> None:
    first = prepare(site, "session-1")
    token = config_of(first, "stop")["token"]
    second = prepare(site, "session-2")
    assert first.claim_code != second.claim_code
    assert config_of(second, "stop")["token"] != token
    for name in ("guard", "controller"):
        text = json.dumps(config_of(second, name))
        assert second.claim_code not in text
        assert str(config_of(second, "stop")["token"]) not in text


def test_the_guard_gets_the_line_and_no_device(prepared: Prepared) -> None:
    guard = config_of(prepared, "guard")
    assert guard["line"] == "/dev/pts/92"
    assert "/dev/pts/91" not in json.dumps(guard)


def test_limits_travel_by_the_sites_files_only(prepared: Prepared) -> None:
    """H38: a runtime file names the site and addresses, and nothing that limits anything."""
    assert set(config_of(prepared, "controller")) == {
        "site", "protocol", "endpoints", "speed", "lease_socket", "door_socket", "journal_dir",
        "state_dir", "session", "parent_fd",
    }  # fmt: skip
    config = loads(ControllerConfig, json.dumps(config_of(prepared, "controller")))
    again = settings_of(config)
    assert again.settings_sha256 == load_site(BENCH).settings_sha256
    assert again.speed == 20.0
    assert {device.id: device.resource for device in again.devices} == {
        name: ENDPOINTS[name] for name in ("source", "thermometer")
    }


@pytest.mark.parametrize("text", [None, "", "{}", '{"site": 1}', "hello"])
def test_a_controller_without_a_sound_file_does_not_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "controller.json"
    if text is not None:
        path.write_text(text)
    assert main([str(path)]) == 78
    assert main([]) == 78


def test_nothing_is_opened_while_an_address_is_missing() -> None:
    with pytest.raises(ConnectError, match="mnht bench"):
        require_addresses(load_site(BENCH))
    for missing in ENDPOINTS:
        rest = {name: at for name, at in ENDPOINTS.items() if name != missing}
        with pytest.raises(ConnectError, match=missing):
            require_addresses(load_site(BENCH, endpoints=rest))
    require_addresses(load_site(BENCH, endpoints=ENDPOINTS))
