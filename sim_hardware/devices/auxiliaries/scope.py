# SPDX-License-Identifier: Apache-2.0
"""Twin of an oscilloscope with a pick-up coil on a channel: Keysight and Tektronix spellings.

From memory of the programmer's manuals: MEASure:VPP?, :VRMS?, :FREQuency?, MEASUrement:IMMed,
OPERegister:CONDition? (bit 3: running), ACQuire:STATE?, 9.9E37 for what cannot be measured.
"""

import math
import random
from collections.abc import Callable

from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument, table
from sim_hardware.devices.scpi_syntax import ScpiError, one

MU_0 = 4e-7 * math.pi
NOISE_V, NO_NUMBER = 0.002, 9.9e37
TRIGGER_V = 0.02
"""Less than this gives no edges to count."""

ACQUIRE_S = 0.02
RUNNING = 1 << 3
IMMEDIATE = ("PK2PK", "FREQUENCY", "CRMS", "AMPLITUDE")


class ScopeTwin(ScpiInstrument):
    """Shows `field(t)` kA/m peak at `frequency(t)` Hz through a coil of `area_cm2` and `turns`.

    Faults: no_signal (the coil's plug is out), panel_change (`stop`, `run`).
    """

    def __init__(
        self,
        field: Callable[[float], float],
        frequency_hz: Callable[[float], float],
        serial: str = "SIM0003",
        coil: tuple[float, int] = (1.0, 1),
        maker: str = "KEYSIGHT TECHNOLOGIES",
    ) -> None:
        super().__init__(f"{maker},SCOPE 1102,{{}},01.20", serial)
        self.field, self._frequency_hz = field, frequency_hz
        self._area_m2 = 1e-4 * coil[0] * coil[1]
        self._noise = random.Random(serial)
        self.is_running, self.has_signal = True, True
        self.kind, self._shown = "PK2PK", (-1.0, 0.0, 0.0)

    def acquired(self, t: float) -> tuple[float, float]:
        """Volts peak to peak and hertz of the acquisition that is on the screen."""
        at = math.floor(t / ACQUIRE_S) * ACQUIRE_S
        if self.is_running and at != self._shown[0]:
            hertz = self._frequency_hz(t)
            field = self.field(t) if self.has_signal else 0.0
            volts = 2.0 * 2.0 * math.pi * hertz * MU_0 * self._area_m2 * 1e3 * field
            volts += abs(self._noise.gauss(0.0, NOISE_V))
            self._shown = (at, volts, hertz if volts > TRIGGER_V else NO_NUMBER)
        return self._shown[1:]

    def set_kind(self, arguments: list[str], t: float) -> None:
        """Tektronix: what IMMed measures."""
        word = one(arguments).upper()
        found = [kind for kind in IMMEDIATE if kind.startswith(word[:4])]
        if not found:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.kind = found[0]

    def immediate(self, arguments: list[str], t: float) -> str:
        """Tektronix: its value."""
        volts, hertz = self.acquired(t)
        values = {"PK2PK": volts, "FREQUENCY": hertz, "CRMS": volts / 8.0**0.5}
        return _nr3(values.get(self.kind, volts))

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "no_signal":
            self.has_signal = False
        elif verb == "panel_change" and argument in {"stop", "run"}:
            self.acquired(t)
            self.is_running = argument == "run"
        else:
            raise ValueError(f"a scope has no fault {verb!r} with {argument!r}")

    def clear(self, verb: str) -> None:
        """End it."""
        self.has_signal = self.is_running = True


def _nr3(value: float) -> str:
    return f"{value:+.5E}"


def _stop(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.inject("panel_change", "stop", t)


def _run(twin: ScopeTwin, arguments: list[str], t: float) -> None:
    twin.is_running = True


ScopeTwin.headers = table(
    (
        Row("MEASure:VPP", query=lambda twin, _, t: _nr3(twin.acquired(t)[0])),
        Row("MEASure:VAMPlitude", query=lambda twin, _, t: _nr3(twin.acquired(t)[0])),
        Row("MEASure:VRMS", query=lambda twin, _, t: _nr3(twin.acquired(t)[0] / 8.0**0.5)),
        Row("MEASure:FREQuency", query=lambda twin, _, t: _nr3(twin.acquired(t)[1])),
        Row("OPERegister:CONDition", query=lambda twin, *_: str(RUNNING * twin.is_running)),
        Row("OPER:CONDition", query=lambda twin, *_: str(RUNNING * twin.is_running)),
        Row("MEASUrement:IMMed:SOUrce", lambda *_: None, lambda *_: "CH1"),
        Row("MEASUrement:IMMed:TYPe", ScopeTwin.set_kind, lambda twin, *_: twin.kind),
        Row("MEASUrement:IMMed:VALue", query=ScopeTwin.immediate),
        Row("ACQuire:STATE", _run, lambda twin, *_: str(int(twin.is_running))),
        Row("HEADer", lambda *_: None, lambda *_: "0"),
        Row("STOP", _stop),
        Row("RUN", _run),
    )
)
