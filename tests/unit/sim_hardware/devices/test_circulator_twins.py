# SPDX-License-Identifier: Apache-2.0
"""The chiller twins speak as their manuals print it, and their bath is plain physics."""

import pytest

from sim_hardware.devices.auxiliaries.bath import COOLING_S, ROOM_C, Bath
from sim_hardware.devices.auxiliaries.lauda import LaudaTwin
from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin


def said(twin, data, t=0.0):
    return b"".join(reply for _, reply in twin.feed(data, t))


# ---- the bath ----------------------------------------------------------------------------------


def test_a_bath_goes_to_its_set_point_while_it_runs():
    bath = Bath(0.0, 22.0)
    bath.regulate(12.0, 0.0)
    bath.run(0.0, on=True)
    assert bath.at(COOLING_S) == pytest.approx(12.0 + 10.0 * 0.36788, abs=1e-3)
    assert bath.at(100.0 * COOLING_S) == pytest.approx(12.0)
    bath.run(100.0 * COOLING_S, on=False)
    assert bath.at(101.0 * COOLING_S) < 12.5
    assert bath.at(1e6) == pytest.approx(ROOM_C)


def test_a_bath_is_the_same_however_often_it_is_asked():
    asked, left = Bath(0.0), Bath(0.0)
    for bath in (asked, left):
        bath.regulate(10.0, 0.0)
        bath.run(0.0, on=True)
    for tenth in range(1000):
        asked.at(tenth / 10.0)
    assert asked.at(100.0) == pytest.approx(left.at(100.0))
    assert asked.at(50.0) == asked.at(100.0)  # it never goes back


def test_a_load_holds_a_bath_and_then_lets_it_go():
    bath = Bath(0.0, 20.0)
    bath.run(0.0, on=True)
    bath.hold(50.0, 1.0)
    assert bath.at(1000.0) == 50.0
    bath.release()
    assert 20.0 < bath.at(1000.0 + COOLING_S) < 50.0
    assert bath.at(1e6) == pytest.approx(20.0)


@pytest.mark.parametrize("make", [PolyScienceTwin, LaudaTwin])
def test_what_every_circulator_does(make):
    twin = make(0.0)
    assert (twin.is_pumping, twin.outlet_c(0.0)) == (False, 22.0)
    twin.inject("panel_change", "on", 0.0)
    twin.inject("panel_change", "15", 0.0)
    assert twin.is_pumping
    assert twin.outlet_c(1000.0) == pytest.approx(15.0, abs=1e-3)
    twin.inject("coolant_stop", "", 1000.0)
    assert not twin.is_pumping
    twin.clear("coolant_stop")
    assert twin.is_pumping
    twin.inject("coolant_warm", "45", 1000.0)
    twin.clear("coolant_stop")
    assert twin.outlet_c(2000.0) == 45.0
    twin.clear("coolant_warm")
    assert twin.outlet_c(3000.0) < 16.0
    twin.inject("reboot", "", 3000.0)
    assert (twin.is_pumping, twin.bath.setpoint_c) == (False, 15.0)
    with pytest.raises(ValueError, match="no fault"):
        twin.inject("melt", "", 3000.0)


# ---- PolyScience: LS manual page 19 --------------------------------------------------------------


def quiet(unit="C"):
    twin = PolyScienceTwin(0.0, unit)
    assert said(twin, b"SE0\r") == b"!\r"
    return twin


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        (b"RU", b"C"),
        (b"RT", b"+22.0"),
        (b"RS", b"+22.0"),
        (b"RW", b"0"),
        (b"RF", b"00"),
        (b"RP", b"+000.0"),
        (b"SO1", b"!"),
        (b"SS020", b"!"),
        (b"SS025.50", b"!"),
        (b"SE0", b"!"),
        (b"SS20", b"?"),
        (b"SS999", b"?"),
        (b"SSabc", b"?"),
        (b"rt", b"?"),
        (b"RT ", b"?"),
        (b"XX", b"?"),
    ],
)
def test_polyscience_replies(sent, reply):
    assert said(quiet(), sent + b"\r") == reply + b"\r"


def test_polyscience_runs_and_regulates():
    twin = quiet()
    assert said(twin, b"SS015\r") == b"!\r"
    assert said(twin, b"RS\r") == b"+15.0\r"
    assert said(twin, b"SO1\r") == b"!\r"
    assert said(twin, b"RW\r") == b"1\r"
    assert said(twin, b"RT\r", 1000.0) == b"+15.0\r"
    assert said(twin, b"RP\r", 1000.0) == b"+012.0\r"
    assert said(twin, b"RL\r", 1000.0) == b"+008.0\r"
    assert said(twin, b"SO0\r", 1000.0) == b"!\r"
    assert said(twin, b"RW\r", 1000.0) == b"0\r"


def test_polyscience_in_fahrenheit():
    twin = quiet("F")
    assert said(twin, b"RU\r") == b"F\r"
    assert said(twin, b"RT\r") == b"+71.6\r"
    assert said(twin, b"SS068\r") == b"!\r"
    assert twin.bath.setpoint_c == pytest.approx(20.0)
    twin.inject("panel_change", "C", 0.0)
    assert said(twin, b"RS\r") == b"+20.0\r"


def test_a_line_feed_spoils_the_next_command():
    """ "Do not send a [LF] after the [CR]"."""
    twin = quiet()
    assert said(twin, b"RU\r\nRU\r") == b"C\r?\r"


def test_polyscience_is_without_an_echo_after_power_up():
    """Public drivers accept nothing but `!` after their first SE0."""
    twin = PolyScienceTwin(0.0)
    assert said(twin, b"SE0\r") == b"!\r"
    assert said(twin, b"SE1\r") == b"!\r"
    twin.inject("reboot", "", 0.0)
    assert said(twin, b"RU\r") == b"C\r"


def test_polyscience_echoes_until_it_is_told_not_to():
    twin = PolyScienceTwin(0.0, echoes=True)
    assert said(twin, b"RU\r") == b"RUC\r"
    assert said(twin, b"SE0\r") == b"SE0!\r"
    assert said(twin, b"RU\r") == b"C\r"
    assert said(twin, b"SE1\r") == b"!\r"
    assert said(twin, b"RU\r") == b"RUC\r"


def test_a_stalled_pump_is_a_fault():
    twin = quiet()
    twin.inject("coolant_stop", "", 0.0)
    assert said(twin, b"RF\r") == b"01\r"


# ---- Lauda ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n\r"])
@pytest.mark.parametrize("text", [b"OUT_SP_00_30.5", b"OUT SP 00 30.5", b"OUT_SP_00_030.50"])
def test_a_set_point_on_rs232(text, end):
    """Ecoline p7: OUT_SP_00_30.5 is answered OK CRLF, whatever of three ends; p10: blanks too."""
    twin = LaudaTwin()
    assert said(twin, text + end) == b"OK\r\n"
    assert said(twin, b"IN_SP_00\r") == b"30.50\r\n"


def test_a_set_point_on_rs485():
    """ECO Gold p70: A015_OUT_SP_00_30.5 CR, A015_OK CR; another address is silence."""
    twin = LaudaTwin(address=15)
    assert said(twin, b"A015_OUT_SP_00_30.5\r") == b"A015_OK\r"
    assert said(twin, b"A015_XX\r") == b"A015_ERR_3\r"
    assert said(twin, b"A016_IN_SP_00\r") == b""
    assert said(twin, b"IN_SP_00\r") == b""


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        (b"-5.25", b"OK"),
        (b"-.5", b"OK"),
        (b".5", b"OK"),
        (b"20.", b"OK"),
        (b"20", b"OK"),
        (b"1000", b"ERR_5"),
        (b"20.123", b"ERR_5"),
        (b"x", b"ERR_5"),
        (b"", b"ERR_5"),
        (b"200.00", b"ERR_6"),
    ],
)
def test_formats_of_a_set_point(value, reply):
    """Ecoline p10, permitted data formats; MC 250 p43, errors 5 and 6."""
    assert said(LaudaTwin(), b"OUT_SP_00_" + value + b"\r") == reply + b"\r\n"


@pytest.mark.parametrize(
    ("family", "sent", "reply"),
    [
        ("ecoline", b"TYPE", b"E200"),
        ("ecoline", b"VERSION", b"SIM 1.30"),
        ("ecoline", b"VERSION_R", b"ERR_3"),
        ("ecoline", b"IN_SP_01", b"0"),
        ("ecoline", b"IN_MODE_02", b"ERR_3"),
        ("ecoline", b"STATUS", b"0"),
        ("ecoline", b"STAT", b"0000000"),
        ("ecoline", b"IN_PV_00", b"22.00"),
        ("eco_gold", b"VERSION_R", b"SIM 1.30"),
        ("eco_gold", b"VERSION", b"ERR_3"),
        ("eco_gold", b"IN_MODE_02", b"1"),
        ("eco_gold", b"IN_SP_01", b"3"),
        ("mc", b"TYPE", b"MC"),
        ("mc", b"IN_SP_01", b"ERR_3"),
        ("mc", b"IN_MODE_02", b"ERR_3"),
    ],
)
def test_what_each_family_answers(family, sent, reply):
    assert said(LaudaTwin(family=family), sent + b"\r") == reply + b"\r\n"


@pytest.mark.parametrize(
    ("family", "sent", "asked", "reply"),
    [
        ("eco_gold", b"OUT_SP_01_005", b"IN_SP_01", b"5"),
        ("eco_gold", b"OUT_SP_02_001", b"IN_SP_02", b"1"),
        ("eco_gold", b"OUT SP 04 40", b"IN SP 04", b"40.00"),
        ("eco_gold", b"OUT_MODE_00 1", b"IN_MODE_00", b"1"),
        ("ecoline", b"OUT_MODE_00_1", b"IN_MODE_00", b"1"),
        ("mc", b"OUT_SP_05_5.5", b"IN_SP_05", b"5.50"),
    ],
)
def test_other_settings(family, sent, asked, reply):
    """ECO Gold pages 113 and 114, Ecoline pages 10 and 11, MC 250 pages 42 and 43."""
    twin = LaudaTwin(family=family)
    assert said(twin, sent + b"\r") == b"OK\r\n"
    assert said(twin, asked + b"\r") == reply + b"\r\n"


@pytest.mark.parametrize(
    ("family", "sent", "reply"),
    [
        ("eco_gold", b"OUT_SP_01_000", b"ERR_6"),
        ("eco_gold", b"OUT_SP_01_2.5", b"ERR_6"),
        ("eco_gold", b"OUT_SP_02_3", b"ERR_6"),
        ("eco_gold", b"OUT_MODE_00_x", b"ERR_5"),
        ("ecoline", b"OUT_SP_02_1", b"ERR_3"),
        ("mc", b"OUT_SP_01_3", b"ERR_3"),
        ("mc", b"IN_PV_01", b"ERR_3"),
        ("eco_gold", b"IN_PV_01", b"22.00"),
    ],
)
def test_what_a_family_refuses(family, sent, reply):
    assert said(LaudaTwin(family=family), sent + b"\r") == reply + b"\r\n"


def test_pump_step_0_is_standby_on_an_ecoline():
    """Page 10."""
    twin = LaudaTwin()
    assert said(twin, b"OUT_SP_01_004\rSTART\rIN_SP_01\r") == b"OK\r\nOK\r\n4\r\n"
    assert said(twin, b"OUT_SP_01_000\rIN_SP_01\r") == b"OK\r\n0\r\n"
    assert not twin.is_pumping
    assert said(twin, b"START\rIN_SP_01\r") == b"OK\r\n4\r\n"


def test_start_and_stop():
    twin = LaudaTwin(family="eco_gold")
    assert said(twin, b"START\r") == b"OK\r\n"
    assert said(twin, b"IN_MODE_02\r") == b"0\r\n"
    assert twin.is_pumping
    assert said(twin, b"STOP\r") == b"OK\r\n"
    assert not twin.is_pumping


def test_a_stalled_pump_is_an_error():
    """Ecoline E 200 p11: the second digit of STAT is the pump."""
    twin = LaudaTwin()
    twin.inject("coolant_stop", "", 0.0)
    assert said(twin, b"STATUS\r") == b"-1\r\n"
    assert said(twin, b"STAT\r") == b"0100000\r\n"


def test_a_twin_says_so():
    with pytest.raises(ValueError, match="SIM"):
        LaudaTwin(version="1.30")
