# SPDX-License-Identifier: Apache-2.0
"""The Opsens twin: golden bytes, sampling, streaming, faults."""

import itertools

import pytest

from sim_hardware.devices.lines import LATENCY_S
from sim_hardware.devices.thermometers.opsens import Headers, OpsensTwin


@pytest.fixture
def twin():
    return OpsensTwin({1: lambda t: 23.4512, 2: lambda t: 40.0 + t, 3: lambda t: None})


GOLDEN = (
    (b"*IDN?\n", b"Opsens,HandySens,SIM0002,1.00\n\x04\n"),
    (b"SYSTem:IDN?\r", b"Opsens,HandySens,SIM0002,1.00\n\x04\n"),
    (b"CH1:DATA? 1\n", b"23.45\n\x04\n"),
    (b"ch01:data? 1\r\n", b"23.45\n\x04\n"),
    (b"CHannel1:DATA?\n", b"23.45\n\x04\n"),
    (b"CH1:DATA? 2\n", b"23.45\n23.45\n\x04\n"),
    (b"CH2:DATA? 1\n", b"41.00\n\x04\n"),
    (b"CH3:DATA? 1\n", b"No signal\n\x04\n"),
    (b"CH9:DATA? 1\n", b"Err -114\n\x04\n"),
    (b"CH9:DIAG?\n", b"Err -114\n\x04\n"),
    (b"MEM1:DOWN? 2,0\n", b"Err -222\n\x04\n"),
    (b"BOGUS\n", b"Err -113\n\x04\n"),
    (b"MEAS:RATE 900\n", b"Err -222\n\x04\n"),
)


@pytest.mark.parametrize(("sent", "said"), GOLDEN)
def test_golden_bytes(twin, sent, said) -> None:
    assert twin.feed(sent, 1.0) == [(1.0 + LATENCY_S, said)]


@pytest.mark.parametrize("text", [b"meas:rate min", b"MEAS:STOP", b"MEM:DEL:ALL"])
def test_a_setting_is_answered_with_the_end_alone(twin, text) -> None:
    """A public script waits for EOT LF after `meas:rate min` without a time limit."""
    assert [said for _, said in twin.feed(text + b"\n", 0.0)] == [b"\x04\n"]


def test_a_start_is_answered_by_its_stream_alone(twin) -> None:
    assert twin.feed(b"MEAS:STAR 2\n", 0.0) == []


def test_diag_has_five_lines(twin) -> None:
    [(_, said)] = twin.feed(b"CH1:DIAG?\n", 0.0)
    assert said.count(b"\n") == 6
    assert said.endswith(b"\n\x04\n")


def test_byte_by_byte_gives_the_same(twin) -> None:
    pieces = [twin.feed(bytes([byte]), 1.0) for byte in b"CH1:DATA? 1\n"]
    assert [piece for piece in pieces if piece] == [[(1.0 + LATENCY_S, b"23.45\n\x04\n")]]


def test_one_sample_per_period() -> None:
    counter = itertools.count(40)
    twin = OpsensTwin({1: lambda t: float(next(counter))})
    said = [twin.feed(b"CH1:DATA? 1\n", t)[0][1][:5] for t in (0.0, 0.01, 0.021, 0.04)]
    assert said == [b"40.00", b"40.00", b"41.00", b"42.00"]


def test_not_a_number_is_no_signal() -> None:
    twin = OpsensTwin({1: lambda t: float("nan")})
    assert twin.feed(b"CH1:DATA? 1\n", 0.0)[0][1] == b"No signal\n\x04\n"


def test_streaming_has_headers_and_stops(twin) -> None:
    twin.feed(b"MEAS:RATE 10\nMEAS:STAR 2\n", 0.0)
    assert twin.next_at() == pytest.approx(0.1)
    assert twin.advance(0.15) == [
        (pytest.approx(0.1 + LATENCY_S), b"CH1\n23.45\nCH2\n40.10\nCH3\nNo signal\n\x04\n")
    ]
    assert len(twin.advance(5.0)) == 1
    assert twin.next_at() is None
    twin.feed(b"MEASure:STARt INF\n", 6.0)
    assert len(twin.advance(7.05)) == 10
    twin.feed(b"MEAS:STOP\n", 7.05)
    assert twin.next_at() is None


def test_stalled_thermometer_is_silent(twin) -> None:
    """H10."""
    twin.inject("stream_stall", "", 0.0)
    assert twin.feed(b"CH1:DATA? 1\n*IDN?\n", 0.0) == []
    twin.clear("stream_stall")
    assert twin.feed(b"CH1:DATA? 1\n", 1.0)


def test_dropped_channel_is_silent_alone(twin) -> None:
    """H03."""
    twin.inject("probe_dropped", "1", 0.0)
    assert twin.feed(b"CH1:DATA? 1\n", 0.0) == []
    assert twin.feed(b"CH2:DATA? 1\n", 0.0)
    twin.clear("probe_dropped")
    assert twin.feed(b"CH1:DATA? 1\n", 1.0)


@pytest.mark.parametrize(("argument", "token"), [("1", b"No signal"), ("1:***", b"***")])
def test_token_instead_of_a_number(twin, argument, token) -> None:
    """H03."""
    twin.inject("no_probe_token", argument, 0.0)
    assert twin.feed(b"CH1:DATA? 1\n", 0.0)[0][1] == token + b"\n\x04\n"
    twin.clear("no_probe_token")
    assert twin.feed(b"CH1:DATA? 1\n", 0.1)[0][1] == b"23.45\n\x04\n"


def test_exchanged_channels_each_say_the_other(twin) -> None:
    """H06."""
    twin.inject("probe_swapped", "1:2", 0.0)
    assert twin.feed(b"CH1:DATA? 1\n", 0.0)[0][1] == b"40.00\n\x04\n"
    assert twin.feed(b"CH2:DATA? 1\n", 0.0)[0][1] == b"23.45\n\x04\n"
    twin.clear("probe_swapped")
    assert twin.feed(b"CH1:DATA? 1\n", 1.0)[0][1] == b"23.45\n\x04\n"
    with pytest.raises(ValueError, match="no channel"):
        twin.inject("probe_swapped", "1:7", 0.0)


def test_bad_faults_are_refused(twin) -> None:
    with pytest.raises(ValueError, match="no channel"):
        twin.inject("probe_dropped", "7", 0.0)
    with pytest.raises(ValueError, match="no fault"):
        twin.inject("explode", "", 0.0)
    with pytest.raises(ValueError, match="SIM"):
        OpsensTwin({}, serial="123")


def said(twin, request, t=1.0):
    return b"".join(data for _, data in twin.feed(request, t))


def test_memory_as_the_scripts_use_it(twin) -> None:
    """`MEMory:ACQuire:STARt n`, `MEMory1:DOWNload? n,offset`, `MEMory:DELete:ALL`."""
    assert said(twin, b"MEMory:DELete:ALL\rMEMory:ACQuire:STARt 3\r") == 2 * b"\x04\n"
    assert said(twin, b"MEMory1:DOWNload? 2,1\r") == b"23.45\n23.45\n\x04\n"
    assert said(twin, b"MEM2:DOWN? 1,0\n") == b"41.00\n\x04\n"
    assert said(twin, b"MEM1:DOWN? 1,3\n") == b"Err -222\n\x04\n"
    said(twin, b"MEM:DEL:ALL\n")
    assert said(twin, b"MEM1:DOWN? 1,0\n") == b"Err -222\n\x04\n"


def test_several_samples_are_those_that_were_taken(twin) -> None:
    for t in (1.0, 1.5, 2.0):
        said(twin, b"CH2:DATA? 1\n", t)
    assert said(twin, b"CH02:DATA? 2\n", 2.0) == b"41.50\n42.00\n\x04\n"
    assert said(twin, b"CH2:DATA? 5\n", 3.0) == b"41.00\n41.00\n41.50\n42.00\n43.00\n\x04\n"


@pytest.mark.parametrize(
    ("headers", "data", "stream"),
    [
        (Headers.NONE, b"23.45\n\x04\n", b"23.45\n\x04\n"),
        (Headers.STREAM, b"23.45\n\x04\n", b"CH1\n23.45\n\x04\n"),
        (Headers.ALL, b"CH1\n23.45\n\x04\n", b"CH1\n23.45\n\x04\n"),
    ],
)
def test_header_lines(headers, data, stream) -> None:
    """Public scripts filter `CH1` lines; which replies have one is not known."""
    twin = OpsensTwin({1: lambda t: 23.4512}, headers=headers)
    assert said(twin, b"CH1:DATA? 1\n") == data
    said(twin, b"MEAS:STAR 1\n")
    assert [chunk for _, chunk in twin.advance(2.0)] == [stream]


def test_lost_eot(twin) -> None:
    """H12."""
    twin.inject("lost_eot", "", 0.0)
    assert said(twin, b"CH1:DATA? 1\n*IDN?\n") == b"23.45\nOpsens,HandySens,SIM0002,1.00\n"
    twin.clear("lost_eot")
    assert said(twin, b"CH1:DATA? 1\n") == b"23.45\n\x04\n"


def test_reboot_and_panel(twin) -> None:
    """H24, H21."""
    twin.inject("panel_change", "rate:10", 0.0)
    twin.inject("panel_change", "stream", 0.0)
    assert twin.next_at() == pytest.approx(0.1)
    said(twin, b"MEM:ACQ:STAR 1\n")
    twin.inject("reboot", "", 0.05)
    assert twin.next_at() is None
    assert said(twin, b"MEM1:DOWN? 1,0\n") == b"Err -222\n\x04\n"
    said(twin, b"MEAS:STAR 1\n", 1.0)
    assert twin.next_at() == pytest.approx(1.02)
    with pytest.raises(ValueError, match="neither"):
        twin.inject("panel_change", "unit:f", 0.0)
