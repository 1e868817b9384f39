# SPDX-License-Identifier: Apache-2.0
"""Programs that are not ours, unchanged, against our twins on real ports."""

import asyncio
import os
import pty
import subprocess
import sys
import threading
from typing import Any

import pytest
import pyvisa
import serial
import serialx
from pymodbus.client import ModbusSerialClient

from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.sources.genesys import GenesysTwin
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from sim_hardware.devices.thermometers.neoptix import NeoptixTwin
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.devices.thermometers.osensa import OsensaTwin
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.tcp import TcpFront

pytestmark = pytest.mark.real
CHANNELS = {1: lambda _: 41.25, 2: lambda _: 44.5}


def beside(call):
    """Run a blocking client in a thread while the loop serves the twin."""
    loop = asyncio.get_running_loop()
    result = loop.create_future()

    def work():
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - handed over
            loop.call_soon_threadsafe(result.set_exception, error)
        else:
            loop.call_soon_threadsafe(result.set_result, value)

    threading.Thread(target=work).start()
    return result


async def served(front, client):
    """What a client gets from a twin on its front."""
    await front.start()
    try:
        return await beside(client)
    finally:
        await front.stop()


def visa(resource, lines, **settings):
    """A plain pyvisa session: questions are asked, the rest is written."""
    session: Any = pyvisa.ResourceManager("@py").open_resource(resource, timeout=3000, **settings)
    with session:
        answers = []
        for line in lines:
            if "?" in line:
                answers.append(session.query(line).strip())
            else:
                session.write(line)
        return answers


def on_socket(front, lines):
    return visa(f"TCPIP::127.0.0.1::{front.port}::SOCKET", lines, read_termination="\n")


async def test_pyvisa_asks_the_generic_source():
    front = TcpFront(ScpiSource(start_s=asyncio.get_running_loop().time()))
    lines = ["*IDN?", "FIEL 5 KA/M", "FIEL?", "SYST:ERR?"]
    answers = await served(front, lambda: on_socket(front, lines))
    assert answers[0].startswith("OPENMFH,FS100K,SIM")
    assert float(answers[1]) == 5000.0
    assert answers[2] == '0,"No error"'


async def test_pyvisa_sets_a_keysight_generator_as_its_guide_says():
    twin = Keysight33500Twin(start_s=asyncio.get_running_loop().time())
    front = TcpFront(twin)
    lines = ["SOUR1:FUNC SIN", "SOUR1:FREQ 1.0E5", "SOUR1:VOLT 0.5", "OUTP1 ON", "SOUR1:FREQ?",
             "OUTP1?", "SOUR1:VOLT?"]  # fmt: skip
    answers = await served(front, lambda: on_socket(front, lines))
    assert answers == ["+1.00000000000000E+05", "1", "+5.00000000000000E-01"]
    assert twin.stage.settings.level == pytest.approx(2000.0)


async def test_pyvisa_sets_a_siglent_generator_as_its_guide_says():
    front = TcpFront(SiglentSdgTwin(start_s=asyncio.get_running_loop().time()))
    lines = ["C1:OUTP?", "C1:OUTP LOAD,50", "C1:BSWV WVTP,SINE,FRQ,100000,AMP,0.2,OFST,0",
             "C1:OUTP ON", "C1:BSWV?", "C1:OUTP?"]  # fmt: skip
    answers = await served(front, lambda: on_socket(front, lines))
    assert answers[0] == "C1:OUTP OFF,LOAD,HZ,PLRT,NOR"
    assert answers[1].startswith("C1:BSWV WVTP,SINE,FRQ,100000HZ,PERI,1e-05S,AMP,0.2V")
    assert answers[2] == "C1:OUTP ON,LOAD,50,PLRT,NOR"


async def test_pyvisa_asks_an_opsens_on_a_serial_port():
    """Its closing EOT needs the termination character that users of these instruments know."""
    front = PtyFront(OpsensTwin(CHANNELS), baud=57600)
    await front.start()
    settings = {"baud_rate": 57600, "read_termination": "\x04", "write_termination": "\n"}
    try:
        answers = await beside(
            lambda: visa(f"ASRL{front.path}::INSTR", ["CH1:DATA? 1", "CH2:DATA? 1"], **settings)
        )
    finally:
        await front.stop()
    assert answers == ["41.25", "44.50"]


async def test_a_script_waits_for_the_end_of_an_opsens_setting():
    """As public scripts do: every command is written, then all is read up to EOT LF."""
    front = PtyFront(OpsensTwin(CHANNELS), baud=57600)

    def client():
        with serial.Serial(front.path, 57600, timeout=3) as port:
            replies = []
            for line in (b"meas:rate min", b"ch1:data? 1", b"ch02:data? 1"):
                port.write(line + b"\n")
                replies.append(port.read_until(b"\x04\n"))
            return replies

    assert await served(front, client) == [b"\x04\n", b"41.25\n\x04\n", b"44.50\n\x04\n"]


async def test_a_script_switches_the_echo_of_a_polyscience_off_first():
    """As public drivers do; they accept nothing but `!`."""
    front = PtyFront(PolyScienceTwin(asyncio.get_running_loop().time()), baud=9600)

    def client():
        with serial.Serial(front.path, 9600, timeout=3) as port:
            replies = []
            for line in (b"SE0", b"RT", b"SS018.50", b"RS"):
                port.write(line + b"\r")
                replies.append(port.read_until(b"\r"))
            return replies

    assert await served(front, client) == [b"!\r", b"+22.0\r", b"!\r", b"+18.5\r"]


async def test_pyvisa_talks_gen_to_a_genesys():
    front = PtyFront(GenesysTwin(start_s=asyncio.get_running_loop().time()), baud=19200)
    await front.start()

    def client():
        port: Any = pyvisa.ResourceManager("@py").open_resource(f"ASRL{front.path}::INSTR")
        port.baud_rate, port.timeout = 19200, 3000
        port.read_termination = port.write_termination = "\r"
        with port:
            return [port.query(line) for line in ("ADR 6", "PV 12", "PV?", "OUT?", "STT?$3A")]

    try:
        answers = await beside(client)
    finally:
        await front.stop()
    assert answers[:4] == ["OK", "OK", "12", "OFF"]
    body, _, checksum = answers[4].partition("$")
    assert checksum == f"{sum(body.encode()) & 0xFF:02X}"


async def test_pymodbus_reads_an_osensa():
    front = PtyFront(OsensaTwin(CHANNELS), baud=9600)
    await front.start()

    def client():
        modbus = ModbusSerialClient(front.path, baudrate=9600, timeout=2)
        try:
            assert modbus.connect()
            block = modbus.read_holding_registers(4096, count=8, device_id=247)
            refused = modbus.read_holding_registers(9000, count=1, device_id=247)
            return block.registers, refused.isError()
        finally:
            modbus.close()

    try:
        registers, is_refused = await beside(client)
    finally:
        await front.stop()
    assert (registers[0] << 16 | registers[1]) / 65536 - 273.0 == pytest.approx(41.25, abs=1e-3)
    assert is_refused


async def test_serialx_asks_a_neoptix_over_rfc_2217():
    front = Rfc2217Front(NeoptixTwin(CHANNELS), baud=9600)
    await front.start()
    url = f"rfc2217://127.0.0.1:{front.port}"
    reader, writer = await serialx.open_serial_connection(url=url, baudrate=9600)
    try:
        writer.write(b"t\r")
        assert await asyncio.wait_for(reader.readexactly(13), 5.0) == b"+41.2\r+44.5\r*"
    finally:
        writer.transport.abort()
        await front.stop()


async def test_a_terminal_program_on_the_pty():
    """pyserial's own miniterm, as a bench engineer types into it."""
    front = PtyFront(OpsensTwin(CHANNELS), baud=57600)
    await front.start()

    def client():
        screen, tty = pty.openpty()
        command = [sys.executable, "-m", "serial.tools.miniterm", "--raw", "--eol", "LF"]
        process = subprocess.Popen(
            [*command, front.path, "57600"], stdin=tty, stdout=tty, stderr=tty
        )
        os.close(tty)
        seen = b""
        try:
            while b"Quit" not in seen:
                seen += os.read(screen, 1024)
            os.write(screen, b"*IDN?\n")
            while b"HandySens" not in seen:
                seen += os.read(screen, 1024)
        finally:
            process.kill()
            process.wait()
            os.close(screen)
        return seen

    try:
        assert b"Opsens,HandySens,SIM0002" in await asyncio.wait_for(beside(client), 20.0)
    finally:
        await front.stop()
