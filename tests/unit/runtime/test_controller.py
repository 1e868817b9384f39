# SPDX-License-Identifier: Apache-2.0
"""The order of a tick, and what the shell does around it. Covers H27, H29, H31, H50."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from mnht_controller.domain.alarm import AlarmAct, AlarmVerb
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.self_test import Proof
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.lease import decode_from_controller
from mnht_controller.journal.records import Event
from mnht_controller.runtime.controller import Controller, Parts, leased_amplitude
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.door import Asked, AskedAct, Hall
from mnht_controller.runtime.host import SteadyHost
from mnht_controller.runtime.pacer import Beat
from mnht_controller.runtime.spent import MemoryLedger
from tests.unit.runtime.moments import PLAN, PROVEN, SETTLED, SOURCE, guard_status


@dataclass
class Room:
    """Every part of a controller; `log` says who was called, in order."""

    log: list[str] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    proposed: list[Envelope] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    alarms: list[Any] = field(default_factory=list)
    kept: list[Latch] = field(default_factory=list)
    answers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    status: GuardStatus | None = None
    is_healthy: bool = True
    behind_s: float = 0.0
    now: float = 100.0
    number: int = 0
    amplitude: float = 0.0
    fault: str = ""
    """Why the latch is not on disk."""
    watchdog: Proof = PROVEN
    line_closed: bool | None = None
    may_prove: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hall = Hall()
        self.row = DeviceRow("source", "generic", "none", simulated=True)
        self.row.connected = True
        self.liveness_at = self.now
        self.ledger = MemoryLedger()
        parts = Parts(
            source=self,  # type: ignore[arg-type]
            thermometers={"thermometer": self},  # type: ignore[dict-item]
            guard=self,
            journal=self,
            hall=self.hall,
            keep_latch=self._keep,
            host=SteadyHost(),
            ledger=self.ledger,
            latch_fault=lambda: self.fault,
        )
        self.controller = Controller(PLAN, parts, Latch(), "session")

    # ---- as the source -------------------------------------------------------------------------

    def uncertain_s(self, now: float) -> float:
        return 0.0

    def act(self, verdict: Permit | Inhibit) -> None:
        self.log.append("act")
        self.amplitude = verdict.field_ka_per_m if isinstance(verdict, Permit) else 0.0

    def prepare(self, limit_ka_per_m: float) -> None:
        self.log.append(f"limit {limit_ka_per_m}")

    def prove(self, *, now: bool) -> None:
        self.may_prove.append(now)

    def latest(self, channel: int) -> Reading:
        value = 36.0 + 0.01 * (self.number * 7 % 5) + channel / 10
        return Reading(value, Quality.GOOD, self.now, self.number + 1)

    # ---- as guard link, journal, keeper, client ------------------------------------------------

    def send(self, message: bytes) -> None:
        received = decode_from_controller(message)
        if isinstance(received, Lease):
            self.log.append("lease")
            self.leases.append(received)
        else:
            self.log.append("propose")
            self.proposed.append(received)

    def write(self, kind: str, value: object) -> bool:
        self.log.append(f"record {kind}")
        (self.alarms if kind.startswith("alarm") else self.records).append(value)
        return True

    def _keep(self, latch: Latch) -> None:
        self.log.append("keep")
        self.kept.append(latch)

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        self.log.append("answer")
        self.answers.append((number, refusal))

    # ---- time ----------------------------------------------------------------------------------

    def tick(self, *verbs: Verb, late_s: float = 0.0) -> None:
        """One tick 0.1 s later, in which every task and the operator's view is alive."""
        self.number += 1
        self.now += 0.1
        self.hall.seen_at = self.now
        for verb in verbs:
            self.hall.offer(Asked(self, self.number, Intent(verb, "nurse")))
        self.controller.tick(Beat(self.number, self.now, late_s))

    def guard(self, state: GuardState) -> None:
        self.status = replace(guard_status(state, self.now), lease_seq=self.number)


class SourceOf:
    """The room's source: `latest` is a snapshot there and a method for channels elsewhere."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.act, self.prepare, self.uncertain_s = room.act, room.prepare, room.uncertain_s
        self.row, self.prove = room.row, room.prove

    @property
    def watchdog(self) -> Proof:
        return self._room.watchdog

    @property
    def latest(self) -> object:
        room = self._room
        return replace(
            SOURCE, at=room.now, seq=room.number + 1, clock_s=room.now, heartbeat=room.number,
            setpoint_ka_per_m=room.amplitude, measured_ka_per_m=room.amplitude,
            output_on=room.amplitude > 0.0, line_closed=room.line_closed, line_seen_at=room.now,
        )  # fmt: skip


def furnished() -> Room:
    """A room with its source in place."""
    made = Room()
    made.controller.parts = replace(made.controller.parts, source=SourceOf(made))  # type: ignore[arg-type]
    return made


@pytest.fixture
def room() -> Room:
    return furnished()


def energized(room: Room) -> None:
    """Up to the first ticks of the ramp."""
    for _ in range(SETTLED):
        room.guard(GuardState.DISABLED)
        room.tick()
    room.tick(Verb.PREPARE)
    for verbs in ((), (Verb.START,), (), ()):
        room.guard(GuardState.ARMED)
        room.tick(*verbs)
    assert room.amplitude > 0.0


@pytest.mark.shows("off_before_record")
def test_a_raise_is_leased_before_it_is_applied_and_recorded_after(room: Room) -> None:
    energized(room)
    room.log.clear()
    room.guard(GuardState.RUN)
    room.tick(Verb.PAUSE)
    assert room.log == ["lease", "act", "record tick", "answer"]
    assert room.leases[-1].permit_ka_per_m == room.amplitude == 0.0


def test_every_lease_carries_the_permit_and_the_raw_readings_of_its_tick(room: Room) -> None:
    energized(room)
    record, lease = room.records[-1], room.leases[-1]
    assert lease.permit_ka_per_m == record.decision.verdict.field_ka_per_m > 0.0
    assert lease.probes == record.input.probes
    assert lease.source == record.input.source
    assert lease.envelope_sha256 == PLAN.envelope_sha256
    assert [one.seq for one in room.leases] == sorted({one.seq for one in room.leases})
    assert lease.over is False


def test_h31_a_trip_is_null_in_the_lease_of_the_same_tick(room: Room) -> None:
    energized(room)
    room.guard(GuardState.RUN)
    room.tick(Verb.STOP)
    assert room.leases[-1].permit_ka_per_m is None
    assert room.leases[-1].over is False, "a trip is no end: the guard must latch"
    assert room.amplitude == 0.0
    assert [trip.code for latch in room.kept for trip in latch.trips] == ["operator_stop"]


@pytest.mark.shows("liveness_bits")
def test_h27_the_lease_is_withheld_while_a_task_is_silent_and_the_rest_goes_on(
    room: Room,
) -> None:
    energized(room)
    beating = room.controller.liveness
    beating.beat("thermometer", room.now)
    room.log.clear()
    for _ in range(19):
        room.guard(GuardState.RUN)
        room.tick()
    assert room.log.count("lease") == 19
    for _ in range(3):
        room.guard(GuardState.RUN)
        room.tick()
    assert room.log.count("lease") == 20
    assert room.log.count("act") == 22
    assert room.log.count("record tick") == 22
    beating.beat("thermometer", room.now)
    room.guard(GuardState.RUN)
    room.tick()
    assert room.log.count("lease") == 21


def test_check_sets_the_instruments_limit_and_proposes_the_envelope_once(room: Room) -> None:
    energized(room)
    assert room.log.count("limit 7.5") == 1
    assert room.proposed == [PLAN.envelope]


def test_leases_outside_a_session_say_that_it_is_over(room: Room) -> None:
    room.guard(GuardState.DISABLED)
    room.tick()
    assert room.leases[-1].over is True
    assert room.leases[-1].permit_ka_per_m == 0.0


def test_the_latch_is_kept_when_it_changes_and_only_then(room: Room) -> None:
    room.tick(Verb.STOP)
    room.tick()
    room.tick()
    assert len(room.kept) == 1
    room.tick(Verb.RESET)
    assert [latch.is_latched for latch in room.kept] == [True, False]


def test_treatment_time_runs_at_the_plans_speed_from_the_first_tick(room: Room) -> None:
    plan = replace(PLAN, envelope=replace(PLAN.envelope, speed=20.0))
    room.controller.plan = plan
    for _ in range(3):
        room.tick()
    assert [r.input.treatment_s for r in room.records] == pytest.approx([0.0, 2.0, 4.0])


def test_late_ticks_are_counted_until_one_is_on_time(room: Room) -> None:
    for late_s in (0.0, 0.06, 0.2, 0.01):
        room.tick(late_s=late_s)
    assert [r.input.health.late_ticks for r in room.records] == [0, 1, 2, 0]


def test_h30_what_the_shell_knows_against_arming_is_in_the_ticks_health(room: Room) -> None:
    room.controller.liveness.beat("thermometer", room.now - 60.0)
    room.row.connected, room.row.is_mixed = False, True
    room.controller.parts = replace(room.controller.parts, host=SteadyHost(free_mb=499.0))
    room.tick()
    health = room.records[-1].input.health
    assert health.silent_tasks == ("thermometer",)
    assert health.lost_devices == health.mixed_devices == ("source", "source")
    assert health.disk_free_mb == 499.0
    found = {reason.code for reason in room.records[-1].decision.unmet}
    assert found >= {"task_silent", "device_lost", "device_mixture", "disk_space"}


@dataclass
class RestlessHost(SteadyHost):
    """A host whose wall clock is set."""

    offset_s: float = 0.0

    def wall_offset_s(self) -> float:
        return self.offset_s


YEAR_S = 365.25 * 86400.0


@pytest.mark.parametrize("step_s", [-10 * YEAR_S, -3600.0, -1.5, 1.5, 3600.0, 10 * YEAR_S])
def test_h32_a_step_of_the_wall_clock_is_told_and_changes_nothing(step_s: float) -> None:
    rooms = []
    for step in (0.0, step_s):
        room, host = Room(), RestlessHost()
        parts = replace(room.controller.parts, source=SourceOf(room), host=host)  # type: ignore[arg-type]
        room.controller = Controller(PLAN, parts, Latch(), "session")
        energized(room)
        host.offset_s = step
        for _ in range(5):
            room.guard(GuardState.RUN)
            room.tick()
        rooms.append(room)
    still, stepped = rooms
    told = [record for record in stepped.records if isinstance(record, Event)]
    assert [(event.code, event.detail) for event in told] == [
        ("wall_clock.step", f"{step_s:+.1f} s")
    ]
    assert [record for record in stepped.records if record not in told] == still.records


def test_h43_what_is_used_is_kept_off_the_tick_once_a_second(room: Room) -> None:
    energized(room)
    for _ in range(20):
        room.guard(GuardState.RUN)
        room.tick()
    used = room.controller.state.memory.field_s
    assert used - 1.1 <= room.ledger.last.field_s <= used
    room.ledger.why = "no space left on device"
    room.tick()
    assert room.records[-1].input.health.spent_ok is False


@pytest.mark.parametrize("verb", Verb)
def test_h47_whoever_asks_for_something_is_present_but_not_who_stops(
    room: Room, verb: Verb
) -> None:
    room.tick()
    assert room.records[-1].input.health.presence_s > 1e6
    room.tick(verb)
    is_present = room.records[-1].input.health.presence_s == 0.0
    assert is_present is (verb is not Verb.STOP)
    if is_present:
        room.tick()
        assert room.records[-1].input.health.presence_s == pytest.approx(0.1)


def test_an_unhealthy_journal_is_in_the_next_ticks_health(room: Room) -> None:
    room.is_healthy, room.behind_s = False, 2.1
    room.tick()
    assert room.records[-1].input.health.journal_behind_s == 2.1
    assert room.records[-1].input.health.journal_ok is False
    assert "journal" in {reason.code for reason in room.records[-1].decision.unmet}


def test_each_wish_is_answered_after_the_tick_that_took_it(room: Room) -> None:
    for _ in range(SETTLED):
        room.guard(GuardState.DISABLED)
        room.tick()
    room.tick(Verb.PREPARE, Verb.START)
    assert [bool(reasons) for _, reasons in room.answers] == [False, True]
    assert room.controller.decision is not None
    assert room.controller.decision.phase is Phase.CHECK


def test_h48_an_alarm_is_in_the_snapshot_and_an_act_on_it_is_answered(room: Room) -> None:
    """After the field has been dealt with: lease and act come first."""
    energized(room)
    room.guard(GuardState.RUN)
    room.log.clear()
    room.tick(Verb.STOP)
    first = [room.log.index(what) for what in ("lease", "act", "record tick", "record alarm")]
    assert first == sorted(first)
    last, decision = room.records[-1], room.controller.decision
    assert decision is not None
    (one, *_) = room.controller.snapshot(last.input, decision).alarms.occurrences
    assert (one.code, one.sounds) == ("operator_stop", True)
    room.hall.offer_act(AskedAct(room, 9, AlarmAct(AlarmVerb.ACKNOWLEDGE, "nurse", one.id)))
    room.guard(GuardState.LATCHED)
    room.tick()
    assert room.answers[-1] == (9, ())
    (one, *_) = room.controller.snapshot(last.input, decision).alarms.occurrences
    assert one.acknowledged_by == "nurse"


def test_what_a_lease_says_for_each_verdict() -> None:
    assert leased_amplitude(Permit(3.0, 1, 2.0)) == 3.0
    assert leased_amplitude(Permit(0.0, 1, 2.0)) == 0.0
    assert leased_amplitude(Inhibit((), False)) == 0.0
    assert leased_amplitude(Inhibit((), True)) is None
    with pytest.raises(InvariantError):
        leased_amplitude(None)  # type: ignore[arg-type]
