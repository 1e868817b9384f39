# SPDX-License-Identifier: Apache-2.0
"""Real pyserial, pyvisa-py and asyncio, on ptys and loopback sockets, with all their manners."""

import asyncio
import os
import pty
import re
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress

import pytest

from mnht_controller.devices import errors
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.open import transport_for
from mnht_controller.devices.port_lock import PortLock
from mnht_controller.devices.scpi import tag
from mnht_controller.devices.threaded import CALL_S
from mnht_controller.devices.visa import VisaPort

pytestmark = pytest.mark.real
IDN = (b"*IDN?\n", re.compile(rb"TEST,.*"))


class Instrument:
    """Answers on a file descriptor from its own thread, so that a blocked loop shows."""

    def __init__(self, answers=()):
        self.answers = dict(answers)
        self.seen: list[bytes] = []
        self.read: Callable[[int], bytes] = lambda _: b""
        self.write: Callable[[bytes], object] = lambda _: None

    def serve(self):
        held = b""
        with suppress(OSError, ValueError):
            while data := self.read(4096):
                held += data
                *lines, held = held.split(b"\n")
                for line in lines:
                    self.seen.append(line)
                    self.reply(line)

    def reply(self, line):
        if line.startswith(b"*ESE"):
            self.write(line.split(b";")[0].removeprefix(b"*ESE ") + b"\n")
        answer = self.answers.get(line, b"TEST,1\n" if line == b"*IDN?" else None)
        for piece in [answer] if isinstance(answer, bytes) else answer or []:
            if isinstance(piece, bytes):
                self.write(piece)
            else:
                piece()


@pytest.fixture(params=["serial", "asrl", "socket", "tcp"])
def bench(request):
    """Give (resource, instrument, hang_up) on each front."""
    instrument = Instrument()
    if request.param in SOCKETS:
        yield from socket_bench(instrument, SOCKETS[request.param])
    else:
        yield from pty_bench(instrument, request.param)


def pty_bench(instrument, form):
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    instrument.read = lambda n: os.read(master, n)
    instrument.write = lambda data: os.write(master, data)
    is_open = [True]

    def hang_up():
        if is_open[0]:
            is_open[0] = False
            os.close(slave)
            os.close(master)

    thread = threading.Thread(target=instrument.serve, daemon=True)
    thread.start()
    yield (path if form == "serial" else f"ASRL{path}::INSTR"), instrument, hang_up
    hang_up()


SOCKETS = {"socket": "TCPIP::127.0.0.1::{}::SOCKET", "tcp": "tcp://127.0.0.1:{}"}


def socket_bench(instrument, form):
    server = socket.create_server(("127.0.0.1", 0))
    clients = []

    def serve():
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                clients.append(client)
                instrument.read, instrument.write = client.recv, client.sendall
                instrument.serve()

    threading.Thread(target=serve, daemon=True).start()

    def hang_up():
        server.close()
        for client in clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    yield form.format(server.getsockname()[1]), instrument, hang_up
    hang_up()


async def ready(resource):
    link = Link(transport_for(resource, 115200), dialect=Dialect(LineFramer(), tag))
    await link.open()
    await link.identify(*IDN)
    return link


async def test_queries_and_their_bytes(bench):
    resource, instrument, _ = bench
    instrument.answers[b"Q"] = b"41.2\n"
    link = await ready(resource)
    for _ in range(20):
        assert await link.query(b"Q\n") == b"41.2"
    assert instrument.seen == [b"*IDN?", *[b"Q"] * 20]
    await link.close()
    await link.close()


async def test_partial_reply_then_silence_then_its_tail(bench):
    """Wire fault 1 with the real libraries: pyvisa's own read returns `45` here (H12)."""
    resource, instrument, _ = bench
    instrument.answers[b"Q"] = [b"12.3"]
    link = await ready(resource)
    with pytest.raises(errors.ReplyTimeoutError):
        await link.query(b"Q\n")
    instrument.write(b"45\n")
    instrument.answers[b"Q"] = b"41.2\n"
    assert await link.query(b"Q\n") == b"41.2"
    await link.close()


async def test_late_reply_is_not_the_next_answer(bench):
    """Wire fault 2 with the real libraries (H11)."""
    resource, instrument, _ = bench
    instrument.answers[b"A"] = []
    instrument.answers[b"Q"] = b"41.2\n"
    link = await ready(resource)
    with pytest.raises(errors.ReplyTimeoutError):
        await link.query(b"A\n")
    instrument.write(b"99.9\n")
    assert await link.query(b"Q\n") == b"41.2"
    await link.close()


async def test_unplugged_in_the_middle_of_a_reply(bench):
    """Wire fault 9: an error at once, no busy loop, and a clear text when it is gone (H10)."""
    resource, instrument, hang_up = bench
    link = await ready(resource)
    instrument.answers[b"Q"] = [b"12.3", hang_up]
    spent_s = time.process_time()
    with pytest.raises(errors.LinkLostError):
        await link.query(b"Q\n", timeout_s=2.0)
    assert link.state is LinkState.CLOSED
    assert time.process_time() - spent_s < 1.0
    with pytest.raises(errors.ConnectError, match=r"missing|refused"):
        await link.open()


async def test_hang_up_between_queries(bench):
    resource, _, hang_up = bench
    link = await ready(resource)
    hang_up()
    await asyncio.sleep(0.02)
    with pytest.raises(errors.LinkLostError):
        await link.query(b"Q\n")


async def test_a_reopened_link_works_again(bench):
    resource, instrument, _ = bench
    instrument.answers[b"Q"] = b"41.2\n"
    link = await ready(resource)
    await link.open()
    await link.identify(*IDN)
    assert await link.query(b"Q\n") == b"41.2"
    await link.close()


@pytest.mark.parametrize("form", ["{}", "ASRL{}::INSTR"])
async def test_a_busy_port_names_its_holder(form):
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    code = (
        "import sys\nfrom serial import Serial\n"
        "port = Serial(sys.argv[1], exclusive=True)\nprint('held', flush=True)\nsys.stdin.read()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdin
    try:
        assert await process.stdout.readline() == b"held\n"
        link = Link(transport_for(form.format(path), 9600))
        with pytest.raises(errors.ConnectError, match=rf"busy.*process {process.pid} \(python"):
            await link.open()
    finally:
        process.stdin.close()
        await process.wait()
        await asyncio.sleep(0)
    await link.open()
    await link.close()
    os.close(slave)
    os.close(master)


async def test_an_address_has_one_owner(bench):
    """H20: `mnht devices` beside a running session must not re-initialize the amplifier."""
    resource, instrument, _ = bench
    first = await ready(resource)
    heard = len(instrument.seen)
    second = Link(transport_for(resource, 115200))
    with pytest.raises(errors.ConnectError, match=r"held by (another )?process"):
        await second.open()
    assert len(instrument.seen) == heard
    await first.close()
    await second.open()
    await second.close()


def test_one_lock_a_port(tmp_path):
    """Two of our own links on one port are a mistake too."""
    port = tmp_path / "port"
    port.touch()
    lock = PortLock(str(port))
    with pytest.raises(OSError, match=f"held by process {os.getpid()} "):
        PortLock(str(port))
    lock.release()
    lock.release()
    PortLock(str(port)).release()


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        ("/dev/ttyNONE7", "missing"),
        ("ASRL/dev/ttyNONE7::INSTR", "missing"),
        ("TCPIP::127.0.0.1::1::SOCKET", "refused"),
        ("tcp://127.0.0.1:1", "refused"),
        ("rfc2217://127.0.0.1:1", "refused"),
    ],
)
async def test_missing_and_refused(resource, why):
    with pytest.raises(errors.ConnectError, match=why):
        await Link(transport_for(resource, 9600)).open()


async def test_a_peer_that_takes_nothing_does_not_block_off_for_long(bench):
    """The library's write blocks; our deadline does not, and the loop runs on (H16, H27)."""
    resource, instrument, _ = bench
    gate = threading.Event()
    instrument.answers[b"JAM"] = [lambda: gate.wait(10.0)]
    link = await ready(resource)
    await link.send(b"JAM\n")
    gaps, running = [0.0], True

    async def watch():
        last = time.monotonic()
        while running:
            await asyncio.sleep(0.01)
            gaps[0] = max(gaps[0], time.monotonic() - last)
            last = time.monotonic()

    watching = asyncio.create_task(watch())
    start = time.monotonic()
    with pytest.raises(errors.LinkLostError):
        await link.send(b"x" * 30_000_000)
    assert time.monotonic() - start < 5 * CALL_S + 1.0
    running = False
    await watching
    gate.set()
    assert gaps[0] < 1.0
    await link.close()


@pytest.mark.parametrize("bench", ["socket"], indirect=True)
async def test_a_visa_library_that_hides_its_descriptor_is_read_byte_by_byte(bench, monkeypatch):
    resource, instrument, _ = bench
    plain = VisaPort.__init__

    def hiding(self, instrument, lock):
        plain(self, instrument, lock)
        self._descriptor = None

    monkeypatch.setattr(VisaPort, "__init__", hiding)
    instrument.answers[b"Q"] = b"41.2\n"
    link = await ready(resource)
    assert await link.query(b"Q\n") == b"41.2"
    instrument.answers[b"Q"] = [b"12.3"]
    with pytest.raises(errors.ReplyTimeoutError):
        await link.query(b"Q\n")
    instrument.write(b"45\n")
    instrument.answers[b"Q"] = b"41.2\n"
    assert await link.query(b"Q\n") == b"41.2"
    await link.close()


def test_the_libraries_are_imported_on_first_use_only():
    code = (
        "import sys\nfrom mnht_controller.devices.open import transport_for\n"
        "transport_for('ASRL/dev/ttyX::INSTR', 9600)\n"
        "transport_for('rfc2217://host:1', 9600)\n"
        "import drivers.generic_scpi_source, drivers.opsens_handysens\n"
        "print(sorted({'pyvisa', 'pyvisa_py', 'serial', 'serialx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
