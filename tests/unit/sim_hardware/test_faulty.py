# SPDX-License-Identifier: Apache-2.0
"""Wire faults: what each does to the bytes, their order, chance, and what is remembered."""

import itertools

import pytest

from drivers.opsens_handysens import SPEC as THERMOMETER
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.faulty import FaultyWire, Sent
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.verbs import VERBS
from tests.support import run_virtual

REPLY = b"CH1 41.25,7\n"
REPLY_S = 0.002
ASKED = b"Q1?\n"
EXAMPLES = {
    "fifo": "6", "token": "9.91E37", "fmt": "comma", "term": "lfcr", "banner": r"READY\r\n",
    "unasked": r"0.3:!06\r\n", "inject_line": r"55.5\r\n", "flip_bits": "0.02", "delay": "0.4",
    "latency": "0.1:0.1", "cut_after": "3:0.3", "drop_after": "2:rst",
}  # fmt: skip


class Fake(QuietCore):
    """Answers what ends in LF with a number that counts up, or with `says`."""

    def __init__(self, says: bytes = REPLY) -> None:
        self.says, self.heard, self.done = says, b"", []

    def connect(self, t, client):
        return [(t, b"hello\n")]

    def feed(self, data, t, client=0):
        self.heard += data
        return [(t + REPLY_S, self.says)] if data.endswith(b"\n") else []

    def inject(self, verb, argument, t):
        self.done.append((verb, argument))

    def clear(self, verb):
        """Nothing to end."""


class Counter(Fake):
    """Says how often it was asked."""

    def feed(self, data, t, client=0):
        self.heard += data
        answer = [(t + REPLY_S, b"%d\n" % self.heard.count(b"\n"))]
        return answer if data.endswith(b"\n") else []


def wired(*faults, core=None, seed=1):
    wire = FaultyWire(core or Fake(), seed)
    for verb, argument in faults:
        wire.inject(verb, argument, 0.0)
    return wire


def said(wire, request=ASKED, t=0.0):
    return b"".join(data for _, data in wire.feed(request, t))


def lines(wire, count=4, request=ASKED):
    return [said(wire, request, float(t)) for t in range(count)]


# ---- one verb at a time ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "argument", "chunks"),
    [
        ("cut_after", "3", [(REPLY_S, b"CH1")]),
        ("cut_after", "3:0.5", [(REPLY_S, b"CH1"), (REPLY_S + 0.5, b" 41.25,7\n")]),
        ("cut_after", "0", []),
        ("cut_after", "0:0.5", [(REPLY_S + 0.5, REPLY)]),
        ("delay", "0.5", [(REPLY_S + 0.5, REPLY)]),
        ("latency", "0.25", [(REPLY_S + 0.25, REPLY)]),
        ("inject_line", r"!06\r", [(REPLY_S, b"!06\r"), (REPLY_S, REPLY)]),
        ("inject_line", r"\x40\n", [(REPLY_S, b"@\n"), (REPLY_S, REPLY)]),
        ("flip_bits", "0", [(REPLY_S, REPLY)]),
        ("echo", "", [(0.0, ASKED), (REPLY_S, REPLY)]),
        ("term", "cr", [(REPLY_S, b"CH1 41.25,7\r")]),
        ("term", "lf", [(REPLY_S, REPLY)]),
        ("term", "crlf", [(REPLY_S, b"CH1 41.25,7\r\n")]),
        ("term", "lfcr", [(REPLY_S, b"CH1 41.25,7\n\r")]),
        ("term", "none", [(REPLY_S, b"CH1 41.25,7")]),
        ("token", "9.91E37", [(REPLY_S, b"CH1 9.91E37,9.91E37\n")]),
        ("token", "---.-", [(REPLY_S, b"CH1 ---.-,---.-\n")]),
        ("drop_after", "3:rst", [(REPLY_S, b"CH1")]),
        ("blackhole", "", []),
        ("eat_reply", "", []),
        ("ignore_cmd", "", []),
        ("fifo", "3", []),
        ("fifo", "4", [(REPLY_S, REPLY)]),
        ("other_device", r"ACME,X,1,2\n", [(REPLY_S, b"ACME,X,1,2\n")]),
        ("other_device", "", [(REPLY_S, b"ACME,NOTHING,0,0\r\n\x04\n*")]),
        ("fmt", "comma", [(REPLY_S, b"CH1 41,25,7\n")]),
        ("fmt", "blanks", [(REPLY_S, b"CH1   41.25,  7\n")]),
        ("fmt", "plus", [(REPLY_S, b"CH1 +41.25,+7\n")]),
        ("fmt", "exponent", [(REPLY_S, b"CH1 +4.125E+1,+7E+0\n")]),
        ("duplicate", "", [(REPLY_S, REPLY), (REPLY_S, REPLY)]),
    ],
)
def test_bytes_of_one_verb(verb, argument, chunks) -> None:
    wire = wired((verb, argument))
    assert wire.feed(ASKED, 0.0) == [pytest.approx(chunk) for chunk in chunks]
    wire.clear(verb)
    assert said(wire, t=1.0) == REPLY


@pytest.mark.parametrize(
    ("verb", "argument", "heard"),
    [
        ("blackhole", "", b""),
        ("ignore_cmd", "", b""),
        ("other_device", "", b""),
        ("eat_reply", "", ASKED),
        ("fifo", "3", b"Q1?"),
        ("duplicate", "", ASKED),
    ],
)
def test_what_the_twin_hears(verb, argument, heard) -> None:
    wire = wired((verb, argument))
    wire.feed(ASKED, 0.0)
    assert wire.core.heard == heard
    assert wire.tap == len(heard)


def test_a_frozen_instrument_repeats_its_answer_to_each_question() -> None:
    wire = wired(("freeze", ""), core=Counter())
    assert [said(wire, ask, t) for t, ask in enumerate((b"A\n", b"B\n", b"A\n", b"B\n"))] == [
        b"1\n", b"2\n", b"1\n", b"2\n",
    ]  # fmt: skip


def test_a_frozen_question_may_come_in_pieces() -> None:
    """The same tail of two questions is not the same question."""
    wire = wired(("freeze", ""), core=Counter())
    for t, ask in enumerate((b"A1", b"B1")):
        wire.feed(ask[:1], float(t))
        wire.feed(ask[1:] + b"\n", t + 0.001)
    wire.feed(b"B", 5.0)
    assert said(wire, b"1\n", 5.001) == wire.feed(b"B1\n", 6.0)[0][1]


def test_reordered_replies_come_in_pairs_the_wrong_way_round() -> None:
    assert lines(wired(("reorder", ""), core=Counter())) == [b"", b"2\n1\n", b"", b"4\n3\n"]


def test_a_reply_held_back_comes_with_the_next_whatever_the_probability() -> None:
    got = lines(wired(("reorder", "@0.2"), core=Counter(), seed=3), 40)
    held = got.index(b"")
    assert got[held + 1] == b"%d\n%d\n" % (held + 2, held + 1)


def test_shifted_replies_are_one_question_late() -> None:
    assert lines(wired(("shift", ""), core=Counter())) == [b"", b"1\n", b"2\n", b"3\n"]


def test_flipped_bits() -> None:
    """One bit of every byte, at probability one."""
    got = said(wired(("flip_bits", "1")))
    assert len(got) == len(REPLY)
    assert all((one ^ other).bit_count() == 1 for one, other in zip(got, REPLY, strict=True))


def test_garbage_comes_before_the_reply_and_is_short() -> None:
    wire = wired(("garbage", "4"))
    sizes = [len(got) - len(REPLY) for got in lines(wire, 50)]
    assert {1, 2, 3, 4} == set(sizes)
    assert all(got.endswith(REPLY) for got in lines(wire))


def test_latency_is_spread_and_never_negative() -> None:
    wire = wired(("latency", "0.1:0.04"))
    late = [wire.feed(ASKED, float(t))[0][0] - t - REPLY_S for t in range(400)]
    assert min(late) >= 0.0
    assert sum(late) / len(late) == pytest.approx(0.1, abs=0.01)


def test_a_fifo_is_empty_again_after_the_burst() -> None:
    """H12: pieces of one burst share the room."""
    wire = wired(("fifo", "4"))
    wire.feed(b"123", 0.0)
    wire.feed(b"456", 0.001)
    wire.feed(b"789", 1.0)
    assert wire.core.heard == b"1234789"


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_the_front_is_told_to_hang_up(how) -> None:
    wire, told = wired(("drop_after", f"3:{how}")), []
    wire.hang_up = lambda *row: told.append(row)
    wire.feed(ASKED, 1.0, 5)
    assert told == [(1.0 + REPLY_S, 5, how)]


def test_memory_hangs_up_after_the_head() -> None:
    """H10: the beginning still arrives, then the connection is gone until opened anew."""

    async def main():
        wire = wired(("drop_after", "3:fin"))
        link = MemoryTransport(wire, "m")
        await link.open()
        assert await link.read(0.1) == b"hello\n"[:3]
        with pytest.raises(OSError, match="not connected"):
            await link.read(0.1)
        wire.clear("drop_after")
        await link.open()
        assert await link.read(0.1) == b"hello\n"

    run_virtual(main())


def test_a_line_at_random_moments() -> None:
    """Seeded, around its mean, through `advance`, in order."""
    wire = wired(("unasked", r"2:BOO\n"))
    at = []
    while len(at) < 200:
        due = wire.next_at()
        at += [when for when, data in wire.advance(due) if data == b"BOO\n"]
    gaps = [after - before for before, after in itertools.pairwise(at)]
    assert all(gap > 0.0 for gap in gaps)
    assert sum(gaps) / len(gaps) == pytest.approx(2.0, rel=0.2)
    wire.clear("unasked")
    assert wire.next_at() is None


def test_a_reboot_is_the_twins_own_and_may_have_a_banner() -> None:
    """H24."""
    wire = wired()
    wire.inject("reboot", r"READY\r\n", 3.0)
    assert wire.core.done == [("reboot", "")]
    assert wire.advance(wire.next_at()) == [(3.0, b"READY\r\n")]
    assert wire.next_at() is None
    wire.inject("panel_change", "rate:10", 4.0)
    assert wire.core.done[-1] == ("panel_change", "rate:10")


class Simple(QuietCore):
    """A twin that knows no faults."""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        return []


def test_a_twin_without_faults_cannot_reboot() -> None:
    with pytest.raises(ValueError, match="cannot do that"):
        FaultyWire(Simple()).inject("reboot", "", 0.0)


def test_the_instruments_own_clock_jumps_and_nothing_else() -> None:
    """H32: the reported clock; timers and replies go on as they were."""
    wire = FaultyWire(ScpiSource())
    before = said(wire, b"FETC:SNAP?\n", 1.0).split(b",")
    wire.inject("clock_jump", "100", 1.0)
    after = said(wire, b"FETC:SNAP?\n", 2.0).split(b",")
    assert int(after[1]) - int(before[1]) == 101_000
    with pytest.raises(ValueError, match="no clock"):
        wired().inject("clock_jump", "100", 0.0)


# ---- together ----------------------------------------------------------------------------------


def test_the_order_is_that_of_the_table_not_of_injection() -> None:
    faults = [("cut_after", "9"), ("inject_line", "X"), ("token", "OL"), ("duplicate", "")]
    expected = b"XCH1 OL,O"
    for order in itertools.permutations(faults):
        assert said(wired(*order)) == expected


def test_the_documented_order() -> None:
    assert [row.name for row in VERBS] == [
        "other_device", "fifo", "ignore_cmd", "eat_reply", "freeze", "token", "fmt", "term",
        "duplicate", "reorder", "shift", "banner", "unasked", "inject_line", "echo", "garbage",
        "flip_bits", "blackhole", "delay", "latency", "cut_after", "drop_after", "clock_jump",
    ]  # fmt: skip


def test_every_number_of_the_catalogue_has_a_verb_but_the_twins_and_the_drivers() -> None:
    assert set(range(1, 21)) - {row.number for row in VERBS} == {15, 19}
    assert all(row.hazards and row.text for row in VERBS)


def test_nothing_passes_a_black_hole_not_even_a_banner() -> None:
    wire = wired(("blackhole", ""), ("banner", "X"), ("echo", ""))
    assert wire.connect(0.0, 1) == []
    assert wire.advance(0.0) == []
    assert wire.feed(ASKED, 0.1) == []


def test_one_draw_decides_both_directions() -> None:
    """With a probability, a question that came through is answered, too."""
    wire = wired(("blackhole", "@0.5"), core=Counter())
    got = lines(wire, 400)
    heard = wire.core.heard.count(b"\n")
    assert sum(bool(part) for part in got) == heard
    assert 150 < heard < 250


# ---- idle, chance, truth -----------------------------------------------------------------------


def test_transparent_when_idle() -> None:
    """The very chunks of the core; what is cleared leaves nothing behind."""
    core = Fake()
    wire = FaultyWire(core)
    assert wire.connect(0.0, 1) == core.connect(0.0, 1)
    assert wire.feed(ASKED, 1.0) == core.feed(ASKED, 1.0)
    assert (wire.advance(2.0), wire.next_at()) == ([], None)
    for row in VERBS:
        if row.name != "clock_jump":
            wire.inject(row.name, EXAMPLES.get(row.name, ""), 2.0)
            wire.clear(row.name)
    assert wire.feed(ASKED, 3.0) == core.feed(ASKED, 3.0)
    assert (wire.next_at(), wire.garbled, list(wire.log)) == (None, 0, [])


@pytest.mark.parametrize("verb", ["flip_bits", "garbage", "latency", "eat_reply"])
def test_the_same_seed_gives_the_same_bytes(verb) -> None:
    argument = {"flip_bits": "0.1", "latency": "0.1:0.1", "eat_reply": "@0.5"}.get(verb, "")

    def course(seed, start):
        wire = FaultyWire(Fake(), seed)
        wire.inject(verb, argument, start)
        return [
            [(round(at - start, 6), data) for at, data in wire.feed(ASKED, start + t)]
            for t in range(30)
        ]

    assert course(1, 0.0) == course(1, 1000.0) != course(2, 0.0)


def test_a_second_fault_does_not_change_the_chances_of_the_first() -> None:
    alone = wired(("eat_reply", "@0.5"))
    both = wired(("eat_reply", "@0.5"), ("delay", "1@0.5"))
    assert [bool(got) for got in lines(alone, 60)] == [bool(got) for got in lines(both, 60)]


def test_how_often_it_acts() -> None:
    got = lines(wired(("eat_reply", "@0.01")), 10_000)
    assert 70 < got.count(b"") < 130


def test_what_was_done_is_written_down() -> None:
    wire = wired(("token", "nan"), ("delay", "0.5"))
    wire.feed(ASKED, 7.0)
    changed = b"CH1 nan,nan\n"
    assert list(wire.log) == [(7.0, "token", REPLY, changed), (7.0, "delay", changed, changed)]
    assert wire.garbled == 1


def test_what_the_twin_really_said() -> None:
    """Idle, changed, swallowed; a banner is none of the twin's words."""
    sent = Sent()
    wire = FaultyWire(Fake(), on_reply=sent)
    wire.feed(ASKED, 0.0)
    wire.inject("token", "nan", 0.5)
    wire.feed(ASKED, 1.0)
    wire.inject("blackhole", "", 1.5)
    wire.feed(ASKED, 2.0)
    wire.clear("blackhole")
    wire.inject("banner", "B", 2.5)
    wire.advance(2.5)
    assert list(sent.rows) == [(0.0, ASKED, REPLY), (1.0, ASKED, REPLY), (2.5, b"", b"")]
    assert sent.has(b"41.25")
    assert not sent.has(b"nan")


def test_bytes_before_identification_are_counted() -> None:
    """Catalogue 19: a driver that probes an unknown instrument is seen."""

    async def main():
        wire = FaultyWire(OpsensTwin({1: lambda t: 41.2}))
        link = Link(MemoryTransport(wire, "m"))
        driver = THERMOMETER.make(link, Setup((1,)))
        await driver.open()
        assert (wire.first, wire.tap) == (b"*IDN?\n", 6)
        await driver.close()
        await driver.open()
        assert (wire.first, wire.tap) == (b"*IDN?\n", 12)
        await driver.close()

    run_virtual(main())
