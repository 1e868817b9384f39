# SPDX-License-Identifier: Apache-2.0
"""What the rules look for at the field source: too strong, not obeying, or not to be trusted."""

from collections.abc import Callable, Iterable

from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.units import FIELD_FULL_SCALE_KA_PER_M
from mnht_controller.interlock.bounds import cap_at_ka_per_m, cap_ka_per_m, is_frequency
from mnht_controller.interlock.findings import Finding, over
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.witness import FIELD_ON_KA_PER_M, Witness

SOURCE_AGE_S_MAX = 0.35
"""With one tick and the enable line's 300 ms this keeps a lost link within 0.75 s."""
UNVERIFIED_S_MAX = 0.15
"""A link's own deadline: until then a command is merely under way."""
UNCERTAIN_S_MAX = 0.3
MISSING_FRACTION = 0.5
MISSING_KA_PER_M = 0.5 * FIELD_ON_KA_PER_M
"""Less than this cannot be told from nothing."""
FUTURE_S_MAX = 0.05


def field_tolerance_ka_per_m(amplitude_ka_per_m: float, resolution_ka_per_m: float) -> float:
    """How far a read-back may lie above what it should be."""
    return max(
        0.05 * amplitude_ka_per_m, 2.0 * resolution_ka_per_m, 0.005 * FIELD_FULL_SCALE_KA_PER_M
    )


def field_cap(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Permit above the session's cap, or read-back above the cap by H·f and its tolerance."""
    found: list[Finding] = []
    device, cap = witness.envelope.source.device, cap_ka_per_m(witness.envelope)
    if witness.permit_ka_per_m is not None and over(witness.permit_ka_per_m, cap):
        found.append((device, witness.permit_ka_per_m, cap))
    source = witness.source
    if source is not None and source.measured_ka_per_m is not None:
        at_f = cap_at_ka_per_m(witness.envelope, source.frequency_hz)
        limit = at_f + field_tolerance_ka_per_m(at_f, witness.envelope.source.resolution_ka_per_m)
        if over(source.measured_ka_per_m, limit):
            found.append((device, source.measured_ka_per_m, limit))
    return found


def readback_high(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Read-back above the highest permit of the settling time."""
    spec, highest = witness.envelope.source, memory.permit_ka_per_m_max
    limit = highest + field_tolerance_ka_per_m(highest, spec.resolution_ka_per_m)
    measured = _measured(witness)
    return (
        ((spec.device, measured, limit),) if measured is not None and over(measured, limit) else ()
    )


def field_missing(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """On by its own word, and yet less than half of what has long been permitted.

    It lies, or the coil is not driven: nobody knows which, and the next step could be a leap.
    """
    source, spec, lowest = witness.source, witness.envelope.source, memory.permit_ka_per_m_min
    limit = MISSING_FRACTION * lowest - field_tolerance_ka_per_m(lowest, spec.resolution_ka_per_m)
    measured = _measured(witness)
    if (
        source is None
        or not source.output_on
        or measured is None
        or not (limit >= MISSING_KA_PER_M)
    ):
        return ()
    return () if measured >= limit else ((spec.device, measured, limit),)


def readback_missing(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A snapshot that does not say what the field is."""
    source = witness.source
    is_missing = source is not None and source.measured_ka_per_m is None
    return ((witness.envelope.source.device, None, None),) if is_missing else ()


def off_not_obeyed(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Nothing is permitted, and yet there is a field."""
    measured = _measured(witness)
    is_off = witness.permit_ka_per_m is None or witness.permit_ka_per_m == 0.0
    if not is_off or measured is None or measured < FIELD_ON_KA_PER_M:
        return ()
    return ((witness.envelope.source.device, measured, FIELD_ON_KA_PER_M),)


def output_off_unasked(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A field is permitted, and the amplifier says off: whoever switches it on there steps it."""
    permit = witness.permit_ka_per_m
    if permit is None or permit == 0.0:
        return ()
    return _source(witness, lambda source: not source.output_on)


def unverified(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A command has no answer yet although its link's deadline is over."""
    return _uncertain(witness, UNVERIFIED_S_MAX)


def uncertain(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Nobody knows what the source does."""
    return _uncertain(witness, UNCERTAIN_S_MAX)


def _uncertain(witness: Witness, limit: float) -> Iterable[Finding]:
    device = witness.envelope.source.device
    return ((device, witness.uncertain_s, limit),) if over(witness.uncertain_s, limit) else ()


def source_lost(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """No new snapshot: none came, or its counter or its clock stands still."""
    device = witness.envelope.source.device
    limit = max(SOURCE_AGE_S_MAX, 3.0 * witness.envelope.source.period_s)
    if witness.source is None or memory.frame is None:
        return ((device, None, limit),)
    age_s = witness.now - memory.frame.at
    return ((device, age_s, limit),) if not (-FUTURE_S_MAX <= age_s <= limit) else ()


def source_reboot(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """The instrument began anew: its boot count changed or its clock went back."""
    if memory.frame is None or not memory.frame.rebooted or witness.source is None:
        return ()
    boot = float(witness.source.boot)
    return ((witness.envelope.source.device, boot, float(memory.frame.boot)),)


def source_limit(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The instrument's own limit register, where it has one, is not the session's cap."""
    cap, spec = cap_ka_per_m(witness.envelope), witness.envelope.source
    if not spec.has_limit:
        return ()

    def differs(source: SourceReading) -> bool:
        limit, tolerance = source.limit_ka_per_m, spec.resolution_ka_per_m + 1e-9
        return limit is None or not (abs(limit - cap) <= tolerance)

    return _source(witness, differs, lambda source: (spec.device, source.limit_ka_per_m, cap))


def watchdog_off(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The instrument's own watchdog, where it has one, does not run."""
    if not witness.envelope.source.watchdog_s > 0.0:
        return ()
    return _source(witness, lambda source: not source.watchdog_on)


def source_fault(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The instrument reports faults: each by name."""
    return [] if witness.source is None else [(name, None, None) for name in witness.source.faults]


def source_interlock(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """An input of the instrument's interlock chain is open: each by name."""
    names = () if witness.source is None else witness.source.interlocks_open
    return [(name, None, None) for name in names]


def frequency_unknown(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Without a frequency there is no H·f."""
    return _source(witness, lambda source: not is_frequency(source.frequency_hz))


def session_time(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Field-on treatment time of the session."""
    limit = witness.envelope.limits.field_s_max
    return (("session", memory.field_s, limit),) if over(memory.field_s, limit) else ()


def _measured(witness: Witness) -> float | None:
    return None if witness.source is None else witness.source.measured_ka_per_m


def _source(
    witness: Witness,
    is_found: Callable[[SourceReading], bool],
    finding: Callable[[SourceReading], Finding] | None = None,
) -> Iterable[Finding]:
    """Judge the snapshot; one that is missing is `source_lost`."""
    source = witness.source
    if source is None or not is_found(source):
        return ()
    return (finding(source) if finding else (witness.envelope.source.device, None, None),)
