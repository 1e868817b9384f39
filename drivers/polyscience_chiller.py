# SPDX-License-Identifier: Apache-2.0
"""PolyScience chillers: DuraChill, LS and DA series.

LS manual page 19, DuraChill page 34, DA500 page 44. 8N1; commands end in CR alone, a LF after it is
forbidden; `!` is done, `?` refused. Not supported: pump speed, pressure limits.
"""

import re

from mnht_controller.devices import cooling
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.cooling import ChillerOptions
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

UNIT = re.compile(rb"(?:RU)?(?P<unit>[CF])")
TEMPERATURE = re.compile(r"[+-]?\d{1,3}\.\d{1,2}")
DONE, NO_FAULT = "!", "00"


class PolyScienceChiller:
    """One chiller. With its echo on, a reply begins with the command: that is taken off."""

    def __init__(self, link: Link, options: ChillerOptions) -> None:
        self._link, self._options = link, options
        self._is_celsius, self._seq = True, 0
        tag = same_question(b"RU\r", UNIT)
        link.speak(Dialect(LineFramer(b"\r"), tag, may_echo=True))

    async def open(self) -> Identity:
        """Ask for its unit, which moves nothing; then its echo off."""
        await self._link.open()
        found = await self._link.identify(b"RU\r", UNIT, anonymous=True)
        self._is_celsius = found["unit"] == b"C"
        await self._done("SE0")
        await self.poll()
        return Identity("PolyScience", "chiller", "", "")

    async def prepare(self) -> AuxiliaryReading:
        """Set what is wanted, read it back, and run."""
        wanted_c = self._options.setpoint_c
        if wanted_c is not None:
            value = wanted_c if self._is_celsius else 1.8 * wanted_c + 32.0
            await self._done(f"SS{value:06.2f}")
            if abs((set_c := await self._celsius("RS")) - wanted_c) > cooling.SAME_C:
                raise unconfirmed(self._link, set_c)
        await self._done("SO1")
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Read its temperature, whether it runs, and its fault."""
        celsius, running = await self._celsius("RT"), await self._ask("RW")
        fault = await self._ask("RF")
        if running not in {"0", "1"}:
            raise unconfirmed(self._link, running)
        self._seq += 1
        water = (celsius, running == "1", fault not in {NO_FAULT, "?"})
        return cooling.reading(self._link.answered_at, self._seq, water, self._options)

    async def close(self) -> None:
        """Close; the cooling goes on."""
        await self._link.close()

    async def _celsius(self, command: str) -> float:
        text = await self._ask(command)
        if not TEMPERATURE.fullmatch(text):
            raise unconfirmed(self._link, text)
        return float(text) if self._is_celsius else (float(text) - 32.0) / 1.8

    async def _done(self, command: str) -> None:
        if (said := await self._ask(command)) != DONE:
            raise unconfirmed(self._link, said)

    async def _ask(self, command: str) -> str:
        answer = await self._link.query(f"{command}\r".encode())
        return answer.decode("ascii", "replace").removeprefix(command)


SPEC = DriverSpec(
    name="polyscience_chiller",
    kind=Kind.CHILLER,
    title="PolyScience DuraChill, LS, DA chillers",
    make=lambda link, setup: PolyScienceChiller(link, setup.option(ChillerOptions)),
    baud=9600,
    period_s=0.5,
    dead_man=DeadMan.GUARD,
    options=ChillerOptions,
    is_anonymous=True,
    provenance=(
        ("8N1, CR alone, `!` and `?`", "documented: LS manual p19"),
        ("SE, SO, SS, RS, RT, RU, RW", "documented: LS manual p19, DuraChill p34, DA500 p44"),
        ("RF 00 means no fault, `?` that it has none", "assumed: Performance series only"),
        ("9600 Bd", "assumed: selectable; 38400 was seen"),
        ("an echo stands in front of the reply", "assumed: a line of its own is taken too"),
    ),
)
