# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG: conversations after its programming guide PG02-E05C, and its twin."""

import asyncio
import math

import pytest

from drivers.siglent_sdg import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.devices.waveform import WaveformOptions
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.siglent_sdg import IDN, LEAST, OPENING, SETS, SETUP, bswv, outp
from tests.support import run_virtual

PREPARED = (outp(words="C1:OUTP OFF\n"), LEAST)
SET = bswv("0.5V", words="C1:BSWV AMP,0.500\n")
SWITCHED_ON = (SET, outp("ON", words="C1:OUTP ON\n"))
GOES_ON = (outp("ON"), SET)
OFF = (b"\nC1:OUTP OFF\n", b"")


def permit(field_ka_per_m, expires_at=1e9):
    return Permit(field_ka_per_m, serial=1, expires_at=expires_at)


async def converse(pairs, act):
    """Open, prepare for 5 kA/m, then act while the rest of the conversation is played."""
    with expected_wire([*OPENING, *PREPARED, *pairs]) as wire:
        link = Link(wire)
        source = SPEC.make(link, SETUP)
        await source.open()
        await source.prepare(5.0)
        return await act(source), link


async def refused(kind, pairs, act):
    async def must_raise(source):
        with pytest.raises(kind):
            await act(source)

    return await converse(pairs, must_raise)


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, SETUP) == ()


@pytest.mark.parametrize(
    "answer",
    [
        b"Siglent Technologies,SDS1202X-E,SIM0001,1.3.26\n",  # an oscilloscope of the same maker
        b"Siglent Technologies,SPD3303X,SIM0001,1.01\n",
        b"Agilent Technologies,33511B,SIM0001,3.03\n",
        b"*IDN SDG,SDG1025,SIM0001,5.01\n",  # PG02-E05C 3.1.1, format 1: an older family
    ],
)
async def test_another_instrument_is_refused_before_anything_is_written(answer):
    with expected_wire([(IDN[0], answer), (IDN[0], answer)]) as wire:
        with pytest.raises(errors.IdentityError):
            await SPEC.make(Link(wire), SETUP).open()
        assert set(wire.written) == {IDN[0]}


async def test_open_says_who_it_is():
    with expected_wire(OPENING) as wire:
        identity = await SPEC.make(Link(wire), SETUP).open()
    assert (identity.maker, identity.model) == ("Siglent", "SDG2042X")
    assert (identity.firmware, identity.is_simulated) == ("2.01.01.37R1B1", True)


LEAST_SET = {"words": "C1:BSWV AMP,0.002\n"}
TURNED = (
    {"amp": "4V"},
    {"frq": "100001HZ"},
    {"frq": "1000HZ"},
    {"wvtp": "SQUARE"},
    {"ofst": "0.1V"},
)


@pytest.mark.parametrize("turned", TURNED, ids=str)
async def test_open_reads_back_everything_that_makes_the_field(turned):
    """What is out of range is clipped without a word."""
    pairs = [IDN, *SETS, outp(), bswv(**LEAST_SET | turned)]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


@pytest.mark.parametrize("shown", [outp(load="HZ"), outp(load="75"), outp("ON")])
async def test_open_reads_back_load_and_output(shown):
    """PG02-E05C 3.3. At another load the same number is another field."""
    with expected_wire([IDN, *SETS, shown, LEAST]) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


async def test_high_impedance_is_hz():
    """PG02-E05C 3.3: LOAD,HZ."""
    setup = Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0, load_ohm="INF"))
    sets = (SETS[0], (b"C1:OUTP LOAD,HZ\n", b""), *SETS[2:])
    with expected_wire([IDN, *sets, outp(load="HZ"), LEAST]) as wire:
        await SPEC.make(Link(wire), setup).open()


async def test_volts_become_field_both_ways_and_on_is_sent_once():
    """4 kA/m a volt: 2 kA/m are 0.5 Vpp. The amplitude is read back before ON is sent."""

    async def act(source):
        return await source.apply(permit(2.0)), await source.apply(permit(2.0))

    (first, second), link = await converse([*SWITCHED_ON, *GOES_ON], act)
    assert first.setpoint_ka_per_m == pytest.approx(2.0)
    assert (first.output_on, first.measured_ka_per_m, first.watchdog_on) == (True, None, None)
    assert (first.limit_ka_per_m, SPEC.has_limit) == (None, False)
    assert first.frequency_hz == pytest.approx(100_000.0)
    assert (second.seq, second.at) == (first.seq + 1, link.answered_at)


async def test_volts_are_rounded_down_to_millivolts():
    """2.0039 kA/m are 0.500975 Vpp."""
    snapshot, _ = await converse(SWITCHED_ON, lambda source: source.apply(permit(2.0039)))
    assert snapshot.setpoint_ka_per_m == pytest.approx(2.0)


async def test_on_is_not_sent_where_the_amplitude_was_clipped():
    pairs = [bswv("0.4V", words="C1:BSWV AMP,0.500\n")]
    _, link = await refused(errors.ProtocolError, pairs, lambda s: s.apply(permit(2.0)))
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("field", [0.0, 0.0079])
async def test_what_is_below_the_least_amplitude_is_off(field):
    """2 mVpp is the least, so 0 is no amplitude."""

    async def act(source):
        await source.apply(permit(2.0))
        return await source.apply(permit(field))

    snapshot, _ = await converse([*SWITCHED_ON, OFF, outp(), bswv("0.5V")], act)
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)


@pytest.mark.parametrize("field", [5.001, -0.001, math.nan, math.inf])
async def test_above_the_prepared_limit_nothing_is_sent(field):
    """It has no limit of its own: the driver keeps it."""
    await refused(errors.RangeRefusedError, [], lambda source: source.apply(permit(field)))


async def test_before_prepare_nothing_is_sent():
    with expected_wire(OPENING) as wire:
        source = SPEC.make(Link(wire), SETUP)
        await source.open()
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(0.1))


async def test_a_permit_that_expired_is_not_sent():
    now_s = asyncio.get_running_loop().time()
    await refused(
        errors.RangeRefusedError, [], lambda source: source.apply(permit(2.0, now_s - 0.001))
    )


@pytest.mark.parametrize("turned", TURNED, ids=str)
async def test_whatever_was_turned_at_the_front_panel_is_unconfirmed(turned):
    """(H21)"""
    pairs = [outp(), bswv(**turned)]
    _, link = await refused(errors.ProtocolError, pairs, lambda source: source.poll())
    assert link.state is LinkState.DIRTY


async def test_off_is_told_whatever_is_set():
    """Noise has neither amplitude nor frequency (PG02-E05C 3.4)."""
    noise = (b"C1:BSWV?\n", b"C1:BSWV WVTP,NOISE,STDEV,0.23V,MEAN,0V,BANDSTATE,OFF\n")
    snapshot, _ = await converse([OFF, outp(), noise], lambda source: source.off())
    assert (snapshot.output_on, snapshot.setpoint_ka_per_m) == (False, 0.0)
    assert snapshot.frequency_hz is None


async def test_an_output_that_stays_on_without_an_amplitude_is_no_off():
    noise = (b"C1:BSWV?\n", b"C1:BSWV WVTP,NOISE,STDEV,0.23V,MEAN,0V,BANDSTATE,OFF\n")
    pairs = [OFF, outp("ON"), noise]
    await refused(errors.ProtocolError, pairs, lambda source: source.off())


GOOD = "C1:BSWV WVTP,SINE,FRQ,100000HZ,AMP,0.002V,OFST,0V"


async def test_keys_in_any_order_and_unknown_ones_are_taken():
    """Firmware adds keys: AMPVRMS, MAX_OUTPUT_AMP."""
    text = b"C1:BSWV OFST,0V,AMP,0.002V,MAX_OUTPUT_AMP,4.6V,NEW,x,WVTP,SINE,FRQ,1E5HZ\n"
    pairs = [outp(), (b"C1:BSWV?\n", text)]
    snapshot, _ = await converse(pairs, lambda source: source.poll())
    assert snapshot.frequency_hz == pytest.approx(100_000.0)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("0.002V", "nan"),
        GOOD.replace("0.002V", "2MV"),
        GOOD.replace("0.002V", "0.002HZ"),
        GOOD.replace("0.002V", ""),
        GOOD.replace("0.002V", "0,002V"),
        GOOD.replace("AMP,0.002V,", ""),
        GOOD.replace("100000HZ", "100KHZ"),
        GOOD + ",PHSE",
        GOOD + ",AMP,0.002V",
        GOOD.replace("C1", "C2"),
        GOOD.replace("BSWV", "OUTP"),
        "WVTP,SINE,FRQ,100000HZ,AMP,0.002V,OFST,0V",
        "\x07",
        "Siglent Technologies,SDG2042X,SIM0001,2.01",
    ],
)
async def test_what_is_no_list_of_this_channel_is_no_reading(text):
    """(H03, H11)"""
    pairs = [outp(), (b"C1:BSWV?\n", text.encode() + b"\n")]
    _, link = await refused(errors.ProtocolError, pairs, lambda source: source.poll())
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("said", ["1", "", "ONE", "on"])
async def test_an_output_is_on_or_off(said):
    await refused(errors.ProtocolError, [outp(said), bswv()], lambda source: source.poll())


async def test_an_odd_list_of_the_output_is_no_reading():
    await refused(errors.ProtocolError, [outp("OFF,OFF")], lambda source: source.poll())


# ---- with the twin -----------------------------------------------------------------------------


def now():
    return asyncio.get_running_loop().time()


async def bench():
    """A twin and a driver, open and prepared for 5 kA/m."""
    twin = SiglentSdgTwin(start_s=now())
    link = Link(MemoryTransport(twin, "twin", baud=SPEC.baud))
    source = SPEC.make(link, SETUP)
    await source.open()
    await source.prepare(5.0)
    return twin, source, link


def test_what_was_asked_for_comes_out():
    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        await asyncio.sleep(0.1)
        assert twin.stage.current(now()) == pytest.approx(3.0)
        await source.close()
        assert twin.stage.current(now()) == 0.0

    run_virtual(main())


@pytest.mark.parametrize(
    "knob",
    ["vpp:1.0", "freq:5e4", "wave:SQUARE", "wave:NOISE", "offset:0.1", "load:HZ"],
)
def test_what_an_operator_turns_is_seen(knob):
    """An amplitude by the next poll: an apply sets its own again (H21)."""

    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", knob, now())
        with pytest.raises(errors.ProtocolError):
            await source.poll()
        assert not (await source.off()).output_on
        assert not twin.stage.is_energized

    run_virtual(main())


def test_an_output_that_somebody_switched_off_is_not_switched_on_again():
    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("panel_change", "off", now())
        assert not (await source.poll()).output_on
        with pytest.raises(errors.DeviceError):
            await source.apply(permit(3.0))
        assert not twin.stage.is_energized

    run_virtual(main())


def test_a_reboot_is_seen_in_what_is_set():
    """It has no flag for it, but its power-on wave is not ours (H24)."""

    async def main():
        twin, source, _ = await bench()
        await source.apply(permit(3.0))
        twin.inject("reboot", "", now())
        with pytest.raises(errors.DeviceError):
            await source.poll()
        assert not twin.stage.is_energized
        await source.open()
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(3.0))

    run_virtual(main())


@pytest.mark.parametrize("wait_s", [0.0005 * n for n in range(0, 60, 2)])
def test_whenever_an_off_comes_it_is_the_last_word(wait_s):
    """Also between the amplitude and ON, which go out one after the other (H16)."""

    async def main():
        twin, source, _ = await bench()
        poll = asyncio.create_task(source.poll())
        await asyncio.sleep(0)
        task = asyncio.create_task(source.apply(permit(3.0)))
        await asyncio.sleep(wait_s)
        assert not (await source.off()).output_on
        await asyncio.gather(poll, task, return_exceptions=True)
        assert not twin.stage.is_energized

    run_virtual(main())


def test_off_goes_out_on_a_link_that_is_out_of_step():
    async def main():
        twin, source, link = await bench()
        await source.apply(permit(3.0))
        link.distrust()
        assert not (await source.off()).output_on
        assert not twin.stage.is_energized

    run_virtual(main())


def test_nothing_is_sent_that_the_guide_does_not_define():
    """An undefined query may hang the generator: no *ESE, no SYST:ERR?, no *CLS."""

    async def main():
        twin, source, link = await bench()
        heard, answer = [], twin.answer

        def listening(line, t, client):
            heard.append(line.split()[0])
            return answer(line, t, client)

        twin.answer = listening
        await source.open()
        await source.prepare(5.0)
        await source.apply(permit(3.0))
        link.distrust()
        await source.poll()
        await source.off()
        await source.close()
        known = {b"*IDN?", *(b"C1:" + word for word in (
            b"OUTP", b"OUTP?", b"BSWV", b"BSWV?", b"MDWV", b"SWWV", b"BTWV"))}  # fmt: skip
        assert set(heard) == known

    run_virtual(main())
