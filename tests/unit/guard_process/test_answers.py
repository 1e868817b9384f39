# SPDX-License-Identifier: Apache-2.0
"""The guard's desk: every request has a reply, a refusal says all its reasons (H56, H60)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Region
from mnht_controller.guard.answers import Desk as Answers
from mnht_controller.guard.answers import Refusal
from mnht_controller.guard.line import LineError
from mnht_controller.guard.machine import Guard
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.records import Header
from mnht_controller.journal.sink import MemoryJournal
from tests.plans import ENVELOPE
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import SHA


class Line:
    """Opens, or says why not."""

    fault = ""
    opened = 0

    def open(self) -> None:
        if self.fault:
            raise LineError(self.fault)
        self.opened += 1

    def feed(self, payload: bytes) -> bool:
        return True

    def abort(self) -> None: ...

    def close(self) -> None: ...


class Pages(Ledger):
    """A ledger without a file or a thread; `why` is switched by the tests."""

    def __init__(self) -> None:
        self.why = ""


class Counter:
    """A desk with somebody behind it; `ask` gives the reply."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk or Desk()
        self.line = Line()
        self.journal = MemoryJournal(Header("guard", "test", ""), lambda: self.desk.now)
        self.ledger = Pages()
        self.answers = Answers(self.line, self.journal, self.ledger)
        if desk is None:
            self.desk.run(1.2)

    @property
    def guard(self) -> Guard:
        return self.desk.guard

    def ask(self, line: bytes | None = None, **request: str) -> dict[str, Any]:
        sent = json.dumps(request).encode() if line is None else line
        self.desk.guard, reply = self.answers.answer(self.guard, sent, lambda: self.desk.now)
        assert reply.endswith(b"\n")
        return dict(json.loads(reply))

    def propose(self) -> dict[str, Any]:
        self.desk.guard = self.answers.propose(self.guard, ENVELOPE, self.desk.now)
        self.desk.run(0.2)
        return self.ask(kind="pending")

    def confirm(self, shown: dict[str, Any], **changes: str) -> dict[str, Any]:
        request = {"kind": "confirm", "actor": "dr", "nonce": shown["nonce"]}
        return self.ask(**request | {"envelope_sha256": shown["envelope_sha256"]} | changes)

    @property
    def refusals(self) -> list[str]:
        return [line.decode() for line in self.journal.lines if b'"refused"' in line]


def test_a_human_sees_confirms_and_the_guard_is_armed() -> None:
    counter = Counter()
    shown = counter.propose()
    assert (shown["ok"], shown["envelope_sha256"]) == (True, SHA)
    assert shown["envelope"]["limits"]["skin_c_trip"] == 44.0
    assert len(shown["nonce"]) == 32
    reply = counter.confirm(shown)
    assert reply == {"ok": True, "reasons": [], "state": "armed"}
    assert counter.refusals == []


def test_each_proposal_has_a_new_nonce() -> None:
    nonces = {Counter().propose()["nonce"] for _ in range(3)}
    assert len(nonces) == 3


def test_nothing_waits_before_a_proposal() -> None:
    reply = Counter().ask(kind="pending")
    assert reply["reasons"] == ["nothing waits for confirmation; prepare first"]


def test_what_is_wrong_with_a_proposal_is_said_to_who_asks_what_waits() -> None:
    counter = Counter()
    wide = ENVELOPE.__class__(**{n: getattr(ENVELOPE, n) for n in ENVELOPE.__slots__} | {
        "region": Region.PELVIS, "speed": 30.0,
    })  # fmt: skip
    counter.desk.guard = counter.answers.propose(counter.guard, wide, counter.desk.now)
    reply = counter.ask(kind="pending")
    assert reply["reasons"] == [
        "limit_wider region pelvis 7.5 (limit 6)",
        "speed_refused 30 (limit 20)",
    ]
    assert len(counter.refusals) == 1


def test_status_is_what_the_controller_gets() -> None:
    reply = Counter().ask(kind="status")
    assert reply["ok"]
    assert (reply["status"]["state"], reply["status"]["line_fed"]) == ("disabled", False)


@pytest.mark.parametrize("line", [b"", b"STOP", b'{"kind":"arm"}', b'{"kind":"stop","x":1}'])
def test_garbage_gets_a_reply_and_changes_nothing(line: bytes) -> None:
    counter = Counter()
    before = counter.guard
    assert not counter.ask(line)["ok"]
    assert counter.guard is before


@pytest.mark.parametrize(("actor", "where"), [("nurse", "nurse"), ("", "somebody")])
def test_stop_needs_nobody_and_nothing(actor: str, where: str) -> None:
    """H60: missing line, sick journal, unreadable ledger, missing name: none keeps it out."""
    counter = Counter(Desk().heat())
    counter.line.fault, counter.answers.fault = "gone", "cannot be kept"
    counter.journal.why, counter.ledger.why = "disk full", "guard.spent: cannot be read"
    assert counter.ask(kind="stop", actor=actor) == {"ok": True, "reasons": [], "state": "latched"}
    (trip,) = counter.guard.latch.trips
    assert (trip.code, trip.where) == ("operator_stop", where)


def test_reset_is_answered_and_refused_by_name() -> None:
    counter = Counter(Desk().heat())
    assert counter.ask(kind="reset", actor="dr")["reasons"] == ["guard_state run"]
    counter.ask(kind="stop", actor="dr")
    assert counter.ask(kind="reset")["reasons"] == ["actor"]
    assert counter.ask(kind="reset", actor="dr")["ok"]
    assert len(counter.refusals) == 2


Break = Callable[[Counter], None]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda c: setattr(c.line, "fault", "no line"), "no line"),
        (lambda c: setattr(c.journal, "why", "disk full"), "disk full"),
        (lambda c: setattr(c.ledger, "why", "spent cannot be read"), "spent cannot be read"),
        (lambda c: setattr(c.answers, "fault", "latch cannot be kept"), "latch cannot be kept"),
    ],
)
def test_what_only_the_process_knows_refuses_arming(harm: Break, reason: str) -> None:
    """H30, H34, H37, H43."""
    counter = Counter()
    shown = counter.propose()
    harm(counter)
    reply = counter.confirm(shown)
    assert reply["reasons"] == [reason]
    assert counter.guard.state is GuardState.DISABLED
    assert "confirm" in counter.refusals[0] or counter.journal.why


def test_a_wrong_confirmation_is_refused_and_recorded() -> None:
    counter = Counter()
    shown = counter.propose()
    assert counter.confirm(shown, nonce="guess")["reasons"] == ["nonce"]
    assert counter.confirm(shown, envelope_sha256="0" * 64)["reasons"] == ["envelope_sha256"]
    assert counter.confirm(shown, actor="")["reasons"] == ["actor"]
    assert len(counter.refusals) == 3
    assert Refusal("confirm", ("nonce",)).what in counter.refusals[0]


def test_a_live_line_is_not_opened_again() -> None:
    """Opening may wait, and while armed nobody waits."""
    counter = Counter(Desk().heat())
    counter.desk.guard = counter.answers.propose(counter.guard, ENVELOPE, counter.desk.now)
    assert counter.line.opened == 0
    assert counter.ask(kind="pending")["reasons"] == ["guard_state run"]
