# SPDX-License-Identifier: Apache-2.0
"""The generic Modbus thermometer: maps by configuration; the LumaSMART's from its manual, p96."""

import asyncio
import struct

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.generic_modbus import SPEC, ModbusOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.modbus import crc16
from mnht_controller.devices.modbus_map import ModbusChannel, ModbusIdentity
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.modbus_registers import LumaSmartTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.generic_modbus import CASES, ENABLED, FIRST, LUMASMART, PINNED, framed
from tests.support import run_virtual


def parsed(text):
    return TypeAdapter(ModbusOptions).validate_json(text)


def lumasmart(celsius, strength=75.0):
    """A channel's four registers as the manual has them: CD AB twice."""
    rows = (struct.pack(">f", value) for value in (celsius, strength))
    return framed(4, 8, *b"".join(row[2:] + row[:2] for row in rows))


ASKED = {1: framed(4, 0, 0, 0, 4), 2: framed(4, 0, 4, 0, 4)}


async def sampled(options, *pairs, channels=(1,)):
    """Open with the first pair, then sample."""
    with expected_wire(pairs) as wire:
        driver = SPEC.make(Link(wire), Setup(channels, options))
        await driver.open()
        return await driver.sample()


@pytest.mark.parametrize("case", CASES)
async def test_it_conforms(case):
    assert await conformance(SPEC, case.opening, case.setup) == ()


async def test_lumasmart_with_its_strength_in_one_read():
    readings = await sampled(
        LUMASMART, FIRST, (ASKED[1], lumasmart(41.25)), (ASKED[2], lumasmart(-3.5)), channels=(1, 2)
    )
    assert {n: (r.value, r.quality, r.seq) for n, r in readings.items()} == {
        1: (41.25, Quality.GOOD, 1),
        2: (-3.5, Quality.GOOD, 1),
    }


@pytest.mark.parametrize(
    ("celsius", "strength"),
    [(41.0, 9.9), (41.0, 0.0), (41.0, float("nan")), (41.0, float("inf")),
     (float("nan"), 75.0), (float("inf"), 75.0), (float("-inf"), 75.0)],
)  # fmt: skip
async def test_a_weak_signal_or_no_number_is_bad(celsius, strength):
    """H03: the temperature beside a weak signal is still plausible."""
    readings = await sampled(LUMASMART, FIRST, (ASKED[1], lumasmart(celsius, strength)))
    assert (readings[1].value, readings[1].quality, readings[1].seq) == (None, Quality.BAD, 0)
    assert readings[1].detail.startswith(("signal", "raw"))


async def test_an_exception_is_bad_and_says_so():
    readings = await sampled(LUMASMART, FIRST, (ASKED[1], framed(0x84, 2)))
    assert readings[1].value is None
    assert "illegal data address" in readings[1].detail


async def test_identity_registers_must_hold_what_the_options_say():
    """Holding register 148: channels 1 and 2 are enabled, and no other (p96)."""
    with expected_wire([ENABLED]) as wire:
        identity = await SPEC.make(Link(wire), Setup((1,), PINNED)).open()
    assert (identity.serial, identity.is_simulated) == ("", None)
    other = (ENABLED[0], framed(3, 2, 0, 0b111))
    with expected_wire([other, other]) as wire, pytest.raises(errors.IdentityError):
        await SPEC.make(Link(wire), Setup((1,), PINNED)).open()
    with expected_wire([ENABLED]) as wire:
        link = Link(wire, expected=Expected(None, "123"))
        with pytest.raises(errors.IdentityError, match="no serial number"):
            await SPEC.make(link, Setup((1,), PINNED)).open()


TENTHS = """{"address": 3, "function": 3, "channels": [
  {"start": 10, "type": "i16", "scale": 0.1, "invalid": [-32768, 32767], "status": 20},
  {"start": 11, "type": "i16", "scale": 0.1, "offset": -1.5, "status": 12, "status_mask": 3}]}"""


@pytest.mark.parametrize(
    ("raw", "status", "shown"),
    [(412, 0, 41.2), (-5, 0, -0.5), (-32768, 0, None), (32767, 0, None), (412, 1, None)],
)
async def test_tenths_with_sentinels_and_a_status_elsewhere(raw, status, shown):
    def unit(*body):
        return framed_by(3, *body)

    readings = await sampled(
        parsed(TENTHS),
        (unit(3, 0, 10, 0, 1), unit(3, 2, 1, 0x9C)),
        (unit(3, 0, 10, 0, 1), unit(3, 2, *struct.pack(">h", raw))),
        (unit(3, 0, 20, 0, 1), unit(3, 2, 0, status)),
    )
    assert readings[1].value == (None if shown is None else pytest.approx(shown))


@pytest.mark.parametrize(("status", "is_good"), [(0, True), (4, True), (2, False), (7, False)])
async def test_only_the_masked_bits_of_a_status_count(status, is_good):
    def unit(*body):
        return framed_by(3, *body)

    readings = await sampled(
        parsed(TENTHS),
        (unit(3, 0, 10, 0, 1), unit(3, 2, 1, 0x9C)),
        (unit(3, 0, 11, 0, 2), unit(3, 4, 1, 0x9C, 0, status)),
        channels=(2,),
    )
    assert readings[2].value == (pytest.approx(39.7) if is_good else None)


def framed_by(unit, *body):
    data = bytes((unit, *body))
    return data + crc16(data)


async def test_a_float_sentinel_is_met_within_its_own_precision():
    """-327.68 is another number in 32 bits than in 64."""
    options = ModbusOptions((ModbusChannel(0, "f32", invalid=(-327.68,)),))
    ask = framed(3, 0, 0, 0, 2)
    reply = framed(3, 4, *struct.pack(">f", -327.68))
    readings = await sampled(options, (ask, reply), (ask, reply))
    assert (readings[1].value, readings[1].detail) == (None, "raw -327.68")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"channels": []}',
        '{"channels": [{"start": 0, "type": "f64"}]}',
        '{"channels": [{"start": 0, "order": "ACBD"}]}',
        '{"channels": [{"start": -1}]}',
        '{"channels": [{"start": 65535}]}',
        '{"channels": [{"start": 0, "scale": 0.0}]}',
        '{"channels": [{"start": 0, "scale": NaN}]}',
        '{"channels": [{"start": 0, "unknown": 1}]}',
        '{"channels": [{"start": "0"}]}',
        '{"channels": [{"start": 0}], "function": 6}',
        '{"channels": [{"start": 0}], "address": 0}',
        '{"channels": [{"start": 0}], "reply_s": 2.0}',
        '{"channels": [{"start": 0}], "identity": {"start": 0, "values": []}}',
        '{"channels": [{"start": 0}], "identity": {"start": 0, "values": [1], "function": 16}}',
    ],
)
def test_options_are_checked(text):
    with pytest.raises(ValidationError):
        parsed(text)


async def test_a_channel_without_options_is_refused_before_anything_is_sent():
    with expected_wire([]) as wire:
        with pytest.raises(errors.RangeRefusedError):
            await SPEC.make(Link(wire), Setup((1, 3), LUMASMART)).open()
        assert wire.opened == 0


def test_twin_s_faults():
    async def main():
        loop = asyncio.get_running_loop()
        twin = LumaSmartTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        wire = MemoryTransport(twin, "twin", baud=9600, chunk_max=3)
        driver = SPEC.make(Link(wire), Setup((1, 2), LUMASMART))
        await driver.open()
        assert (await driver.sample())[1].value == pytest.approx(41.2, abs=1e-4)
        twin.inject("no_probe_token", "1:lost", loop.time())
        readings = await driver.sample()
        assert (readings[1].detail, readings[2].quality) == ("signal 0", Quality.GOOD)
        twin.clear("no_probe_token")
        twin.inject("panel_change", "148:2", loop.time())
        assert (await driver.sample())[1].value is None
        twin.inject("panel_change", "148:3", loop.time())
        twin.inject("reboot", "", loop.time())
        with pytest.raises(errors.LinkError):
            await driver.sample()
        await asyncio.sleep(2.0)
        await driver.open()
        assert (await driver.sample())[1].quality is Quality.GOOD

    run_virtual(main())


@pytest.mark.parametrize("identity", [None, ModbusIdentity(148, (0b11,))])
def test_a_garbled_reply_is_followed_by_a_tag_and_the_right_channel(identity):
    """RTU has no transaction number: counts of 2 and 3 registers are no sample's (H11)."""

    async def main():
        twin = LumaSmartTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        wire = MemoryTransport(twin, "twin", baud=9600)
        options = ModbusOptions(LUMASMART.channels, function=4, identity=identity)
        driver = SPEC.make(Link(wire), Setup((1, 2), options))
        await driver.open()
        read, written, write = wire.read, [], wire.write
        spoil = [True]

        async def spoiled(timeout_s):
            data = await read(timeout_s)
            return data[:-1] + bytes((data[-1] ^ 1,)) if spoil.pop() else data

        async def noted(data):
            written.append(data[5])
            await write(data)

        wire.read = lambda timeout_s: spoiled(timeout_s) if spoil and timeout_s else read(timeout_s)
        wire.write = noted
        readings = await driver.sample()
        assert sorted(readings) == [2]
        assert readings[2].value == pytest.approx(44.5)
        assert written == [4, 3, 4]

    run_virtual(main())
