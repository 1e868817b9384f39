# SPDX-License-Identifier: Apache-2.0
"""What a link must know of the language an instrument speaks. Drivers hand it to `Link.speak`."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mnht_controller.devices.framing import Framer

REPLY_S = 0.15

Tag = Callable[[int], tuple[bytes, re.Pattern[bytes]]]
"""From a fresh number: a harmless request, and the pattern only its own answer matches."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Framing and manners.

    `resync` proves that replies belong to requests again; `unsolicited` frames (events, streams,
    acknowledgements that nobody waits for) are counted and skipped. `gap_s` passes between two
    writes. `identity_s` is how long an identity may take where that is longer than `reply_s`.
    `may_echo`: one exact copy of the request before its reply is dropped (text dialects).
    """

    framer: Framer
    resync: Tag | None = None
    unsolicited: re.Pattern[bytes] | None = None
    gap_s: float = 0.0
    reply_s: float = REPLY_S
    identity_s: float = REPLY_S
    may_echo: bool = False

    def is_event(self, frame: bytes) -> bool:
        """Whether this frame answers nothing."""
        return self.unsolicited is not None and self.unsolicited.fullmatch(frame) is not None


def same_question(request: bytes, pattern: re.Pattern[bytes]) -> Tag:
    """The tag of an instrument whose replies carry nothing: its identity, which no reading is."""
    return lambda _: (request, pattern)
