# SPDX-License-Identifier: Apache-2.0
"""The state machine of alarms: what is wrong now and what people do about it, one step a tick.

Each act names one occurrence, so that it can hide no other. Nothing here is silent for good: a
pause ends by itself, and what nobody acknowledges goes up or is repeated.
"""

from collections.abc import Iterable

from mnht_controller.alarms.table import Alarm, alarm, rank, row_of
from mnht_controller.domain.alarm import (
    AlarmAct,
    AlarmEvent,
    AlarmState,
    AlarmVerb,
    Change,
    Occurrence,
    Priority,
    Waiting,
)
from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import replace

AUDIO_PAUSE_S = 110.0
"""120 s at most, with room for a controller that is held up."""
REPEAT_S = 60.0
"""Unacknowledged for so long: it goes up, or is repeated."""

_EPSILON_S = 1e-9
"""Ten ticks of 0.1 s are not quite one second."""
_PRIORITIES = (Priority.HIGH, Priority.MEDIUM, Priority.LOW, Priority.INFO)

Step = tuple[AlarmState, tuple[AlarmEvent, ...]]
Key = tuple[str, str]
"""Code and place: what makes two conditions different."""


def step(
    state: AlarmState, conditions: tuple[Reason, ...], acts: tuple[AlarmAct, ...], now: float
) -> Step:
    """Take one tick. Acts come first: they are about what was shown, not about what begins now."""
    if not (conditions or acts or state.occurrences or state.waiting) and not state.paused_until:
        return state, ()
    events: list[AlarmEvent] = []
    for act in acts:
        if not refusal(state, act, conditions):
            state, done = _acted(state, act, now)
            events += done
    state, done = _ended(state, conditions, now)
    events += done
    state, done = _begun(state, conditions, now)
    events += done
    state, done = _gone_up(state, now)
    events += done
    state, done = _sound_again(state, now, events)
    events += done
    return state, tuple(events)


def refusal(state: AlarmState, act: AlarmAct, conditions: tuple[Reason, ...]) -> str:
    """Why an act is not done; empty when it is, or when there is nothing left to do."""
    if not act.actor:
        return "an act on an alarm needs a name"
    if act.verb is AlarmVerb.PAUSE_AUDIO:
        return ""
    if not 0 < act.occurrence < state.next_id:
        return f"there is no alarm {act.occurrence}"
    found = _find(state, act.occurrence)
    if found is None or act.verb is AlarmVerb.ACKNOWLEDGE:
        return ""
    if found.ended_at is None or _key(found) in {(one.code, one.where) for one in conditions}:
        return f"alarm {found.id} is still there: {found.code} {found.where}".rstrip()
    return ""


# ---- what is shown and heard ------------------------------------------------------------------


def audible(state: AlarmState) -> Priority | None:
    """The priority that is to be heard now; None: silence."""
    if state.paused_until is not None:
        return None
    heard = {found.priority for found in state.occurrences if found.sounds}
    return next((one for one in _PRIORITIES if one in heard), None)


def by_urgency(state: AlarmState) -> tuple[Occurrence, ...]:
    """By priority, unacknowledged before acknowledged, then by the table."""
    return tuple(sorted(state.occurrences, key=_urgency))


def highest(state: AlarmState) -> Occurrence | None:
    """What the banner shows: the most urgent, unless that is information only."""
    top = next(iter(by_urgency(state)), None)
    return None if top is None or top.priority is Priority.INFO else top


def first_cause(state: AlarmState) -> Occurrence | None:
    """The oldest of those that end the field; without one, the oldest that sounds or has sounded.

    Both processes' trips arrive in order of time, so that of one cascade the first-out is oldest.
    """
    shown = [found for found in state.occurrences if found.priority is not Priority.INFO]
    ending = [found for found in shown if _ends_field(found)]
    return min(ending or shown, key=lambda found: found.id, default=None)


def wants_beacon(state: AlarmState) -> bool:
    """What a relay for buzzer or beacon would be told: on while HIGH or MEDIUM is to be heard."""
    return audible(state) in {Priority.HIGH, Priority.MEDIUM}


def restored(state: AlarmState, now: float) -> AlarmState:
    """The state after a restart: all that was signaled, nothing paused, nothing waiting.

    Until its condition is seen again, what nobody acknowledged stays as if it were latching. `now`
    is on another clock where the host has restarted too.
    """
    kept = tuple([replace(found, kept=True, raised_at=now) for found in state.occurrences])
    return AlarmState(kept, (), state.next_id)


def _urgency(found: Occurrence) -> tuple[int, bool, int, int]:
    return (_PRIORITIES.index(found.priority), not found.sounds, rank(found.alarm), found.id)


def _ends_field(found: Occurrence) -> bool:
    row = alarm(found.alarm)
    return row is not None and row.ends_field


# ---- acts -------------------------------------------------------------------------------------


def _acted(state: AlarmState, act: AlarmAct, now: float) -> Step:
    """Do what is not refused. What is done already is not done again: acts can be repeated."""
    if act.verb is AlarmVerb.PAUSE_AUDIO:
        return _paused(state, act, now)
    found = _find(state, act.occurrence)
    if found is None:
        return state, ()
    if act.verb is AlarmVerb.RESET_SIGNAL:
        return _without(state, found), (AlarmEvent(now, Change.RESET, found, act.actor),)
    if found.acknowledged_at is not None:
        return state, ()
    seen = replace(found, acknowledged_by=act.actor, acknowledged_at=now)
    done = (AlarmEvent(now, Change.ACKNOWLEDGED, seen, act.actor),)
    if seen.ended_at is not None and not _is_latching(seen):
        return _without(state, found), done
    return _with(state, seen), done


def _paused(state: AlarmState, act: AlarmAct, now: float) -> Step:
    """A pause that runs is not made longer: silence ends for a moment at least."""
    if state.paused_until is not None:
        return state, ()
    until = now + AUDIO_PAUSE_S
    done = AlarmEvent(now, Change.AUDIO_PAUSED, None, act.actor, until)
    return replace(state, paused_until=until), (done,)


# ---- conditions -------------------------------------------------------------------------------


def _ended(state: AlarmState, conditions: tuple[Reason, ...], now: float) -> Step:
    """Conditions that are gone: a latching signal stays, another one ends with them."""
    present = {(reason.code, reason.where) for reason in conditions}
    events = []
    for found in state.occurrences:
        if found.ended_at is not None or _key(found) in present:
            continue
        gone = replace(found, ended_at=now)
        stays = _is_latching(found) or (found.kept and found.sounds)
        state = _with(state, gone) if stays else _without(state, found)
        events.append(AlarmEvent(now, Change.ENDED, gone))
    return state, tuple(events)


def _begun(state: AlarmState, conditions: tuple[Reason, ...], now: float) -> Step:
    """Conditions that are new: each is raised once it has held for its delay."""
    events: list[AlarmEvent] = []
    waiting: list[Waiting] = []
    running = {_key(found) for found in state.occurrences if found.ended_at is None}
    since = {(one.code, one.where): one.since for one in state.waiting}
    for reason in conditions:
        key, row = (reason.code, reason.where), row_of(reason.code)
        if row is None or key in running:
            continue
        began = since.get(key, now)
        if 0.0 <= now - began < row.delay_s - _EPSILON_S:
            waiting.append(Waiting(*key, began))
            continue
        state, raised = _raised(state, row, reason, now)
        running.add(key)
        events.append(AlarmEvent(now, Change.RAISED, raised))
    return replace(state, waiting=tuple(waiting)), tuple(events)


def _raised(
    state: AlarmState, row: Alarm, reason: Reason, now: float
) -> tuple[AlarmState, Occurrence]:
    """A new occurrence, in the place of one that had ended: a condition that flaps is one line.

    Where nobody had acknowledged that one, it goes on going up from where it was.
    """
    key = (reason.code, reason.where)
    before = [found for found in state.occurrences if _key(found) == key]
    unanswered = next((found for found in before if found.sounds), None)
    made = Occurrence(
        id=state.next_id,
        alarm=row.id,
        code=reason.code,
        where=reason.where,
        value=reason.value,
        limit=reason.limit,
        priority=unanswered.priority if unanswered else row.priority,
        began_at=now,
        raised_at=unanswered.raised_at if unanswered else now,
        times=1 + sum(found.times for found in before),
    )
    others = tuple([found for found in state.occurrences if _key(found) != key])
    return replace(state, occurrences=(*others, made), next_id=state.next_id + 1), made


# ---- time -------------------------------------------------------------------------------------


def _gone_up(state: AlarmState, now: float) -> Step:
    """What nobody has acknowledged goes up as far as its row says, else it is repeated."""
    events = []
    for found in state.occurrences:
        if not found.sounds or 0.0 <= now - found.raised_at < REPEAT_S - _EPSILON_S:
            continue
        row = alarm(found.alarm)
        higher = _next_up(found.priority, row.highest if row else found.priority)
        louder = replace(found, priority=higher, raised_at=now)
        change = Change.REPEATED if higher is found.priority else Change.ESCALATED
        state = _with(state, louder)
        events.append(AlarmEvent(now, change, louder))
    return state, tuple(events)


def _sound_again(state: AlarmState, now: float, events: Iterable[AlarmEvent]) -> Step:
    """A pause ends by itself, and at once for what is new or has gone up."""
    if state.paused_until is None:
        return state, ()
    is_broken = any(
        event.change in {Change.RAISED, Change.ESCALATED} and event.occurrence.sounds
        for event in events
        if event.occurrence is not None
    )
    began_at = state.paused_until - AUDIO_PAUSE_S
    if not is_broken and began_at - _EPSILON_S <= now < state.paused_until:
        return state, ()  # a clock that goes back ends it too
    return replace(state, paused_until=None), (AlarmEvent(now, Change.AUDIO_ON, None),)


def _next_up(priority: Priority, ceiling: Priority) -> Priority:
    place = _PRIORITIES.index(priority)
    return _PRIORITIES[place - 1] if place > _PRIORITIES.index(ceiling) else priority


# ---- occurrences ------------------------------------------------------------------------------


def _key(found: Occurrence) -> Key:
    return (found.code, found.where)


def _is_latching(found: Occurrence) -> bool:
    """By its row; one that the table does not know any more stays until somebody resets it."""
    row = alarm(found.alarm)
    return row is None or row.latching


def _find(state: AlarmState, number: int) -> Occurrence | None:
    return next((found for found in state.occurrences if found.id == number), None)


def _with(state: AlarmState, changed: Occurrence) -> AlarmState:
    rows = [changed if found.id == changed.id else found for found in state.occurrences]
    return replace(state, occurrences=tuple(rows))


def _without(state: AlarmState, gone: Occurrence) -> AlarmState:
    return replace(
        state, occurrences=tuple([found for found in state.occurrences if found.id != gone.id])
    )
