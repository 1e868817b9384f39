# SPDX-License-Identifier: Apache-2.0
"""The Neoptix twin: bytes of the Omega FOB100 manual, pages 13-16 (HHTFO101, pages 19-20)."""

import pytest

from sim_hardware.devices.thermometers.neoptix import SAMPLE_S, SLEEP_S, NeoptixTwin
from tests.support import steady

MANUAL = {1: 24.3, 2: 24.5, 3: 24.7, 4: 24.4}


@pytest.fixture
def twin():
    return NeoptixTwin({n: steady(celsius) for n, celsius in MANUAL.items()}, "SIM0007")


def said(twin, request, t=1.0):
    return b"".join(data for _, data in twin.feed(request, t))


def streamed(twin, until):
    rows = []
    while (at := twin.next_at()) is not None and at <= until:
        rows += twin.advance(at)
    return rows


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (b"t\r", b"+24.3\r+24.5\r+24.7\r+24.4\r*"),  # the manual's example
        (b"t2\r", b"+24.5\r*"),
        (b"t9\r", b"Err2"),
        (b"T\r\n", b"+24.3\r+24.5\r+24.7\r+24.4\r*"),
        (b"b\r", b"b:32.2\r*"),  # the manual's example
        (b"uc\r", b"*"),
        (b"uf\rt1\r", b"*+75.7\r*"),
        (b"uf\rb\ruc\rt1\r", b"*b:90.0\r**+24.3\r*"),
        (b"e -3\rt\r", b"*+24.3\r+24.5\r---.-\r+24.4\r*"),
        (b"e1 2 -3 -4\rt\re\rt3\r", b"*+24.3\r+24.5\r---.-\r---.-\r**+24.7\r*"),
        (b"e9\r", b"Err2"),
        (b"q-\rq+\rl+\rl-\rp+\rp-\ro 1\rs 1 100.0\rz 1 -10\rr\r", b"*" * 10),
        (b"*IDN?\r", b"Err2"),
        (b"t\n", b""),
    ],
)
def test_commands(twin, request_, reply):
    assert said(twin, request_) == reply


def test_information_and_help_end_in_a_prompt(twin):
    lines = said(twin, b"q-\ri\r").split(b"\r")
    assert lines[0] == b"*Model: Reflex"
    assert {b"NB Channel: 4", b"Mode: Slow", b"Serial Number: SIM0007"} <= set(lines)
    assert lines[-1] == b"*"
    assert said(twin, b"h\r").endswith(b"\r*")


def test_power_of_a_channel_without_probe_has_an_asterisk_inside_its_line():
    """Manual: 0.3 to 1.1, marked `1.09*`, is no probe; the temperature then is `---.-`."""
    twin = NeoptixTwin({1: lambda _: 24.3, 2: lambda _: None})
    assert said(twin, b"y\r") == (
        b"CH1: power:2.61, lamp attenuation: 250, CCD time: 50ms (fixed)\r"
        b"CH2: power:1.09*, lamp attenuation: 250, CCD time: 50ms (fixed)\r*"
    )
    assert said(twin, b"t\r") == b"+24.3\r---.-\r*"


def test_below_zero_and_what_its_display_cannot_show():
    twin = NeoptixTwin({1: lambda _: -5.25, 2: lambda _: 0.0, 3: lambda _: 1200.0})
    assert said(twin, b"t\r") == b"-5.2\r+0.0\r---.-\r*"


def test_streamed_lines_one_channel_after_the_other_also_between_replies(twin):
    """Manual: `C:i;T: ±xxx.x` per channel as it is acquired."""
    assert said(twin, b"ta+\r", 0.95) == b"*"
    rows = streamed(twin, 1.5)
    assert [data for _, data in rows] == [
        b"C:4;T: +24.4\r", b"C:1;T: +24.3\r", b"C:2;T: +24.5\r", b"C:3;T: +24.7\r",
        b"C:4;T: +24.4\r",
    ]  # fmt: skip
    assert rows[0][0] == pytest.approx(0.95 + SAMPLE_S)
    assert said(twin, b"t1\r", 1.5) == b"+24.3\r*"
    [(at, _)] = twin.advance(9.0)  # nobody fetched them: only the last one is still there
    assert at == pytest.approx(8.95)
    assert said(twin, b"ta-\r", 9.0) == b"*"
    assert (twin.next_at(), twin.advance(20.0)) == (None, [])


def test_sleep_is_slow_and_keeps_the_order(twin):
    """Manual: in sleep it acquires only on `t`."""
    twin.inject("panel_change", "sleep", 0.0)
    [(t_at, temperature), (b_at, enclosure)] = twin.feed(b"t1\rb\r", 1.0)
    assert (temperature, enclosure) == (b"+24.3\r*", b"b:32.2\r*")
    assert t_at == b_at == 1.0 + SLEEP_S
    twin.feed(b"p-\r", 2.0)
    assert twin.feed(b"t1\r", 3.0)[0][0] < 3.0 + SLEEP_S


def test_slow_is_the_mean_of_four():
    twin = NeoptixTwin({1: lambda t: 10.0 * t})
    said(twin, b"q-\r", 0.0)
    shown = [said(twin, b"t1\r", t / 10.0) for t in range(1, 7)]
    assert shown == [b"+1.0\r*", b"+1.5\r*", b"+2.0\r*", b"+2.5\r*", b"+3.5\r*", b"+4.5\r*"]


def test_a_forced_reading_shifts_the_channel_for_good(twin):
    """Manual: `f i j` writes a calibration: no driver may send it."""
    assert said(twin, b"f 1 30.0\r") == b"*"
    twin.inject("reboot", "0", 2.0)
    assert said(twin, b"t1\r", 3.0) == b"+30.0\r*"
    assert said(twin, b"f 9 30.0\r", 3.0) == b"Err2"


def test_reboot_warms_up_with_the_defaults(twin):
    said(twin, b"uf\rta+\re -1\r")
    twin.inject("reboot", "3", 2.0)
    assert said(twin, b"t\r", 2.0) == b"Err1"
    assert said(twin, b"i\r", 2.0).endswith(b"\r*")
    assert twin.next_at() is None
    assert said(twin, b"t1\r", 5.0) == b"+24.3\r*"


def test_a_locked_keypad_changes_nothing(twin):
    said(twin, b"l+\r")
    twin.inject("panel_change", "uf", 1.0)
    assert said(twin, b"t1\r") == b"+24.3\r*"
    said(twin, b"l-\r")
    twin.inject("panel_change", "uf", 1.0)
    assert said(twin, b"t1\r") == b"+75.7\r*"
    with pytest.raises(ValueError, match="none of uf, uc, sleep, wake"):
        twin.inject("panel_change", "kelvin", 1.0)


def test_faults(twin):
    twin.inject("probe_dropped", "1", 1.0)
    twin.inject("no_probe_token", "2:OVER", 1.0)
    assert said(twin, b"t\r") == b"---.-\rOVER\r+24.7\r+24.4\r*"
    twin.clear("probe_dropped")
    twin.clear("no_probe_token")
    twin.inject("lost_prompt", "", 1.0)
    assert said(twin, b"t1\r") == b"+24.3\r"
    twin.clear("lost_prompt")
    assert said(twin, b"t1\r") == b"+24.3\r*"
    said(twin, b"ta+\r")
    twin.inject("stream_stall", "", 1.0)
    assert (said(twin, b"t1\r"), twin.next_at(), twin.advance(9.0)) == (b"", None, [])
    twin.clear("stream_stall")
    assert said(twin, b"t1\r", 9.0) == b"+24.3\r*"


def test_a_serial_number_must_say_sim():
    with pytest.raises(ValueError, match="SIM"):
        NeoptixTwin({}, "12345")
