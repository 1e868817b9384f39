# SPDX-License-Identifier: Apache-2.0
"""`mnht devices` and `mnht serve` against real ptys and ports: wrong, busy and missing ones."""

import fcntl
import os
import pty
import re
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.cli.command import BENCH, REAL, Answer, copied, mnht, spoil

pytestmark = pytest.mark.real
STRANGER = b"ACME,TOASTER,4711,1.0\n"


class Stranger:
    """Something on a pty that answers `*IDN?`, to anything else nothing, and notes every line."""

    def __init__(self, identity: bytes = STRANGER) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path, self.heard, self.identity = os.ttyname(self._slave), b"", identity
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def lines(self) -> set[bytes]:
        """The different lines it was told."""
        return {*self.heard.split(b"\n")} - {b""}

    def close(self) -> None:
        os.close(self._slave)
        self._thread.join(2.0)
        os.close(self._master)

    def _listen(self) -> None:
        with suppress(OSError):
            while data := os.read(self._master, 4096):
                self.heard += data
                for line in data.split(b"\n"):
                    if b"*IDN?" in line:
                        tag = re.match(rb"\*ESE (\d+);", line)
                        os.write(self._master, (tag[1] + b"\n" if tag else b"") + self.identity)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    found = Stranger()
    yield found
    found.close()


def real_site(folder: Path, *, source: str = "", thermometer: str = "") -> Path:
    """The example of a real site with these paths; what is not given is missing."""
    site = copied(folder) / REAL
    for name, path in (("AMPLIFIER", source), ("THERMOMETER", thermometer)):
        spoil(site, f"/dev/serial/by-id/usb-YOUR-{name}-if00-port0", path or f"{folder}/no-{name}")
    return site


def row(answer: Answer, device: str) -> dict[str, object]:
    (found,) = [item for item in answer.document["devices"] if item["id"] == device]
    return dict(found)


@pytest.mark.parametrize("device", ["source", "thermometer"])
def test_h50_a_stranger_behind_an_address_hears_nothing_but_the_identity_query(
    tmp_path: Path, stranger: Stranger, device: str
) -> None:
    stranger.identity += b"\x04\n" if device == "thermometer" else b""
    answer = mnht("devices", real_site(tmp_path, **{device: stranger.path}), "--json")
    assert answer.code == 69
    assert answer.document["ok"] is False
    found = row(answer, device)
    assert found["ok"] is False
    assert "ACME" in str(found["error"])
    assert stranger.lines
    assert all(re.fullmatch(rb"(\*ESE \d+;\*ESE\?;?)?(\*IDN\?)?", line) for line in stranger.lines)


def test_h50_a_twin_at_a_real_site_is_refused(tmp_path: Path) -> None:
    twin = Stranger(b"Opsens,HandySens,SIM0002,1.00\n\x04\n")
    answer = mnht("devices", real_site(tmp_path, thermometer=twin.path), "--json")
    twin.close()
    found = row(answer, "thermometer")
    assert (answer.code, found["ok"], found["simulated"]) == (69, False, None)
    assert "do not mix" in str(found["error"])
    assert twin.lines == {b"*IDN?"}


def test_a_port_that_is_missing(tmp_path: Path) -> None:
    answer = mnht("devices", real_site(tmp_path), "--json")
    assert answer.code == 69
    for device in ("source", "thermometer"):
        assert "missing" in str(row(answer, device)["error"])
        assert "plug" in str(row(answer, device)["error"])


def test_a_port_that_somebody_else_has(tmp_path: Path, stranger: Stranger) -> None:
    site = real_site(tmp_path, thermometer=stranger.path)
    with Path(stranger.path).open("rb", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        answer = mnht("devices", site, "--json")
    assert answer.code == 69
    assert "busy" in str(row(answer, "thermometer")["error"])
    assert stranger.heard == b""


def test_a_bench_that_nobody_serves_has_no_addresses(tmp_path: Path) -> None:
    answer = mnht("devices", copied(tmp_path) / BENCH, "--json")
    assert answer.code == 69
    assert "mnht bench" in answer.document["errors"][0]["why"]


@pytest.mark.parametrize("which", ["port", "stop_port"])
def test_a_console_port_that_is_taken_stops_serve_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setenv("MNHT_PATHS__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MNHT_PATHS__RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(
        "subprocess.Popen.__init__", lambda *_, **__: pytest.fail("something was started")
    )
    site = real_site(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv(f"MNHT_CONSOLE__{which.upper()}", str(port))
        answer = mnht("serve", site, "--json")
    assert answer.code == 74
    why = answer.document["errors"][0]["why"]
    assert str(port) in why
    assert "already in use" in why
    assert not (tmp_path / "state").exists()
