# SPDX-License-Identifier: Apache-2.0
"""ADAM-4050, as conversations of the ADAM-4000 manual (chapter 7, appendix F), and its twin."""

import asyncio
import itertools

import pytest

from drivers.advantech_adam4050 import GAP_S, SPEC, AdamOptions, AdvantechAdam4050
from mnht_controller.devices import errors
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.advantech_adam4050 import CASES, PAIRS, POLL, spoken
from tests.support import run_virtual
from tests.unit.devices.wires import Wire

INPUTS = {"0": "e_stop", "1": "door", "6": "keyswitch"}
ON, OFF, LIVE = b"#011001", b"#011000", b"$016"


async def played(*more, summed=False, **options):
    """Open as the case does, then give driver and wire for the pairs that follow."""
    wire = expected_wire(spoken((*PAIRS, *more), is_summed=summed))
    with wire as transcript:
        link = Link(transcript)
        driver = AdvantechAdam4050(link, AdamOptions(INPUTS, checksum=summed, **options))
        await driver.open()
        yield driver, link


def meets(talk, *more, summed=False, **options):
    """Play a conversation in virtual time; leftovers fail."""

    async def main():
        async for driver, link in played(*more, summed=summed, **options):
            await talk(driver, link)

    run_virtual(main())


@pytest.mark.parametrize("case", CASES)
def test_it_conforms(case):
    async def main():
        return await conformance(SPEC, case.opening, case.setup, case.identity_steps)

    assert run_virtual(main()) == ()


# ---- who is there ------------------------------------------------------------------------------


def opened(pairs, expected=None):
    async def main():
        with expected_wire(spoken(pairs)) as wire:
            driver = AdvantechAdam4050(Link(wire, expected=expected), AdamOptions(INPUTS))
            return await driver.open()

    return run_virtual(main())


def version(text):
    return (PAIRS[0], (PAIRS[1][0], text), *PAIRS[2:])


@pytest.mark.parametrize("text", ["A2.3", "D1.06", "2.03"])
def test_a_real_firmware_stands_for_a_serial_number(text):
    """p7-18: the version is free text; a real one never begins with SIM."""
    found = opened(version(b"!01" + text.encode()), Expected(simulated=False))
    assert (found.model, found.serial, found.firmware) == ("ADAM-4050", text, text)
    assert found.is_simulated is False


def test_a_twin_is_refused_where_a_real_module_is_expected():
    with pytest.raises(errors.IdentityError, match="do not mix"):
        opened(PAIRS[:2], Expected(simulated=False))


@pytest.mark.parametrize("late", [b"!014050", b"!011", b"!000100", b"!02A2.3", b"?01", b"!01"])
def test_no_other_answer_passes_for_a_version(late):
    """A late name would make a twin a real module (H03): neither it nor a flag is a version."""
    pairs = (PAIRS[0], (PAIRS[1][0], late), (PAIRS[1][0], late))
    with pytest.raises(errors.IdentityError):
        opened(pairs, Expected(simulated=False))


def test_a_site_cannot_pin_a_module_that_has_no_serial_number():
    with pytest.raises(errors.IdentityError, match="carries no serial number"):
        opened(PAIRS[:1], Expected(serial="A2.3"))


def test_another_module_of_the_family_is_refused_and_gets_no_output():
    """p7-19: an ADAM-4060 answers `$AAM` with its own name."""
    with pytest.raises(errors.IdentityError):
        opened(((b"$01M", b"!014060"), (b"$01M", b"!014060")))


def test_an_output_that_does_not_open_ends_the_opening():
    pairs = (*PAIRS[:4], (b"$014", b"!1010000"), PAIRS[5], POLL[0], (b"$014", b"!1010000"), POLL[2])
    pairs = (*PAIRS[:3], *pairs[3:])
    with pytest.raises(errors.ProtocolError):
        opened(pairs)


# ---- reading -----------------------------------------------------------------------------------


def test_inputs_are_the_words_of_the_open_contacts():
    """p7-13: `$064` gives !1055100: outputs 05, inputs 51, so channels 0, 4 and 6 are high."""

    async def talk(driver, link):
        reading = await driver.poll()
        assert reading.interlocks_open == ("e_stop", "keyswitch")
        assert (reading.permit, reading.at, reading.seq) == (False, link.answered_at, 3)
        assert (await driver.poll()).seq == 4

    meets(talk, POLL[0], (b"$014", b"!1045100"), POLL[2], *POLL)


def test_the_manuals_own_address():
    async def main():
        name = {
            b"$06M": b"!064050", b"$06F": b"!06A2.3", b"\r#061200": b">", b"#**": b"",
            b"$064": b"!1015100", b"$065": b"!060",
        }  # fmt: skip

        def answers(request):
            return [(0.01, name[request[:-1]] + b"\r")] if name[request[:-1]] else []

        driver = AdvantechAdam4050(Link(Wire(answers)), AdamOptions(INPUTS, 2, 6))
        await driver.open()
        assert (await driver.poll()).interlocks_open == ("e_stop", "keyswitch")

    run_virtual(main())


def test_an_old_sample_is_no_reading():
    """p7-13: status 0 may say that the broadcast was not received (H10)."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()
        assert link.state is LinkState.DIRTY

    meets(talk, POLL[0], (b"$014", b"!0000000"))


@pytest.mark.parametrize(
    "reply",
    "?01|!000000|!10000|!100000000|!1000001|!1 00000|!1000000 |!1gg0000|!200000|>1|!1ab0000|"
    "!014050|\xff\xfe|nan".split("|"),
)
def test_whatever_is_no_fresh_sample_is_refused_and_distrusted(reply):
    """No spelling of an error becomes inputs that are all closed (H03)."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()
        assert link.state is LinkState.DIRTY

    meets(talk, POLL[0], (b"$014", reply.encode("latin-1")))


@pytest.mark.parametrize("reply", [b"?01", b"!021", b"!1", b"!012", b"!01", b"!0110"])
def test_whatever_is_no_reset_flag_is_refused(reply):
    """p7-16: !AAS, with its own address."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()

    meets(talk, *POLL[:2], (b"$015", reply))


def test_a_restart_is_a_fault_until_prepare_and_nothing_closes_before():
    """p7-16: S is 1 when it was reset since the flag was last read (H14)."""

    async def talk(driver, link):
        assert (await driver.poll()).faults == ("hardware",)
        assert (await driver.poll()).faults == ("hardware",)
        with pytest.raises(errors.RangeRefusedError, match="PREPARE"):
            await driver.permit(on=True)
        assert (await driver.prepare()).faults == ()
        assert (await driver.permit(on=True)).permit is True

    more = (*POLL[:2], (b"$015", b"!011"), *POLL, *POLL, (ON, b">"), (LIVE, b"!010000"))
    meets(talk, *more)


# ---- the contact -------------------------------------------------------------------------------


def test_the_contact_closes_and_opens_and_is_read_back():
    """p7-9: #AA1ndd and `>`; p7-6: $AA6."""

    async def talk(driver, link):
        reading = await driver.permit(on=True)
        assert (reading.permit, reading.interlocks_open) == (True, ("door",))
        assert (await driver.permit(on=False)).permit is False
        assert link.tally.unsolicited == 3  # opening, closing, opening

    meets(talk, (ON, b">"), (LIVE, b"!010200"), (OFF, b">"), (LIVE, b"!000000"))


@pytest.mark.parametrize("on", [True, False])
def test_a_contact_that_does_not_move_is_never_reported_as_moved(on):
    async def talk(driver, link):
        if not on:
            await driver.permit(on=True)
        with pytest.raises(errors.ProtocolError):
            await driver.permit(on=on)

    closed = ((ON, b">"), (LIVE, b"!010000"))
    more = ((ON, b"?01"), (LIVE, b"")) if on else (*closed, (OFF, b">"), (LIVE, b"!010000"))
    meets(talk, *more)


def test_a_contact_that_opened_by_itself_is_a_fault_until_prepare():
    """The reset flag may get lost with its answer; the output that fell is seen all the same."""

    async def talk(driver, link):
        await driver.permit(on=True)
        reading = await driver.poll()
        assert (reading.permit, reading.faults) == (False, ("hardware",))

    meets(talk, (ON, b">"), (LIVE, b"!010000"), *POLL)


def test_checksums_are_written_and_judged():
    """Appendix F: two hexadecimal digits of the sum, `$012` becomes `$012B7`."""

    async def talk(driver, link):
        with pytest.raises(errors.ProtocolError):
            await driver.poll()
        assert link.state is LinkState.DIRTY

    async def main():
        right = spoken(POLL[:1], is_summed=True)
        wrong = ((b"$014B9\r", b"!100000073\r"),)
        pairs = (*spoken(PAIRS, is_summed=True), *right, *wrong)
        with expected_wire(pairs) as wire:
            link = Link(wire)
            driver = AdvantechAdam4050(link, AdamOptions(INPUTS, checksum=True))
            identity = await driver.open()
            assert identity.firmware == "SIM1.0"  # without the digits of its checksum
            await talk(driver, link)

    run_virtual(main())


def test_a_version_with_a_wrong_checksum_is_refused():
    async def main():
        pairs = (*spoken(PAIRS[:1], is_summed=True), (b"$01FCB\r", b"!01SIM1.000\r"))
        with expected_wire(pairs) as wire:
            await AdvantechAdam4050(Link(wire), AdamOptions(checksum=True)).open()

    with pytest.raises(errors.ProtocolError):
        run_virtual(main())


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": {"7": "door"}},
        {"inputs": {"00": "door"}},
        {"inputs": {"\u0663": "door"}},
        {"inputs": {"1": "dor"}},
        {"permit_output": 8},
        {"address": 256},
        {"address": -1},
    ],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"0 to"):
        AdamOptions(**wrong)


# ---- with its twin -----------------------------------------------------------------------------


def beside(twin, **options):
    wire = MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=1)
    link = Link(wire)
    return AdvantechAdam4050(link, AdamOptions(INPUTS, **options)), link, wire


@pytest.mark.parametrize("checksum", [False, True])
def test_it_reads_and_moves_its_twin(checksum):
    async def main():
        twin = Adam4050Twin(address=0xA5, permit_output=7, has_checksum=checksum)
        driver, _, _ = beside(twin, permit_output=7, address=0xA5, checksum=checksum)
        assert (await driver.open()).is_simulated
        assert (await driver.permit(on=True)).permit is True
        assert twin.closed(0.0)
        twin.inject("e_stop", "", 0.0)
        twin.inject("input", "6:1", 0.0)
        assert (await driver.poll()).interlocks_open == ("e_stop", "keyswitch")
        twin.clear("e_stop")
        assert (await driver.poll()).interlocks_open == ("keyswitch",)
        assert (await driver.permit(on=False)).permit is False
        assert not twin.closed(0.0)
        await driver.permit(on=True)
        await driver.close()
        assert not twin.closed(0.0)

    run_virtual(main())


def test_a_restart_of_the_twin_opens_the_contact_and_is_seen():
    async def main():
        twin = Adam4050Twin()
        driver, _, _ = beside(twin)
        await driver.open()
        await driver.permit(on=True)
        twin.inject("reboot", "", 0.0)
        reading = await driver.poll()
        assert (reading.permit, reading.faults) == (False, ("hardware",))

    run_virtual(main())


def test_an_opening_goes_out_on_a_link_that_is_out_of_step():
    """H16: it needs no resynchronizing, only its read-back does."""

    async def main():
        twin = Adam4050Twin()
        driver, link, _ = beside(twin)
        await driver.open()
        await driver.permit(on=True)
        link.distrust()
        twin.set_input(1, is_open=True)
        reading = await driver.permit(on=False)
        assert (reading.permit, twin.closed(0.0)) == (False, False)

    run_virtual(main())


def test_an_opening_counts_that_overtook_a_closing():
    """H16: whatever order the two were asked in, an opening that was asked last wins."""

    async def main():
        twin = Adam4050Twin()
        driver, _, wire = beside(twin)
        await driver.open()
        poll = asyncio.create_task(driver.poll())
        await asyncio.sleep(0.001)
        closing = asyncio.create_task(driver.permit(on=True))
        await asyncio.sleep(0.001)
        written, write = [], wire.write

        async def record(data):
            written.append(data)
            await write(data)

        wire.write = record
        await driver.permit(on=False)
        results = await asyncio.gather(poll, closing, return_exceptions=True)
        assert isinstance(results[1], errors.RangeRefusedError)
        assert b"#011001\r" not in written  # not for a moment
        assert not twin.closed(0.0)
        assert (await driver.poll()).faults == ()
        assert (await driver.permit(on=True)).permit is True

    run_virtual(main())


def test_no_command_meets_the_acknowledgement_of_the_one_before():
    """One pair of wires both ways: `>` must be through before the next command goes out."""

    async def main():
        twin = Adam4050Twin()
        driver, _, wire = beside(twin)
        times, write = [], wire.write

        async def record(data):
            times.append(asyncio.get_running_loop().time())
            await write(data)

        wire.write = record
        await driver.open()
        await driver.permit(on=True)
        await driver.permit(on=False)
        gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
        assert len(gaps) >= 12
        assert min(gaps) >= GAP_S - 1e-9

    run_virtual(main())


def test_it_says_nothing_to_a_module_at_another_address():
    async def main():
        driver, _, _ = beside(Adam4050Twin(address=2))
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.open()

    run_virtual(main())
