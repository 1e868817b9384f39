# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG: programming guide PG02-E05C 3.1.1, 3.3, 3.4; published replies of an SDG2042X."""

from drivers.siglent_sdg import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from tests.drivers.cases import Case

SETUP = Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0))
IDN = (b"*IDN?\n", b"Siglent Technologies,SDG2042X,SIM0001,2.01.01.37R1B1\n")
SETS = tuple(
    (b"C1:" + words + b"\n", b"")
    for words in (
        b"OUTP OFF",
        b"OUTP LOAD,50",
        b"MDWV STATE,OFF",
        b"SWWV STATE,OFF",
        b"BTWV STATE,OFF",
        b"BSWV WVTP,SINE,FRQ,100000.000,AMP,0.002,OFST,0",
    )
)


def outp(said="OFF", load="50", words=""):
    """OUTP?, after what is set."""
    return (
        f"{words}C1:OUTP?\n".encode(),
        f"C1:OUTP {said},LOAD,{load},PLRT,NOR\n".encode(),
    )


def bswv(amp="0.002V", words="", wvtp="SINE", frq="100000HZ", ofst="0V"):
    """BSWV?, after what is set; AMPVRMS and AMPDBM are keys that nobody needs."""
    return (
        f"{words}C1:BSWV?\n".encode(),
        f"C1:BSWV WVTP,{wvtp},FRQ,{frq},PERI,1e-05S,AMP,{amp},AMPVRMS,0.000707Vrms,"
        f"AMPDBM,-50.0013dBm,OFST,{ofst},HLEV,0.001V,LLEV,-0.001V,PHSE,0\n".encode(),
    )


LEAST = bswv(words="C1:BSWV AMP,0.002\n")
OPENING = (IDN, *SETS, outp(), LEAST)

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda start_s: SiglentSdgTwin(start_s=start_s),
        setup=SETUP,
    ),
)
