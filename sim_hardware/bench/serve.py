# SPDX-License-Identifier: Apache-2.0
"""`mnht bench`: the simulated room behind real ptys and sockets, in real time.

It observes the coil from outside: every change of current is stamped with the monotonic clock and
with how late the observer was, never computed from the last byte. A room outlasts its leader until
no current flows.
"""

import asyncio
import json
import math
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mnht_controller.domain.phase import Phase
from mnht_controller.settings.plan import specs_of
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.control import Control
from sim_hardware.bench.scenario import Scenario
from sim_hardware.bench.summary import BAND_C
from sim_hardware.bench.truth import Contact, Edge, Row, Stall, Traffic, TruthFile
from sim_hardware.bench.world import LINE, OWN, World
from sim_hardware.devices.core import Core
from sim_hardware.devices.enable_line import Framed
from sim_hardware.faults import Timeline
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.tcp import HOST, TcpFront

OBSERVE_S = 0.004
STALL_S = 0.02
"""A longer look away is written down."""
TRUTH_S = 0.05
TRAFFIC_S = 1.0
OUTLAST_S = 2.0
"""How long the room waits for its current to end after its leader has gone."""
LINE_BAUD = 9600

Front = PtyFront | TcpFront | Rfc2217Front
NAMES: Mapping[type[Front], str] = MappingProxyType(
    {TcpFront: "tcp", Rfc2217Front: "rfc2217", PtyFront: "pty"}
)


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What happens besides, the seed, where truth goes, and how endpoints are printed.

    `led`: a parent leads by standard input: one fault a line, `{"device","verb","argument"}`, and
    the end of file ends the bench. The scenario's clock starts with its phase, as far as
    current and skin show it from here; its wishes need an operator and are for `simulate`.
    """

    scenario: Scenario
    seed: int
    truth: Path | None
    as_json: bool
    led: bool = False
    control: Path | None = None


def serve(settings: Settings, options: BenchOptions) -> int:
    """Serve until a signal; gives the exit code."""
    asyncio.run(_Bench(settings, options).run())
    return 0


class _Bench:
    def __init__(self, settings: Settings, options: BenchOptions) -> None:
        self._settings, self._options = settings, options
        self._specs = specs_of(settings)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._world = World(self._settings, loop.time(), self._options.seed)
        if self._options.scenario.skin_c is not None:
            self._world.warm_up(self._options.scenario.skin_c)
        fronts = self._fronts()
        for front in fronts.values():
            await front.start()
        self._announce(fronts)
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
        control = Control(self._world.targets(fronts), lambda text: _tell(text, fronts))
        if self._options.led:
            loop.add_reader(0, self._obey, control, ended)
        if self._options.control:
            await control.start(self._options.control)
        await self._observe(fronts, ended)
        await control.stop()
        for front in fronts.values():
            await front.stop()

    def _obey(self, control: Control, ended: asyncio.Event) -> None:
        """Start the faults that the parent asks for, and end with it."""
        data = os.read(0, 65_536)
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            ended.set()
        for line in data.splitlines():
            if not (answer := control.answer(line))["ok"]:
                sys.stderr.write(f"{answer['error']}\n")

    def _fronts(self) -> dict[str, Front]:
        lines = {LINE: (self._settings.enable_line.front, LINE_BAUD)}
        if (own := self._settings.guard_thermometer) is not None:
            lines[OWN] = (own.front, own.baud)
        devices = {
            device.id: (device.front, device.baud or self._specs[device.driver].baud)
            for device in self._settings.devices
        }
        return {
            name: self._front(name, front, baud)
            for name, (front, baud) in {**devices, **lines}.items()
        }

    def _front(self, name: str, front: str, baud: int) -> Front:
        """A port or socket for a twin; on sockets the enable line's frames are unpacked first."""
        core: Core = self._world.cores[name]
        if front == "tcp":
            return TcpFront(Framed(self._world.line) if name == LINE else core)
        return Rfc2217Front(core, baud=baud) if front == "rfc2217" else PtyFront(core, baud=baud)

    def _announce(self, fronts: Mapping[str, Front]) -> None:
        drivers = {device.id: device.driver for device in self._settings.devices}
        drivers[OWN] = "luxtron_fot"
        rows = {
            name: {
                "resource": _resource(name, front),
                "driver": drivers.get(name, "enable_line"),
                "front": NAMES[type(front)],
            }
            for name, front in fronts.items()
        }
        if self._options.as_json:
            sys.stdout.write(json.dumps({"endpoints": rows}) + "\n")
            sys.stdout.flush()
        else:
            for name, row in rows.items():
                sys.stderr.write(f"{name:12} {row['driver']:22} {row['resource']}\n")
            sys.stderr.write("SIMULATED hardware; Ctrl-C ends it\n")

    async def _observe(self, fronts: Mapping[str, Front], ended: asyncio.Event) -> None:
        """Let time pass and look every OBSERVE_S, until ended and without current."""
        loop = asyncio.get_running_loop()
        timeline = Timeline(self._options.scenario.faults, self._world.targets(fronts))
        file = TruthFile(self._options.truth) if self._options.truth else None
        observer = _Observer(self._world, fronts, file)
        ended_at = math.inf
        begun_s: float | None = None
        try:
            while observer.is_on or not ended.is_set():
                now = loop.time()
                observer.look(now)
                begun_s = self._begun_s(begun_s, observer.is_on, now)
                if begun_s is not None and timeline.advance(
                    self._world.treatment_s(now) - begun_s, now
                ):
                    _wake(fronts)
                if ended.is_set():
                    ended_at = min(ended_at, now)
                if now - ended_at > OUTLAST_S:
                    break
                await asyncio.sleep(OBSERVE_S)
        finally:
            if file:
                file.close()

    def _begun_s(self, begun_s: float | None, is_on: bool, now: float) -> float | None:
        """Treatment time at which the scenario's clock starts, as far as one sees it from here."""
        if begun_s is not None:
            return begun_s
        since = self._options.scenario.since
        is_hot = self._world.skin_c() >= self._settings.prescription.setpoint_c - BAND_C
        seen = {Phase.RAMP: is_on, Phase.PLATEAU: is_on and is_hot}.get(since, True)
        return self._world.treatment_s(now) if seen else None


def _tell(text: str, fronts: Mapping[str, Front]) -> None:
    sys.stderr.write(f"{text}\n")
    _wake(fronts)


def _wake(fronts: Mapping[str, Front]) -> None:
    """A fault may make a twin talk unasked, from now on."""
    for front in fronts.values():
        front.keep_streaming()


class _Observer:
    """Sees the coil from outside and writes down what it sees, and how late it may be."""

    def __init__(self, world: World, fronts: Mapping[str, Front], file: TruthFile | None) -> None:
        self._world, self._fronts, self._file = world, fronts, file
        self._looked_at, self._truth_at, self._traffic_at = world.start_s, 0.0, 0.0
        self.is_on = self._is_closed = False

    def look(self, now: float) -> None:
        """One look: edges and stalls as they are seen, the whole truth now and then."""
        late_s, self._looked_at = now - self._looked_at, now
        was_on, self.is_on = self.is_on, self._world.coil.field_ka_per_m(now) > 0.0
        if self.is_on is not was_on:
            self._write(Edge(now, self.is_on, late_s))
            self._truth_at = now
        was_closed, self._is_closed = self._is_closed, self._world.line.closed(now)
        if self._is_closed is not was_closed:
            self._write(Contact(now, self._is_closed, late_s))
        if late_s > STALL_S:
            self._write(Stall(now, late_s))
        if now >= self._truth_at:
            self._truth_at = now + TRUTH_S
            self._write(self._world.truth(now))
        if now >= self._traffic_at:
            self._traffic_at = now + TRAFFIC_S
            for name, front in self._fronts.items():
                self._write(Traffic(now, name, front.traffic.bytes_in, front.traffic.bytes_out))

    def _write(self, row: Row) -> None:
        if self._file:
            self._file.write(row)


def _resource(name: str, front: Front) -> str:
    """The address in the form that its user takes."""
    if isinstance(front, TcpFront):
        if name == LINE:
            return f"tcp://{HOST}:{front.port}"
        return f"TCPIP::{HOST}::{front.port}::SOCKET"
    if isinstance(front, Rfc2217Front):
        return f"rfc2217://{HOST}:{front.port}"
    return front.path
