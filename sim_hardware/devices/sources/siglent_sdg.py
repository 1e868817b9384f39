# SPDX-License-Identifier: Apache-2.0
"""Twin of a Siglent SDG waveform generator.

Documented (public laboratory scripts): `C1:BSWV` and `C1:OUTP` as lists of names and values, their
header in the reply, unit suffixes, no reply to what is set. Assumed: silence for what is not
understood; AMPVRMS as an extra key.
"""

import re

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.sources.waveform import HIGH_IMPEDANCE, Wave, WaveStage

COMMAND = re.compile(r"C([12]):(BSWV|OUTP|BASIC_WAVE|OUTPUT)(\?|\s+(.+))", re.IGNORECASE)
NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[A-Za-z]*")
LONG = {"BASIC_WAVE": "BSWV", "OUTPUT": "OUTP"}
FIELDS = {"FRQ": "frequency_hz", "AMP": "vpp", "OFST": "offset_v"}
VPP_MIN, VPP_MAX = 0.002, 20.0


class SiglentSdgTwin(StageFaults, LineTwin):
    """Two channels, of which the first drives an amplifier and a coil.

    Faults: those of StageFaults; reboot; panel_change (`vpp:1.0`, `freq:5e4`, `on`, `off`).
    """

    ends = b"\n"

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_vpp: float = 4000.0
    ) -> None:
        super().__init__()
        self._identity = f"Siglent Technologies,SDG2042X,{twin_serial(serial)},2.01.01.37R1B1"
        self.output = WaveStage(start_s, a_per_m_per_vpp)
        self.stage = self.output.stage
        self._second = Wave()
        self._event_enable = 0

    @property
    def wave(self) -> Wave:
        """What is set on the first channel."""
        return self.output.wave

    def advance(self, t: float) -> Chunks:
        """Say nothing unasked."""
        self.stage.elapse(t)
        return []

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Run one command."""
        self.stage.elapse(t)
        text = line.decode("ascii", "replace").strip()
        if text.upper() == "*IDN?":
            return f"{self._identity}\n".encode()
        if text.upper() in {"*OPC?", "*RST"}:
            return b"1\n" if text.endswith("?") else self._reset(t)
        found = COMMAND.fullmatch(text)
        if not found:
            return b""
        wave = self.wave if found[1] == "1" else self._second
        what = LONG.get(found[2].upper(), found[2].upper())
        if found[3] == "?":
            said = _basic(wave) if what == "BSWV" else _output(wave)
            return f"C{found[1]}:{what} {said}\n".encode()
        words = [word.strip() for word in found[4].split(",")]
        (_set_basic if what == "BSWV" else _set_output)(wave, words)
        self.output.follow(t)
        return b""

    def _reset(self, t: float) -> bytes:
        self.output.wave, self._second = Wave(), Wave()
        self.output.follow(t)
        return b""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._reset(t)
        elif verb == "panel_change":
            name, _, value = argument.partition(":")
            if name in {"on", "off"}:
                self.wave.is_on = name == "on"
            elif name in {"vpp", "freq"}:
                setattr(self.wave, {"vpp": "vpp", "freq": "frequency_hz"}[name], float(value))
            else:
                raise ValueError(f"panel_change: {argument!r} is none of vpp:V, freq:Hz, on, off")
        else:
            super().inject(verb, argument, t)
        self.output.follow(t)


def _basic(wave: Wave) -> str:
    top, bottom = wave.offset_v + wave.vpp / 2.0, wave.offset_v - wave.vpp / 2.0
    rms = wave.vpp / (2.0 * 2.0**0.5)
    shape = "SINE" if wave.function == "SIN" else wave.function
    return (
        f"WVTP,{shape},FRQ,{wave.frequency_hz:.12g}HZ,"
        f"PERI,{1.0 / wave.frequency_hz:.12g}S,AMP,{wave.vpp:.6g}V,AMPVRMS,{rms:.4g}Vrms,"
        f"OFST,{wave.offset_v:.6g}V,HLEV,{top:.6g}V,LLEV,{bottom:.6g}V,PHSE,0"
    )


def _output(wave: Wave) -> str:
    load = "HZ" if wave.load_ohm >= HIGH_IMPEDANCE else f"{wave.load_ohm:g}"
    return f"{'ON' if wave.is_on else 'OFF'},LOAD,{load},PLRT,NOR"


def _set_basic(wave: Wave, words: list[str]) -> None:
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name.upper() == "WVTP":
            wave.function = "SIN" if value.upper() == "SINE" else value.upper()
        elif name.upper() in FIELDS and (found := NUMBER.fullmatch(value)):
            quantity = float(found[1])
            if name.upper() != "AMP" or VPP_MIN <= quantity <= VPP_MAX:
                setattr(wave, FIELDS[name.upper()], quantity)


def _set_output(wave: Wave, words: list[str]) -> None:
    if words[0].upper() in {"ON", "OFF"}:
        wave.is_on = words.pop(0).upper() == "ON"
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name.upper() == "LOAD":
            wave.set_load(HIGH_IMPEDANCE if value.upper() == "HZ" else float(value))
