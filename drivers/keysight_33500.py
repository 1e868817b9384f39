# SPDX-License-Identifier: Apache-2.0
"""Keysight (Agilent) 33500B and 33600A waveform generators, before an amplifier and a coil.

33500B/33600A operating and service guide, SCPI chapter; the same commands in pymeasure. LF. Not
supported: modulation, bursts, arbitrary waves. 1 mVpp is the least it can do: 0 is output off.
"""

import re

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.waveform import Output, WaveformOptions, confirm, same, snapshot
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

IDENTITY = re.compile(
    rb"(Agilent|Keysight) Technologies,(?P<model>33[56]\d\d\w),(?P<serial>[^,]+),(?P<firmware>.+)"
)
STATE = re.compile(rf"({scpi.NUMBER});({scpi.NUMBER});([01]);(\w+);({scpi.NUMBER});"
                   rf"({scpi.NUMBER});({scpi.NUMBER});([01])".encode())  # fmt: skip
"""VOLT, FREQ, OUTP, FUNC, LOAD, clamp high, clamp low, clamp state."""

VPP_MIN = 0.001


class Keysight33500:
    """One channel. Every line ends with the same questions, so that its effect is seen."""

    def __init__(self, link: Link, options: WaveformOptions) -> None:
        self._link, self._options = link, options
        n = options.channel
        self._source, self._output = f"SOUR{n}:", f"OUTP{n}"
        self._off = f"\n{self._output} OFF\n".encode()  # the LF ends a half line
        limits = ":".join((f":SOUR{n}", "VOLT", "LIM"))
        self._ask = (
            f":SOUR{n}:VOLT?;:SOUR{n}:FREQ?;:OUTP{n}?;:SOUR{n}:FUNC?;:OUTP{n}:LOAD?;"
            f"{limits}:HIGH?;{limits}:LOW?;{limits}:STAT?\n"
        )
        self._is_energized, self._seq = False, 0
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify; then off, sine, frequency, load, no offset, least amplitude, no error."""
        self._is_energized = False
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", IDENTITY)
        options, n = self._options, self._options.channel
        load = "INF" if options.load_ohm is None else f"{options.load_ohm:g}"
        setup = f"OUTP{n} OFF;*CLS;:OUTP{n}:LOAD {load};:SOUR{n}:FUNC SIN;VOLT:UNIT VPP\n"
        setup += f"SOUR{n}:FREQ {options.frequency_hz:.6E};VOLT {VPP_MIN};VOLT:OFFS 0\n"
        await self._link.send(setup.encode())
        state = await self._exchange("")
        await scpi.refuse_errors(self._link)
        if state.output_on:
            raise scpi.unconfirmed(self._link, state)
        words = (found[name].decode("ascii", "replace").strip() for name in found.groupdict())
        model, serial, firmware = words
        return Identity("Keysight", model, serial, firmware)

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off; set the generator's own voltage clamp to the cap and read it back."""
        self._is_energized = False
        high = self._vpp(limit_ka_per_m) / 2.0
        limits = f":{self._source}VOLT:LIM"
        clamp = f"{limits}:STAT OFF;{limits}:HIGH {high:.4E};{limits}:LOW {-high:.4E}"
        least = f"{self._output} OFF;:{self._source}VOLT {VPP_MIN}"
        state = await self._exchange(f"{least};{clamp};{limits}:STAT ON;")
        if state.output_on or not same(state.limit_ka_per_m, limit_ka_per_m):
            await scpi.refuse_errors(self._link)
            raise scpi.unconfirmed(self._link, state)
        return state

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amplitude; after an OFF of ours, switch on. Zero, or too little, is off."""
        scpi.a_per_m(permit.field_ka_per_m)  # refuses what is no amplitude
        vpp, is_on = scpi.at_most(self._vpp(permit.field_ka_per_m), 5), self._is_energized
        if vpp < VPP_MIN:
            return await self.off()
        switch = "" if is_on else f":{self._output} ON;"
        request = f":{self._source}VOLT {vpp:.5E};{switch}"
        state = await self._exchange(request, until=permit.expires_at)
        if not same(state.setpoint_ka_per_m, permit.field_ka_per_m):
            await scpi.refuse_errors(self._link)
            raise scpi.unconfirmed(self._link, state)  # clamped, or switched off there
        self._is_energized = True
        return state

    async def off(self) -> SourceReading:
        """Off at once; then the state that shows it."""
        try:
            return await self._exchange("", lead=self._off)
        finally:
            self._is_energized = False

    async def poll(self) -> SourceReading:
        """Ask for the state."""
        return await self._exchange("")

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    def _vpp(self, field_ka_per_m: float) -> float:
        return field_ka_per_m / self._options.field_ka_per_m_per_vpp

    async def _exchange(
        self, commands: str, *, lead: bytes = b"", until: float | None = None
    ) -> SourceReading:
        request = f"{commands}{self._ask}".encode()
        answer = await self._link.query(request, urgent=bool(lead), lead=lead, not_after=until)
        found = STATE.fullmatch(answer)
        if not found:
            raise scpi.unconfirmed(self._link, answer)
        vpp, hertz, _, _, load, high, low, _ = found.groups()
        output = Output(
            vpp=float(vpp),
            frequency_hz=float(hertz),
            is_on=found[3] == b"1",
            is_sine=found[4] == b"SIN",
            load_ohm=scpi.measured(load),
            limit_vpp=float(high) - float(low) if found[8] == b"1" else None,
        )
        confirm(self._link, output, self._options)
        self._seq += 1
        return snapshot(self._link, output, self._options, self._seq)


SPEC = DriverSpec(
    name="keysight_33500",
    kind=Kind.FIELD_SOURCE,
    title="Keysight 33500B, 33600A waveform generator",
    make=lambda link, setup: Keysight33500(link, setup.option(WaveformOptions)),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=WaveformOptions,
    stop_path="OUTP OFF; no watchdog: the enable line must interrupt the amplifier",
    has_limit=True,
    measures_field=False,
    settling_s=0.2,
    resolution=0.01,
    provenance=(
        ("*IDN?, FUNC, FREQ, VOLT, OUTP, OUTP:LOAD", "documented: pymeasure agilent33500; guide"),
        ("VOLT:LIM:HIGH, LOW, STAT clamp the output", "documented: guide, from memory"),
        ("replies in NR3, chained with `;`", "documented: SCPI-1999"),
        ("a load of high impedance reads 9.9E37", "documented: guide, from memory"),
        ("1 mVpp is the least amplitude", "assumed: at 50 ohm"),
    ),
)
