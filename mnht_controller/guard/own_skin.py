# SPDX-License-Identifier: Apache-2.0
"""Limits on the guard's own thermometer, written apart: it shares no code with the rule table."""

from mnht_controller.domain.compiled import replace
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.guard.state import Own


def heard(own: Own, celsius: float | None, now: float) -> Own:
    """Take a number in °C; one that no skin can have is none."""
    if celsius is None or not (15.0 <= celsius <= 60.0):
        return own
    repeats = own.repeats + 1 if celsius == own.celsius else 0
    hot_since = None if celsius < 44.0 else now if own.hot_since is None else own.hot_since
    return replace(own, celsius=celsius, at=now, repeats=repeats, hot_since=hot_since)


def compared(own: Own, envelope: Envelope | None, lease: Lease | None, now: float) -> Own:
    """Compare with the lease: hotter or colder than every skin probe by over 1.5 °C is apart."""
    rows = zip(envelope.probes, lease.probes, strict=False) if envelope and lease else ()
    skin = [row.value for probe, row in rows if probe.role is Role.SKIN
            and row.value is not None and 15.0 <= row.value <= 60.0]  # fmt: skip
    off = [own.celsius - celsius for celsius in skin] if own.celsius is not None else []
    is_apart = off and (all(not (c <= 1.5) for c in off) or all(not (c >= -1.5) for c in off))
    since = now if own.apart_since is None else own.apart_since
    return replace(own, apart_since=since if is_apart else None)


def why_stop(own: Own, now: float) -> str:
    """Hot for 0.3 s, silent for 1.3 s or one number repeated 17 times, apart for 5 s; or empty."""
    if own.hot_since is not None and not (now - own.hot_since < 0.3):
        return "own_skin"
    if not (now - own.at <= 1.3) or own.repeats >= 17:
        return "own_silent"
    return "" if own.apart_since is None or now - own.apart_since < 5.0 else "own_disagrees"
