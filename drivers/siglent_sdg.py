# SPDX-License-Identifier: Apache-2.0
"""Siglent SDG waveform generators, before an amplifier and a coil.

Siglent SDG programming guide PG02-E05C, 3.1 (*IDN?), 3.3 (OUTP), 3.4 (BSWV), 3.5 to 3.7. LF, socket
5025. One command a line; nothing that sets answers, a value out of range is clipped without a word,
so all is read back. There is no error queue, no *ESE: an undefined query may hang it. The least is
2 mVpp: a field of 0 is an output that is off. A restart shows as settings that are not ours. Not
supported: modulation, bursts, arbitrary waves. Principle: `devices.waveform`.
"""

import re
from types import MappingProxyType

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.devices.waveform import Order, Output, WaveformOptions, WaveformSource

WHO = b"*IDN?\n"
IDENTITY = re.compile(
    rb"Siglent Technologies,(?P<model>SDG[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)(?:,.*)?"
)
PRINTABLE = re.compile(r"[ -~]+")
QUANTITY = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?)([A-Z]+)?")
UNITS = MappingProxyType({"AMP": "V", "OFST": "V", "FRQ": "HZ", "LOAD": "OHM"})
MODES = ("MDWV", "SWWV", "BTWV")
"""Modulation, sweep, burst."""

OFFSET_V_MAX = 0.0005
UNLOADED = "HZ"
"""High impedance."""


class SiglentSdg(WaveformSource):
    """One channel. What is set and the question that shows it go out together."""

    vpp_min = 0.002
    step_v = 0.001

    def __init__(self, link: Link, options: WaveformOptions) -> None:
        self._channel = f"C{options.channel}:"
        off = f"\n{self._channel}OUTP OFF\n".encode()  # the LF ends a half line
        super().__init__(link, options, off)
        # No sample asks who it is; an older answer to the same question it cannot tell.
        link.speak(Dialect(LineFramer(b"\n"), same_question(WHO, IDENTITY)))

    async def open(self) -> Identity:
        """Identify; off; then load, sine, frequency, no offset, least amplitude."""
        self._is_energized, self._limit_ka_per_m, self._written_vpp = False, 0.0, None
        await self._link.open()
        found = await self._link.identify(WHO, IDENTITY)
        options, load = self._options, self._options.load_ohm
        wave = f"WVTP,SINE,FRQ,{options.frequency_hz:.3f},AMP,{self.vpp_min:.3f},OFST,0"
        unplain = [f"{mode} STATE,OFF" for mode in MODES]
        load_words = UNLOADED if load == "INF" else f"{load:g}"
        for words in ("OUTP OFF", f"OUTP LOAD,{load_words}", *unplain, f"BSWV {wave}"):
            await self._link.send(f"{self._channel}{words}\n".encode())
        output = await self._state(Order(vpp=self.vpp_min))
        if output.is_on or not self._is_ours(output):
            raise unconfirmed(self._link, output)
        names = ("model", "serial", "firmware")
        texts = (found[name].decode("ascii", "replace").strip() for name in names)
        return Identity("Siglent", *texts)

    async def _state(self, order: Order) -> Output:
        """Off stands before the amplitude, which is read back before on."""
        first = "OFF" if order.is_on is False else ""
        switch = {} if order.is_on else await self._ask("OUTP", order, first)
        wave = await self._ask("BSWV", order, f"AMP,{order.vpp:.3f}" if order.vpp else "")
        vpp, hertz, offset_v = (self._number(wave, name) for name in ("AMP", "FRQ", "OFST"))
        if order.is_on:
            if not self._same(vpp, order.vpp):
                raise unconfirmed(self._link, wave)
            switch = await self._ask("OUTP", order, "ON")
        load, is_on = switch.get("LOAD"), switch.get("")
        if is_on not in ("ON", "OFF"):
            raise unconfirmed(self._link, switch)
        is_sine = wave.get("WVTP") == "SINE" and offset_v is not None
        return Output(
            vpp=vpp,
            frequency_hz=hertz,
            is_on=is_on == "ON",
            is_plain=is_sine and abs(offset_v or 0.0) <= OFFSET_V_MAX,
            load_ohm=None if load == UNLOADED else self._number(switch, "LOAD") or 0.0,
        )

    async def _ask(self, what: str, order: Order, words: str = "") -> dict[str, str]:
        """Set `words`, then ask for one list; a value without a name stands under ``."""
        lines = (f"{what} {words}", f"{what}?") if words else (f"{what}?",)
        data = "".join(f"{self._channel}{line}\n" for line in lines).encode()
        answer = await self._link.query(
            self._request(data, order, order.vpp if words[:3] == "AMP" else None),
            urgent=order.is_off,
            lead=self._off if order.is_off and what == "OUTP" else b"",
            not_after=order.until,
        )
        head, _, rest = answer.decode("ascii", "replace").partition(" ")
        items = [item.strip() for item in rest.split(",")]
        items = ["", *items] if what == "OUTP" else items
        found = dict(zip(items[::2], items[1::2], strict=False))
        is_whole = PRINTABLE.fullmatch(rest) and 2 * len(found) == len(items)
        if head != f"{self._channel}{what}" or not is_whole:
            raise unconfirmed(self._link, answer)
        return found

    def _number(self, pairs: dict[str, str], name: str) -> float | None:
        """None where this wave has no such thing. Anything else than a number is no answer."""
        if name not in pairs:
            return None
        found = QUANTITY.fullmatch(pairs[name])
        if not found or found[2] not in (None, UNITS[name]):
            raise unconfirmed(self._link, pairs)
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
    stop_path="OUTP OFF; it has no watchdog: without this host the enable line must open the"
    " amplifier's relay, or its interlock input",
    measures_field=False,
    settling_s=0.2,
    resolution=0.01,
    provenance=(
        ("*IDN? without header: maker, model, serial, firmware", "documented: PG02-E05C 3.1.1"),
        ("OUTP ON, OFF; LOAD 50 to 100000 or HZ; its reply", "documented: PG02-E05C 3.3"),
        ("BSWV and its reply as names and values, units behind", "documented: PG02-E05C 3.4"),
        ("several names in one BSWV", "documented: public laboratory script"),
        ("STATE,OFF of MDWV, SWWV and BTWV", "documented: PG02-E05C 3.5 to 3.7"),
        ("the next command waits for the one before", "documented: PG02-E05C 3.1.2"),
        ("out of range is clipped in silence; LOAD rescales", "documented: published measurement"),
        ("a set and its question may go out as two lines at once", "assumed: sockets are streams"),
        ("no limit: MAX_OUTPUT_AMP is in 3.4, but SDG2000X replies lack it", "assumed: limit here"),
        ("2 mVpp is the least amplitude, steps of 1 mV are kept", "assumed: data sheet"),
        ("no measurement, no watchdog, no restart flag", "assumed: none in the command list"),
    ),
)
