# SPDX-License-Identifier: Apache-2.0
"""Keysight N6900/N7900, N6700C: conversations after their guides, and their twins."""

import asyncio
import math

import pytest

from drivers.keysight_n7900 import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import Rehearsal, conformance, expected_wire, rehearse
from mnht_controller.domain.command import Permit
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.keysight_n7900 import (
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
from tests.support import run_virtual

STILL_ON = {"-", "unregulated", "hardware", "bit_14", "bit_15"}
TEN_A, TWELVE_A = "+1.0E+01", "+1.2E+01"
PREPARED = (b":OUTP OFF;:CURR 0.0000;" + ASK, state())


def permit(field_ka_per_m, expires_at=1e9):
    return Permit(field_ka_per_m, serial=1, expires_at=expires_at)


async def converse(pairs, act):
    """Open, prepare for 5 kA/m, then act while the rest of the conversation is played."""
    with expected_wire([*OPENING, PREPARED, *pairs]) as wire:
        link = Link(wire)
        source = SPEC.make(link, SETUP)
        await source.open()
        await source.prepare(5.0)
        return await act(source), link


async def refused(kind, pairs, act, match=None):
    async def must_raise(source):
        with pytest.raises(kind, match=match):
            await act(source)

    return await converse(pairs, must_raise)


@pytest.mark.parametrize("case", CASES, ids=["n7900", "n6700"])
async def test_it_conforms(case):
    assert await conformance(SPEC, case.opening, case.setup) == ()


@pytest.mark.parametrize("chunk_max", [0, 1, 5])
@pytest.mark.parametrize("case", CASES, ids=["n7900", "n6700"])
def test_it_meets_its_twin(case, chunk_max):
    async def main():
        twin = case.twin(asyncio.get_running_loop().time())

        def connect():
            return MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=chunk_max, seed=7)

        return await rehearse(Rehearsal(SPEC, connect, permit, case.setup))

    assert run_virtual(main()) == ()


@pytest.mark.parametrize(
    "answer",
    [
        b"Keysight Technologies,N6701C,SIM0001,E.02.00\n",  # a mainframe wants a channel list
        b"Agilent Technologies,N5748A,SIM0001,A.1\n",  # no watchdog
        b"Keysight Technologies,33511B,SIM0001,3.03\n",
    ],
)
async def test_another_family_is_refused_before_anything_is_written(answer):
    with expected_wire([(IDN[0], answer), (IDN[0], answer)]) as wire:
        with pytest.raises(errors.IdentityError):
            await SPEC.make(Link(wire), SETUP).open()
        assert set(wire.written) == {IDN[0]}


@pytest.mark.parametrize(
    "shown",
    [
        state(dog="0"),
        state(dog_s="60"),
        state(output="1"),
        state(amps=TEN_A),
        state().replace(b"+3.0E+01", b"+1.6E+02"),
    ],
)
async def test_open_reads_back_watchdog_output_amperes_and_volts(shown):
    """The watchdog is volatile (N6700C guide page 158): it is verified at every open (H26)."""
    pairs = [IDN, FIRST, (SETS, b""), (ASK, shown), NO_ERROR]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


async def test_open_refuses_voltage_priority():
    """There CURR would be stored, and another register would say what flows."""
    pairs = [*OPENING[:-1], (b":FUNC?\n", b"VOLT\n")]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


async def test_amperes_become_field_both_ways():
    """0.3 kA/m per ampere; OUTP ON is sent once after an own OFF."""
    pairs = [
        (b":CURR 10.0000;:OUTP ON;" + ASK, state(TEN_A, "1")),
        (b":CURR 12.0000;" + ASK, state(TWELVE_A, "1")),
    ]

    async def act(source):
        return await source.apply(permit(3.0)), await source.apply(permit(3.6))

    (first, second), link = await converse(pairs, act)
    assert first.setpoint_ka_per_m == pytest.approx(3.0)
    assert second.measured_ka_per_m == pytest.approx(3.6)
    assert (first.output_on, first.watchdog_on, first.limit_ka_per_m) == (True, True, None)
    assert second.seq == first.seq + 1
    assert second.at == link.answered_at


@pytest.mark.parametrize("field", [5.001, -0.001, math.nan, math.inf])
async def test_above_the_prepared_limit_nothing_is_sent(field):
    await refused(errors.RangeRefusedError, [], lambda source: source.apply(permit(field)))


async def test_a_permit_that_expired_is_not_sent():
    now_s = asyncio.get_running_loop().time()
    await refused(
        errors.RangeRefusedError, [], lambda source: source.apply(permit(3.0, now_s - 0.001))
    )


async def test_a_refused_setting_is_a_fault_in_the_supply_s_words():
    error = b'-222,"Data out of range"\n'
    pairs = [(b":CURR 10.0000;:OUTP ON;" + ASK, state(output="1", esr="16")),
             (b"SYST:ERR?\n", error)]  # fmt: skip
    await refused(errors.DeviceFault, pairs, lambda source: source.apply(permit(3.0)), "-222")


async def test_amperes_that_read_back_otherwise_are_unconfirmed():
    pairs = [(b":CURR 10.0000;:OUTP ON;" + ASK, state(TWELVE_A, "1")), NO_ERROR]
    _, link = await refused(errors.ProtocolError, pairs, lambda s: s.apply(permit(3.0)))
    assert link.state is LinkState.DIRTY


async def test_off_is_one_line_ahead_of_the_state():
    pairs = [(b"\n:OUTP OFF\n", b""), (ASK, state())]
    snapshot, _ = await converse(pairs, lambda source: source.off())
    assert not snapshot.output_on


@pytest.mark.parametrize(
    ("bit", "word"),
    list(
        enumerate(
            "over_voltage over_current mains over_power over_temperature power_limit sensor - -"
            " external_inhibit unregulated watchdog oscillation hardware bit_14 bit_15".split()
        )
    ),
)
async def test_every_status_bit_has_a_word(bit, word):
    """N6900/N7900 guide pages 286, 287; LIM+ and LIM- are no faults; no name, no proof."""
    pairs = [(ASK, state(ques=str(1 << bit), output="1"))]
    snapshot, _ = await converse(pairs, lambda source: source.poll())
    assert snapshot.faults + snapshot.interlocks_open == (() if word == "-" else (word,))
    assert snapshot.output_on == (word in STILL_ON)


@pytest.mark.parametrize("measured", ["9.91E37", "+9.910000E+37", "-9.9E+37"])
async def test_what_it_calls_not_a_number_is_none(measured):
    pairs = [(ASK, state(measured=measured))]
    snapshot, _ = await converse(pairs, lambda source: source.poll())
    assert snapshot.measured_ka_per_m is None


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "", "1,0", "--1", "1.0 A", "0x10", "+1.0E+01;+1.0E+01", "Keysight", "1_0"],
)
async def test_what_is_no_number_is_no_reading(text):
    """A garbled or late line is nobody's state (H03, H11)."""
    _, link = await refused(
        errors.ProtocolError, [(ASK, state(measured=text))], lambda source: source.poll()
    )
    assert link.state is LinkState.DIRTY


async def test_a_power_on_is_counted_by_poll_and_by_open():
    """*ESR? bit 7 (guide page 287); *CLS would forget it, so open asks before (H24)."""
    pairs = [(ASK, state(esr="128")), (ASK, state()), *OPENING, (ASK, state())]

    async def act(source):
        boots = [(await source.poll()).boot for _ in range(2)]
        await source.open()
        return [*boots, (await source.poll()).boot]

    boots, _ = await converse(pairs, act)
    assert boots == [2, 2, 3]
