# SPDX-License-Identifier: Apache-2.0
"""Texts of a configuration become bytes, patterns and degrees, or an error in words."""

import pytest

from mnht_controller.devices.ascii_map import columns, judged, raw, regex


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        (r"?T\r\n", b"?T\r\n"),
        (r"\x1bID ?\r", b"\x1bID ?\r"),
        (r"a\\rb\t", b"a\\rb\t"),
        (r"\xFF\x00", b"\xff\x00"),
        ("\r", b"\r"),
        ("°", b"\xb0"),
    ],
)
def test_escapes(text, data):
    assert raw(text) == data


@pytest.mark.parametrize("text", ["\\", r"\q", r"\x1", r"\xg0", r"\0", "\\\n", r"\N{DIGIT ONE}"])
def test_other_escapes_are_refused(text):
    with pytest.raises(ValueError, match="is none of"):
        raw(text)


def test_a_channel_in_a_pattern():
    pattern = regex(r"T{channel}=(?P<value>\d{2})", 12)
    assert pattern.fullmatch(b"T12=41")
    assert not pattern.fullmatch(b"T1=41")


def test_columns_are_the_groups_that_are_numbered():
    assert columns(regex("(?P<c2>.)(?P<c10>.)(?P<c>.)(?P<c0>.)(?P<cx>.)(?P<c100>.)")) == {
        2: "c2",
        10: "c10",
    }


@pytest.mark.parametrize(
    ("text", "celsius"),
    [("412", 41.2), ("+0412", 41.2), ("-005", -0.5), ("412.5", 41.25), ("9999", None),
     ("+9999.0", None), ("-999", -99.9), ("", None), ("nan", None), ("9" * 400, None),
     ("\u0664\u0661", None)],
)  # fmt: skip
def test_numbers_in_tenths(text, celsius):
    """H03: a number that means no probe is none, however it is written."""
    assert judged(text, "c", 0.1, ("9999", "OVER")) == celsius
