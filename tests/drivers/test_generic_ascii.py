# SPDX-License-Identifier: Apache-2.0
"""The text thermometer by configuration: invented layouts, each like a kind of instrument."""

import asyncio
from dataclasses import replace

import pytest

from drivers.generic_ascii import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.ascii_map import AsciiOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.testing import conformance, expected_wire
from mnht_controller.domain.reading import Quality
from sim_hardware.devices.thermometers.ascii_line import PUSHED, TENTHS, AsciiLineTwin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.generic_ascii import (
    ADDRESSED,
    ALL,
    CASES,
    EACH,
    IDN,
    UNASKED,
    WHO,
    WORDY,
)
from tests.support import run_virtual
from tests.unit.devices.wires import Script, Wire

TWO = (1, 2)


async def sampled(options, *pairs, channels=TWO):
    """Open on the case's own conversation, then sample once."""
    opening = next(case.opening for case in CASES if case.setup.options == options)
    with expected_wire([*opening, *pairs]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup(channels, options))
        await driver.open()
        return await driver.sample(), link


def values(readings):
    return {n: reading.value for n, reading in readings.items()}


# ---- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reply": "T1=("}, "no regular expression"),
        ({"reply": r"T1=(\S+)"}, "groups c1, c2"),
        ({"reply": r"(?P<c0>\S+)"}, "groups c1, c2"),
        ({"reply": r"(?P<value>\S+)"}, "groups c1, c2"),
        ({"reply": r"(?P<c1>\S+) °C"}, "not ASCII"),
        ({"reply": r"T{channel}=(?P<c1>\S+)"}, "not in query"),
        ({"query": r"?T{channel}\r"}, "value"),
        ({"query": r"?T\q"}, r"\\q is none of"),
        ({"query": "?T\\"}, "none of"),
        ({"query": "?€"}, "no byte"),
        ({"init": (r"\u1234",)}, "none of"),
        ({"end": ""}, "ends a line"),
        ({"unit": "r"}, "c, f or k"),
        ({"ignored": "*"}, "no regular expression"),
        ({"identity": ""}, "identity needs identity_query"),
        ({"identity_query": ""}, "identity needs identity_query"),
        ({"identity": "[", "identity_query": "x"}, "no regular expression"),
        ({"scale": 0.0}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"reply_s": 5.0}, "reply_s"),
    ],
)
def test_what_cannot_work_is_refused_in_words(changes, why):
    with pytest.raises(ValueError, match=why):
        replace(ALL, **changes)


def test_a_question_per_channel_needs_the_channel_in_its_reply_or_an_identity():
    """Else a late reply of one channel passes for another's, also after a resync (H11)."""
    with pytest.raises(ValueError, match="late replies"):
        AsciiOptions(query=r"?{channel}\r", reply=r"(?P<value>\S+)")
    assert EACH.identity
    assert "{channel}" in ADDRESSED.reply


def test_a_channel_without_group_is_refused_before_anything_is_sent():
    async def main():
        wire = Wire(lambda _: [])
        with pytest.raises(errors.RangeRefusedError, match=r"channel \[3, 5\]"):
            await SPEC.make(Link(wire), Setup((1, 3, 5), ALL)).open()
        assert wire.written == []
        assert wire.opened == 0

    run_virtual(main())


@pytest.mark.parametrize("case", CASES)
async def test_it_conforms(case):
    assert await conformance(SPEC, case.opening, case.setup) == ()


# ---- identity -----------------------------------------------------------------------------------


async def test_identity_by_named_groups():
    with expected_wire([IDN, (b"SYST:REM\n", b"OK\n"), (b"UNIT C\n", b""), IDN]) as wire:
        identity = await SPEC.make(Link(wire), Setup(TWO, WORDY)).open()
    assert (identity.maker, identity.model, identity.firmware) == ("SIM", "FO-4", "1.0")
    assert (identity.serial, identity.is_simulated) == ("SIM0002", True)


@pytest.mark.parametrize("options", [ADDRESSED, UNASKED])
async def test_without_identity_it_is_anonymous(options):
    opening = next(case.opening for case in CASES if case.setup.options == options)
    with expected_wire(opening) as wire:
        identity = await SPEC.make(Link(wire), Setup(TWO, options)).open()
    assert (identity.serial, identity.is_simulated) == ("", None)
    with expected_wire(opening[:1]) as wire:
        driver = SPEC.make(Link(wire, expected=Expected(serial="4711")), Setup(TWO, options))
        with pytest.raises(errors.IdentityError, match="no serial"):
            await driver.open()


async def test_with_a_serial_number_the_wrong_kind_is_refused():
    with expected_wire([WHO]) as wire, pytest.raises(errors.IdentityError):
        await SPEC.make(Link(wire, expected=Expected(simulated=False)), Setup(TWO, ALL)).open()


def test_init_is_sent_after_the_identity_only_and_again_when_replies_were_lost():
    async def main():
        script = Script(**{
            "*IDN?": [[(0.01, IDN[1])]], "SYST:REM": [[(0.01, b"OK\n")]],
            "UNIT C": [[(0.01, b"OK\n")]],
            "MEAS:TEMP? ALL": [[], [(0.01, b"41.2,44.5\n")]],
        })  # fmt: skip
        wire = Wire(script)
        driver = SPEC.make(Link(wire), Setup(TWO, WORDY))
        await driver.open()
        settings = [b"SYST:REM\n", b"UNIT C\n"]
        assert wire.written == [IDN[0], *settings, IDN[0]]
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        del wire.written[:]
        for _ in range(2):
            assert values(await driver.sample()) == {1: 41.2, 2: 44.5}
        ask = b"MEAS:TEMP? ALL\n"
        assert wire.written == [*settings, IDN[0], ask, ask]

    run_virtual(main())


def test_init_is_sent_again_though_only_one_channel_was_lost():
    async def main():
        script = Script(**{
            "?01": [[(0.01, b"#01 +0412\r")]],
            "?02": [[], [(0.01, b"#02 +0445\r")]],
        })  # fmt: skip
        wire = Wire(script)
        driver = SPEC.make(Link(wire), Setup(TWO, replace(ADDRESSED, init=(r"C\r",))))
        await driver.open()
        assert wire.written == [b"?01\r", b"C\r", b"?01\r"]
        assert values(await driver.sample()) == {1: 41.2}
        del wire.written[:]
        assert values(await driver.sample()) == {1: 41.2, 2: 44.5}
        assert wire.written == [b"C\r", b"?01\r", b"?01\r", b"?02\r"]
        del wire.written[:]
        await driver.sample()
        assert wire.written == [b"?01\r", b"?02\r"]

    run_virtual(main())


def test_init_is_not_sent_to_a_stranger():
    async def main():
        wire = Wire(lambda _: [(0.01, b"ACME,FO-4,1,1\n")])
        with pytest.raises(errors.IdentityError):
            await SPEC.make(Link(wire), Setup(TWO, WORDY)).open()
        assert set(wire.written) == {IDN[0]}

    run_virtual(main())


# ---- readings -----------------------------------------------------------------------------------


async def test_all_channels_in_one_line():
    readings, link = await sampled(ALL, (b"?T\r", b"T1=41.20 T2=-0.5\r\n"))
    assert values(readings) == {1: 41.2, 2: -0.5}
    assert {(r.quality, r.seq, r.at) for r in readings.values()} == {
        (Quality.GOOD, 1, link.answered_at)
    }
    assert link.state is LinkState.CLEAN


async def test_only_configured_channels():
    readings, _ = await sampled(ALL, (b"?T\r", b"T1=41.20 T2=44.50\r\n"), channels=(2,))
    assert values(readings) == {2: 44.5}


@pytest.mark.parametrize("token", "-----|nan|inf|41,2|1e2|4.|.5|0x29|1_0|--4|41.2C".split("|"))
async def test_whatever_is_no_number_is_bad(token):
    """H03."""
    readings, link = await sampled(ALL, (b"?T\r", f"T1={token} T2=44.5\r\n".encode()))
    assert (readings[1].value, readings[1].quality, readings[1].seq) == (None, Quality.BAD, 0)
    assert readings[1].detail == token
    assert readings[2].value == 44.5
    assert link.state is LinkState.CLEAN


@pytest.mark.parametrize("text", ["999.9", "999.90", "+999.9", "OVER"])
async def test_a_number_that_means_no_probe_is_bad_however_it_is_written(text):
    """H03."""
    options = replace(ALL, invalid=("999.9", "OVER"))
    pairs = [WHO, (b"?T\r", f"T1={text} T2=44.5\r\n".encode())]
    with expected_wire(pairs) as wire:
        driver = SPEC.make(Link(wire), Setup(TWO, options))
        await driver.open()
        readings = await driver.sample()
    assert (readings[1].value, readings[1].detail) == (None, text)
    assert readings[2].value == 44.5


@pytest.mark.parametrize(
    "line",
    [b"?", b"T1=41.20", b"xT1=41.20 T2=44.50", b"T1=41.20 T2=44.50 T3=1", b"\xff\x00", WHO[1][:-2]],
)
async def test_a_line_that_does_not_fit_whole_belongs_to_something_else(line):
    """H11, H12."""
    with expected_wire([WHO, (b"?T\r", line + b"\r\n")]) as wire:
        link = Link(wire)
        driver = SPEC.make(link, Setup(TWO, ALL))
        await driver.open()
        with pytest.raises(errors.ProtocolError, match="does not fit"):
            await driver.sample()
        assert link.state is LinkState.DIRTY


async def test_tenths_asked_one_by_one_a_number_and_a_word_for_no_probe():
    readings, link = await sampled(
        ADDRESSED, (b"?01\r", b"#01 -0005\r"), (b"?02\r", b"#02 +9999\r")
    )
    assert values(readings) == {1: -0.5, 2: None}
    assert readings[2].detail == "+9999"
    readings, link = await sampled(ADDRESSED, (b"?01\r", b"#ER\r"), (b"?02\r", b"#02 +0445\r"))
    assert (values(readings), readings[1].detail) == ({1: None, 2: 44.5}, "#ER")
    assert link.state is LinkState.CLEAN


@pytest.mark.parametrize(
    ("unit", "text", "celsius"),
    [("c", b"41.2", 41.2), ("f", b"106.16", 41.2), ("k", b"314.35", 41.2), ("f", b"-40", -40.0)],
)
async def test_units(unit, text, celsius):
    with expected_wire([WHO, (b"?T\r", b"T1=%b T2=0\r\n" % text)]) as wire:
        driver = SPEC.make(Link(wire), Setup((1,), replace(ALL, unit=unit)))
        await driver.open()
        assert (await driver.sample())[1].value == pytest.approx(celsius, abs=1e-3)


async def test_a_group_that_took_no_part_is_a_silent_channel():
    options = replace(ALL, reply=r"T1=(?P<c1>\S+)(?: T2=(?P<c2>\S+))?")
    with expected_wire([WHO, (b"?T\r", b"T1=41.2\r\n")]) as wire:
        driver = SPEC.make(Link(wire), Setup(TWO, options))
        await driver.open()
        assert values(await driver.sample()) == {1: 41.2}


def test_a_silent_channel_does_not_cost_the_others_and_never_gets_their_value():
    """H10, H11: the reply to channel 1 is late, and comes while channel 2 is asked."""

    async def main():
        for late_s in (0.16, 0.2, 0.3, 0.5):
            script = Script(**{
                "?01": [[(0.01, b"#01 +0412\r")], [(late_s, b"#01 +0412\r")], []],
                "?02": [[(0.01, b"#02 +0445\r")]],
            })  # fmt: skip
            driver = SPEC.make(Link(Wire(script)), Setup(TWO, ADDRESSED))
            await driver.open()
            for _ in range(4):
                try:
                    seen = values(await driver.sample())
                except errors.LinkError:
                    break
                assert seen.items() <= {1: 41.2, 2: 44.5}.items()

    run_virtual(main())


async def test_an_echo_and_what_is_ignored_are_skipped():
    """H12: hazard of half-duplex adapters and of instruments that acknowledge."""
    opening = next(case.opening for case in CASES if case.setup.options == WORDY)
    pairs = [*opening, (b"MEAS:TEMP? ALL\n", b"OK\nMEAS:TEMP? ALL\n41.2,NO SIGNAL\n")]
    with expected_wire(pairs) as wire:
        driver = SPEC.make(Link(wire), Setup(TWO, WORDY))
        await driver.open()
        readings = await driver.sample()
    assert values(readings) == {1: 41.2, 2: None}
    assert readings[2].detail == "NO SIGNAL"


# ---- lines that come unasked --------------------------------------------------------------------

LINE = b"+106.16;+112.10\r\n"


def test_pushed_only_the_next_line_counts():
    """H10: a line that waited in a buffer is of unknown age."""

    async def main():
        loop = asyncio.get_running_loop()
        wire = Wire(lambda _: [])
        wire.arrive(0.3, LINE)
        driver = SPEC.make(Link(wire), Setup(TWO, UNASKED))
        await driver.open()
        assert b"".join(wire.written) == b""
        wire.arrive(0.1, LINE)
        await asyncio.sleep(0.9)
        wire.arrive(0.2, b"OVERRUN;+113.00\r\n")
        due = loop.time() + 0.2
        readings = await driver.sample()
        assert values(readings) == {1: None, 2: 45.0}
        assert readings[2].at == pytest.approx(due, abs=1e-6)
        assert (readings[1].seq, readings[2].seq) == (0, 1)
        wire.arrive(0.1, b"+106.1\r\n")
        with pytest.raises(errors.ProtocolError):
            await driver.sample()
        began = loop.time()
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        assert loop.time() - began <= 1.5 + 1e-6  # below what counts as a dead task

    run_virtual(main())


def test_pushed_ignored_lines_give_nothing_and_a_reboot_is_started_again():
    async def main():
        loop = asyncio.get_running_loop()
        layout = replace(PUSHED, who="ID", name="PUSHER {serial}", start="GO", done="READY")
        options = replace(
            UNASKED, identity_query=r"ID\n", identity=r"PUSHER (?P<serial>\w+)",
            ignored="READY", init=(r"GO\n",),
        )  # fmt: skip
        twin = AsciiLineTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, layout=layout)
        wire = MemoryTransport(twin, "twin", baud=9600, chunk_max=1)
        driver = SPEC.make(Link(wire), Setup(TWO, options))
        await driver.open()
        assert values(await driver.sample()) == {1: 41.2, 2: 44.5}
        twin.inject("reboot", "1.0", loop.time())
        with pytest.raises(errors.ReplyTimeoutError):
            await driver.sample()
        assert await driver.sample() == {}  # READY alone
        assert values(await driver.sample()) == {1: 41.2, 2: 44.5}

    run_virtual(main())


# ---- with the twin ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES[:4])
def test_twin_s_faults(case):
    async def main():
        loop = asyncio.get_running_loop()
        twin = case.twin(0.0)
        link = Link(MemoryTransport(twin, "twin", baud=9600, chunk_max=1))
        driver = SPEC.make(link, case.setup)
        await driver.open()
        twin.inject("no_probe_token", "2", loop.time())
        readings = await driver.sample()
        assert (readings[1].value, readings[2].value) == (41.2, None)
        twin.clear("no_probe_token")
        twin.inject("stream_stall", "", loop.time())
        with pytest.raises(errors.LinkError):
            await driver.sample()
        twin.clear("stream_stall")
        await driver.open()
        assert values(await driver.sample()) == {1: 41.2, 2: 44.5}
        twin.inject("reboot", "5", loop.time())
        with pytest.raises(errors.LinkError):
            await driver.sample()
        await asyncio.sleep(5.0)
        await driver.open()
        assert values(await driver.sample()) == {1: 41.2, 2: 44.5}

    run_virtual(main())


def test_a_dropped_channel_is_left_out_and_grows_stale():
    async def main():
        twin = AsciiLineTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, layout=TENTHS)
        driver = SPEC.make(Link(MemoryTransport(twin, "twin", baud=9600)), Setup(TWO, ADDRESSED))
        await driver.open()
        twin.inject("probe_dropped", "2", 0.0)
        assert [values(await driver.sample()) for _ in range(3)] == [{1: 41.2}] * 3

    run_virtual(main())
