# SPDX-License-Identifier: Apache-2.0
"""Any thermometer that sends text, by configuration alone."""

from dataclasses import replace

import pytest

from drivers.generic_ascii import SPEC, AsciiOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.domain.reading import Quality
from tests.drivers.cases import Case, sampled
from tests.drivers.cases.generic_ascii import ALL, ASKED, CASES, EACH

AT_ONCE, ONE_BY_ONE = CASES


def case(options, *channels):
    return Case(SPEC, ASKED, AT_ONCE.twin, Setup(channels, options))


async def test_one_question_for_all_channels():
    readings = await sampled(AT_ONCE, (b"?T\r", b"T1=41.20 T2=-4.5\r\n"))
    assert [readings[n].value for n in (1, 2)] == [41.2, -4.5]


async def test_one_question_for_each_channel():
    asked = ((b"?T1\r", b"T1=41.20\r\n"), (b"?T2\r", b"T2=44.50\r\n"))
    readings = await sampled(ONE_BY_ONE, *asked)
    assert [readings[n].value for n in (1, 2)] == [41.2, 44.5]


@pytest.mark.parametrize("token", ["-----", "nan", "inf", "OL", "23,45", "1e3", "0x17", "23.", ""])
async def test_no_number_is_bad(token):
    """H03, H40."""
    options = replace(ALL, reply=r"T1=(?P<c1>\S*) T2=(?P<c2>\S+)")
    readings = await sampled(case(options, 1, 2), (b"?T\r", f"T1={token} T2=44.5\r\n".encode()))
    assert (readings[1].value, readings[1].quality) == (None, Quality.BAD)
    assert readings[2].value == 44.5


async def test_a_line_that_does_not_match_whole_gives_nothing():
    """H12."""
    readings = await sampled(AT_ONCE, (b"?T\r", b"41.20 T2=44.5\r\n"))
    assert {reading.value for reading in readings.values()} == {None}


@pytest.mark.parametrize(
    ("unit", "said", "celsius"), [("f", "106.16", 41.2), ("k", "314.35", 41.2)]
)
async def test_units(unit, said, celsius):
    """H09."""
    options = replace(EACH, unit=unit)
    readings = await sampled(case(options, 1), (b"?T1\r", f"T1={said}\r\n".encode()))
    assert readings[1].value == pytest.approx(celsius, abs=1e-3)


async def test_what_is_to_be_sent_first_is_sent_after_the_identity():
    options = replace(ALL, init=(r"FAST\r",))
    pairs = ((b"FAST\r", b""), (b"?T\r", b"T1=41.20 T2=44.50\r\n"))
    assert (await sampled(case(options, 1), *pairs))[1].value == 41.2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"reply": "T=(?P<c1>"}, "no regular expression"),
        ({"reply": r"T=(\d+)"}, "groups c1"),
        ({"unit": "r"}, "unit"),
        ({"end": ""}, "end"),
        ({"query": "?{channel}"}, "value"),
    ],
)
def test_wrong_options_are_refused_in_words(wrong, why):
    with pytest.raises(ValueError, match=why):
        AsciiOptions(**{"reply": ALL.reply, "identity_query": "x", "identity": "y", **wrong})
