# SPDX-License-Identifier: Apache-2.0
"""The control socket: who may use it, what it does, and what it says to nonsense."""

import asyncio
import json
import os
import stat

import pytest

from sim_hardware.bench.control import LINE_BYTES_MAX, Control
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.faults import Targets
from sim_hardware.plant.body.patient_file import ProbeSpec
from sim_hardware.plant.probe import Probe
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.tcp import HOST, TcpFront

READ = b"CH1:DATA? 1\n"
GOOD = b"36.60\n\x04\n"


class Room:
    """One thermometer behind a TCP socket, with a control socket beside it."""

    def __init__(self, path) -> None:
        twin = OpsensTwin({1: lambda t: 36.6})
        self.wire = FaultyWire(twin)
        self.front = TcpFront(self.wire)
        self.tip = Probe(ProbeSpec(id="skin", role="skin", site="s", lag_s=0.0, noise_c=0.0), 24, 1)
        self.told, self.ended = [], asyncio.Event()
        targets = Targets(
            twins={"t": twin},
            links={"t": self.front},
            probes={("t", 1): self.tip},
            wires={"t": self.wire},
        )
        self.path, self.control = path, Control(targets, self._hear)

    def _hear(self, text) -> None:
        self.told.append(text)
        if text.startswith("fault off"):
            self.ended.set()

    async def __aenter__(self):
        await self.front.start()
        await self.control.start(self.path)
        return self

    async def __aexit__(self, *_):
        await self.control.stop()
        await self.front.stop()
        await asyncio.sleep(0)


class Client:
    """Asks on the control socket; closes at the end."""

    def __init__(self, path) -> None:
        self.path = path

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_unix_connection(self.path)
        return self

    async def __aexit__(self, *_):
        self.writer.close()
        await self.writer.wait_closed()

    async def raw(self, line):
        self.writer.write(line)
        return json.loads(await asyncio.wait_for(self.reader.readline(), 5.0))

    async def ask(self, **document):
        return await self.raw(json.dumps(document).encode() + b"\n")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "faults.sock"


async def test_only_its_owner_may_use_it(path) -> None:
    """H55: and so from its first moment; it is gone at the end."""
    before = os.umask(0)
    try:
        async with Room(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert not path.exists()


async def test_a_fault_begins_and_ends_while_the_instrument_is_in_use(path) -> None:
    """H03: the other side of the very same twin sees it, byte by byte."""
    async with Room(path) as room, Client(path) as client:
        reader, writer = await asyncio.open_connection(HOST, room.front.port)

        async def read(end=b"\x04\n"):
            writer.write(READ)
            return await asyncio.wait_for(reader.readuntil(end), 5.0)

        assert await read() == GOOD
        assert await client.ask(device="t", verb="token", argument="nan") == {"ok": True}
        assert await read() == b"nan\n\x04\n"
        assert await client.ask(device="t", verb="term", argument="cr") == {"ok": True}
        assert await read(b"\r") == b"nan\r"
        assert await client.ask(clear="token", device="t") == {"ok": True}
        assert await read(b"\r") == b"36.60\r"
        assert await client.ask(clear="term", device="t") == {"ok": True}
        assert await read() == GOOD
        writer.close()
        await writer.wait_closed()
    assert room.told == [
        "fault on token t nan", "fault on term t cr", "fault off token t ", "fault off term t ",
    ]  # fmt: skip


@pytest.mark.parametrize(("how", "end"), [("fin", None), ("rst", ConnectionResetError)])
async def test_a_socket_hangs_up_after_the_head(path, how, end) -> None:
    """H10: the head gets out, then the other end closes, or resets."""
    async with Room(path) as room, Client(path) as client:
        reader, writer = await asyncio.open_connection(HOST, room.front.port)
        assert (await client.ask(device="t", verb="drop_after", argument=f"3:{how}"))["ok"]
        writer.write(READ)
        assert await asyncio.wait_for(reader.readexactly(3), 5.0) == GOOD[:3]
        (got,) = await asyncio.gather(reader.read(), return_exceptions=True)
        assert got == b"" if end is None else isinstance(got, end)
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_a_fault_ends_by_itself(path) -> None:
    async with Room(path) as room, Client(path) as client:
        await client.ask(device="t", verb="delay", argument="1", until_s=0.01)
        assert room.wire.is_faulty
        await asyncio.wait_for(room.ended.wait(), 5.0)
        assert not room.wire.is_faulty
        assert (await client.ask(list=True))["active"] == []


async def test_a_fault_set_anew_has_the_new_end(path) -> None:
    async with Room(path) as room, Client(path) as client:
        await client.ask(device="t", verb="delay", argument="1", until_s=0.01)
        await client.ask(device="t", verb="delay", argument="2")
        await asyncio.sleep(0.03)
        assert room.wire.is_faulty
        (row,) = (await client.ask(list=True))["active"]
        assert row["argument"] == "2"


async def test_probes_twins_and_links_take_faults_too(path) -> None:
    async with Room(path) as room, Client(path) as client:
        room.tip.advance(1.0, 43.0)
        assert (await client.ask(device="t", verb="probe_stuck", argument="1:36"))["ok"]
        assert room.tip.reading() == 36.0
        assert (await client.ask(clear="probe_stuck", device="t", argument="1"))["ok"]
        assert room.tip.reading() == pytest.approx(43.0, abs=0.1)
        assert (await client.ask(device="t", verb="stream_stall"))["ok"]
        assert room.wire.feed(READ, 0.0) == []
        assert (await client.ask(device="t", verb="link_drop"))["ok"]
        assert (await client.ask(clear="link_drop", device="t"))["ok"]


async def test_the_list_says_what_there_is_and_what_is_on(path) -> None:
    async with Room(path), Client(path) as client:
        await client.ask(device="t", verb="echo")
        answer = await client.ask(list=True)
    assert answer["ok"]
    assert answer["devices"] == {"twin": ["t"], "wire": ["t"], "link": ["t"], "probe": ["t:1"]}
    assert answer["verbs"]["delay"] == ["wire", "s"]
    (row,) = answer["active"]
    assert (row["device"], row["verb"], row["argument"]) == ("t", "echo", "")
    assert 0.0 <= row["since_s"] < 5.0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\n", "Expecting value"),
        (b"help\n", "Expecting value"),
        (b"\xff\xfe\n", "utf-8"),
        (b"[1]\n", "a line is"),
        (b"{}\n", "device must be a text"),
        (b'{"device": "t"}\n', "verb must be a text"),
        (b'{"device": "t", "verb": 7}\n', "verb must be a text"),
        (b'{"device": "t", "verb": "explode"}\n', "unknown fault 'explode'"),
        (b'{"device": "x", "verb": "echo"}\n', "no wire 'x'"),
        (b'{"device": "t", "verb": "delay", "argument": "soon"}\n', "it takes s"),
        (b'{"device": "t", "verb": "delay", "argument": 1}\n', "argument must be a text"),
        (b'{"device": "t", "verb": "echo", "until_s": -1}\n', "above 0"),
        (b'{"device": "t", "verb": "echo", "until_s": NaN}\n', "above 0"),
        (b'{"device": "t", "verb": "echo", "until_s": true}\n', "number of seconds"),
        (b'{"device": "t", "verb": "echo", "for_s": 1}\n', "unknown key 'for_s'"),
        (b'{"device": "t", "verb": "amp_stuck_full"}\n', "no fault 'amp_stuck_full'"),
        (b'{"device": "t", "verb": "probe_off", "argument": "9"}\n', "no probe at t:9"),
        (b'{"device": "t", "verb": "controller_killed"}\n', "cannot do that"),
        (b'{"clear": "explode", "device": "t"}\n', "unknown fault"),
        (b'{"clear": "probe_off", "device": "t"}\n', "no probe at t:"),
        (b'{"clear": "echo"}\n', "device must be a text"),
        (b'{"list": 1, "all": 2}\n', "unknown key"),
        (b"[" * 3000 + b"\n", ""),
    ],
)
async def test_nonsense_is_answered_and_changes_nothing(path, line, why) -> None:
    async with Room(path) as room, Client(path) as client:
        answer = await client.raw(line)
        assert answer["ok"] is False
        assert why in answer["error"]
        assert room.wire.feed(READ, 0.0)[0][1] == GOOD
        assert (await client.ask(list=True))["active"] == []


async def test_a_line_without_end_is_cut_off(path) -> None:
    async with Room(path), Client(path) as client:
        answer = await client.raw(b"x" * (2 * LINE_BYTES_MAX))
        assert answer == {"ok": False, "error": f"a line is at most {LINE_BYTES_MAX} bytes"}
        assert await client.reader.read() == b""


async def test_half_a_line_at_the_end_does_nothing(path) -> None:
    async with Room(path) as room:
        async with Client(path) as client:
            client.writer.write(b'{"device": "t", "verb": "echo"}')
        async with Client(path) as client:
            await client.ask(list=True)
        assert not room.wire.is_faulty


async def test_two_clients_at_once(path) -> None:
    async with Room(path), Client(path) as first, Client(path) as second:
        await first.ask(device="t", verb="echo")
        (row,) = (await second.ask(list=True))["active"]
        assert row["verb"] == "echo"


async def test_a_dead_socket_is_replaced_a_live_one_and_a_file_are_not(path, tmp_path) -> None:
    async with Room(path):
        with pytest.raises(OSError, match="another bench"):
            await Room(path).control.start(path)
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        await Room(other).control.start(other)
    assert other.read_text() == "mine"
    door = Room(path).control
    await door.start(path)
    left = os.open(path.parent, os.O_RDONLY)  # the socket's name survives a bench that was killed
    os.link("faults.sock", "copy.sock", src_dir_fd=left, dst_dir_fd=left)
    await door.stop()
    os.rename("copy.sock", "faults.sock", src_dir_fd=left, dst_dir_fd=left)
    os.close(left)
    async with Room(path), Client(path) as client:
        assert (await client.ask(list=True))["ok"]


async def test_stopping_twice_hangs_up_once(path) -> None:
    async with Room(path) as room, Client(path) as client:
        await client.ask(device="t", verb="delay", argument="1", until_s=60.0)
        await room.control.stop()
        assert await client.reader.read() == b""
        await room.control.stop()
        assert room.wire.is_faulty
