# SPDX-License-Identifier: Apache-2.0
"""Field source with this project's own SCPI dialect, which is not that of any product.

LF both ways, SI units, amplitudes are peak A/m. Not used: locking (`SYST:LOCK`), front panel.
"""

import re
from enum import IntFlag

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import RangeRefusedError
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

IDENTITY = re.compile(rb"(OPENMFH),(FS100K),(?P<serial>[^,]+),([^,]+)")
COUNT, N = r"\d{1,15}", scpi.NUMBER
SNAPSHOT = re.compile(rf"((?:{COUNT},){{6}})((?:{N},){{7}})({COUNT});({N})".encode())
"""seq,t_ms,boot,oper,ques,int, Hset,Hmeas,Irms,f,Tcoil,flow,wd_ms, hb; then the limit register."""

RF_ON, WATCHDOG_RUNNING, ENABLED = 1 << 8, 1 << 12, 1 << 13  # STAT:OPER
WATCHDOG_S, ON_TIME_S = 0.5, 7200
SLEW_A_PER_M_S = 100_000  # full scale in 0.18 s, so that the declared 0.3 s to settle hold
OFF = b"\nOUTP OFF\n"  # the first LF ends whatever half line the instrument holds
SETUP = (
    f"OUTP:TIM {ON_TIME_S};:FIEL:SLEW {SLEW_A_PER_M_S};:SYST:COMM:WATC:MODE HEAR\n"
    f"SYST:COMM:WATC:TIM {WATCHDOG_S};:SYST:COMM:WATC:STAT ON\n"
).encode()
CHECK = b"SYST:COMM:HEAR?;:OUTP:TIM?;:SYST:COMM:WATC:TIM?;:SYST:COMM:WATC:MODE?\n"
CHECKED = re.compile(rf"({COUNT});({N});({N});HEAR".encode())


class Fault(IntFlag):
    """STAT:QUES but bit 14, the command warning, which is no fault of the output stage."""

    DC_LINK, OVER_CURRENT, ON_TIME, AMPLIFIER, OVER_TEMPERATURE, RESONANCE = 1, 2, 4, 8, 16, 32
    CALIBRATION, FIELD_DEVIATION, INTERLOCK, COOLANT, WATCHDOG = 256, 512, 1024, 2048, 4096


Interlock = IntFlag("Interlock", (  # STAT:QUES:INT, from bit 0
    "E_STOP DOOR COOLANT_FLOW COOLANT_TEMPERATURE KEYSWITCH EXTERNAL_INHIBIT COIL_CONNECTOR"
    " COVER MAINS AUX_1 AUX_2"))  # fmt: skip


class GenericScpiSource:
    """One field source. Every tick is one line, whose snapshot carries the heartbeat just sent."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._beat = self._offs = 0
        self._is_energized = False
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify, off, watchdog on and read back, no error pending. Latched faults stay."""
        self._is_energized = False
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", IDENTITY)
        await self._link.send(b"OUTP OFF;:FIEL 0;:*CLS\n" + SETUP)
        settings = CHECKED.fullmatch(answer := await self._link.query(CHECK))
        if not settings or (float(settings[2]), float(settings[3])) != (ON_TIME_S, WATCHDOG_S):
            raise scpi.unconfirmed(self._link, answer)
        self._beat = int(settings[1])
        snapshot = await self._exchange("")
        await scpi.refuse_errors(self._link)
        if snapshot.output_on or not snapshot.watchdog_on:
            raise scpi.unconfirmed(self._link, snapshot)
        return Identity(*(part.decode("ascii", "replace") for part in found.groups()))

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off, set the limit register, read it back; `clear` latched faults whose cause is gone."""
        self._is_energized = False
        limit, cleared = scpi.a_per_m(limit_ka_per_m), "OUTP:PROT:CLE;:" if clear else ""
        snapshot = await self._exchange(f"OUTP OFF;:FIEL 0;:{cleared}FIEL:LIM {limit};:")
        if not scpi.is_same_field(snapshot.limit_ka_per_m, limit_ka_per_m):
            await scpi.refuse_errors(self._link)
            raise scpi.unconfirmed(self._link, snapshot)
        return snapshot

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amplitude; after an OFF of ours, arm and switch on first."""
        field = permit.field_ka_per_m
        switch = "" if self._is_energized or field == 0.0 else "OUTP:ARM 5;:OUTP ON;:"
        commands = f"FIEL {scpi.a_per_m(field)};:{switch}"
        snapshot = await self._exchange(commands, until=permit.expires_at)
        is_set = scpi.is_same_field(snapshot.setpoint_ka_per_m, field)
        if not is_set or (switch and not snapshot.output_on):
            await scpi.refuse_errors(self._link)
        if not is_set or (self._is_energized and not snapshot.output_on):
            # switched off there: only OFF lets us go on
            raise scpi.unconfirmed(self._link, snapshot)
        self._is_energized = snapshot.output_on
        return snapshot

    async def off(self) -> SourceReading:
        """OFF at once, on a link that is out of step too; then a snapshot that shows it."""
        self._offs += 1  # an `apply` that still waits is not sent any more
        try:
            return await self._exchange("OUTP OFF;:", lead=OFF)
        finally:
            self._is_energized = False  # also where it overtook an `apply`

    async def poll(self) -> SourceReading:
        """Heartbeat and snapshot."""
        return await self._exchange("")

    async def trip_watchdog(self) -> None:
        """Its test trips it after 10 ms, with the output off too."""
        await self._link.send(b"SYST:COMM:WATC:TEST\n")

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=OFF)

    async def _exchange(
        self, commands: str, *, lead: bytes = b"", until: float | None = None
    ) -> SourceReading:
        offs = self._offs

        def line() -> bytes:  # numbered when it is written: an OFF may overtake it before
            if until is not None and offs != self._offs:
                raise RangeRefusedError(f"{self._link.resource}: not written: an OFF came first")
            self._beat += 1
            return f"{commands}SYST:COMM:HEAR {self._beat};:FETC:SNAP?;:FIEL:LIM?\n".encode()

        answer = await self._link.query(line, urgent=bool(lead), lead=lead, not_after=until)
        found = SNAPSHOT.fullmatch(answer)
        if not found or int(found[3]) != self._beat:
            raise scpi.unconfirmed(self._link, answer)
        return _snapshot(found, self._link.answered_at)


def _snapshot(found: re.Match[bytes], at: float) -> SourceReading:
    seq, clock_ms, boot, oper, ques, interlocks = map(int, found[1][:-1].split(b","))
    setpoint, field, _, frequency_hz, coil_c, flow, _ = found[2][:-1].split(b",")
    return SourceReading(
        at=at, seq=seq, clock_s=clock_ms / 1000.0, boot=boot, heartbeat=int(found[3]),
        setpoint_ka_per_m=float(setpoint) / 1000.0,
        measured_ka_per_m=scpi.measured(field, 0.001),
        output_on=bool(oper & RF_ON), watchdog_on=bool(oper & WATCHDOG_RUNNING),
        limit_ka_per_m=float(found[4]) / 1000.0, frequency_hz=scpi.measured(frequency_hz),
        coil_c=scpi.measured(coil_c), coolant_l_per_min=scpi.measured(flow),
        faults=words(Fault, ques & ~(1 << 14)), interlocks_open=words(Interlock, interlocks),
        line_closed=bool(oper & ENABLED),
    )  # fmt: skip


SPEC = DriverSpec(
    name="generic_scpi_source",
    kind=Kind.FIELD_SOURCE,
    title="Generic SCPI field source (OPENMFH FS100K)",
    make=lambda link, _: GenericScpiSource(link),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.DEVICE,
    stop_path="OUTP OFF, always accepted; its heartbeat watchdog after 0.5 s; enable line",
    has_limit=True,
    status=(Fault, Interlock),
    settling_s=0.3,
    resolution=scpi.FIELD_STEP_KA_PER_M,
    watchdog_s=WATCHDOG_S,
    watchdog_proof_s=0.1,
    provenance=(("all of it", "documented: this project's own dialect, not that of an MFH 300F"),),
)
