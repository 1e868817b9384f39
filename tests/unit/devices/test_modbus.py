# SPDX-License-Identifier: Apache-2.0
"""Modbus RTU for reading: MODBUS over Serial Line V1.02, MODBUS Application Protocol V1.1b3."""

import asyncio
import itertools
import math
import random
import struct

import pytest

from mnht_controller.devices import errors, modbus
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.modbus_map import ModbusChannel, judged, number_of, registers_of
from tests.support import run_virtual
from tests.unit.devices.ordered_wire import OrderedWire

UNIT = 17


def framed(*body):
    return bytes(body) + modbus.crc16(bytes(body))


WHO = modbus.read_request(UNIT, 3, 0, 1)
WHO_REPLY = framed(UNIT, 3, 2, 0, 9)


class Unit:
    """Answers by request; the identity and tags are known, others from `replies`, used up."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        if request == WHO:
            return [(0.002, WHO_REPLY)]
        count = int.from_bytes(request[4:6], "big")
        if count in {6, 7}:
            return [(0.002, framed(UNIT, 3, 2 * count, *bytes(2 * count)))]
        return self.replies.pop(0) if self.replies else []


async def ready(*replies):
    wire = OrderedWire(Unit(*replies))
    link = Link(wire, dialect=modbus.dialect(modbus.length_tag(UNIT, 3, 0, (6, 7))))
    await link.open()
    await link.identify(WHO, modbus.any_reply(UNIT, 3, 1), anonymous=True)
    return wire, link, modbus.ModbusReader(link, UNIT)


def now(reply):
    return [(0.002, reply)]


def test_the_specification_s_own_example():
    """Application protocol V1.1b3, 6.3: registers 108 to 110 of a unit 17 hold 555, 0, 100."""
    assert modbus.read_request(UNIT, 3, 107, 3) == bytes.fromhex("11 03 00 6B 00 03 76 87")

    async def main():
        _, _, reader = await ready(now(framed(UNIT, 3, 6, 0x02, 0x2B, 0, 0, 0, 0x64)))
        assert await reader.registers(107, 3) == (555, 0, 100)

    run_virtual(main())


def test_the_checksum_s_known_answer():
    """CRC-16/MODBUS of the digits 1 to 9 is 0x4B37, sent low byte first."""
    assert modbus.crc16(b"123456789") == b"\x37\x4b"
    assert modbus.crc16(bytes.fromhex("0207")) == bytes.fromhex("4112")  # V1.02, appendix B


def test_bits_come_lowest_first():
    """6.1: coils 20 to 38 are CD 6B 05."""

    async def main():
        reply = framed(UNIT, 1, 3, 0xCD, 0x6B, 0x05)
        wire, _, reader = await ready(now(reply))
        bits = await reader.bits(19, 19)
        assert "".join(str(int(bit)) for bit in bits) == "1011001111010110101"
        assert wire.written[-1] == bytes.fromhex("11 01 00 13 00 13 8E 92")

    run_virtual(main())


@pytest.mark.parametrize(
    ("beginning", "size"),
    [
        ("11", 0), ("1103", 0), ("110302", 7), ("1104FA", 255), ("110103", 8), ("11 01 FA", 255),
        ("1183", 5), ("118402", 5), ("00", -1), ("F8", -1), ("1105", -1), ("1106", -1),
        ("1185", -1), ("1190", -1), ("110300", -1), ("110303", -1), ("1103FC", -1), ("1102FB", -1),
        ("1100", -1), ("1180", -1),
    ],
)  # fmt: skip
def test_the_length_of_a_reply(beginning, size):
    assert modbus.size_of(bytes.fromhex(beginning)) == size


@pytest.mark.parametrize(
    ("code", "word"),
    [(1, "illegal function"), (2, "illegal data address"), (6, "busy"), (9, "unk")],
)
def test_an_exception_is_the_unit_s_own_refusal(code, word):
    async def main():
        _, link, reader = await ready(now(framed(UNIT, 0x83, code)))
        with pytest.raises(errors.DeviceFault, match=f"exception {code}.*{word}"):
            await reader.registers(0, 2)
        assert link.state is LinkState.CLEAN

    run_virtual(main())


STRANGE = {
    "checksum": framed(UNIT, 3, 4, 0, 1, 0, 2)[:-1] + b"\x00",
    "another unit": framed(UNIT + 1, 3, 4, 0, 1, 0, 2),
    "another function": framed(UNIT, 4, 4, 0, 1, 0, 2),
    "another count": framed(UNIT, 3, 6, 0, 1, 0, 2, 0, 3),
    "fewer": framed(UNIT, 3, 2, 0, 1),
    "exception of another function": framed(UNIT, 0x84, 2),
    "exception with a wrong checksum": framed(UNIT, 0x83, 2)[:-1] + b"\x00",
    "a write's reply": framed(UNIT, 6, 0, 1, 0, 2),
    "two replies": framed(UNIT, 3, 4, 0, 1, 0, 2) * 2,
    "a reply and a byte": framed(UNIT, 3, 4, 0, 1, 0, 2) + b"\x11",
    "noise": b"\xff\x00\xfe\x41",
}


@pytest.mark.parametrize("reply", STRANGE.values(), ids=STRANGE)
def test_what_is_no_answer_is_refused_and_the_link_is_proven_again(reply):
    """H11, H12: the next read is answered by its own reply only."""

    async def main():
        good = framed(UNIT, 3, 4, 0, 7, 0, 8)
        wire, link, reader = await ready(now(reply), now(good))
        with pytest.raises(errors.ProtocolError):
            await reader.registers(0, 2)
        assert link.state.value == "dirty"
        assert await reader.registers(0, 2) == (7, 8)
        assert link.state.value == "clean"
        assert len(wire.answers.asked) == 4  # identity, read, tag, read

    run_virtual(main())


@pytest.mark.shows("checked_frames")
@pytest.mark.parametrize("cut", range(1, 9))
def test_a_reply_cut_anywhere_is_silence(cut):
    async def main():
        reply = framed(UNIT, 3, 4, 0, 1, 0, 2)
        _, _, reader = await ready(now(reply[:cut]), now(reply))
        with pytest.raises(errors.ReplyTimeoutError):
            await reader.registers(0, 2)
        assert await reader.registers(0, 2) == (1, 2)

    run_virtual(main())


@pytest.mark.parametrize("late_s", [0.155, 0.17, 0.19, 0.21, 0.24])
def test_a_late_reply_of_the_same_length_never_answers_the_next_read(late_s):
    """RTU has no transaction number: the tag's length proves that the old reply has passed."""

    async def main():
        old, new = framed(UNIT, 3, 4, 0, 1, 0, 1), framed(UNIT, 3, 4, 0, 2, 0, 2)
        wire, _, reader = await ready([(late_s, old)], now(new), now(new))
        with pytest.raises(errors.ReplyTimeoutError):
            await reader.registers(0, 2)
        try:
            assert await reader.registers(8, 2) == (2, 2)
        except errors.DeviceError:
            pass  # refused is safe; a value of the other register would not be
        else:
            assert wire.due == []

    run_virtual(main())


def test_a_broken_answer_to_a_tag_spoils_only_the_first_attempt():
    async def main():
        wire, link, reader = await ready(now(framed(UNIT, 3, 4, 0, 1, 0, 2)))
        inner, broken = wire.answers, [b"\x11\x03\x0c\x00"]
        wire.answers = lambda request: now(broken.pop()) if broken else inner(request)
        link.distrust()
        assert await reader.registers(0, 2) == (1, 2)

    run_virtual(main())


def test_tags_differ_in_length_from_each_other_and_match_only_their_own_answer():
    tag = modbus.length_tag(UNIT, 3, 100, (6, 7))
    (first, one), (second, two), (third, _) = (tag(number) for number in (1, 2, 3))
    assert first == third == modbus.read_request(UNIT, 3, 100, 7)
    answers = {count: framed(UNIT, 3, 2 * count, *bytes(2 * count)) for count in (2, 6, 7, 8)}
    assert [count for count, reply in answers.items() if one.fullmatch(reply)] == [7]
    assert [count for count, reply in answers.items() if two.fullmatch(reply)] == [6]
    assert second != first


@pytest.mark.parametrize(
    ("used", "readable", "counts"),
    [({8}, 8, (6, 7)), ({4}, 4, (2, 3)), ({2}, 2, (1, 3)), ({1}, 1, (2, 3)), ({1, 2}, 2, (3, 4)),
     ({1}, 4, (3, 4))],
)  # fmt: skip
def test_tag_counts_are_no_sample_s(used, readable, counts):
    assert modbus.spare_counts(used, readable) == counts
    assert not used & set(modbus.spare_counts(used, readable))


@pytest.mark.parametrize(
    ("function", "start", "count", "address"),
    [(3, 0, 0, 1), (3, 0, 126, 1), (1, 0, 2001, 1), (3, 65_535, 2, 1), (3, -1, 1, 1),
     (6, 0, 1, 1), (16, 0, 1, 1), (3, 0, 1, 0), (3, 0, 1, 248)],
)  # fmt: skip
def test_impossible_reads_and_every_write_are_refused(function, start, count, address):
    with pytest.raises(errors.RangeRefusedError):
        modbus.read_request(address, function, start, count)


def test_functions_do_not_mix():
    async def main():
        wire, _, reader = await ready()
        with pytest.raises(errors.RangeRefusedError):
            await reader.registers(0, 1, modbus.COILS)
        with pytest.raises(errors.RangeRefusedError):
            await reader.bits(0, 1, modbus.HOLDING)
        assert wire.written == [WHO]

    run_virtual(main())


def test_three_and_a_half_characters_pass_between_a_reply_and_the_next_request():
    """V1.02, 2.5.1.1."""

    async def main():
        wire, link, reader = await ready(*[now(framed(UNIT, 3, 2, 0, 1))] * 2)
        times = []
        write, loop = wire.write, asyncio.get_running_loop()

        async def noted(data):
            times.append(loop.time() - link.answered_at)
            await write(data)

        wire.write = noted
        await reader.registers(0, 1)
        await reader.registers(0, 1)
        assert min(times) >= 3.5 * 11 / 9600 - 1e-9

    run_virtual(main())


FRAME = framed(UNIT, 3, 4, 0x29, 0x3A, 0x80, 0x00)


def spoiled(*bits):
    number = int.from_bytes(FRAME, "big")
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(len(FRAME), "big")


@pytest.mark.parametrize("wrong_bits", [1, 2, 3])
def test_up_to_three_wrong_bits_are_always_found(wrong_bits):
    places = itertools.combinations(range(8 * len(FRAME)), wrong_bits)
    assert not any(modbus.is_whole(spoiled(*bits)) for bits in places)


def test_every_burst_of_up_to_16_bits_is_found():
    """In the order of the wire a byte's lowest bit comes first."""
    bits_of = [8 * (len(FRAME) - 1 - n // 8) + n % 8 for n in range(8 * len(FRAME))]
    draw = random.Random(5)
    for start in range(8 * len(FRAME) - 16):
        for _ in range(40):
            inner = [n for n in range(1, 15) if draw.random() < 0.5]
            burst = [bits_of[start + n] for n in (0, *inner, 15)]
            assert not modbus.is_whole(spoiled(*burst))


def test_the_residual_is_what_random_frames_show():
    """Over all 65 536 pairs of last bytes exactly one fits: hence 2**-16 of random frames."""
    body = FRAME[:-2]
    assert sum(modbus.crc16(body) == n.to_bytes(2, "big") for n in range(1 << 16)) == 1
    assert modbus.CRC_RESIDUAL * (1 << 16) == 1.0
    assert modbus.undetected(1_000_000) == pytest.approx(15.26, abs=0.01)


def test_numbers_in_each_order():
    """41.2 as float32 is 0x42 24 CC CD."""
    for order, words in {
        "ABCD": (0x4224, 0xCCCD), "CDAB": (0xCCCD, 0x4224),
        "BADC": (0x2442, 0xCDCC), "DCBA": (0xCDCC, 0x2442),
    }.items():  # fmt: skip
        assert number_of(words, "f32", order) == pytest.approx(41.2, abs=1e-5)
    assert number_of((0xFFFF, 0xFFFE), "i32", "ABCD") == -2.0
    assert number_of((0xFFFF, 0xFFFE), "u32", "CDAB") == 0xFFFEFFFF
    assert number_of((0xFF38,), "i16", "DCBA") == -200.0
    assert number_of((0xFF38,), "u16", "ABCD") == 0xFF38
    assert [registers_of(kind) for kind in ("u16", "i16", "u32", "i32", "f32")] == [1, 1, 2, 2, 2]


def test_a_channel_whose_parts_touch_is_read_in_one_piece():
    touching = ModbusChannel(start=4, type="f32", signal=6, status=8)
    assert touching.reads == ((4, 5),)
    apart = ModbusChannel(start=4, type="i16", status=100)
    assert apart.reads == ((4, 1), (100, 1))
    before = ModbusChannel(start=4, type="i16", status=3)
    assert before.reads == ((3, 2),)
    assert judged(before, {3: 0, 4: 412}) == (412.0, "")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_never_a_temperature(bad):
    """H03."""
    words = struct.unpack(">HH", struct.pack(">f", bad))
    channel = ModbusChannel(start=0, type="f32")
    value, why = judged(channel, dict(enumerate(words)))
    assert value is None
    assert why.startswith("raw")
