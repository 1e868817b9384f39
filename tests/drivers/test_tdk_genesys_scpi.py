# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda GENESYS+ in SCPI: conversations after its manuals, and its twin."""

import asyncio
import math

import pytest

from drivers.tdk_genesys_scpi import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dc_feed import FeedOptions
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import Rehearsal, conformance, expected_wire, rehearse
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.tdk_genesys_scpi import (
    ASK,
    FIRST,
    IDN,
    NO_ERROR,
    OPENING,
    SETS,
    SETUP,
    state,
)
from tests.support import run_virtual

PREPARED = (b":OUTP OFF;:CURR 0.0000;" + ASK, state())
COMMANDS_MAX = 20


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


async def test_it_conforms():
    assert await conformance(SPEC, OPENING, SETUP) == ()


@pytest.mark.parametrize("chunk_max", [0, 1, 5])
def test_it_meets_its_twin(chunk_max):
    async def main():
        twin = GenesysScpiTwin(start_s=asyncio.get_running_loop().time())

        def connect():
            return MemoryTransport(twin, "twin", baud=SPEC.baud, chunk_max=chunk_max, seed=7)

        return await rehearse(Rehearsal(SPEC, connect, permit, SETUP))

    assert run_virtual(main()) == ()


async def test_identity():
    with expected_wire(OPENING) as wire:
        identity = await SPEC.make(Link(wire), SETUP).open()
    assert (identity.maker, identity.model, identity.serial) == (
        "TDK-Lambda", "G160-100", "SIM0001",
    )  # fmt: skip


@pytest.mark.parametrize(
    "shown", [state(dog="OFF"), state(dog_s="2"), state(output="ON"), state(amps="3.0")]
)
async def test_open_reads_back_watchdog_output_and_amperes(shown):
    """GH manual page 163: 1 to 3600 s; it must run, with 1 s, after every open (H26)."""
    pairs = [IDN, FIRST, (SETS, b""), (ASK, shown), NO_ERROR]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


async def test_open_stops_at_a_queued_error():
    """A supply without a watchdog does not know the header: it must not pass for one that has."""
    error = (b"SYST:ERR?\n", b'-100,"Command Error;address 06"\n')
    pairs = [*OPENING[:-1], error]
    with expected_wire(pairs) as wire, pytest.raises(errors.DeviceFault, match="-100"):
        await SPEC.make(Link(wire), SETUP).open()


@pytest.mark.parametrize("on", ["1", "ON"])
async def test_amperes_become_field_both_ways(on):
    """0.3 kA/m per ampere; booleans are taken in either form."""
    pairs = [
        (b":CURR 10.0000;:OUTP ON;" + ASK, state("10.0", on, dog="1" if on == "1" else "ON")),
        (b":CURR 12.0000;" + ASK, state("12.0", on, measured="11.9")),
    ]

    async def act(source):
        return await source.apply(permit(3.0)), await source.apply(permit(3.6))

    (first, second), _ = await converse(pairs, act)
    assert first.setpoint_ka_per_m == pytest.approx(3.0)
    assert second.measured_ka_per_m == pytest.approx(3.57)
    assert (first.output_on, first.watchdog_on) == (True, True)


@pytest.mark.parametrize("field", [5.001, -0.001, math.nan, math.inf])
async def test_above_the_prepared_limit_nothing_is_sent(field):
    await refused(errors.RangeRefusedError, [], lambda source: source.apply(permit(field)))


@pytest.mark.parametrize("limit", [-1.0, math.nan, math.inf, 1e3])
async def test_a_limit_that_is_no_amplitude_is_refused(limit):
    await refused(errors.RangeRefusedError, [], lambda source: source.prepare(limit))


@pytest.mark.parametrize(
    ("bit", "word"),
    list(
        enumerate(
            "bit_0 mains over_temperature protection over_voltage shut_off inhibited"
            " external_inhibit run_permit under_voltage bit_10 bit_11 bit_12 bit_13 bit_14"
            " watchdog".split()
        )
    ),
)
async def test_every_status_bit_has_a_word(bit, word):
    """G+ manual page 179, table 6-1; bit 15 although SCPI-1999 keeps it 0."""
    pairs = [(ASK, state(ques=str(1 << bit), output="ON"))]
    snapshot, _ = await converse(pairs, lambda source: source.poll())
    assert snapshot.faults + snapshot.interlocks_open == (word,)
    assert snapshot.output_on == word.startswith("bit_")  # what has no name proves nothing


@pytest.mark.parametrize("text", ["nan", "inf", "", "1,0", "1.0A", "***", "0x10", "1_0", "1 "])
async def test_what_is_no_number_is_no_reading(text):
    """H03, H11."""
    _, link = await refused(
        errors.ProtocolError, [(ASK, state(measured=text))], lambda source: source.poll()
    )
    assert link.state is LinkState.DIRTY


def test_no_more_than_twenty_commands_before_a_query():
    """LAN manual: more may be lost."""
    for sent, _ in OPENING:
        for text in sent.decode().splitlines():
            units = text.split(";")
            first_query = next((n for n, unit in enumerate(units) if "?" in unit), len(units))
            assert first_query < COMMANDS_MAX


# ---- with the twin -----------------------------------------------------------------------------


def now():
    return asyncio.get_running_loop().time()


async def bench():
    """A twin and a driver, open and prepared."""
    twin = GenesysScpiTwin(start_s=now())
    transport = MemoryTransport(twin, "twin", baud=SPEC.baud)
    source = SPEC.make(Link(transport), SETUP)
    await source.open()
    await source.prepare(5.0)
    return twin, source


@pytest.mark.shows("source_watchdog")
def test_silence_of_a_second_trips_and_clearing_sends_off_first():
    """Page 163: off, error 342, bit 15, ended by OUTP:PROT:CLE (H23, H26)."""

    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        for _ in range(20):
            await asyncio.sleep(0.9)
            assert (await source.poll()).output_on
        await asyncio.sleep(1.01)
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.faults) == (False, ("watchdog",))
        with pytest.raises(errors.DeviceFault, match="342"):
            await source.apply(permit(3.0))
        assert (await source.prepare(5.0)).faults == ("watchdog",)
        cleared = await source.prepare(5.0, clear=True)
        assert (cleared.faults, cleared.output_on) == ((), False)
        assert (await source.apply(permit(3.0))).output_on
        await source.close()
        assert not twin.stage.is_energized

    run_virtual(main())


def test_off_stands_before_clear_in_the_line():
    async def main():
        twin, source = await bench()
        lines, feed = [], twin.feed

        def noted(data, t, client=0):
            lines.append(data)
            return feed(data, t, client)

        twin.feed = noted
        await source.prepare(5.0, clear=True)
        (line,) = [data for data in lines if b"PROT:CLE" in data]
        assert line.index(b"OUTP OFF") < line.index(b"PROT:CLE")

    run_virtual(main())


def test_a_reboot_with_auto_start_is_seen_and_switched_off_by_open():
    """Auto-start is set at the panel: the output comes back, the watchdog does not (H24)."""

    async def main():
        twin, source = await bench()
        before = (await source.apply(permit(3.0))).boot
        twin.inject("panel_change", "auto_start:on", now())
        twin.inject("reboot", "", now())
        snapshot = await source.poll()
        assert (snapshot.boot, snapshot.output_on, snapshot.watchdog_on) == (
            before + 1, True, False,
        )  # fmt: skip
        await source.open()
        assert not twin.stage.is_energized
        assert (await source.poll()).watchdog_on

    run_virtual(main())


@pytest.mark.parametrize(
    ("name", "word"), [("enable", "run_permit"), ("interlock", "external_inhibit")]
)
def test_open_contacts_are_interlocks(name, word):
    async def main():
        twin, source = await bench()
        await source.apply(permit(3.0))
        twin.inject("input", f"{name}:open", now())
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.interlocks_open) == (False, (word,))
        twin.inject("input", f"{name}:closed", now())
        snapshot = await source.poll()
        assert (snapshot.output_on, snapshot.interlocks_open) == (False, ())
        await source.off()
        assert (await source.apply(permit(3.0))).output_on

    run_virtual(main())


def test_the_volts_are_what_bounds_it():
    """10 V over the 0.5 ohm of coil and inverter: 20 A are all that flows, whatever is set."""

    async def main():
        options = FeedOptions(field_ka_per_m_per_a=0.1, volts_max=10.0, inverter_frequency_hz=1e5)
        twin = GenesysScpiTwin(start_s=now(), field_a_per_m_per_a=100.0)
        source = SPEC.make(Link(MemoryTransport(twin, "twin")), Setup((), options))
        await source.open()
        await source.prepare(5.0)
        await source.apply(permit(3.0))
        await asyncio.sleep(0.3)
        snapshot = await source.poll()
        assert snapshot.setpoint_ka_per_m == pytest.approx(3.0)
        assert snapshot.measured_ka_per_m == pytest.approx(2.0, abs=0.01)
        assert snapshot.frequency_hz == 1e5

    run_virtual(main())
