# SPDX-License-Identifier: Apache-2.0
"""What stands beside a source: pairs from the manuals that the cases name."""

import asyncio

import pytest

from drivers.advantech_adam4050 import AdamOptions
from mnht_controller.devices.cooling import ChillerOptions
from mnht_controller.devices.errors import DeviceFault, ProtocolError
from mnht_controller.devices.link import Link
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import (
    advantech_adam4050,
    hubert_a1230,
    lauda_namur,
    played,
    polyscience_chiller,
)
from tests.support import run_virtual

(ADAM, ADAM_SUMMED), (HUBERT,) = advantech_adam4050.CASES, hubert_a1230.CASES
(LAUDA, LAUDA_485), (POLY, POLY_F) = lauda_namur.CASES, polyscience_chiller.CASES


def polled(case, *pairs):
    return played(case, pairs, lambda driver: driver.poll())


def on_twin(case, story):
    """Play a story with the driver and its twin in virtual time."""

    async def main():
        twin = case.twin(asyncio.get_running_loop().time())
        driver = case.spec.make(Link(MemoryTransport(twin, "twin")), case.setup)
        await driver.open()
        result = await story(driver, twin)
        await driver.close()
        return result

    return run_virtual(main())


# ---- ADAM-4050 -------------------------------------------------------------------------------

SAMPLE = (b"#**\r", b"")


async def test_adam_an_open_input_reads_one():
    """Manual page 241: `!<fresh><outputs><inputs>00`."""
    reading = await polled(ADAM, SAMPLE, (b"$014\r", b"!1010200\r"), (b"$015\r", b"!010\r"))
    assert (reading.permit, reading.interlocks_open, reading.faults) == (True, ("door",), ())


async def test_adam_a_sample_that_was_read_before_is_not_believed():
    """Page 241: the freshness flag (H10)."""
    with pytest.raises(ProtocolError):
        await polled(ADAM, SAMPLE, (b"$014\r", b"!0010200\r"))


def test_adam_a_restart_is_told_until_a_person_prepares():
    """Page 238: the reset flag (H24)."""

    async def story(driver, twin):
        twin.inject("reboot", "", 0.0)
        told = [(await driver.poll()).faults for _ in range(2)]
        return told, (await driver.prepare()).faults

    assert on_twin(ADAM, story) == ([("hardware",), ("hardware",)], ())


@pytest.mark.parametrize("case", [ADAM, ADAM_SUMMED])
def test_adam_closing_it_opens_the_contact(case):
    """H29."""

    async def story(driver, twin):
        await driver.permit(on=True)
        return twin, twin.closed(0.0)

    twin, was_closed = on_twin(case, story)
    assert was_closed
    assert not twin.closed(0.0)


async def test_adam_a_contact_that_does_not_close_is_a_fault():
    pairs = (
        (b"#011001\r", b">\r"), SAMPLE, (b"$014\r", b"!1000000\r"), (b"$015\r", b"!010\r"),
    )  # fmt: skip
    with pytest.raises(DeviceFault, match="does not close"):
        await played(ADAM, pairs, lambda driver: driver.permit(on=True))


async def test_adam_opening_goes_out_first():
    pairs = (
        (b"#011000\r$016\r", b">\r!000000\r"), SAMPLE,
        (b"$014\r", b"!1000000\r"), (b"$015\r", b"!010\r"),
    )  # fmt: skip
    reading = await played(ADAM, pairs, lambda driver: driver.permit(on=False))
    assert reading.permit is False


@pytest.mark.parametrize(
    "wrong", [{"inputs": {"9": "door"}}, {"inputs": {"0": "dor"}}, {"address": 256}]
)
def test_adam_wrong_options_are_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"inputs|address"):
        AdamOptions(**wrong)


# ---- HUBERT A1230 ------------------------------------------------------------------------------


def hubert(status, errors=0, signal=1):
    return (
        (b"\x03\x01\x01", bytes((4, 1, 1, status))),
        (b"\x03\x01\x09", bytes((4, 1, 9, errors))),
        (b"\x03\x01\x56", bytes((4, 1, 0x56, signal))),
    )


@pytest.mark.parametrize(
    ("status", "errors", "signal", "faults", "opened"),
    [
        (0xD1, 0x00, 1, (), ()),
        (0xD3, 0x02, 1, ("power_limit", "over_current"), ()),
        (0xD5, 0x60, 1, ("over_temperature", "over_temperature"), ()),
        (0xD1, 0x81, 1, ("short_circuit", "hardware"), ()),
        (0xD1, 0x00, 0, (), ("external_inhibit",)),
    ],
)
async def test_hubert_bits_become_common_words(status, errors, signal, faults, opened):
    """A1230-02 manual pages 22 and 23."""
    reading = await polled(HUBERT, *hubert(status, errors, signal))
    assert reading.faults == tuple(dict.fromkeys(faults))
    assert (reading.interlocks_open, reading.permit) == (opened, False)


@pytest.mark.parametrize("reply", [b"\x03\x01\xfe", b"\x03\x01\xfd"])
async def test_hubert_what_it_does_not_understand_is_a_fault(reply):
    """A1230-01 manual page 19."""
    with pytest.raises(DeviceFault):
        await polled(HUBERT, (b"\x03\x01\x01", reply))


@pytest.mark.parametrize(
    "reply", [b"\x04\x02\x01\xd1", b"\x04\x01\x06\xd1", b"\x05\x01\x01\xd1\x00"]
)
async def test_hubert_another_address_command_or_length_is_not_believed(reply):
    """H11: a reply carries its command, so a late one is told."""
    with pytest.raises(ProtocolError):
        await polled(HUBERT, (b"\x03\x01\x01", reply))


def test_hubert_a_latched_interlock_keeps_the_relay_open_until_prepare():
    """H60."""

    async def story(driver, twin):
        await driver.permit(on=True)
        twin.set_interlock(closed=False)
        opened = await driver.poll()
        twin.set_interlock(closed=True)
        with pytest.raises(DeviceFault):
            await driver.permit(on=True)
        await driver.prepare()
        return opened, await driver.permit(on=True)

    opened, closed = on_twin(HUBERT, story)
    assert (opened.permit, opened.interlocks_open) == (False, ("external_inhibit",))
    assert closed.permit


# ---- chillers ----------------------------------------------------------------------------------


async def test_polyscience_the_manuals_replies():
    """LS manual page 19."""
    asked = ((b"RT\r", b"+021.4\r"), (b"RW\r", b"1\r"), (b"RF\r", b"00\r"))
    reading = await polled(POLY, *asked)
    assert (reading.coolant_c, reading.is_ready, reading.interlocks_open) == (21.4, True, ())


async def test_polyscience_an_echo_in_front_of_a_reply_is_taken_off():
    """LS manual page 19: `SE1`."""
    asked = ((b"RT\r", b"RT+021.4\r"), (b"RW\r", b"RW1\r"), (b"RF\r", b"RF00\r"))
    assert (await polled(POLY, *asked)).coolant_c == 21.4


async def test_polyscience_an_echo_of_its_own_is_skipped():
    asked = ((b"RT\r", b"RT\r+021.4\r"), (b"RW\r", b"RW\r1\r"), (b"RF\r", b"RF\r00\r"))
    assert (await polled(POLY, *asked)).coolant_c == 21.4


@pytest.mark.parametrize("reply", [b"?\r", b"+21,4\r", b"NaN\r", b"+2_1.4\r"])
async def test_polyscience_no_number_is_not_believed(reply):
    with pytest.raises(ProtocolError):
        await polled(POLY, (b"RT\r", reply))


async def test_lauda_the_manuals_replies():
    """Ecoline manual page 16; RE 1050 manual page 70: STATUS -1 is a fault."""
    asked = (
        (b"IN_PV_00\r", b"35.50\r\n"), (b"IN_MODE_02\r", b"0\r\n"), (b"STATUS\r", b"-1\r\n"),
    )  # fmt: skip
    reading = await polled(LAUDA, *asked)
    assert (reading.coolant_c, reading.faults) == (35.5, ("coolant",))
    assert reading.interlocks_open == ("coolant_temperature",)


async def test_lauda_another_units_reply_is_not_this_ones():
    """Integral T manual page 77: the address stands in front (H20)."""
    with pytest.raises(ProtocolError):
        await polled(LAUDA_485, (b"A015_IN_PV_00\r", b"A016_22.00\r"))


@pytest.mark.parametrize("case", [POLY, POLY_F, LAUDA, LAUDA_485])
def test_prepare_sets_the_bath_and_runs_and_closing_lets_it_run(case):
    """H23."""

    async def story(driver, twin):
        before = await driver.poll()
        return before, await driver.prepare(), twin

    before, after, twin = on_twin(case, story)
    assert (before.is_ready, before.interlocks_open) == (False, ("coolant_flow",))
    assert after.is_ready
    assert twin.bath.setpoint_c == pytest.approx(20.0, abs=0.05)
    assert twin.is_pumping


@pytest.mark.parametrize("wrong", [{"setpoint_c": 4.0}, {"setpoint_c": 90.0}, {"bath_c_max": 0.0}])
def test_a_bath_that_is_none_is_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"setpoint_c|bath_c_max"):
        ChillerOptions(**wrong)
