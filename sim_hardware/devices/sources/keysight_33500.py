# SPDX-License-Identifier: Apache-2.0
"""Twin of a Keysight 33500B waveform generator.

Documented (pymeasure's driver; the guide's SCPI chapter): FUNC, FREQ, VOLT, its unit and offset,
OUTP, OUTP:LOAD, BURS, APPL, replies such as `+1.00000000000000E+05`. From memory of the guide: the
voltage clamp, -221 for what it refuses, 9.9E37 for a load of high impedance.
"""

import re
from collections.abc import Callable

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import StageFaults
from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument, table
from sim_hardware.devices.scpi_syntax import Range, ScpiError, boolean, number, one
from sim_hardware.devices.sources.waveform import HIGH_IMPEDANCE, Wave, WaveStage

FUNCTIONS = {"SIN": "SIN", "SINUSOID": "SIN", "SQU": "SQU", "SQUARE": "SQU", "RAMP": "RAMP",
             "PULS": "PULS", "PULSE": "PULS", "NOIS": "NOIS", "DC": "DC"}  # fmt: skip
HZ, VPP, VOLTS = Range(1e-6, 30e6, 1e3), Range(1e-3, 20.0, 0.1), Range(-10.0, 10.0, 0.0)
OHM = Range(1.0, 10e3, 50.0)
CHANNEL = re.compile(r"^(SOUR(?:CE)?|OUTP(?:UT)?)1(?=:|$)")


class Keysight33500Twin(StageFaults, ScpiInstrument):
    """One channel before an amplifier that makes `a_per_m_per_vpp` of each volt at 50 ohm.

    Faults: those of StageFaults; reboot; panel_change (`vpp:1.0`, `freq:5e4`, `on`, `off`).
    """

    line_max = 4096

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_vpp: float = 4000.0
    ) -> None:
        super().__init__("Agilent Technologies,33511B,{},3.03-1.19-2.00-52-00", serial, start_s)
        self.output = WaveStage(start_s, a_per_m_per_vpp)
        self.stage = self.output.stage
        self.unit = "VPP"

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
        """Do *RST: a small sine, off."""
        self.output.wave = Wave()
        self.unit = "VPP"

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

    def set_volts(self, arguments: list[str], t: float) -> None:
        """`VOLT 0.1`, in the unit that is set."""
        vpp = number(one(arguments), VPP) * (2.0 * 2.0**0.5 if self.unit == "VRMS" else 1.0)
        self._require_fit(vpp, self.wave.offset_v)
        self.wave.vpp = vpp

    def set_offset(self, arguments: list[str], t: float) -> None:
        """`VOLT:OFFS 0`."""
        offset_v = number(one(arguments), VOLTS)
        self._require_fit(self.wave.vpp, offset_v)
        self.wave.offset_v = offset_v

    def set_unit(self, arguments: list[str], t: float) -> None:
        """`VOLT:UNIT VPP`."""
        word = one(arguments).upper()
        if word not in {"VPP", "VRMS", "DBM"}:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.unit = word

    def set_load(self, arguments: list[str], t: float) -> None:
        """`OUTP:LOAD 50`, or INF."""
        word = one(arguments).upper()
        is_open = word in {"INF", "INFINITY", "9.9E37", "9.9E+37"}
        self.wave.set_load(HIGH_IMPEDANCE if is_open else number(word, OHM))

    def set_limit(self, name: str, arguments: list[str]) -> None:
        """`VOLT:LIM:HIGH 2.5`: what the output may not pass."""
        value = number(one(arguments), VOLTS)
        setattr(self.wave, name, value)
        if self.wave.is_limited and not self.wave.fits(self.wave.vpp, self.wave.offset_v):
            self.wave.is_limited = False
            raise ScpiError(-221, "Settings conflict;limits must not be smaller than the output")

    def set_limited(self, arguments: list[str], t: float) -> None:
        """`VOLT:LIM:STAT ON`."""
        is_limited, wave = boolean(one(arguments)), self.wave
        wave.is_limited = is_limited
        if not wave.fits(wave.vpp, wave.offset_v):
            wave.is_limited = False
            raise ScpiError(-221, "Settings conflict;the output is beyond the limits")

    def set_output(self, arguments: list[str], t: float) -> None:
        """`OUTP ON`."""
        self.wave.is_on = boolean(one(arguments))

    def apply_sine(self, arguments: list[str], t: float) -> None:
        """`APPL:SIN 100000,0.2,0`: all at once, and on."""
        setters = (self.set_frequency, self.set_volts, self.set_offset)
        for setter, argument in zip(setters, arguments, strict=False):
            setter([argument], t)
        self.wave.function, self.wave.is_on = "SIN", True

    def volts(self) -> str:
        """The amplitude in the unit that is set."""
        return nr3(self.wave.vpp / (2.0 * 2.0**0.5) if self.unit == "VRMS" else self.wave.vpp)

    def _require_fit(self, vpp: float, offset_v: float) -> None:
        if not self.wave.fits(vpp, offset_v):
            raise ScpiError(-222, "Data out of range;value clipped to the limits: refused")

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.reset(t)
            self.status.standard |= 128
        elif verb == "panel_change":
            self._turn_knob(argument)
        else:
            super().inject(verb, argument, t)
        self.output.follow(t)

    def _turn_knob(self, argument: str) -> None:
        name, _, value = argument.partition(":")
        if name == "vpp":
            self.wave.vpp = float(value)
        elif name == "freq":
            self.wave.frequency_hz = float(value)
        elif name in {"on", "off"}:
            self.wave.is_on = name == "on"
        else:
            raise ValueError(f"panel_change: {argument!r} is none of vpp:V, freq:Hz, on, off")


def nr3(value: float) -> str:
    """As the instrument writes numbers."""
    return f"{value:+.14E}"


def _query(read: Callable[[Keysight33500Twin], str]) -> Callable[..., str]:
    return lambda twin, *_: read(twin)


LIM = "[SOURce:]VOLTage:LIMit"
ROWS = (
    Row("[SOURce:]FUNCtion[:SHAPe]", Keysight33500Twin.set_function,
        _query(lambda twin: twin.wave.function)),
    Row("[SOURce:]FREQuency[:CW]", Keysight33500Twin.set_frequency,
        _query(lambda twin: nr3(twin.wave.frequency_hz))),
    Row("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]", Keysight33500Twin.set_volts,
        _query(lambda twin: twin.volts())),
    Row("[SOURce:]VOLTage:UNIT", Keysight33500Twin.set_unit, _query(lambda twin: twin.unit)),
    Row("[SOURce:]VOLTage[:LEVel][:IMMediate]:OFFSet", Keysight33500Twin.set_offset,
        _query(lambda twin: nr3(twin.wave.offset_v))),
    Row(f"{LIM}:HIGH", lambda twin, arguments, _: twin.set_limit("limit_high_v", arguments),
        _query(lambda twin: nr3(twin.wave.limit_high_v))),
    Row(f"{LIM}:LOW", lambda twin, arguments, _: twin.set_limit("limit_low_v", arguments),
        _query(lambda twin: nr3(twin.wave.limit_low_v))),
    Row(f"{LIM}:STATe", Keysight33500Twin.set_limited,
        _query(lambda twin: str(int(twin.wave.is_limited)))),
    Row("[SOURce:]APPLy:SINusoid", Keysight33500Twin.apply_sine),
    Row("[SOURce:]BURSt:STATe", lambda *_: None, _query(lambda twin: "0")),
    Row("OUTPut[:STATe]", Keysight33500Twin.set_output,
        _query(lambda twin: str(int(twin.wave.is_on)))),
    Row("OUTPut:LOAD", Keysight33500Twin.set_load, _query(lambda twin: nr3(twin.wave.load_ohm))),
)  # fmt: skip
Keysight33500Twin.headers = table(ROWS)
