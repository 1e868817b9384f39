# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit: conversations from its manual, pages 42, 43, 60 and 62."""

import asyncio

import pytest

from drivers.luxtron_fot import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.luxtron_fot import REPORT, WHO
from tests.support import run_virtual
from tests.unit.devices.wires import Wire, constant

MANUAL = b"1: 224.39 C 2: 224.51PE 3: 224.22 C 4: 224.19 C\r\n"
"""Page 62."""

ALL = (1, 2, 3, 4)


class Talker:
    """Sends `report` when it is asked for; the test sends the lines."""

    def __init__(self, report=REPORT):
        self.report = report

    def __call__(self, request):
        return [(0.1, self.report)] if request == WHO[0] else []


async def ready(channels=ALL, report=REPORT):
    wire = Wire(Talker(report))
    driver = SPEC.make(Link(wire), Setup(channels))
    await driver.open()
    return wire, driver


def sampled(*lines, channels=ALL, report=REPORT):
    """Open, then take one sample a line; gives the last."""

    async def main():
        wire, driver = await ready(channels, report)
        for line in lines:
            wire.arrive(0.5, line)
            readings = await driver.sample()
        return readings

    return run_virtual(main())


async def test_it_conforms():
    assert await conformance(SPEC, (WHO, WHO), Setup((1, 2))) == ()


async def test_identity_of_the_manual_s_report():
    with expected_wire([WHO, WHO]) as wire:
        identity = await SPEC.make(Link(wire), Setup((1,))).open()
    assert identity.model == "M600 Fluoroptic Thermometer"
    assert (identity.serial, identity.firmware, identity.is_simulated) == ("SIM2345", "1.00", True)


async def test_abbreviated_lines_are_switched_off_after_the_identity_only():
    """Page 42 shows how a value is set; the manual's own report says ABBR."""
    abbreviated = (WHO[0], REPORT.replace(b"DF = FULL", b"DF = ABBR"))
    with expected_wire([abbreviated, abbreviated, (b"\x1bDF = FULL\r\n", b"")]) as wire:
        await SPEC.make(Link(wire), Setup((1,))).open()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"MU = 1 S", b"MU = 10 S", errors.DeviceFault),
        (b"MU = 1 S", b"MU = 1 M", errors.ProtocolError),
        (b"UN = CELSIUS", b"UN = RANKINE", errors.ProtocolError),
        (b"PS = 1,2,3,4", b"PS = NONE", errors.ProtocolError),
        (b"UN = CELSIUS\r\n", b"", errors.DeviceError),
        (b"Serial # SIM2345", b"Serial", errors.IdentityError),
    ],
)
def test_a_report_that_does_not_fit_is_refused(old, new, error):
    async def main():
        with pytest.raises(error):
            await ready(report=REPORT.replace(old, new))

    run_virtual(main())


def test_the_manual_s_line_and_its_probe_error():
    """The number before PE is plausible: only the suffix tells (H03)."""
    readings = sampled(MANUAL)
    assert {n: r.value for n, r in readings.items()} == {1: 224.39, 2: None, 3: 224.22, 4: 224.19}
    assert (readings[2].quality, readings[2].detail) == (Quality.BAD, "224.51PE")
    assert [readings[n].seq for n in ALL] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("unit", "text", "celsius"),
    [
        (b"CELSIUS", b"1:  41.25 C", 41.25),
        (b"CELSIUS", b"1:   5.00 C", 5.0),
        (b"CELSIUS", b"1:  -5.25 C", -5.25),
        (b"CELSIUS", b"1: -12.50 C", -12.5),
        (b"KELVIN", b"1: 314.40 K", 41.25),
        (b"FAHRENHEIT", b"1: 106.25 F", 41.25),
    ],
)
def test_units_and_the_fixed_width_of_six(unit, text, celsius):
    report = REPORT.replace(b"CELSIUS", unit).replace(b"1,2,3,4", b"1")
    readings = sampled(text + b"\r\n", channels=(1,), report=report)
    assert readings[1].value == pytest.approx(celsius, abs=0.006)


GOOD = b"1:  41.00 C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"1:  41.00 C 2:  42.00 C 3:  43.00 C 4:  44.00\r\n",
        b"1:  41.00 C 2:  42.00 C 3:  43.00 C 4:  44.0 C\r\n",
        b"1:  4100 C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1: 41.00 C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1:  41.00 C 2:  42.00 C 3:  43.00 C 4:  4.400 C\r\n",
        b"1:   1.0  C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1:  4 .00 C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1:  41.00 C 2:  42.00 C 2:  43.00 C 4:  44.00 C\r\n",
        b"2:  41.00 C 1:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1:  41.00 C 2:  42.00 C 3:  43.00 C 5:  44.00 C\r\n",
        b"1:  41.00 C 2:  42.00 C 3:  43.00 C 4:  44.00 X\r\n",
        b"1:  41.00 C 2:  42.00 F 3:  43.00 C 4:  44.00 C\r\n",
        b"1:    nan C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1:    inf C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"1: \xb241.00 C 2:  42.00 C 3:  43.00 C 4:  44.00 C\r\n",
        b"41.00 42.00 43.00 44.00\r\n",
        b"4:  44.00 C\r\n",
        GOOD[:36] + GOOD,
        b"UN = CELSIUS\r\n",
        b"\xff\x00\xfe\r\n",
    ],
)
def test_a_line_that_lost_or_changed_a_byte_is_not_used(line):
    """H12; the last good reading stands and ages, and the next line counts again."""

    async def main():
        wire, driver = await ready()
        wire.arrive(0.5, line)
        with pytest.raises(errors.ProtocolError):
            await driver.sample()
        wire.arrive(0.5, GOOD)
        readings = await driver.sample()
        assert [readings[n].value for n in ALL] == [41.0, 42.0, 43.0, 44.0]
        assert {reading.seq for reading in readings.values()} == {1}

    run_virtual(main())


def test_twelve_bytes_lost_between_two_fields_never_give_a_channel_another_s_value():
    """`1:  41.00 C 2:  42.00 C` may lose its middle and read `1:  42.00 C`: one column short."""
    for start in range(len(GOOD) - 14):
        line = GOOD[:start] + GOOD[start + 12 :]

        async def main(line=line):
            wire, driver = await ready()
            wire.arrive(0.5, line)
            with pytest.raises(errors.ProtocolError):
                await driver.sample()

        run_virtual(main())


def test_a_channel_that_is_switched_off_vanishes_when_two_lines_agree():
    """Page 43, PS: its column is gone, the others stay what they are (H10)."""
    three = b"1:  41.00 C 2:  42.00 C 4:  44.00 C\r\n"

    async def main():
        wire, driver = await ready()
        wire.arrive(0.5, three)
        with pytest.raises(errors.ProtocolError):
            await driver.sample()
        wire.arrive(0.5, three)
        readings = await driver.sample()
        assert {n: r.value for n, r in readings.items()} == {1: 41.0, 2: 42.0, 4: 44.0}

    run_virtual(main())


def test_another_unit_needs_a_new_opening():
    """One wrong bit makes C of K, and 42 °F look like 42 °C: every field must say it (H03)."""

    async def main():
        _, driver = made = await ready()
        made[0].arrive(0.5, GOOD.replace(b" C", b" F"))
        with pytest.raises(errors.DeviceFault, match="unit C is now F"):
            await driver.sample()

    run_virtual(main())


def test_what_lay_there_is_counted_but_only_the_next_line_is_given():
    """A line that waited in a buffer is of unknown age (H10)."""

    async def main():
        loop = asyncio.get_running_loop()
        wire, driver = await ready()
        wire.arrive(0.1, GOOD)
        await asyncio.sleep(0.9)
        wire.arrive(0.3, GOOD.replace(b"41.00", b"41.50"))
        due = loop.time() + 0.3
        readings = await driver.sample()
        assert (readings[1].value, readings[1].seq) == (41.5, 2)
        assert readings[1].at == pytest.approx(due, abs=1e-6)

    run_virtual(main())


def test_silence_is_an_error_within_twice_mu():
    async def main():
        loop = asyncio.get_running_loop()
        _, driver = await ready()
        start = loop.time()
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        assert loop.time() - start <= 1.5 + 1e-6  # below what counts as a dead task
        _, quick = await ready(report=REPORT.replace(b"MU = 1 S", b"MU = 0.25 S"))
        start = loop.time()
        with pytest.raises(errors.ReplyTimeoutError):
            await quick.sample()
        assert loop.time() - start == pytest.approx(0.5)

    run_virtual(main())


@pytest.mark.parametrize("phase_s", [0.0, 0.05, 0.1, 0.2])
def test_it_opens_at_any_moment_of_the_stream(phase_s):
    async def main():
        loop = asyncio.get_running_loop()
        twin = LuxtronTwin({n: constant(40.0 + n) for n in ALL}, period_s=0.25)
        twin.connect(loop.time(), 0)
        wire = MemoryTransport(twin, "twin", baud=9600, chunk_max=1)
        driver = SPEC.make(Link(wire), Setup(ALL))
        await asyncio.sleep(phase_s)
        for n in range(1, 4):
            await driver.open()
            readings = await driver.sample()
            assert {k: r.value for k, r in readings.items()} == {k: 40.0 + k for k in ALL}
            assert readings[1].seq >= n
        await driver.close()

    run_virtual(main())


def test_twin_s_faults():
    async def main():
        loop = asyncio.get_running_loop()
        twin = LuxtronTwin({1: lambda _: 41.2, 2: lambda _: 44.5})
        driver = SPEC.make(Link(MemoryTransport(twin, "twin", baud=9600)), Setup((1, 2)))
        await driver.open()
        assert (await driver.sample())[2].value == 44.5
        twin.inject("no_probe_token", "2", loop.time())
        assert (await driver.sample())[2].detail == "224.51PE"
        twin.clear("no_probe_token")
        twin.inject("panel_change", "UN:KELVIN", loop.time())
        with pytest.raises(errors.DeviceFault):
            await driver.sample()
        await driver.open()
        assert (await driver.sample())[1].value == pytest.approx(41.2)
        twin.inject("panel_change", "standby", loop.time())
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        twin.inject("reboot", "", loop.time())
        with pytest.raises(errors.LinkError):
            await driver.open()
        await asyncio.sleep(30.0)
        await driver.open()
        assert (await driver.sample())[1].value == 41.2

    run_virtual(main())
