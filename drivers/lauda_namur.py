# SPDX-License-Identifier: Apache-2.0
"""Lauda circulators with the NAMUR command set: Ecoline, ECO Gold, Microcool and others.

Ecoline manual pages 7, 10, 11; ECO Gold pages 70, 78; MC 250 pages 42, 43. 8N1, CR; RS-232 replies
end in CR LF, RS-485 ones carry the address and end in CR. Not supported: programs, external probes,
STAT, whose digits mean something else in each family.
"""

import re
from dataclasses import dataclass

from mnht_controller.devices import cooling
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.cooling import ChillerOptions
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

TYPE = r"(?P<model>(?!ERR_|OK\Z)[A-Za-z][A-Za-z0-9 _-]*)"
VERSION = r"(?P<serial>(?!ERR_)[A-Za-z0-9 _-]*\d\.\d[A-Za-z0-9. _-]*)"
"""It has a dotted number, so that no late TYPE passes for it."""

CELSIUS = re.compile(r"-?\d{1,3}\.\d\d")
STATUS = re.compile(r"0|-1")
DONE = re.compile(r"OK")
RUNS = {"IN_MODE_02": re.compile(r"0+(?:\.0+)?"), "IN_SP_01": re.compile(r"0*[1-9](?:\.0+)?")}
"""Who asks whether it runs: standby 0, or else a pump step above 0. And what then says yes."""

SMALL = re.compile(r"0{0,2}\d(?:\.0{1,2})?")
UNKNOWN = "ERR_3"
ERRORS = {"ERR_2": "wrong input", UNKNOWN: "wrong command", "ERR_5": "syntax", "ERR_6": "value"}
VERSIONS = ("VERSION", "VERSION_R")


@dataclass(frozen=True, slots=True)
class LaudaOptions(ChillerOptions):
    """`address` 0 to 127 on RS-485; `version`: VERSION, or VERSION_R (ECO Gold, LOOP)."""

    version: str = VERSIONS[0]

    def __post_init__(self) -> None:
        """Check. ValueError."""
        ChillerOptions.__post_init__(self)
        if self.version not in VERSIONS or not 0 <= (self.address or 0) <= 127:
            raise ValueError(f"address is 0 to 127, version one of {', '.join(VERSIONS)}")


class LaudaNamur:
    """One circulator. One that cannot say whether it runs counts as running after its START.

    Its version text stands for the serial number that it lacks; a twin's begins with SIM.
    """

    def __init__(self, link: Link, options: LaudaOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        address = options.address
        self._prefix = "" if address is None else f"A{address:03d}_"
        self._type = re.compile((self._prefix + TYPE).encode())
        self._version = re.compile((self._prefix + VERSION).encode())
        self._runs, self._has_started = "", False
        # No other answer is its type; an older answer to the same question it cannot tell.
        tag = same_question(self._line("TYPE"), self._type)
        link.speak(Dialect(LineFramer(b"\r"), tag))

    async def open(self) -> Identity:
        """Ask for type and version, in which a twin says so; find out how it says that it runs."""
        self._runs, self._has_started = "", False
        await self._link.open()
        model = await self._link.identify(self._line("TYPE"), self._type, anonymous=True)
        found = await self._link.identify(self._line(self._options.version), self._version)
        for query in RUNS:
            if not self._runs and await self._said(query) != UNKNOWN:
                self._runs = query
        await self.poll()
        version = found["serial"].decode("ascii", "replace").strip()
        return Identity("Lauda", model["model"].decode("ascii", "replace"), version, version)

    async def prepare(self) -> AuxiliaryReading:
        """Set what is wanted, read it back, and run."""
        if (wanted_c := self._options.setpoint_c) is not None:
            await self._ask(f"OUT_SP_00_{wanted_c:.2f}", DONE)
            set_c = float(await self._ask("IN_SP_00", CELSIUS))
            if abs(set_c - wanted_c) > cooling.SAME_C:
                raise unconfirmed(self._link, set_c)
        await self._ask("START", DONE)
        self._has_started = True
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Read its temperature, whether it runs, and its status."""
        now_c, at = float(await self._ask("IN_PV_00", CELSIUS)), self._link.answered_at
        if self._runs:
            answer = await self._ask(self._runs, SMALL)
            is_running = RUNS[self._runs].fullmatch(answer) is not None
        else:
            is_running = self._has_started
        is_faulty = await self._ask("STATUS", STATUS) != "0"
        self._has_started &= not is_faulty
        self._seq += 1
        return cooling.reading(at, self._seq, (now_c, is_running, is_faulty), self._options)

    async def close(self) -> None:
        """Close; the cooling goes on."""
        await self._link.close()

    async def _ask(self, command: str, form: re.Pattern[str]) -> str:
        text = await self._said(command)
        if text in ERRORS:
            raise DeviceFault(f"{self._link.resource}: {command} was refused: {ERRORS[text]}")
        if not form.fullmatch(text):
            raise unconfirmed(self._link, text)
        return text

    async def _said(self, command: str) -> str:
        answer = (await self._link.query(self._line(command))).decode("latin-1")
        if not answer.startswith(self._prefix):
            raise unconfirmed(self._link, answer)
        return answer.removeprefix(self._prefix)

    def _line(self, command: str) -> bytes:
        return f"{self._prefix}{command}\r".encode()


SPEC = DriverSpec(
    name="lauda_namur",
    kind=Kind.CHILLER,
    title="Lauda circulators (NAMUR commands)",
    make=lambda link, setup: LaudaNamur(link, setup.option(LaudaOptions)),
    baud=9600,
    period_s=0.5,
    dead_man=DeadMan.GUARD,
    options=LaudaOptions,
    provenance=(
        ("8N1, 9600 Bd as delivered, CR LF", "documented: Ecoline manual p7"),
        ("A015_ prefix and CR on RS-485", "documented: ECO Gold manual p70"),
        ("OUT_SP_00, START, OK, ERR_n", "documented: Ecoline manual p10, MC 250 p42, p43"),
        ("IN_PV_00, IN_SP_00, STATUS, TYPE, VERSION", "documented: Ecoline p11, MC 250 p43"),
        ("VERSION_R; IN_MODE_02", "documented: ECO Gold p78; LOOP p31, LRZ 913 p22"),
        ("IN_SP_01 is 0 in standby", "assumed: as OUT_SP_01_0 means standby, Ecoline p10"),
        ("a version has a dotted number; ERR_3 for what is missing", "assumed: no example"),
        ("without either query it runs after START", "assumed: Microcool; the weakest of three"),
    ),
)
