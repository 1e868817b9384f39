# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys, GEN dialect: conversations after the user manual, chapter 7, and its twin."""

import asyncio
import functools
import math

import pytest

from drivers.tdk_genesys import SPEC, Fault, GenesysOptions, Status
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.gen import ERRORS, SUM_RESIDUAL, checked, judged
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.command import Permit
from tests.drivers.cases.tdk_genesys import OFF, OK, OPENING, SETUP, line, state
from tests.support import run_virtual
from tests.unit.devices.wires import Wire

ON = (line("OUT?"), line("ON"))
PREPARED = (
    (line("OUT OFF"), OK), (line("AST OFF"), OK), (line("PC 0.000"), OK),
    OFF, (line("STT?"), state("0.000")),
)  # fmt: skip


def virtual(test):
    """Run it in virtual time: five milliseconds between commands cost nothing then."""

    @functools.wraps(test)
    def run(*arguments, **named):
        return run_virtual(test(*arguments, **named))

    return run


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


async def refused(kind, pairs, act, match=None):
    """The same, where acting must raise."""

    async def must_raise(source):
        with pytest.raises(kind, match=match) as caught:
            await act(source)
        return caught.value

    return await converse(pairs, must_raise)


def set_to(amps, switch=(), after=ON, **changes):
    """One apply: the amperes, perhaps OUT ON, then OUT? and STT?."""
    on = [(line("OUT ON"), OK)] if switch else []
    shown = state(amps, sr="06", mc=amps, **changes)
    return [(line(f"PC {amps}"), OK), *on, after, (line("STT?"), shown)]


@virtual
async def test_it_conforms():
    assert await conformance(SPEC, OPENING, SETUP, 3) == ()


@virtual
async def test_identity_is_a_dialogue_of_three():
    """ADR is answered OK by anything; IDN? tells the model, SN? the serial number (H03)."""
    with expected_wire(OPENING) as wire:
        identity = await SPEC.make(Link(wire), SETUP).open()
    assert (identity.maker, identity.model, identity.serial) == (
        "TDK-Lambda", "GEN40-38", "SIM0001",
    )  # fmt: skip
    assert identity.is_simulated


@pytest.mark.parametrize(
    ("question", "answer"),
    [("AST?", "ON"), ("RMT?", "LOC"), ("FENA?", "80"), ("SENA?", "08"), ("OUT?", "ON")],
)
@virtual
async def test_open_reads_back_what_must_not_be(question, answer):
    """Automatic restart above all: it would switch on after a mains failure (H24)."""
    pairs = [(sent, line(answer) if sent == line(question) else reply) for sent, reply in OPENING]
    with expected_wire(pairs) as wire:
        link = Link(wire)
        with pytest.raises(errors.ProtocolError):
            await SPEC.make(link, SETUP).open()
    assert link.state is LinkState.DIRTY


@pytest.mark.parametrize("shown", [state(pv="40"), state(pc="9")])
@virtual
async def test_open_reads_back_volts_and_amperes(shown):
    pairs = [*OPENING[:-1], (line("STT?"), shown)]
    with expected_wire(pairs) as wire, pytest.raises(errors.ProtocolError):
        await SPEC.make(Link(wire), SETUP).open()


@virtual
async def test_amperes_become_field_both_ways():
    """0.3 kA/m per ampere: 3 kA/m is 10 A; OUT ON is sent once after an own OFF."""
    pairs = [*set_to("10.000", "ON"), *set_to("12.000")]

    async def act(source):
        return await source.apply(permit(3.0)), await source.apply(permit(3.6))

    (first, second), link = await converse(pairs, act)
    assert first.setpoint_ka_per_m == pytest.approx(3.0)
    assert second.measured_ka_per_m == pytest.approx(3.6)
    assert (first.output_on, first.watchdog_on, first.limit_ka_per_m) == (True, None, None)
    assert (first.frequency_hz, second.seq) == (None, first.seq + 1)
    assert second.at == link.answered_at


@virtual
async def test_the_frequency_is_what_the_inverter_has():
    options = GenesysOptions(field_ka_per_m_per_a=0.3, volts_max=30.0, inverter_frequency_hz=1e5)
    with expected_wire([*OPENING, OFF, (line("STT?"), state())]) as wire:
        source = SPEC.make(Link(wire), Setup((), options))
        await source.open()
        assert (await source.poll()).frequency_hz == 1e5


@pytest.mark.parametrize("field", [5.001, -0.001, math.nan, math.inf])
@virtual
async def test_above_the_prepared_limit_nothing_is_sent(field):
    """The supply has no limit but the set current itself: the driver keeps it."""
    await refused(errors.RangeRefusedError, [], lambda source: source.apply(permit(field)))


@virtual
async def test_before_prepare_no_field_at_all():
    with expected_wire(OPENING) as wire:
        source = SPEC.make(Link(wire), SETUP)
        await source.open()
        with pytest.raises(errors.RangeRefusedError):
            await source.apply(permit(0.1))


@virtual
async def test_a_permit_that_expired_is_not_sent():
    now = asyncio.get_running_loop().time()
    await refused(
        errors.RangeRefusedError, [], lambda source: source.apply(permit(3.0, now - 0.001))
    )


@pytest.mark.parametrize("word", ERRORS)
@virtual
async def test_error_words_are_faults_in_words(word):
    """Tables 7-1 and 7-2: what is refused is never taken for done (H13)."""
    pairs = [(line("PC 10.000"), line(word))]
    error, _ = await refused(
        errors.DeviceFault, pairs, lambda source: source.apply(permit(3.0)), word
    )
    assert ERRORS[word] in str(error)


@virtual
async def test_switching_on_during_a_fault_is_refused_by_name():
    pairs = [(line("PC 10.000"), OK), (line("OUT ON"), line("E07"))]
    await refused(
        errors.DeviceFault, pairs, lambda source: source.apply(permit(3.0)), "during a fault"
    )


@virtual
async def test_an_output_that_went_off_by_itself_is_not_switched_on_again():
    pairs = [*set_to("10.000", "ON"), *set_to("10.000", after=OFF)]

    async def act(source):
        await source.apply(permit(3.0))
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(3.0))

    await converse(pairs, act)


@virtual
async def test_amperes_that_read_back_otherwise_are_unconfirmed():
    """PC comes back as it was sent (`PV?` in the manual): anything else is another's."""
    pairs = [(line("PC 10.000"), OK), (line("OUT ON"), OK), ON, (line("STT?"), state("10.01"))]
    _, link = await refused(errors.ProtocolError, pairs, lambda source: source.apply(permit(3.0)))
    assert link.state is LinkState.DIRTY


@virtual
async def test_off_goes_ahead_bare_and_again_with_a_sum():
    """The bare OFF's `OK` belongs to nobody; that of the second is waited for (H16)."""
    pairs = [
        (b"\rOUT OFF\r", b"OK\rOK\r"), (line("OUT OFF"), OK), OFF, (line("STT?"), state("10.0")),
    ]  # fmt: skip
    snapshot, link = await converse(pairs, lambda source: source.off())
    assert not snapshot.output_on
    assert (link.state, link.tally.unsolicited) == (LinkState.CLEAN, 2)


@virtual
async def test_service_requests_are_no_answers():
    """`!nn` may come at any time, in the middle of a dialogue too (manual 7.8.3; H12)."""
    pairs = [(line("OUT?"), b"!06\r" + line("OFF")), (line("STT?"), b"!06$8B\r" + state("1"))]
    snapshot, link = await converse(pairs, lambda source: source.poll())
    assert snapshot.setpoint_ka_per_m == pytest.approx(0.3)
    assert link.tally.unsolicited == 2


@pytest.mark.parametrize(
    ("sr", "fr", "faults", "interlocks"),
    [
        ("06", "00", (), ()),
        ("05", "00", (), ()),
        ("26", "00", (), ()),  # FDE: armed, not tripped
        ("08", "02", ("mains",), ()),
        ("08", "04", ("over_temperature",), ()),
        ("08", "08", ("protection",), ()),
        ("08", "10", ("over_voltage",), ()),
        ("08", "20", ("shut_off",), ()),
        ("08", "40", ("inhibited",), ()),
        ("08", "80", (), ("run_permit",)),
        ("14", "00", ("protection",), ()),
        ("84", "00", ("communication",), ()),
        ("44", "01", ("bit_0", "bit_6"), ()),  # bits that the manual calls spare
    ],
)
@virtual
async def test_every_status_bit_has_a_word(sr, fr, faults, interlocks):
    pairs = [OFF, (line("STT?"), state(sr=sr, fr=fr))]
    snapshot, _ = await converse(pairs, lambda source: source.poll())
    assert (snapshot.faults, snapshot.interlocks_open) == (faults, interlocks)


def test_fault_bits_are_those_of_the_manual():
    assert {flag.name: flag.value for flag in (*Fault, *Status)} == {
        "MAINS": 2, "OVER_TEMPERATURE": 4, "OVER_VOLTAGE": 16, "SHUT_OFF": 32, "INHIBITED": 64,
        "PROTECTION": 16, "COMMUNICATION": 128,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "MV(0.0),PV(30),MC(nan),PC(1),SR(04),FR(00)",
        "MV(0.0),PV(30),MC(),PC(1),SR(04),FR(00)",
        "MV(0.0),PV(30),MC(-1.0),PC(1),SR(04),FR(00)",
        "MV(0.0),PV(30),MC(1,0),PC(1),SR(04),FR(00)",
        "MV(0.0),PV(30),MC(1e3),PC(1),SR(04),FR(00)",
        "MV(0.0),PV(30),MC(1.0),PC(1),SR(4),FR(00)",
        "MV(0.0),PV(30),MC(1.0),PC(1),SR(04)",
        " MV(0.0),PV(30),MC(1.0),PC(1),SR(04),FR(00)",
        "LAMBDA,GEN40-38",
        "OK",
        "ON",
    ],
)
@virtual
async def test_what_is_no_state_is_no_reading(text):
    """Right checksum, wrong answer: late, another's or a firmware that nobody knows (H03, H11)."""
    _, link = await refused(
        errors.ProtocolError, [OFF, (line("STT?"), line(text))], lambda source: source.poll()
    )
    assert link.state is LinkState.DIRTY


# ---- the checksum ------------------------------------------------------------------------------


def test_the_manual_s_own_checksums():
    assert checked("STT?") == b"STT?$3A\r"
    assert checked("STAT?") == b"STAT?$7B\r"


def test_no_single_wrong_bit_passes():
    link, good = Link(Wire(lambda _: [])), state("10.000")[:-1]
    assert judged(link, good).startswith("MV(")
    for position in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[position] ^= 1 << bit
            with pytest.raises(errors.ProtocolError):
                judged(link, bytes(bad))


def test_what_the_checksum_cannot_see():
    """One sum of 256 is right by chance, and a sum does not see an exchange of characters."""
    link = Link(Wire(lambda _: []))
    passed = 0
    for value in range(256):
        try:
            passed += judged(link, b"12.5$%02X" % value) == "12.5"
        except errors.ProtocolError:
            continue
    assert passed == 256 * SUM_RESIDUAL
    assert judged(link, b"21.5" + checked("12.5")[4:-1]) == "21.5"


@pytest.mark.parametrize(
    "changes",
    [
        {"field_ka_per_m_per_a": 0.0},
        {"volts_max": -1.0},
        {"address": 31},
        {"inverter_frequency_hz": 0.0},
        {"field_ka_per_m_per_a": math.nan},
    ],
)
def test_options_out_of_range(changes):
    with pytest.raises(ValueError, match=r"above 0|0 to 30"):
        GenesysOptions(**{"field_ka_per_m_per_a": 0.3, "volts_max": 30.0} | changes)
