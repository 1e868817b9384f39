# SPDX-License-Identifier: Apache-2.0
"""What controller and guard tell each other: a lease at 10 Hz one way, a status at 20 Hz back."""

from dataclasses import dataclass
from enum import StrEnum

from mnht_controller.domain.compiled import quick
from mnht_controller.domain.reading import Reading, SourceReading
from mnht_controller.domain.trip import Trip


class GuardState(StrEnum):
    """States of the guard; it feeds the enable line in ARMED and RUN only."""

    DISABLED = "disabled"
    ARMED = "armed"
    RUN = "run"
    LATCHED = "latched"


@quick
@dataclass(frozen=True, slots=True)
class Lease:
    """One renewal. `permit_ka_per_m`: the amplitude while permitted, 0 inhibited, None on a trip.

    `probes` are the raw readings in the order of the envelope. `sent_at` is monotonic time, which
    processes on one host share. `over` says that the session has ended, `complete` that it came to
    its own end. `test_line` asks for the self-test: to feed the enable line for a moment.
    """

    seq: int
    sent_at: float
    treatment_s: float
    envelope_sha256: str
    permit_ka_per_m: float | None
    probes: tuple[Reading, ...]
    source: SourceReading | None
    uncertain_s: float
    over: bool = False
    complete: bool = False
    test_line: bool = False


@quick
@dataclass(frozen=True, slots=True)
class GuardStatus:
    """The guard's word: what it holds, for which envelope, up to which lease.

    `line_fed` False: armed, but the enable line is still kept silent and so the coil loop open.
    `armed_at`: monotonic time of the last confirmation by a human; 0 when there was none.
    `own_skin_c`: the last number of the guard's own thermometer, however old; None: none.
    `realtime`: how it is scheduled and whether its memory is locked, in words.
    `fault`: why the guard's process would refuse to arm (latch, journal); empty when it would not.
    `fed_at`: when the enable line was last fed, or else, as `born_at`, when this guard began.
    """

    seq: int
    at: float
    state: GuardState
    envelope_sha256: str
    lease_seq: int
    first_out: Trip | None = None
    line_fed: bool = True
    armed_at: float = 0.0
    own_skin_c: float | None = None
    realtime: str = ""
    fault: str = ""
    fed_at: float = 0.0
    born_at: float = 0.0
