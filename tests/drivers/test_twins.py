# SPDX-License-Identifier: Apache-2.0
"""Drivers and twins are two readings of one manual: they must agree on every front."""

import asyncio

import pytest

from drivers import generic_scpi_source, opsens_handysens
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.open import transport_for
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.tcp import TcpFront
from tests.support import run_virtual

CHANNELS = {1: lambda t: 41.2, 2: lambda t: 44.5, 3: lambda t: 37.0}


def permit(field_ka_per_m):
    return Permit(field_ka_per_m, serial=1, expires_at=1e9)


def memory(spec, core, channels=(1, 2, 3), **options):
    transport = MemoryTransport(core, "memory", **options)
    return spec.make(Link(transport), Setup(channels)), transport


def test_thermometer_in_virtual_time():
    async def main():
        driver, _ = memory(opsens_handysens.SPEC, OpsensTwin(CHANNELS), baud=57600, chunk_max=1)
        assert (await driver.open()).is_simulated
        for n in range(1, 4):
            readings = await driver.sample()
            assert {c: r.value for c, r in readings.items()} == {1: 41.2, 2: 44.5, 3: 37.0}
            assert {r.seq for r in readings.values()} == {n}

    run_virtual(main())


def test_thermometer_faults():
    async def main():
        twin = OpsensTwin(CHANNELS)
        driver, transport = memory(opsens_handysens.SPEC, twin, baud=57600)
        await driver.open()
        twin.inject("no_probe_token", "2", 0.0)
        readings = await driver.sample()
        assert (readings[2].value, readings[2].quality) == (None, Quality.BAD)
        twin.clear("no_probe_token")
        twin.inject("probe_dropped", "1", 0.0)
        assert sorted(await driver.sample()) == [2, 3]
        twin.clear("probe_dropped")
        twin.inject("stream_stall", "", 0.0)
        with pytest.raises(errors.LinkError):
            await driver.sample()
        twin.clear("stream_stall")
        await driver.open()
        transport.inject("link_drop", "", 0.0)
        with pytest.raises(errors.LinkLostError):
            await driver.sample()
        transport.clear("link_drop")
        await driver.open()
        assert sorted(await driver.sample()) == [1, 2, 3]

    run_virtual(main())


def test_thermometer_that_streams():
    async def main():
        twin = OpsensTwin(CHANNELS)
        driver, transport = memory(opsens_handysens.SPEC, twin, baud=57600)
        await transport.open()
        await transport.write(b"MEAS:STAR INF\n")
        await driver.open()
        assert (await driver.sample())[1].value == 41.2

    run_virtual(main())


def test_source_treats_in_virtual_time():
    async def main():
        loop = asyncio.get_running_loop()
        twin = ScpiSource(start_s=loop.time())
        source, _ = memory(generic_scpi_source.SPEC, twin, ())
        assert (await source.open()).is_simulated
        snapshot = await source.prepare(7.5)
        assert (snapshot.limit_ka_per_m, snapshot.output_on, snapshot.faults) == (7.5, False, ())
        for step in range(900):
            snapshot = await source.apply(permit(min(0.1 + 0.01 * step, 7.5)))
            await asyncio.sleep(0.1)
        assert snapshot.output_on
        assert snapshot.measured_ka_per_m == pytest.approx(7.5)
        assert snapshot.faults == ()
        with pytest.raises(errors.DeviceFault, match="-222"):
            await source.apply(permit(7.6))
        snapshot = await source.off()
        assert (snapshot.output_on, snapshot.measured_ka_per_m) == (False, 0.0)
        await source.apply(permit(5.0))
        await asyncio.sleep(0.6)  # the host falls silent: the instrument's own watchdog (H26)
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.faults) == (False, ("watchdog",))
        with pytest.raises(errors.DeviceError):
            await source.apply(permit(5.0))
        await source.open()
        assert (await source.prepare(7.5)).faults == ("watchdog",)  # no human has looked (H23)
        assert (await source.prepare(7.5, clear=True)).faults == ()
        await source.close()
        assert not twin.stage.is_energized

    run_virtual(main())


def test_off_overtakes_whatever_is_queued():
    """H16: OFF waits for the line on the wire, not for those behind it."""

    async def main():
        source, transport = memory(generic_scpi_source.SPEC, ScpiSource(), ())
        await source.open()
        written, write = [], transport.write

        async def record(data):
            written.append(data)
            await write(data)

        transport.write = record
        polls = [asyncio.create_task(source.poll()) for _ in range(4)]
        await asyncio.sleep(0)
        await source.off()
        assert b"OUTP OFF" in written[1]
        assert b"OUTP OFF" in written[2]
        beats = [snapshot.heartbeat for snapshot in await asyncio.gather(*polls)]
        assert beats == sorted(beats)

    run_virtual(main())


@pytest.mark.parametrize("was_on", [False, True])
def test_an_off_is_the_last_word_before_an_apply_that_waits(was_on):
    """H16: its line has OUTP ON in it, and must not be written behind the OFF."""

    async def main():
        twin = ScpiSource(start_s=asyncio.get_running_loop().time())
        source, _ = memory(generic_scpi_source.SPEC, twin, ())
        await source.open()
        await source.prepare(7.5)
        if was_on:
            await source.apply(permit(5.0))
        poll = asyncio.create_task(source.poll())
        await asyncio.sleep(0)
        start = asyncio.create_task(source.apply(permit(5.0)))
        await asyncio.sleep(0)
        assert not (await source.off()).output_on
        with pytest.raises(errors.RangeRefusedError, match="OFF"):
            await start
        assert not (await poll).faults
        assert not twin.stage.is_energized
        assert (await source.apply(permit(5.0))).output_on

    run_virtual(main())


def test_source_interlock_keeps_it_off():
    async def main():
        loop = asyncio.get_running_loop()
        twin = ScpiSource(start_s=loop.time())
        source, _ = memory(generic_scpi_source.SPEC, twin, ())
        await source.open()
        await source.prepare(7.5)
        await source.apply(permit(5.0))
        twin.stage.set_interlocks(1, loop.time())
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.interlocks_open) == (False, ("e_stop",))
        assert "interlock" in snapshot.faults
        await source.off()
        with pytest.raises(errors.DeviceFault, match="301"):
            await source.apply(permit(5.0))

    run_virtual(main())


@pytest.mark.real
async def test_thermometer_on_a_pty():
    front = PtyFront(OpsensTwin(CHANNELS), baud=57600, chunk_max=1)
    await front.start()
    link = Link(transport_for(front.path, opsens_handysens.SPEC.baud))
    driver = opsens_handysens.OpsensHandysens(link, (1, 2, 3))
    try:
        await driver.open()
        readings = await driver.sample()
        assert {c: r.value for c, r in readings.items()} == {1: 41.2, 2: 44.5, 3: 37.0}
    finally:
        await driver.close()
        await front.stop()


@pytest.mark.real
@pytest.mark.parametrize("form", ["tcp", "pty"])
async def test_source_on_real_fronts(form):
    twin = ScpiSource(start_s=asyncio.get_running_loop().time())
    tcp, serial = TcpFront(twin), PtyFront(twin, baud=115200)
    front = tcp if form == "tcp" else serial
    await front.start()
    resource = {
        "tcp": f"TCPIP::127.0.0.1::{tcp.port}::SOCKET",
        "pty": f"ASRL{serial.path}::INSTR",
    }[form]
    source = generic_scpi_source.GenericScpiSource(Link(transport_for(resource, 115200)))
    try:
        await source.open()
        await source.prepare(7.5)
        for _ in range(3):
            snapshot = await source.apply(permit(5.0))
        assert snapshot.setpoint_ka_per_m == 5.0
        assert not (await source.off()).output_on
    finally:
        await source.close()
        await front.stop()
