# SPDX-License-Identifier: Apache-2.0
"""Opsens HandySens, as conversations taken from public laboratory scripts for real units."""

import asyncio

import pytest

from drivers.opsens_handysens import SPEC, OpsensHandysens, OpsensOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.opsens import Headers, OpsensTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.support import run_virtual, steady
from tests.unit.devices.wires import Wire

IDN = (b"*IDN?\n", b"OPSENS,HandySens,SIM0042,1.7\n\x04\n")


async def sampled(*replies):
    """Open, then sample as many channels as there are replies."""
    asked = [(b"CH%d:DATA? 1\n" % n, reply) for n, reply in enumerate(replies, 1)]
    with expected_wire([IDN, *asked]) as wire:
        link = Link(wire)
        driver = OpsensHandysens(link, tuple(range(1, len(replies) + 1)))
        await driver.open()
        return await driver.sample(), link


async def test_it_conforms():
    assert await conformance(SPEC, [IDN], Setup((1, 2))) == ()


async def test_identity():
    with expected_wire([IDN]) as wire:
        identity = await SPEC.make(Link(wire), Setup((1,))).open()
    assert (identity.maker, identity.model, identity.firmware) == ("OPSENS", "HandySens", "1.7")
    assert identity.is_simulated


async def test_three_channels_each_asked_by_name():
    readings, link = await sampled(b"41.23\n\x04\n", b"-0.5\n\x04\n", b"+37\n\x04\n")
    assert [readings[n].value for n in (1, 2, 3)] == [41.23, -0.5, 37.0]
    assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
    assert [readings[n].seq for n in (1, 2, 3)] == [1, 1, 1]
    assert readings[3].at == link.answered_at
    assert link.state is LinkState.CLEAN


async def test_a_header_line_of_the_same_channel_is_tolerated():
    readings, _ = await sampled(b"CH1\n23.45\n\x04\n", b"CH2\r\n23.46\r\n\x04\n")
    assert [readings[n].value for n in (1, 2)] == [23.45, 23.46]


@pytest.mark.parametrize(
    "token",
    "Err -140|Err -202|No signal|NaN|nan|inf|***|23,45|1e3|23.|.5|23.45 C|0x17|--23| 2|1_0".split(
        "|"
    ),
)
async def test_whatever_is_not_a_number_is_bad_and_no_new_frame(token):
    """No spelling of an error may become a temperature (H03)."""
    readings, link = await sampled(token.encode() + b"\n\x04\n")
    reading = readings[1]
    assert (reading.value, reading.quality, reading.seq) == (None, Quality.BAD, 0)
    assert reading.detail == token
    assert link.state is LinkState.CLEAN


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\x00\xfe",
        b"41.\xb22",
        b"CH2\n41.23",
        b"41.23\n42.00",
        b"CH1\n41.23\n42.00",
        b"OPSENS,HandySens,SIM0042,1.7",
    ],
)
async def test_noise_another_channel_or_two_replies_are_bad_and_distrusted(frame):
    """H12; a header of another channel is a late answer (H11)."""
    readings, link = await sampled(frame + b"\n\x04\n")
    assert (readings[1].value, readings[1].quality) == (None, Quality.BAD)
    assert link.state is LinkState.DIRTY


class Bench:
    """An instrument on a wire: `channels` gives each one's replies, the last for ever."""

    def __init__(self, **channels):
        self.channels = {name: list(rows) for name, rows in channels.items()}

    def __call__(self, request):
        text = request.decode().strip()
        if text == "*IDN?":
            return [(0.002, IDN[1])]
        rows = self.channels.get(text.split(":")[0], [()])
        return rows.pop(0) if len(rows) > 1 else rows[0]


async def ready(bench, channels=(1, 2, 3)):
    wire = Wire(bench)
    driver = SPEC.make(Link(wire), Setup(channels))
    await driver.open()
    return wire, driver


GOOD = [(0.002, b"41.0\n\x04\n")]


def test_one_silent_channel_is_left_out_and_does_not_cost_the_others():
    """It then grows stale, which trips (H10)."""

    async def main():
        _, driver = await ready(Bench(CH1=[GOOD], CH2=[[]], CH3=[GOOD]))
        start = asyncio.get_running_loop().time()
        for n in range(1, 6):
            readings = await driver.sample()
            assert sorted(readings) == [1, 3]
            assert readings[3].seq == n
        assert (asyncio.get_running_loop().time() - start) / 5 < 0.4

    run_virtual(main())


def test_all_channels_silent_is_an_error_and_then_a_lost_link():
    async def main():
        bench = Bench(CH1=[GOOD, []], CH2=[GOOD, []], CH3=[GOOD, []])
        _, driver = await ready(bench)
        await driver.sample()
        with pytest.raises(errors.LinkError):
            await driver.sample()

    run_virtual(main())


def test_a_lost_end_of_reply_never_gives_a_wrong_channel_its_value():
    """The EOT of channel 1 is lost: channel 2's frame then holds both values (H12)."""

    async def main():
        lost = [(0.002, b"41.0\n")]
        other = [(0.002, b"50.0\n\x04\n")]
        _, driver = await ready(Bench(CH1=[lost, GOOD], CH2=[other], CH3=[GOOD]))
        for _ in range(4):
            for channel, reading in (await driver.sample()).items():
                assert reading.value in (None, {1: 41.0, 2: 50.0, 3: 41.0}[channel])
        readings = await driver.sample()
        assert [readings[n].value for n in (1, 2, 3)] == [41.0, 50.0, 41.0]

    run_virtual(main())


@pytest.mark.parametrize("late_s", [0.16, 0.3, 0.5])
def test_a_late_value_never_reaches_another_channel(late_s):
    async def main():
        late = [(late_s, b"41.0\n\x04\n")]
        other = [(0.002, b"50.0\n\x04\n")]
        _, driver = await ready(Bench(CH1=[late, GOOD], CH2=[other]), (1, 2))
        for _ in range(10):
            try:
                readings = await driver.sample()
            except errors.LinkError:
                await driver.open()
                continue
            for channel, reading in readings.items():
                assert reading.value in (None, {1: 41.0, 2: 50.0}[channel])

    run_virtual(main())


def test_a_running_stream_is_stopped_after_the_identity_only():
    async def main():
        wire = Wire(Bench(CH1=[GOOD]))

        async def stream():
            while b"MEAS:STOP\n" not in wire.written:
                wire.arrive(0.0, b"CH1\n23.4\n\x04\n")
                await asyncio.sleep(0.05)

        task = asyncio.create_task(stream())
        driver = OpsensHandysens(Link(wire), (1,))
        await driver.open()
        assert wire.written == [b"*IDN?\n", b"MEAS:STOP\n", b"*IDN?\n"]
        assert (await driver.sample())[1].value == 41.0
        await task
        await driver.close()

    run_virtual(main())


PICOM = Setup((1, 2), OpsensOptions(profile="picom"))


async def test_picom_ends_its_commands_in_cr():
    """PicoM script: `\\r` both for `*IDN?` and for `CH1:DATA? 1`; replies end as ever."""
    pairs = [
        (b"*IDN?\r", b"OPSENS,PicoM,SIM0042,1.7\n\x04\n"),
        (b"CH1:DATA? 1\r", b"23.45\n\x04\n"),
        (b"CH2:DATA? 1\r", b"Err -170\n\x04\n"),
    ]
    with expected_wire(pairs) as wire:
        driver = SPEC.make(Link(wire), PICOM)
        assert (await driver.open()).model == "PicoM"
        readings = await driver.sample()
    assert {n: (r.value, r.detail) for n, r in readings.items()} == {
        1: (23.45, ""),
        2: (None, "Err -170"),
    }


def test_a_profile_that_nobody_knows():
    with pytest.raises(ValueError, match="handysens, picom"):
        OpsensOptions(profile="tempsens")


@pytest.mark.parametrize("end", ["\n", "\r"])
@pytest.mark.parametrize("headers", list(Headers))
def test_twin_with_and_without_headers_that_loses_an_eot(headers, end):
    """H12: what is left over never becomes another channel's value, and one query heals it."""

    async def main():
        profile = "handysens" if end == "\n" else "picom"
        twin = OpsensTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, headers=headers)
        link = Link(MemoryTransport(twin, "twin", baud=9600, chunk_max=1))
        driver = SPEC.make(link, Setup((1, 2), OpsensOptions(profile=profile)))
        await driver.open()
        assert {n: r.value for n, r in (await driver.sample()).items()} == {1: 41.2, 2: 44.5}
        twin.inject("lost_eot", "", 0.0)
        with pytest.raises(errors.LinkError):
            await driver.sample()
        twin.clear("lost_eot")
        await driver.open()
        assert {n: r.value for n, r in (await driver.sample()).items()} == {1: 41.2, 2: 44.5}

    run_virtual(main())


@pytest.mark.parametrize("channels", [(1,), (1, 2)])
def test_a_stream_that_somebody_starts_is_stopped_by_opening_anew(channels):
    """H21; until then nothing of it is another channel's value."""

    async def main():
        twin = OpsensTwin({n: steady(40.0 + n) for n in (1, 2)})
        driver = SPEC.make(Link(MemoryTransport(twin, "twin", baud=57600)), Setup(channels))
        await driver.open()
        twin.inject("panel_change", "stream", asyncio.get_running_loop().time())
        for _ in range(3):
            await asyncio.sleep(0.1)
            try:
                readings = await driver.sample()
            except errors.LinkLostError:
                await driver.open()
                continue
            assert all(r.value in (None, 40.0 + n) for n, r in readings.items())
        assert twin.next_at() is None
        assert {n: r.value for n, r in (await driver.sample()).items()} == {
            n: 40.0 + n for n in channels
        }

    run_virtual(main())
