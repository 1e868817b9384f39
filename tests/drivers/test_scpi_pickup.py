# SPDX-License-Identifier: Apache-2.0
"""A pick-up coil on a scope: InfiniiVision and TDS programmer's manuals, partly from memory."""

import asyncio
import math

import pytest

from drivers.scpi_pickup import MU_0, SPEC, PickupOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from sim_hardware.devices.auxiliaries.scope import ScopeTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.scpi_pickup import (
    CASES,
    GENERIC,
    HERTZ,
    KEYSIGHT,
    KEYSIGHT_IDN,
    RIGOL_IDN,
    TEKTRONIX,
    TEKTRONIX_IDN,
    VOLTS,
)
from tests.support import run_virtual

COIL = PickupOptions(area_cm2=1.0)
TEK = PickupOptions(area_cm2=1.0, dialect="tektronix")
TEN_KA_PER_M_VPP = 1.579
"""10 kA/m at 100 kHz through one turn of 1 cm² are 0.79 V peak (reference note on physics)."""


async def polled(answer, options=COIL, idn=KEYSIGHT_IDN, line=KEYSIGHT):
    """Open with this answer, then get it once more."""
    with expected_wire([idn, (line, answer), (line, answer)]) as wire:
        link = Link(wire)
        pickup = SPEC.make(link, Setup((), options))
        await pickup.open()
        return await pickup.poll(), link


@pytest.mark.parametrize("case", CASES)
async def test_it_conforms(case):
    assert await conformance(SPEC, case.opening, case.setup) == ()


@pytest.mark.parametrize(
    ("idn", "line", "options", "maker"),
    [
        (KEYSIGHT_IDN, KEYSIGHT, COIL, "KEYSIGHT TECHNOLOGIES"),
        (TEKTRONIX_IDN, TEKTRONIX, TEK, "TEKTRONIX"),
    ],
)
async def test_open_identifies_and_reads_once(idn, line, options, maker):
    answer = b"0.002;9.9E37;+8;AUTO;+0\n" if options is COIL else b"2.0E-3;9.9E37;1;17\n"
    with expected_wire([idn, (line, answer)]) as wire:
        identity = await SPEC.make(Link(wire), Setup((), options)).open()
    assert (identity.maker, identity.serial, identity.is_simulated) == (maker, "SIM0003", True)
    assert wire.written == [b"*IDN?\n", line]


@pytest.mark.parametrize("answer", [TEKTRONIX_IDN[1], RIGOL_IDN[1], b"1;2;8;AUTO;1\n"])
async def test_another_maker_hears_the_question_only(answer):
    """H20."""
    pairs = [(b"*IDN?\n", answer)] * 2
    with expected_wire(pairs) as wire, pytest.raises(errors.IdentityError):
        await SPEC.make(Link(wire), Setup((), COIL)).open()
    assert set(wire.written) == {b"*IDN?\n"}


@pytest.mark.parametrize(
    ("quantity", "words", "volts"),
    [
        ("vpp", b"VPP? ", TEN_KA_PER_M_VPP),
        ("amplitude", b"VAMP? ", TEN_KA_PER_M_VPP),
        ("vrms", b"VRMS? DISP,AC,", TEN_KA_PER_M_VPP / 8.0**0.5),
    ],
)
async def test_each_quantity_becomes_the_peak(quantity, words, volts):
    """InfiniiVision: MEASure:VRMS? <interval>,<type>,<source>; AC is without the offset."""
    options = PickupOptions(area_cm2=1.0, quantity=quantity)
    line = KEYSIGHT.replace(b"VPP? ", words)
    answer = f"{volts:+.5E};+1.00000E+05;+8;AUTO;+1\n".encode()
    reading, link = await polled(answer, options, line=line)
    assert reading.measured_ka_per_m == pytest.approx(10.0, rel=1e-3)
    assert (reading.frequency_hz, reading.is_ready, reading.faults) == (1e5, True, ())
    assert (reading.at, reading.seq) == (link.answered_at, 2)


@pytest.mark.parametrize("quantity", ["PK2PK", "AMPLITUDE", "CRMS"])
async def test_the_same_in_tektronix_words(quantity):
    """TDS200/1000/2000: MEASUrement:IMMed:TYPe; headers are off in each line, not once."""
    named = {"PK2PK": "vpp", "AMPLITUDE": "amplitude", "CRMS": "vrms"}[quantity]
    options = PickupOptions(area_cm2=2.0, turns=5, channel=2, dialect="tektronix", quantity=named)
    line = TEKTRONIX.replace(b"PK2PK", quantity.encode()).replace(b"CH1", b"CH2")
    volts = 10.0 * TEN_KA_PER_M_VPP / (8.0**0.5 if named == "vrms" else 1.0)
    answer = f"{volts:.4E};1.0E5;1;17\n".encode()
    reading, _ = await polled(answer, options, TEKTRONIX_IDN, line)
    assert reading.measured_ka_per_m == pytest.approx(10.0, rel=1e-3)


async def test_a_lower_frequency_means_a_stronger_field():
    volts = TEN_KA_PER_M_VPP
    reading, _ = await polled(f"{volts:E};8.0E4;8;AUTO;1\n".encode())
    assert reading.measured_ka_per_m == pytest.approx(12.5, rel=1e-3)
    assert reading.frequency_hz == 8e4
    assert 0.5 * volts / (math.tau * 1e5 * 1e-4 * MU_0) == pytest.approx(1e4, rel=1e-3)


@pytest.mark.parametrize(
    "token", ["9.9E37", "+9.9E+37", "9.91E37", "-9.9E37", "nan", "NAN", "inf", "****", "--", "-0.1"]
)
async def test_an_amplitude_that_is_none_is_no_field(token):
    """H03: never 0, never a huge number; and then no frequency either."""
    reading, link = await polled(f"{token};1.0E5;8;AUTO;1\n".encode())
    assert (reading.measured_ka_per_m, reading.frequency_hz) == (None, None)
    assert reading.is_ready
    assert link.state is LinkState.CLEAN


@pytest.mark.parametrize("hertz", ["9.9E37", "9.91E37", "****", "nan", "-5", "0", "1.2E6", "2.0E5"])
@pytest.mark.parametrize(("volts", "field"), [(0.002, 0.01267), (0.0, 0.0), (0.03, None)])
async def test_without_edges_a_small_amplitude_is_small_and_a_large_one_is_unknown(
    hertz, volts, field
):
    """Off, nothing is counted, or noise or a harmonic, which would hide half of a field (H22)."""
    reading, _ = await polled(f"{volts:E};{hertz};8;AUTO;1\n".encode())
    if field is None:
        assert (reading.measured_ka_per_m, reading.frequency_hz) == (None, None)
    else:
        assert reading.measured_ka_per_m == pytest.approx(field, abs=1e-5)
        assert reading.frequency_hz == 1e5


@pytest.mark.parametrize(
    ("answer", "options", "idn", "line"),
    [
        (b"1.5;1.0E5;0;AUTO;1\n", COIL, KEYSIGHT_IDN, KEYSIGHT),
        (b"1.5;1.0E5;+32;AUTO;1\n", COIL, KEYSIGHT_IDN, KEYSIGHT),
        (b"1.5;1.0E5;+40;NORM;1\n", COIL, KEYSIGHT_IDN, KEYSIGHT),
        (b"1.5;1.0E5;0;17\n", TEK, TEKTRONIX_IDN, TEKTRONIX),
    ],
)
async def test_a_scope_that_stands_still_is_not_ready_and_shows_no_field(
    answer, options, idn, line
):
    """Stopped, or waiting for a trigger: what it shows is old."""
    reading, _ = await polled(answer, options, idn, line)
    assert (reading.is_ready, reading.measured_ka_per_m, reading.frequency_hz) == (
        False, None, None,
    )  # fmt: skip


async def seen(answers, options, idn, line):
    """The sequence numbers of readings that these answers give, the opening's first."""
    with expected_wire([idn, *((line, answer) for answer in answers)]) as wire:
        pickup = SPEC.make(Link(wire), Setup((), options))
        await pickup.open()
        return [(await pickup.poll()).seq for _ in answers[1:]]


async def test_only_a_new_acquisition_is_a_new_reading():
    """Without one it keeps its old time and grows stale (TER?, NUMACq?)."""
    on = [b"1.5;1.0E5;8;AUTO;%d\n" % n for n in (1, 0, 0, 1)]
    assert await seen(on, COIL, KEYSIGHT_IDN, KEYSIGHT) == [1, 1, 2]
    off = [b"0.002;9.9E37;8;AUTO;0\n"] * 3
    assert await seen(off, COIL, KEYSIGHT_IDN, KEYSIGHT) == [2, 3]
    counted = [b"1.5;1.0E5;1;%d\n" % n for n in (17, 17, 17, 18, 3)]
    assert await seen(counted, TEK, TEKTRONIX_IDN, TEKTRONIX) == [1, 1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        b"1.5;1.0E5;8;AUTO",
        b"1.5;1.0E5;8;SING;1",
        b"1.5;1.0E5;8.0;AUTO;1",
        b"1.5;1.0E5;-8;AUTO;1",
        b"1,5;1.0E5;8;AUTO;1",
        b" 1.5;1.0E5;8;AUTO;1",
        b"1.5V;1.0E5;8;AUTO;1",
        b":MEAS:VPP 1.5;1.0E5;8;AUTO;1",
        b"1.\xb25;1.0E5;8;AUTO;1",
        b"2",
        b"1.5;1.0E5;8;AUTO;1;1",
    ],
)
async def test_only_a_whole_answer_counts(answer):
    """H11, H12."""
    pairs = [KEYSIGHT_IDN, CASES[0].opening[1], (KEYSIGHT, answer + b"\n")]
    with expected_wire(pairs) as wire:
        link = Link(wire)
        pickup = SPEC.make(link, Setup((), COIL))
        await pickup.open()
        with pytest.raises(errors.ProtocolError):
            await pickup.poll()
    assert link.state is LinkState.DIRTY


async def test_any_other_instrument_is_asked_twice():
    """Two lines, for not every instrument takes two questions in one; small `e` is a number too."""
    rows = [RIGOL_IDN, (VOLTS, b"1.579e+00\n"), (HERTZ, b"1.0e+05\n")]
    rows += [(VOLTS, b"****\n"), (HERTZ, b"****\n")]
    with expected_wire(rows) as wire:
        pickup = SPEC.make(Link(wire), Setup((), GENERIC))
        await pickup.open()
        assert (await pickup.prepare()).measured_ka_per_m is None
        await pickup.close()


@pytest.mark.parametrize(
    "options",
    [
        {"area_cm2": 0.0},
        {"area_cm2": math.nan},
        {"turns": 0},
        {"channel": 0},
        {"channel": 9},
        {"frequency_hz": 0.0},
        {"floor_ka_per_m": -0.1},
        {"quantity": "peak"},
        {"dialect": "rigol"},
        {"dialect": "generic"},
        {"dialect": "generic", "maker": "R", "volts_query": "V?", "frequency_query": "F"},
        {"dialect": "generic", "maker": "R", "volts_query": "V?\n", "frequency_query": "F?"},
        {"dialect": "generic", "maker": "R", "volts_query": "V?;*RST", "frequency_query": "F?"},
        {"dialect": "generic", "maker": "", "volts_query": "V?", "frequency_query": "F?"},
    ],
)
def test_options_without_sense_are_refused(options):
    with pytest.raises(ValueError, match=r"above 0|or more|one of|quantity|generic needs"):
        PickupOptions(**{"area_cm2": 1.0} | options)


# ---- with its twin -----------------------------------------------------------------------------


def with_twin(act, options=COIL, maker="KEYSIGHT TECHNOLOGIES"):
    async def main():
        loop = asyncio.get_running_loop()
        level = {"field": 0.0}
        twin = ScopeTwin(lambda t: level["field"], lambda t: 1e5, maker=maker)
        pickup = SPEC.make(Link(MemoryTransport(twin, "twin")), Setup((), options))
        await pickup.open()
        await act(pickup, twin, level, loop)
        await pickup.close()

    run_virtual(main())


BOTH = pytest.mark.parametrize(
    ("options", "maker"), [(COIL, "KEYSIGHT TECHNOLOGIES"), (TEK, "TEKTRONIX")]
)


@BOTH
def test_it_follows_the_field(options, maker):
    async def act(pickup, twin, level, loop):
        for field in (0.0, 0.05, 0.5, 5.0, 18.0, 0.0):
            level["field"] = field
            await asyncio.sleep(0.1)
            reading = await pickup.poll()
            assert reading.measured_ka_per_m == pytest.approx(field, abs=0.06)
            assert reading.frequency_hz == 1e5
            assert loop.time() - reading.at < 0.05

    with_twin(act, options, maker)


@BOTH
def test_a_scope_that_hangs_at_full_field_grows_stale(options, maker):
    async def act(pickup, twin, level, loop):
        level["field"] = 5.0
        await asyncio.sleep(0.1)
        twin.inject("freeze", "", loop.time())
        first = await pickup.poll()
        level["field"] = 0.0
        await asyncio.sleep(0.5)
        reading = await pickup.poll()
        assert reading.measured_ka_per_m == pytest.approx(5.0, abs=0.1)
        assert (reading.at, reading.seq) == (first.at, first.seq)
        twin.clear("freeze")
        await asyncio.sleep(0.1)
        assert (await pickup.poll()).measured_ka_per_m == pytest.approx(0.0, abs=0.06)

    with_twin(act, options, maker)


@BOTH
def test_a_stopped_scope_and_a_restart(options, maker):
    """After power-up a Tektronix answers with headers: they are turned off in each line."""

    async def act(pickup, twin, level, loop):
        level["field"] = 5.0
        await asyncio.sleep(0.1)
        twin.inject("panel_change", "stop", loop.time())
        reading = await pickup.poll()
        assert (reading.is_ready, reading.measured_ka_per_m) == (False, None)
        twin.inject("reboot", "", loop.time())
        assert (await pickup.poll()).measured_ka_per_m == pytest.approx(5.0, abs=0.1)

    with_twin(act, options, maker)


def test_a_trigger_that_waits_is_not_ready():
    """On normal sweep the last field stays on the screen after it has ended."""

    async def act(pickup, twin, level, loop):
        level["field"] = 5.0
        await asyncio.sleep(0.1)
        twin.inject("panel_change", "normal", loop.time())
        level["field"] = 0.0
        await asyncio.sleep(0.1)
        assert twin.acquired(loop.time())[0] > 0.5
        assert (await pickup.poll()).measured_ka_per_m is None

    with_twin(act)


def test_a_plug_that_is_out_reads_no_field():
    """It cannot be told from no field here: the source's own word is held against it (H18)."""

    async def act(pickup, twin, level, loop):
        level["field"] = 5.0
        twin.inject("no_signal", "", loop.time())
        await asyncio.sleep(0.1)
        assert (await pickup.poll()).measured_ka_per_m == pytest.approx(0.0, abs=0.06)

    with_twin(act)
