# SPDX-License-Identifier: Apache-2.0
"""Faults asked for on a Unix socket: outside the protocol, one answer a line."""

import asyncio
import json
import stat

import pytest

from sim_hardware.bench.control import ControlSocket
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.faults import Targets
from sim_hardware.wire.faulty import FaultyWire

TWIN = OpsensTwin({1: lambda _: 41.2})


async def asking(tmp_path, *lines):
    """Serve a bench of one thermometer; give its wire and the answers."""
    wire = FaultyWire(TWIN)
    path = tmp_path / "faults.sock"
    door = ControlSocket(path, Targets({"thermometer": TWIN}, {}, {}, None, {"thermometer": wire}))
    await door.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(str(path))
    answers = []
    for line in lines:
        writer.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        answers.append(json.loads(await reader.readline()))
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.02)
    await door.stop()
    assert not path.exists()
    return wire, answers


@pytest.mark.real
async def test_a_fault_starts_and_ends(tmp_path):
    start = {"device": "thermometer", "verb": "eat_reply"}
    wire, answers = await asking(tmp_path, start)
    assert answers[0]["ok"]
    assert wire.feed(b"*IDN?\n", 0.0) == []
    wire, answers = await asking(tmp_path, start, {"device": "thermometer", "clear": "eat_reply"})
    assert [answer["ok"] for answer in answers] == [True, True]
    assert wire.feed(b"*IDN?\n", 0.0) != []


@pytest.mark.real
async def test_a_fault_for_so_many_seconds(tmp_path):
    start = {"device": "thermometer", "verb": "echo", "until_s": 0.001}
    wire, answers = await asking(tmp_path, start)
    assert answers[0]["ok"]
    assert len(wire.feed(b"*IDN?\n", 0.0)) == 1


@pytest.mark.real
async def test_all_verbs_and_devices_are_named(tmp_path):
    _, (answer,) = await asking(tmp_path, {"list": True})
    assert answer["devices"] == ["thermometer"]
    assert {"delay", "reboot", "probe_off"} <= set(answer["verbs"])


@pytest.mark.real
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense\n", "nothing was changed"),
        (b"[1]\n", "nothing was changed"),
        ({"device": "thermometer", "verb": "gremlins"}, "unknown fault"),
        ({"device": "coffee", "verb": "delay", "argument": "1"}, "coffee"),
        ({"device": "thermometer", "verb": "delay", "argument": "soon"}, "number"),
        ({"verb": "delay"}, "device"),
        ({"device": "thermometer", "clear": "gremlins"}, "gremlins"),
    ],
)
async def test_a_bad_request_is_answered_and_changes_nothing(tmp_path, line, why):
    wire, (answer,) = await asking(tmp_path, line)
    assert not answer["ok"]
    assert why in answer["error"]
    assert wire.feed(b"*IDN?\n", 0.0) != []
