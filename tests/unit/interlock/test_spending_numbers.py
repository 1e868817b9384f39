# SPDX-License-Identifier: Apache-2.0
"""H43: what a session has used goes into its record and comes back as it was."""

from dataclasses import replace

import pytest

from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.spending import carried, spending
from mnht_controller.thermometry.observe import ProbeTrack
from mnht_controller.thermometry.track import Dose
from tests.plans import ENVELOPE

OURS = ENVELOPE.prescription_sha256
USED = Spent(OURS, 900.0, (ProbeDose("tumor", 7.0), ProbeDose("gone", 9.0)), over=False)
FRESH = (ProbeTrack(), ProbeTrack(), ProbeTrack())


def test_what_was_used_is_taken_up_by_each_probes_name() -> None:
    """From body temperature on, and from treatment time zero: nothing is added until it reads."""
    memory, tracks = carried(ENVELOPE, USED)
    assert memory == Memory(field_s=900.0)
    assert tracks == (ProbeTrack(), ProbeTrack(dose=Dose(7.0, 37.0, 0.0)), ProbeTrack())


@pytest.mark.parametrize("changes", [{"over": True}, {"prescription_sha256": "other"}])
def test_another_prescription_or_one_that_is_over_begins_at_zero(
    changes: dict[str, object],
) -> None:
    assert carried(ENVELOPE, replace(USED, **changes)) == (Memory(), FRESH)  # type: ignore[arg-type]


@pytest.mark.parametrize("over", [True, False])
def test_what_is_to_be_kept(over: bool) -> None:
    tracks = (ProbeTrack(dose=Dose(3.0, 42.0, 5.0)), ProbeTrack(), ProbeTrack())
    kept = Spent(OURS, 60.0, (ProbeDose("skin", 3.0),), over)
    assert spending(ENVELOPE, 60.0, tracks, over=over) == kept
    assert spending(ENVELOPE, 60.0, tracks[:1], over=over) == kept
    assert spending(ENVELOPE, 60.0, (), over=over) == replace(kept, doses=())
