# SPDX-License-Identifier: Apache-2.0
"""A pick-up coil in the bore, read by an oscilloscope or any instrument that speaks SCPI.

B = V / (2π f N A), H = B / μ0, all peak. Keysight InfiniiVision and Tektronix TDS/MDO programmer's
manuals for the measurements. An instrument that does not acquire repeats what it saw last: whether
it runs is asked in the same line.
"""

import math
import re
from dataclasses import dataclass
from types import MappingProxyType

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import AuxiliaryReading

MU_0 = 4e-7 * math.pi
REST = rb",(?P<model>[^,]+),(?P<serial>[^,]+),(?P<firmware>[^\r\n]+)"


@dataclass(frozen=True, slots=True)
class Scope:
    """How one family is asked: who, volts peak to peak, frequency, and whether it acquires.

    `is_running` is a mask on the last answer; `setup` is sent after the identification.
    """

    maker: bytes
    query: str
    is_running: int
    setup: str = ""


SCOPES = MappingProxyType(
    {
        "keysight": Scope(
            rb"(?:KEYSIGHT|AGILENT) TECHNOLOGIES",
            ":MEAS:VPP? CHAN{n};:MEAS:FREQ? CHAN{n};:OPER:COND?",
            1 << 3,
        ),
        "tektronix": Scope(
            rb"TEKTRONIX",
            ":MEASU:IMM:SOU CH{n};TYP PK2PK;VAL?;:MEASU:IMM:TYP FREQ;VAL?;:ACQ:STATE?",
            1,
            ":HEAD 0\n",
        ),
    }
)
STATE = re.compile(rf"({scpi.NUMBER});({scpi.NUMBER});\+?(\d+)".encode())


@dataclass(frozen=True, slots=True)
class PickupOptions(Options):
    """The coil: `area_cm2` and `turns`. `dialect`: keysight or tektronix; `channel` of the scope.

    Below `floor_ka_per_m` a frequency that cannot be measured is taken for `frequency_hz`.
    """

    area_cm2: float
    turns: int = 1
    dialect: str = "keysight"
    channel: int = 1
    frequency_hz: float = 100_000.0
    floor_ka_per_m: float = 0.15

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.area_cm2 > 0.0 and self.turns >= 1 and self.frequency_hz > 0.0):
            raise ValueError("area_cm2 and frequency_hz are above 0, turns 1 or more")
        if self.dialect not in SCOPES:
            raise ValueError(f"dialect is one of {', '.join(SCOPES)}")


class ScpiPickup:
    """The field by its pick-up coil."""

    def __init__(self, link: Link, options: PickupOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        self._scope = SCOPES[options.dialect]
        self._identity = re.compile(rb"(?P<maker>" + self._scope.maker + rb")" + REST)
        self._query = self._scope.query.format(n=options.channel).encode() + b"\n"
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify; only how it writes its answers is set."""
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", self._identity)
        if self._scope.setup:
            await self._link.send(self._scope.setup.encode())
        await self.poll()
        return Identity(*(part.decode("ascii", "replace").strip() for part in found.groups()))

    async def prepare(self) -> AuxiliaryReading:
        """Nothing to prepare."""
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Ask for volts, frequency, and whether it acquires."""
        answer = await self._link.query(self._query)
        found = STATE.fullmatch(answer)
        if not found:
            raise scpi.unconfirmed(self._link, answer)
        volts, hertz = scpi.measured(found[1]), scpi.measured(found[2])
        is_running = bool(int(found[3]) & self._scope.is_running)
        self._seq += 1
        return AuxiliaryReading(
            at=self._link.answered_at,
            seq=self._seq,
            is_ready=is_running,
            measured_ka_per_m=self._field(volts, hertz) if is_running else None,
            frequency_hz=hertz if is_running else None,
        )

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    def _field(self, volts_pp: float | None, hertz: float | None) -> float | None:
        """Peak kA/m; None where it cannot be known."""
        if volts_pp is None or (hertz is not None and not hertz > 0.0):
            return None
        options = self._options
        area_m2 = 1e-4 * options.area_cm2 * options.turns
        omega = 2.0 * math.pi * (options.frequency_hz if hertz is None else hertz)
        field = 1e-3 * 0.5 * abs(volts_pp) / (omega * MU_0 * area_m2)
        return field if hertz is not None or field <= options.floor_ka_per_m else None


SPEC = DriverSpec(
    name="scpi_pickup",
    kind=Kind.PICKUP,
    title="Pick-up coil on an oscilloscope (SCPI)",
    make=lambda link, setup: ScpiPickup(link, setup.option(PickupOptions)),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=PickupOptions,
    provenance=(
        (
            "MEASure:VPP?, MEASure:FREQuency?, 9.9E37",
            "documented: InfiniiVision guide, from memory",
        ),
        ("MEASUrement:IMMed, ACQuire:STATE?", "documented: TDS/MDO manual, from memory"),
        ("OPERegister:CONDition? bit 3: running", "documented: InfiniiVision guide, from memory"),
        ("a scope on auto trigger acquires at least ten times a second", "assumed: set it so"),
        ("V = 2π f N A μ0 H", "documented: Faraday's law; the coil's area is your calibration"),
    ),
)
