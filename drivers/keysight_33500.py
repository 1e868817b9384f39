# SPDX-License-Identifier: Apache-2.0
"""Keysight (Agilent) 33500B and 33600A waveform generators, before an amplifier and a coil.

33500 Series operating and service guide, page 324 (VOLTage); pymeasure's driver. LF, socket 5025 or
USB. Amplitudes are volts peak to peak, VPP, never VRMS or DBM. The least is 1 mVpp: a field of 0 is
an output that is off. The limit register is the clamp VOLT:LIM, which clips in the instrument. Not
supported: modulation, bursts, arbitrary waves. Principle: `devices.waveform`.
"""

import re

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.waveform import Order, Output, WaveformOptions, WaveformSource

IDENTITY = re.compile(
    rb"(?:Agilent|Keysight) Technologies,(?P<model>33[56]\d\d\w),(?P<serial>[^,]+),(?P<firmware>.+)"
)
STATE = re.compile(
    rf"({scpi.NUMBER});({scpi.NUMBER});([01]);(\w+);(\w+);({scpi.NUMBER});([01]);({scpi.NUMBER});"
    rf"({scpi.NUMBER});({scpi.NUMBER});([01]);\+?(\d{{1,3}})".encode()
)
"""VOLT, FREQ, OUTP, FUNC, unit, offset, burst, LOAD, clamp high, low and on, ESR."""

SOURCE = ("VOLT", "FREQ", "", "FUNC", "VOLT:UNIT", "VOLT:OFFS", "BURS:STAT")
MODES = ("AM", "FM", "PM", "FSK", "SWE", "BURS")
POWER_ON = 1 << 7  # *ESR?
OFFSET_V_MAX = 0.0005


class Keysight33500(WaveformSource):
    """One channel. Every line ends with the same questions, so that its effect is seen."""

    has_clamp = True

    def __init__(self, link: Link, options: WaveformOptions) -> None:
        n = options.channel
        super().__init__(link, options, f"\nOUTP{n} OFF\n".encode())  # the LF ends a half line
        self._source, self._output = f":SOUR{n}:", f":OUTP{n}"
        asked = [f"{self._source}{word}" if word else self._output for word in SOURCE]
        asked += [f"{self._output}:LOAD"]
        asked += [f"{self._source}VOLT:LIM:{word}" for word in ("HIGH", "LOW", "STAT")]
        self._ask = "".join(f"{header}?;" for header in asked) + "*ESR?\n"
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify; off; then sine, frequency, load, no offset, least amplitude, no error."""
        self._is_energized, self._limit_ka_per_m, self._written_vpp = False, 0.0, None
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", IDENTITY)
        await self._state(Order(is_on=False))  # before *CLS: a power-on since is counted
        await self._link.send(self._setup())
        output = await self._state(Order(vpp=self.vpp_min))
        await scpi.refuse_errors(self._link)
        if output.is_on or not self._is_ours(output):
            raise scpi.unconfirmed(self._link, output)
        names = ("model", "serial", "firmware")
        words = (found[name].decode("ascii", "replace").strip() for name in names)
        return Identity("Keysight", *words)

    def _setup(self) -> bytes:
        """Load before volts, which it rescales; no clamp, which might refuse one of them."""
        options, source = self._options, self._source
        sets = [f"{source}{mode}:STAT OFF" for mode in MODES]
        sets += [f"{source}VOLT:LIM:STAT OFF", f"{self._output}:LOAD {options.load_ohm}"]
        sets += [f"{source}FUNC SIN", f"{source}VOLT:UNIT VPP"]
        sets += [f"{source}FREQ {options.frequency_hz:.3f}"]
        sets += [f"{source}VOLT {self.vpp_min:.4f}", f"{source}VOLT:OFFS 0"]
        return ";".join(("*CLS", *sets)).encode() + b"\n"

    async def _state(self, order: Order) -> Output:
        line = ";".join((*self._words(order), self._ask)).encode()
        answer = await self._link.query(
            self._request(line, order, order.vpp),
            urgent=order.is_off,
            lead=self._off if order.is_off else b"",
            not_after=order.until,
        )
        found = STATE.fullmatch(answer)
        numbers = [scpi.measured(found[n]) for n in (1, 2, 6, 9, 10)] if found else [None]
        if not found or None in numbers:
            raise scpi.unconfirmed(self._link, answer)
        vpp, hertz, offset_v, high, low = (number or 0.0 for number in numbers)
        self._boot += bool(int(found[12]) & POWER_ON)
        is_plain = (found[4], found[5], found[7]) == (b"SIN", b"VPP", b"0")
        return Output(
            vpp=vpp,
            frequency_hz=hertz,
            is_on=found[3] == b"1",
            is_plain=is_plain and abs(offset_v) <= OFFSET_V_MAX,
            load_ohm=scpi.measured(found[8]),
            limit_vpp=2.0 * max(high, -low) if found[11] == b"1" else None,
        )

    def _words(self, order: Order) -> tuple[str, ...]:
        """What is ordered: off first, on last; the clamp around an amplitude that fits."""
        volts, limit = f"{self._source}VOLT", order.limit_vpp
        words = [f"{self._output} OFF"] if order.is_on is False else []
        words += [] if limit is None else [f"{volts}:LIM:STAT OFF"]
        words += [] if order.vpp is None else [f"{volts} {order.vpp:.4f}"]
        if limit is not None:
            words += [f"{volts}:LIM:HIGH {limit / 2:.5f}", f"{volts}:LIM:LOW {-limit / 2:.5f}"]
            words += [f"{volts}:LIM:STAT ON"]
        return (*words, *([f"{self._output} ON"] if order.is_on else []))

    async def _complain(self) -> None:
        await scpi.refuse_errors(self._link)


SPEC = DriverSpec(
    name="keysight_33500",
    kind=Kind.FIELD_SOURCE,
    title="Keysight 33500B, 33600A waveform generator",
    make=lambda link, setup: Keysight33500(link, setup.option(WaveformOptions)),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=WaveformOptions,
    stop_path="OUTP OFF; it has no watchdog: without this host the enable line must open the"
    " amplifier's relay, or its interlock input",
    has_limit=True,
    measures_field=False,
    settling_s=0.2,
    resolution=0.01,
    provenance=(
        ("SOURn:FUNC, FREQ, VOLT, :UNIT, :OFFS, BURS, OUTPn, LOAD", "documented: pymeasure driver"),
        ("OUTP:LOAD rescales what VOLT says, not the output", "documented: 33500 guide p324"),
        ("VOLT:LIM clips, and queues a settings conflict", "documented: 33500 guide p324"),
        ("VOLT:LIM:HIGH, :LOW, :STAT; STAT OFF of AM, FM, PM, FSK, SWE", "assumed: from memory"),
        ("replies in NR3, OUTP? 1 or 0; LF, socket 5025", "documented: pymeasure; SCPI-1999"),
        ("queries chained with `;` answer in one line; *ESE, *ESR?", "documented: IEEE 488.2"),
        ("a load of high impedance reads 9.9E37, INF sets it", "assumed: guide, from memory"),
        ("*IDN? has four fields, Agilent or Keysight Technologies", "assumed: guide, from memory"),
        ("1 mVpp is the least amplitude; four digits are kept", "assumed: data sheet, from memory"),
        ("no measurement, no watchdog", "assumed: none in the command list"),
    ),
)
