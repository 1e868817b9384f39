# SPDX-License-Identifier: Apache-2.0
"""The self-test at start: the enable line is seen to close and open, the watchdog to act. Pure.

Only with an output that is verified to be off and at zero, and never while anything is armed. What
has failed is tried again after a person's PREPARE, or when the guard or the source begins anew.
"""

from mnht_controller.domain.compiled import replace
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import UNTESTED, Outcome, Proof, SelfTest, Step
from mnht_controller.domain.tick import TickInput
from mnht_controller.interlock.lease import LEASE_AGE_S_MAX, STATUS_AGE_S_MAX, is_fresh
from mnht_controller.interlock.source_findings import SOURCE_AGE_S_MAX
from mnht_controller.interlock.witness import FIELD_ON_KA_PER_M

CLASS_S = 0.35
"""After the last byte the line is open by then."""
LOOK_S = 0.4
"""So long a slow reader may take from one answer to the next; what comes later proves nothing."""
CLOSE_S_MAX = 3.0
"""The guard's silence before it feeds, its longest feeding, and a look."""
TESTS_MAX = 8
"""So often at most a guard feeds the line for a test: who asks for ever gets nowhere."""
STRAY_S_MAX = 2.0
"""A line that is still closed then, although nothing feeds it, does not open."""

PHASES = frozenset({Phase.STANDBY, Phase.CHECK, Phase.COMPLETE})
_LIVE = frozenset({GuardState.ARMED, GuardState.RUN})
_DONE = frozenset({Outcome.PROVEN, Outcome.FAILED})

NOBODY_READS = "not provable here: nothing reads the enable line back; see line_input of a module"
STRAY = "it is closed although nothing feeds it: a contact may be welded; examine it, then prepare"
UNCLOSED = "it was fed and not seen to close; check receiver and monitor contact, then prepare"
UNOPENED = "it was not seen to open in time: a contact may be welded; examine it, then prepare"
CUT_SHORT = "its test was cut short; prepare to have it tested again"


def is_dark(source: SourceReading | None, uncertain_s: float, now: float) -> bool:
    """Whether a fresh, verified snapshot says off and zero."""
    return (
        source is not None
        and is_fresh(source.at, now, SOURCE_AGE_S_MAX)
        and not source.output_on
        and source.measured_ka_per_m is not None
        and source.measured_ka_per_m < FIELD_ON_KA_PER_M
        and source.setpoint_ka_per_m < FIELD_ON_KA_PER_M
        and uncertain_s <= 0.0
    )


def line_may_close(lease: Lease | None, now: float) -> bool:
    """Whether the guard, which arms nothing now, may feed the line: asked for, fresh, and dark."""
    return (
        lease is not None
        and lease.test_line
        and lease.permit_ka_per_m == 0.0
        and is_fresh(lease.sent_at, now, LEASE_AGE_S_MAX)
        and is_dark(lease.source, lease.uncertain_s, now)
    )


def step(before: SelfTest, given: TickInput, phase: Phase) -> SelfTest:
    """Take the self-test one tick on."""
    guard, test = given.guard, _anew(before, given)
    is_armed = phase not in PHASES or (guard is not None and guard.state in _LIVE)
    is_idle = not is_armed and is_dark(given.source, given.uncertain_s, given.now)
    watchdog = given.watchdog or UNTESTED
    is_due = watchdog.outcome is Outcome.WAITING and test.step is Step.REST
    asks = is_due and is_idle and given.source is not None and not given.source.faults
    if watchdog != test.watchdog or asks is not test.asks_watchdog:
        test = replace(test, watchdog=watchdog, asks_watchdog=asks)
    if test.line.outcome in _DONE:
        return test
    is_still = not asks and watchdog.outcome is not Outcome.RUNNING
    return _line(test, given, is_ready=is_idle and is_still and _is_disabled(given))


def _anew(test: SelfTest, given: TickInput) -> SelfTest:
    """Forget what another guard has shown; after a reconnect or a PREPARE, what has failed."""
    guard = given.guard
    if guard is not None and guard.born_at != test.guard_born_at:
        return SelfTest(UNTESTED, test.watchdog, since=given.now, guard_born_at=guard.born_at)
    is_failed = test.line.outcome is Outcome.FAILED
    is_lost = given.source is None and (is_failed or test.step is not Step.REST)
    if is_lost or (is_failed and any(i.verb is Verb.PREPARE for i in given.intents)):
        return replace(test, line=UNTESTED, step=Step.REST, since=given.now)
    return test


def _is_disabled(given: TickInput) -> bool:
    guard = given.guard
    return (
        guard is not None
        and guard.state is GuardState.DISABLED
        and is_fresh(guard.at, given.now, STATUS_AGE_S_MAX)
    )


def _line(test: SelfTest, given: TickInput, *, is_ready: bool) -> SelfTest:
    """One look at the line: both edges must be seen."""
    source, guard, now = given.source, given.guard, given.now
    is_closed = source.line_closed if source else None
    if test.step is Step.REST:
        return _rest(test, given, is_closed, is_ready=is_ready)
    if not is_ready or source is None or guard is None or is_closed is None:
        return _failed(test, CUT_SHORT)
    if test.step is Step.CLOSE:
        if is_closed and guard.fed_at >= test.since:
            return replace(test, step=Step.OPEN, since=now)
        return test if now - test.since <= CLOSE_S_MAX else _failed(test, UNCLOSED)
    looked_s, seen_s = source.line_seen_at - guard.fed_at, now - guard.fed_at
    if not (seen_s <= CLASS_S + LOOK_S) or (is_closed and not (looked_s <= CLASS_S)):
        return _failed(test, UNOPENED, seen_s)
    if is_closed:
        return test
    return replace(test, line=Proof(Outcome.PROVEN, "", seen_s), step=Step.REST)


def _rest(test: SelfTest, given: TickInput, is_closed: bool | None, *, is_ready: bool) -> SelfTest:
    """Begin when the line is seen open and all else is quiet."""
    if given.source is not None and is_closed is None:
        return replace(test, line=Proof(Outcome.NOT_PROVABLE, NOBODY_READS), since=given.now)
    if not is_ready:
        return replace(test, line=UNTESTED, since=given.now)
    if not is_closed:
        return replace(test, line=Proof(Outcome.RUNNING), step=Step.CLOSE, since=given.now)
    is_stray = not (given.now - test.since <= STRAY_S_MAX)
    return _failed(test, STRAY) if is_stray else replace(test, line=UNTESTED)


def _failed(test: SelfTest, why: str, seen_s: float | None = None) -> SelfTest:
    return replace(test, line=Proof(Outcome.FAILED, why, seen_s), step=Step.REST)
