# SPDX-License-Identifier: Apache-2.0
"""The scope twin: InfiniiVision and TDS spellings, one acquisition at a time, faults."""

import math

import pytest

from sim_hardware.devices.auxiliaries.scope import ACQUIRE_S, MU_0, NOISE_V, ScopeTwin

FIELD, HERTZ = 10.0, 1e5
VPP = 2.0 * math.tau * HERTZ * MU_0 * 1e-4 * 1e3 * FIELD


def make(field=lambda t: FIELD, **more):
    return ScopeTwin(field, lambda t: HERTZ, **more)


def said(twin, sent, t=1.0):
    return b"".join(data for _, data in twin.feed(sent, t)).decode()


def test_identity_and_its_serial_number() -> None:
    assert said(make(), b"*IDN?\n") == "KEYSIGHT TECHNOLOGIES,DSOX1102G,SIM0003,01.20\n"
    assert said(make(maker="TEKTRONIX"), b"*IDN?\n").startswith("TEKTRONIX,TDS 2002,")
    with pytest.raises(ValueError, match="SIM"):
        make(serial="MY123")


@pytest.mark.parametrize(
    ("sent", "volts"),
    [
        (b":MEASure:VPP? CHANnel1\n", VPP),
        (b":meas:vamp? chan1\n", VPP),
        (b":MEAS:VRMS? DISPlay,AC,CHANnel1\n", VPP / 8.0**0.5),
        (b":MEAS:VPP? CHAN2\n", 0.0),
    ],
)
def test_keysight_volts(sent, volts) -> None:
    """NR3, as `+1.57914E+00`; 0.79 V peak for 10 kA/m at 100 kHz through 1 cm²."""
    answer = said(make(), sent)
    assert len(answer) == len("+1.57914E+00\n")
    assert float(answer) == pytest.approx(volts, abs=4.0 * NOISE_V)
    assert pytest.approx(1.579, abs=1e-3) == VPP


def test_turns_and_area_count() -> None:
    volts = float(said(make(coil=(2.0, 5)), b":MEAS:VPP? CHAN1\n"))
    assert volts == pytest.approx(10.0 * VPP, abs=4.0 * NOISE_V)


def test_a_line_of_questions_is_a_line_of_answers() -> None:
    sent = b":MEAS:FREQ? CHAN1;:OPER:COND?;:TRIG:SWE?;:TER?;:TER?\n"
    assert said(make(), sent) == "+1.00000E+05;8;AUTO;1;0\n"


def test_without_field_there_are_no_edges() -> None:
    """9.9E37 for the frequency, a small amplitude that is noise, and no trigger."""
    twin = make(lambda t: 0.0)
    volts, rest = said(twin, b":MEAS:VPP? CHAN1;:MEAS:FREQ? CHAN1;:TER?\n").split(";", 1)
    assert 0.0 < float(volts) < 5.0 * NOISE_V
    assert rest == "+9.9E+37;0\n"


def test_noise_is_seeded() -> None:
    sent = b":MEAS:VPP? CHAN1\n"
    assert said(make(), sent) == said(make(), sent) != said(make(serial="SIM0004"), sent)


def test_one_acquisition_per_period() -> None:
    twin = make(lambda t: t)
    first, again, later = (twin.acquired(1.0 + k * ACQUIRE_S) for k in (0.1, 0.9, 1.1))
    assert first == again != later


def test_tektronix_words_and_headers() -> None:
    """TDS: headers are on after power-up; PK2pk, CRMs and FREQuency by MEASUrement:IMMed."""
    twin = make(maker="TEKTRONIX")
    assert said(twin, b":ACQ:STATE?\n") == ":ACQUIRE:STATE 1\n"
    assert said(twin, b"MEASUrement:IMMed:TYPe FREQuency;VALue?\n") == (
        ":MEASUREMENT:IMMED:VALUE 1.0000E+05\n"
    )
    assert said(twin, b":HEADer 0;:MEASU:IMM:TYP FREQ;VAL?;TYP?\n") == "1.0000E+05;FREQUENCY\n"
    assert float(said(twin, b":MEASU:IMM:SOU CH1;TYP PK2;VAL?\n")) == pytest.approx(VPP, abs=0.01)
    assert float(said(twin, b":MEASU:IMM:TYP CRM;VAL?\n")) == pytest.approx(VPP / 8**0.5, abs=0.01)
    assert float(said(twin, b":MEASU:IMM:SOU CH2;TYP AMP;VAL?\n")) < 5.0 * NOISE_V
    assert said(twin, b":MEASU:IMM:TYP RISE\nSYST:ERR?\n").startswith("-224,")


def test_tektronix_has_no_cycle_without_field() -> None:
    twin = make(lambda t: 0.0, maker="TEKTRONIX")
    sent = b":HEAD 0;:MEASU:IMM:TYP CRMS;VAL?;:MEASU:IMM:TYP FREQ;VAL?\n"
    assert said(twin, sent) == "9.9E37;9.9E37\n"


def test_numacq_counts_what_was_acquired() -> None:
    twin = make(maker="TEKTRONIX")
    said(twin, b":HEAD 0\n", 0.9)
    counts = [int(said(twin, b":ACQ:NUMAC?\n", t)) for t in (1.001, 1.019, 1.021, 2.001)]
    assert counts == [1, 1, 2, 51]
    said(twin, b":ACQ:STATE STOP\n", 2.001)
    assert said(twin, b":ACQ:NUMACq?;STATE?\n", 3.0) == "51;0\n"
    said(twin, b":ACQ:STATE RUN\n", 3.0)
    assert int(said(twin, b":ACQ:NUMAC?\n", 4.0)) > 51


@pytest.mark.parametrize(
    ("verb", "argument", "condition"),
    [("freeze", "", "8;AUTO;0\n"), ("panel_change", "stop", "0;AUTO;0\n")],
)
def test_what_repeats_its_last_acquisition(verb, argument, condition) -> None:
    twin = make(lambda t: FIELD if t < 2.0 else 0.0)
    before = said(twin, b":MEAS:VPP? CHAN1;:MEAS:FREQ? CHAN1\n", 1.0)
    said(twin, b":TER?\n", 1.0)
    twin.inject(verb, argument, 1.001)
    assert said(twin, b":MEAS:VPP? CHAN1;:MEAS:FREQ? CHAN1\n", 3.0) == before
    assert said(twin, b":OPER:COND?;:TRIG:SWE?;:TER?\n", 3.0) == condition
    twin.clear(verb)
    assert float(said(twin, b":MEAS:VPP? CHAN1\n", 4.0)) < 5.0 * NOISE_V


def test_a_normal_sweep_waits_for_the_next_trigger() -> None:
    twin = make(lambda t: FIELD if t < 2.0 or t > 4.0 else 0.0)
    said(twin, b":TRIG:SWE NORM;:MEAS:VPP? CHAN1\n", 1.0)
    assert float(said(twin, b":MEAS:VPP? CHAN1\n", 3.0)) == pytest.approx(VPP, abs=0.01)
    assert said(twin, b":TRIG:SWE?;:OPER:COND?\n", 3.0) == "NORM;8\n"
    twin.inject("panel_change", "auto", 3.0)
    assert float(said(twin, b":MEAS:VPP? CHAN1\n", 3.1)) < 5.0 * NOISE_V


def test_a_plug_out_a_restart_and_faults_that_are_none() -> None:
    twin = make(maker="TEKTRONIX")
    twin.inject("no_signal", "", 1.0)
    said(twin, b":HEAD 0;:STOP\n*ESR?\n", 1.0)
    twin.inject("reboot", "", 2.0)
    assert said(twin, b"*ESR?\n", 2.0) == "128\n"
    assert said(twin, b":ACQ:STATE?\n", 2.0) == ":ACQUIRE:STATE 1\n"
    assert float(said(twin, b":MEAS:VPP? CHAN1\n", 3.0)) < 5.0 * NOISE_V
    twin.clear("no_signal")
    assert float(said(twin, b":MEAS:VPP? CHAN1\n", 4.0)) > 1.0
    for verb, argument in (("panel_change", "colour"), ("melt", "")):
        with pytest.raises(ValueError, match=verb):
            twin.inject(verb, argument, 5.0)


@pytest.mark.parametrize(
    ("kind", "units", "value"),
    [("PERI", "s", 1e-5), ("MAXI", "V", VPP / 2.0), ("MINI", "V", -VPP / 2.0), ("MEAN", "V", 0.0)],
)
def test_other_types_of_a_tektronix_and_their_units(kind, units, value) -> None:
    """TDS programmer manual, MEASUrement:IMMed; every reply has its header until HEADer OFF."""
    twin = make(maker="TEKTRONIX")
    said(twin, f"MEASU:IMM:TYP {kind}\n".encode())
    assert said(twin, b"MEASU:IMM:SOU?\n") == ":MEASUREMENT:IMMED:SOURCE CH1\n"
    said(twin, b"HEADER OFF\n")
    assert said(twin, b"MEASU:IMM:UNI?\n") == f'"{units}"\n'
    assert float(said(twin, b"MEASU:IMM:VAL?\n")) == pytest.approx(value, abs=4.0 * NOISE_V)
