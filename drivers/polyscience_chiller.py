# SPDX-License-Identifier: Apache-2.0
"""PolyScience chillers: LS, DuraChill and DA series.

LS manual page 19, DuraChill page 34, DA500 page 44. 8N1; commands end in CR alone, a LF after it is
forbidden; `!` is done, `?` refused. Not supported: pump speed, pressure, flow.
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

UNIT = re.compile(rb"(?:RU)?([CF])")
FORMS = {
    "RU": re.compile(r"[CF]"),
    "RT": re.compile(r"[+-]\d{2,3}\.\d{1,2}"),
    "RS": re.compile(r"[+-]\d{2,3}\.\d{1,2}"),
    "RW": re.compile(r"[01]"),
    "RF": re.compile(r"\d\d"),
}
DONE = re.compile(r"!")
NO_FAULT = "00"


@dataclass(frozen=True, slots=True)
class PolyScienceOptions(ChillerOptions):
    """`faults`: ask RF; False for a unit that knows no such command."""

    faults: bool = True

    def __post_init__(self) -> None:
        """Check. ValueError."""
        ChillerOptions.__post_init__(self)
        if self.address is not None:
            raise ValueError("this dialect has no address")


class PolyScienceChiller:
    """One chiller. The unit is read with every temperature: its front panel may change it."""

    def __init__(self, link: Link, options: PolyScienceOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        # No other answer is its unit; an older answer to the same question it cannot tell.
        tag = same_question(b"RU\r", UNIT)
        link.speak(Dialect(LineFramer(b"\r"), tag, may_echo=True))

    async def open(self) -> Identity:
        """Ask for its unit, which moves nothing; then its echo off."""
        await self._link.open()
        await self._link.identify(b"RU\r", UNIT, anonymous=True)
        await self._ask("SE0", DONE)
        await self.poll()
        return Identity("PolyScience", "chiller", "", "")

    async def prepare(self) -> AuxiliaryReading:
        """Set what is wanted, read it back, and run."""
        if (wanted_c := self._options.setpoint_c) is not None:
            is_celsius = await self._is_celsius()
            value = wanted_c if is_celsius else 1.8 * wanted_c + 32.0
            # Three digits are what the manuals print; decimals only where they are needed.
            number = f"{value:03.0f}" if value == round(value) else f"{value:06.2f}"
            await self._ask(f"SS{number}", DONE)
            set_c = celsius(await self._ask("RS"), is_celsius=is_celsius)
            if abs(set_c - wanted_c) > cooling.SAME_C:
                raise unconfirmed(self._link, set_c)
        await self._ask("SO1", DONE)
        return await self.poll()

    async def poll(self) -> AuxiliaryReading:
        """Read its temperature, whether it runs, and its fault."""
        is_celsius = await self._is_celsius()
        now_c = celsius(await self._ask("RT"), is_celsius=is_celsius)
        at, is_running = self._link.answered_at, await self._ask("RW") == "1"
        fault = await self._ask("RF") if self._options.faults else NO_FAULT
        self._seq += 1
        water = (now_c, is_running, fault != NO_FAULT)
        return cooling.reading(at, self._seq, water, self._options)

    async def close(self) -> None:
        """Close; the cooling goes on."""
        await self._link.close()

    async def _is_celsius(self) -> bool:
        return await self._ask("RU") == "C"

    async def _ask(self, command: str, form: re.Pattern[str] | None = None) -> str:
        answer = await self._link.query(f"{command}\r".encode())
        text = answer.decode("latin-1").removeprefix(command)  # an echo stands in front
        if text == "?":
            raise DeviceFault(f"{self._link.resource}: {command} was refused; it was not obeyed")
        if not (form or FORMS[command]).fullmatch(text):
            raise unconfirmed(self._link, answer)
        return text


def celsius(text: str, *, is_celsius: bool) -> float:
    """Convert what the chiller shows."""
    return float(text) if is_celsius else (float(text) - 32.0) / 1.8


SPEC = DriverSpec(
    name="polyscience_chiller",
    kind=Kind.CHILLER,
    title="PolyScience LS, DuraChill, DA chillers",
    make=lambda link, setup: PolyScienceChiller(link, setup.option(PolyScienceOptions)),
    baud=9600,
    period_s=0.5,
    dead_man=DeadMan.GUARD,
    options=PolyScienceOptions,
    is_anonymous=True,
    provenance=(
        ("8N1, CR alone, `!` and `?`", "documented: LS manual p19"),
        ("SE, SO, SSxxx, RS, RT, RU, RW", "documented: LS manual p19, DuraChill p34, DA500 p44"),
        ("RF 00 is no fault", "documented: LS manual p19"),
        ("RF: any other two digits are a fault", "assumed: no list of codes is public"),
        ("decimals in SS", "assumed: from a public laboratory script"),
        ("9600 Bd", "assumed: selectable; 38400 was seen"),
        ("sign and decimal in every temperature", "assumed: as LS p19 prints them"),
        ("an echo stands in front of the reply", "assumed: a line of its own is taken too"),
        ("RW tells whether water flows", "assumed: it tells that the unit runs"),
    ),
)
