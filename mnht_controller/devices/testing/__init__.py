# SPDX-License-Identifier: Apache-2.0
"""For driver authors: transcripts, what every driver must survive, and a rehearsal with a twin.

Not for production, and no simulator: nothing here knows an instrument.
"""

from mnht_controller.devices.testing.conformance import conformance
from mnht_controller.devices.testing.rehearsal import Rehearsal, rehearse
from mnht_controller.devices.testing.transcript import (
    Pair,
    TranscriptError,
    WireTranscript,
    expected_wire,
)

__all__ = (
    "Pair",
    "Rehearsal",
    "TranscriptError",
    "WireTranscript",
    "conformance",
    "expected_wire",
    "rehearse",
)
