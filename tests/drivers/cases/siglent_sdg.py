# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG: public laboratory script (BSWV and OUTP, their replies)."""

from drivers.siglent_sdg import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Siglent Technologies,SDG2042X,SIM0001,2.01.01.37R1B1\n")
LOAD = (b"C1:OUTP OFF,LOAD,50\n", b"")
WAVE = (b"C1:BSWV WVTP,SINE,FRQ,100000,AMP,0.002,OFST,0\n", b"")
OUTP = (b"C1:OUTP?\n", b"C1:OUTP OFF,LOAD,50,PLRT,NOR\n")
BSWV = (
    b"C1:BSWV?\n",
    b"C1:BSWV WVTP,SINE,FRQ,100000HZ,PERI,1e-05S,AMP,0.002V,OFST,0V,HLEV,1V,LLEV,-1V,PHSE,0\n",
)

CASES = (
    Case(
        SPEC,
        opening=(IDN, LOAD, WAVE, OUTP, BSWV),
        twin=lambda start_s: SiglentSdgTwin(start_s=start_s),
        setup=Setup((), WaveformOptions(field_ka_per_m_per_vpp=4.0)),
    ),
)
