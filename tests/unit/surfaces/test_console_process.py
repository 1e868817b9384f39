# SPDX-License-Identifier: Apache-2.0
"""The console as a process of its own: what ends it, and what it refuses to start with."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.domain.codec import to_plain
from mnht_controller.surfaces import console
from mnht_controller.surfaces.config import ConsoleConfig


def write(folder: Path, **changes: Any) -> str:
    config = ConsoleConfig(
        "127.0.0.1", 0, str(folder / "door"), str(folder / "guard"), "http://127.0.0.1:9/stop",
        "stop-token", str(folder), str(folder / "claim"), simulated=True, site="bench",
        session="test",
    )  # fmt: skip
    path = folder / "console.json"
    path.write_text(json.dumps(to_plain(config) | changes))
    return str(path)


@pytest.mark.real
def test_serves_at_once_and_ends_with_its_parent(tmp_path: Path) -> None:
    """The end of file of the parent's pipe ends it, however the parent ended."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "mnht_controller.surfaces.console"]
    with subprocess.Popen(
        [*command, write(tmp_path, parent_fd=read_end)], pass_fds=[read_end], stdout=subprocess.PIPE
    ) as process:
        os.close(read_end)
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(ready["url"], timeout=5) as page:
            assert b"<title>mnht console</title>" in page.read()
        os.close(write_end)
        try:
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", ""])
def test_other_machines_are_refused_without_tls(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.main([write(tmp_path, host=host)]) == 78
    assert "no TLS yet; use 127.0.0.1 or ::1" in capsys.readouterr().err


def test_a_port_in_use_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert console.main([write(tmp_path, port=port)]) == 74
    error = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in error
    assert error.count("\n") == 1


def test_unknown_keys_and_missing_files_are_bad_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.main([write(tmp_path, colour="red")]) == 78
    assert "colour" in capsys.readouterr().err
    assert console.main([str(tmp_path / "none.json")]) == 78
    assert console.main([]) == 2


@pytest.mark.shows("console_apart")
def test_the_console_has_no_device_access() -> None:
    """H53: what it imports reaches no port, no driver, no controller."""
    code = (
        "import sys, mnht_controller.surfaces.console; "
        "print([m for m in sys.modules if m.startswith(('serial', 'pyvisa', 'drivers', 'numpy', "
        "'mnht_controller.devices', 'mnht_controller.runtime', 'mnht_controller.guard'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
