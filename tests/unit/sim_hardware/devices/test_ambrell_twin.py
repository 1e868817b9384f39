# SPDX-License-Identifier: Apache-2.0
"""The Ambrell twin: bytes as in the EASYHEAT manuals (0112 p44, p46; 3542 p49), menus, faults."""

import pytest

from sim_hardware.devices.lines import LATENCY_S
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model


def said(twin, sent, t=1.0):
    return b"".join(data for _, data in twin.feed(sent, t))


@pytest.fixture
def twin():
    return AmbrellTwin()


def test_the_rdata_line_of_the_3542_manual() -> None:
    """`address,heating,set-point,amps,watts,kHz,timer_ms,counter`, after a cycle of 1826 ms."""
    twin = AmbrellTwin(0.0, Model(amps_max=1300.0, khz=140.0, cycles=213))
    twin.stage.measured = lambda t: 10.0 * 72.0 / 1e3
    twin.feed(b"1,amps,1200\r1,hon\r", 1.0)
    twin.feed(b"1,hoff\r", 2.826)
    assert said(twin, b"1,rdata\r", 9.0) == b"1,0,1200.0,10,3,140,1826,214\r\n"


def test_the_0112_has_no_watts() -> None:
    assert said(AmbrellTwin(0.0, Model(has_watts=False)), b"1,rdata\r") == b"1,0,0.0,0,0,0,0\r\n"


def test_the_data_lines_of_the_manual() -> None:
    twin = AmbrellTwin(0.0, Model(amps_max=1300.0))
    assert said(twin, b"1,amps,1200.00\r1,data\r") == (
        b"SETPOINT AMPS OUT POWER OUT FREQUENCY TIMER\r\n1200.0A 0.0A 0W 0kHz 0ms\r\n"
    )


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"1,RDATA\r", b"1,0,0.0,0,0,0,0,0\r\n"),
        (b"0,rdata\r", b"1,0,0.0,0,0,0,0,0\r\n"),
        (b"2,rdata\r", b""),
        (b"rdata\r", b""),
        (b"1, rdata\r", b""),
        (b"1,rdata", b""),
        (b"\r\r", b""),
        (b"1,maxamps\r", b"1,250.0\r\n"),
        (b"1,amps\r", b"1,0.0\r\n"),
        (b"1,stat\r", b"READY\r\n"),
        (b"1,pstat\r", b"NO FAULT\r\n"),
        (b"1,rtemp\r", b"1,28,26\r\n"),
        (b"1,hst\r", b"1,SIM HEAT STATION,0.66uF\r\n"),
        (b"1,nonsense\r", b""),
        (b"*IDN?\n", b""),
    ],
)
def test_addressing_and_questions(twin, sent, answer) -> None:
    assert said(twin, sent) == answer


def test_an_answer_takes_its_time(twin) -> None:
    [(at, _)] = twin.feed(b"1,maxamps\r", 1.0)
    assert at == 1.0 + LATENCY_S


def test_byte_by_byte_gives_the_same(twin) -> None:
    pieces = [said(twin, bytes([byte])) for byte in b"1,maxamps\r"]
    assert [piece for piece in pieces if piece] == [b"1,250.0\r\n"]


def test_help_names_every_command_of_the_manual(twin) -> None:
    named = said(twin, b"1,?\r").decode().split("\r\n")
    manual = "hon hoff amps %amps maxamps data rdata cdata slcdata slcrdata ctime stat pstat rtemp"
    manual += " hst ctl-rs485 ctrlon ctrloff start-1button start-2button alon aloff aldelay almin"
    assert {*manual.split(), "almax", "?"} <= {*named}


@pytest.mark.parametrize("address", [0, 1])
def test_heat_goes_on_and_off_by_wire(twin, address) -> None:
    """`0,hoff`: all units obey."""
    twin.feed(b"1,amps,100\r1,hon\r", 1.0)
    assert twin.stage.current(2.0) == pytest.approx(7.2)
    assert said(twin, b"1,rdata\r", 2.0) == b"1,1,100.0,100,300,100,1000,1\r\n"
    twin.feed(b"%d,hoff\r" % address, 2.5)
    assert twin.stage.current(2.5) == 0.0
    assert said(twin, b"1,rdata\r", 9.0) == b"1,0,100.0,0,0,0,1500,1\r\n"


def test_250_amperes_are_18_ka_per_m(twin) -> None:
    twin.feed(b"1,amps,250\r1,hon\r", 1.0)
    assert twin.stage.current(2.0) == pytest.approx(18.0)


@pytest.mark.parametrize("text", [b"-1", b"251", b"nan", b"1e2", b"1,5", b"ten"])
def test_amperes_out_of_range_are_not_taken(twin, text) -> None:
    assert said(twin, b"1,amps,20\r1,amps," + text + b"\r1,amps\r") == b"1,20.0\r\n"


def test_percent_needs_the_menu() -> None:
    sent = b"1,%amps,45\r1,amps\r"
    assert said(AmbrellTwin(), sent) == b"1,0.0\r\n"
    assert said(AmbrellTwin(0.0, Model(has_percent=True)), sent) == b"1,112.5\r\n"


def test_acknowledgements_and_refusals_as_asked_for() -> None:
    twin = AmbrellTwin(0.0, Model(ack="OK", refusal="DENIED"))
    assert said(twin, b"1,amps,20\r1,ctrloff\r1,amps,30\r") == b"OK\r\nOK\r\nDENIED\r\n"
    assert (
        said(twin, b"1,start-2button\r1,hon\r1,hoff\r1,amps\r")
        == b"OK\r\nDENIED\r\nOK\r\n1,20.0\r\n"
    )


def test_a_stray_bracket_moves_the_set_point(twin) -> None:
    """Single keys, without an end: `[` and `]` do it wherever they stand."""
    assert said(twin, b"1,am]ps\r") == b"1,1.0\r\n"
    assert said(twin, b"]]][1,amps\r") == b"1,3.0\r\n"
    assert said(twin, b"1,ctrloff\r]1,amps\r1,ctl-rs485\r") == b"1,3.0\r\n"


def test_hoff_is_obeyed_whatever_starts_it(twin) -> None:
    twin.feed(b"1,amps,50\r1,hon\r", 1.0)
    twin.inject("panel_change", "local", 2.0)
    twin.feed(b"1,amps,60\r", 2.0)
    assert (twin.amps_set, twin.stage.is_energized) == (50.0, True)
    twin.feed(b"1,hoff\r1,hon\r", 3.0)
    assert not twin.stage.is_energized


def test_one_button_start_heats_while_the_signal_is_there(twin) -> None:
    """It is looked at whenever somebody asks for the current, with no byte on the wire."""
    twin.start_input = lambda t: 2.0 <= t < 3.0 or t >= 5.0
    twin.feed(b"1,start-1button\r1,amps,50\r1,hon\r", 1.0)
    assert [twin.stage.current(t) > 0.0 for t in (1.5, 2.0, 2.9, 3.0, 4.0)] == [
        False, False, True, False, False,
    ]  # fmt: skip
    twin.stage.current(5.0)
    twin.feed(b"1,hoff\r", 5.5)
    assert twin.stage.current(6.0) == 0.0  # a new signal is needed


def test_two_button_start_needs_no_signal_to_go_on(twin) -> None:
    twin.start_input = lambda t: 2.0 <= t < 3.0
    twin.feed(b"1,start-2button\r1,amps,50\r", 1.0)
    twin.stage.current(2.0)
    assert twin.stage.current(4.0) == pytest.approx(3.6)


def test_the_start_input_gates_a_start_by_wire_too(twin) -> None:
    """Assumed."""
    twin.start_input = lambda t: t < 2.0
    twin.feed(b"1,amps,50\r1,hon\r", 1.0)
    assert twin.stage.current(1.9) > 0.0
    assert twin.stage.current(2.1) == 0.0
    twin.feed(b"1,hon\r", 3.0)
    assert not twin.stage.is_energized


def test_continuous_data_at_ctime(twin) -> None:
    assert said(twin, b"1,ctime,500\r", 0.0) == b"1,500\r\n"
    twin.feed(b"1,slcrdata\r", 1.0)
    assert twin.next_at() == 1.5
    assert twin.advance(2.1) == [(1.5, b"1,0,0.0,0,0,0,0,0\r\n"), (2.0, b"1,0,0.0,0,0,0,0,0\r\n")]
    twin.feed(b"1,slcrdata\r", 2.2)
    assert (twin.next_at(), twin.advance(9.0)) == (None, [])
    twin.feed(b"1,slcdata\r", 10.0)
    assert twin.advance(10.5) == [(10.5, b"0.0A 0.0A 0W 0kHz 0ms\r\n")]


def test_a_restart_is_off_at_zero_and_keeps_its_menu(twin) -> None:
    twin.feed(b"1,ctrloff\r1,hon\r", 1.0)
    twin.inject("panel_change", "amps:200", 1.5)
    twin.inject("reboot", "", 2.0)
    assert said(twin, b"1,amps,5\r1,rdata\r", 2.5) == b"1,0,0.0,0,0,0,0,1\r\n"


def test_panel_and_stage_faults(twin) -> None:
    twin.inject("panel_change", "amps:200", 1.0)
    twin.inject("panel_change", "on", 1.0)
    assert twin.stage.current(2.0) == pytest.approx(14.4)
    twin.inject("amp_ignores_off", "", 2.0)
    twin.inject("panel_change", "off", 2.0)
    assert said(twin, b"1,rdata\r", 3.0).startswith(b"1,1,200.0,200,")
    twin.clear("amp_ignores_off")
    assert said(twin, b"1,rdata\r", 4.0).startswith(b"1,0,200.0,0,")
    for verb, argument in (("panel_change", "colour"), ("no_such", "")):
        with pytest.raises(ValueError, match=verb if verb == "no_such" else argument):
            twin.inject(verb, argument, 5.0)


def test_the_frequency_moves_with_the_current() -> None:
    twin = AmbrellTwin(0.0, Model(khz=413.0, khz_per_a=-0.1))
    twin.feed(b"1,amps,250\r1,hon\r", 1.0)
    assert said(twin, b"1,data\r", 2.0).split()[-2] == b"388kHz"
