# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT, as conversations after its manuals: 0112 pages 44 and 46, 3542 page 49."""

import math

import pytest

from drivers.ambrell_easyheat import SPEC, AmbrellOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.command import Permit
from tests.drivers.cases.ambrell_easyheat import AMPS_MAX, ASK, OFF, OPTIONS, ZERO, opening

MANUAL = b"1,0,1200.0,10,3,140,1826,214\r\n"  # 3542 manual page 49
IDLE = b"1,0,0.0,0,0,0,0,214\r\n"
SETUP = Setup((), OPTIONS)
OPENING = opening(IDLE)
HON = b"1,hon\r1,rdata\r"


def data(setpoint, *, on=1, amps=None, khz=150):
    amps = round(setpoint) if amps is None else amps
    return f"1,{on},{setpoint:.1f},{amps},3,{khz},100,215\r\n".encode()


def amps(value):
    return f"1,amps,{value:.2f}\r1,rdata\r".encode()


def permit(field_ka_per_m):
    return Permit(field_ka_per_m, serial=1, expires_at=math.inf)


async def converse(pairs, act, options=OPTIONS, first=OPENING):
    with expected_wire([*first, *pairs]) as wire:
        link = Link(wire)
        source = SPEC.make(link, Setup((), options))
        await source.open()
        return await act(source), link, wire


def prepared(act):
    """Prepare for 7.2 kA/m, which is 100 A, first."""

    async def both(source):
        await source.prepare(7.2)
        return await act(source)

    return both


READY = [(OFF, b""), (ZERO, IDLE)]


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, Setup((), OPTIONS)) == ()


async def test_open_asks_for_data_before_any_write_and_tells_no_twin():
    with expected_wire(OPENING) as wire:
        identity = await SPEC.make(Link(wire), SETUP).open()
    assert (identity.maker, identity.serial, identity.is_simulated) == ("Ambrell", "", None)
    assert wire.written == [ASK, OFF, AMPS_MAX[0], ZERO]


@pytest.mark.parametrize(
    "answer",
    [
        b"2,0,0.0,0,0,0,0,214\r\n",
        b"11,0,0.0,0,0,0,0,214\r\n",
        b"1,2,0.0,0,0,0,0,214\r\n",
        b"OPENMFH\r\n",
    ],
)
async def test_another_address_or_instrument_hears_the_question_only(answer):
    """H20."""
    pairs = [(ASK, answer), (ASK, answer)]
    with expected_wire(pairs) as wire, pytest.raises(errors.IdentityError):
        await SPEC.make(Link(wire), SETUP).open()
    assert set(wire.written) == {ASK}


@pytest.mark.parametrize(
    ("step", "answer"),
    [(3, data(0.0)), (3, data(50.0, on=0)), (3, b"DENIED\r\n"), (3, b"1,0,0.0,0,0,0,214\r\n")],
)
async def test_open_refuses_a_supply_that_heats_or_does_not_obey(step, answer):
    """H19, H24: still on, control not from RS-485, a refusal, one field less than before."""
    pairs = [*OPENING[:step], (OPENING[step][0], answer)]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


@pytest.mark.parametrize(
    ("first", "answer", "told"),
    [
        (IDLE, MANUAL, (False, 86.4, 0.72, 140e3)),
        (b"1,0,0.0,0,0,0,214\r\n", b"1,1,27.8,28,388,200,214\r\n", (True, 2.0016, 2.016, 388e3)),
        (IDLE, b"1,0,27.8,,,,,\r\n", (False, 2.0016, None, None)),
        (b"1,0,0.0,,,,\r\n", b"1,1,27.8,28,,,\r\n", (True, 2.0016, 2.016, None)),
        (IDLE, b"01,1,27.8,27.9,15,388.5,20,1\r\n", (True, 2.0016, 2.0088, 388.5e3)),
    ],
)
async def test_data_become_a_reading(first, answer, told):
    """Eight fields (3542), seven (0112), blank ones are no zeros (H03)."""
    reading, link, _ = await converse(
        [(ASK, answer)], lambda source: source.poll(), first=opening(first)
    )
    assert (reading.output_on, reading.frequency_hz) == (told[0], told[3])
    assert reading.setpoint_ka_per_m == pytest.approx(told[1])
    assert reading.measured_ka_per_m == (None if told[2] is None else pytest.approx(told[2]))
    assert (reading.watchdog_on, reading.limit_ka_per_m, reading.faults) == (None, None, ())
    assert (reading.at, reading.clock_s) == (link.answered_at, link.answered_at)


async def test_the_frequency_is_a_word_of_the_profile_only_while_nothing_heats():
    """What is measured counts; a supply that heats without a frequency has none."""
    options = AmbrellOptions(field_ka_per_m_per_a=0.072, idle_frequency_hz=390e3)
    pairs = [(ASK, IDLE), (ASK, data(20.0, khz=388)), (ASK, data(20.0, khz=0))]

    async def act(source):
        return [(await source.poll()).frequency_hz for _ in range(3)]

    said, _, _ = await converse(pairs, act, options)
    assert said == [390e3, 388e3, None]


@pytest.mark.parametrize(
    "answer",
    [
        b"1,0,0.0,0,0,0,214",  # a comma lost: kHz and ms would move
        b"2,0,0.0,0,0,0,0,214",
        b"1,0,nan,0,0,0,0,214",
        b"1,0,,0,0,0,0,214",
        b"1,,0.0,0,0,0,0,214",
        b"1,0,0.0,-1,0,0,0,214",
        b"1,0,0.0, 0,0,0,0,214",
        b"1,0,0.0,0,0,0,0",
        b"1,0,0.0,0,0,\xb2,0,214",
        b"1,0,0.0,OL,0,0,0,214",
        b"1,0,1e3,0,0,0,0,214",
        b"1,250.0",
        b"ERROR",
        b"1,NOT ALLOWED",
        b"OK ERROR",
    ],
)
async def test_only_a_whole_line_of_its_own_data_answers(answer):
    """H03, H11, H12: also a refusal is never skipped like an acknowledgement."""

    async def act(source):
        with pytest.raises(errors.ProtocolError, match="confirm"):
            await source.poll()

    _, link, _ = await converse([(ASK, answer + b"\r\n")], act)
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("ack", ["OK", "1,OK", "ok", "ACK", ">", "1,amps,27.77", "1,HON"])
async def test_an_acknowledgement_or_echo_before_the_data_is_skipped(ack):
    """The manual shows none: either world must work."""
    said = f"{ack}\r\n".encode()
    pairs = [*READY, (amps(27.77), said + data(27.8, on=0)), (HON, said + data(27.8))]
    reading, link, _ = await converse(pairs, prepared(lambda source: source.apply(permit(2.0))))
    assert reading.output_on
    assert link.tally.unsolicited == 2


async def test_a_refusal_before_the_data_is_not_skipped():
    async def act(source):
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(2.0))

    pairs = [*READY, (amps(27.77), b"DENIED\r\n" + data(27.8, on=0))]
    _, link, _ = await converse(pairs, prepared(act))
    assert link.state is LinkState.DIRTY


async def test_apply_sets_reads_back_and_only_then_starts():
    async def act(source):
        await source.apply(permit(2.0))
        await source.apply(permit(2.5))
        return await source.apply(permit(0.0))

    pairs = [
        *READY,
        (amps(27.77), data(27.8, on=0)),
        (HON, data(27.8)),
        (amps(34.72), data(34.7)),
        (amps(0.0), data(0.0)),
    ]
    reading, _, _ = await converse(pairs, prepared(act))
    assert (reading.setpoint_ka_per_m, reading.output_on) == (0.0, True)


async def test_zero_after_off_starts_nothing():
    pairs = [*READY, (ZERO, IDLE)]
    await converse(pairs, prepared(lambda source: source.apply(permit(0.0))))


async def test_amperes_that_are_not_taken_are_never_switched_on():
    """With control from the panel and start from RS-485, `hon` would heat at the panel's 200 A."""

    async def act(source):
        with pytest.raises(errors.ProtocolError, match="confirm"):
            await source.apply(permit(2.0))

    pairs = [*READY, (amps(27.77), data(200.0, on=0))]
    await converse(pairs, prepared(act))


async def test_a_slow_contactor_is_asked_again_and_a_deaf_one_is_a_fault():
    still = [(amps(27.77), data(27.8, on=0)), (HON, data(27.8, on=0))]

    async def thrice(source):
        for _ in range(3):
            reading = await source.apply(permit(2.0))
        return reading

    slow = [*READY, *still, *still, (amps(27.77), data(27.8, on=0)), (HON, data(27.8))]
    reading, _, _ = await converse(slow, prepared(thrice))
    assert reading.output_on
    with pytest.raises(errors.DeviceFault, match="start-from"):
        await converse([*READY, *still, *still, *still], prepared(thrice))


async def test_a_knob_that_moved_is_seen_at_the_next_poll_while_it_heats():
    """H21; while it does not heat, it is only the next set-point's business."""
    moved = data(200.0, amps=28)
    on = [(amps(27.77), data(27.8, on=0)), (HON, data(27.8))]

    async def act(source):
        await source.poll()
        await source.apply(permit(2.0))
        with pytest.raises(errors.ProtocolError, match="confirm"):
            await source.poll()
        return await source.off()

    pairs = [*READY, (ASK, data(200.0, on=0)), *on, (ASK, moved), (OFF, b""), AMPS_MAX]
    pairs += [(ASK, data(200.0, on=0, amps=0))]
    reading, _, _ = await converse(pairs, prepared(act))
    assert not reading.output_on


async def test_heat_that_ends_by_itself_is_a_fault_until_our_off():
    """H21: nobody's stop is undone by a permit."""
    ended = data(27.8, on=0, amps=0, khz=0)

    async def act(source):
        await source.apply(permit(2.0))
        first = await source.poll()
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(2.0))
        last = await source.off()
        return first.faults, last.faults

    pairs = [*READY, (amps(27.77), data(27.8, on=0)), (HON, data(27.8)), (ASK, ended)]
    pairs += [(amps(27.77), ended), (OFF, b""), AMPS_MAX, (ASK, ended)]
    faults, _, _ = await converse(pairs, prepared(act))
    assert faults == (("amplifier",), ())


async def test_off_needs_no_resynchronizing_and_close_says_it():
    async def act(source):
        await source.off()
        await source.close()
        await source.close()

    _, link, wire = await converse([(OFF, b""), (ASK, IDLE), (OFF, b"")], act)
    assert wire.written[-3:] == [OFF, ASK, OFF]
    assert link.state is LinkState.CLOSED


@pytest.mark.parametrize("field", [-0.001, 7.2001, math.nan, math.inf, -math.inf])
async def test_above_the_limit_is_refused_unsent(field):
    """H09, H40: there is no limit register, the driver itself refuses."""

    async def act(source):
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(field))

    await converse(READY, prepared(act))


@pytest.mark.parametrize("limit", [-0.001, 18.0001, math.nan])
async def test_a_limit_that_is_none_is_refused_unsent(limit):
    async def act(source):
        with pytest.raises(errors.RangeRefusedError):
            await source.prepare(limit)
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(0.1))  # not prepared: the limit is 0

    await converse([], act)


async def test_h17_an_expired_permit_is_not_written_and_not_expected():
    async def act(source):
        await source.apply(permit(2.0))
        with pytest.raises(errors.RangeRefusedError, match="expired"):
            await source.apply(Permit(2.5, serial=1, expires_at=0.0))
        return await source.poll()

    on = [(amps(27.77), data(27.8, on=0)), (HON, data(27.8))]
    await converse([*READY, *on, (ASK, data(27.8))], prepared(act))


@pytest.mark.parametrize(
    "options",
    [
        {"field_ka_per_m_per_a": 0.0},
        {"field_ka_per_m_per_a": math.nan},
        {"field_ka_per_m_per_a": 0.07, "address": 0},
        {"field_ka_per_m_per_a": 0.07, "address": 33},
    ],
)
def test_options_without_sense_are_refused(options):
    """Address 0 is the broadcast that all units obey."""
    with pytest.raises(ValueError, match="address"):
        AmbrellOptions(**options)
