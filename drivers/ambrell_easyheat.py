# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT induction supplies on RS-485; EKOHEAT is of the same family, untried.

EASYHEAT 0112 manual pages 44, 46; 3542 manual page 49: `address,command[,argument]`, no blanks, CR;
replies CR LF. Its menu must give `control from` and `start from` to RS-485. Never sent: `[` and
`]`, which move the set-point, and address 0, which all obey. Not supported: streams, alarms, texts
of stat and pstat. Coil and current make the frequency (150-400 kHz): the measured one counts.
"""

import re
from dataclasses import dataclass

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect, Tag
from mnht_controller.devices.errors import DeviceFault, ReplyTimeoutError
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import at_most, unconfirmed, within
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.units import FIELD_FULL_SCALE_KA_PER_M

NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
DATA = rf",(?P<on>[01]),(?P<set>{NUMBER}),(?P<amps>{NUMBER})?,(?:(?:{NUMBER})?,)?(?P<khz>{NUMBER})?"
"""`rdata`: 8 fields, or 7 without watts; then timer and counter. What is measured may be blank."""

DONE = re.compile(rb"(?i:(?:\d+,)?(?:OK|ACK|DONE|>)|\d+,(?:hon|hoff|amps,[\d.]+|rdata|maxamps))")
"""How a command may be acknowledged or echoed. Any other line, as a refusal, is never skipped."""

STEP_A, GAP_S, STARTS_MAX = 0.1, 0.01, 3


@dataclass(frozen=True, slots=True)
class AmbrellOptions(Options):
    """`field_ka_per_m_per_a`: peak kA/m in your coil for each ampere that the supply shows.

    `idle_frequency_hz`: your coil's; it is said while the supply heats nothing and measures none.
    """

    field_ka_per_m_per_a: float
    address: int = 1
    idle_frequency_hz: float | None = None

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.field_ka_per_m_per_a > 0.0 and 1 <= self.address <= 32):
            raise ValueError("field_ka_per_m_per_a is above 0, address 1 to 32")


class AmbrellEasyheat:
    """One supply. Each command is followed by `rdata` in the same write, which shows its effect."""

    def __init__(self, link: Link, options: AmbrellOptions) -> None:
        self._link, self._options, self._per_a = link, options, options.field_ka_per_m_per_a
        self._ask = self._line("rdata")
        self._off = b"\r" + self._line("hoff")  # the CR ends whatever half line is there
        self._data = re.compile(rf"0*{options.address}{DATA},\d*,\d*".encode())
        self._limit_ka_per_m, self._amps, self._seq, self._starts, self._commas = 0.0, 0.0, 0, 0, 0
        self._is_energized, self._may_start, self._constant = False, False, re.compile(rb"(?!)")
        # The tag never changes: no reading passes for it, but a late answer to another tag does.
        tag: Tag = lambda _: (self._line("maxamps"), self._constant)  # noqa: E731
        # A frame ends in CR, so that each echoed command is a frame of its own.
        link.speak(Dialect(LineFramer(b"\r"), tag, unsolicited=DONE, gap_s=GAP_S))

    async def open(self) -> Identity:
        """Ask for its data, which only such a supply has; off; zero amperes, read back."""
        self._is_energized, self._starts = False, 0
        await self._link.open()
        found = await self._link.identify(self._ask, self._data, anonymous=True)
        self._commas = found[0].count(b",")  # a lost comma must not move the fields
        await self._link.send(self._off)
        self._constant = re.compile(re.escape(await self._link.query(self._line("maxamps"))))
        if (snapshot := await self._do("amps,0.00", 0.0)).output_on:
            raise unconfirmed(self._link, snapshot)
        return Identity("Ambrell", "EASYHEAT", "", "")

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off; the limit is kept here, for the supply has no register for it."""
        self._limit_ka_per_m = within(limit_ka_per_m, FIELD_FULL_SCALE_KA_PER_M)
        self._is_energized, self._starts = False, 0
        await self._link.send(self._off)
        return await self._do("amps,0.00", 0.0)

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amperes; after an OFF of ours, and only once they are read back, heat on."""
        field, until = within(permit.field_ka_per_m, self._limit_ka_per_m), permit.expires_at
        is_start = self._may_start = not self._is_energized and field > 0.0
        amps = at_most(field / self._per_a, 2)
        snapshot = await self._do(f"amps,{amps:.2f}", amps, until)
        if is_start:
            snapshot = await self._do("hon", amps, until)
            self._starts = 0 if snapshot.output_on else self._starts + 1
        if self._starts >= STARTS_MAX:  # a contactor may be slow
            why = "heat does not come on; is start-from RS485, and the start input closed?"
            raise DeviceFault(f"{self._link.resource}: {why}")
        if self._is_energized and not snapshot.output_on:
            raise unconfirmed(self._link, snapshot)
        self._is_energized = snapshot.output_on
        return snapshot

    async def off(self) -> SourceReading:
        """`hoff`, which is always obeyed, then the data that show it."""
        self._is_energized, self._may_start, self._starts = False, False, 0
        try:
            return self._read(await self._link.query(self._ask, urgent=True, lead=self._off))
        finally:
            self._is_energized = False  # also where it overtook an `apply`

    async def poll(self) -> SourceReading:
        """Take the data."""
        return self._read(await self._link.query(self._ask))

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    def _line(self, command: str) -> bytes:
        return f"{self._options.address},{command}\r".encode()

    async def _do(self, command: str, amps: float, until: float | None = None) -> SourceReading:
        def request() -> bytes:  # made when it is written: an OFF may have overtaken it
            if command == "hon" and not self._may_start:
                raise ReplyTimeoutError(f"{self._link.resource}: a start gave way to an OFF")
            self._amps = amps
            return self._line(command) + self._ask

        return self._read(await self._link.query(request, not_after=until), is_set=True)

    def _read(self, answer: bytes, *, is_set: bool = False) -> SourceReading:
        found = self._data.fullmatch(answer)
        if not found or answer.count(b",") != self._commas:
            raise unconfirmed(self._link, answer)
        is_on, amps, hertz = found["on"] == b"1", found["amps"], 1e3 * float(found["khz"] or 0.0)
        is_ours = abs(float(found["set"]) - self._amps) <= STEP_A
        if not is_ours and (is_set or (self._is_energized and is_on)):
            raise unconfirmed(self._link, answer)  # control-from is not RS485, or a knob moved
        self._seq += 1
        at, per_a = self._link.answered_at, self._per_a
        return SourceReading(
            at=at, seq=self._seq, clock_s=at, boot=0, heartbeat=0, output_on=is_on,
            setpoint_ka_per_m=float(found["set"]) * per_a,
            measured_ka_per_m=None if amps is None else float(amps) * per_a,
            frequency_hz=hertz or (None if is_on else self._options.idle_frequency_hz),
            watchdog_on=None, limit_ka_per_m=None, coil_c=None, coolant_l_per_min=None,
            faults=("amplifier",) if self._is_energized and not is_on else (),
        )  # fmt: skip


SPEC = DriverSpec(
    name="ambrell_easyheat", kind=Kind.FIELD_SOURCE, title="Ambrell EASYHEAT (RS-485)",
    make=lambda link, setup: AmbrellEasyheat(link, setup.option(AmbrellOptions)),
    options=AmbrellOptions, baud=19200, period_s=0.1, settling_s=0.3, resolution=0.04,
    dead_man=DeadMan.GUARD, is_anonymous=True,
    stop_path="`hoff`, always obeyed; no watchdog: the enable line is its 1-button start input",
    provenance=(
        ("address,command; hon, hoff, amps, maxamps, rdata", "documented: 0112 manual p44, p46"),
        ("rdata of 8 or 7 fields, some blank", "documented: 3542 manual p49, 0112 manual p46"),
        ("19200 8N1; a bare CR does nothing", "assumed: the pages at hand do not say"),
        ("no reply to a set, an echo, or OK, ACK, DONE, >", "assumed: no page shows one"),
        ("two commands in one write are both obeyed", "assumed: read back each time"),
        ("the start input gates RS-485 starts", "assumed: else put the enable line in its E-stop"),
        ("one line for maxamps, always the same", "assumed: it gets a link in step again"),
        ("whole amperes in rdata, 0.04 kA/m at 72 A/m per A", "assumed: the manual's example"),
        ("stat, pstat, hst are not asked", "assumed: no public wording; ended heat is `amplifier`"),
    ),
)  # fmt: skip
