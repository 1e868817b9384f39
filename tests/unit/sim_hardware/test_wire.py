# SPDX-License-Identifier: Apache-2.0
"""Fronts: the same bytes on memory, pty and TCP; pace, chunks, wrong speed, pulled cables."""

import asyncio
import errno
import os
import termios
import tty
from contextlib import suppress

import pytest

from sim_hardware.bench.virtual_time import run
from sim_hardware.devices.enable_line import DecodingReceiver, Framed
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.pace import Outlet, char_s
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.tcp import TcpFront

DIALOGUE = (
    (b"*IDN?\n", b"OPENMFH,FS100K,SIM0001,1.0\n"),
    (b"FIEL 5.2E3;:SYST:COMM:HEAR 3;HEAR?;:FIEL?\n", b"3;5.200000E+03\n"),
    (b"BOGUS\nSYST:ERR?\n", b'-113,"Undefined header;BOGUS"\n'),
)


def thermometer():
    return OpsensTwin({1: lambda t: 36.6})


async def on_memory(chunk_max):
    transport = MemoryTransport(ScpiSource(), "memory:amp", baud=115200, chunk_max=chunk_max)
    await transport.open()
    said = []
    for sent, expected in DIALOGUE:
        await transport.write(sent)
        data = b""
        while len(data) < len(expected):
            data += await transport.read(0.15)
        said.append(data)
    await transport.close()
    return said, transport.traffic


async def read_fd(fd, count):
    """Read exactly `count` bytes from a terminal."""
    loop, data, ready = asyncio.get_running_loop(), b"", asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        while len(data) < count:
            await asyncio.wait_for(ready.wait(), 2.0)
            ready.clear()
            with suppress(BlockingIOError):
                data += os.read(fd, count - len(data))
    finally:
        loop.remove_reader(fd)
    return data


def open_port(path, speed):
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = speed
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


async def on_pty(chunk_max):
    front = PtyFront(ScpiSource(), baud=115200, chunk_max=chunk_max)
    await front.start()
    fd = open_port(front.path, termios.B115200)
    try:
        said = []
        for sent, expected in DIALOGUE:
            os.write(fd, sent)
            said.append(await read_fd(fd, len(expected)))
    finally:
        os.close(fd)
        await front.stop()
    return said, front.traffic


async def on_tcp(chunk_max):
    front = TcpFront(ScpiSource(), chunk_max=chunk_max)
    await front.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    said = []
    for sent, expected in DIALOGUE:
        writer.write(sent)
        said.append(await asyncio.wait_for(reader.readexactly(len(expected)), 2.0))
    writer.close()
    await writer.wait_closed()
    await front.stop()
    return said, front.traffic


@pytest.mark.parametrize("chunk_max", [0, 1, 7])
async def test_same_bytes_on_every_front(chunk_max) -> None:
    expected = [said for _, said in DIALOGUE]
    sent, received = (sum(len(pair[n]) for pair in DIALOGUE) for n in (0, 1))
    for front in (on_memory, on_pty, on_tcp):
        said, traffic = await front(chunk_max)
        assert said == expected
        assert (traffic.bytes_in, traffic.bytes_out) == (sent, received)


# ---- pace ------------------------------------------------------------------------------


def test_ten_bits_a_character() -> None:
    assert char_s(9600) == pytest.approx(1 / 960)
    assert char_s(None) == 0.0


def test_the_line_carries_one_reply_at_a_time() -> None:
    outlet = Outlet(9600)
    ((first_s, first),) = outlet.cut(1.0, b"x" * 96, inbound=48)
    ((second_s, second),) = outlet.cut(1.0, b"y" * 96)
    assert (first, second) == (b"x" * 96, b"y" * 96)
    assert first_s == pytest.approx(1.15)
    assert second_s == pytest.approx(1.25)


def test_chunks_are_seeded_whole_and_in_order() -> None:
    def cut(seed):
        return Outlet(9600, 5, seed).cut(0.0, bytes(range(100)))

    assert cut(1) == cut(1)
    assert cut(1) != cut(2)
    assert b"".join(piece for _, piece in cut(1)) == bytes(range(100))
    assert cut(1)[-1][0] == pytest.approx(100 / 960)
    assert [len(piece) for _, piece in Outlet(9600, 1).cut(0.0, b"abc")] == [1, 1, 1]


def test_a_reply_takes_its_time_on_the_virtual_wire() -> None:
    async def main():
        transport = MemoryTransport(thermometer(), "memory:t", baud=9600)
        await transport.open()
        await transport.write(b"CH1:DATA? 1\n")
        with pytest.raises(TimeoutError):
            await transport.read(0.010)
        assert await transport.read(0.050) == b"36.60\n\x04\n"
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(12 / 960 + 0.002 + 8 / 960)


# ---- memory ----------------------------------------------------------------------------


def test_memory_times_out_and_streams() -> None:
    async def main():
        transport = MemoryTransport(thermometer(), "memory:t")
        await transport.open()
        with pytest.raises(TimeoutError):
            await transport.read(0.0)
        with pytest.raises(TimeoutError):
            await transport.read(1.0)
        await transport.write(b"MEAS:STAR 3\n")
        blocks = [await transport.read(0.15) for _ in range(3)]
        with pytest.raises(TimeoutError):
            await transport.read(0.15)
        return blocks

    assert run(main()) == [b"CH1\n36.60\n\x04\n"] * 3


def test_memory_link_drop_is_an_os_error_until_replugged() -> None:
    """H20."""

    async def main():
        transport = MemoryTransport(ScpiSource(), "memory:amp")
        with pytest.raises(OSError, match="not connected"):
            await transport.write(b"*IDN?\n")
        await transport.open()
        with pytest.raises(OSError, match="already open") as busy:
            await transport.open()
        assert busy.value.errno == errno.EBUSY
        await transport.write(b"*IDN?\n")
        asyncio.get_running_loop().call_later(0.001, transport.inject, "link_drop", "", 0.0)
        with pytest.raises(OSError, match="not connected"):
            await transport.read(0.15)
        with pytest.raises(OSError, match="no such device") as missing:
            await transport.open()
        assert missing.value.errno == errno.ENOENT
        transport.clear("link_drop")
        await transport.open()
        await transport.write(b"*OPC?\n")
        assert await transport.read(0.15) == b"1\n"  # not the answer to the lost *IDN?
        await transport.close()
        await transport.close()

    run(main())


# ---- pty -------------------------------------------------------------------------------


async def test_wrong_speed_is_garbage_both_ways() -> None:
    twin = ScpiSource()
    front = PtyFront(twin, baud=57600)
    await front.start()
    fd = open_port(front.path, termios.B9600)
    try:
        os.write(fd, b"FIEL 5E3\n")
        await asyncio.sleep(0.02)
        assert twin.feed(b"\nFIEL?\n", 1e9)[0][1] == b"0.000000E+00\n"
        front._write(b"36.60\n")
        assert b"36.60" not in await read_fd(fd, 6)
    finally:
        os.close(fd)
        await front.stop()


async def test_pty_hang_up_and_replug_keep_the_name(tmp_path) -> None:
    front = PtyFront(thermometer(), alias=tmp_path / "thermometer")
    await front.start()
    fd = os.open(front.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    front.inject("link_drop", "", 0.0)
    with pytest.raises(OSError, match=r"."):
        os.write(fd, b"*IDN?\n")
    os.close(fd)
    assert not (tmp_path / "thermometer").exists()
    front.clear("link_drop")
    fd = os.open(front.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    os.write(fd, b"CH1:DATA? 1\n")
    assert await read_fd(fd, 8) == b"36.60\n\x04\n"
    os.close(fd)
    await front.stop()
    await front.stop()


async def test_pty_without_a_reader_loses_bytes_and_does_not_block() -> None:
    front = PtyFront(thermometer())
    await front.start()
    for _ in range(40):
        front._write(b"x" * 1000)
    assert front.dropped_bytes > 10000
    await front.stop()


async def test_pty_streams() -> None:
    front = PtyFront(thermometer())
    await front.start()
    fd = open_port(front.path, termios.B57600)
    os.write(fd, b"MEAS:STAR 2\n")
    assert await read_fd(fd, 24) == b"CH1\n36.60\n\x04\n" * 2
    os.close(fd)
    await front.stop()


# ---- tcp -------------------------------------------------------------------------------


async def test_tcp_link_drop_resets_every_client() -> None:
    front = TcpFront(ScpiSource())
    await front.start()
    clients = [await asyncio.open_connection("127.0.0.1", front.port) for _ in range(2)]
    for reader, writer in clients:
        writer.write(b"*OPC?\n")
        assert await asyncio.wait_for(reader.readexactly(2), 2.0) == b"1\n"
    front.inject("link_drop", "", 0.0)
    for reader, writer in clients:
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 2.0)
        writer.close()
    front.clear("link_drop")
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    writer.write(b"*OPC?\n")
    assert await asyncio.wait_for(reader.readexactly(2), 2.0) == b"1\n"
    writer.close()
    await front.stop()


async def test_tcp_enable_line_greets_with_its_nonce() -> None:
    line = Framed(DecodingReceiver())
    front = TcpFront(line)
    await front.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    assert len(await asyncio.wait_for(reader.readexactly(8), 2.0)) == 8
    writer.close()
    await writer.wait_closed()
    await front.stop()
