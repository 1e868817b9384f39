# SPDX-License-Identifier: Apache-2.0
"""Twin of a Siglent SDG2042X waveform generator.

Documented (programming guide PG02-E05C 3.1, 3.3 to 3.7): *IDN?, *OPC, *RST; `C1:BSWV` and `C1:OUTP`
as names and values, their header in the reply, units behind numbers, no reply to what is set; STATE
of MDWV, SWWV, BTWV. Published measurements of one: its defaults, which names each wave has, ten
digits of frequency, factors of AMPVRMS, what is out of range is clipped in silence, a lower HLEV
than LLEV becomes LLEV and 2 mV, LOAD rescales, WVTP ends modulation and sweep. From memory of the
guide: INVT, which is PLRT; SYNC and ARWV, which do nothing here. Public scripts: multiples of units
(`1KHZ`, `500mV`), further pairs behind STATE. Assumed: M is mega before HZ and else milli; silence
for what is not understood.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.sources.waveform import HIGH_IMPEDANCE, Wave, WaveStage

COMMAND = re.compile(r"C([12]):([A-Z_]+)(\?|\s+(.+))", re.IGNORECASE)
NUMBER = re.compile(r"([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([KMUN]?)(HZ|[A-Z%]*)", re.IGNORECASE)
TIMES = MappingProxyType({"": 1.0, "K": 1e3, "M": 1e-3, "U": 1e-6, "N": 1e-9})
LONG = MappingProxyType({"BASIC_WAVE": "BSWV", "OUTPUT": "OUTP", "MODULATEWAVE": "MDWV",
                         "SWEEPWAVE": "SWWV", "BURSTWAVE": "BTWV", "ARBWAVE": "ARWV",
                         "INVERT": "INVT"})  # fmt: skip
RMS = MappingProxyType({"SINE": 0.3535, "SQUARE": 0.5, "PULSE": 0.5, "RAMP": 1.0 / 3.464})
"""Of each wave, in volts peak to peak."""

TAIL = MappingProxyType({"SINE": ("PHSE",), "SQUARE": ("PHSE", "DUTY"), "RAMP": ("PHSE", "SYM"),
                         "ARB": ("PHSE",), "PULSE": ("DUTY", "WIDTH", "RISE", "FALL", "DLY"),
                         "NOISE": ("STDEV", "MEAN"), "DC": ()})  # fmt: skip
DEFAULTS = MappingProxyType({"PHSE": 0.0, "DUTY": 50.0, "SYM": 50.0, "WIDTH": 2e-4, "RISE": 8.4e-9,
                             "FALL": 8.4e-9, "DLY": 0.0, "STDEV": 0.23, "MEAN": 0.0})  # fmt: skip
UNIT = MappingProxyType({"RISE": "S", "FALL": "S", "STDEV": "V", "MEAN": "V"})
VPP_MIN, VPP_MAX_OPEN, HZ_MIN, HZ_MAX = 0.002, 20.0, 1e-6, 40e6
OHM_MIN, OHM_MAX = 50.0, 100e3
MODES = ("MDWV", "SWWV", "BTWV")
"""Modulation, sweep, burst."""


Say = Callable[["Channel"], str]
Set = Callable[["Channel", list[str]], None]


@dataclass(slots=True)
class Channel:
    """One output: its wave and all else that its lists say."""

    wave: Wave = field(
        default_factory=lambda: Wave("SINE", vpp=4.0, load_ohm=HIGH_IMPEDANCE, limit_high_v=10.0)
    )
    polarity: str = "NOR"
    has_sync: bool = False
    arbitrary: tuple[str, str] = ("2", "StairUp")
    numbers: dict[str, float] = field(default_factory=lambda: dict(DEFAULTS))
    modes: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MODES, False))


class SiglentSdgTwin(StageFaults, LineTwin):
    """Two channels, of which the first drives an amplifier and a coil.

    Faults: those of StageFaults; reboot; panel_change (`vpp:1.0`, `freq:5e4`, `on`, `off`,
    `wave:SQUARE`, `load:HZ`, `offset:0.1`).
    """

    ends = b"\n"

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_vpp: float = 4000.0
    ) -> None:
        super().__init__()
        self._identity = f"Siglent Technologies,SDG2042X,{twin_serial(serial)},2.01.01.37R1B1"
        self.output = WaveStage(start_s, a_per_m_per_vpp)
        self.stage = self.output.stage
        self._reset(start_s)

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
        common: dict[str, Callable[[], str]] = {
            "*IDN?": lambda: self._identity,
            "*OPC?": lambda: "1",
            "*OPC": lambda: "",
            "*RST": lambda: self._reset(t),
        }
        said = common[text.upper()]() if text.upper() in common else self._run(text)
        self.output.follow(t)
        return f"{said}\n".encode() if said else b""

    def _run(self, text: str) -> str:
        found = COMMAND.fullmatch(text)
        if not found:
            return ""
        channel, what = self._channels[int(found[1]) - 1], found[2].upper()
        what = LONG.get(what, what)
        rows: dict[str, tuple[Say, Set]] = {
            "BSWV": (_basic, _set_basic),
            "OUTP": (_output, _set_output),
            "INVT": (_inverted, _set_inverted),
            "SYNC": (_sync, _set_sync),
            "ARWV": (_arbitrary, _set_arbitrary),
        }
        rows |= {mode: _mode(mode) for mode in MODES}
        if what not in rows:
            return ""
        say, set_ = rows[what]
        if found[3] == "?":
            return f"C{found[1]}:{what} {say(channel)}"
        set_(channel, [word.strip() for word in found[4].split(",")])
        return ""

    def _reset(self, t: float) -> str:
        self._channels = (Channel(), Channel())
        self.output.wave = self._channels[0].wave
        return ""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._reset(t)
            self.output.restart(t)
            self._lines.clear()
        elif verb == "panel_change":
            self._turn_knob(argument)
        else:
            super().inject(verb, argument, t)
        self.output.follow(t)

    def _turn_knob(self, argument: str) -> None:
        name, _, value = argument.partition(":")
        basic = {"vpp": "AMP", "freq": "FRQ", "wave": "WVTP", "offset": "OFST"}
        first = self._channels[0]
        if name in {"on", "off"}:
            _set_output(first, [name])
        elif name == "load":
            _set_output(first, ["LOAD", value])
        elif name in basic:
            _set_basic(first, [basic[name], value])
        else:
            raise ValueError(
                f"panel_change: {argument!r} is none of vpp:V, freq:Hz, wave:NAME, load:OHM,"
                " offset:V, on, off"
            )


# ---- what is said ------------------------------------------------------------------------------


def _basic(channel: Channel) -> str:
    wave, shape = channel.wave, channel.wave.function
    pairs = [f"WVTP,{shape}"]
    if shape not in {"NOISE", "DC"}:
        pairs += [f"FRQ,{wave.frequency_hz:.10g}HZ", f"PERI,{1.0 / wave.frequency_hz:.6g}S"]
        pairs += [f"AMP,{wave.vpp:.6g}V", *_effective(wave)]
    if shape != "NOISE":
        pairs += [f"OFST,{wave.offset_v:.6g}V"]
    if shape not in {"NOISE", "DC"}:
        pairs += [f"HLEV,{wave.high_v:.6g}V", f"LLEV,{wave.low_v:.6g}V"]
    pairs += [f"{name},{channel.numbers[name]:.6g}{UNIT.get(name, '')}" for name in TAIL[shape]]
    return ",".join([*pairs, *(["BANDSTATE,OFF"] if shape == "NOISE" else [])])


def _effective(wave: Wave) -> list[str]:
    """AMPVRMS, and at a load AMPDBM."""
    if wave.function not in RMS:
        return []
    rms = wave.vpp * RMS[wave.function]
    said = [f"AMPVRMS,{rms:.6g}Vrms"]
    if wave.load_ohm < HIGH_IMPEDANCE:
        said.append(f"AMPDBM,{10.0 * math.log10(rms**2 / wave.load_ohm / 1e-3):.6g}dBm")
    return said


def _output(channel: Channel) -> str:
    wave = channel.wave
    load = "HZ" if wave.load_ohm >= HIGH_IMPEDANCE else f"{wave.load_ohm:.0f}"
    return f"{'ON' if wave.is_on else 'OFF'},LOAD,{load},PLRT,{channel.polarity}"


def _on_off(is_on: bool) -> str:
    return "ON" if is_on else "OFF"


def _inverted(channel: Channel) -> str:
    return _on_off(channel.polarity == "INVT")


def _sync(channel: Channel) -> str:
    return _on_off(channel.has_sync)


def _arbitrary(channel: Channel) -> str:
    return "INDEX,{},NAME,{}".format(*channel.arbitrary)


def _mode(what: str) -> tuple[Say, Set]:
    """One of modulation, sweep and burst: only whether it is on."""

    def say(channel: Channel) -> str:
        return f"STATE,{'ON' if channel.modes[what] else 'OFF'}"

    def set_(channel: Channel, words: list[str]) -> None:
        given = [word.upper() for word in words]
        if given[:2] in (["STATE", "ON"], ["STATE", "OFF"]):
            channel.modes = dict.fromkeys(MODES, False) | {what: given[1] == "ON"}

    return say, set_


# ---- what is set -------------------------------------------------------------------------------


def _set_basic(channel: Channel, words: list[str]) -> None:
    wave = channel.wave
    for name, value in zip(words[::2], words[1::2], strict=False):
        key, found = name.upper(), NUMBER.fullmatch(value)
        if key == "WVTP" and value.upper() in TAIL:
            wave.function = value.upper()
            channel.modes |= {"MDWV": False, "SWWV": False}
        elif found and key in channel.numbers and key in TAIL[wave.function]:
            channel.numbers[key] = _value(found)
        elif found and (key == "OFST" or wave.function not in {"NOISE", "DC"}):
            _set_wave(wave, key, _value(found))


def _value(found: re.Match[str]) -> float:
    """The number times its unit's multiple."""
    multiple, is_hertz = found[2].upper(), found[3].upper() == "HZ"
    return float(found[1]) * (1e6 if multiple == "M" and is_hertz else TIMES[multiple])


def _set_inverted(channel: Channel, words: list[str]) -> None:
    if words[0].upper() in {"ON", "OFF"}:
        channel.polarity = "INVT" if words[0].upper() == "ON" else "NOR"


def _set_sync(channel: Channel, words: list[str]) -> None:
    if words[0].upper() in {"ON", "OFF"}:
        channel.has_sync = words[0].upper() == "ON"


def _set_arbitrary(channel: Channel, words: list[str]) -> None:
    given = dict(zip((word.upper() for word in words[::2]), words[1::2], strict=False))
    index, name = channel.arbitrary
    channel.arbitrary = (given.get("INDEX", index), given.get("NAME", name))


def _set_wave(wave: Wave, key: str, value: float) -> None:
    """One number of a periodic wave; what is out of range is clipped."""
    rms = RMS.get(wave.function)
    if key == "FRQ" or (key == "PERI" and value > 0.0):
        hertz = value if key == "FRQ" else 1.0 / value
        wave.frequency_hz = min(max(hertz, HZ_MIN), HZ_MAX)
    elif key == "AMP":
        wave.vpp = _clipped(wave, value)
    elif key == "AMPVRMS" and rms:
        wave.vpp = _clipped(wave, value / rms)
    elif key == "AMPDBM" and rms and wave.load_ohm < HIGH_IMPEDANCE:
        wave.vpp = _clipped(wave, math.sqrt(10.0 ** (value / 10.0) * 1e-3 * wave.load_ohm) / rms)
    elif key == "OFST":
        top = VPP_MAX_OPEN / 2.0 * wave.shown_share
        wave.offset_v = min(max(value, -top), top)
    elif key == "HLEV":
        wave.set_levels(wave.low_v, max(value, wave.low_v + VPP_MIN))
    elif key == "LLEV":
        wave.set_levels(min(value, wave.high_v - VPP_MIN), wave.high_v)


def _clipped(wave: Wave, vpp: float) -> float:
    return min(max(vpp, VPP_MIN), VPP_MAX_OPEN * wave.shown_share)


def _set_output(channel: Channel, words: list[str]) -> None:
    wave = channel.wave
    if words[0].upper() in {"ON", "OFF"}:
        wave.is_on = words.pop(0).upper() == "ON"
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name.upper() == "PLRT" and value.upper() in {"NOR", "INVT"}:
            channel.polarity = value.upper()
        elif name.upper() == "LOAD" and value.upper() == "HZ":
            wave.set_load(HIGH_IMPEDANCE)
        elif name.upper() == "LOAD" and (found := NUMBER.fullmatch(value)):
            wave.set_load(float(int(min(max(float(found[1]), OHM_MIN), OHM_MAX))))
