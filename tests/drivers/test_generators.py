# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B and Siglent SDG: pairs from the operating guide, pymeasure, PG02-E05C."""

import asyncio
import math

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.domain.command import Permit
from tests.drivers.cases import keysight_33500 as keysight
from tests.drivers.cases import played
from tests.drivers.cases import siglent_sdg as siglent

(KEYSIGHT,), (SIGLENT,) = keysight.CASES, siglent.CASES


def leave(field_ka_per_m, expires_at=math.inf):
    return Permit(field_ka_per_m, 1, expires_at)


async def prepared(driver):
    return await driver.prepare(7.5)


async def polled(driver):
    return await driver.poll()


async def driven(driver):
    await driver.prepare(7.5)
    return await driver.apply(leave(5.0))


async def zeroed(driver):
    await driver.prepare(7.5)
    return await driver.apply(leave(0.0))


# ---- Keysight ------------------------------------------------------------------------------

CLAMP = (
    b":OUTP1 OFF;:SOUR1:VOLT:LIM:STAT OFF;:SOUR1:VOLT 0.0010;:SOUR1:VOLT:LIM:HIGH 0.93750;"
    b":SOUR1:VOLT:LIM:LOW -0.93750;:SOUR1:VOLT:LIM:STAT ON;" + keysight.ASK
)
START = b":SOUR1:VOLT 1.2500;:OUTP1 ON;" + keysight.ASK


def clamped(**changed):
    return keysight.state(**({"high": "0.9375", "clamp": "1"} | changed))


def running(**changed):
    return clamped(**({"vpp": "1.25E+00", "output": "1"} | changed))


PREPARED = (CLAMP, clamped())


async def test_keysight_the_clamp_is_the_limit_register():
    """H52: the generator itself clips what is above the cap (guide page 324)."""
    assert (await played(KEYSIGHT, [PREPARED], prepared)).limit_ka_per_m == pytest.approx(7.5)


@pytest.mark.parametrize("changed", [{"high": "5.0"}, {"clamp": "0"}])
async def test_keysight_a_clamp_that_was_not_taken_is_not_believed(changed):
    refusal = (b"SYST:ERR?\n", b'-221,"Settings conflict"\n')
    with pytest.raises(DeviceFault, match="221"):
        await played(KEYSIGHT, [(CLAMP, clamped(**changed)), refusal], prepared)


async def test_keysight_amplitude_and_output_are_read_back_in_one_line():
    snapshot = await played(KEYSIGHT, [PREPARED, (START, running())], driven)
    assert snapshot.setpoint_ka_per_m == pytest.approx(5.0)
    assert (snapshot.output_on, snapshot.frequency_hz) == (True, 1e5)
    assert snapshot.measured_ka_per_m is None  # a pick-up coil's to say


@pytest.mark.parametrize(
    "changed",
    [{"hertz": "5.0E+04"}, {"function": "SQU"}, {"load": "9.9E+37"}, {"load": "7.5E+01"},
     {"unit": "VRMS"}, {"offset": "1.0E-01"}, {"burst": "1"}, {"vpp": "5.0E-01"}],
)  # fmt: skip
async def test_keysight_a_knob_that_was_turned_is_seen(changed):
    """H21."""
    reply = keysight.state(**changed)
    with pytest.raises(ProtocolError):
        await played(KEYSIGHT, [(keysight.ASK, reply)], polled)


@pytest.mark.parametrize("changed", [{"vpp": "0.9E+00"}, {"output": "0"}, {"clamp": "0"}])
async def test_keysight_what_does_not_confirm_is_not_believed(changed):
    """An amplitude that was clipped, an output that stays off, a clamp that somebody took away."""
    pairs = [PREPARED, (START, running(**changed)), keysight.NO_ERROR]
    with pytest.raises(ProtocolError, match="does not confirm"):
        await played(KEYSIGHT, pairs, driven)


async def test_keysight_a_restart_is_counted():
    """H24: *ESR? bit 7, once."""
    reply = keysight.state(status="128")

    async def act(driver):
        before = (await driver.poll()).boot
        return before, (await driver.poll()).boot

    pairs = [(keysight.ASK, keysight.state()), (keysight.ASK, reply)]
    before, after = await played(KEYSIGHT, pairs, act)
    assert after == before + 1


async def test_keysight_zero_is_output_off():
    """A generator cannot do 0 V."""
    off = (b"\nOUTP1 OFF\n" + keysight.ASK, clamped())
    snapshot = await played(KEYSIGHT, [PREPARED, off], zeroed)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


# ---- Siglent -------------------------------------------------------------------------------

SAFE = (
    (b"C1:OUTP OFF\nC1:OUTP?\n", siglent.OUTP),
    (b"C1:BSWV AMP,0.002\nC1:BSWV?\n", siglent.basic()),
)
AMPLITUDE = b"C1:BSWV AMP,1.250\nC1:BSWV?\n"
ON = (b"C1:OUTP ON\nC1:OUTP?\n", b"C1:OUTP ON,LOAD,50,PLRT,NOR\n")


async def test_siglent_the_amplitude_is_read_back_before_it_is_switched_on():
    snapshot = await played(SIGLENT, [*SAFE, (AMPLITUDE, siglent.basic("1.25")), ON], driven)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (True, 5.0)
    assert snapshot.limit_ka_per_m is None


@pytest.mark.parametrize("volts", ["2.0", "1,25", "0.9"])
async def test_siglent_never_switches_on_an_amplitude_that_does_not_confirm(volts):
    """H17, H21, and a decimal comma (catalogue 18): no OUTP ON is sent."""
    with pytest.raises(ProtocolError):
        await played(SIGLENT, [*SAFE, (AMPLITUDE, siglent.basic(volts))], driven)


@pytest.mark.parametrize("changed", [{"hertz": "50000"}, {"wave": "SQUARE"}, {"offset": "0.1"}])
async def test_siglent_what_does_not_confirm_is_not_believed(changed):
    """H21."""
    with pytest.raises(ProtocolError):
        await played(SIGLENT, [*SAFE, (AMPLITUDE, siglent.basic("1.25", **changed)), ON], driven)


async def test_siglent_the_other_channel_is_not_this_one():
    reply = b"C2:OUTP ON,LOAD,50,PLRT,NOR\n"
    with pytest.raises(ProtocolError):
        await played(SIGLENT, [(b"C1:OUTP?\n", reply)], polled)


async def test_siglent_zero_is_output_off():
    off = (
        (b"\nC1:OUTP OFF\nC1:OUTP?\n", siglent.OUTP),
        (b"C1:BSWV?\n", siglent.basic()),
    )
    snapshot = await played(SIGLENT, [*SAFE, *off], zeroed)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


# ---- both ----------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize(
    ("case", "safe"), [(KEYSIGHT, [PREPARED]), (SIGLENT, [*SAFE])], ids=["keysight", "siglent"]
)


@BOTH
async def test_above_the_limit_nothing_is_sent(case, safe):
    """H52."""

    async def act(driver):
        await driver.prepare(7.5)
        with pytest.raises(RangeRefusedError):
            await driver.apply(leave(7.6))

    await played(case, safe, act)


@BOTH
async def test_past_its_time_nothing_is_sent(case, safe):
    """H11."""

    async def act(driver):
        await driver.prepare(7.5)
        with pytest.raises(RangeRefusedError, match="expired"):
            await driver.apply(leave(5.0, asyncio.get_running_loop().time() - 0.1))

    await played(case, safe, act)


@BOTH
async def test_a_limit_below_the_least_amplitude_is_refused(case, safe):
    async def act(driver):
        with pytest.raises(RangeRefusedError, match="least"):
            await driver.prepare(1e-3)

    await played(case, [], act)
