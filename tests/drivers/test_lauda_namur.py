# SPDX-License-Identifier: Apache-2.0
"""Lauda circulators, as their manuals print the conversation, and their twin.

Ecoline manual pages 7, 10 and 11 (RS-232), ECO Gold pages 70 and 78 (RS-485, IN_MODE_02), MC 250
pages 42 and 43 (neither IN_MODE_02 nor IN_SP_01).
"""

import asyncio

import pytest

from drivers.lauda_namur import SPEC, LaudaNamur, LaudaOptions
from mnht_controller.devices import errors
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from sim_hardware.devices.auxiliaries.lauda import LaudaTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.lauda_namur import CASES, ECO_GOLD, ECOLINE, MICROCOOL, POLL, spoken
from tests.support import run_virtual


def meets(talk, *more, opening=ECOLINE, expected=None, **options):
    """Open, then talk; leftovers of the conversation fail."""

    async def main():
        given = LaudaOptions(**options)
        with expected_wire(spoken((*opening, *more), given.address)) as wire:
            link = Link(wire, expected=expected)
            driver = LaudaNamur(link, given)
            identity = await driver.open()
            await talk(driver, link)
            return identity

    return run_virtual(main())


async def nothing(driver, link):
    pass


def polled(pv="22.00", runs="3", status="0", query="IN_SP_01"):
    return (("IN_PV_00", pv), (query, runs), ("STATUS", status))


@pytest.mark.parametrize("case", CASES)
def test_it_conforms(case):
    async def main():
        return await conformance(SPEC, case.opening, case.setup, case.identity_steps)

    assert run_virtual(main()) == ()


# ---- who is there ------------------------------------------------------------------------------


def versioned(text, type_="E200"):
    return (("TYPE", type_), ("VERSION", text), *ECOLINE[2:])


@pytest.mark.parametrize("text", ["1.30", "V 1.23", "2.02-3"])
def test_a_real_version_stands_for_a_serial_number(text):
    found = meets(nothing, opening=versioned(text), expected=Expected(simulated=False))
    assert (found.maker, found.model, found.serial, found.firmware) == ("Lauda", "E200", text, text)
    assert found.is_simulated is False


def test_a_twin_is_refused_where_a_real_circulator_is_expected():
    with pytest.raises(errors.IdentityError, match="do not mix"):
        meets(nothing, opening=ECOLINE[:2], expected=Expected(simulated=False))


def test_a_type_with_an_underscore():
    """LOOP manual p31: BC_LOOP."""
    assert meets(nothing, opening=versioned("SIM 1.0", "BC_LOOP")).model == "BC_LOOP"


@pytest.mark.parametrize("late", ["E200", "OK", "0", "-1", "ERR_3", "SIM"])
def test_no_other_answer_passes_for_a_version(late):
    """A late TYPE would make a twin a real instrument (H03)."""
    opening = (ECOLINE[0], ("VERSION", late), ("VERSION", late))
    with pytest.raises(errors.IdentityError):
        meets(nothing, opening=opening, expected=Expected(simulated=False))


@pytest.mark.parametrize("late", ["OK", "22.00", "ERR_3", "0"])
def test_no_other_answer_passes_for_a_type(late):
    with pytest.raises(errors.IdentityError):
        meets(nothing, opening=(("TYPE", late), ("TYPE", late)))


def test_a_site_cannot_pin_a_circulator_that_has_no_serial_number():
    with pytest.raises(errors.IdentityError, match="carries no serial number"):
        meets(nothing, opening=ECOLINE[:1], expected=Expected(serial="1.30"))


# ---- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "faults", "opened"),
    [
        ({"pv": "18.50"}, (), ()),
        ({"pv": "018.50", "runs": "003.00"}, (), ()),
        ({"pv": "30.00"}, (), ()),
        ({"pv": "30.01"}, (), ("coolant_temperature",)),
        ({"pv": "-5.00", "runs": "0"}, (), ("coolant_flow",)),
        ({"runs": "000.00"}, (), ("coolant_flow",)),
        ({"status": "-1"}, ("coolant",), ()),
    ],
)
def test_what_an_ecoline_says(said, faults, opened):
    """Ecoline p11: XXX.XX or -XXX.XX; pump step; STATUS 0 or -1."""

    async def talk(driver, link):
        reading = await driver.poll()
        assert reading.coolant_c == float(said.get("pv", "22.00"))
        assert (reading.faults, reading.interlocks_open) == (faults, opened)
        assert reading.is_ready is ("coolant_flow" not in opened)
        assert reading.seq == 2

    meets(talk, *polled(**said))


@pytest.mark.parametrize(("said", "is_ready"), [("0", True), ("1", False), ("000.00", True)])
def test_what_an_eco_gold_says(said, is_ready):
    """IN_MODE_02, LRZ 913 p22: 0 is on, 1 is standby. A015_, ECO Gold p70."""

    async def talk(driver, link):
        assert (await driver.poll()).is_ready is is_ready

    polls = polled(runs=said, query="IN_MODE_02")
    meets(talk, *polls, opening=ECO_GOLD, address=15, version="VERSION_R")


def test_a_microcool_runs_after_its_start_and_until_an_error():
    """MC 250 p43 has no query for it."""

    async def talk(driver, link):
        assert not (await driver.poll()).is_ready
        assert (await driver.prepare()).is_ready
        assert (await driver.poll()).faults == ("coolant",)
        assert not (await driver.poll()).is_ready

    more = (*POLL, ("START", "OK"), *POLL, POLL[0], ("STATUS", "-1"), *POLL)
    meets(talk, *more, opening=MICROCOOL)


@pytest.mark.parametrize(
    "reply",
    "0|-1|OK|22|22.0|22,00|+22.00|nan|inf|---.--|1e3.00|9999.00| 22.00|E200|A016_22.00|"
    "\xb2.00".split("|"),
)
def test_whatever_is_no_temperature_is_refused_and_distrusted(reply):
    """Neither a status nor an error becomes cold water (H03)."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()
        assert link.state is LinkState.DIRTY

    async def main():
        pairs = (*spoken(ECOLINE, None), (b"IN_PV_00\r", reply.encode("latin-1") + b"\r\n"))
        with expected_wire(pairs) as wire:
            link = Link(wire)
            driver = LaudaNamur(link, LaudaOptions())
            await driver.open()
            await talk(driver, link)

    run_virtual(main())


@pytest.mark.parametrize(
    ("runs", "status"), [("22.00", "0"), ("OK", "0"), ("3", "1"), ("3", "22.00"), ("3", "")]
)
def test_whatever_is_no_state_is_refused(runs, status):
    async def talk(driver, link):
        with pytest.raises(errors.DeviceError):
            await driver.poll()

    is_state = runs == "3"
    meets(talk, *polled(runs=runs, status=status)[: 3 if is_state else 2])


@pytest.mark.parametrize(
    ("said", "text"), [("ERR_2", "wrong input"), ("ERR_5", "syntax"), ("ERR_6", "value")]
)
def test_a_refusal_is_the_circulators_own_report(said, text):
    async def talk(driver, link):
        with pytest.raises(errors.DeviceFault, match=text):
            await driver.prepare()

    meets(talk, ("OUT_SP_00_20.00", said), setpoint_c=20.0)


def test_another_address_is_refused():
    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()

    async def main():
        rows = spoken(ECO_GOLD, 15)
        with expected_wire((*rows, (b"A015_IN_PV_00\r", b"A016_22.00\r"))) as wire:
            link = Link(wire)
            driver = LaudaNamur(link, LaudaOptions(address=15, version="VERSION_R"))
            await driver.open()
            await talk(driver, link)

    run_virtual(main())


def test_prepare_sets_reads_back_and_starts():
    """Ecoline p10: OUT_SP_00_XXX.XX, OK, START."""

    async def talk(driver, link):
        assert (await driver.prepare()).is_ready

    asked = (("OUT_SP_00_25.50", "OK"), ("IN_SP_00", "025.50"), ("START", "OK"))
    meets(talk, *asked, *polled(), setpoint_c=25.5)


def test_a_set_point_that_is_not_taken_does_not_start_it():
    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.prepare()

    meets(talk, ("OUT_SP_00_20.00", "OK"), ("IN_SP_00", "25.00"), setpoint_c=20.0)


def test_a_set_point_left_out_stays():
    async def talk(driver, link):
        await driver.prepare()

    meets(talk, ("START", "OK"), *polled())


@pytest.mark.parametrize(
    "wrong",
    [{"setpoint_c": 36.0}, {"address": 128}, {"address": -1}, {"version": "VERSION_X"}],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"setpoint_c|address"):
        LaudaOptions(**wrong)


# ---- with its twin -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("ecoline", {}),
        ("eco_gold", {"address": 15, "version": "VERSION_R"}),
        ("mc", {}),
    ],
)
def test_it_cools_its_twin(family, options):
    async def main():
        loop = asyncio.get_running_loop()
        twin = LaudaTwin(loop.time(), address=options.get("address"), family=family)
        wire = MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=1)
        driver = LaudaNamur(Link(wire), LaudaOptions(setpoint_c=12.5, **options))
        assert (await driver.open()).is_simulated
        assert not twin.is_pumping  # opening moves nothing
        assert (await driver.prepare()).is_ready
        await asyncio.sleep(600.0)
        assert (await driver.poll()).coolant_c == pytest.approx(12.5, abs=0.06)
        twin.inject("coolant_stop", "", loop.time())
        assert (await driver.poll()).faults == ("coolant",)
        twin.clear("coolant_stop")
        twin.inject("coolant_warm", "", loop.time())
        assert "coolant_temperature" in (await driver.poll()).interlocks_open
        await driver.close()
        assert twin.is_pumping  # cooling goes on

    run_virtual(main())


@pytest.mark.parametrize(("family", "version"), [("ecoline", "VERSION"), ("eco_gold", "VERSION_R")])
def test_a_stop_at_the_panel_is_seen_where_it_can_be_asked(family, version):
    async def main():
        loop = asyncio.get_running_loop()
        twin = LaudaTwin(loop.time(), family=family)
        wire = MemoryTransport(twin, "twin", baud=SPEC.baud)
        driver = LaudaNamur(Link(wire), LaudaOptions(version=version))
        await driver.open()
        assert (await driver.prepare()).is_ready
        twin.inject("panel_change", "off", loop.time())
        assert (await driver.poll()).interlocks_open == ("coolant_flow",)

    run_virtual(main())


def test_the_wrong_word_for_the_version_is_refused_with_nothing_written():
    """ECO Gold p78 knows VERSION_R only."""

    async def main():
        twin = LaudaTwin(family="eco_gold")
        link = Link(MemoryTransport(twin, "twin", baud=SPEC.baud))
        await LaudaNamur(link, LaudaOptions()).open()

    with pytest.raises(errors.IdentityError):
        run_virtual(main())
