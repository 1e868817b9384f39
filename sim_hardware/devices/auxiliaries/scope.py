# SPDX-License-Identifier: Apache-2.0
"""Twin of an oscilloscope with a pick-up coil on channel 1: Keysight and Tektronix spellings.

Documented (InfiniiVision 1000 X, 3000 X, 4000 X programmer's guides; TDS200/1000/2000 programmer
manual): MEASure:VRMS? with interval and type, OPERegister:CONDition? bit 3, TER? (cleared by
reading), MEASUrement:IMMed and its types, ACQuire:STATE?, HEADer. From memory of the same:
MEASure:VPP?, :VAMPlitude?, :FREQuency?, TRIGger:SWEep?, ACQuire:NUMACq?, 9.9E37 for what cannot be
measured, HEADer on after power-up. Assumed: one acquisition every 20 ms on auto trigger.
"""

import math
import random
from collections.abc import Callable

from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument, table
from sim_hardware.devices.scpi_status import PON
from sim_hardware.devices.scpi_syntax import ScpiError, boolean, one

MU_0 = 4e-7 * math.pi
NOISE_V, NO_NUMBER = 0.002, 9.9e37
TRIGGER_V = 0.02
"""Less than this gives no edges: nothing to trigger on, nothing to count."""

ACQUIRE_S = 0.02
RUNNING = 1 << 3
KINDS = {
    "PK2": "PK2PK", "PK2PK": "PK2PK", "FREQ": "FREQUENCY", "FREQUENCY": "FREQUENCY",
    "CRM": "CRMS", "CRMS": "CRMS", "AMP": "AMPLITUDE", "AMPLITUDE": "AMPLITUDE",
    "PERI": "PERIOD", "PERIOD": "PERIOD", "MEAN": "MEAN", "MINI": "MINIMUM", "MINIMUM": "MINIMUM",
    "MAXI": "MAXIMUM", "MAXIMUM": "MAXIMUM",
}  # fmt: skip
UNITS = {"FREQUENCY": "Hz", "PERIOD": "s"}
"""Others are in volts."""

CHANGES = ("stop", "run", "normal", "auto")


class ScopeTwin(ScpiInstrument):
    """Shows `field(t)` kA/m peak at `frequency(t)` Hz through a coil of (cm², turns).

    Faults: no_signal (the coil's plug is out), freeze (it repeats its last acquisition and says
    that it runs), reboot, panel_change (`stop`, `run`, `normal`, `auto`: the trigger's sweep).
    """

    def __init__(
        self,
        field: Callable[[float], float],
        frequency_hz: Callable[[float], float],
        serial: str = "SIM0003",
        coil: tuple[float, int] = (1.0, 1),
        maker: str = "KEYSIGHT TECHNOLOGIES",
    ) -> None:
        model = "TDS 2002" if maker == "TEKTRONIX" else "DSOX1102G"
        super().__init__(f"{maker},{model},{{}},01.20", serial)
        self.field, self._frequency_hz = field, frequency_hz
        self._area_m2 = 1e-4 * coil[0] * coil[1]
        self._noise = random.Random(serial)
        self.has_signal, self.is_frozen = True, False
        self._power_up()

    def _power_up(self) -> None:
        self.is_running, self.is_auto, self.is_verbose = True, True, True
        self.kind, self.channel = "PK2PK", "CH1"
        self._shown, self._count, self._is_triggered = (-1, 0.0, NO_NUMBER), 0, False

    def acquired(self, t: float) -> tuple[float, float]:
        """Volts peak to peak and hertz of the acquisition that is on the screen."""
        index = math.floor(t / ACQUIRE_S)
        if not self.is_running or self.is_frozen or index == self._shown[0]:
            return self._shown[1:]
        hertz = self._frequency_hz(t)
        field = self.field(t) if self.has_signal else 0.0
        volts = 2.0 * 2.0 * math.pi * hertz * MU_0 * self._area_m2 * 1e3 * field
        volts += abs(self._noise.gauss(0.0, NOISE_V))
        is_triggered = volts > TRIGGER_V
        if is_triggered or self.is_auto:
            self._count += 1 if self._shown[0] < 0 else index - self._shown[0]
            self._shown = (index, volts, hertz if is_triggered else NO_NUMBER)
            self._is_triggered |= is_triggered
        return self._shown[1:]

    # ---- Keysight ------------------------------------------------------------------------------

    def volts(self, arguments: list[str], t: float) -> float:
        """Peak to peak, of the channel with the coil; another one shows noise."""
        channel = arguments[-1].upper() if arguments else "CHAN1"
        volts = self.acquired(t)[0]
        return volts if channel in {"CHAN1", "CHANNEL1"} else min(volts, NOISE_V)

    def trigger_event(self, arguments: list[str], t: float) -> str:
        """Whether anything has triggered since this was last asked."""
        self.acquired(t)
        was, self._is_triggered = self._is_triggered, False
        return str(int(was))

    # ---- Tektronix -----------------------------------------------------------------------------

    def set_kind(self, arguments: list[str], t: float) -> None:
        """What IMMed measures."""
        word = one(arguments).upper()
        if word not in KINDS:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.kind = KINDS[word]

    def immediate(self, arguments: list[str], t: float) -> str:
        """Its value; without a whole cycle there is no cycle's r.m.s."""
        volts, hertz = self.acquired(t)
        volts = volts if self.channel == "CH1" else min(volts, NOISE_V)
        has_cycle = hertz < NO_NUMBER
        values = {
            "FREQUENCY": hertz,
            "PERIOD": 1.0 / hertz if has_cycle else NO_NUMBER,
            "CRMS": volts / 8.0**0.5 if has_cycle else NO_NUMBER,
            "MEAN": 0.0,
            "MAXIMUM": volts / 2.0,
            "MINIMUM": -volts / 2.0,
        }
        value = values.get(self.kind, volts)
        text = "9.9E37" if value >= NO_NUMBER else f"{value:.4E}"
        return self.told("MEASUREMENT:IMMED:VALUE", text)

    def count(self, arguments: list[str], t: float) -> str:
        """Acquisitions since it was started."""
        self.acquired(t)
        return self.told("ACQUIRE:NUMACQ", str(self._count))

    def told(self, header: str, text: str) -> str:
        """A reply with its header, as after power-up, or without."""
        return f":{header} {text}" if self.is_verbose else text

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        self.acquired(t)
        if verb in {"no_signal", "freeze"}:
            self.has_signal &= verb != "no_signal"
            self.is_frozen |= verb == "freeze"
        elif verb == "reboot":
            self._power_up()
            self.status.standard |= PON
        elif verb == "panel_change" and argument in CHANGES[:2]:
            self.is_running = argument == "run"
        elif verb == "panel_change" and argument in CHANGES[2:]:
            self.is_auto = argument == "auto"
        else:
            raise ValueError(f"a scope has no fault {verb!r} with {argument!r}")

    def clear(self, verb: str) -> None:
        """End it; the panel is put back too."""
        if verb == "no_signal":
            self.has_signal = True
        elif verb == "freeze":
            self.is_frozen = False
        else:
            self.is_running = self.is_auto = True


def _nr3(value: float) -> str:
    return "+9.9E+37" if value >= NO_NUMBER else f"{value:+.5E}"


def _run(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    word = arguments[0].upper() if arguments else "RUN"
    twin.acquired(t)
    twin.is_running = word in {"RUN", "ON", "1"}


def _stop(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.acquired(t)
    twin.is_running = False


def _sweep(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.acquired(t)
    twin.is_auto = one(arguments).upper() == "AUTO"


def _channel(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.channel = one(arguments).upper()


def _header(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.is_verbose = boolean(one(arguments))


def _condition(twin: ScopeTwin, arguments: list[str], t: float) -> str:
    return str(RUNNING * twin.is_running)


ScopeTwin.headers = table(
    (
        Row("MEASure:VPP", query=lambda twin, words, t: _nr3(twin.volts(words, t))),
        Row("MEASure:VAMPlitude", query=lambda twin, words, t: _nr3(twin.volts(words, t))),
        Row("MEASure:VRMS", query=lambda twin, words, t: _nr3(twin.volts(words, t) / 8.0**0.5)),
        Row("MEASure:FREQuency", query=lambda twin, _, t: _nr3(twin.acquired(t)[1])),
        Row("OPERegister:CONDition", query=_condition),
        Row("OPER:CONDition", query=_condition),
        Row("TRIGger:SWEep", _sweep, lambda twin, *_: "AUTO" if twin.is_auto else "NORM"),
        Row("TER", query=ScopeTwin.trigger_event),
        Row("MEASUrement:IMMed:SOUrce", _channel,
            lambda twin, *_: twin.told("MEASUREMENT:IMMED:SOURCE", twin.channel)),
        Row("MEASUrement:IMMed:TYPe", ScopeTwin.set_kind,
            lambda twin, *_: twin.told("MEASUREMENT:IMMED:TYPE", twin.kind)),
        Row("MEASUrement:IMMed:UNIts", query=lambda twin, *_: twin.told(
            "MEASUREMENT:IMMED:UNITS", f'"{UNITS.get(twin.kind, "V")}"')),
        Row("MEASUrement:IMMed:VALue", query=ScopeTwin.immediate),
        Row(
            "ACQuire:STATE",
            _run,
            lambda twin, *_: twin.told("ACQUIRE:STATE", str(int(twin.is_running))),
        ),
        Row("ACQuire:NUMACq", query=ScopeTwin.count),
        Row("HEADer", _header, lambda twin, *_: twin.told("HEADER", str(int(twin.is_verbose)))),
        Row("STOP", _stop),
        Row("RUN", _run),
    )
)  # fmt: skip
