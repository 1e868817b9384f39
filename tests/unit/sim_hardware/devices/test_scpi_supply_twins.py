# SPDX-License-Identifier: Apache-2.0
"""The SCPI supply twins: watchdogs, status bits and protections as in their manuals."""

import pytest

from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from sim_hardware.devices.sources.keysight_n7900 import KeysightN6700Twin, KeysightN7900Twin


def said(twin, sent, t=1.0):
    """Everything it answers to these lines."""
    return b"".join(chunk for _, chunk in twin.feed(sent + b"\n", t)).decode().rstrip("\n")


# ---- GENESYS+: GH manual page 163, G+ manual pages 179 and 182 --------------------------------


@pytest.fixture
def tdk():
    """On, 5 A, watchdog 1 s, errors queued."""
    twin = GenesysScpiTwin()
    said(twin, b"SYST:ERR:ENAB;:VOLT 10;:CURR 5;:SYST:COMM:WATCH:TIM 1;:SYST:WATCHDOG ON;:OUTP ON")
    return twin


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"*IDN?", "TDK-LAMBDA,G160-100,SIM0001,1.000"),
        (b"OUTP?;:OUTP:MODE?", "ON;CC"),
        (b"SYST:COMM:WATCHDOG:STAT?;:SYST:WATCH:TIM?", "ON;+1.000000E+00"),
        (b"VOLT?;:CURR?", "+1.000000E+01;+5.000000E+00"),
        (b"STAT:OPER:COND?;:STAT:QUES:COND?", "6;0"),
        (b"SYST:ERR?", '0,"No error"'),
    ],
)
def test_tdk_bytes(tdk, sent, expected):
    assert said(tdk, sent) == expected


@pytest.mark.parametrize("twin", [GenesysScpiTwin, KeysightN7900Twin])
def test_numbers_may_carry_their_unit(twin):
    """IEEE 488.2, 7.7.3: pymeasure's N5767A driver writes `:VOLT 12.5 V`."""
    sent = b":VOLT 12.5 V;:CURR 500MA;:VOLT?;:CURR?"
    assert said(twin(), sent) == "+1.250000E+01;+5.000000E-01"


@pytest.mark.parametrize("feeding", [b"*IDN?", b"OUTP?", b"NONSENSE", b"SYST:WATC:TIM?"])
def test_tdk_watchdog_is_fed_by_anything_even_invalid(tdk, feeding):
    """WATC is no spelling of the manual's WATCHdog, and feeds it all the same."""
    for n in range(1, 6):
        said(tdk, feeding, 1.0 + 0.9 * n)
    assert tdk.stage.is_energized
    assert said(tdk, b"OUTP?", 5.7) == "ON"


def test_tdk_watchdog_trips_with_error_342_and_bit_15(tdk):
    assert said(tdk, b"OUTP?;:STAT:QUES:COND?;:SYST:ERR?", 2.01) == (
        'OFF;32768;+342,"Communication Watchdog Timeout;address 06"'
    )
    assert not tdk.stage.is_energized
    said(tdk, b"OUTP ON", 2.1)
    assert said(tdk, b"OUTP?;:SYST:ERR?", 2.1).startswith("OFF;-221")
    assert said(tdk, b"OUTP:PROT:CLE;:OUTP?;:STAT:QUES:COND?", 2.2) == "OFF;0"
    assert said(tdk, b"OUTP ON;:OUTP?", 2.3) == "ON"


def test_tdk_watchdog_fault_ends_when_it_is_switched_off(tdk):
    assert said(tdk, b"SYST:WATCH OFF;:STAT:QUES:COND?;:OUTP?", 3.0) == "0;OFF"


@pytest.mark.parametrize("seconds", [b"0.5", b"3601", b"-1"])
def test_tdk_watchdog_takes_1_to_3600_s(tdk, seconds):
    said(tdk, b"SYST:WATCH:TIM " + seconds)
    assert said(tdk, b"SYST:ERR?;:SYST:WATCH:TIM?").startswith("-222")


def test_tdk_queues_no_error_before_it_is_told_to():
    twin = GenesysScpiTwin()
    said(twin, b"NONSENSE")
    assert said(twin, b"SYST:ERR?") == '0,"No error"'


@pytest.mark.parametrize(
    ("name", "bits"),
    [("ac", 2), ("otp", 4), ("ovp", 16), ("shut_off", 32), ("interlock", 128), ("enable", 256)],
)
def test_tdk_inputs_have_the_bits_of_table_6_1(tdk, name, bits):
    tdk.inject("input", f"{name}:open", 1.1)
    assert said(tdk, b"STAT:QUES:COND?;:OUTP?", 1.2) == f"{bits};OFF"
    tdk.inject("input", f"{name}:closed", 1.3)
    assert said(tdk, b"STAT:QUES:COND?;:OUTP?;:STAT:QUES?", 1.4) == f"0;OFF;{bits}"


@pytest.mark.parametrize("auto_start", [False, True])
def test_tdk_power_cycle(tdk, auto_start):
    tdk.inject("panel_change", f"auto_start:{'on' if auto_start else 'off'}", 1.1)
    said(tdk, b"*ESR?", 1.1)
    tdk.inject("reboot", "", 1.2)
    assert said(tdk, b"*ESR?;:OUTP?;:SYST:WATCH?", 1.3) == (
        f"128;{'ON' if auto_start else 'OFF'};OFF"
    )
    assert tdk.stage.is_energized is auto_start


# ---- Keysight: N6900/N7900 guide pages 251, 252, 286, 287 ---------------------------------------


@pytest.fixture
def n7900():
    """On, 5 A in current priority, watchdog 1 s."""
    twin = KeysightN7900Twin()
    said(twin, b"FUNC CURR;:VOLT:LIM 10;:CURR 5;:OUTP:PROT:WDOG:DEL 1;:OUTP:PROT:WDOG ON;:OUTP ON")
    return twin


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"*IDN?", "Keysight Technologies,N7951A,SIM0001,A.02.00"),
        (b"OUTP?;:FUNC?", "1;CURR"),
        (b"OUTP:PROT:WDOG?;:OUTP:PROT:WDOG:DEL?", "1;+1.000000E+00"),
        (b"CURR?;VOLT:LIM?", "+5.000000E+00;+1.000000E+01"),
        (b"STAT:OPER:COND?;:STAT:QUES:COND?", "2;0"),
        (b"SYST:ERR?", '+0,"No error"'),
    ],
)
def test_keysight_bytes(n7900, sent, expected):
    assert said(n7900, sent) == expected


def test_keysight_defaults_after_rst(n7900):
    """*RST: OFF, 60 s (page 252)."""
    assert said(n7900, b"*RST;:OUTP:PROT:WDOG?;:OUTP:PROT:WDOG:DEL?;:OUTP?;:FUNC?") == (
        "0;+6.000000E+01;0;VOLT"
    )


def test_keysight_trip_leaves_the_programmed_state_and_clear_restores_it(n7900):
    """`The output is latched off but the programmed output state is not changed` (page 252)."""
    assert said(n7900, b"OUTP?;:STAT:QUES:COND?;:SYST:ERR?", 2.01) == '1;2048;+0,"No error"'
    assert not n7900.stage.is_energized
    assert said(n7900, b"OUTP:PROT:CLE;:OUTP?;:STAT:QUES:COND?", 2.1) == "1;0"
    assert n7900.stage.is_energized


def test_keysight_off_before_clear_keeps_it_off(n7900):
    said(n7900, b"*IDN?", 2.01)
    assert said(n7900, b"OUTP OFF;:OUTP:PROT:CLE;:OUTP?;:STAT:QUES:COND?", 2.1) == "0;0"
    assert not n7900.stage.is_energized


def test_keysight_watchdog_is_fed_by_any_client_but_not_by_the_panel(n7900):
    for n in range(1, 4):
        n7900.feed(b"*IDN?\n", 1.0 + 0.9 * n, n)
    assert n7900.stage.is_energized
    n7900.inject("panel_change", "amps:6", 4.6)
    assert said(n7900, b"STAT:QUES:COND?", 4.71) == "2048"


def test_keysight_a_cause_that_is_still_there_latches_again(n7900):
    n7900.inject("input", "inhibit:open", 1.1)
    assert said(n7900, b"OUTP:PROT:CLE;:STAT:QUES:COND?", 1.2) == "512"
    n7900.inject("input", "inhibit:closed", 1.3)
    assert said(n7900, b"STAT:QUES:COND?", 1.4) == "512"
    assert not n7900.stage.is_energized
    assert said(n7900, b"OUTP:PROT:CLE;:STAT:QUES:COND?", 1.5) == "0"


def test_keysight_unregulated_does_not_switch_off(n7900):
    n7900.inject("input", "unregulated:open", 1.1)
    assert said(n7900, b"STAT:QUES:COND?", 1.2) == "1024"
    assert n7900.stage.is_energized


def test_keysight_priority_decides_what_limits_and_switches_off(n7900):
    assert said(n7900, b"MEAS:CURR?", 1.9) == "+5.000000E+00"
    said(n7900, b"FUNC VOLT;:VOLT 10;:CURR:LIM 2;:OUTP ON", 1.9)
    assert said(n7900, b"MEAS:CURR?;VOLT?", 2.8) == "+2.000000E+00;+1.000000E+00"
    said(n7900, b"FUNC CURR", 2.8)
    assert said(n7900, b"OUTP?", 2.8) == "0"


def test_keysight_over_current_protection_trips_at_the_limit():
    twin = KeysightN7900Twin()
    said(twin, b"VOLT 10;:CURR:LIM 30;:CURR:PROT:STAT ON;:OUTP ON")
    assert said(twin, b"STAT:QUES:COND?", 2.0) == "0"
    said(twin, b"CURR:LIM 5", 2.0)
    assert said(twin, b"STAT:QUES:COND?;:OUTP?", 2.0) == "2;1"
    assert not twin.stage.is_energized


def test_keysight_power_cycle_is_seen_in_esr(n7900):
    said(n7900, b"*ESR?")
    n7900.inject("reboot", "", 1.2)
    assert said(n7900, b"*ESR?;*ESR?;:OUTP?;:OUTP:PROT:WDOG?", 1.3) == "128;0;0;0"


# ---- N6700C: guide page 158 -------------------------------------------------------------------


def test_mainframe_wants_a_channel_list():
    twin = KeysightN6700Twin()
    said(twin, b"VOLT 10,(@1);:CURR 5,(@1);:OUTP ON,(@1)")
    assert said(twin, b"CURR? (@1);:OUTP? (@1);:STAT:QUES:COND? (@1)") == "+5.000000E+00;1;0"
    assert said(twin, b"OUTP:PROT:WDOG ON;:OUTP:PROT:WDOG:DEL 600;:OUTP:PROT:WDOG:DEL?") == (
        "+6.000000E+02"
    )
    said(twin, b"CURR 6")
    assert said(twin, b"SYST:ERR?").startswith("-109")
    said(twin, b"CURR 6,(@2)")
    assert said(twin, b"SYST:ERR?;:CURR? (@1)").startswith("-222")
    assert said(twin, b"CURR? (@1)") == "+5.000000E+00"


def test_mainframe_clear_restores_too():
    twin = KeysightN6700Twin()
    said(twin, b"VOLT 10,(@1);:CURR 5,(@1);:OUTP:PROT:WDOG:DEL 1;:OUTP:PROT:WDOG ON;:OUTP ON,(@1)")
    assert said(twin, b"STAT:QUES:COND? (@1)", 2.1) == "2048"
    said(twin, b"OUTP:PROT:CLE (@1)", 2.2)
    assert twin.stage.is_energized


# ---- both --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [GenesysScpiTwin, KeysightN7900Twin, KeysightN6700Twin])
def test_faults_serial_number_and_unknown_verbs(kind):
    twin = kind("SIM0042")
    twin.inject("panel_change", "volts:10", 1.0)
    twin.inject("panel_change", "amps:3", 1.0)
    assert "SIM0042" in said(twin, b"*IDN?")
    with pytest.raises(ValueError, match="panel_change"):
        twin.inject("panel_change", "dance", 1.0)
    with pytest.raises(ValueError, match="no fault"):
        twin.inject("input", "nothing:open", 1.0)
    with pytest.raises(ValueError, match="SIM"):
        kind("12345")


def test_amperes_come_from_what_really_flows(tdk):
    tdk.stage.measured = lambda t: 0.6
    assert said(tdk, b"MEAS:CURR?") == "+2.000000E+00"
    tdk.inject("amp_ignores_off", "", 1.5)
    said(tdk, b"OUTP OFF", 1.5)
    assert said(tdk, b"OUTP?;:MEAS:CURR?", 1.6) == "OFF;+2.000000E+00"
    assert tdk.stage.is_energized
    tdk.clear("amp_ignores_off")
    assert not tdk.stage.is_energized


def test_a_keysight_s_power_on_state_and_a_module_s_priority_are_words():
    twin = KeysightN6700Twin()
    assert said(twin, b"OUTP:PON:STAT RCL0;STAT?;:OUTP:PMOD? (@1)") == "RCL0;VOLT"
    assert said(twin, b":OUTP:PMOD CURR,(@1);:OUTP:PMOD? (@1)") == "CURR"
    assert said(twin, b"OUTP:PON:STAT OFF;:SYST:ERR?").startswith("-224")
    assert said(twin, b"*RST;:OUTP:PON:STAT?;:OUTP:PMOD? (@1)") == "RCL0;VOLT"
