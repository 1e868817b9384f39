# SPDX-License-Identifier: Apache-2.0
"""Keysight N6900/N7900, N6700C against their twins: watchdog, protections, inputs, channels."""

import asyncio

import pytest

from drivers.keysight_n7900 import SPEC, KeysightOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from sim_hardware.devices.sources.keysight_n7900 import KeysightN6700Twin, KeysightN7900Twin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.keysight_n7900 import (
    CASES,
    SETUP,
)
from tests.support import run_virtual

SETUPS = {
    KeysightN7900Twin: SETUP,
    KeysightN6700Twin: CASES[1].setup,
}


def permit(field_ka_per_m):
    return Permit(field_ka_per_m, serial=1, expires_at=1e9)


def now():
    return asyncio.get_running_loop().time()


async def bench(kind=KeysightN7900Twin):
    """A twin and a driver, open and prepared."""
    twin = kind(start_s=now())
    source = SPEC.make(Link(MemoryTransport(twin, "twin", baud=SPEC.baud)), SETUPS[kind])
    await source.open()
    await source.prepare(5.0)
    return twin, source


BOTH = pytest.mark.parametrize("kind", list(SETUPS))


@BOTH
def test_clearing_a_protection_does_not_bring_the_output_back(kind):
    """CLEar restores ON, so OUTP OFF goes before it. Red when the order is swapped (H23)."""

    async def main():
        twin, source = await bench(kind)
        await source.apply(permit(3.0))
        await asyncio.sleep(1.1)
        assert (await source.poll()).faults == ("watchdog",)
        starts, switch_on = [], twin.stage.switch_on

        def noted(t):
            starts.append(t)
            switch_on(t)

        twin.stage.switch_on = noted
        cleared = await source.prepare(5.0, clear=True)
        assert (cleared.faults, cleared.output_on) == ((), False)
        assert starts == []  # not for a moment
        assert not twin.stage.is_energized

    run_virtual(main())


@pytest.mark.shows("source_watchdog")
@BOTH
def test_silence_of_a_second_trips_and_stays_until_somebody_clears(kind):
    """Guide page 252: latched, programmed state unchanged (H26)."""

    async def main():
        twin, source = await bench(kind)
        await source.apply(permit(3.0))
        for _ in range(20):
            await asyncio.sleep(0.9)
            assert (await source.poll()).output_on
        await asyncio.sleep(1.01)
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.faults) == (False, ("watchdog",))
        assert twin.is_programmed  # OUTP? still says 1
        with pytest.raises(errors.DeviceError):
            await source.apply(permit(3.0))
        assert (await source.prepare(5.0)).faults == ("watchdog",)
        await source.open()
        assert not twin.is_programmed
        assert not twin.stage.is_energized

    run_virtual(main())


@BOTH
def test_the_watchdog_is_armed_anew_after_a_reboot(kind):
    """It is volatile: a power-cycle switches it off; the reboot itself is seen (H24)."""

    async def main():
        twin, source = await bench(kind)
        before = (await source.apply(permit(3.0))).boot
        twin.inject("reboot", "", now())
        snapshot = await source.poll()
        assert (snapshot.boot, snapshot.output_on, snapshot.watchdog_on) == (
            before + 1, False, False,
        )  # fmt: skip
        await source.open()
        assert (await source.poll()).watchdog_on
        twin.inject("panel_change", "watchdog:off", now())
        assert not (await source.poll()).watchdog_on

    run_virtual(main())


@BOTH
def test_an_inhibit_input_is_an_interlock_that_latches(kind):
    async def main():
        twin, source = await bench(kind)
        await source.apply(permit(3.0))
        twin.inject("input", "inhibit:open", now())
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.interlocks_open) == (False, ("external_inhibit",))
        twin.inject("input", "inhibit:closed", now())
        assert (await source.prepare(5.0)).interlocks_open == ("external_inhibit",)
        assert (await source.prepare(5.0, clear=True)).interlocks_open == ()
        assert not twin.stage.is_energized

    run_virtual(main())


@pytest.mark.parametrize(
    ("kind", "name", "faults"),
    [
        (KeysightN7900Twin, "sense", ("hardware",)),
        (KeysightN6700Twin, "sense", ("hardware",)),
        (KeysightN6700Twin, "power", ("over_power", "power_limit")),
    ],
)
def test_an_output_that_is_only_limited_is_not_reported_as_off(kind, name, faults):
    """N6700C guide page 309: CP+ and CP- limit it; N6900 guide page 287: SF was detected."""

    async def main():
        twin, source = await bench(kind)
        await source.apply(permit(3.0))
        twin.inject("input", f"{name}:open", now())
        snapshot = await source.poll()
        assert twin.stage.is_energized
        assert (snapshot.output_on, snapshot.faults) == (True, faults)
        assert not (await source.off()).output_on

    run_virtual(main())


@BOTH
def test_what_an_operator_turns_is_seen(kind):
    async def main():
        twin, source = await bench(kind)
        await source.apply(permit(3.0))
        twin.inject("panel_change", "amps:12", now())
        assert (await source.poll()).setpoint_ka_per_m == pytest.approx(3.6)
        twin.inject("panel_change", "off", now())
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(3.0))
        assert not twin.stage.is_energized

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


def test_an_output_that_ignores_off_is_seen_in_what_is_measured():
    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        await asyncio.sleep(0.2)
        twin.inject("amp_ignores_off", "", now())
        assert (await source.off()).measured_ka_per_m == pytest.approx(3.0, abs=0.01)

    run_virtual(main())


def test_a_channel_list_is_for_mainframes():
    with pytest.raises(ValueError, match="channel"):
        KeysightOptions(field_ka_per_m_per_a=0.3, volts_max=30.0, channel=5)


def test_the_wrong_channel_is_refused():
    async def main():
        twin = KeysightN6700Twin(start_s=now(), channel=2)
        setup = Setup((), CASES[1].setup.options)
        source = SPEC.make(Link(MemoryTransport(twin, "twin", baud=SPEC.baud)), setup)
        with pytest.raises(errors.DeviceError):
            await source.open()

    run_virtual(main())
