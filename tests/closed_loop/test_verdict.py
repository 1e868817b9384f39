# SPDX-License-Identifier: Apache-2.0
"""The verdict on real processes, fed with files of a session in virtual time.

What it joins, and how it notices what is missing. The processes themselves are in tests/system.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.phase import Phase
from mnht_controller.guard.machine import GuardEvent
from mnht_controller.interlock.lease import decode_from_controller
from mnht_controller.journal.read import parse_records
from mnht_controller.journal.records import Header, Lost
from mnht_controller.journal.sink import MemoryJournal
from sim_hardware.bench.guard import VirtualGuard
from sim_hardware.bench.scenario import Wish
from sim_hardware.bench.truth import TruthFile
from sim_hardware.bench.verdict import judge
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play

SAME = ("outcome", "reasons", "ticks", "true", "measured", "plateau_s", "first_out",
        "oracle_violations", "trace_sha256", "field_ka_per_m_max")  # fmt: skip


@dataclass
class Served:
    """What `Live` is to the verdict."""

    folder: Path
    served: dict[str, Any] = field(init=False)
    truth_path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.served = {"journal_dir": str(self.folder)}
        self.truth_path = self.folder / "truth.jsonl"


def kept(*wishes: Wish, **plot: Any) -> tuple[Played, list[Lease]]:
    """A session, and the leases that reached its guard."""
    leases: list[Lease] = []
    send = VirtualGuard.send

    def listening(self: VirtualGuard, message: bytes) -> None:
        received = decode_from_controller(message)
        if isinstance(received, Lease):
            leases.append(received)
        send(self, message)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(VirtualGuard, "send", listening)
        return play(*wishes, **plot), leases


@pytest.fixture(scope="module")
def good() -> tuple[Played, list[Lease]]:
    return kept()


def write(folder: Path, session: Played, leases: list[Lease], *extra: Any) -> Served:
    """The files that real processes leave: the guard's journal has its leases in it."""
    live = Served(folder)
    session.journal.dump(folder / "controller-1.jsonl")
    now = 0.0
    guard = MemoryJournal(Header("guard", "boot", ""), lambda: now)
    for record in parse_records(session.guard.journal.lines, "guard"):
        if record.kind == "guard":
            now = record.at
            guard.write("guard", from_plain(GuardEvent, record.data))
    for lease in leases:
        guard.write("lease", lease)
    for value in extra:
        guard.write("lost", value)
    guard.dump(folder / "guard-1.jsonl")
    file = TruthFile(live.truth_path)
    for row in session.seen.truth:
        file.write(row)
    for edge in session.seen.edges:
        file.write(edge)
    file.close()
    return live


def spoken(verdict: dict[str, Any]) -> set[str]:
    return {text.split(":")[0] for text in verdict["oracle_violations"]}


def verdict_of(live: Served, session: Played, *until: float) -> dict[str, Any]:
    return judge(live, session.plan, 1, 1.0, *until)  # type: ignore[arg-type]


def test_it_says_the_same_as_the_simulation(
    tmp_path: Path, good: tuple[Played, list[Lease]]
) -> None:
    session, leases = good
    verdict = verdict_of(write(tmp_path, session, leases), session)
    assert {name: verdict[name] for name in SAME} == {name: session.result[name] for name in SAME}
    assert set(verdict) == set(session.result)
    assert verdict["journal"] == str(tmp_path / "controller-1.jsonl")


def test_a_guard_that_took_no_lease_is_not_believed(
    tmp_path: Path, good: tuple[Played, list[Lease]]
) -> None:
    session, leases = good
    early = [lease for lease in leases if lease.sent_at < 4.0]
    assert "I1" in spoken(verdict_of(write(tmp_path, session, early), session))


def test_an_always_feeding_guard_is_found_in_the_join(
    tmp_path: Path, good: tuple[Played, list[Lease]]
) -> None:
    """Its journal says that it never armed; the bench saw current."""
    session, leases = good
    honest = session.guard.journal.lines
    try:
        armed = [b'"state":"armed"', b'"state":"run"']
        session.guard.journal.lines = [x for x in honest if not any(a in x for a in armed)]
        found = verdict_of(write(tmp_path, session, leases), session)
    finally:
        session.guard.journal.lines = honest
    assert "I1" in spoken(found)


def test_a_broken_chain_and_lost_records_are_found(
    tmp_path: Path, good: tuple[Played, list[Lease]]
) -> None:
    session, leases = good
    assert spoken(verdict_of(write(tmp_path, session, leases, Lost(3)), session)) == {"I6"}
    live = write(tmp_path, session, leases)
    path = tmp_path / "guard-1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"seq":3', b'"seq":4', 1))
    assert spoken(verdict_of(live, session)) == {"I6"}


def test_what_belongs_to_the_shutdown_is_no_trip(tmp_path: Path) -> None:
    session, leases = kept(Wish(2.0, Verb.STOP))
    at = session.seen.course.trips[0].at
    live = write(tmp_path, session, leases)
    verdict = verdict_of(live, session, at - 0.5)
    assert verdict["trips"] == []
    assert verdict_of(live, session)["first_out"] == "operator_stop"
    assert verdict_of(live, session)["outcome"] == "stopped"


@pytest.mark.parametrize(
    ("verb", "argument"), [("controller_stopped", "2.75"), ("guard_clock", "offset:-5")]
)
def test_trips_are_dated_as_the_simulation_dates_them(
    tmp_path: Path, verb: str, argument: str
) -> None:
    """H27, H33, I7: alarms by what the controller heard, the field's end by the plant's truth."""
    session, leases = kept(faults=(Fault(2.0, "host", verb, argument),), until_s=40.0)
    verdict = verdict_of(write(tmp_path, session, leases), session)
    assert verdict["trips"] == session.result["trips"]
    assert verdict["trips"]
    assert verdict["oracle_violations"] == session.result["oracle_violations"] == []


def test_states_and_phases_come_from_the_journals(good: tuple[Played, list[Lease]]) -> None:
    session, _ = good
    states = [held.state for held in session.guard.history()]
    assert states == [
        GuardState.DISABLED, GuardState.ARMED, GuardState.RUN, GuardState.DISABLED,
    ]  # fmt: skip
    assert session.seen.course.first(Phase.PLATEAU) is not None
