# SPDX-License-Identifier: Apache-2.0
"""The Keysight 33500B driver with its twin: clamp, knobs, reboots, and OFF as the last word."""

import asyncio

import pytest

from drivers.keysight_33500 import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.waveform import WaveformOptions
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from sim_hardware.wire.memory import MemoryTransport
from tests.support import run_virtual


def permit(field_ka_per_m, expires_at=1e9):
    return Permit(field_ka_per_m, serial=1, expires_at=expires_at)


def now():
    return asyncio.get_running_loop().time()


async def bench(**options):
    """A twin and a driver, open and prepared for 5 kA/m."""
    twin = Keysight33500Twin(start_s=now())
    setup = Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0, **options))
    source = SPEC.make(Link(MemoryTransport(twin, "twin", baud=SPEC.baud)), setup)
    await source.open()
    await source.prepare(5.0)
    return twin, source


def test_what_was_asked_for_comes_out():
    async def main():
        twin, source = await bench()
        snapshot = await source.apply(permit(3.0))
        await asyncio.sleep(0.1)
        assert twin.stage.current(now()) == pytest.approx(3.0)
        assert (snapshot.boot, snapshot.limit_ka_per_m) == (1, pytest.approx(5.0))
        await source.close()
        assert twin.stage.current(now()) == 0.0

    run_virtual(main())


def test_the_clamp_holds_at_the_front_panel_s_twin_too():
    """What a second client asks for beyond the cap is clipped by the generator itself."""

    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        twin.feed(b"VOLT 10\n", now(), client=7)
        await asyncio.sleep(0.1)
        assert twin.stage.current(now()) == pytest.approx(5.0)
        with pytest.raises(errors.ProtocolError):
            await source.poll()

    run_virtual(main())


def test_a_clamp_left_by_another_session_does_not_hinder_opening():
    async def main():
        twin, source = await bench()
        twin.feed(b"VOLT:LIM:STAT OFF;HIGH 0.0005;LOW -0.0005;STAT ON\n", now(), client=7)
        await source.open()
        await source.prepare(5.0)
        assert (await source.apply(permit(5.0))).setpoint_ka_per_m == pytest.approx(5.0)

    run_virtual(main())


@pytest.mark.parametrize(
    "knob", ["vpp:1.0", "freq:5e4", "func:SQU", "unit:VRMS", "load:INF", "burst:on"]
)
def test_what_an_operator_turns_is_seen(knob):
    """An amplitude by the next poll: an apply sets its own again (H21)."""

    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", knob, now())
        with pytest.raises(errors.ProtocolError):
            await source.poll()
        assert not (await source.off()).output_on
        assert not twin.stage.is_energized

    run_virtual(main())


def test_an_output_that_somebody_switched_off_is_not_switched_on_again():
    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", "off", now())
        assert not (await source.poll()).output_on
        with pytest.raises(errors.DeviceError):
            await source.apply(permit(3.0))
        assert not twin.stage.is_energized

    run_virtual(main())


def test_a_reboot_is_seen_and_needs_open_and_prepare():
    async def main():
        twin, source = await bench()
        before = (await source.apply(permit(3.0))).boot
        twin.inject("reboot", "", now())
        with pytest.raises(errors.DeviceError):
            await source.apply(permit(3.0))
        assert not twin.stage.is_energized
        assert (await source.off()).boot == before + 1
        await source.open()
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(3.0))
        assert (await source.prepare(5.0)).limit_ka_per_m == pytest.approx(5.0)

    run_virtual(main())


@pytest.mark.parametrize("wait_s", [0.0005 * n for n in range(0, 40, 2)])
def test_whenever_an_off_comes_it_is_the_last_word(wait_s):
    """Also before an `apply` that waits for its turn with OUTP ON in its line (H16)."""

    async def main():
        twin, source = await bench()
        poll = asyncio.create_task(source.poll())
        await asyncio.sleep(0)
        task = asyncio.create_task(source.apply(permit(3.0)))
        await asyncio.sleep(wait_s)
        assert not (await source.off()).output_on
        await asyncio.gather(poll, task, return_exceptions=True)
        assert not twin.stage.is_energized

    run_virtual(main())


def test_an_off_that_overtook_leaves_poll_and_apply_in_order():
    """What was never written is not expected back."""

    async def main():
        _, source = await bench()
        poll = asyncio.create_task(source.poll())
        await asyncio.sleep(0)
        task = asyncio.create_task(source.apply(permit(3.0)))
        await asyncio.sleep(0)
        await source.off()
        results = await asyncio.gather(poll, task, return_exceptions=True)
        assert isinstance(results[1], errors.DeviceError)
        assert not (await source.poll()).output_on
        assert (await source.apply(permit(2.0))).output_on

    run_virtual(main())


def test_a_channel_that_is_not_there_is_refused():
    async def main():
        with pytest.raises(errors.DeviceError):
            await bench(channel=2)

    run_virtual(main())
