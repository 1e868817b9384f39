# SPDX-License-Identifier: Apache-2.0
"""Generator twins say what their manuals print, byte by byte."""

import math

import pytest

from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin

KEYSIGHT_ERRORS = [
    ("FUNC SAW", "-224"),
    ("FREQ 1E12", "-222"),
    ("OUTP:LOAD 0.1", "-222"),
    ("VOLT:UNIT DB", "-224"),
    ("SOUR2:VOLT 1", "-113"),
    ("OUTP MAYBE", "-104"),
    ("TRIG:SOUR SUN", "-224"),
    ("FREQ? SOME", "-104"),
]
DEFAULT = (
    b"C1:BSWV WVTP,SINE,FRQ,1000HZ,PERI,0.001S,AMP,4V,AMPVRMS,1.414Vrms,OFST,0V,HLEV,2V,LLEV,-2V,"
    b"PHSE,0\n"
)
RAMP = (
    b"C1:BSWV WVTP,RAMP,FRQ,2000HZ,PERI,0.0005S,AMP,3V,AMPVRMS,0.866051Vrms,OFST,0V,"
    b"HLEV,1.5V,LLEV,-1.5V,PHSE,0,SYM,50\n"
)


def said(twin, *lines, t=1.0):
    """What the last of these lines is answered with."""
    replies = [twin.feed(line.encode() + b"\n", t) for line in lines][-1]
    return b"".join(data for _, data in replies)


# ---- Keysight 33511B ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["*IDN?"], b"Agilent Technologies,33511B,SIM0001,3.03-1.19-2.00-52-00\n"),
        (["SOUR1:FREQ 1.0E5", "SOUR1:FREQ?"], b"+1.00000000000000E+05\n"),
        (["OUTP1 ON", "OUTP1?"], b"1\n"),
        (["OUTPUT1:STATE OFF", "outp?"], b"0\n"),
        (["SOURCE1:FUNCTION:SHAPE SQUARE", "FUNC?"], b"SQU\n"),
        (["OUTP1:LOAD INF", "OUTP1:LOAD?"], b"+9.90000000000000E+37\n"),
        (["VOLT? MAX"], b"+1.00000000000000E+01\n"),
        (["VOLT:LIM:STAT?"], b"0\n"),
        (["BURS:NCYC 5", "BURS:STAT ON", "SOUR1:BURS:STAT?;:BURS:NCYC?;MODE?"],
         b"1;+5.00000000000000E+00;TRIG\n"),
        (["BURS:STAT ON", "SWE:STAT ON", "BURS:STAT?;:SWE:STAT?"], b"0;1\n"),
        (["APPL:SIN 5E3,3,-2.5", "FREQ?;VOLT?;VOLT:OFFS?;:OUTP?"],
         b"+5.00000000000000E+03;+3.00000000000000E+00;-2.50000000000000E+00;1\n"),
        (["FUNC:PULS:HOLD DCYCLE", "SOUR1:FUNC:PULS:HOLD?"], b"DCYC\n"),
        (["FUNC:PULS:TRAN:BOTH 2E-8", "FUNC:PULS:TRAN?;TRAN:TRA?"],
         b"+2.00000000000000E-08;+2.00000000000000E-08\n"),
        (["OUTP1:POL INV", "OUTP:POL?"], b"INV\n"),
        (["TRIG1:SOUR TIM;TIM 0.3", "TRIG:SOUR?;TIM?"], b"TIM;+3.00000000000000E-01\n"),
        (["BURS:NCYC INF", "BURS:NCYC?"], b"+9.90000000000000E+37\n"),
        (["OUTP:SYNC OFF", "OUTP:SYNC?;:OUTP:SYNC:SOUR?"], b"0;CH1\n"),
        (["SOURce1:FREQuency:MODE?"], b"CW\n"),
        (["FREQ 100 KHZ", "FREQ?"], b"+1.00000000000000E+05\n"),
        (["FREQ 1.5MHz", "FREQ?"], b"+1.50000000000000E+06\n"),
        (["VOLT 500 mV", "VOLT?"], b"+5.00000000000000E-01\n"),
        (["VOLT 1 VRMS", "VOLT?;VOLT:UNIT?"], b"+1.00000000000000E+00;VRMS\n"),
        (["FREQ? MAX"], b"+2.00000000000000E+07\n"),
        (["VOLT:HIGH 0.6", "VOLT:LOW -0.6", "VOLT:OFFS?"], b"+0.00000000000000E+00\n"),
        (["*TRG", "DISP:TEXT \"a; b\"", "SYST:ERR?"], b'0,"No error"\n'),
        (["*ESE 37;*ESE?"], b"37\n"),
        (["SYST:ERR?"], b'0,"No error"\n'),
    ],
)  # fmt: skip
def test_what_a_keysight_says(lines, answer):
    """pymeasure agilent33500; 33500 guide."""
    assert said(Keysight33500Twin(), *lines) == answer


@pytest.mark.parametrize(("line", "number"), KEYSIGHT_ERRORS)
def test_what_a_keysight_refuses(line, number):
    twin = Keysight33500Twin()
    assert said(twin, line, "SYST:ERR?").startswith(number.encode())
    assert said(twin, "SYST:ERR?") == b'0,"No error"\n'


def test_another_load_changes_what_is_said_and_not_what_comes_out():
    """33500 guide, page 324: 10 Vpp at 50 ohm are displayed as 20 Vpp at high impedance."""
    twin = Keysight33500Twin()
    said(twin, "VOLT 10;:OUTP ON")
    before = twin.stage.current(2.0)
    assert said(twin, "OUTP:LOAD INF", "VOLT?") == b"+2.00000000000000E+01\n"
    assert twin.stage.current(2.0) == before == pytest.approx(40.0)
    assert said(twin, "OUTP:LOAD 50", "VOLT?") == b"+1.00000000000000E+01\n"


def test_high_and_low_make_amplitude_and_offset():
    """33500 guide, page 324: +2 V and -3 V are 5 Vpp with an offset of -500 mV."""
    twin = Keysight33500Twin()
    answer = said(twin, "VOLT:HIGH 2", "VOLT:LOW -3", "VOLT?;VOLT:OFFS?")
    assert answer == b"+5.00000000000000E+00;-5.00000000000000E-01\n"


def test_limits_clip_and_say_so():
    """33500 guide, page 324: clipped to the limit, and a settings conflict."""
    twin = Keysight33500Twin()
    said(twin, "VOLT:LIM:HIGH 0.5;LOW -0.5;STAT ON")
    assert said(twin, "VOLT 3", "VOLT?") == b"+1.00000000000000E+00\n"
    assert said(twin, "SYST:ERR?").startswith(b"-221,")
    assert said(twin, "VOLT:LIM:STAT OFF;:VOLT 3", "VOLT?") == b"+3.00000000000000E+00\n"


def test_limits_that_the_output_is_beyond_are_refused():
    twin = Keysight33500Twin()
    said(twin, "VOLT 3;:VOLT:LIM:HIGH 0.5;LOW -0.5;STAT ON")
    assert said(twin, "VOLT:LIM:STAT?") == b"0\n"
    assert said(twin, "SYST:ERR?").startswith(b"-221,")


@pytest.mark.parametrize("line", ["VOLT 0", "VOLT 0.0001", "VOLT -1"])
def test_the_least_amplitude_is_a_millivolt(line):
    twin = Keysight33500Twin()
    assert said(twin, line, "VOLT?") == b"+1.00000000000000E-03\n"
    assert said(twin, "SYST:ERR?").startswith(b"-222,")


def test_units_are_of_a_sine():
    """1 Vpp is 0.35355 Vrms, which is 3.979 dBm at 50 ohm."""
    twin = Keysight33500Twin()
    vrms = float(said(twin, "VOLT 1", "VOLT:UNIT VRMS", "VOLT?"))
    assert vrms == pytest.approx(1.0 / math.sqrt(8.0))
    assert float(said(twin, "VOLT:UNIT DBM", "VOLT?")) == pytest.approx(3.979, abs=1e-3)
    assert said(twin, "VOLT 0", "VOLT:UNIT VRMS", "VOLT?").startswith(b"+2.2360679")


def test_only_an_output_that_is_on_makes_a_field():
    twin = Keysight33500Twin(a_per_m_per_vpp=4000.0)
    said(twin, "FREQ 1E5;:VOLT 0.5")
    assert twin.stage.current(2.0) == 0.0
    said(twin, "OUTP ON", t=2.0)
    assert twin.stage.current(3.0) == pytest.approx(2.0)
    said(twin, "FUNC NOIS", t=3.0)
    assert twin.stage.current(4.0) == 0.0


@pytest.mark.parametrize("kind", [Keysight33500Twin, SiglentSdgTwin])
def test_a_reboot_is_off_and_forgets_half_a_line(kind):
    twin = kind()
    said(twin, "APPL:SIN 1E5,1,0", "C1:OUTP ON")
    twin.feed(b"OUTP", 2.0)
    twin.inject("reboot", "", 2.0)
    assert twin.stage.current(3.0) == 0.0
    assert said(twin, "*IDN?", t=3.0).split(b",")[2] == b"SIM0001"


def test_a_keysight_s_reboot_sets_power_on():
    twin = Keysight33500Twin()
    assert [said(twin, "*ESR?") for _ in range(2)] == [b"128\n", b"0\n"]
    twin.inject("reboot", "", 2.0)
    assert said(twin, "*ESR?", t=2.0) == b"128\n"


@pytest.mark.parametrize("kind", [Keysight33500Twin, SiglentSdgTwin])
def test_faults_of_the_stage_and_of_nobody(kind):
    twin = kind()
    said(twin, "VOLT 1;:OUTP ON", "C1:BSWV AMP,1", "C1:OUTP ON")
    twin.inject("amp_ignores_off", "", 2.0)
    said(twin, "OUTP OFF", "C1:OUTP OFF", t=2.0)
    assert twin.stage.current(3.0) > 1.0
    twin.clear("amp_ignores_off")
    assert twin.stage.current(4.0) == 0.0
    for verb, argument in (("no_such", ""), ("panel_change", "color:red")):
        with pytest.raises(ValueError, match=r"fault|panel_change"):
            twin.inject(verb, argument, 4.0)
    with pytest.raises(ValueError, match="SIM"):
        kind(serial="MY12345678")


# ---- Siglent SDG2042X --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["*IDN?"], b"Siglent Technologies,SDG2042X,SIM0001,2.01.01.37R1B1\n"),
        (["*OPC?"], b"1\n"),
        (["C1:BSWV?"], DEFAULT),
        (["c2:basic_wave?"], DEFAULT.replace(b"C1", b"C2")),
        (["C1:OUTP?"], b"C1:OUTP OFF,LOAD,HZ,PLRT,NOR\n"),
        (["C2:OUTP ON,LOAD,75,PLRT,INVT", "C2:OUTP?"], b"C2:OUTP ON,LOAD,75,PLRT,INVT\n"),
        (["C1:OUTP LOAD,10", "C1:OUTP?"], b"C1:OUTP OFF,LOAD,50,PLRT,NOR\n"),
        (["C1:OUTP LOAD,1234.5", "C1:OUTP?"], b"C1:OUTP OFF,LOAD,1234,PLRT,NOR\n"),
        (["C1:BSWV WVTP,RAMP", "C1:BSWV FRQ,2000", "C1:BSWV AMP,3", "C1:BSWV?"],
         RAMP),
        (["C1:BSWV WVTP,NOISE", "C1:BSWV?"],
         b"C1:BSWV WVTP,NOISE,STDEV,0.23V,MEAN,0V,BANDSTATE,OFF\n"),
        (["C1:BSWV WVTP,DC", "C1:BSWV OFST,1.5", "C1:BSWV?"], b"C1:BSWV WVTP,DC,OFST,1.5V\n"),
        (["C1:BSWV WVTP,TRIANGLE", "C1:BSWV?"], DEFAULT),
        (["C1:BTWV STATE,ON", "C1:BTWV?"], b"C1:BTWV STATE,ON\n"),
        (["C1:MDWV STATE,ON", "C1:BSWV WVTP,SINE", "C1:MDWV?"], b"C1:MDWV STATE,OFF\n"),
        (["C1:BTWV STATE,ON,TRMD,NCYC,TIME,5", "C1:BTWV?"], b"C1:BTWV STATE,ON\n"),
        (["C1:INVT ON", "C1:INVT?"], b"C1:INVT ON\n"),
        (["C1:INVT ON", "C1:OUTP?"], b"C1:OUTP OFF,LOAD,HZ,PLRT,INVT\n"),
        (["C1:SYNC ON", "C1:SYNC?"], b"C1:SYNC ON\n"),
        (["C2:ARWV INDEX,5", "C2:ARWV?"], b"C2:ARWV INDEX,5,NAME,StairUp\n"),
        (["C1:BSWV AMP,3"], b""),
        (["SYST:ERR?"], b""),
        (["C3:BSWV?"], b""),
    ],
)  # fmt: skip
def test_what_a_siglent_says(lines, answer):
    """PG02-E05C 3.1 to 3.7; published replies of an SDG2042X."""
    assert said(SiglentSdgTwin(), *lines) == answer


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ("FRQ,50E6", "FRQ,40000000HZ"),
        ("FRQ,1234.5678901", "FRQ,1234.56789HZ"),
        ("FRQ,100KHZ", "FRQ,100000HZ"),
        ("FRQ,1.5MHz", "FRQ,1500000HZ"),
        ("AMP,500mV", "AMP,0.5V"),
        ("AMP,1VPP", "AMP,1V"),
        ("PERI,2MS", "FRQ,500HZ"),
        ("PERI,0.002", "FRQ,500HZ"),
        ("AMP,0", "AMP,0.002V"),
        ("AMP,99", "AMP,20V"),
        ("AMPVRMS,1", "AMP,2.82885V"),
        ("HLEV,3", "AMP,5V,AMPVRMS,1.7675Vrms,OFST,0.5V,HLEV,3V,LLEV,-2V"),
        ("HLEV,-5", "HLEV,-1.998V,LLEV,-2V"),
        ("LLEV,1", "AMP,1V,AMPVRMS,0.3535Vrms,OFST,1.5V"),
    ],
)
def test_what_a_siglent_makes_of_one_number(words, pairs):
    """What is out of range is clipped in silence."""
    assert pairs.encode() in said(SiglentSdgTwin(), f"C1:BSWV {words}", "C1:BSWV?")


def test_a_siglent_s_load_changes_what_is_said():
    """Published measurement: HZ to 50 halves every level."""
    twin = SiglentSdgTwin()
    answer = said(twin, "C1:BSWV OFST,1", "C1:OUTP LOAD,50", "C1:BSWV?")
    assert b"AMP,2V" in answer
    assert b"OFST,0.5V,HLEV,1.5V,LLEV,-0.5V" in answer
    assert b"AMP,4V" in said(twin, "C1:OUTP LOAD,HZ", "C1:BSWV?")


def test_dbm_is_said_and_taken_at_a_load():
    """Published measurement: 3 dBm at 50 ohm are 0.893502 Vpp."""
    answer = said(SiglentSdgTwin(), "C1:OUTP LOAD,50", "C1:BSWV AMPDBM,3", "C1:BSWV?")
    assert b"AMP,0.893502V,AMPVRMS,0.315853Vrms,AMPDBM,3dBm" in answer


def test_only_the_first_channel_makes_a_field():
    twin = SiglentSdgTwin(a_per_m_per_vpp=4000.0)
    said(twin, "C2:BSWV AMP,1", "C2:OUTP ON")
    assert twin.stage.current(2.0) == 0.0
    said(twin, "C1:OUTP LOAD,50", "C1:BSWV AMP,0.5", "C1:OUTP ON", t=2.0)
    assert twin.stage.current(3.0) == pytest.approx(2.0)
    said(twin, "*RST", t=3.0)
    assert twin.stage.current(4.0) == 0.0
