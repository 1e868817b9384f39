# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B: conversations after its guide (page 324) and pymeasure's driver."""

import asyncio
import math

import pytest

from drivers.keysight_33500 import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.devices.waveform import WaveformOptions
from mnht_controller.domain.command import Permit
from tests.drivers.cases.keysight_33500 import (
    ASK,
    CASES,
    FIRST,
    IDN,
    NO_ERROR,
    OPENING,
    SETS,
    SETUP,
    state,
)

CLAMPED = {"high": "+6.25000000000000E-01", "low": "-6.25000000000000E-01", "limited": "1"}
PREPARED = (
    b":OUTP1 OFF;:SOUR1:VOLT:LIM:STAT OFF;:SOUR1:VOLT 0.0010;:SOUR1:VOLT:LIM:HIGH 0.62500;"
    b":SOUR1:VOLT:LIM:LOW -0.62500;:SOUR1:VOLT:LIM:STAT ON;" + ASK,
    state(**CLAMPED),
)
HALF, LESS = "+5.00000000000000E-01", "+2.50000000000000E-01"


def on(vpp=HALF, **changes):
    return state(vpp=vpp, output="1", **(CLAMPED | changes))


SWITCHED_ON = (b":SOUR1:VOLT 0.5000;:OUTP1 ON;" + ASK, on())
GOES_ON = (b":SOUR1:VOLT 0.5000;" + ASK, on())


def permit(field_ka_per_m, expires_at=1e9):
    return Permit(field_ka_per_m, serial=1, expires_at=expires_at)


async def converse(pairs, act, setup=SETUP):
    """Open, prepare for 5 kA/m, then act while the rest of the conversation is played."""
    with expected_wire([*OPENING, PREPARED, *pairs]) as wire:
        link = Link(wire)
        source = SPEC.make(link, setup)
        await source.open()
        await source.prepare(5.0)
        return await act(source), link


async def refused(kind, pairs, act, match=None):
    async def must_raise(source):
        with pytest.raises(kind, match=match):
            await act(source)

    return await converse(pairs, must_raise)


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, CASES[0].setup) == ()


@pytest.mark.parametrize(
    "answer",
    [
        b"Keysight Technologies,N6701C,SIM0001,E.02.00\n",
        b"Agilent Technologies,DSO-X 3024A,SIM0001,02.50\n",
        b"Siglent Technologies,SDG2042X,SIM0001,2.01\n",
        b"Agilent Technologies,33511B,SIM0001\n",
    ],
)
async def test_another_instrument_is_refused_before_anything_is_written(answer):
    with expected_wire([(IDN[0], answer), (IDN[0], answer)]) as wire:
        with pytest.raises(errors.IdentityError):
            await SPEC.make(Link(wire), SETUP).open()
        assert set(wire.written) == {IDN[0]}


async def test_keysight_and_agilent_answer_alike():
    idn = (IDN[0], IDN[1].replace(b"Agilent", b"Keysight").replace(b"33511B", b"33612A"))
    with expected_wire([idn, *OPENING[1:]]) as wire:
        identity = await SPEC.make(Link(wire), SETUP).open()
    assert (identity.maker, identity.model) == ("Keysight", "33612A")
    assert (identity.serial, identity.is_simulated) == ("SIM0001", True)


TURNED = (
    {"vpp": HALF},
    {"hertz": "+1.00001000000000E+05"},
    {"shape": "SQU"},
    {"unit": "VRMS"},  # the same number is then 2.8 times the field
    {"offset": "+1.00000000000000E-02"},
    {"burst": "1"},
    {"load": "+9.90000000000000E+37"},  # the same number is then half of what comes out
)


@pytest.mark.parametrize("turned", [*TURNED, {"output": "1"}])
async def test_open_reads_back_everything_that_makes_the_field(turned):
    last = (OPENING[3][0], state(**turned))
    with expected_wire([*OPENING[:3], last, NO_ERROR]) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


async def test_open_hears_what_the_instrument_refuses():
    error = (NO_ERROR[0], b'-113,"Undefined header"\n')
    pairs = [*OPENING[:4], error]
    with expected_wire(pairs) as wire, pytest.raises(errors.DeviceFault, match="-113"):
        await SPEC.make(Link(wire), SETUP).open()


async def test_a_load_of_high_impedance_is_inf_and_reads_infinite():
    setup = Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0, load_ohm="INF"))
    load = {"load": "+9.90000000000000E+37"}
    sets = (SETS.replace(b"LOAD 50.0", b"LOAD INF"), b"")
    pairs = [IDN, FIRST, sets, (OPENING[3][0], state(**load)), NO_ERROR]
    with expected_wire([*pairs, (ASK, state(**load))]) as wire:
        source = SPEC.make(Link(wire), setup)
        await source.open()
        assert not (await source.poll()).output_on


async def test_the_clamp_is_half_of_the_volts_each_way_and_is_the_limit_register():
    """Guide page 324: VOLTage:LIMit clips in the instrument. 5 kA/m are 1.25 Vpp here."""

    async def act(source):
        return await source.poll()

    snapshot, _ = await converse([(ASK, state(**CLAMPED))], act)
    assert snapshot.limit_ka_per_m == pytest.approx(5.0)
    assert SPEC.has_limit


@pytest.mark.parametrize(
    "shown",
    [
        state(),  # not in force
        state(**CLAMPED | {"low": "-5.00000000000000E+00"}),
        state(**CLAMPED | {"high": "+6.30000000000000E-01"}),
        on(vpp="+1.00000000000000E-03"),
    ],
)
async def test_a_clamp_that_reads_back_otherwise_is_unconfirmed_and_nothing_is_applied(shown):
    pairs = [*OPENING, (PREPARED[0], shown), NO_ERROR]
    with expected_wire(pairs) as wire:
        source = SPEC.make(Link(wire), SETUP)
        await source.open()
        with pytest.raises(errors.ProtocolError):
            await source.prepare(5.0)
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(2.0))


@pytest.mark.parametrize("limit", [0.003, -1.0, math.nan, math.inf])
async def test_a_limit_that_no_clamp_can_be_is_refused(limit):
    """0.003 kA/m are 0.75 mVpp: less than the least amplitude."""
    await refused(errors.RangeRefusedError, [], lambda source: source.prepare(limit))


async def test_volts_become_field_both_ways_and_on_is_sent_once():
    async def act(source):
        return await source.apply(permit(2.0)), await source.apply(permit(1.0))

    lower = (b":SOUR1:VOLT 0.2500;" + ASK, on(LESS))
    (first, second), link = await converse([SWITCHED_ON, lower], act)
    assert first.setpoint_ka_per_m == pytest.approx(2.0)
    assert (first.output_on, first.measured_ka_per_m, first.watchdog_on) == (True, None, None)
    assert first.frequency_hz == pytest.approx(100_000.0)
    assert second.setpoint_ka_per_m == pytest.approx(1.0)
    assert (second.seq, second.at) == (first.seq + 1, link.answered_at)


async def test_volts_are_rounded_down():
    """2.0003 kA/m are 0.500075 Vpp; steps are 0.1 mV."""
    snapshot, _ = await converse([SWITCHED_ON], lambda source: source.apply(permit(2.0003)))
    assert snapshot.setpoint_ka_per_m <= 2.0003


OFF = [(b"\nOUTP1 OFF\n", b""), (ASK, state(**CLAMPED))]


@pytest.mark.parametrize("field", [0.0, 0.0039])
async def test_what_is_below_the_least_amplitude_is_off(field):
    """1 mVpp is the least, so 0 is no amplitude."""

    async def act(source):
        await source.apply(permit(2.0))
        return await source.apply(permit(field))

    snapshot, _ = await converse([SWITCHED_ON, OFF[0], (ASK, state(vpp=HALF, **CLAMPED))], act)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


@pytest.mark.parametrize("field", [5.001, -0.001, math.nan, math.inf])
async def test_above_the_prepared_limit_nothing_is_sent(field):
    await refused(errors.RangeRefusedError, [], lambda source: source.apply(permit(field)))


async def test_a_permit_that_expired_is_not_sent():
    now_s = asyncio.get_running_loop().time()
    await refused(
        errors.RangeRefusedError, [], lambda source: source.apply(permit(2.0, now_s - 0.001))
    )


@pytest.mark.parametrize(
    "turned", [{"vpp": LESS}, {"output": "0"}, {"limited": "0"}, *TURNED[1:]], ids=str
)
async def test_whatever_was_turned_at_the_front_panel_makes_an_apply_unconfirmed(turned):
    """(H21) And the link is DIRTY: only OFF goes on."""
    shown = state(**{"vpp": HALF, "output": "1"} | CLAMPED | turned)
    pairs = [SWITCHED_ON, (GOES_ON[0], shown), NO_ERROR]

    async def act(source):
        await source.apply(permit(2.0))
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(2.0))

    _, link = await converse(pairs, act)
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("turned", TURNED, ids=str)
async def test_so_does_a_poll(turned):
    pairs = [(ASK, state(**CLAMPED | turned))]
    _, link = await refused(errors.ProtocolError, pairs, lambda source: source.poll())
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("turned", TURNED, ids=str)
async def test_but_off_is_told_whatever_is_set(turned):
    pairs = [OFF[0], (ASK, state(**CLAMPED | turned))]
    snapshot, _ = await converse(pairs, lambda source: source.off())
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


async def test_a_conflict_is_a_fault_in_the_generators_words():
    """Guide page 324: clipped to the limit, and a settings conflict is queued."""
    error = (NO_ERROR[0], b'-221,"Settings conflict; amplitude limited"\n')
    pairs = [(SWITCHED_ON[0], on(LESS)), error]
    await refused(errors.DeviceFault, pairs, lambda source: source.apply(permit(2.0)), "-221")


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "", "1,0", "--1", "1.0 V", "0x10", "9.91E37", "+1.0E-03;+1.0E-03", "1_0", "SIN"],
)
async def test_what_is_no_number_is_no_reading(text):
    """(H03, H11)"""
    pairs = [(ASK, state(**CLAMPED | {"vpp": text}))]
    _, link = await refused(errors.ProtocolError, pairs, lambda source: source.poll())
    assert link.state is LinkState.DIRTY


async def test_a_power_on_is_counted_by_poll_and_by_open():
    """*ESR? bit 7; *CLS would forget it, so open asks before (H24)."""
    pairs = [(ASK, state(esr="128", **CLAMPED)), (ASK, state(**CLAMPED)), *OPENING, (ASK, state())]

    async def act(source):
        boots = [(await source.poll()).boot for _ in range(2)]
        await source.open()
        return [*boots, (await source.poll()).boot]

    boots, _ = await converse(pairs, act)
    assert boots == [2, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"field_ka_per_m_per_vpp": 0.0},
        {"field_ka_per_m_per_vpp": math.nan},
        {"frequency_hz": 0.0},
        {"load_ohm": 0.5},
        {"load_ohm": math.nan},
        {"channel": 3},
        {"channel": 0},
    ],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"above 0|or 2|1 to 10000"):
        WaveformOptions(**{"field_ka_per_m_per_vpp": 4.0} | wrong)
