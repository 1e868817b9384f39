# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230: frames after A1230-01 manual page 19 and A1230-02 pages 22-23, and its twin."""

import asyncio

import pytest

from drivers import hubert_a1230
from drivers.hubert_a1230 import ERROR_WORDS, SPEC, HubertA1230, HubertOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.fault_words import FAULT_WORDS
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from sim_hardware.devices.auxiliaries.hubert import HubertTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.hubert_a1230 import (
    CASES,
    FIRMWARE,
    MODE,
    OPENING,
    RELAY_OFF,
    TYPE,
    read,
)
from tests.support import run_virtual

OPEN, CLOSED = 0xD1, 0xD9
STATUS = b"\x03\x01\x01"
RELAY_ON = (b"\x04\x01\x04\x01" + STATUS, b"\x03\x01\x04" + bytes((4, 1, 1, CLOSED)))
RESET = (b"\x04\x01\x54\x00", b"\x03\x01\x54")
CLOSING = (RELAY_ON, *read(CLOSED)[1:])
OPENS = (RELAY_OFF, *read(OPEN))


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    """Transcripts hold no half frame."""
    monkeypatch.setattr(hubert_a1230, "PARTIAL_S", 0.0)


async def converse(pairs, act):
    """Open, then act while the rest of the conversation is played."""
    with expected_wire([*OPENING, *pairs]) as wire:
        link = Link(wire)
        driver = HubertA1230(link, HubertOptions())
        await driver.open()
        return await act(driver), link


async def refused(kind, pairs, act):
    async def must_raise(driver):
        with pytest.raises(kind):
            await act(driver)

    return await converse(pairs, must_raise)


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, CASES[0].setup, 2) == ()


async def test_it_says_its_firmware_and_cannot_say_whether_it_is_a_twin():
    with expected_wire(OPENING) as wire:
        link = Link(wire, expected=Expected(simulated=True))
        identity = await HubertA1230(link, HubertOptions()).open()
    assert (identity.model, identity.firmware) == ("A1230", "0x21")
    assert (identity.serial, identity.is_simulated, SPEC.is_anonymous) == ("", None, True)


@pytest.mark.parametrize(
    "answer",
    [b"\x04\x01\x14\x11", b"\x04\x02\x14\x10", b"\x03\x01\xfe", b"\x03\x01\x14", b"ACME\n"],
)
async def test_another_instrument_is_refused_before_anything_is_written(answer):
    with expected_wire([(TYPE[0], answer), (TYPE[0], answer)]) as wire:
        with pytest.raises(errors.IdentityError):
            await HubertA1230(Link(wire), HubertOptions()).open()
        assert set(wire.written) == {TYPE[0]}


async def test_a_relay_that_does_not_open_ends_the_opening():
    pairs = [TYPE, FIRMWARE, RELAY_OFF, *read(CLOSED), (RELAY_OFF[0], b"")]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await HubertA1230(Link(wire), HubertOptions()).open()


async def test_an_interlock_that_is_switched_off_ends_the_opening():
    """A1230-02 page 23: 0x55 answers 2 where it is off."""
    pairs = [*OPENING[:-1], (MODE[0], b"\x04\x01\x55\x02")]
    with expected_wire(pairs) as wire, pytest.raises(errors.DeviceFault):
        await HubertA1230(Link(wire), HubertOptions()).open()


async def test_without_an_interlock_nothing_of_it_is_asked():
    quiet = read()[:3]
    pairs = [TYPE, FIRMWARE, RELAY_OFF, *quiet, *quiet]
    with expected_wire(pairs) as wire:
        driver = HubertA1230(Link(wire), HubertOptions(has_interlock=False))
        await driver.open()
        assert (await driver.prepare()).interlocks_open == ()


async def test_the_relay_closes_and_opens_and_is_read_back():
    """A1230-02 page 22: 0x04 sets the output relay, bit 3 of 0x01 reads it."""

    async def act(driver):
        return await driver.permit(on=True), await driver.permit(on=False)

    (closed, opened), link = await converse([*CLOSING, *OPENS], act)
    assert (closed.permit, opened.permit) == (True, False)
    assert (closed.faults, opened.faults) == ((), ())
    assert opened.seq == closed.seq + 1
    assert opened.at == link.answered_at
    assert link.tally.unsolicited == 3  # acknowledgements: opening, closing, opening


async def test_a_relay_that_does_not_close_is_opened_again():
    pairs = [(RELAY_ON[0], b"\x03\x01\x04" + bytes((4, 1, 1, OPEN))), *read(OPEN)[1:]]
    pairs.append((RELAY_OFF[0], b""))
    await refused(errors.ProtocolError, pairs, lambda driver: driver.permit(on=True))


async def test_a_relay_that_stays_closed_is_never_reported_as_open():
    async def act(driver):
        await driver.permit(on=True)
        with pytest.raises(errors.ProtocolError):
            await driver.permit(on=False)

    await converse([*CLOSING, RELAY_OFF, *read(CLOSED), (RELAY_OFF[0], b"")], act)


async def test_a_status_byte_that_reads_differently_twice_is_no_reading():
    """There is no checksum: one wrong bit could close a relay that is open."""
    pairs = [*read(OPEN, again=CLOSED)[:2], read(OPEN)[0]]
    _, link = await refused(errors.ProtocolError, pairs, lambda driver: driver.poll())
    assert link.state is LinkState.DIRTY


async def test_a_status_byte_that_has_just_changed_is_the_new_one():
    pairs = [read(0xC1)[0], read(OPEN)[0], *read(OPEN)[1:]]
    reading, _ = await converse(pairs, lambda driver: driver.poll())
    assert (reading.permit, reading.faults) == (False, ())


@pytest.mark.parametrize(("bit", "word"), list(enumerate(ERROR_WORDS)))
async def test_every_error_bit_has_a_word(bit, word):
    """A1230-02 page 23: 0x09."""
    reading, _ = await converse(read(0xD0, 1 << bit), lambda driver: driver.poll())
    assert reading.faults == (word,)
    assert not reading.is_ready
    assert word in FAULT_WORDS


@pytest.mark.parametrize(
    ("status", "faults"),
    [
        (0xD1, ()),
        (0x01, ()),  # V+, V- and the inputs' relays are no faults
        (0xD0, ("inhibited",)),  # not ready, and nothing says why: a latch
        (0xD2, ("over_power",)),
        (0xD4, ("over_temperature",)),
    ],
)
async def test_bits_of_the_status_byte(status, faults):
    """A1230-02 page 22: 0x01."""
    reading, _ = await converse(read(status), lambda driver: driver.poll())
    assert (reading.faults, reading.is_ready) == (faults, bool(status & 1))


@pytest.mark.parametrize("closed_signal", [0, 1])
async def test_an_open_interlock_has_a_word(closed_signal):
    """A1230-02 page 23: 0x56. The manual does not say which signal is which."""
    good, bad = read(signal=closed_signal), read(0xD0, signal=1 - closed_signal)
    with expected_wire([TYPE, FIRMWARE, RELAY_OFF, *good, MODE, *bad]) as wire:
        driver = HubertA1230(Link(wire), HubertOptions(closed_signal=closed_signal))
        await driver.open()
        reading = await driver.poll()
    assert (reading.interlocks_open, reading.faults) == (("external_inhibit",), ())


async def test_prepare_ends_a_latch_and_nothing_else_does():
    """A1230-02 page 23: 0x54 with 0."""
    reading, _ = await converse([RESET, *read()], lambda driver: driver.prepare())
    assert (reading.permit, reading.faults) == (False, ())


async def test_a_relay_that_closed_by_itself_is_a_fault_until_prepare():
    """As after a restart that closes it (H24)."""

    async def act(driver):
        found = [(await driver.poll()).faults for _ in range(2)]
        with pytest.raises(errors.RangeRefusedError):
            await driver.permit(on=True)
        await driver.permit(on=False)
        return [*found, (await driver.prepare()).faults]

    pairs = [*read(CLOSED), *read(OPEN), *OPENS, RESET, *read()]
    found, _ = await converse(pairs, act)
    assert found == [("hardware",), ("hardware",), ()]


@pytest.mark.parametrize(
    ("ready", "faults"), [(OPEN, ("hardware",)), (0xD0, ("inhibited",))], ids=["unasked", "latch"]
)
async def test_a_relay_that_opened_by_itself_is_a_fault(ready, faults):
    async def act(driver):
        await driver.permit(on=True)
        return await driver.poll()

    reading, _ = await converse([*CLOSING, *read(ready)], act)
    assert (reading.permit, reading.faults) == (False, faults)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"\x03\x01\xfe", errors.DeviceFault),  # page 19: unknown command
        (b"\x03\x64\xfe", errors.DeviceFault),  # with which address is an open question
        (b"\x03\x01\xfd", errors.ProtocolError),  # page 19: half a frame was dropped
        (b"\x04\x02\x01\xd1", errors.ProtocolError),
        (b"\x04\x01\x09\xd1", errors.ProtocolError),
        (b"\x05\x01\x01\xd1\x00", errors.ProtocolError),
        (b"\x03\x01\x01", errors.ProtocolError),
        (b"\x02\x01", errors.ProtocolError),
        (b"\xff\xff", errors.ProtocolError),
        (b"\x04\x01\x01", errors.ReplyTimeoutError),
        (b"", errors.ReplyTimeoutError),
    ],
)
async def test_what_is_no_answer_is_no_reading(answer, kind):
    """(H03, H11, H12)"""
    _, link = await refused(kind, [(STATUS, answer)], lambda driver: driver.poll())
    assert link.state is LinkState.DIRTY


async def test_the_tag_takes_turns_with_what_no_sample_asks():
    """A late answer to one tag is not the next one's."""

    async def act(driver):
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.poll()
        return await driver.poll()

    first, second = FIRMWARE[0], b"\x03\x01\x13"
    pairs = [(STATUS, b""), (first, b""), (second, FIRMWARE[1] + b"\x04\x01\x13\x01"), *read()]
    reading, link = await converse(pairs, act)
    assert reading.permit is False
    assert link.tally.discarded == 1


@pytest.mark.parametrize("wrong", [{"address": 0}, {"address": 100}, {"closed_signal": 2}])
def test_options_that_cannot_be_are_refused(wrong):
    """100 is all amplifiers."""
    with pytest.raises(ValueError, match="1 to 99"):
        HubertOptions(**wrong)


# ---- with the twin -----------------------------------------------------------------------------


def now():
    return asyncio.get_running_loop().time()


async def bench(address=1, **options):
    """A twin and a driver, open; one byte at a time."""
    twin = HubertTwin(address)
    link = Link(MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=1))
    setup = Setup((), HubertOptions(address=address, **options))
    driver = SPEC.make(link, setup)
    await driver.open()
    return twin, driver, link


def test_it_opens_closes_and_opens_its_twin():
    async def main():
        twin, driver, _ = await bench(address=7)
        assert not twin.closed(now())  # its power-up had closed it
        assert (await driver.permit(on=True)).permit
        assert twin.closed(now())
        assert not (await driver.permit(on=False)).permit
        assert not twin.closed(now())
        await driver.permit(on=True)
        await driver.close()
        assert not twin.closed(now())

    run_virtual(main())


def test_an_interlock_opens_latches_and_is_ended_by_prepare():
    async def main():
        twin, driver, _ = await bench()
        await driver.permit(on=True)
        twin.inject("input", "interlock:open", now())
        reading = await driver.poll()
        assert (reading.permit, reading.interlocks_open) == (False, ("external_inhibit",))
        await driver.permit(on=False)
        twin.clear("input")
        reading = await driver.poll()
        assert (reading.is_ready, reading.faults) == (False, ("inhibited",))
        with pytest.raises(errors.ProtocolError):
            await driver.permit(on=True)
        assert not twin.closed(now())
        reading = await driver.prepare()
        assert (reading.is_ready, reading.faults, reading.permit) == (True, (), False)
        assert (await driver.permit(on=True)).permit

    run_virtual(main())


@pytest.mark.parametrize(
    ("what", "faults"),
    [
        ("", ("over_current", "over_power")),
        ("short", ("short_circuit", "over_power")),
        ("hot", ("over_temperature",)),
        ("hardware", ("hardware",)),
    ],
)
def test_an_overload_is_seen(what, faults):
    async def main():
        twin, driver, _ = await bench()
        await driver.permit(on=True)
        twin.inject("overload", what, now())
        reading = await driver.poll()
        assert (reading.permit, reading.faults) == (False, faults)

    run_virtual(main())


def test_a_restart_that_closes_the_relay_is_a_fault():
    async def main():
        twin, driver, _ = await bench()
        await driver.permit(on=True)
        await driver.permit(on=False)
        twin.inject("reboot", "", now())
        reading = await driver.poll()
        assert (reading.permit, reading.faults) == (True, ("hardware",))
        assert not (await driver.permit(on=False)).permit
        assert not twin.closed(now())

    run_virtual(main())


@pytest.mark.parametrize("wait_s", [0.002 * n for n in range(60)])
def test_whenever_an_opening_comes_it_is_the_last_word(wait_s):
    """Also before a closing that waits for its turn (H16)."""

    async def main():
        twin, driver, _ = await bench()
        poll = asyncio.create_task(driver.poll())
        await asyncio.sleep(0)
        closing = asyncio.create_task(driver.permit(on=True))
        await asyncio.sleep(wait_s)
        assert not (await driver.permit(on=False)).permit
        await asyncio.gather(poll, closing, return_exceptions=True)
        assert not twin.closed(now())
        assert (await driver.poll()).faults == ()

    run_virtual(main())


def test_an_opening_goes_out_on_a_link_that_is_out_of_step():
    """H16: it needs no resynchronizing, only its read-back does."""

    async def main():
        twin, driver, link = await bench()
        await driver.permit(on=True)
        link.distrust()
        assert not (await driver.permit(on=False)).permit
        assert not twin.closed(now())

    run_virtual(main())


def test_an_amplifier_at_another_address_says_nothing():
    async def main():
        link = Link(MemoryTransport(HubertTwin(2), "twin", baud=SPEC.baud))
        with pytest.raises(errors.ReplyTimeoutError):
            await HubertA1230(link, HubertOptions(address=1)).open()

    run_virtual(main())
