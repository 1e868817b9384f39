# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys, GEN dialect: the driver and its twin, two readings of one manual."""

import asyncio
import itertools

import pytest

from drivers.tdk_genesys import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.link import Link
from mnht_controller.devices.testing import Rehearsal, rehearse
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.genesys import GenesysTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.tdk_genesys import SETUP
from tests.support import run_virtual


def permit(field_ka_per_m, expires_at=1e9):
    return Permit(field_ka_per_m, serial=1, expires_at=expires_at)


@pytest.mark.parametrize("chunk_max", [0, 1, 5])
def test_it_meets_its_twin(chunk_max):
    async def main():
        twin = GenesysTwin(start_s=asyncio.get_running_loop().time())

        def connect():
            return MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=chunk_max, seed=7)

        return await rehearse(Rehearsal(SPEC, connect, permit, SETUP))

    assert run_virtual(main()) == ()


async def bench(**options):
    """A twin, its transport with a record of what was written, and a driver, open and prepared."""
    loop = asyncio.get_running_loop()
    twin = GenesysTwin(start_s=loop.time(), **options)
    transport = MemoryTransport(twin, "twin", baud=SPEC.baud)
    written, write = [], transport.write

    async def record(data):
        written.append((loop.time(), data))
        await write(data)

    transport.write = record
    source = SPEC.make(Link(transport), SETUP)
    await source.open()
    await source.prepare(5.0)
    return twin, source, written


def now():
    return asyncio.get_running_loop().time()


def test_five_milliseconds_pass_between_commands():
    async def main():
        _, source, written = await bench()
        await source.apply(permit(3.0))
        await source.off()
        gaps = [b - a for (a, _), (b, _) in itertools.pairwise(written)]
        assert min(gaps) >= 0.005 - 1e-9

    run_virtual(main())


def test_an_off_between_amperes_and_switching_on_wins():
    """Each setting waits for its OK: an OFF that comes meanwhile must be the last word (H16)."""

    async def main():
        twin, source, written = await bench()
        query = source._link.query

        async def overtaken(request, **how):
            if callable(request) and b"OUT ON" in (request() or b""):
                await source.off()
            return await query(request, **how)

        source._link.query = overtaken
        with pytest.raises(errors.RangeRefusedError, match="an OFF came before"):
            await source.apply(permit(3.0))
        assert not any(b"OUT ON" in data for _, data in written)
        assert not twin.stage.is_energized
        source._link.query = query
        assert (await source.apply(permit(3.0))).output_on

    run_virtual(main())


@pytest.mark.parametrize("wait_s", [0.001 * n for n in range(0, 120, 4)])
def test_whenever_an_off_comes_it_is_the_last_word(wait_s):
    async def main():
        twin, source, _ = await bench()
        task = asyncio.create_task(source.apply(permit(3.0)))
        await asyncio.sleep(wait_s)
        assert not (await source.off()).output_on
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.5)
        assert not twin.stage.is_energized

    run_virtual(main())


def test_another_address_stays_silent_and_hears_nothing_but_the_call():
    async def main():
        with pytest.raises(errors.ReplyTimeoutError):
            await bench(address=7)

    run_virtual(main())


def test_a_reboot_with_automatic_restart_is_lost_then_switched_off_by_open():
    """Set at the panel, it brings the output back; the supply hears nobody until called (H24)."""

    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", "restart:on", now())
        assert "protection" in (await source.poll()).faults
        twin.inject("reboot", "", now())
        assert twin.stage.is_energized
        with pytest.raises(errors.LinkError):
            await source.poll()
        await source.open()
        assert not twin.stage.is_energized
        twin.inject("reboot", "", now())
        assert not twin.stage.is_energized

    run_virtual(main())


def test_prepare_forbids_automatic_restart_again():
    async def main():
        twin, source, _ = await bench()
        twin.inject("panel_change", "restart:on", now())
        assert (await source.prepare(5.0)).faults == ()
        assert not twin.settings.flags["AST"]

    run_virtual(main())


def test_an_open_enable_contact_is_an_interlock_and_keeps_it_off():
    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("input", "enable:open", now())
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.interlocks_open) == (False, ("run_permit",))
        await source.off()
        with pytest.raises(errors.DeviceFault, match="E07"):
            await source.apply(permit(3.0))

    run_virtual(main())


@pytest.mark.parametrize(("knob", "word"), [("local", "communication"), ("amps:9", None)])
def test_what_an_operator_turns_is_seen(knob, word):
    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", knob, now())
        snapshot = await source.poll()
        assert snapshot.faults == ((word,) if word else ())
        assert snapshot.setpoint_ka_per_m == pytest.approx(3.0 if word else 2.7)

    run_virtual(main())


def test_volts_that_an_operator_turns_up_are_a_limit_that_is_gone():
    """`volts_max` is what the supply may reach: not only when it is opened (H21)."""

    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", "volts:35", now())
        for act in (source.poll, lambda: source.apply(permit(3.0)), lambda: source.prepare(5.0)):
            with pytest.raises(errors.ProtocolError):
                await act()
        assert not (await source.off()).output_on
        await source.open()
        assert not (await source.prepare(5.0)).output_on
        twin.inject("panel_change", "volts:10", now())
        assert not (await source.poll()).faults

    run_virtual(main())


def test_an_output_that_ignores_off_is_seen_in_what_is_measured():
    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        await asyncio.sleep(0.2)
        twin.inject("amp_ignores_off", "", now())
        snapshot = await source.off()
        assert snapshot.measured_ka_per_m == pytest.approx(3.0, abs=0.01)

    run_virtual(main())
