# SPDX-License-Identifier: Apache-2.0
"""The Genesys twin: bytes of the user manual, chapter 7, and what it does besides."""

import pytest

from sim_hardware.devices.lines import LATENCY_S
from sim_hardware.devices.sources.genesys import GenesysTwin


def said(twin, sent, t=1.0):
    """Everything it answers to these bytes."""
    return b"".join(chunk for _, chunk in twin.feed(sent, t))


@pytest.fixture
def twin():
    """Called by its address."""
    called = GenesysTwin()
    assert said(called, b"ADR 6\r") == b"OK\r"
    return called


GOLDEN = (
    (b"IDN?\r", b"LAMBDA,GEN40-38\r"),
    (b"idn?\r", b"LAMBDA,GEN40-38\r"),  # capital or small letters (7.7.1)
    (b"SN?\r", b"SIM0001\r"),
    (b"DATE?\r", b"2020/01/01\r"),
    (b"RMT?\r", b"REM\r"),
    (b"MODE?\r", b"OFF\r"),
    (b"OUT?\r", b"OFF\r"),
    (b"AST?\r", b"OFF\r"),
    (b"FLT?\r", b"00\r"),
    (b"STAT?\r", b"04\r"),
    (b"STT?\r", b"MV(0.000),PV(0),MC(0.0000),PC(0),SR(04),FR(00)\r"),
    (b"DVC?\r", b"0.000,0,0.000,0,44.00,0\r"),
    (b"STT?$3A\r", b"MV(0.000),PV(0),MC(0.0000),PC(0),SR(04),FR(00)$9B\r"),  # 7.5.5
    (b"STAT?$7B\r", b"04$64\r"),
    (b"STT?$3B\r", b"C04$A7\r"),
    (b"\r", b"OK\r"),  # 7.7.1, 4
    (b"BOGUS\r", b"C01\r"),
    (b"PV\r", b"C02\r"),
    (b"PV ABC\r", b"C03\r"),
    (b"PV -1\r", b"C03\r"),
    (b"PV 1234567890123\r", b"C03\r"),  # up to 12 characters (7.7.1, 3)
    (b"PC 45\r", b"C05\r"),
    (b"PV 42.1\r", b"E01\r"),
    (b"FENA 0G\r", b"C03\r"),
    (b"FILTER 20\r", b"C05\r"),
    (b"FBD 256\r", b"C05\r"),
    (b"ADR\r", b"C02\r"),
    (b"ADR 31\r", b"C05\r"),
    (b"PV 12\x08\x080.50\r\nPV?\r", b"OK\r0.50\r"),  # backspace (7.5.8); PV? as it was sent
    (b"PV 09.870\rPV?\r\\\r", b"OK\r09.870\r09.870\r"),
)


@pytest.mark.parametrize(("sent", "expected"), GOLDEN)
def test_golden_bytes(twin, sent, expected):
    assert said(twin, sent) == expected


def test_an_answer_takes_its_time_and_comes_whole_from_pieces(twin):
    pieces = [twin.feed(bytes((byte,)), 2.0) for byte in b"OUT?\r"]
    assert [piece for piece in pieces if piece] == [[(2.0 + LATENCY_S, b"OFF\r")]]


def test_nobody_is_heard_before_the_call_and_only_one_after_it():
    """One line, two supplies: what goes to all is answered by the one called last."""
    six, seven = GenesysTwin("SIM0006", address=6), GenesysTwin("SIM0007", address=7)

    def both(sent):
        return said(six, sent) + said(seven, sent)

    assert both(b"IDN?\r\r") == b""
    assert both(b"ADR 07\r") == b"OK\r"
    assert both(b"SN?\r") == b"SIM0007\r"
    assert both(b"ADR 6\rSN?\r") == b"OK\rSIM0006\r"
    assert both(b"PV 5\r") == b"OK\r"
    assert (six.settings.texts["PV"], seven.settings.texts["PV"]) == ("5", "0")


@pytest.mark.parametrize(
    ("first", "sent", "word"),
    [
        (b"OVP 20\r", b"PV 19.1\r", b"E01"),  # above 95 % of OVP
        (b"OVP 20\r", b"PV 19.0\r", b"OK"),
        (b"PV 10\rUVL 5\r", b"PV 4\r", b"E02"),
        (b"PV 10\r", b"OVP 11\r", b"E04"),  # less than the volts and 5 % of the rating
        (b"PV 10\r", b"OVP 12\r", b"OK"),
        (b"PV 10\r", b"UVL 11\r", b"E06"),
        (b"", b"OVP 45\r", b"C05"),
    ],
)
def test_what_tables_7_1_and_7_2_refuse(twin, first, sent, word):
    said(twin, first)
    assert said(twin, sent) == word + b"\r"


def test_constant_current_constant_voltage_and_off(twin):
    said(twin, b"PV 10\rPC 5\rOUT 1\r")
    said(twin, b"MODE?\r", 3.0)
    assert said(twin, b"MODE?\rSTAT?\rMC?\rMV?\r", 3.0) == b"CC\r06\r5.000\r2.500\r"
    said(twin, b"PC 30\r", 3.0)
    assert said(twin, b"MODE?\rSTAT?\rMC?\r", 5.0) == b"CV\r05\r20.000\r"
    assert twin.stage.current(5.0) == pytest.approx(6.0)  # 20 A at 300 A/m each
    assert said(twin, b"OUT 0\rMODE?\rMC?\r", 6.0) == b"OK\rOFF\r0.000\r"
    assert not twin.stage.is_energized


def test_amperes_come_from_what_really_flows(twin):
    twin.stage.measured = lambda t: 1.5
    assert said(twin, b"MC?\r") == b"5.000\r"


def test_an_open_enable_contact(twin):
    """FR bit 7, E07; safe start stays off when it closes again."""
    said(twin, b"PV 10\rPC 5\rOUT 1\r")
    twin.inject("input", "enable:open", 2.0)
    assert said(twin, b"FLT?\rSTAT?\rOUT?\rOUT 1\r", 2.0) == b"80\r08\rOFF\rE07\r"
    assert not twin.stage.is_energized
    twin.inject("input", "enable:closed", 3.0)
    assert said(twin, b"FLT?\rOUT?\rOUT 1\rOUT?\r", 3.0) == b"00\rOFF\rOK\rON\r"


@pytest.mark.parametrize(
    ("name", "bits"), [("ac", b"02"), ("otp", b"04"), ("ovp", b"10"), ("shut_off", b"20")]
)
def test_each_fault_has_its_bit(twin, name, bits):
    twin.inject("input", f"{name}:open", 2.0)
    assert said(twin, b"FLT?\r", 2.0) == bits + b"\r"
    twin.clear("input")
    assert said(twin, b"FLT?\r", 3.0) == b"00\r"


def test_events_latch_what_is_enabled_and_reading_clears_them(twin):
    twin.inject("input", "enable:open", 1.0)
    assert said(twin, b"FEVE?\r") == b"00\r"
    twin.clear("input")
    assert said(twin, b"FENA 80\rFENA?\r") == b"OK\r80\r"
    twin.inject("input", "enable:open", 2.0)
    twin.clear("input")
    assert said(twin, b"RST\rFEVE?\rFEVE?\r", 3.0) == b"OK\r80\r00\r"  # RST does not clear it
    twin.inject("input", "enable:open", 4.0)
    assert said(twin, b"CLS\rFEVE?\r", 5.0) == b"OK\r00\r"


def test_service_requests_only_where_enabled(twin):
    """`!nn` and CR, nn the address, in any state of the dialogue (7.8.3)."""
    twin.inject("input", "enable:open", 1.0)
    assert (twin.next_at(), twin.advance(1.5)) == (None, [])
    twin.clear("input")
    said(twin, b"FENA 80\rSENA 08\r", 2.0)
    twin.inject("input", "enable:open", 3.0)
    assert twin.next_at() == 3.0
    assert twin.advance(3.0) == [(3.0, b"!06\r"), (3.0, b"!06\r")]  # FENA's and SENA's
    assert said(twin, b"SEVE?\r", 4.0) == b"08\r"


def test_fold_back_trips_in_constant_current_and_out_1_ends_it(twin):
    said(twin, b"PV 10\rPC 5\rFBD 5\rFLD ON\rOUT 1\r", 1.0)
    assert twin.next_at() == pytest.approx(1.75)
    assert said(twin, b"STAT?\r", 1.7) == b"26\r"
    assert said(twin, b"FLT?\rSTAT?\rOUT?\r", 1.8) == b"08\r28\rOFF\r"
    assert said(twin, b"FLD OFF\rOUT 1\rFLT?\rOUT?\r", 2.0) == b"OK\rOK\r00\rON\r"


def test_rst_is_a_safe_and_known_state(twin):
    said(twin, b"OVP 30\rPV 10\rUVL 5\rPC 5\rAST ON\rFLD ON\rOUT 1\rRST\r")
    assert said(twin, b"DVC?\rAST?\rFLD?\rOUT?\rRMT?\r", 3.0) == (
        b"0.000,0,0.000,0,44.00,0\rOFF\rOFF\rOFF\rREM\r"
    )


def test_saved_settings_come_back_and_are_not_shared(twin):
    said(twin, b"PV 10\rPC 5\rSAV\rPV 11\rPC 6\r")
    assert said(twin, b"RCL\rPV?\rPC?\r") == b"OK\r10\r5\r"
    said(twin, b"PV 12\rRCL\r")
    assert said(twin, b"PV?\r") == b"10\r"


@pytest.mark.parametrize("restart", [False, True])
def test_a_power_cycle_with_and_without_automatic_restart(twin, restart):
    said(twin, b"PV 10\rPC 5\rFENA 80\rOUT 1\r")
    said(twin, b"AST ON\r" if restart else b"AST OFF\r")
    twin.inject("reboot", "", 2.0)
    assert said(twin, b"OUT?\r", 2.0) == b""  # nobody is called
    assert twin.stage.is_energized is restart
    shown = b"OK\r00\r" + (b"10\r5\rON\r" if restart else b"0\r0\rOFF\r")
    assert said(twin, b"ADR 6\rFENA?\rPV?\rPC?\rOUT?\r", 2.0) == shown


def test_an_operator_at_the_panel(twin):
    said(twin, b"PV 10\r")
    for knob in ("amps:7.5", "volts:20", "on", "local", "restart:on"):
        twin.inject("panel_change", knob, 2.0)
    assert said(twin, b"PC?\rPV?\rOUT?\rRMT?\rSTAT?\r", 2.0) == b"7.5\r20\rON\rLOC\r96\r"
    twin.inject("panel_change", "off", 3.0)
    assert not twin.stage.is_energized
    with pytest.raises(ValueError, match="panel_change"):
        twin.inject("panel_change", "dance", 3.0)


def test_a_stage_that_ignores_off(twin):
    said(twin, b"PV 10\rPC 5\rOUT 1\r")
    twin.inject("amp_ignores_off", "", 2.0)
    assert said(twin, b"OUT 0\rOUT?\rMC?\r", 2.0) == b"OK\rOFF\r5.000\r"
    twin.clear("amp_ignores_off")
    assert said(twin, b"MC?\r", 3.0) == b"0.000\r"


def test_its_serial_number_says_what_it_is():
    with pytest.raises(ValueError, match="SIM"):
        GenesysTwin("12345")


def test_a_global_command_is_obeyed_by_all_and_answered_by_none():
    """750 W manual 7.9, table 7-3: not even an error is reported."""
    six, seven = GenesysTwin("SIM0006", address=6), GenesysTwin("SIM0007", address=7)
    said(six, b"ADR 6\r")
    for supply in (six, seven):
        assert said(supply, b"GPV 10\rGPC 5.5\rGOUT ON\rGPV 99\rGOUT MAYBE\rGPV\r") == b""
        assert (supply.settings.texts["PV"], supply.settings.texts["PC"]) == ("10", "5.5")
        is_on = [supply.dc.is_on]
        for line in (b"GSAV\rGRST\r", b"GRCL\r"):
            assert said(supply, line) == b""
            is_on.append(supply.dc.is_on)
        assert is_on == [True, False, True]
    assert said(six, b"PV?\rGOUT OFF\rOUT?\r") == b"10\rOFF\r"


def test_recall_brings_the_output_s_state_but_no_lockout(twin):
    said(twin, b"PV 10\rPC 5\rRMT LLO\rSAV\rOUT 1\r")
    assert said(twin, b"RCL\rOUT?\rRMT?\r") == b"OK\rOFF\rREM\r"
    said(twin, b"OUT 1\rSAV\rOUT 0\r")
    assert said(twin, b"RCL\rOUT?\r") == b"OK\rON\r"
    twin.inject("input", "enable:open", 1.0)
    assert said(twin, b"RCL\rOUT?\r") == b"OK\rOFF\r"
