# SPDX-License-Identifier: Apache-2.0
"""PolyScience chillers, as the LS manual's page 19 prints their conversation, and their twin."""

import asyncio

import pytest

from drivers.polyscience_chiller import SPEC, PolyScienceChiller, PolyScienceOptions
from mnht_controller.devices import errors
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.polyscience_chiller import CASES, OPENING
from tests.support import run_virtual
from tests.unit.devices.wires import Wire

POLL = OPENING[2:]


def polled(rt=b"+22.0", rw=b"0", rf=b"00", unit=b"C"):
    """One poll's pairs, LS p19."""
    rows = ((b"RU", unit), (b"RT", rt), (b"RW", rw), (b"RF", rf))
    return tuple((asked + b"\r", said + b"\r" if said else b"") for asked, said in rows)


def meets(talk, *more, opening=OPENING, expected=None, **options):
    """Open, then talk; leftovers of the conversation fail."""

    async def main():
        with expected_wire((*opening, *more)) as wire:
            link = Link(wire, expected=expected)
            driver = PolyScienceChiller(link, PolyScienceOptions(**options))
            identity = await driver.open()
            await talk(driver, link)
            return identity

    return run_virtual(main())


async def nothing(driver, link):
    pass


@pytest.mark.parametrize("case", CASES)
def test_it_conforms(case):
    async def main():
        return await conformance(SPEC, case.opening, case.setup, case.identity_steps)

    assert run_virtual(main()) == ()


def test_it_carries_nothing_that_could_tell_a_twin():
    identity = meets(nothing, expected=Expected(simulated=True))
    assert (identity.maker, identity.serial, identity.is_simulated) == ("PolyScience", "", None)
    assert SPEC.is_anonymous
    with pytest.raises(errors.IdentityError, match="carries no serial number"):
        meets(nothing, opening=OPENING[:1], expected=Expected(serial="G1"))


def test_a_reading_of_a_chiller_that_runs():
    async def talk(driver, link):
        reading = await driver.poll()
        assert (reading.coolant_c, reading.is_ready) == (18.5, True)
        assert (reading.faults, reading.interlocks_open) == ((), ())
        assert (reading.seq, reading.permit) == (2, None)

    meets(talk, *polled(b"+18.5", b"1"))


@pytest.mark.parametrize(
    ("said", "faults", "opened"),
    [
        ({"rt": b"+20.0", "rw": b"0"}, (), ("coolant_flow",)),
        ({"rt": b"+30.0", "rw": b"1"}, (), ()),
        ({"rt": b"+30.1", "rw": b"1"}, (), ("coolant_temperature",)),
        ({"rt": b"+45.0", "rw": b"0"}, (), ("coolant_flow", "coolant_temperature")),
        ({"rt": b"-05.0", "rw": b"1", "rf": b"07"}, ("coolant",), ()),
        ({"rt": b"+020.0", "rw": b"1"}, (), ()),
    ],
)
def test_what_opens_an_interlock(said, faults, opened):
    async def talk(driver, link):
        reading = await driver.poll()
        assert (reading.faults, reading.interlocks_open) == (faults, opened)
        assert reading.is_ready is ("coolant_flow" not in opened)

    meets(talk, *polled(**said))


@pytest.mark.parametrize(
    "reply",
    "!|OK|22.0|+22|+22,0|+2.0|nan|+nan|inf|+---.-|+1e3.0|+9999.0| +22.0|C|00|\xb2\xb2".split("|"),
)
def test_whatever_is_no_temperature_is_refused_and_distrusted(reply):
    """No spelling of an error becomes cold water (H03)."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()
        assert link.state is LinkState.DIRTY

    meets(talk, *POLL[:1], (b"RT\r", reply.encode("latin-1") + b"\r"))


@pytest.mark.parametrize(("step", "reply"), [(0, b"K"), (0, b"1"), (2, b"2"), (2, b"C"), (3, b"0")])
def test_whatever_is_no_state_is_refused(step, reply):
    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()

    meets(talk, *POLL[:step], (POLL[step][0], reply + b"\r"))


def test_a_refusal_is_the_chillers_own_fault_report():
    """LS p19: `?`, it could not execute the command."""

    async def talk(driver, link):
        with pytest.raises(errors.DeviceFault, match="RT was refused"):
            await driver.poll()

    meets(talk, POLL[0], (b"RT\r", b"?\r"))


def test_a_unit_without_fault_status_is_not_asked_for_it():
    async def talk(driver, link):
        assert (await driver.poll()).faults == ()

    meets(talk, *POLL[:3], opening=OPENING[:5], faults=False)


def test_prepare_sets_reads_back_and_runs():
    """LS p19: `SSxxx`, three digits; RS; SO1."""

    async def talk(driver, link):
        assert (await driver.prepare()).is_ready

    asked = (POLL[0], (b"SS020\r", b"!\r"), (b"RS\r", b"+20.0\r"), (b"SO1\r", b"!\r"))
    meets(talk, *asked, *polled(b"+22.0", b"1"), setpoint_c=20.0)


def test_a_set_point_left_out_stays():
    async def talk(driver, link):
        assert not (await driver.prepare()).is_ready

    meets(talk, (b"SO1\r", b"!\r"), *POLL)


@pytest.mark.parametrize(
    ("wanted_c", "unit", "sent", "read"),
    [
        (25.5, b"C", b"SS025.50", b"+25.5"),  # a public laboratory script
        (5.0, b"C", b"SS005", b"+05.0"),
        (20.0, b"F", b"SS068", b"+68.0"),
        (22.0, b"F", b"SS071.60", b"+71.6"),
    ],
)
def test_a_set_point_is_sent_in_the_chillers_unit(wanted_c, unit, sent, read):
    async def talk(driver, link):
        await driver.prepare()

    opening = ((b"RU\r", unit + b"\r"), OPENING[1], *polled(b"+70.0", unit=unit))
    asked = (opening[0], (sent + b"\r", b"!\r"), (b"RS\r", read + b"\r"), (b"SO1\r", b"!\r"))
    end = polled(b"+70.0", b"1", unit=unit)
    meets(talk, *asked, *end, opening=opening, setpoint_c=wanted_c)


def test_a_set_point_that_is_not_taken_does_not_start_it():
    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.prepare()

    asked = (POLL[0], (b"SS020\r", b"!\r"), (b"RS\r", b"+25.0\r"))
    meets(talk, *asked, setpoint_c=20.0)


def test_a_unit_that_was_changed_at_the_panel_is_noticed():
    """104 °F is 40 °C: read as if nothing had changed, warm water could pass for cold (H15)."""

    async def talk(driver, link):
        reading = await driver.poll()
        assert reading.coolant_c == pytest.approx(40.0)
        assert "coolant_temperature" in reading.interlocks_open

    meets(talk, *polled(b"+104.0", b"1", unit=b"F"))


@pytest.mark.parametrize("joint", [b"", b"\r"])
def test_an_echo_before_a_reply_is_taken_off(joint):
    """Echo on: each reply begins with the command; a line of its own is taken too (H12)."""

    def answers(request):
        said = {b"RT": b"+22.0", b"RU": b"C", b"RW": b"1", b"RF": b"00"}.get(request.strip(), b"!")
        return [(0.002, request.strip() + joint + said + b"\r")]

    async def main():
        driver = PolyScienceChiller(Link(Wire(answers)), PolyScienceOptions())
        await driver.open()
        assert (await driver.poll()).coolant_c == 22.0

    run_virtual(main())


@pytest.mark.parametrize(
    "wrong",
    [
        {"setpoint_c": 4.9},
        {"setpoint_c": 35.1},
        {"setpoint_c": float("nan")},
        {"bath_c_max": 0.0},
        {"address": 1},
    ],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"setpoint_c|bath_c_max|address"):
        PolyScienceOptions(**wrong)


# ---- with its twin -----------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["C", "F"])
def test_it_cools_its_twin(unit):
    async def main():
        loop = asyncio.get_running_loop()
        twin = PolyScienceTwin(loop.time(), unit, echoes=True)
        wire = MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=1)
        driver = PolyScienceChiller(Link(wire), PolyScienceOptions(setpoint_c=12.5))
        await driver.open()
        assert not twin.is_echoing
        assert not twin.is_pumping  # opening moves nothing
        assert (await driver.prepare()).is_ready
        await asyncio.sleep(600.0)
        assert (await driver.poll()).coolant_c == pytest.approx(12.5, abs=0.06)
        twin.inject("coolant_stop", "", loop.time())
        assert (await driver.poll()).faults == ("coolant",)
        twin.clear("coolant_stop")
        twin.inject("coolant_warm", "50", loop.time())
        assert (await driver.poll()).interlocks_open == ("coolant_temperature",)
        twin.clear("coolant_warm")
        twin.inject("panel_change", "off", loop.time())
        assert "coolant_flow" in (await driver.poll()).interlocks_open
        twin.inject("panel_change", "on", loop.time())
        await driver.close()
        assert twin.is_pumping  # cooling goes on

    run_virtual(main())


def test_after_a_restart_its_echo_is_tolerated_and_it_is_not_ready():
    async def main():
        twin = PolyScienceTwin(asyncio.get_running_loop().time(), echoes=True)
        driver = PolyScienceChiller(
            Link(MemoryTransport(twin, "twin", baud=SPEC.baud)), PolyScienceOptions()
        )
        await driver.open()
        assert (await driver.prepare()).is_ready
        twin.inject("reboot", "", asyncio.get_running_loop().time())
        assert twin.is_echoing
        reading = await driver.poll()
        assert (reading.is_ready, reading.interlocks_open) == (False, ("coolant_flow",))

    run_virtual(main())
