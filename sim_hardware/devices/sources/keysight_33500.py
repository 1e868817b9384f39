# SPDX-License-Identifier: Apache-2.0
"""Twin of a Keysight 33511B waveform generator, which has one channel.

Documented (pymeasure's driver; 33500 guide, page 324): FUNC and its shapes, FREQ, PHAS, VOLT with
unit, offset and levels, OUTP, OUTP:LOAD, BURS, replies such as `+1.00000000000000E+05`; another
load rescales what is said, not what comes out; limits clip an amplitude and queue a settings
conflict. From memory of the guide: VOLT:LIM, APPL, the other modes, -222 for what is clipped,
9.9E37 for a load of high impedance and for endless bursts, *OPT?, power-on values. What is
triggered, drawn or shown is not simulated.
"""

import math
import re
from collections.abc import Callable
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument, table
from sim_hardware.devices.scpi_status import PON
from sim_hardware.devices.scpi_syntax import HERTZ, Range, ScpiError, boolean, number, one
from sim_hardware.devices.scpi_syntax import VOLT as VOLT_UNITS
from sim_hardware.devices.sources.keysight_33500_settings import (
    BOTH_EDGES,
    NUMBERS,
    SWITCHES,
    WORDS,
    chosen,
    short,
)
from sim_hardware.devices.sources.waveform import HIGH_IMPEDANCE, SOURCE_OHM, Wave, WaveStage

FUNCTIONS = MappingProxyType(
    {
        "SIN": "SIN", "SINUSOID": "SIN", "SQU": "SQU", "SQUARE": "SQU", "TRI": "TRI",
        "TRIANGLE": "TRI", "RAMP": "RAMP", "PULS": "PULS", "PULSE": "PULS", "PRBS": "PRBS",
        "NOIS": "NOIS", "NOISE": "NOIS", "ARB": "ARB", "ARBITRARY": "ARB", "DC": "DC",
    }
)  # fmt: skip
EVER = 1e38
HZ, VOLTS = Range(1e-6, 20e6, 1e3, HERTZ), Range(-10.0, 10.0, 0.0, VOLT_UNITS)
OHM = Range(1.0, 10e3, 50.0, ("OHM", "KOHM"))
AMPLITUDE = re.compile(r"(.*\d\.?)\s*(VPP|VRMS|DBM)", re.IGNORECASE)
ANY = Range(-EVER, EVER, 0.0)
VPP_MIN, VPP_MAX_OPEN = 1e-3, 20.0
RMS = 1.0 / (2.0 * math.sqrt(2.0))
"""Of a sine, in volts peak to peak."""

UNITS = ("VPP", "VRMS", "DBM")
CHANNEL = re.compile(r"^(SOUR(?:CE)?|OUTP(?:UT)?|TRIG(?:GER)?)1(?=:|$)")
NCYCLES, INFINITE = Range(1.0, 1e8, 1.0), 9.9e37
INFINITY = frozenset({"INF", "INFINITY", "9.9E37", "9.9E+37"})


class Keysight33500Twin(StageFaults, ScpiInstrument):
    """One channel before an amplifier that makes `a_per_m_per_vpp` of each volt at 50 ohm.

    Faults: those of StageFaults; reboot; panel_change (`vpp:1.0`, `freq:5e4`, `on`, `off`,
    `func:SQU`, `unit:VRMS`, `load:INF`, `burst:on`, `limit:off`).
    """

    line_max = 4096

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_vpp: float = 4000.0
    ) -> None:
        super().__init__("Agilent Technologies,33511B,{},3.03-1.19-2.00-52-00", serial, start_s)
        self.output = WaveStage(start_s, a_per_m_per_vpp)
        self.stage = self.output.stage
        self.reset(start_s)

    def header(self, text: str) -> str:
        """The first channel may be named, or not."""
        return CHANNEL.sub(r"\1", text)

    @property
    def wave(self) -> Wave:
        """What is set."""
        return self.output.wave

    def advance(self, t: float) -> Chunks:
        """Say nothing unasked."""
        self.stage.elapse(t)
        return []

    def refresh(self, t: float) -> None:
        """Let the output follow what was set."""
        self.output.follow(t)

    def reset(self, t: float) -> None:
        """Do *RST: a small sine, off; no mode, no limits."""
        self.output.wave = Wave()
        self.unit, self.mode, self.burst_mode, self.cycles = "VPP", "", "TRIG", 1.0
        self.numbers = {pattern: limits.default for pattern, limits in NUMBERS.items()}
        self.words = {pattern: short(words[0]) for pattern, words in WORDS.items()}
        self.switches = dict(SWITCHES)

    # ---- commands ------------------------------------------------------------------------------

    def set_function(self, arguments: list[str], t: float) -> None:
        """`FUNC SIN`."""
        word = one(arguments).upper()
        if word not in FUNCTIONS:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.wave.function = FUNCTIONS[word]

    def set_frequency(self, arguments: list[str], t: float) -> None:
        """`FREQ 1.0E5`."""
        self.wave.frequency_hz = number(one(arguments), HZ)

    @property
    def volts_range(self) -> Range:
        """Amplitudes that this load and the clamp allow, in the unit that is set."""
        top = VPP_MAX_OPEN * self.wave.shown_share
        return Range(self.to_unit(VPP_MIN), self.to_unit(top), self.to_unit(0.1))

    def set_volts(self, arguments: list[str], t: float) -> None:
        """`VOLT 0.1`, in the unit that is set; `VOLT 0.1 VRMS` sets it too. Too much is clipped."""
        text = one(arguments)
        if found := AMPLITUDE.fullmatch(text):
            number(found[1], ANY)
            self.set_unit([found[2]], t)
            text = found[1]
        limits = self.volts_range
        value = number(text, Range(-EVER, EVER, limits.default, VOLT_UNITS))
        value = {"MIN": limits.low, "MAX": limits.high}.get(text.upper()[:3], value)
        vpp = self.from_unit(value)
        self.wave.vpp = min(max(vpp, VPP_MIN), self.from_unit(limits.high), self.wave.room_vpp)
        if vpp > self.wave.room_vpp + 1e-9:
            raise ScpiError(-221, "Settings conflict; amplitude limited by output limits")
        if not (limits.low - 1e-9 <= value <= limits.high + 1e-9):
            raise ScpiError(-222, "Data out of range; value clipped to its limit")

    def set_offset(self, arguments: list[str], t: float) -> None:
        """`VOLT:OFFS 0`."""
        wave, before = self.wave, self.wave.offset_v
        wave.offset_v = number(one(arguments), VOLTS)
        if wave.vpp > wave.room_vpp + 1e-9:
            wave.offset_v = before
            raise ScpiError(-221, "Settings conflict; offset limited by output limits")

    def set_levels(self, low_v: float, high_v: float) -> None:
        """`VOLT:HIGH 1`, `VOLT:LOW -1`: both make amplitude and offset."""
        wave, before = self.wave, (self.wave.low_v, self.wave.high_v)
        wave.set_levels(low_v, high_v)
        if not (VPP_MIN - 1e-9 <= wave.vpp <= wave.room_vpp + 1e-9):
            wave.set_levels(*before)
            raise ScpiError(-221, "Settings conflict; levels do not fit")

    def set_unit(self, arguments: list[str], t: float) -> None:
        """`VOLT:UNIT VPP`."""
        word = one(arguments).upper()
        if word not in UNITS:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        if word == "DBM" and self.wave.load_ohm >= HIGH_IMPEDANCE:
            raise ScpiError(-221, "Settings conflict; dBm needs a load")
        self.unit = word

    def set_load(self, arguments: list[str], t: float) -> None:
        """`OUTP:LOAD 50`, or INF: the volts that are said change, those that come out do not."""
        word = one(arguments).upper()
        is_open = word in INFINITY
        self.wave.set_load(HIGH_IMPEDANCE if is_open else number(word, OHM))
        if is_open and self.unit == "DBM":
            self.unit = "VPP"

    def set_limit(self, name: str, arguments: list[str]) -> None:
        """`VOLT:LIM:HIGH 2.5`: what the output may not pass."""
        before = getattr(self.wave, name)
        setattr(self.wave, name, number(one(arguments), VOLTS))
        if self.wave.vpp > self.wave.room_vpp + 1e-9:
            setattr(self.wave, name, before)
            raise ScpiError(-221, "Settings conflict; the output is beyond this limit")

    def set_limited(self, arguments: list[str], t: float) -> None:
        """`VOLT:LIM:STAT ON`; refused while the output is beyond the limits."""
        wave = self.wave
        wave.is_limited = boolean(one(arguments))
        if wave.vpp > wave.room_vpp + 1e-9:
            wave.is_limited = False
            raise ScpiError(-221, "Settings conflict; the output is beyond the limits")

    def set_output(self, arguments: list[str], t: float) -> None:
        """`OUTP ON`."""
        self.wave.is_on = boolean(one(arguments))

    def set_mode(self, mode: str, arguments: list[str]) -> None:
        """`BURS:STAT ON`: one mode at a time."""
        if boolean(one(arguments)):
            self.mode = mode
        elif self.mode == mode:
            self.mode = ""

    def set_burst_mode(self, arguments: list[str], t: float) -> None:
        """`BURS:MODE TRIG` or `GAT`."""
        word = one(arguments).upper()[:4]
        if word not in {"TRIG", "GAT", "GATE"}:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.burst_mode = "TRIG" if word == "TRIG" else "GAT"

    def apply_shape(self, shape: str, arguments: list[str], t: float) -> None:
        """`APPL:SIN 1E5,0.2,0`: all at once, no mode, and on."""
        setters = (self.set_frequency, self.set_volts, self.set_offset)
        for setter, argument in zip(setters, arguments, strict=False):
            setter([argument], t)
        self.wave.function, self.wave.is_on, self.mode = shape, True, ""

    def set_cycles(self, arguments: list[str], t: float) -> None:
        """`BURS:NCYC 5`, or INF."""
        word = one(arguments).upper()
        self.cycles = INFINITE if word in INFINITY else number(word, NCYCLES)

    def store(self, patterns: tuple[str, ...], arguments: list[str]) -> None:
        """Keep numbers that nothing here depends on."""
        for pattern in patterns:
            self.numbers[pattern] = number(one(arguments), NUMBERS[pattern])

    # ---- units ---------------------------------------------------------------------------------

    def to_unit(self, vpp: float) -> float:
        """Volts peak to peak, in the unit that is set."""
        if self.unit == "DBM":
            return 10.0 * math.log10((vpp * RMS) ** 2 / self._ohm / 1e-3)
        return vpp * RMS if self.unit == "VRMS" else vpp

    def from_unit(self, value: float) -> float:
        """The other way."""
        if self.unit == "DBM":
            return math.sqrt(10.0 ** (min(value, 100.0) / 10.0) * 1e-3 * self._ohm) / RMS
        return value / RMS if self.unit == "VRMS" else value

    @property
    def _ohm(self) -> float:
        return SOURCE_OHM if self.wave.load_ohm >= HIGH_IMPEDANCE else self.wave.load_ohm

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.reset(t)
            self.output.restart(t)
            self.status.clear()
            self.status.standard = PON
            self.lines.clear()
        elif verb == "panel_change":
            self._turn_knob(argument, t)
        else:
            super().inject(verb, argument, t)
        self.output.follow(t)

    def _turn_knob(self, argument: str, t: float) -> None:
        name, _, value = argument.partition(":")
        knobs: dict[str, Callable[[], None]] = {
            "vpp": lambda: setattr(self.wave, "vpp", float(value)),
            "freq": lambda: self.set_frequency([value], t),
            "on": lambda: self.set_output(["ON"], t),
            "off": lambda: self.set_output(["OFF"], t),
            "func": lambda: self.set_function([value], t),
            "unit": lambda: self.set_unit([value], t),
            "load": lambda: self.set_load([value], t),
            "burst": lambda: self.set_mode("BURS", [value]),
            "limit": lambda: self.set_limited([value], t),
        }
        if name not in knobs:
            raise ValueError(f"panel_change: {argument!r} is none of {', '.join(knobs)}")
        knobs[name]()


def nr3(value: float) -> str:
    """As the instrument writes numbers."""
    return f"{value:+.14E}"


def _query(read: Callable[[Keysight33500Twin], str]) -> Callable[..., str]:
    return lambda twin, *_: read(twin)


def _number(read: Callable[[Keysight33500Twin], float]) -> Callable[..., str]:
    return lambda twin, *_: nr3(read(twin))


def _kept(pattern: str) -> Row:
    return Row(pattern, lambda twin, arguments, _: twin.store((pattern,), arguments),
               _ranged(NUMBERS[pattern], lambda twin: twin.numbers[pattern]))  # fmt: skip


def _ranged(limits: Range, read: Callable[[Keysight33500Twin], float]) -> Callable[..., str]:
    """A number, or the end of its range that is asked for: `FREQ? MAX`."""
    return lambda twin, words, _: nr3(number(words[0], limits) if words else read(twin))


def _word(pattern: str) -> Row:
    def store(twin: Keysight33500Twin, arguments: list[str], _: float) -> None:
        twin.words[pattern] = chosen(one(arguments), WORDS[pattern])

    return Row(pattern, store, _query(lambda twin: twin.words[pattern]))


def _switch(pattern: str) -> Row:
    def store(twin: Keysight33500Twin, arguments: list[str], _: float) -> None:
        twin.switches[pattern] = boolean(one(arguments))

    return Row(pattern, store, _query(lambda twin: str(int(twin.switches[pattern]))))


def _mode(name: str, pattern: str) -> Row:
    return Row(pattern, lambda twin, arguments, _: twin.set_mode(name, arguments),
               _query(lambda twin: str(int(twin.mode == name))))  # fmt: skip


def _apply(shape: str, pattern: str) -> Row:
    return Row(pattern, lambda twin, arguments, t: twin.apply_shape(shape, arguments, t))


def _amplitude(twin: Keysight33500Twin, arguments: list[str], _: float) -> str:
    """`VOLT?`, `VOLT? MIN`, `VOLT? MAX`."""
    limits = twin.volts_range
    word = arguments[0].upper()[:3] if arguments else ""
    return nr3({"MIN": limits.low, "MAX": limits.high}.get(word, twin.to_unit(twin.wave.vpp)))


def _high(twin: Keysight33500Twin, arguments: list[str], _: float) -> None:
    twin.set_levels(twin.wave.low_v, number(one(arguments), VOLTS))


def _low(twin: Keysight33500Twin, arguments: list[str], _: float) -> None:
    twin.set_levels(number(one(arguments), VOLTS), twin.wave.high_v)


def _volts(read: Callable[[Wave], float]) -> Callable[..., str]:
    """To a nanovolt: no instrument says what arithmetic leaves over."""
    return lambda twin, *_: nr3(round(read(twin.wave), 9) + 0.0)


VOLT, LIM = "[SOURce:]VOLTage[:LEVel][:IMMediate]", "[SOURce:]VOLTage:LIMit"
ROWS = (
    Row("[SOURce:]FUNCtion[:SHAPe]", Keysight33500Twin.set_function,
        _query(lambda twin: twin.wave.function)),
    Row("[SOURce:]FREQuency[:CW]", Keysight33500Twin.set_frequency,
        _ranged(HZ, lambda twin: twin.wave.frequency_hz)),
    Row(f"{VOLT}[:AMPLitude]", Keysight33500Twin.set_volts, _amplitude),
    Row("[SOURce:]VOLTage:UNIT", Keysight33500Twin.set_unit, _query(lambda twin: twin.unit)),
    Row(f"{VOLT}:OFFSet", Keysight33500Twin.set_offset, _volts(lambda wave: wave.offset_v)),
    Row(f"{VOLT}:HIGH", _high, _volts(lambda wave: wave.high_v)),
    Row(f"{VOLT}:LOW", _low, _volts(lambda wave: wave.low_v)),
    Row(f"{LIM}:HIGH", lambda twin, arguments, _: twin.set_limit("limit_high_v", arguments),
        _number(lambda twin: twin.wave.limit_high_v)),
    Row(f"{LIM}:LOW", lambda twin, arguments, _: twin.set_limit("limit_low_v", arguments),
        _number(lambda twin: twin.wave.limit_low_v)),
    Row(f"{LIM}:STATe", Keysight33500Twin.set_limited,
        _query(lambda twin: str(int(twin.wave.is_limited)))),
    Row("OUTPut[:STATe]", Keysight33500Twin.set_output,
        _query(lambda twin: str(int(twin.wave.is_on)))),
    Row("OUTPut:LOAD", Keysight33500Twin.set_load, _number(lambda twin: twin.wave.load_ohm)),
    Row("[SOURce:]BURSt:MODE", Keysight33500Twin.set_burst_mode,
        _query(lambda twin: twin.burst_mode)),
    Row("[SOURce:]BURSt:NCYCles", Keysight33500Twin.set_cycles,
        _ranged(NCYCLES, lambda twin: twin.cycles)),
    Row("[SOURce:]FUNCtion:PULSe:TRANsition:BOTH",
        lambda twin, arguments, _: twin.store(BOTH_EDGES, arguments)),
    Row("*TRG", lambda *_: None),
    Row("*OPT", query=lambda *_: "0"),
    Row("TRIGger[:IMMediate]", lambda *_: None),
    Row("DISPlay[:STATe]", lambda *_: None, lambda *_: "1"),
    Row("DISPlay:TEXT", lambda *_: None, lambda *_: '""'),
    Row("DISPlay:TEXT:CLEar", lambda *_: None),
    Row("[SOURce:]PHASe:SYNChronize", lambda *_: None),
    Row("SYSTem:BEEPer[:IMMediate]", lambda *_: None),
    _mode("AM", "[SOURce:]AM:STATe"),
    _mode("FM", "[SOURce:]FM:STATe"),
    _mode("PM", "[SOURce:]PM:STATe"),
    _mode("FSK", "[SOURce:]FSKey:STATe"),
    _mode("SWE", "[SOURce:]SWEep:STATe"),
    _mode("BURS", "[SOURce:]BURSt:STATe"),
    _apply("SIN", "[SOURce:]APPLy:SINusoid"),
    _apply("SQU", "[SOURce:]APPLy:SQUare"),
    _apply("RAMP", "[SOURce:]APPLy:RAMP"),
    *(_kept(pattern) for pattern in NUMBERS),
    *(_word(pattern) for pattern in WORDS),
    *(_switch(pattern) for pattern in SWITCHES),
)  # fmt: skip
Keysight33500Twin.headers = table(ROWS)
