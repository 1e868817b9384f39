# SPDX-License-Identifier: Apache-2.0
"""A pick-up coil in the bore, read by an oscilloscope or any instrument that speaks SCPI.

B = V / (2π f N A), H = B / μ0, all peak. Keysight InfiniiVision and Tektronix TDS programmer's
manuals. A scope repeats what it saw last: whether it runs, on auto trigger, and has acquired since
is asked in the same line; a repetition is no new reading and grows stale. Set by hand, not here:
timebase (some periods on the screen), range, trigger (near zero, on the coil's channel).
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
TO_PEAK = MappingProxyType({"vpp": 0.5, "amplitude": 0.5, "vrms": 2.0**0.5})
REPLY_S = 0.3  # a scope computes before it answers
FREQUENCY_WITHIN = 0.3
"""A count further off is of noise or of a harmonic, and would make the field too small."""

IDENTITY = r"(?i:(?P<maker>{})),(?P<model>{}[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)"
VALUE = r"(?:(?P<{}>\+?\d+(?:\.\d*)?(?:E[+-]?\d+)?)|[*]+|-[^;]*|\+?NAN|\+?INF)"
QUESTION = re.compile(r"(?=.*\?)[!-:<-z|~][ -:<-z|~]*")
# Maker; how its scopes' models begin; question; what follows volts, hertz; RUN bit; quantities.
SCOPES = MappingProxyType({
    "keysight": (
        "(?:KEYSIGHT|AGILENT) TECHNOLOGIES", "(?:DSO|MSO|EDU)",
        ":MEAS:{v}CHAN{n};:MEAS:FREQ? CHAN{n};:OPER:COND?;:TRIG:SWE?;:TER?",
        r";\+?(?P<run>\d+);(?P<sweep>AUTO|NORM)(?:AL)?;\+?(?P<event>[01])",
        1 << 3, ("VPP? ", "VAMP? ", "VRMS? DISP,AC,"),
    ),
    "tektronix": (
        "TEKTRONIX", "(?:TDS|TPS|TBS|MSO|DPO|MDO)",
        ":HEAD 0;:MEASU:IMM:SOU CH{n};TYP {v};VAL?;:MEASU:IMM:TYP FREQ;VAL?;:ACQ:STATE?;NUMAC?",
        r";(?P<run>\d+);(?P<count>\d+)",
        1 << 0, ("PK2PK", "AMPLITUDE", "CRMS"),
    ),
    "generic": ("{maker}[^,]*", "", "{volts_query}\n{frequency_query}", "", 0, ("", "", "")),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class PickupOptions(Options):
    """The coil, `area_cm2` and `turns`; `dialect`: keysight, tektronix, generic; scope `channel`.

    `quantity`: vpp, amplitude, vrms. `frequency_hz`: what it should be; up to `floor_ka_per_m` it
    is taken, and said, where none can be counted; above, a field without a frequency is unknown.
    generic: `maker`, as *IDN? begins; a query each for volts and frequency, of unknown age.
    """

    area_cm2: float
    turns: int = 1
    dialect: str = "keysight"
    channel: int = 1
    quantity: str = "vpp"
    frequency_hz: float = 100_000.0
    floor_ka_per_m: float = 0.15
    maker: str = ""
    volts_query: str = ""
    frequency_query: str = ""

    def __post_init__(self) -> None:
        """Check ranges and words. ValueError."""
        if not (self.area_cm2 > 0.0 and self.frequency_hz > 0.0 and self.floor_ka_per_m >= 0.0):
            raise ValueError("area_cm2 and frequency_hz are above 0, floor_ka_per_m is not below")
        if not (self.turns >= 1 and 1 <= self.channel <= 8):
            raise ValueError("turns is 1 or more, channel 1 to 8")
        if self.quantity not in TO_PEAK or self.dialect not in SCOPES:
            raise ValueError(f"quantity: {', '.join(TO_PEAK)}; dialect: {', '.join(SCOPES)}")
        is_asked = all(map(QUESTION.fullmatch, (self.volts_query, self.frequency_query)))
        if self.dialect == "generic" and not (is_asked and self.maker):
            raise ValueError("generic needs maker, volts_query, frequency_query: one question each")


class ScpiPickup:
    """The field by its pick-up coil."""

    def __init__(self, link: Link, options: PickupOptions) -> None:
        self._link, self._options = link, options
        maker, model, question, state, self._run, quantities = SCOPES[options.dialect]
        named = {name: getattr(options, name) for name in ("volts_query", "frequency_query")}
        named |= {"v": quantities[[*TO_PEAK].index(options.quantity)], "n": options.channel}
        self._questions = [f"{row}\n".encode() for row in question.format(**named).split("\n")]
        who = maker.replace("{maker}", re.escape(options.maker))
        self._identity = re.compile(IDENTITY.format(who, model).encode())
        values = f"{VALUE.format('volts')};{VALUE.format('hertz')}{state}"
        self._state = re.compile(f"(?i:{values})".encode())
        self._at, self._seq, self._count = 0.0, 0, b""
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag, reply_s=REPLY_S))

    async def open(self) -> Identity:
        """Identify; then a first reading."""
        self._count = b""
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", self._identity)
        await self.poll()
        return Identity(*(part.decode("ascii", "replace").strip() for part in found.groups()))

    async def prepare(self) -> AuxiliaryReading:
        """Nothing to prepare."""
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Ask for volts, frequency, and whether it acquires."""
        answers = [await self._link.query(question) for question in self._questions]
        found = self._state.fullmatch(b";".join(answers))
        if not found:
            raise scpi.unconfirmed(self._link, answers)
        said = found.groupdict()
        is_running = int(said.get("run", b"0")) & self._run == self._run
        is_ready = is_running and said.get("sweep", b"AUTO").upper() == b"AUTO"
        volts, hertz = (
            None if v is None else scpi.measured(v) for v in found.group("volts", "hertz")
        )
        field, frequency_hz = self._field(volts, hertz) if is_ready else (None, None)
        if not is_ready or self._is_new(said, field):
            self._at, self._seq = self._link.answered_at, self._seq + 1
        return AuxiliaryReading(
            self._at, self._seq, is_ready, measured_ka_per_m=field, frequency_hz=frequency_hz
        )

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    def _is_new(self, said: dict[str, bytes], field: float | None) -> bool:
        """Whether it has acquired since; below the floor nothing triggers, which proves nothing."""
        if "event" in said:
            return said["event"] == b"1" or field is None or field <= self._options.floor_ka_per_m
        last, self._count = self._count, said.get("count", b"")
        return not last or last != self._count

    def _field(self, volts: float | None, hertz: float | None) -> tuple[float | None, float | None]:
        """Peak kA/m and its frequency; None where they cannot be known."""
        options, nominal = self._options, self._options.frequency_hz
        is_counted = hertz is not None and abs(hertz - nominal) <= FREQUENCY_WITHIN * nominal
        at_hz = hertz if hertz is not None and is_counted else nominal
        if volts is None:
            return None, None
        area_m2 = 1e-4 * options.area_cm2 * options.turns
        field = 1e-3 * TO_PEAK[options.quantity] * volts / (math.tau * at_hz * MU_0 * area_m2)
        return (field, at_hz) if is_counted or field <= options.floor_ka_per_m else (None, None)


SPEC = DriverSpec(
    name="scpi_pickup", kind=Kind.PICKUP, title="Pick-up coil on an oscilloscope (SCPI)",
    make=lambda link, setup: ScpiPickup(link, setup.option(PickupOptions)),
    options=PickupOptions, baud=115200, period_s=0.1, dead_man=DeadMan.GUARD,
    provenance=(
        ("VRMS? DISP,AC; OPER:COND? bit 3; TER?", "documented: InfiniiVision 1000 X guide"),
        ("IMMed types, ACQ:STATE?, HEADer", "documented: TDS200/1000/2000 programmer manual"),
        ("VPP?, VAMP?, FREQ?, TRIG:SWE?, NUMACq?, 9.9E37", "assumed: the same, from memory"),
        ("auto trigger, ten acquisitions a second, answers in 0.3 s", "assumed: set it so"),
        ("a generic instrument measures anew for each query", "assumed: it cannot be asked"),
        ("V = 2π f N A μ0 H; a sine", "documented: Faraday's law; calibrate the coil's area"),
        ("no field, no edges: the frequency is `frequency_hz`", "assumed: your word for it"),
    ),
)  # fmt: skip
