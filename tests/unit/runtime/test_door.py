# SPDX-License-Identifier: Apache-2.0
"""The door for surfaces: garbage, floods and slow readers end a client, never hold a tick.

A foreign user's connection cannot be tried without a second user; the check itself is tested.
"""

import asyncio
import json
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.domain.alarm import AlarmAct, AlarmVerb
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.runtime.door import (
    BACKLOG_BYTES_MAX,
    CLIENTS_MAX,
    INTENTS_MAX,
    LINE_BYTES_MAX,
    Door,
    Hall,
)

ACT = {"kind": "alarm", "id": 6, "act": {"verb": "acknowledge", "actor": "nurse", "occurrence": 3}}
PAUSE = {"kind": "intent", "id": 5, "intent": {"verb": "pause", "actor": "nurse", "value": None}}


class Wire:
    """A transport that notes what is written; `waiting` bytes are not read by the client."""

    def __init__(self, uid: int | None = None) -> None:
        self.written, self.waiting, self.is_cut = b"", 0, False
        self._uid = os.getuid() if uid is None else uid

    def getsockopt(self, *_: int) -> bytes:
        return struct.pack("3i", 1, self._uid, 1)

    def get_extra_info(self, name: str) -> "Wire":
        assert name == "socket"
        return self

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_cut

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_cut = True


def client(hall: Hall, uid: int | None = None) -> tuple[Door, Any]:
    door, wire = Door(hall), Wire(uid)
    door.connection_made(wire)  # type: ignore[arg-type]
    return door, wire


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


async def test_an_intent_is_queued_for_the_next_tick_and_answered_by_number() -> None:
    hall = Hall()
    door, wire = client(hall)
    whole = line(PAUSE)
    door.data_received(whole[:10])
    assert hall.take() == ()
    door.data_received(whole[10:])
    (asked,) = hall.take()
    assert asked.intent == Intent(Verb.PAUSE, "nurse")
    assert hall.take() == (), "an intent counts in one tick only"
    asked.client.acknowledge(asked.number, ())
    asked.client.acknowledge(asked.number, ("no", "not now"))
    answers = [json.loads(text) for text in wire.written.splitlines()]
    assert answers[0] == {"kind": "ack", "id": 5, "ok": True, "reasons": []}
    assert answers[1] == {"kind": "ack", "id": 5, "ok": False, "reasons": ["no", "not now"]}


async def test_an_act_on_an_alarm_has_a_queue_of_its_own() -> None:
    """H48: no flood of intents crowds an acknowledgement out, nor the other way round."""
    hall = Hall()
    door, wire = client(hall)
    door.data_received(line(ACT))
    assert hall.take() == ()
    (asked,) = hall.take_acts()
    assert (asked.number, asked.act) == (6, AlarmAct(AlarmVerb.ACKNOWLEDGE, "nurse", 3))
    assert hall.take_acts() == ()
    for number in range(INTENTS_MAX + 1):
        door.data_received(line({**ACT, "id": number}) + line({**PAUSE, "id": 1000 + number}))
    refused = [json.loads(text)["id"] for text in wire.written.splitlines()]
    assert refused == [INTENTS_MAX, 1000 + INTENTS_MAX]
    assert len(hall.take_acts()) == len(hall.take()) == INTENTS_MAX


async def test_a_view_says_that_an_operator_looks() -> None:
    hall = Hall()
    door, _ = client(hall)
    assert hall.seen_at < 0.0
    door.data_received(line({"kind": "view"}))
    assert hall.seen_at == pytest.approx(asyncio.get_running_loop().time(), abs=5.0)


GARBAGE = (
    b"hello\n",
    b"\xff\xfe\n",
    b"\n",
    b"[]\n",
    b"3\n",
    b"null\n",
    b"{}\n",
    line({"kind": "permit", "field_ka_per_m": 7.5}),
    line({"kind": "intent", "id": 1}),
    line({"kind": "alarm", "id": 1}),
    line({**ACT, "act": {"verb": "off", "actor": "x", "occurrence": 1}}),
    line({**ACT, "act": {"verb": "acknowledge", "actor": "x", "occurrence": 1.5}}),
    line({"kind": "intent", "intent": PAUSE["intent"]}),
    line({**PAUSE, "intent": {"verb": "energize", "actor": "x", "value": None}}),
    line({**PAUSE, "intent": {"verb": "pause", "actor": "x", "value": None, "admin": True}}),
    b'{"kind":"intent","id":1,"intent":{"verb":"lower_setpoint","actor":"x","value":NaN}}\n',
    b'{"kind":"intent","id":1,"intent":{"verb":"lower_setpoint","actor":"x","value":1e999}}\n',
    b"[" * 10_000 + b"\n",
    b"x" * (LINE_BYTES_MAX + 1),
    line({**PAUSE, "padding": "x" * LINE_BYTES_MAX}),
)


@pytest.mark.parametrize("noise", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_ends_the_connection_and_what_follows_it_is_not_read(noise: bytes) -> None:
    hall = Hall()
    door, wire = client(hall)
    other, quiet = client(hall)
    door.data_received(noise + (line(PAUSE) if noise.endswith(b"\n") else b""))
    assert wire.is_cut
    assert hall.take() == ()
    assert not quiet.is_cut
    other.data_received(line(PAUSE))
    assert len(hall.take()) == 1


async def test_a_flood_is_refused_by_number_and_the_next_tick_starts_anew() -> None:
    hall = Hall()
    door, wire = client(hall)
    for number in range(INTENTS_MAX + 3):
        door.data_received(line({**PAUSE, "id": number}))
    refused = [json.loads(text) for text in wire.written.splitlines()]
    assert [answer["id"] for answer in refused] == [INTENTS_MAX, INTENTS_MAX + 1, INTENTS_MAX + 2]
    assert all(answer["ok"] is False and answer["reasons"] for answer in refused)
    assert len(hall.take()) == INTENTS_MAX
    door.data_received(line(PAUSE))
    assert len(hall.take()) == 1


async def test_stop_waits_even_where_the_queue_is_full() -> None:
    """H53: a flood of wishes is no reason to go on heating; and STOP is no flood either."""
    hall = Hall()
    door, wire = client(hall)
    stop = {"kind": "intent", "id": 7, "intent": {"verb": "stop", "actor": "nurse", "value": None}}
    door.data_received(line(PAUSE) * INTENTS_MAX + line(stop) * (INTENTS_MAX + 1))
    taken = [asked.intent.verb for asked in hall.take()]
    assert taken == [Verb.PAUSE] * INTENTS_MAX + [Verb.STOP] * INTENTS_MAX
    assert wire.written.count(b'"ok":false') == 1


async def test_a_client_that_does_not_read_is_cut_and_the_others_are_served() -> None:
    hall = Hall()
    lazy, stuck = client(hall)
    _, awake = client(hall)
    stuck.waiting = BACKLOG_BYTES_MAX + 1
    for door in tuple(hall.clients):
        door.send(b"snapshot\n")
    assert (stuck.is_cut, stuck.written) == (True, b"")
    assert (awake.is_cut, awake.written) == (False, b"snapshot\n")
    lazy.connection_lost(None)
    assert len(hall.clients) == 1
    lazy.connection_lost(None)
    lazy.send(b"late\n")
    assert stuck.written == b""


async def test_only_our_own_user_and_root_are_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    for uid, is_in in ((1000, True), (0, True), (1001, False), (65_534, False)):
        hall = Hall()
        _, wire = client(hall, uid)
        assert (len(hall.clients) == 1, wire.is_cut) == (is_in, not is_in)


async def test_there_is_room_for_so_many_and_no_more() -> None:
    hall = Hall()
    wires = [client(hall)[1] for _ in range(CLIENTS_MAX + 1)]
    assert [wire.is_cut for wire in wires] == [False] * CLIENTS_MAX + [True]


@pytest.mark.real
async def test_the_socket_is_for_this_user_only_and_a_stale_one_is_replaced() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, hall = Path(folder) / "door", Hall()
        path.touch()
        mask = os.umask(0o022)
        os.umask(mask)
        server = await hall.listen(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.umask(mask) == mask, "the process's own mask is as it was"
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            peer.sendall(line(PAUSE))
            for _ in range(500):
                if asked := hall.take():
                    break
                await asyncio.sleep(0.005)
            assert len(asked) == 1
        server.close()
        for _ in range(500):
            if not hall.clients:
                break
            await asyncio.sleep(0.005)
        assert hall.clients == []
