# SPDX-License-Identifier: Apache-2.0
"""Neoptix Reflex: conversations of the Omega FOB100 manual, pages 13-16 (HHTFO101, pages 19-20)."""

import asyncio

import pytest

from drivers.neoptix_reflex import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.neoptix import NeoptixTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.neoptix_reflex import OPENING
from tests.support import run_virtual, steady
from tests.unit.devices.wires import Script, Wire

INFO = OPENING[0][1].replace(b"NB Channel: 2", b"NB Channel: 4")
OPENED = ((b"i\r", INFO), *OPENING[1:])
UNIT = (b"uc\r", b"*")
MANUAL = b"+24.3\r+24.5\r+24.7\r+24.4\r*"
"""The manual's example of `t`."""

ALL = (1, 2, 3, 4)


async def sampled(*replies, channels=ALL):
    """Open, then take one sample a reply to `t`; gives the last, and the link."""
    asked = [pair for reply in replies for pair in (UNIT, (b"t\r", reply))]
    with expected_wire([*OPENED, *asked]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup(channels))
        await driver.open()
        for _ in replies:
            readings = await driver.sample()
        return readings, link


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, Setup((1, 2))) == ()


async def test_identity_then_no_stream_no_sleep_and_celsius():
    with expected_wire(OPENED) as wire:
        identity = await SPEC.make(Link(wire), Setup(ALL)).open()
    assert (identity.maker, identity.model, identity.firmware) == ("Neoptix", "Reflex", "2.10")
    assert (identity.serial, identity.is_simulated) == ("SIM0002", True)


@pytest.mark.parametrize(
    "info",
    [
        b"Serial: SIM9\rInternal Software: 1.0\rMODEL: Reflex\r*",
        b"Model: Reflex\rNB Channel: 4\rInternal Software: 1.0\r*",
        b"Model: Reflex\rNB Channel: four\rSerial: SIM9\rInternal Software: 1.0\r*",
        b"Model: Reflex\rNB Channel: 99999999999\rSerial: SIM9\rInternal Software: 1.0\r*",
        b"+24.3\r+24.5\r*",
        b"Err2",
        b"*",
    ],
)
def test_a_reply_without_all_that_must_be_known_is_refused(info):
    """Above all the number of channels: `t` does not number its lines (H20)."""

    async def main():
        wire = Wire(lambda request: [(0.01, info)] if request == b"i\r" else [])
        with pytest.raises(errors.IdentityError):
            await SPEC.make(Link(wire), Setup((1,))).open()
        assert set(wire.written) == {b"i\r"}

    run_virtual(main())


async def test_the_lines_of_i_in_another_order_after_the_rest_of_a_broken_reply():
    info = (
        b"24.3\rModel: Ref\r\nSerial No: SIM9\r\nNB Channels: 1\r\nModel: FOB101\r\n"
        b"Software: 3\r\n*"
    )
    with expected_wire([(b"i\r", info), *OPENED[1:]]) as wire:
        identity = await SPEC.make(Link(wire), Setup((1,))).open()
    assert (identity.model, identity.serial, identity.firmware) == ("FOB101", "SIM9", "3")


async def test_a_channel_that_it_does_not_have_is_refused():
    with expected_wire([OPENING[0]]) as wire, pytest.raises(errors.DeviceFault, match="only 2"):
        await SPEC.make(Link(wire), Setup((1, 3))).open()


async def test_the_manual_s_scan():
    readings, link = await sampled(MANUAL)
    assert {n: r.value for n, r in readings.items()} == {1: 24.3, 2: 24.5, 3: 24.7, 4: 24.4}
    assert {r.quality for r in readings.values()} == {Quality.GOOD}
    assert {r.seq for r in readings.values()} == {1}
    assert readings[1].at == link.answered_at
    assert link.state is LinkState.CLEAN


async def test_only_configured_channels_and_only_new_frames_are_counted():
    readings, _ = await sampled(MANUAL, b"+24.3\r---.-\r+24.7\r+24.4\r*", channels=(2, 4))
    assert {n: (r.value, r.seq) for n, r in readings.items()} == {2: (None, 1), 4: (24.4, 2)}


async def test_no_probe_and_cr_lf():
    """Manual: `---.-` stands in place of the number (H03)."""
    readings, link = await sampled(b"---.-\r\n-5.2\r\n+0.0\r\n+104.4\r\n*")
    assert [readings[n].value for n in ALL] == [None, -5.2, 0.0, 104.4]
    assert (readings[1].quality, readings[1].detail) == (Quality.BAD, "---.-")
    assert link.state is LinkState.CLEAN


@pytest.mark.parametrize(
    "token", "nan|inf|24.3|+24|+24.33|+2 4.3|+24.3*|+1e1|b:32.2|+1234.5".split("|")
)
async def test_other_texts_are_bad_and_may_be_another_s(token):
    """No spelling may become a temperature (H03); the manual knows `---.-` only (H11)."""
    readings, link = await sampled(b"+24.3\r" + token.encode() + b"\r+24.7\r+24.4\r*")
    reading = readings[2]
    assert (reading.value, reading.quality, reading.seq) == (None, Quality.BAD, 0)
    assert reading.detail == token
    assert link.state is LinkState.DIRTY


async def test_warming_up_is_bad_on_all_channels():
    """Manual: `t` answers Err1 (H03)."""
    readings, link = await sampled(MANUAL, b"Err1")
    assert {(r.value, r.quality, r.detail, r.seq) for r in readings.values()} == {
        (None, Quality.BAD, "Err1", 1)
    }
    assert link.state is LinkState.CLEAN


async def test_an_error_instead_of_the_unit_is_bad_too():
    with expected_wire([*OPENED, (b"uc\r", b"Err1")]) as wire:
        driver = SPEC.make(Link(wire), Setup((1,)))
        await driver.open()
        assert (await driver.sample())[1].detail == "Err1"


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_refused_setting_at_open(step):
    pairs = (*OPENED[:step], (OPENED[step][0], b"Err1"))
    with expected_wire(pairs) as wire, pytest.raises(errors.DeviceFault, match="Err1"):
        await SPEC.make(Link(wire), Setup((1,))).open()


@pytest.mark.parametrize(
    "reply",
    [
        b"+24.3\r+24.5\r+24.7\r*",
        b"+24.3\r+24.5\r+24.7\r+24.4\r+24.9\r*",
        b"+24.3+24.5\r+24.7\r+24.4\r*",
        b"+24.3\r+24.5\r+24.7\rErr1",
        b"*",
        b"\xff24.3\r+24.5\r+24.7\r+24.4\r*",
        INFO,
        b"+24.3\r+24.5\r+24.7\r+24.4\r**",
    ],
)
async def test_a_scan_with_another_number_of_lines_is_not_used(reply):
    """A line that is lost moves all below it up by one channel (H12)."""
    asked = [UNIT, (b"t\r", reply)]
    with expected_wire([*OPENED, *asked]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup((1, 2)))
        await driver.open()
        with pytest.raises(errors.ProtocolError):
            await driver.sample()
        assert link.state is LinkState.DIRTY


async def test_a_scan_in_place_of_the_unit_s_prompt_is_a_late_one():
    """H11."""
    with expected_wire([*OPENED, (b"uc\r", MANUAL)]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup((1, 2)))
        await driver.open()
        with pytest.raises(errors.ProtocolError):
            await driver.sample()
        assert link.state is LinkState.DIRTY


def test_out_of_step_it_asks_for_the_enclosure_and_then_sets_everything_again():
    """After a lost reply it may have been rebooted: unit, sleep and stream are its own again."""

    async def main():
        script = Script(
            **{"i": [[(0.1, INFO)]], "ta-": [[(0.002, b"*")]], "p-": [[(0.002, b"*")]]},
            uc=[[(0.002, b"*")]], b=[[(0.002, b"24.7\r+24.4\rb:32.2\r*")]],
            t=[[], [(0.02, MANUAL)]],
        )  # fmt: skip
        wire = Wire(script)
        driver = SPEC.make(Link(wire), Setup(ALL))
        await driver.open()
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        del wire.written[:]
        assert (await driver.sample())[4].value == 24.4
        assert wire.written == [b"b\r", b"ta-\r", b"p-\r", b"uc\r", b"t\r"]

    run_virtual(main())


# ---- with the twin ------------------------------------------------------------------------------


def made(twin, chunk_max=1):
    transport = MemoryTransport(twin, "twin", baud=9600, chunk_max=chunk_max)
    return transport, SPEC.make(Link(transport), Setup((1, 2)))


@pytest.mark.parametrize("phase_s", [0.0, 0.013, 0.04, 0.077])
@pytest.mark.parametrize("channels", [2, 4])
def test_a_stream_that_somebody_left_on_is_ended(phase_s, channels):
    """Its lines come before, within and after every reply of the opening."""

    async def main():
        twin = NeoptixTwin({n: steady(40.0 + n) for n in range(1, channels + 1)})
        transport, driver = made(twin)
        await transport.open()
        await transport.write(b"ta+\r")
        await asyncio.sleep(0.5 + phase_s)
        await driver.open()
        for n in range(1, 4):
            readings = await driver.sample()
            assert {k: (r.value, r.seq) for k, r in readings.items()} == {
                1: (41.0, n),
                2: (42.0, n),
            }
        assert twin.next_at() is None

    run_virtual(main())


def test_a_unit_that_somebody_changes_at_the_keypad_is_changed_back_before_every_scan():
    async def main():
        loop = asyncio.get_running_loop()
        twin = NeoptixTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        twin.inject("panel_change", "uf", loop.time())
        _, driver = made(twin)
        await driver.open()
        for _ in range(3):
            assert (await driver.sample())[1].value == 41.2
            twin.inject("panel_change", "uf", loop.time())

    run_virtual(main())


def test_sleep_costs_one_reading_and_a_reboot_is_bad_until_it_is_warm():
    async def main():
        loop = asyncio.get_running_loop()
        twin = NeoptixTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        _, driver = made(twin)
        await driver.open()
        twin.inject("panel_change", "sleep", loop.time())
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        await asyncio.sleep(0.4)
        assert (await driver.sample())[1].value == 41.2
        twin.inject("reboot", "2", loop.time())
        assert (await driver.sample())[2].detail == "Err1"
        await asyncio.sleep(2.0)
        assert (await driver.sample())[2].value == 44.5

    run_virtual(main())


def test_a_lost_prompt_never_joins_two_scans():
    """H12: the frame then has too many lines, or the tag's answer behind it."""

    async def main():
        loop = asyncio.get_running_loop()
        twin = NeoptixTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        _, driver = made(twin)
        await driver.open()
        twin.inject("lost_prompt", "", loop.time())
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        twin.clear("lost_prompt")
        readings = await driver.sample()
        assert {n: r.value for n, r in readings.items()} == {1: 41.2, 2: 44.5}

    run_virtual(main())


def test_nothing_but_questions_and_three_settings_is_ever_written():
    """Never `f` (it writes a calibration), `s`, `z`."""

    async def main():
        twin = NeoptixTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        heard = []
        answer = twin.answer

        def record(line, t, client):
            heard.append(line)
            return answer(line, t, client)

        twin.answer = record
        _, driver = made(twin)
        await driver.open()
        for n in range(20):
            twin.inject("stream_stall", "", 0.0) if n % 5 == 4 else twin.clear("stream_stall")
            try:
                await driver.sample()
            except errors.DeviceError:
                twin.clear("stream_stall")
                if n == 4:
                    await driver.open()
        await driver.close()
        assert set(heard) == {b"i", b"b", b"ta-", b"p-", b"uc", b"t"}

    run_virtual(main())
