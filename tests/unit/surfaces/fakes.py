# SPDX-License-Identifier: Apache-2.0
"""A controller's door and a guard that answer by the book, and the real console between them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2

from mnht_controller.domain.alarm import NO_ALARMS, AlarmState, Occurrence, Priority
from mnht_controller.domain.codec import digest, dumps, to_plain
from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.limits import HARD_LIMITS, Region
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Envelope, Gains, Plan, Prescription, SourceSpec
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.domain.snapshot import DeviceState, Snapshot
from mnht_controller.domain.tick import Decision, Estimate, Health
from mnht_controller.domain.trip import Trip
from mnht_controller.surfaces.config import ConsoleConfig
from mnht_controller.surfaces.console import bind, serve

CLAIM = "claim-code-of-the-test"
LIMITS = replace(HARD_LIMITS, field_ka_per_m_cap=7.5)
TEMPERATURES = (42.8, 47.3, 39.1)


def envelope() -> Envelope:
    rows = (("skin1", Role.SKIN), ("tumor1", Role.TUMOR), ("healthy1", Role.HEALTHY))
    probes = tuple(
        Probe(name, "opsens", number, role, True, 0.05, 0.01, 0.8, 0.1)
        for number, (name, role) in enumerate(rows, 1)
    )
    source = SourceSpec("amplifier", 0.3, 0.01, 0.1, 1.0)
    return Envelope(LIMITS, Region.NECK, probes, source, 1.0, True, "0" * 64, "1" * 64)


def plan() -> Plan:
    gains = Gains(0.05, 300.0, 10.0, 2.0, 30.0, 0.05)
    prescription = Prescription(
        "imai_mcl", Region.NECK, Role.SKIN, 43.0, 1800.0, None, 1800.0, None
    )
    return Plan(prescription, gains, envelope(), digest(envelope()), 0.1)


def decision(phase: Phase = Phase.PLATEAU, **changes: Any) -> Decision:
    base = Decision(
        phase=phase,
        demand=FieldDemand(5.2),
        verdict=Permit(5.2, 7, 1.0),
        estimate=Estimate(42.8, 0.0, 42.9, 47.3, 39.1, 3.2, 8.4),
        setpoint_c=43.0,
        plateau_s=600.0,
        field_s=900.0,
        unmet=(),
        events=(),
        trips=(),
    )
    return replace(base, **changes)


def tripped(at: float) -> Decision:
    trips = (
        Trip("skin_trip", "H13", "skin1", 44.02, 44.0, at, 912.0),
        Trip("off_not_obeyed", "H16", "amplifier", 5.1, 0.18, at, 912.4),
    )
    reason = Reason("skin_trip", "skin1", 44.02, 44.0)
    off, refused = FieldDemand(None), Inhibit((reason,), tripped=True)
    return decision(Phase.TRIPPED, demand=off, verdict=refused, trips=trips)


def snapshot(
    tick: int,
    at: float,
    decided: Decision | None = None,
    state: GuardState = GuardState.RUN,
    temperatures: tuple[float | None, ...] = TEMPERATURES,
    session_plan: Plan | None = None,
    alarms: AlarmState = NO_ALARMS,
) -> Snapshot:
    source = SourceReading(
        at, tick, 10.0, 1, 5, 5.2, 5.2, True, True, 7.5, 100_000.0, 31.0, 4.0
    )  # fmt: skip
    probes = tuple(
        Reading(value, Quality.BAD if value is None else Quality.GOOD, at, tick)
        for value in temperatures
    )
    devices = (
        DeviceState("amplifier", "generic_scpi_source", "ASRL1", "SIM-AMP", True, True),
        DeviceState("opsens", "opsens_handysens", "ASRL2", "SIM-OPS", True, True),
    )
    return Snapshot(
        tick=tick,
        at=at,
        treatment_s=900.0 + tick / 10,
        session="s-0001",
        plan=session_plan or plan(),
        probes=probes,
        source=source,
        guard=GuardStatus(tick, at, state, plan().envelope_sha256, tick),
        decision=decided or decision(),
        health=Health(),
        devices=devices,
        alarms=alarms,
    )


def occurrence(
    number: int, alarm: str, code: str, priority: Priority, **changes: Any
) -> Occurrence:
    """One that began at the tenth second."""
    made = Occurrence(number, alarm, code, "skin1", 44.1, 44.0, priority, 10.0, 10.0)
    return replace(made, **changes)


HOT = occurrence(3, "tissue_hot", "skin_trip", Priority.HIGH)
LOST = occurrence(2, "device_lost", "device_lost", Priority.LOW, where="chiller", value=None)


@dataclass
class Fakes:
    """`told` keeps the order in which guard and controller were told something."""

    folder: Path
    told: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    clients: list[asyncio.StreamWriter] = field(default_factory=list)
    tick: int = 0
    is_mute: bool = False
    shown_sha256: str = digest(envelope())
    guard_state: GuardState = GuardState.LATCHED
    """What the guard says with a refusal."""

    @property
    def door(self) -> Path:
        return self.folder / "controller.sock"

    @property
    def guard(self) -> Path:
        return self.folder / "guard.sock"

    async def serve_door(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.append(writer)
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self._take(json.loads(line), writer)
        self.clients.remove(writer)
        writer.close()

    def _take(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        self.messages.append(message)
        if message["kind"] not in {"intent", "alarm"}:
            return
        verb = message["intent" if message["kind"] == "intent" else "act"]["verb"]
        self.told.append(f"controller {verb}")
        reasons = self.refusals.get(verb, [])
        ack = {"kind": "ack", "id": message["id"], "ok": not reasons, "reasons": reasons}
        if not self.is_mute:
            writer.write(json.dumps(ack).encode() + b"\n")

    async def serve_guard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = json.loads(await reader.readline())
        self.messages.append(message)
        self.told.append(f"guard {message['kind']}")
        reply: dict[str, Any] = {"ok": True}
        if message["kind"] == "pending":
            reply |= {"envelope": to_plain(envelope()), "envelope_sha256": self.shown_sha256}
            reply["nonce"] = "n-1"
        if reasons := self.refusals.get(f"guard {message['kind']}"):
            reply = {"ok": False, "reasons": reasons, "state": self.guard_state}
        writer.write(json.dumps(reply).encode() + b"\n")
        writer.close()

    def send(self, line: bytes) -> None:
        for writer in self.clients:
            writer.write(line)

    def publish(self, decided: Decision | None = None, **changes: Any) -> int:
        """Send the next snapshot; returns its tick."""
        self.tick += 1
        now = asyncio.get_running_loop().time()
        picture = snapshot(self.tick, now, decided, **changes)
        self.send(b'{"kind":"snapshot","snapshot":' + dumps(picture).encode() + b"}\n")
        return self.tick

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["kind"] == kind]


@dataclass
class Bench:
    """The console under test with its fakes; `http` is a script without a login."""

    fakes: Fakes
    http: httpx2.AsyncClient
    config: ConsoleConfig

    async def login(self) -> dict[str, str]:
        """Log in as a script does; returns the headers that prove it."""
        answer = await self.http.post("/api/v1/login", json={"claim_code": CLAIM})
        answer.raise_for_status()
        self.http.cookies.clear()  # a script has no cookies
        return {"authorization": f"Bearer {answer.json()['token']}"}

    async def publish(self, decided: Decision | None = None, **changes: Any) -> None:
        """Publish one snapshot and wait until the console has it."""
        await until(lambda: bool(self.fakes.clients))
        tick = self.fakes.publish(decided, **changes)
        async with asyncio.timeout(5):
            while not await self._has(tick):  # noqa: ASYNC110 - the state is in another task
                await asyncio.sleep(0.005)

    async def _has(self, tick: int) -> bool:
        return bool((await self.http.get("/api/v1/readyz")).json().get("tick") == tick)


async def until(condition: Any) -> None:
    """Wait for a state, never for a time."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def bench(folder: Path, stop_url: str = "http://127.0.0.1:9/stop") -> AsyncIterator[Bench]:
    """Real sockets, real server; ends when asked."""
    fakes = Fakes(folder)
    claim = folder / "claim"
    claim.touch(0o600)
    claim.write_text(CLAIM + "\n")
    end = asyncio.Event()
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    sockets = (str(fakes.door), str(fakes.guard))
    config = ConsoleConfig(
        "127.0.0.1", port, *sockets, stop_url, "stop-token", str(folder), str(claim),
        simulated=True, site="test bench", session="test",
    )  # fmt: skip
    door = await asyncio.start_unix_server(fakes.serve_door, fakes.door)
    guard = await asyncio.start_unix_server(fakes.serve_guard, fakes.guard)
    console = asyncio.create_task(serve(config, listener, end))
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
            yield Bench(fakes, http, config)
    finally:
        end.set()
        await console
        listener.close()
        for server in (door, guard):
            server.close()
            await server.wait_closed()
