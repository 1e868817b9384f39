# SPDX-License-Identifier: Apache-2.0
"""The Modbus twins as pymodbus reads and writes them, a master that nobody here wrote."""

import asyncio

import pytest
from pymodbus.client import ModbusSerialClient

from sim_hardware.devices.modbus import ModbusUnit
from sim_hardware.devices.thermometers.modbus_registers import LumaSmartTwin
from sim_hardware.wire.pty import PtyFront
from tests.unit.devices.wires import constant

pytestmark = pytest.mark.real


async def with_master(twin, use):
    """Run `use(client)` in a thread, against the twin on a pseudo terminal."""
    front = PtyFront(twin, baud=19200, chunk_max=3)
    await front.start()

    def talk():
        client = ModbusSerialClient(front.path, baudrate=19200, timeout=0.5, retries=0)
        assert client.connect()
        try:
            use(client)
        finally:
            client.close()

    try:
        await asyncio.to_thread(talk)
    finally:
        await front.stop()


async def test_every_function():
    unit = ModbusUnit(5)
    held = unit.registers
    for n in range(8):
        held.coils[n], held.discrete[n] = n % 3 == 0, n % 2 == 0
        held.holding[n] = constant(100 * n)
        held.inputs[n] = constant(n + 7)
    held.writable |= {3, 4, 5}

    def use(master):
        assert master.read_coils(0, count=4, device_id=5).bits[:4] == [True, False, False, True]
        assert master.read_discrete_inputs(1, count=3, device_id=5).bits[:3] == [False, True, False]
        assert master.read_input_registers(0, count=2, device_id=5).registers == [7, 8]
        assert not master.write_coil(1, True, device_id=5).isError()
        assert not master.write_coils(4, [True, False, True], device_id=5).isError()
        bits = master.read_coils(0, count=7, device_id=5).bits[:7]
        assert bits == [True, True, False, True, True, False, True]
        assert not master.write_register(3, 1234, device_id=5).isError()
        assert not master.write_registers(4, [9, 8], device_id=5).isError()
        registers = master.read_holding_registers(2, count=4, device_id=5).registers
        assert registers == [200, 1234, 9, 8]
        assert master.write_registers(5, [1, 2], device_id=5).exception_code == 2
        assert master.read_holding_registers(7, count=2, device_id=5).exception_code == 2
        assert master.report_device_id(device_id=5).exception_code == 1

    await with_master(unit, use)


async def test_a_float_with_its_words_swapped():
    def use(master):
        words = master.read_input_registers(0, count=4, device_id=1).registers
        kind = master.DATATYPE.FLOAT32
        assert [
            master.convert_from_registers(words[n : n + 2], kind, word_order="little")
            for n in (0, 2)
        ] == [pytest.approx(41.2), 75.0]

    await with_master(LumaSmartTwin({1: lambda _: 41.2}), use)
