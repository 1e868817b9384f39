# SPDX-License-Identifier: Apache-2.0
"""The Luxtron twin: FOT Lab Kit manual, pages 42, 43, 47, 60, 62; the bytes of its examples."""

import pytest

from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from tests.unit.devices.wires import constant

MANUAL = {1: 224.39, 2: None, 3: 224.22, 4: 224.19}
LINE = b"1: 224.39 C 2: 224.51PE 3: 224.22 C 4: 224.19 C\r\n"


@pytest.fixture
def twin():
    return LuxtronTwin({n: constant(c) for n, c in MANUAL.items()}, "SIM2345", start_s=0.0)


def streamed(twin, until):
    """All that it says unasked, as a front fetches it."""
    rows = []
    while (at := twin.next_at()) is not None and at <= until:
        rows += twin.advance(at)
    return rows


def said(twin, request, t=31.0):
    return b"".join(data for _, data in twin.feed(request, t))


def test_thirty_seconds_of_silence_then_a_line_a_second(twin):
    assert streamed(twin, 29.9) == []
    assert said(twin, b"\x1bID ?\r\n", 29.9) == b""
    assert streamed(twin, 32.5) == [(30.0, LINE), (31.0, LINE), (32.0, LINE)]


def test_the_report_of_page_43(twin):
    lines = said(twin, b"\x1bID ?\r\n").split(b"\r\n")
    assert lines[:3] == [
        b"LUXTRON CORP. Copyright 2002",
        b"M600 Fluoroptic Thermometer, Software Version 1.00",
        b"Serial # SIM2345",
    ]
    assert lines[4:9] == [
        b"PS = 1,2,3,4", b"SM = 8", b"MU = 1 S", b"UN = CELSIUS", b"DF = FULL",
    ]  # fmt: skip
    assert lines[-2:] == [b"ST = ENABLE", b""]


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (b"\x1bUN ?\r\n", b"UN = CELSIUS\r\n"),
        (b"\x1bun ?\r", b"UN = CELSIUS\r\n"),
        (b"\x1bMU ?\n", b"MU = 1 S\r\n"),
        (b"\x1bSN ?\r\n", b"SN = SIM2345\r\n"),
        (b"noise\x1bSM ?\r\n", b"SM = 8\r\n"),
        (b"\x1bXX ?\r\n", b""),
        (b"UN ?\r\n", b""),
        (b"27ID ?\r\n", b""),
    ],
)
def test_only_an_escape_byte_begins_a_command(twin, request_, reply):
    """The well-known logger sends the text 27: nothing must happen."""
    assert said(twin, request_) == reply


def test_setting(twin):
    """Page 42: `<Esc>XX = value`."""
    assert said(twin, b"\x1bUN = KELVIN\r\n\x1bUN ?\r\n") == b"UN = KELVIN\r\n"
    assert streamed(twin, 30.0)[0][1].startswith(b"1: 497.54 K 2: 224.51PE")
    said(twin, b"\x1bUN = RANKINE\r\n\x1bPS=1,3\r\n\x1bSN = 1\r\n")
    assert streamed(twin, 31.0)[0][1] == b"1: 497.54 K 3: 497.37 K\r\n"
    said(twin, b"\x1bDS = XYZ Corp. Model SuperPro 5000\r\n")
    assert said(twin, b"\x1bDS ?\r\n") == b"DS = XYZ Corp. Model SuperPro 5000\r\n"
    said(twin, b"\x1bMU = 0.25 S\r\n", 31.0)
    assert [at for at, _ in streamed(twin, 31.8)] == [31.25, 31.5, 31.75]
    assert said(twin, b"\x1bSN ?\r\n") == b"SN = SIM2345\r\n"


def test_fahrenheit_and_below_zero():
    twin = LuxtronTwin({1: lambda _: 37.0, 2: lambda _: -5.25}, start_s=0.0)
    assert streamed(twin, 30.0)[0][1] == b"1:  37.00 C 2:  -5.25 C\r\n"
    said(twin, b"\x1bUN = FAHRENHEIT\r\n")
    assert streamed(twin, 31.0)[0][1] == b"1:  98.60 F 2:  22.55 F\r\n"


def test_standby_says_nothing_until_control_t(twin):
    streamed(twin, 30.0)
    twin.inject("panel_change", "standby", 30.5)
    assert twin.next_at() is None
    assert said(twin, b"\x1bUN ?\r\n", 40.0) == b"UN = CELSIUS\r\n"
    twin.feed(b"\x05", 49.0)
    assert twin.next_at() is None
    twin.feed(b"\x14", 50.0)
    assert streamed(twin, 51.0) == [(51.0, LINE)]


def test_lines_that_nobody_fetched_are_gone(twin):
    """A front that was stalled does not get a burst of old lines."""
    assert twin.advance(45.4) == [(45.0, LINE)]
    assert twin.next_at() == 46.0
    twin.inject("stream_stall", "", 46.0)
    assert (twin.next_at(), twin.advance(60.0)) == (None, [])
    assert said(twin, b"\x1bUN ?\r\n", 60.0) == b""
    twin.clear("stream_stall")
    assert streamed(twin, 61.0) == [(61.0, LINE)]


def test_faults(twin):
    twin.inject("probe_dropped", "2", 30.0)
    assert streamed(twin, 30.0)[0][1] == b"1: 224.39 C 3: 224.22 C 4: 224.19 C\r\n"
    twin.inject("no_probe_token", "3", 30.0)
    assert streamed(twin, 31.0)[0][1] == b"1: 224.39 C 3: 224.51PE 4: 224.19 C\r\n"
    said(twin, b"\x1bUN = KELVIN\r\n")
    twin.inject("reboot", "", 31.5)
    assert twin.next_at() == 61.5
    assert said(twin, b"\x1bUN ?\r\n", 62.0) == b"UN = CELSIUS\r\n"


def test_channels_share_four_samples_a_second():
    """Page 47: with four channels a value is new once a second."""
    twin = LuxtronTwin({n: lambda t: 40.0 + t / 100.0 for n in (1, 2, 3, 4)}, start_s=0.0)
    said(twin, b"\x1bMU = 0.25 S\r\n", 30.0)
    texts = {data for at, data in streamed(twin, 31.99) if at >= 31.0}
    assert len(texts) == 1


def test_a_serial_number_must_say_sim():
    with pytest.raises(ValueError, match="SIM"):
        LuxtronTwin({}, "12345")
