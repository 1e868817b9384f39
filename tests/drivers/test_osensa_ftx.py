# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX, as conversations after the maker's package osensapy 0.1.7 (register map)."""

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.osensa_ftx import SPEC, OsensaOptions
from mnht_controller.devices import errors, modbus
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.osensa import OsensaTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.osensa_ftx import framed, opening
from tests.support import run_virtual
from tests.unit.devices.ordered_wire import OrderedWire

BASES = {1: 4096, 2: 4112, 3: 4128, 4: 4104, 5: 4120, 6: 4136}
"""Channels A to F, as osensapy has them: not in order."""


def asked(channel, count=8):
    return framed(3, *BASES[channel].to_bytes(2, "big"), 0, count)


def block(celsius, light=1200, status=0):
    """A reply with one channel's eight registers."""
    raw = round((celsius + 273.0) * 65536).to_bytes(4, "big")
    return framed(3, 16, *raw, 0, 180, 0, 0, *light.to_bytes(2, "big"), 0, 35, 0, 0, 0, status)


async def sampled(*replies, options=None):
    """Open, then sample as many channels as there are replies."""
    pairs = [(asked(n), reply) for n, reply in enumerate(replies, 1)]
    with expected_wire([*opening(), *pairs]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup(tuple(range(1, len(replies) + 1)), options))
        await driver.open()
        return await driver.sample(), link


async def test_it_conforms():
    assert await conformance(SPEC, opening(), Setup((1, 2))) == ()


async def test_a_twin_is_told_and_a_real_number_is_written_in_digits():
    (who, _), device = opening()
    for data, text, simulated in [(b"SIM7", "SIM7", True), (b"\x00\x01\xe2\x40", "123456", False)]:
        with expected_wire([(who, framed(3, 4, *data)), device]) as wire:
            driver = SPEC.make(Link(wire, expected=Expected(simulated)), Setup((1,)))
            identity = await driver.open()
        assert (identity.serial, identity.is_simulated) == (text, simulated)
        assert (identity.maker, identity.firmware) == ("OSENSA", "102")
        with expected_wire([(who, framed(3, 4, *data))]) as wire:
            driver = SPEC.make(Link(wire, expected=Expected(not simulated)), Setup((1,)))
            with pytest.raises(errors.IdentityError):
                await driver.open()


@pytest.mark.shows("checked_frames")
async def test_an_identity_with_a_wrong_checksum_is_none():
    (who, reply), _ = opening()
    with expected_wire([(who, reply[:-1] + b"\x00")]) as wire:
        driver = SPEC.make(Link(wire), Setup((1,)))
        with pytest.raises(errors.ProtocolError):
            await driver.open()


async def test_six_channels_with_their_odd_addresses():
    readings, link = await sampled(*[block(40.0 + n) for n in range(1, 7)])
    assert [readings[n].value for n in range(1, 7)] == [41.0, 42.0, 43.0, 44.0, 45.0, 46.0]
    assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
    assert readings[6].at == link.answered_at
    assert link.state is LinkState.CLEAN


async def test_the_zero_is_273_0_and_not_273_15():
    """osensapy: float(value) / 65536.0 - 273.0."""
    raw = framed(3, 16, 0x01, 0x3A, 0x33, 0x33, 0, 180, 0, 0, 4, 0xB0, 0, 35, 0, 0, 0, 0)
    readings, _ = await sampled(raw)
    assert readings[1].value == pytest.approx(314.2 - 273.0, abs=1e-3)


async def test_below_zero():
    readings, _ = await sampled(block(-12.5))
    assert readings[1].value == -12.5


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (block(41.0, status=1), "status 1, light 1200"),
        (block(41.0, status=128), "status 128"),
        (block(41.0, light=0), "light 0"),
        (framed(0x83, 2), "illegal data address"),
        (framed(0x83, 6), "device busy"),
    ],
)
async def test_a_plausible_temperature_beside_a_complaint_is_bad(reply, detail):
    """H03: the meaning of the status bits is not public, so any of them counts."""
    readings, _ = await sampled(reply)
    reading = readings[1]
    assert (reading.value, reading.quality, reading.seq) == (None, Quality.BAD, 0)
    assert detail in reading.detail


@pytest.mark.parametrize(("light", "is_good"), [(299, False), (300, True)])
async def test_the_floor_of_the_light_is_an_option(light, is_good):
    readings, _ = await sampled(block(41.0, light=light), options=OsensaOptions(light_min=300))
    assert (readings[1].value is not None) is is_good


@pytest.mark.parametrize("given", ['{"address": 0}', '{"address": 248}', '{"light_min": -1}'])
def test_options_are_checked(given):
    with pytest.raises(ValidationError):
        TypeAdapter(OsensaOptions).validate_json(given)


async def test_a_seventh_channel_is_refused_before_anything_is_sent():
    with expected_wire([]) as wire:
        with pytest.raises(errors.RangeRefusedError):
            await SPEC.make(Link(wire), Setup((1, 7))).open()
        assert wire.opened == 0


class Unit:
    """Identifies, answers tags, and gives `blocks[channel]`'s replies, the last for ever."""

    def __init__(self, **blocks):
        self.blocks = {asked(int(name[1:])): list(rows) for name, rows in blocks.items()}
        self.known = dict(opening())

    def __call__(self, request):
        if request in self.known:
            return [(0.002, self.known[request])]
        if rows := self.blocks.get(request):
            return rows.pop(0) if len(rows) > 1 else rows[0]
        count = request[5]
        return [(0.002, framed(3, 2 * count, *bytes(2 * count)))] if count in {6, 7} else []


GOOD, OTHER = [(0.002, block(41.0))], [(0.002, block(50.0))]


@pytest.mark.parametrize(
    "bad",
    [
        [],
        [(0.002, block(99.0)[:-1] + b"\x00")],
        [(0.002, block(99.0)[:9])],
        [(0.002, modbus.read_request(247, 3, 4096, 8))],  # its echo
    ],
    ids=["silent", "checksum", "cut", "echo"],
)
def test_a_lost_reply_costs_its_channel_and_no_other(bad):
    """It is left out and so grows stale (H10), and nobody gets its bytes (H12)."""

    async def main():
        driver = SPEC.make(Link(OrderedWire(Unit(c1=[bad, GOOD], c2=[OTHER]))), Setup((1, 2)))
        await driver.open()
        readings = await driver.sample()
        assert {n: reading.value for n, reading in readings.items()} == {2: 50.0}
        readings = await driver.sample()
        assert {n: (r.value, r.seq) for n, r in readings.items()} == {1: (41.0, 1), 2: (50.0, 2)}

    run_virtual(main())


@pytest.mark.parametrize("late_s", [0.155, 0.18, 0.22, 0.3, 0.5])
def test_a_late_block_never_reaches_another_channel(late_s):
    """Both blocks have one length, and RTU no transaction number (H11).

    A unit answers in order; a gateway that reorders is what the tag cannot exclude.
    """

    async def main():
        unit = Unit(c1=[[(late_s, block(41.0))], GOOD], c2=[OTHER])
        driver = SPEC.make(Link(OrderedWire(unit)), Setup((1, 2)))
        await driver.open()
        for _ in range(10):
            try:
                readings = await driver.sample()
            except errors.LinkError:
                await driver.open()
                continue
            for channel, reading in readings.items():
                assert reading.value in (None, {1: 41.0, 2: 50.0}[channel])
        assert {n: r.value for n, r in readings.items()} == {1: 41.0, 2: 50.0}

    run_virtual(main())


def test_twin_s_faults():
    async def main():
        loop = asyncio.get_running_loop()
        twin = OsensaTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        wire = MemoryTransport(twin, "twin", baud=9600)
        driver = SPEC.make(Link(wire), Setup((1, 2, 3)))
        await driver.open()
        readings = await driver.sample()
        assert [readings[n].value for n in (1, 2, 3)] == [41.2, 44.5, None]
        twin.inject("no_probe_token", "1:4", loop.time())
        assert (await driver.sample())[1].detail == "status 4, light 0"
        twin.clear("no_probe_token")
        twin.inject("reboot", "", loop.time())
        with pytest.raises(errors.LinkError):
            await driver.sample()
        await asyncio.sleep(2.0)
        await driver.open()
        assert (await driver.sample())[1].value == 41.2

    run_virtual(main())


def test_six_channels_fit_into_the_period_at_9600_baud():
    async def main():
        loop = asyncio.get_running_loop()
        wire = MemoryTransport(OsensaTwin({n: lambda _: 40.0 for n in BASES}), "twin", baud=9600)
        driver = SPEC.make(Link(wire), Setup(tuple(BASES)))
        await driver.open()
        start = loop.time()
        assert len(await driver.sample()) == 6
        assert loop.time() - start < SPEC.period_s

    run_virtual(main())
