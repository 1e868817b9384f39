# SPDX-License-Identifier: Apache-2.0
"""The judge that looks on while a run goes: it ends a run at once, the oracles say the last word.

It sees moments where the oracles see spans, so it is never stricter than they are: what it finds,
they find too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Limits
from sim_hardware.bench.class_times import class_s
from sim_hardware.bench.oracles import LAPSE_S, LEASE_S, OFF_S, PROBED_MARGIN_C
from sim_hardware.bench.truth import Edge, Truth
from sim_hardware.faults import Fault

LOOK_S = 0.1
"""Two looks: current that is seen may have gone since."""
DEAF = frozenset({"amp_ignores_off", "amp_lies_off"})
NEAR_S = 0.4


@quick
@dataclass(frozen=True, slots=True)
class Sight:
    """One look: whether current flows, what the source was told, what the guard holds."""

    energized: bool
    setpoint_ka_per_m: float
    state: GuardState
    leased_at: float | None
    latched: bool
    truth: Truth | None


class Watch:
    """Keeps what the present look depends on. `found`: oracle and moment of the first violation.

    `with_commands` False: what the source is told is not judged (I4), because nobody gates it.
    """

    def __init__(self, limits: Limits, *, with_commands: bool = True) -> None:
        self._limits, self._with_commands = limits, with_commands
        self._run_at = -math.inf
        self._state: GuardState | None = None
        self._latched_at: float | None = None
        self._judged: Truth | None = None
        self.found: tuple[str, float] | None = None

    def look(self, now: float, sight: Sight) -> None:
        """Judge one moment."""
        is_cut = self._state is GuardState.ARMED and sight.state is GuardState.LATCHED
        if is_cut or sight.state is GuardState.RUN:
            self._run_at = now  # from here on the line has its lapse
        self._state = sight.state
        if not sight.latched:
            self._latched_at = None
        elif self._latched_at is None:
            self._latched_at = now
        wrong = self._moment(now, sight) or self._temperatures(sight.truth)
        if wrong and self.found is None:
            self.found = (wrong, now)

    def _moment(self, now: float, sight: Sight) -> str:
        leased_at = -math.inf if sight.leased_at is None else sight.leased_at
        latched_at = math.inf if self._latched_at is None else self._latched_at
        late_s, cap = LOOK_S, self._limits.field_ka_per_m_cap + 1e-9
        rows = (
            ("I1", sight.energized and now - self._run_at > LAPSE_S + late_s),
            ("I1", sight.energized and now - leased_at > LEASE_S + late_s),
            ("I4", self._with_commands and not (0.0 <= sight.setpoint_ka_per_m <= cap)),
            ("I5", sight.energized and now - latched_at > OFF_S + late_s),
        )
        return next((name for name, is_wrong in rows if is_wrong), "")

    def _temperatures(self, row: Truth | None) -> str:
        if row is None or row is self._judged:
            return ""
        self._judged, limits = row, self._limits
        pairs = (
            (row.skin_c, limits.skin_c_trip),
            (row.skin_surface_c, limits.skin_c_trip),
            (row.tumor_c_max, limits.tumor_c_cap),
            (row.healthy_c, limits.healthy_c_cap),
        )
        return "" if all(value <= limit + PROBED_MARGIN_C for value, limit in pairs) else "I2"


class Refusal:
    """Since when a source that ignores off has been told to be off: `at`, None where it need not.

    A stretch that ends before anything had to be noticed is forgotten.
    """

    def __init__(self) -> None:
        self.at: float | None = None
        self._is_kept = False

    def take(self, now: float, log: Sequence[tuple[float, str, Fault]], *, refuses: bool) -> None:
        """Take one decision, made while current flowed."""
        deaf = [class_s(fault) or 0.0 for *_, fault in log if fault.verb in DEAF]
        if not deaf or self._is_kept:
            return
        if not refuses:
            self.at = None
        elif self.at is None:
            self.at = now
        self._is_kept = self.at is not None and now - self.at >= max(deaf)


def first_due(
    log: Sequence[tuple[float, str, Fault]], refused_at: float | None, edges: Sequence[Edge]
) -> tuple[float | None, float | None]:
    """Onset and class time of the fault whose time ends first; None, None where none has one.

    Only a fault that began with current, or that keeps it (`DEAF`: from when off is wanted), and
    that stays, has to be answered by its class time.
    """
    ended = {fault for _, edge, fault in log if edge == "off"}
    due: list[tuple[float, float, float]] = []
    for at, edge, fault in log:
        time_s = class_s(fault)
        if edge != "on" or fault in ended or time_s is None:
            continue
        if fault.verb in DEAF:
            if refused_at is not None:
                due.append((max(at, refused_at) + time_s, max(at, refused_at), time_s))
        elif _flows(edges, at):
            due.append((at + time_s, at, time_s))
    if not due:
        return None, None
    _, at, time_s = min(due)
    return at, time_s


def _flows(edges: Sequence[Edge], at: float) -> bool:
    """Whether current was there, as late as an edge is seen."""
    is_on = False
    for edge in edges:
        if edge.at > at + NEAR_S:
            break
        if edge.at <= at or edge.energized:
            is_on = edge.energized
    return is_on
