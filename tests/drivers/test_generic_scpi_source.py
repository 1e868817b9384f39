# SPDX-License-Identifier: Apache-2.0
"""The generic SCPI field source, as conversations after the dialect's reference."""

import math

import pytest

from drivers.generic_scpi_source import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.command import Permit
from tests.drivers.cases.generic_scpi_source import (
    IDN,
    NO_ERROR,
    OPENING,
    RF_ON,
    SETUP,
    WATCHDOG,
    line,
    snapshot,
)

ON = {"oper": RF_ON | WATCHDOG}
FIRST = "FIEL 5200.0;:OUTP:ARM 5;:OUTP ON;:"


async def converse(pairs, act):
    with expected_wire([*OPENING, *pairs]) as wire:
        link = Link(wire)
        source = SPEC.make(link, Setup())
        await source.open()
        return await act(source), link, wire


def permit(field_ka_per_m):
    return Permit(field_ka_per_m, serial=1, expires_at=math.inf)


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, Setup()) == ()


@pytest.mark.shows("identity_first")
async def test_open_identifies_before_any_write():
    with expected_wire(OPENING) as wire:
        identity = await SPEC.make(Link(wire), Setup()).open()
    assert (identity.maker, identity.model, identity.serial) == ("OPENMFH", "FS100K", "SIM0001")
    assert wire.written[:2] == [b"*IDN?\n", SETUP]


@pytest.mark.parametrize("name", [b"MAGFORCE,MFH300F,1,1\n", b"OPENMFH,FS200K,1,1\n", b"TEST\n"])
async def test_another_instrument_hears_the_question_only(name):
    """H20."""
    pairs = [(IDN[0], name), (IDN[0], name)]
    with expected_wire(pairs) as wire, pytest.raises(errors.IdentityError):
        await SPEC.make(Link(wire), Setup()).open()
    assert set(wire.written) == {b"*IDN?\n"}


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        (2, b"16;6.0E1;5.0E-1;HEAR\n"),
        (2, b"16;7.2E3;2.0E0;HEAR\n"),
        (2, b"16;7.2E3;5.0E-1;ANY\n"),
        (3, snapshot(17, oper=0)),
        (3, snapshot(17, oper=RF_ON | WATCHDOG)),
        (3, snapshot(16)),
        (4, b'-222,"Data out of range"\n'),
    ],
)
async def test_a_watchdog_or_off_that_is_not_obeyed_refuses_the_source(step, answer):
    """H24."""
    pairs = [*OPENING[:step], (OPENING[step][0], answer)]
    if step == 3 and b",17;" in answer:
        pairs.append(NO_ERROR)
    refusals = (errors.ProtocolError, errors.DeviceFault)
    with expected_wire(pairs) as wire, pytest.raises(refusals):
        await SPEC.make(Link(wire), Setup()).open()


@pytest.mark.parametrize("ques", [1 << 12, 1 << 4, 1 << 4 | 1 << 12])
async def test_h23_open_clears_no_latched_fault(ques):
    """A re-init is no human: what the instrument latched stays to be seen."""
    with expected_wire([*OPENING[:3], (line(17), snapshot(17, ques=ques)), NO_ERROR]) as wire:
        await SPEC.make(Link(wire), Setup()).open()


async def test_snapshot_becomes_a_reading():
    answer = snapshot(18, set="5.2E3", meas="5.19E+03", coil="3.1E1", limit="7.5E3", **ON)
    reading, link, _ = await converse([(line(18), answer)], lambda source: source.poll())
    assert reading.setpoint_ka_per_m == pytest.approx(5.2)
    assert reading.measured_ka_per_m == pytest.approx(5.19)
    assert (reading.seq, reading.clock_s, reading.boot, reading.heartbeat) == (7, 1.234, 3, 18)
    assert (reading.output_on, reading.watchdog_on) == (True, True)
    assert (reading.limit_ka_per_m, reading.frequency_hz) == (7.5, 1e5)
    assert (reading.coil_c, reading.coolant_l_per_min) == (31.0, 8.0)
    assert (reading.faults, reading.interlocks_open) == ((), ())
    assert reading.at == link.answered_at


async def test_missing_measurements_are_none_not_numbers():
    """9.91E37 must never become an amplitude (H03)."""
    nan = "9.91E37"
    answer = snapshot(18, meas=nan, hz=nan, coil="-9.9E37", flow=nan)
    reading, _, _ = await converse([(line(18), answer)], lambda source: source.poll())
    assert reading.measured_ka_per_m is None
    assert reading.frequency_hz is None
    assert reading.coil_c is None
    assert reading.coolant_l_per_min is None


@pytest.mark.parametrize(
    ("ques", "interlocks", "faults", "opened"),
    [
        (0b11, 0b11, ("dc_link", "over_current"), ("e_stop", "door")),
        (1 << 4 | 1 << 12, 1 << 2, ("over_temperature", "watchdog"), ("coolant_flow",)),
        (1 << 10 | 1 << 9, 1 << 5, ("field_deviation", "interlock"), ("external_inhibit",)),
        (
            1 << 2 | 1 << 5 | 1 << 11,
            1 << 6,
            ("on_time", "resonance", "coolant"),
            ("coil_connector",),
        ),
        (1 << 14, 0, (), ()),
        (1 << 13, 1 << 12, ("bit_13",), ("bit_12",)),
    ],
)
async def test_status_bits_become_words(ques, interlocks, faults, opened):
    answer = snapshot(18, ques=ques, int=interlocks)
    reading, _, _ = await converse([(line(18), answer)], lambda source: source.poll())
    assert (reading.faults, reading.interlocks_open) == (faults, opened)


@pytest.mark.parametrize("clear", [False, True])
async def test_prepare_sets_the_limit_register_and_reads_it_back(clear):
    """Only a person's PREPARE clears what the instrument latched (H23)."""
    cleared = "OUTP:PROT:CLE;:" if clear else ""
    sent = line(18, f"OUTP OFF;:FIEL 0;:{cleared}FIEL:LIM 7500.0;:")
    act = lambda source: source.prepare(7.5, clear=clear)  # noqa: E731
    reading, _, _ = await converse([(sent, snapshot(18, limit="7.5E3", ques=16))], act)
    assert (reading.limit_ka_per_m, reading.faults) == (7.5, ("over_temperature",))
    with pytest.raises(errors.ProtocolError):
        await converse([(sent, snapshot(18)), NO_ERROR], act)
    refused = (NO_ERROR[0], b'+305,"Limit locked;output is on"\n')
    with pytest.raises(errors.DeviceFault, match="305"):
        await converse([(sent, snapshot(18)), refused], act)


async def test_h17_an_expired_permit_is_not_written():
    async def act(source):
        with pytest.raises(errors.RangeRefusedError, match="expired"):
            await source.apply(Permit(5.2, serial=1, expires_at=0.0))

    await converse([], act)


async def test_apply_arms_and_switches_on_once():
    async def act(source):
        await source.apply(permit(5.2))
        await source.apply(permit(5.3))
        return await source.apply(permit(0.0))

    pairs = [
        (line(18, FIRST), snapshot(18, set="5.2E3", **ON)),
        (line(19, "FIEL 5300.0;:"), snapshot(19, set="5.3E3", **ON)),
        (line(20, "FIEL 0.0;:"), snapshot(20, **ON)),
    ]
    reading, _, _ = await converse(pairs, act)
    assert reading.setpoint_ka_per_m == 0.0


async def test_zero_after_off_switches_nothing_on():
    await converse([(line(18, "FIEL 0.0;:"), snapshot(18))], lambda s: s.apply(permit(0.0)))


async def test_a_slow_switch_is_asked_for_again_and_a_refusal_is_a_fault():
    sent, off = line(18, FIRST), snapshot(18, set="5.2E3")
    again = (line(19, FIRST), snapshot(19, set="5.2E3", **ON))

    async def twice(source):
        await source.apply(permit(5.2))
        await source.apply(permit(5.2))

    await converse([(sent, off), NO_ERROR, again], twice)
    with pytest.raises(errors.DeviceFault, match="302"):
        await converse([(sent, off), (NO_ERROR[0], b'+302,"Not armed"\n')], twice)


async def test_switched_off_at_the_instrument_stays_off():
    """Nobody's OFF at the front panel is undone by a permit (H21)."""

    async def act(source):
        await source.apply(permit(5.2))
        await source.poll()
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(5.2))
        await source.off()
        return await source.apply(permit(5.2))

    pairs = [
        (line(18, FIRST), snapshot(18, set="5.2E3", **ON)),
        (line(19), snapshot(19, set="5.2E3")),
        (line(20, "FIEL 5200.0;:"), snapshot(20, set="5.2E3")),
        (b"\nOUTP OFF\n", b""),
        (b"*ESE 2;*ESE?\n", b"2\n"),
        (line(21, "OUTP OFF;:"), snapshot(21)),
        (line(22, FIRST), snapshot(22, set="5.2E3", **ON)),
    ]
    await converse(pairs, act)


@pytest.mark.parametrize("field", [-0.001, 18.0001, math.nan, math.inf, -math.inf])
async def test_an_amplitude_out_of_range_is_refused_unsent(field):
    """H09, H40."""

    async def act(source):
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(field))
        with pytest.raises(errors.RangeRefusedError):
            await source.prepare(field)

    await converse([], act)


@pytest.mark.shows("absolute_commands")
async def test_a_setting_that_did_not_take_is_not_believed():
    """H19: read back, never assumed."""
    sent = line(18, FIRST)
    with pytest.raises(errors.ProtocolError, match="confirm"):
        await converse(
            [(sent, snapshot(18, set="4.0E3", **ON)), NO_ERROR], lambda s: s.apply(permit(5.2))
        )
    refused = (NO_ERROR[0], b'-222,"Data out of range;above FIEL:LIM"\n')
    with pytest.raises(errors.DeviceFault, match="-222"):
        await converse([(sent, snapshot(18)), refused], lambda s: s.apply(permit(5.2)))


@pytest.mark.shows("strict_grammar")
@pytest.mark.parametrize(
    "answer",
    [
        snapshot(16),
        snapshot(18)[:-20] + b"\n",
        snapshot(18).replace(b"1.0E5", b"1,0E5"),
        snapshot(18).replace(b"8.0E0", b"nan"),
        snapshot(18).replace(b"8.0E0", b" 8.0E0"),
        snapshot(18).replace(b"8.0E0", b"\xb8.0E0"),
        snapshot(18).replace(b"7,", b"-7,", 1),
        snapshot(18).replace(b"1234,", b"9" * 400 + b",", 1),
        snapshot(18, set="1E999"),
        snapshot(18, limit="9" * 400),
        b'0,"No error"\n',
    ],
)
async def test_only_its_own_whole_snapshot_answers_a_line(answer):
    """H11, H12: another heartbeat is another line's answer."""

    async def act(source):
        with pytest.raises(errors.ProtocolError):
            await source.poll()

    _, link, _ = await converse([(line(18), answer)], act)
    assert link.state is LinkState.DIRTY


async def test_off_is_said_twice_and_confirmed():
    pairs = [(b"\nOUTP OFF\n", b""), (line(18, "OUTP OFF;:"), snapshot(18))]
    reading, _, _ = await converse(pairs, lambda source: source.off())
    assert not reading.output_on


async def test_close_says_off_and_never_raises():
    _, link, _ = await converse([(b"\nOUTP OFF\n", b"")], lambda source: source.close())
    assert link.state is LinkState.CLOSED
    source = SPEC.make(link, Setup())
    await source.close()
