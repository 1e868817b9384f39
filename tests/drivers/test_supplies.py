# SPDX-License-Identifier: Apache-2.0
"""Supplies before an inverter: Genesys (GEN and SCPI) and Keysight N7900, from their manuals."""

import asyncio
import math

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.devices.gen import ERRORS, checked
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import keysight_n7900, played, tdk_genesys, tdk_genesys_scpi
from tests.support import run_virtual

(GEN,), (PLUS,), (N7900,) = tdk_genesys.CASES, tdk_genesys_scpi.CASES, keysight_n7900.CASES
line = tdk_genesys.line


def leave(field_ka_per_m, expires_at=math.inf):
    return Permit(field_ka_per_m, 1, expires_at)


def stt(amps="0", measured="0.0000", status="04", fault="00"):
    text = f"MV(0.000),PV(30),MC({measured}),PC({amps}),SR({status}),FR({fault})"
    return line("STT?"), line(text)


def out(state):
    return line("OUT?"), line(state)


# ---- GEN -----------------------------------------------------------------------------------


def test_the_manuals_checksums():
    """Serial chapter: `STT?$3A`, `STAT?$7B`."""
    assert (checked("STT?"), checked("STAT?")) == (b"STT?$3A\r", b"STAT?$7B\r")


@pytest.mark.parametrize("word", ERRORS)
async def test_an_error_word_is_the_supplys_own(word):
    with pytest.raises(DeviceFault, match=word):
        await played(GEN, [(line("OUT?"), line(word))], lambda driver: driver.poll())


@pytest.mark.parametrize("reply", [b"ON$00\r", b"ON\r", b"OM$9D\r", b"$00\r"])
async def test_a_wrong_sum_is_not_believed(reply):
    """H12."""
    with pytest.raises(ProtocolError):
        await played(GEN, [(line("OUT?"), reply)], lambda driver: driver.poll())


async def test_a_service_request_between_question_and_answer_is_skipped():
    """Serial chapter: `!06` may come at any time."""
    pairs = [(line("OUT?"), b"!06\r" + line("OFF")), stt()]
    assert not (await played(GEN, pairs, lambda driver: driver.poll())).output_on


@pytest.mark.parametrize(
    ("fault", "faults", "opened"),
    [
        ("02", ("mains",), ()),
        ("04", ("over_temperature",), ()),
        ("10", ("over_voltage",), ()),
        ("80", (), ("external_inhibit",)),
        ("01", ("bit_0",), ()),
    ],
)
async def test_fault_bits_become_common_words(fault, faults, opened):
    """Serial chapter: bit 7 is the ENABLE contact (H60)."""
    pairs = [out("OFF"), stt(fault=fault)]
    snapshot = await played(GEN, pairs, lambda driver: driver.poll())
    assert (snapshot.faults, snapshot.interlocks_open) == (faults, opened)


async def test_amperes_become_field_and_are_never_rounded_up():
    """5 kA/m at 0.3 kA/m per ampere are 16.666 A (H52)."""
    zero = [(line("OUT OFF"), line("OK")), (line("PC 0.000"), line("OK")), out("OFF"), stt("0.000")]
    start = [(line("PC 16.666"), line("OK")), (line("OUT ON"), line("OK"))]

    async def act(driver):
        await driver.prepare(7.5)
        return await driver.apply(leave(5.0))

    pairs = [*zero, *start, out("ON"), stt("16.666", "16.6660", "06")]
    snapshot = await played(GEN, pairs, act)
    assert snapshot.setpoint_ka_per_m <= 5.0
    assert snapshot.measured_ka_per_m == pytest.approx(5.0, abs=0.001)


async def test_automatic_restart_that_stays_on_refuses_the_supply():
    """With AST ON a mains dip brings the output back by itself (H24)."""
    opening = [pair for pair in GEN.opening if pair[0] != line("AST?")]
    with pytest.raises(ProtocolError):
        await played(
            type(GEN)(GEN.spec, (*opening, (line("AST?"), line("ON"))), GEN.twin, GEN.setup),
            [],
            lambda driver: driver.poll(),
        )


# ---- SCPI with a watchdog ----------------------------------------------------------------------


def on_twin(case, story, **changes):
    """Play a story with the driver and its twin in virtual time."""

    async def main():
        loop = asyncio.get_running_loop()
        twin = case.twin(loop.time())
        driver = case.spec.make(Link(MemoryTransport(twin, "twin")), case.setup)
        await driver.open()
        await driver.prepare(7.5)
        await driver.apply(leave(5.0, loop.time() + 1.0))
        result = await story(driver, twin)
        await driver.close()
        return result

    return run_virtual(main())


@pytest.mark.parametrize("case", [PLUS, N7900], ids=["genesys_plus", "n7900"])
def test_the_watchdog_ends_the_output_when_the_host_is_silent(case):
    """H26, H30: and says so as a fault that only PREPARE clears."""

    async def story(driver, twin):
        await asyncio.sleep(1.1)
        return await driver.poll()

    snapshot = on_twin(case, story)
    assert (snapshot.output_on, snapshot.faults) == (False, ("watchdog",))


@pytest.mark.parametrize("case", [PLUS, N7900], ids=["genesys_plus", "n7900"])
def test_a_prepare_after_the_watchdog_never_heats(case):
    """`OUTP:PROT:CLE` brings back the state before the fault: OFF stands before it (H24)."""

    async def story(driver, twin):
        await asyncio.sleep(1.1)
        snapshot = await driver.prepare(7.5, clear=True)
        return snapshot, twin.stage.is_energized, twin.dc.is_on

    snapshot, is_energized, is_on = on_twin(case, story)
    assert (snapshot.output_on, is_energized, is_on) == (False, False, False)
    assert snapshot.faults == ()


def test_the_n7900_twin_does_bring_the_output_back_when_nothing_was_sent_before():
    """The trap is there: without OFF before CLEar it heats."""

    async def story(driver, twin):
        await asyncio.sleep(1.1)
        twin.feed(b"OUTP:PROT:CLE\n", asyncio.get_running_loop().time())
        return twin.dc.is_on

    assert on_twin(N7900, story)


@pytest.mark.parametrize("case", [PLUS, N7900], ids=["genesys_plus", "n7900"])
def test_the_watchdog_is_volatile_and_set_again_by_every_opening(case):
    """H24: a reboot forgets it, and is counted."""

    async def story(driver, twin):
        before = (await driver.poll()).boot
        twin.inject("reboot", "", asyncio.get_running_loop().time())
        lost = await driver.poll()
        await driver.open()
        return before, lost, await driver.poll()

    before, lost, after = on_twin(case, story)
    assert (lost.watchdog_on, lost.output_on, lost.boot) == (False, False, before + 1)
    assert after.watchdog_on


@pytest.mark.parametrize("case", [PLUS, N7900], ids=["genesys_plus", "n7900"])
def test_above_the_limit_nothing_is_sent(case):
    """H52."""

    async def story(driver, twin):
        with pytest.raises(RangeRefusedError):
            await driver.apply(leave(7.6))

    on_twin(case, story)


@pytest.mark.parametrize("case", [PLUS, N7900], ids=["genesys_plus", "n7900"])
def test_an_open_inhibit_is_an_open_input(case):
    """H60."""

    async def story(driver, twin):
        twin.inject("input", "inhibit:open", asyncio.get_running_loop().time())
        return await driver.poll()

    snapshot = on_twin(case, story)
    assert (snapshot.output_on, snapshot.interlocks_open) == (False, ("external_inhibit",))
