# SPDX-License-Identifier: Apache-2.0
"""The text thermometer's twin: every layout's bytes, what it sends unasked, faults."""

from dataclasses import replace

import pytest

from sim_hardware.devices.thermometers.ascii_line import (
    ASKED,
    PUSHED,
    TENTHS,
    WORDS,
    AsciiLineTwin,
)

CHANNELS = {1: lambda _: 41.2, 2: lambda _: None, 3: lambda _: -5.26}


def said(twin, request, t=1.0):
    return b"".join(data for _, data in twin.feed(request, t))


@pytest.mark.parametrize(
    ("layout", "request_", "reply"),
    [
        (ASKED, b"?ID\r", b"THERMO 4 SIM0002\r\n"),
        (ASKED, b"?T\r\n", b"T1=41.20 T2=----- T3=-5.26\r\n"),
        (ASKED, b"?T3\n", b"T3=-5.26\r\n"),
        (ASKED, b"?T4\r", b"?\r\n"),
        (ASKED, b"*IDN?\r", b"?\r\n"),
        (TENTHS, b"?00\r", b"SIM FO-4 No SIM0002\r"),
        (TENTHS, b"?01\r?02\r?03\r", b"#01 +0412\r#02 +9999\r#03 -0053\r"),
        (TENTHS, b"?1\r", b"#ER\r"),
        (WORDS, b"*IDN?\n", b"SIM,FO-4,SIM0002,1.0\n"),
        (WORDS, b"MEAS:TEMP? ALL\n", b"41.2,NO SIGNAL,-5.3\n"),
        (WORDS, b"MEAS:TEMP? 3\n", b"-5.3\n"),
        (WORDS, b"UNIT C\nUNIT F\n", b"OK\nERR 100\n"),
        (PUSHED, b"\r?ID\r*IDN?\r", b""),
    ],
)
def test_bytes(layout, request_, reply):
    assert said(AsciiLineTwin(CHANNELS, layout=layout), request_) == reply


def test_lines_unasked_and_those_that_nobody_fetched_are_gone():
    twin = AsciiLineTwin(CHANNELS, layout=PUSHED)
    line = b"+106.16;OVERRUN;+022.53\r\n"
    assert twin.next_at() == 0.25
    assert twin.advance(0.2) == []
    assert twin.advance(0.25) == [(0.25, line)]
    assert twin.advance(10.1) == [(10.0, line)]
    assert twin.next_at() == 10.25
    twin.inject("stream_stall", "", 10.0)
    assert (twin.next_at(), twin.advance(20.0)) == (None, [])
    twin.clear("stream_stall")
    assert twin.advance(20.1) == [(20.0, line)]
    twin.inject("reboot", "5", 21.0)
    assert twin.next_at() == 26.25


def test_lines_that_have_to_be_started():
    twin = AsciiLineTwin(CHANNELS, layout=replace(PUSHED, start="GO", done="READY"))
    assert twin.next_at() is None
    assert said(twin, b"GO\r", 1.0) == b"READY\r\n"
    assert twin.next_at() == 1.25
    twin.inject("reboot", "", 2.0)
    assert twin.next_at() is None


def test_faults():
    twin = AsciiLineTwin(CHANNELS)
    twin.inject("probe_dropped", "1", 1.0)
    assert said(twin, b"?T\r?T1\r") == b"T2=----- T3=-5.26\r\n"
    twin.clear("probe_dropped")
    twin.inject("no_probe_token", "3:OVER", 1.0)
    assert said(twin, b"?T3\r") == b"T3=OVER\r\n"
    twin.clear("no_probe_token")
    twin.inject("panel_change", "k", 1.0)
    assert said(twin, b"?T3\r") == b"T3=267.89\r\n"
    twin.inject("reboot", "3", 1.0)
    assert said(twin, b"?T3\r", 3.9) == b""
    assert said(twin, b"?T3\r", 4.0) == b"T3=-5.26\r\n"
    with pytest.raises(ValueError, match="none of c, k, f"):
        twin.inject("panel_change", "off", 4.0)


def test_a_serial_number_must_say_sim():
    with pytest.raises(ValueError, match="SIM"):
        AsciiLineTwin({}, "12345")
