# SPDX-License-Identifier: Apache-2.0
"""The field source twin: golden bytes, the state machine of its manual, status, faults."""

import pytest

from sim_hardware.devices.field_stage import FieldStage, State
from sim_hardware.devices.lines import LATENCY_S
from sim_hardware.devices.scpi_syntax import spellings
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.sources.generic_scpi_commands import ROWS
from sim_hardware.plant.applicator.coil import Coil


@pytest.fixture
def twin():
    return ScpiSource()


def ask(twin, text, t=0.0, client=0):
    """Send one line, return the answer without its end."""
    replies = twin.feed(text.encode() + b"\n", t, client)
    assert len(replies) <= 1
    return replies[0][1].decode().removesuffix("\n") if replies else None


def energize(twin, t=0.0, level=5e3):
    assert ask(twin, f"FIEL {level};:OUTP:ARM 5;:OUTP ON", t) is None
    assert twin.stage.state is State.ON


def keep_alive(twin, until, since=0.0):
    """Feed heartbeats at 10 Hz."""
    beat = int(ask(twin, "SYST:COMM:HEAR?", since))
    for tick in range(int((until - since) * 10 + 0.5)):
        beat += 1
        ask(twin, f"SYST:COMM:HEAR {beat}", since + (tick + 1) * 0.1)


# ---- golden bytes ----------------------------------------------------------------------

GOLDEN = (
    (b"*IDN?\n", b"OPENMFH,FS100K,SIM0001,1.0\n"),
    (b"*idn?\r\n", b"OPENMFH,FS100K,SIM0001,1.0\n"),
    (b"SYST:VERS?\n", b"1999.0\n"),
    (b"SYSTem:ERRor:NEXT?\n", b'0,"No error"\n'),
    (b"FIEL 5.2 KA/M;FIEL?\n", b"5.200000E+03\n"),
    (b"SOUR:FIEL:LEV:IMM:AMPL 4E3;:FIEL?\n", b"4.000000E+03\n"),
    (b"FIEL? MAX;:FIEL? MIN;:FIEL:LIM? DEF\n", b"1.800000E+04;0.000000E+00;1.800000E+04\n"),
    (b"FIEL:RANG?;DEF?\n", b"1.800000E+04;PEAK\n"),
    (b"FIEL:LIM 7.5E3;LIM?\n", b"7.500000E+03\n"),
    (b"FREQ?\n", b"1.000000E+05\n"),
    (b"OUTP?;:OUTP:STAT:ACT?;:OUTP:ARM?\n", b"0;0;0\n"),
    (b"OUTP:TIM 7200;TIM?\n", b"7.200000E+03\n"),
    (b"OUTP:PROT:CAUS?\n", b"0,0\n"),
    (b"SYST:COMM:WATC?;WATC:TIM?;MODE?;REM?\n", b"1;2.000000E+00;HEAR;2.000000E+00\n"),
    (b"SYST:COMM:HEAR 17;HEAR?\n", b"17\n"),
    (b"SYST:INT?;INT:LATC?;MASK?\n", b"0;0;2047\n"),
    (b"*ESR?;*ESR?\n", b"128;0\n"),
    (b"*ESE 37;*ESE?;*STB?;*OPC?\n", b"37;0;1\n"),
    (b"STAT:OPER:COND?;:STAT:QUES:INT:COND?\n", b"4096;0\n"),
    (b"MEAS:FIEL?;:MEAS:FREQ?;FLOW?\n", b"0.000000E+00;1.000000E+05;8.000000E+00\n"),
)


@pytest.mark.parametrize(("sent", "said"), GOLDEN)
def test_golden_bytes(twin, sent, said) -> None:
    assert twin.feed(sent, 1.0) == [(pytest.approx(1.0 + LATENCY_S), said)]


def test_snapshot_has_exactly_14_fields(twin) -> None:
    energize(twin, 10.0, 5200.0)
    answer = ask(twin, "SYST:COMM:HEAR 7;:FETC:SNAP?", 11.0)
    assert answer == (
        "1,11000,1,5376,0,0,5.200000E+03,5.200000E+03,8.666667E+01,1.000000E+05,2.600148E+01,"
        "8.000000E+00,2000,7"
    )
    assert len(answer.split(",")) == 14


def test_lines_may_arrive_in_any_pieces(twin) -> None:
    pieces = [twin.feed(bytes([byte]), 0.0) for byte in b"FIEL 3E3;FIEL?\n"]
    assert [piece for piece in pieces if piece] == [[(LATENCY_S, b"3.000000E+03\n")]]


def test_clients_have_their_own_half_lines(twin) -> None:
    assert twin.feed(b"FIEL", 0.0, client=1) == []
    assert ask(twin, "*OPC?", client=2) == "1"
    assert ask(twin, "?", client=1) == "0.000000E+00"


def test_every_header_of_the_manual_is_unambiguous() -> None:
    forms = [form for row in ROWS for form in spellings(row.pattern)]
    assert len(forms) == len(set(forms))


# ---- errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("BOGUS 1", -113),
        ("FREQ 1E5", -113),
        ("MAGFORCE?", -113),
        ("FIEL", -109),
        ("FIEL 1,2", -108),
        ("FIEL abc", -104),
        ("FIEL 5 T", -131),
        ("FIEL 18000.1", -222),
        ("FIEL -1", -222),
        ("OUTP:TIM 0", -222),
        ("OUTP ON", 302),
        ("SYST:COMM:HEAR 0", -222),
        ("SYST:COMM:WATC:MODE NEVER", -141),
        ("FIEL:LIM 3E3;:FIEL 3001", -222),
        ("FIEL 3E3;:FIEL:LIM 2E3", -221),
        ("X" * 300, -363),
        ("FIEL \xb5", -101),
    ],
)
def test_errors_are_queued_and_nothing_is_clipped(twin, line, code) -> None:
    level = ask(twin, "FIEL?")
    twin.feed(line.encode("latin-1") + b"\n", 0.0)
    assert int(ask(twin, "SYST:ERR?").partition(",")[0]) == code
    assert ask(twin, "SYST:ERR:COUN?") == "0"
    if "FIEL 3E3" not in line:
        assert ask(twin, "FIEL?") == level


def test_a_command_error_drops_the_rest_of_the_line_an_execution_error_does_not(twin) -> None:
    assert ask(twin, "BOGUS;:FIEL 1E3;:FIEL?") is None
    assert ask(twin, "FIEL 99E3;:FIEL 1E3;:FIEL?") == "1.000000E+03"
    assert ask(twin, "SYST:ERR:ALL?") == (
        '-113,"Undefined header;BOGUS",-222,"Data out of range;99E3"'
    )


def test_the_error_queue_overflows_with_350(twin) -> None:
    for _ in range(25):
        ask(twin, "BOGUS")
    errors = [ask(twin, "SYST:ERR?") for _ in range(21)]
    assert errors[19] == '-350,"Queue overflow"'
    assert errors[20] == '0,"No error"'
    ask(twin, "BOGUS;*CLS")
    assert int(ask(twin, "*STB?")) & 4


def test_status_byte_sums_up(twin) -> None:
    ask(twin, "*ESR?")
    ask(twin, "*ESE 60;:STAT:QUES:ENAB 32767;:STAT:OPER:ENAB 256;*SRE 8")
    assert ask(twin, "*STB?") == "0"
    energize(twin)
    assert int(ask(twin, "*STB?")) == 128
    twin.advance(3.0)  # the watchdog has expired
    assert int(ask(twin, "*STB?", 3.0)) == 128 | 64 | 32 | 8 | 4
    assert ask(twin, "STAT:QUES?;QUES?", 3.0) == "4096;0"
    assert ask(twin, "STAT:QUES:COND?", 3.0) == "4096"


# ---- the state machine -----------------------------------------------------------------


def test_on_needs_an_open_arm_window(twin) -> None:
    ask(twin, "OUTP:ARM 1", 0.0)
    assert ask(twin, "OUTP:ARM?", 0.9) == "1"
    ask(twin, "OUTP ON", 1.1)
    assert ask(twin, "OUTP?;:SYST:ERR?", 1.1) == '0;+302,"Not armed"'


def test_output_ramps_at_its_slew(twin) -> None:
    energize(twin, 0.0, 5e3)
    assert twin.stage.current(0.25) == pytest.approx(2.5)
    assert ask(twin, "STAT:OPER:COND?", 0.25) == str(1 << 1 | 1 << 8 | 1 << 12)
    assert twin.stage.current(0.6) == pytest.approx(5.0)
    ask(twin, "FIEL:SLEW:FALL 2E3;:FIEL 4E3", 1.0)
    assert twin.stage.current(1.25) == pytest.approx(4.5)
    ask(twin, "OUTP OFF", 1.3)
    assert twin.stage.current(1.3) == 0.0
    assert twin.stage.off_at == 1.3
    assert ask(twin, "FIEL?", 1.4) == "4.000000E+03"


def test_opc_query_answers_when_the_ramp_has_ended(twin) -> None:
    energize(twin, 0.0, 5e3)
    assert twin.feed(b"*OPC?\n", 0.1) == [(pytest.approx(0.5 + LATENCY_S), b"1\n")]


@pytest.mark.parametrize("line", ["OUTP OFF", "OUTP 0", "ABOR", "*RST"])
def test_off_is_always_obeyed(twin, line) -> None:
    energize(twin)
    ask(twin, line, 1.0, client=9)
    assert ask(twin, "OUTP?", 1.0) == "0"
    assert twin.stage.current(1.0) == 0.0


def test_only_a_growing_heartbeat_feeds_the_watchdog(twin) -> None:
    """H24: a wedged poll loop or a second client cannot keep the output on."""
    ask(twin, "SYST:COMM:WATC:TIM 0.5")
    energize(twin)
    keep_alive(twin, 3.0)
    assert ask(twin, "OUTP?", 3.0) == "1"
    for tick in range(10):
        ask(twin, "SYST:COMM:HEAR 30;:FETC:SNAP?", 3.0 + tick * 0.1, client=2)
    assert twin.stage.off_at == pytest.approx(3.5)  # its own time, not that of the next byte
    ask(twin, "*CLS", 4.0)
    assert ask(twin, "SYST:COMM:WATC:TRIP?;:OUTP:PROT:CAUS?", 4.0) == "1;4096,4096"


def test_watchdog_in_any_mode_is_fed_by_any_command(twin) -> None:
    ask(twin, "SYST:COMM:WATC:TIM 0.5;MODE ANY")
    energize(twin)
    for tick in range(20):
        ask(twin, "*OPC", tick * 0.1)
    assert ask(twin, "OUTP?", 2.0) == "1"


def test_watchdog_test_and_watchdog_off(twin) -> None:
    energize(twin)
    ask(twin, "SYST:COMM:WATC:TEST", 1.0)
    assert twin.stage.current(1.011) == 0.0
    assert twin.stage.off_at == pytest.approx(1.01)
    ask(twin, "OUTP:PROT:CLE;:SYST:COMM:WATC 0;:OUTP:ARM 5", 1.1)
    ask(twin, "*CLS;:OUTP:ARM 5", 1.1)
    assert ask(twin, "SYST:ERR?", 1.1) == '-221,"Settings conflict;watchdog is off"'


def test_on_time_limit(twin) -> None:
    ask(twin, "OUTP:TIM 3")
    energize(twin)
    keep_alive(twin, 2.9)
    assert ask(twin, "OUTP:TIM:REM?", 2.9) == "1.000000E-01"
    twin.advance(3.5)
    assert twin.stage.off_at == pytest.approx(3.0)
    assert ask(twin, "SYST:ERR?", 3.5) == '+307,"On-time limit"'


def test_a_latched_fault_needs_clearing_and_clearing_never_switches_on(twin) -> None:
    energize(twin)
    twin.stage.set_interlocks(1 << 1, 1.0)
    assert twin.stage.current(1.0) == 0.0
    assert ask(twin, "SYST:INT?;INT:LATC?;:SYST:ERR?", 1.0) == '2;2;+301,"Interlock open"'
    ask(twin, "OUTP:PROT:CLE;:OUTP:ARM 5", 1.1)
    assert ask(twin, "SYST:ERR?", 1.1) == '+301,"Interlock open"'
    twin.stage.set_interlocks(0, 1.2)
    ask(twin, "OUTP:ARM 5", 1.2)
    assert ask(twin, "SYST:ERR?", 1.2) == '+304,"Latched fault"'
    ask(twin, "OUTP:PROT:CLE", 1.3)
    assert ask(twin, "OUTP?;:OUTP:PROT:CAUS?", 1.3) == "0;0,0"
    energize(twin, 1.4)


def test_a_limit_is_not_raised_while_on(twin) -> None:
    ask(twin, "FIEL:LIM 6E3")
    energize(twin)
    ask(twin, "FIEL:LIM 7E3", 0.1)
    assert ask(twin, "FIEL:LIM?;:SYST:ERR?", 0.1) == '6.000000E+03;+305,"Limit locked;output is on"'


def test_field_that_differs_from_what_is_produced_trips(twin) -> None:
    energize(twin)
    twin.stage.measured = lambda t: 0.0  # the coil loop is open
    for tick in range(6):
        twin.advance(1.0 + tick * 0.1)
    assert ask(twin, "OUTP:PROT:CAUS?", 1.6) == "512,512"


def test_reset_keeps_limits_latches_and_errors(twin) -> None:
    ask(twin, "FIEL:LIM 6E3;:OUTP:TIM 100;:BOGUS")
    ask(twin, "*RST")
    assert ask(twin, "FIEL:LIM?;:OUTP:TIM?;:SYST:ERR:COUN?") == "6.000000E+03;6.000000E+01;1"


def test_a_reboot_leaves_the_sensors_at_the_coil() -> None:
    source = ScpiSource("SIM0001", 0.0)
    coil = Coil(source.stage, Closed())
    source.stage.measured, source.stage.sensors = coil.field_ka_per_m, coil
    source.reboot(5.0)
    assert source.stage.sensors is coil
    assert source.stage.measured == coil.field_ka_per_m


class Closed:
    """A contact that is."""

    def closed(self, t: float) -> bool:
        return True


def test_reboot_counts(twin) -> None:
    """H24: settings are gone, the boot count tells."""
    energize(twin)
    twin.reboot(5.0)
    answer = ask(twin, "SYST:BOOT?;:OUTP?;:SYST:COMM:HEAR?;:SYST:UPT?;*ESR?", 6.0)
    assert answer == "2;0;0;1.000000E+00;128"


def test_a_twin_must_look_like_one() -> None:
    """H50."""
    with pytest.raises(ValueError, match="SIM"):
        ScpiSource(serial="MF300-12")


# ---- faults ----------------------------------------------------------------------------


def test_amplifier_that_ignores_off(twin) -> None:
    """H16: acknowledged, logged as off, still on, and it says so in RF ON and Hmeas."""
    energize(twin)
    twin.inject("amp_ignores_off", "", 1.0)
    ask(twin, "OUTP OFF;:FIEL 0;:ABOR", 1.0)
    assert ask(twin, "SYST:ERR?;:OUTP?", 1.1) == '0,"No error";0'
    assert twin.stage.current(2.0) == pytest.approx(5.0)
    snapshot = ask(twin, "FETC:SNAP?", 2.0).split(",")
    assert int(snapshot[3]) & 1 << 8
    assert float(snapshot[7]) == pytest.approx(5e3)
    twin.clear("amp_ignores_off")
    assert twin.stage.current(2.1) == 0.0


@pytest.mark.parametrize("command", ["OUTP OFF", "FIEL 0"])
def test_amplifier_that_lies_about_off(twin, command) -> None:
    """H18: everything says off and zero, and the field goes on until it is repaired."""
    energize(twin)
    twin.inject("amp_lies_off", "", 1.0)
    assert twin.stage.current(1.0) == pytest.approx(5.0)
    assert float(ask(twin, "FETC:SNAP?", 1.0).split(",")[7]) == pytest.approx(5e3)
    ask(twin, command, 1.0)
    assert twin.stage.current(1.8) == pytest.approx(5.0)
    snapshot = ask(twin, "FETC:SNAP?", 1.8).split(",")
    assert float(snapshot[7]) == 0.0
    assert bool(int(snapshot[3]) & 1 << 8) is (command == "FIEL 0")
    twin.clear("amp_lies_off")
    assert twin.stage.current(1.9) == 0.0


def test_amplifier_that_ignores_off_still_follows_other_levels(twin) -> None:
    energize(twin)
    twin.inject("amp_ignores_off", "", 1.0)
    ask(twin, "FIEL 4E3;:SYST:COMM:HEAR 1", 1.0)
    assert twin.stage.current(1.5) == pytest.approx(4.0)
    ask(twin, "FIEL 0", 1.5)
    assert twin.stage.current(1.9) == pytest.approx(4.0)


def test_amplifier_stuck_at_full_scale(twin) -> None:
    """H17: neither FIEL nor OFF nor its own watchdog; only while the stage was on."""
    twin.inject("amp_stuck_full", "", 0.0)
    assert twin.stage.current(0.0) == 0.0
    energize(twin, 0.0)
    assert twin.stage.current(0.01) == 18.0
    ask(twin, "FIEL 1E3;:OUTP OFF", 0.5)
    assert twin.stage.current(60.0) == 18.0
    assert float(ask(twin, "FETC:SNAP?", 60.0).split(",")[7]) == 18e3


def test_amplifier_stuck_at_full_scale_is_deaf_to_its_watchdog(twin) -> None:
    energize(twin, 0.0)
    twin.inject("amp_stuck_full", "", 0.5)
    twin.advance(10.0)
    assert twin.stage.current(10.0) == 18.0
    assert ask(twin, "OUTP:PROT:CAUS?", 10.0) == "4096,4096"
    with pytest.raises(ValueError, match="no fault"):
        twin.inject("explode", "", 0.0)


def test_a_look_back_before_a_command_sees_the_old_field():
    """A coil integrated in steps asks for times before the newest command; no field is invented."""
    stage = FieldStage()
    stage.watchdog.enabled = False
    stage.arm(5.0, 0.0)
    stage.set_level(6000.0, 0.0)
    stage.switch_on(0.0)
    assert stage.current(2.0) == pytest.approx(6.0)
    stage.set_level(5900.0, 2.5)
    assert stage.current(2.0) == pytest.approx(6.0)
    stage.set_level(6100.0, 3.0)
    assert stage.current(2.5) == pytest.approx(5.9)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("off", (False, 5e3, 18e3, True)),
        ("watchdog:off", (True, 5e3, 18e3, False)),
        ("limit:3", (True, 5e3, 3e3, True)),
        ("level:4", (True, 4e3, 18e3, True)),
        ("level:40", (True, 18e3, 18e3, True)),
    ],
)
def test_somebody_turns_a_knob(twin, argument, said):
    """H21."""
    energize(twin)
    twin.inject("panel_change", argument, 0.5)
    stage = twin.stage
    found = (stage.is_energized, stage.settings.level, stage.settings.limit, stage.watchdog.enabled)
    assert found == said
    with pytest.raises(ValueError, match="panel_change"):
        twin.inject("panel_change", "volume", 0.6)
