# SPDX-License-Identifier: Apache-2.0
"""Lauda circulators with the NAMUR command set (Ecoline, Integral, RE).

Ecoline manual page 16, Integral T page 77, RE 1050 page 70. 9600 8N1, CR; RS-232 replies end in
CR LF, RS-485 ones carry the address and end in CR. Not supported: programs, external probes.
"""

import re

from mnht_controller.devices import cooling
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.cooling import ChillerOptions
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

NUMBER = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,2})?")
ERRORS = {
    "ERR_2": "wrong input", "ERR_3": "wrong command", "ERR_5": "syntax", "ERR_6": "wrong value",
}  # fmt: skip


class LaudaNamur:
    """One circulator."""

    def __init__(self, link: Link, options: ChillerOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        address = options.address
        self._prefix = "" if address is None else f"A{address:03d}_"
        prefix = self._prefix.encode()
        self._type = re.compile(prefix + rb"(?P<model>(?!ERR)[A-Za-z][A-Za-z0-9 -]*)")
        self._version = re.compile(prefix + rb"(?P<serial>(?!ERR)[A-Za-z0-9. -]+)")
        tag = same_question(self._line("TYPE"), self._type)
        link.speak(Dialect(LineFramer(b"\r"), tag))

    async def open(self) -> Identity:
        """Ask for type and version, in which a twin says so."""
        await self._link.open()
        model = await self._link.identify(self._line("TYPE"), self._type, anonymous=True)
        found = await self._link.identify(self._line("VERSION"), self._version)
        await self.poll()
        version = found["serial"].decode("ascii", "replace").strip()
        return Identity("Lauda", model["model"].decode("ascii", "replace"), version, version)

    async def prepare(self) -> AuxiliaryReading:
        """Set what is wanted, read it back, and run."""
        wanted_c = self._options.setpoint_c
        if wanted_c is not None:
            await self._done(f"OUT_SP_00_{wanted_c:.2f}")
            if abs((set_c := await self._celsius("IN_SP_00")) - wanted_c) > cooling.SAME_C:
                raise unconfirmed(self._link, set_c)
        await self._done("START")
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Read its temperature, whether it runs, and its status."""
        celsius = await self._celsius("IN_PV_00")
        standby, status = await self._ask("IN_MODE_02"), await self._ask("STATUS")
        if standby not in {"0", "1"} or status not in {"0", "-1"}:
            raise unconfirmed(self._link, (standby, status))
        self._seq += 1
        water = (celsius, standby == "0", status != "0")
        return cooling.reading(self._link.answered_at, self._seq, water, self._options)

    async def close(self) -> None:
        """Close; the cooling goes on."""
        await self._link.close()

    async def _celsius(self, command: str) -> float:
        text = await self._ask(command)
        if not NUMBER.fullmatch(text):
            raise unconfirmed(self._link, text)
        return float(text)

    async def _done(self, command: str) -> None:
        said = await self._ask(command)
        if said in ERRORS:
            raise DeviceFault(f"{self._link.resource}: {command}: {ERRORS[said]}")
        if said != "OK":
            raise unconfirmed(self._link, said)

    async def _ask(self, command: str) -> str:
        answer = (await self._link.query(self._line(command))).decode("ascii", "replace")
        if not answer.startswith(self._prefix):
            raise unconfirmed(self._link, answer)
        return answer.removeprefix(self._prefix)

    def _line(self, command: str) -> bytes:
        return f"{self._prefix}{command}\r".encode()


SPEC = DriverSpec(
    name="lauda_namur",
    kind=Kind.CHILLER,
    title="Lauda circulators (NAMUR commands)",
    make=lambda link, setup: LaudaNamur(link, setup.option(ChillerOptions)),
    baud=9600,
    period_s=0.5,
    dead_man=DeadMan.GUARD,
    options=ChillerOptions,
    provenance=(
        ("9600 8N1; CR LF, or prefix and CR on RS-485", "documented: Ecoline manual p16"),
        ("IN_PV_00, IN_SP_00, OUT_SP_00, START, STOP", "documented: Integral T manual p77"),
        ("OK, ERR_n", "documented: Ecoline manual p16"),
        ("STATUS 0 or -1, TYPE, VERSION", "documented: RE 1050 manual p70"),
        ("IN_MODE_02: 1 in standby", "assumed: from newer Lauda manuals, from memory"),
        ("a version that begins with SIM is a twin's", "assumed: real ones are numbers"),
    ),
)
