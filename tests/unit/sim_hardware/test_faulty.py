# SPDX-License-Identifier: Apache-2.0
"""Every fault of the wire catalogue: exact bytes on a small core, then drivers that survive it."""

import asyncio
import random
from typing import cast

import pytest

from drivers.generic_scpi_source import SPEC as SOURCE
from drivers.opsens_handysens import SPEC as OPSENS
from mnht_controller.devices.contract import FieldSource, Setup
from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.verbs import (
    BY_NAME,
    FORMATS,
    SHAKEN,
    STRANGER,
    VERBS,
    parsed,
    random_faults,
)
from tests.drivers.cases import made
from tests.drivers.cases.opsens_handysens import CASES
from tests.support import run_virtual


class Counter(QuietCore):
    """Answers `n` with `41.<n>`; the time it is told comes back in `seen`."""

    def __init__(self):
        self.heard: list[bytes] = []
        self.seen: list[float] = []

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        self.heard.append(data)
        self.seen.append(t)
        return [(t + 0.01, b"41.%d\n" % len(self.heard))]


def said(verb, argument="", times=1, request=b"Q\n"):
    """What comes back while one verb is active."""
    core = Counter()
    wire = FaultyWire(core, seed=3)
    wire.inject(verb, argument, 0.0)
    return [wire.feed(request, float(n)) for n in range(times)], core, wire


def test_without_a_fault_nothing_is_changed():
    core = Counter()
    wire = FaultyWire(core)
    assert wire.feed(b"Q\n", 1.0) == [(1.01, b"41.1\n")]
    assert (wire.log, wire.garbled, wire.tap) == ([], 0, 2)


def test_the_catalogue_is_complete():
    """Numbers 14 and 15 are the twins' own, 19 is a sin of drivers."""
    assert {row.number for row in VERBS} == set(range(1, 21)) - {14, 15, 19}
    assert all(row.hazards and row.text for row in VERBS)


@pytest.mark.parametrize(
    ("verb", "argument", "chunks"),
    [
        ("cut_after", "2", [(0.01, b"41")]),
        ("cut_after", "2:0.5", [(0.01, b"41"), (0.51, b".1\n")]),
        ("delay", "0.3", [(0.31, b"41.1\n")]),
        ("inject_line", r"!06\r", [(0.01, b"!06\r"), (0.01, b"41.1\n")]),
        ("echo", "", [(0.0, b"Q\n"), (0.01, b"41.1\n")]),
        ("term", "crlf", [(0.01, b"41.1\r\n")]),
        ("term", "lfcr", [(0.01, b"41.1\n\r")]),
        ("term", "none", [(0.01, b"41.1")]),
        ("token", "nan", [(0.01, b"nan\n")]),
        ("token", "---.-", [(0.01, b"---.-\n")]),
        ("fmt", "comma", [(0.01, b"41,1\n")]),
        ("fmt", "blanks", [(0.01, b"  41.1\n")]),
        ("fmt", "plus", [(0.01, b"+41.1\n")]),
        ("fmt", "exponent", [(0.01, b"+4.1100E+01\n")]),
        ("eat_reply", "", []),
        ("blackhole", "", []),
        ("other_device", "", [(0.002, STRANGER)]),
        ("duplicate", "", [(0.01, b"41.1\n"), (0.01, b"41.1\n")]),
        ("latency", "0.2:0", [(0.21, b"41.1\n")]),
    ],
)
def test_one_reply_under_one_verb(verb, argument, chunks):
    (only,), _, _ = said(verb, argument)
    assert only == [(pytest.approx(at), data) for at, data in chunks]


def test_a_command_is_lost_but_a_reply_lost_was_carried_out():
    """Catalogue 13 and 12."""
    assert said("ignore_cmd")[1].heard == []
    assert said("eat_reply")[1].heard == [b"Q\n"]


def test_a_small_buffer_takes_the_beginning_only():
    assert said("fifo", "3", request=b"FIEL 5\n")[1].heard == [b"FIE"]


def test_frozen_means_the_same_answer_to_the_same_question():
    replies, _, wire = said("freeze", times=3)
    assert [chunks[0][1] for chunks in replies] == [b"41.1\n"] * 3
    assert wire.feed(b"R\n", 9.0)[0][1] == b"41.4\n"


def test_a_late_answer_takes_the_place_of_the_next_one():
    replies, _, _ = said("reorder", times=3)
    assert replies[0] == []
    assert [chunks[0][1] for chunks in replies[1:]] == [b"41.1\n", b"41.2\n"]


def test_bits_flip_as_often_as_they_should():
    replies, _, wire = said("flip_bits", "0.1", times=2000)
    sent = b"".join(b"41.%d\n" % (n + 1) for n in range(2000))
    got = b"".join(chunks[0][1] for chunks in replies)
    changed = sum(a != b for a, b in zip(sent, got, strict=True))
    assert changed / len(sent) == pytest.approx(0.1, abs=0.02)
    assert all(bin(a ^ b).count("1") <= 1 for a, b in zip(sent, got, strict=True))
    assert wire.garbled > 500


def test_noise_stands_before_the_reply():
    (chunks,), _, _ = said("garbage")
    assert chunks[-1] == (0.01, b"41.1\n")
    assert 1 <= len(chunks[0][1]) <= 12


def test_a_clock_that_jumps_stays_where_it_is():
    _, core, wire = said("clock_jump", "100")
    wire.clear("clock_jump")
    assert wire.feed(b"Q\n", 5.0) == [(pytest.approx(5.01), b"41.2\n")]
    assert core.seen == [100.0, 105.0]


def test_a_hang_up_comes_after_so_many_bytes():
    ended = []
    core = Counter()
    wire = FaultyWire(core)
    wire.hang_up = lambda at, client, how: ended.append((at, client, how))
    wire.inject("drop_after", "2:rst", 0.0)
    assert wire.feed(b"Q\n", 1.0, 7) == [(1.01, b"41")]
    assert ended == [(1.01, 7, "rst")]


def test_several_verbs_act_in_the_order_of_the_table():
    core = Counter()
    wire = FaultyWire(core)
    for verb, argument in (("delay", "0.5"), ("echo", ""), ("fmt", "comma")):
        wire.inject(verb, argument, 0.0)
    assert wire.feed(b"Q\n", 0.0) == [(0.5, b"Q\n"), (0.51, b"41,1\n")]


def test_a_share_acts_on_that_share_and_the_same_seed_on_the_same_messages():
    counts = []
    for _ in range(2):
        replies, _, _ = said("eat_reply", "@0.25", times=1000)
        counts.append([chunks == [] for chunks in replies])
    assert counts[0] == counts[1]
    assert sum(counts[0]) / 1000 == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("verb", "argument", "why"),
    [
        ("delay", "", "number"),
        ("delay", "-1", "0 to 3600"),
        ("delay", "soon", "number"),
        ("delay", "nan", "0 to 3600"),
        ("flip_bits", "2", "0 to 1"),
        ("term", "vt", "cr, lf"),
        ("fmt", "roman", FORMATS[0]),
        ("drop_after", "2", "fin, rst"),
        ("inject_line", "", "text"),
        ("eat_reply", "often", "takes no argument"),
        ("eat_reply", "@0", "probability"),
        ("eat_reply", "@1.5", "probability"),
        ("cut_after", "few", "number"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_runs(verb, argument, why):
    with pytest.raises(ValueError, match=why):
        parsed(verb, argument)
    with pytest.raises(ValueError, match=verb):
        FaultyWire(Counter()).inject(verb, argument, 0.0)


def test_an_unknown_verb_names_the_known_ones():
    with pytest.raises(ValueError, match="eat_reply"):
        FaultyWire(Counter()).inject("gremlins", "", 0.0)


def test_random_faults_are_valid_and_seeded():
    drawn = [random_faults(random.Random(n), 0.01) for n in range(300)]
    assert drawn == [random_faults(random.Random(n), 0.01) for n in range(300)]
    assert {verb for faults in drawn for verb, _ in faults} == {verb for verb, _ in SHAKEN} | {
        "flip_bits"
    }
    for verb, argument in {fault for faults in drawn for fault in faults}:
        parsed(verb, argument)


# ---- drivers that see nothing but bytes --------------------------------------------------------

ONE_OF_EACH = [
    *SHAKEN, ("flip_bits", "0.01"), ("drop_after", "3:fin"), ("latency", "0.1:0.1"),
    ("fmt", "plus"), ("fmt", "blanks"), ("term", "cr"), ("token", "OL"), ("clock_jump", "50"),
]  # fmt: skip
FORGES = {("flip_bits", "0.01"), ("inject_line", r"41.7\r\n"), ("freeze", "")}
"""Without a checksum a number that looks right is right."""

STRAYS = {("duplicate", ""), ("latency", "0.1:0.1")}
"""Without a tag a copy that comes after the next question is taken for its answer, once."""


@pytest.mark.parametrize(("verb", "argument"), ONE_OF_EACH)
def test_a_thermometer_gives_nothing_that_was_not_sent_and_recovers(verb, argument):
    """H03, H11, H12, H19, H20."""

    async def main():
        loop = asyncio.get_running_loop()
        wire = FaultyWire(OpsensTwin({1: lambda _: 41.25, 2: lambda _: 44.5}), 5)
        driver = made(CASES[0], MemoryTransport(wire, "wire", baud=57600, chunk_max=3))
        await driver.open()
        wire.inject(verb, argument, loop.time())
        good, strays = {41.25: 1, 44.5: 2}, 0
        for _ in range(20):
            await asyncio.sleep(OPSENS.period_s)
            try:
                readings = await driver.sample()
            except DeviceError:
                await try_open(driver)
                continue
            for channel, reading in readings.items():
                if reading.value is not None and (verb, argument) not in FORGES:
                    strays += good[reading.value] != channel
        assert strays <= (2 if (verb, argument) in STRAYS else 0)
        wire.clear(verb)
        since = loop.time()
        await until_good(driver)
        assert loop.time() - since <= 2.0

    run_virtual(main())


async def try_open(driver):
    try:
        await driver.open()
    except DeviceError:
        await asyncio.sleep(0.2)


async def until_good(driver):
    for _ in range(20):
        try:
            readings = await driver.sample()
        except DeviceError:
            await try_open(driver)
            continue
        if [reading.value for reading in readings.values()] == [41.25, 44.5]:
            return
    raise AssertionError("it does not recover")


@pytest.mark.parametrize(("verb", "argument"), ONE_OF_EACH)
def test_a_source_is_never_believed_to_be_off_while_it_is_on(verb, argument):
    """H16, H19: an OFF that is answered well was obeyed."""

    async def main():
        loop = asyncio.get_running_loop()
        twin = ScpiSource(start_s=loop.time())
        wire = FaultyWire(twin, 5)
        source = cast(FieldSource, SOURCE.make(Link(MemoryTransport(wire, "wire")), Setup()))
        await source.open()
        await source.prepare(7.5)
        await source.apply(Permit(5.0, 1, loop.time() + 1.0))
        wire.inject(verb, argument, loop.time())
        for number in range(10):
            try:
                snapshot = await source.off()
            except DeviceError:
                pass
            else:
                assert snapshot.output_on is twin.stage.is_energized or (verb, argument) in FORGES
            try:
                await source.apply(Permit(4.0, number, loop.time() + 1.0))
            except DeviceError:
                await try_open(source)
        await source.close()

    run_virtual(main())


@pytest.mark.parametrize("verb", sorted(BY_NAME))
def test_every_verb_can_end(verb):
    argument = {"inject_line": "x", "token": "x", "term": "cr", "fmt": "comma"}.get(verb)
    numbers = {"drop_after": "1:fin", "cut_after": "1", "latency": "0.1:0", "fifo": "1"}
    wire = FaultyWire(Counter())
    given = argument or numbers.get(verb, "")
    if verb in {"delay", "flip_bits", "clock_jump"}:
        given = "0.5"
    wire.inject(verb, given, 0.0)
    wire.clear(verb)
    assert [data for _, data in wire.feed(b"Q\n", 1.0)] == [b"41.1\n"]


def test_the_drivers_under_test_are_the_installed_ones():
    assert (CASES[0].spec, SOURCE.name) == (OPSENS, "generic_scpi_source")
