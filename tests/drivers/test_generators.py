# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B and Siglent SDG: pairs from pymeasure's driver and public laboratory scripts."""

import math

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.domain.command import Permit
from tests.drivers.cases import keysight_33500 as keysight
from tests.drivers.cases import played
from tests.drivers.cases import siglent_sdg as siglent

(KEYSIGHT,), (SIGLENT,) = keysight.CASES, siglent.CASES
CLAMP = (
    b"OUTP1 OFF;:SOUR1:VOLT 0.001;:SOUR1:VOLT:LIM:STAT OFF;:SOUR1:VOLT:LIM:HIGH 9.3750E-01;"
    b":SOUR1:VOLT:LIM:LOW -9.3750E-01;:SOUR1:VOLT:LIM:STAT ON;"
)


def leave(field_ka_per_m, expires_at=math.inf):
    return Permit(field_ka_per_m, 1, expires_at)


def state(
    vpp="1.0E-03", hertz="1.0E+05", output="0", function="SIN", load="5.0E+01", high="0.9375"
):
    return f"+{vpp};+{hertz};{output};{function};+{load};+{high}E+00;-{high}E+00;1\n".encode()


PREPARED = (CLAMP + keysight.ASK, state())
START = b":SOUR1:VOLT 1.25000E+00;:OUTP1 ON;" + keysight.ASK


async def prepared(driver):
    return await driver.prepare(7.5)


async def driven(driver):
    await driver.prepare(7.5)
    return await driver.apply(leave(5.0))


async def test_keysight_the_clamp_is_the_limit_register():
    """H52: the generator itself refuses what is above the cap."""
    assert (await played(KEYSIGHT, [PREPARED], prepared)).limit_ka_per_m == pytest.approx(7.5)


async def test_keysight_a_clamp_that_was_not_taken_is_not_believed():
    refusal = (b"SYST:ERR?\n", b'-221,"Settings conflict"\n')
    with pytest.raises(DeviceFault, match="221"):
        await played(KEYSIGHT, [(PREPARED[0], state(high="5.0")), refusal], prepared)


async def test_keysight_amplitude_and_output_are_read_back_in_one_line():
    snapshot = await played(KEYSIGHT, [PREPARED, (START, state("1.25E+00", output="1"))], driven)
    assert snapshot.setpoint_ka_per_m == pytest.approx(5.0)
    assert (snapshot.output_on, snapshot.frequency_hz) == (True, 1e5)
    assert snapshot.measured_ka_per_m is None  # a pick-up coil's to say


@pytest.mark.parametrize(
    "changed",
    [{"hertz": "5.0E+04"}, {"function": "SQU"}, {"load": "9.9E+37"}, {"load": "7.5E+01"}],
)
async def test_keysight_a_knob_that_was_turned_is_seen(changed):
    """H21."""
    with pytest.raises(ProtocolError):
        await played(KEYSIGHT, [(keysight.ASK, state(**changed))], lambda driver: driver.poll())


async def test_keysight_an_amplitude_that_was_clipped_is_not_believed():
    pairs = [PREPARED, (START, state("0.9E+00", output="1")), keysight.NO_ERROR]
    with pytest.raises(ProtocolError, match="does not confirm"):
        await played(KEYSIGHT, pairs, driven)


async def test_keysight_zero_is_output_off():
    """A generator cannot do 0 V."""
    off = (b"\nOUTP1 OFF\n" + keysight.ASK, state())

    async def act(driver):
        await driver.prepare(7.5)
        return await driver.apply(leave(0.0))

    snapshot = await played(KEYSIGHT, [PREPARED, off], act)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


OFF = (b"\nC1:OUTP OFF\nC1:OUTP?\n", siglent.OUTP[1])
ON = (b"C1:OUTP?\n", b"C1:OUTP ON,LOAD,50,PLRT,NOR\n")


def basic(volts="1.25", hertz="100000", wave="SINE"):
    head = f"C1:BSWV WVTP,{wave},FRQ,{hertz}HZ,PERI,1e-05S,AMP,{volts}V,AMPVRMS,0.4Vrms,"
    return b"C1:BSWV?\n", f"{head}OFST,0V,HLEV,0.6V,LLEV,-0.6V,PHSE,0\n"


def encoded(*pairs):
    return [(sent, said.encode() if isinstance(said, str) else said) for sent, said in pairs]


SET = ((b"C1:BSWV AMP,1.2500\n", b""), (b"C1:OUTP ON\n", b""))


async def test_siglent_names_and_values_with_their_units():
    """The script's reply; unknown keys are left alone."""
    pairs = encoded(OFF, siglent.BSWV, *SET, ON, basic())
    snapshot = await played(SIGLENT, pairs, driven)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (True, 5.0)
    assert snapshot.limit_ka_per_m is None


@pytest.mark.parametrize(
    "changed", [{"volts": "2.0"}, {"hertz": "50000"}, {"wave": "SQUARE"}, {"volts": "1,25"}]
)
async def test_siglent_what_does_not_confirm_is_not_believed(changed):
    """H21, and a decimal comma (catalogue 18)."""
    pairs = encoded(OFF, siglent.BSWV, *SET, ON, basic(**changed))
    with pytest.raises(ProtocolError):
        await played(SIGLENT, pairs, driven)


async def test_siglent_the_other_channel_is_not_this_one():
    reply = b"C2:OUTP ON,LOAD,50,PLRT,NOR\n"
    with pytest.raises(ProtocolError):
        await played(SIGLENT, [(b"C1:OUTP?\n", reply)], lambda driver: driver.poll())


async def test_siglent_above_the_limit_nothing_is_sent():
    """H52."""

    async def act(driver):
        await driver.prepare(4.0)
        with pytest.raises(RangeRefusedError):
            await driver.apply(leave(4.1))

    await played(SIGLENT, encoded(OFF, siglent.BSWV), act)
