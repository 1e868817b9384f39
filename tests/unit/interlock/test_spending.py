# SPDX-License-Identifier: Apache-2.0
"""H37, H43: from memory to what is kept of a session, and back after a restart."""

from dataclasses import replace

import pytest

from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.interlock.spending import carried, spending
from mnht_controller.thermometry.observe import ProbeTrack
from mnht_controller.thermometry.track import Dose
from tests.plans import ENVELOPE

USED = Spent(ENVELOPE.prescription_sha256, 100.0, (ProbeDose("tumor", 5.0),), over=False)

pytestmark = pytest.mark.shows("spent_is_kept")


def test_the_same_prescription_goes_on_with_what_it_has_used() -> None:
    memory, tracks = carried(ENVELOPE, USED)
    assert memory.field_s == 100.0
    assert [track.dose and track.dose.cem43_min for track in tracks] == [None, 5.0, None]


@pytest.mark.parametrize(
    "kept", [replace(USED, over=True), replace(USED, prescription_sha256="1" * 64), Spent()]
)
def test_only_its_own_end_or_another_prescription_begins_at_zero(kept: Spent) -> None:
    memory, tracks = carried(ENVELOPE, kept)
    assert memory.field_s == 0.0
    assert all(track.dose is None for track in tracks)


def test_each_probe_with_a_dose_is_kept_by_its_name() -> None:
    tracks = (ProbeTrack(), ProbeTrack(dose=Dose(5.0, 43.0, 1.0)), ProbeTrack())
    assert spending(ENVELOPE, 100.0, tracks, over=False) == USED
