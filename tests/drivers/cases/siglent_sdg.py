# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG: programming guide PG02-E05C 3.1 (*IDN?), 3.3 (OUTP), 3.4 (BSWV), 3.5 to 3.7."""

from drivers.siglent_sdg import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Siglent Technologies,SDG2042X,SIM0001,2.01.01.37R1B1\n")
OUTP = b"C1:OUTP OFF,LOAD,50,PLRT,NOR\n"


def basic(volts="0.002", hertz="100000", wave="SINE", offset="0"):
    """One reply to BSWV?."""
    head = f"C1:BSWV WVTP,{wave},FRQ,{hertz}HZ,PERI,1e-05S,AMP,{volts}V,AMPVRMS,0.4Vrms,"
    return f"{head}OFST,{offset}V,HLEV,0.6V,LLEV,-0.6V,PHSE,0\n".encode()


SETUP = tuple(
    (line, b"")
    for line in (
        b"C1:OUTP OFF\n", b"C1:OUTP LOAD,50\n", b"C1:MDWV STATE,OFF\n", b"C1:SWWV STATE,OFF\n",
        b"C1:BTWV STATE,OFF\n", b"C1:BSWV WVTP,SINE,FRQ,100000.000,AMP,0.002,OFST,0\n",
    )
)  # fmt: skip
LEAST = ((b"C1:OUTP?\n", OUTP), (b"C1:BSWV AMP,0.002\nC1:BSWV?\n", basic()))

CASES = (
    Case(
        SPEC,
        opening=(IDN, *SETUP, *LEAST),
        twin=lambda start_s: SiglentSdgTwin(start_s=start_s),
        setup=Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0)),
    ),
)
