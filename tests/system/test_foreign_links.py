# SPDX-License-Identifier: Apache-2.0
"""Programs that we did not write, on real fronts, against twins as they are.

They know nothing of this project: what they can use is an instrument on a wire.
"""

import asyncio
import os
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Protocol, TypeVar

import pytest
import pyvisa
import serial
import serialx
from pyvisa.constants import StatusCode

from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.tcp import TcpFront

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:set(Daemon|Name)"),  # pyserial's own
]
BAUD = 57600
THERMOMETER, SOURCE = "Opsens,HandySens,SIM0002,1.00", "OPENMFH,FS100K,SIM0001,1.0"
END = b"\x04\n"


class Front(Protocol):
    """What a client can reach."""

    async def start(self) -> None:
        """Open for clients."""

    async def stop(self) -> None:
        """Close."""


F = TypeVar("F", bound=Front)


def thermometer() -> OpsensTwin:
    """36.6 °C on channel 1."""
    return OpsensTwin({1: lambda _: 36.6})


@asynccontextmanager
async def running(front: F) -> AsyncIterator[F]:
    """Keep it open."""
    await front.start()
    try:
        yield front
    finally:
        await front.stop()


# ---- pyvisa --------------------------------------------------------------------------------


@contextmanager
def visa_session(resource: str, **settings: Any) -> Iterator[Any]:
    """A plain session of the pure Python backend, as a laboratory's script opens it."""
    session = pyvisa.ResourceManager("@py").open_resource(resource, timeout=2000, **settings)
    try:
        yield session
    finally:
        session.close()


async def test_pyvisa_reads_the_thermometer_on_a_serial_port() -> None:
    def script(path: str) -> list[str]:
        lines = {"baud_rate": BAUD, "read_termination": "\n", "write_termination": "\n"}
        with visa_session(f"ASRL{path}::INSTR", **lines) as session:
            return [session.query("*IDN?"), session.read(), session.query("CH1:DATA? 1")]

    async with running(PtyFront(thermometer(), baud=BAUD)) as front:
        assert await asyncio.to_thread(script, front.path) == [THERMOMETER, "\x04", "36.60"]


async def test_pyvisa_drives_the_source_on_a_socket() -> None:
    def script(port: int) -> list[object]:
        lines = {"read_termination": "\n", "write_termination": "\n"}
        with visa_session(f"TCPIP::127.0.0.1::{port}::SOCKET", **lines) as session:
            found = [session.query("*IDN?")]
            session.write("FIEL 5.2E3;BOGUS")
            found += session.query_ascii_values("FIEL?")
            found.append(session.query("SYST:ERR?"))
            session.timeout = 100
            with pytest.raises(pyvisa.VisaIOError) as caught:
                session.read()
            return [*found, caught.value.error_code]

    async with running(TcpFront(ScpiSource())) as front:
        assert await asyncio.to_thread(script, front.port) == [
            SOURCE, 5200.0, '-113,"Undefined header;BOGUS"', StatusCode.error_timeout
        ]  # fmt: skip


# ---- serialx and pyserial over RFC 2217 ------------------------------------------------------


async def test_serialx_reads_the_thermometer_and_its_lines_behind_a_network() -> None:
    async with running(Rfc2217Front(thermometer(), baud=BAUD)) as front:
        reader, writer = await serialx.open_serial_connection(
            url=f"rfc2217://127.0.0.1:{front.port}", baudrate=BAUD
        )
        async with asyncio.timeout(5.0):
            writer.write(b"*IDN?\n")
            assert await reader.readuntil(END) == THERMOMETER.encode() + b"\n" + END
            writer.write(b"CH1:DATA? 1\n")
            assert await reader.readuntil(END) == b"36.60\n" + END
            pins = await writer.transport.get_modem_pins()
            assert [pin.to_bool() for pin in (pins.cts, pins.dsr, pins.car)] == [True] * 3
            front.set_lines(cts=False)
            writer.write(b"*IDN?\n")
            await reader.readuntil(END)  # what was pushed before it has come too
            assert not (await writer.transport.get_modem_pins()).cts.to_bool()
            await writer.transport.set_modem_pins(rts=True, dtr=False)
            assert (front.rts, front.dtr) == (True, False)
            writer.close()
            await writer.wait_closed()
            assert await asyncio.to_thread(eventually, lambda: not front.rts)


@pytest.mark.parametrize("options", ["", "?poll_modem"])
async def test_pyserial_drives_the_source_behind_a_network(options: str) -> None:
    async with running(Rfc2217Front(ScpiSource(), baud=BAUD)) as front:
        loop = asyncio.get_running_loop()

        def script() -> tuple[bytes, bytes, list[bool]]:
            url = f"rfc2217://127.0.0.1:{front.port}{options}"
            with serial.serial_for_url(url, BAUD, timeout=2.0) as port:
                port.write(b"*IDN?\n")
                identity = port.readline()
                port.write(b"FIEL 5.2E3;FIEL?\n")
                field = port.readline()
                seen = [port.cts]
                port.rts = False
                seen.append(front.rts)
                loop.call_soon_threadsafe(lambda: front.set_lines(cts=False))
                seen.append(eventually(lambda: not port.cts))
                return identity, field, seen

        assert await asyncio.to_thread(script) == (
            SOURCE.encode() + b"\n", b"5.200000E+03\n", [True, False, True]
        )  # fmt: skip


def eventually(is_so: Callable[[], bool], within_s: float = 2.0) -> bool:
    """Wait for it, in a thread."""
    end = time.monotonic() + within_s
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    return is_so()


# ---- pyserial's terminal program -----------------------------------------------------------


class Keyboard:
    """A program on a terminal of its own, and somebody who types."""

    def __init__(self, *command: str) -> None:
        self._master, slave = os.openpty()
        self._process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._shown = b""

    def is_raw(self) -> bool:
        """Whether the program reads single keys by now."""
        return not termios.tcgetattr(self._master)[3] & termios.ICANON

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    async def shows(self, text: bytes) -> None:
        """Wait until the text is on the screen; what came before it is forgotten."""
        ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._master, ready.set)
        try:
            async with asyncio.timeout(20.0):
                while text not in self._shown:
                    await ready.wait()
                    ready.clear()
                    with suppress(BlockingIOError):
                        self._shown += os.read(self._master, 4096)
        finally:
            asyncio.get_running_loop().remove_reader(self._master)
        self._shown = self._shown.partition(text)[2]

    def end(self) -> int:
        """Wait for the program to end by itself."""
        try:
            return self._process.wait(10.0)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._master)


@pytest.mark.parametrize("place", ["pty", "rfc2217"])
async def test_somebody_types_at_the_thermometer(place: str) -> None:
    """pyserial's miniterm, unchanged; Ctrl-] ends it."""
    front = (PtyFront if place == "pty" else Rfc2217Front)(thermometer(), baud=BAUD)
    async with running(front):
        port = front.path if isinstance(front, PtyFront) else f"rfc2217://127.0.0.1:{front.port}"
        quiet = ("-W", "ignore", "-m", "serial.tools.miniterm")
        terminal = Keyboard(sys.executable, *quiet, port, str(BAUD), "--eol", "LF")
        try:
            await terminal.shows(b"--- Miniterm on ")
            assert await asyncio.to_thread(eventually, terminal.is_raw)
            terminal.type(b"*IDN?\n")
            await terminal.shows(THERMOMETER.encode())
            terminal.type(b"CH1:DATA? 1\n")
            await terminal.shows(b"36.60")
            terminal.type(b"\x1d")
            await terminal.shows(b"--- exit ---")
        finally:
            status = await asyncio.to_thread(terminal.end)
        assert status == 0
