# SPDX-License-Identifier: Apache-2.0
"""From memory to what is kept of a session, and back after a restart. Pure.

Bound to the prescription, not to the envelope: tighter limits or another site file are no new
session. Only a session that came to its own end frees what it has used.
"""

from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.interlock.memory import Memory
from mnht_controller.thermometry.observe import ProbeTrack
from mnht_controller.thermometry.track import Dose

BODY_C = 37.0
"""Where a probe is taken to have been until its first reading: no dose is added there."""


def carried(envelope: Envelope, spent: Spent) -> tuple[Memory, tuple[ProbeTrack, ...]]:
    """Begin with what this prescription has used already; from zero with any other."""
    if spent.over or spent.prescription_sha256 != envelope.prescription_sha256:
        spent = Spent()
    used = {dose.id: Dose(dose.cem43_min, BODY_C, 0.0) for dose in spent.doses}
    tracks = tuple([ProbeTrack(dose=used.get(probe.id)) for probe in envelope.probes])
    return Memory(field_s=spent.field_s), tracks


def spending(
    envelope: Envelope, field_s: float, tracks: tuple[ProbeTrack, ...], *, over: bool
) -> Spent:
    """What is to be kept now."""
    doses = [
        ProbeDose(probe.id, track.dose.cem43_min)
        for probe, track in zip(envelope.probes, tracks, strict=False)
        if track.dose is not None
    ]
    return Spent(envelope.prescription_sha256, field_s, tuple(doses), over)
