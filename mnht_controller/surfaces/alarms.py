# SPDX-License-Identifier: Apache-2.0
"""The alarm state as people and scripts read it. Nothing is decided here."""

from mnht_controller.alarms.engine import audible, by_urgency, first_cause, highest, wants_beacon
from mnht_controller.alarms.table import alarm
from mnht_controller.domain.alarm import AlarmState, Occurrence
from mnht_controller.domain.codec import to_plain
from mnht_controller.domain.command import Reason
from mnht_controller.surfaces.wording import about, sentence

Json = dict[str, object]


def document(state: AlarmState, now: float) -> Json:
    """Every occurrence, most urgent first, and what is to be seen and heard. `now`: monotonic."""
    top, first = highest(state), first_cause(state)
    until = state.paused_until
    return {
        "highest": top.id if top else None,
        "first_cause": first.id if first else None,
        "audible": audible(state),
        "audio_paused_s": None if until is None else round(max(0.0, until - now), 1),
        "beacon": wants_beacon(state),
        "occurrences": [_row(found, now) for found in by_urgency(state)],
    }


def _row(found: Occurrence, now: float) -> Json:
    """One line. `age_s` is null after a restart: the clock may be another one."""
    row = alarm(found.alarm)
    reason = Reason(found.code, found.where, found.value, found.limit)
    return {
        **to_plain(found),
        "text": row.text if row else about(found.code).title,
        "detail": sentence(reason),
        "what_to_do": row.what_to_do if row else about(found.code).what_to_do,
        "hazards": list(about(found.code).hazards),
        "latching": row is None or row.latching,
        "sounds": found.sounds,
        "age_s": None if found.kept else round(now - found.began_at, 1),
    }
