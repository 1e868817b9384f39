# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG waveform generators, before an amplifier and a coil.

Siglent SDG programming guide, BSWV and OUTP; public laboratory scripts. LF, socket 5025. Not
supported: modulation, bursts, arbitrary waves. It has no clamp that can be set: the limit is kept
here. 2 mVpp is the least it can do: 0 is output off.
"""

import re

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import at_most, unconfirmed, within
from mnht_controller.devices.waveform import Output, WaveformOptions, confirm, same, snapshot
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

WHO = b"*IDN?\n"
IDENTITY = re.compile(
    rb"Siglent Technologies,(?P<model>SDG[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)(,.*)?"
)
PAIRS = re.compile(rb"C(?P<channel>\d):(?P<what>BSWV|OUTP) (?P<rest>[ -~]+)")
QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(HZ|V|S)?")
VPP_MIN = 0.002


class SiglentSdg:
    """One channel. BSWV and OUTP are asked one after the other: commands are not chained here."""

    def __init__(self, link: Link, options: WaveformOptions) -> None:
        self._link, self._options = link, options
        self._channel = f"C{options.channel}:"
        self._off = f"\n{self._channel}OUTP OFF\n".encode()  # the LF ends a half line
        self._limit_ka_per_m = 0.0
        self._is_energized, self._seq = False, 0
        link.speak(Dialect(LineFramer(b"\n"), same_question(WHO, IDENTITY)))

    async def open(self) -> Identity:
        """Identify; then off, load, sine, frequency, no offset, least amplitude."""
        self._is_energized = False
        await self._link.open()
        found = await self._link.identify(WHO, IDENTITY)
        options = self._options
        load = "HZ" if options.load_ohm is None else f"{options.load_ohm:g}"
        await self._link.send(f"{self._channel}OUTP OFF,LOAD,{load}\n".encode())
        wave = f"WVTP,SINE,FRQ,{options.frequency_hz:g},AMP,{VPP_MIN},OFST,0"
        await self._link.send(f"{self._channel}BSWV {wave}\n".encode())
        if (state := await self._state()).output_on:
            raise unconfirmed(self._link, state)
        names = ("model", "serial", "firmware")
        words = (found[name].decode("ascii", "replace").strip() for name in names)
        return Identity("Siglent", *words)

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off; the limit is kept here."""
        self._limit_ka_per_m = limit_ka_per_m
        return await self.off()

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amplitude; after an OFF of ours, switch on. Zero, or too little, is off."""
        field = within(permit.field_ka_per_m, self._limit_ka_per_m)
        vpp = at_most(field / self._options.field_ka_per_m_per_vpp, 4)
        if vpp < VPP_MIN:
            return await self.off()
        commands = [f"BSWV AMP,{vpp:.4f}", *([] if self._is_energized else ["OUTP ON"])]
        for command in commands:
            request = f"{self._channel}{command}\n".encode()
            await self._link.send(request, not_after=permit.expires_at)
        state = await self._state()
        if not same(state.setpoint_ka_per_m, field):
            raise unconfirmed(self._link, state)
        self._is_energized = True
        return state

    async def off(self) -> SourceReading:
        """Off at once; then the state that shows it."""
        self._is_energized = False
        return await self._state(lead=self._off)

    async def poll(self) -> SourceReading:
        """Ask for the state."""
        return await self._state()

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    async def _state(self, lead: bytes = b"") -> SourceReading:
        switch = await self._pairs("OUTP", lead)
        wave = await self._pairs("BSWV", b"", is_urgent=bool(lead))
        load = switch.get("LOAD", "")
        output = Output(
            vpp=self._number(wave.get("AMP", "")),
            frequency_hz=self._number(wave.get("FRQ", "")),
            is_on=switch[""] == "ON",
            is_sine=wave.get("WVTP") == "SINE",
            load_ohm=None if load == "HZ" else self._number(load),
        )
        if switch[""] not in {"ON", "OFF"}:
            raise unconfirmed(self._link, switch)
        confirm(self._link, output, self._options)
        self._seq += 1
        return snapshot(self._link, output, self._options, self._seq)

    async def _pairs(self, what: str, lead: bytes, *, is_urgent: bool = False) -> dict[str, str]:
        """Ask for one list of names and values; a value without a name stands under ``."""
        request = f"{self._channel}{what}?\n".encode()
        answer = await self._link.query(request, urgent=bool(lead) or is_urgent, lead=lead)
        found = PAIRS.fullmatch(answer)
        if (
            not found
            or found["what"] != what.encode()
            or b"C%s:" % found["channel"] != (self._channel.encode())
        ):
            raise unconfirmed(self._link, answer)
        words = found["rest"].decode("ascii").split(",")
        head, words = ([""] if what == "OUTP" else []), [word.strip() for word in words]
        words = [*head, *words]
        return dict(zip(words[::2], words[1::2], strict=False))

    def _number(self, text: str) -> float:
        found = QUANTITY.fullmatch(text)
        if not found:
            raise unconfirmed(self._link, text)
        return float(found[1])


SPEC = DriverSpec(
    name="siglent_sdg",
    kind=Kind.FIELD_SOURCE,
    title="Siglent SDG waveform generator",
    make=lambda link, setup: SiglentSdg(link, setup.option(WaveformOptions)),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=WaveformOptions,
    stop_path="OUTP OFF; no watchdog: the enable line must interrupt the amplifier",
    measures_field=False,
    settling_s=0.2,
    resolution=0.01,
    provenance=(
        ("BSWV and OUTP, with their header in the reply", "documented: public laboratory script"),
        ("unit suffixes, extra keys by firmware", "documented: public laboratory script"),
        ("set commands have no reply", "documented: public laboratory script"),
        ("a load of high impedance is HZ", "documented: public laboratory script"),
        ("*IDN? begins Siglent Technologies,SDG", "documented: programming guide, from memory"),
        ("2 mVpp is the least amplitude", "assumed: at 50 ohm"),
    ),
)
