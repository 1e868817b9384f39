# SPDX-License-Identifier: Apache-2.0
"""What the rules remember from one evaluation to the next; `remember` takes in one witness."""

from dataclasses import dataclass

from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.reading import SourceReading
from mnht_controller.interlock.clocks import NEVER, Clocks, looked
from mnht_controller.interlock.heat import Heat, warmed
from mnht_controller.interlock.witness import Witness, field_is_on

COMMAND_S = 1.0
"""The longest legal way from a permit to its read-back, settling left out."""


@quick
@dataclass(frozen=True, slots=True)
class Held:
    """The highest permit that was in force until `until`, or the lowest since then (monotonic)."""

    field_ka_per_m: float
    until: float


@dataclass(frozen=True, slots=True)
class Since:
    """Since when the finding of a rule has held without a gap."""

    code: str
    where: str
    at: float


@quick
@dataclass(frozen=True, slots=True)
class Frame:
    """The newest frame of the source that was really new, by its counter and its own clock."""

    seq: int
    clock_s: float
    at: float
    boot: int
    rebooted: bool
    """The instrument began anew since arming; stays until the next arming."""


@dataclass(frozen=True, slots=True)
class Memory:
    """`field_s` is field-on treatment time; what is not known to be off counts as on."""

    treatment_s: float | None = None
    field_s: float = 0.0
    permits: tuple[Held, ...] = ()
    lows: tuple[Held, ...] = ()
    frame: Frame | None = None
    since: tuple[Since, ...] = ()
    clocks: Clocks = NEVER
    heat: Heat | None = None

    def first_true(self, code: str, where: str) -> float | None:
        """Since when this finding has held; None when it did not hold last time."""
        for entry in self.since:
            if entry.code == code and entry.where == where:
                return entry.at
        return None

    @property
    def permit_ka_per_m_max(self) -> float:
        """The highest permit of the source's last settling time; 0 when there was none."""
        return max([held.field_ka_per_m for held in self.permits], default=0.0)

    @property
    def permit_ka_per_m_min(self) -> float:
        """The lowest permit of the time in which any source has come to it; 0 when unknown."""
        return min([held.field_ka_per_m for held in self.lows], default=0.0)


def remember(memory: Memory, witness: Witness) -> Memory:
    """Take in permit, time and source frame; findings are added by `evaluate`."""
    return replace(
        memory,
        treatment_s=witness.treatment_s,
        field_s=memory.field_s + _on_s(memory, witness),
        permits=_permits(memory, witness),
        lows=_lows(memory, witness),
        clocks=looked(memory.clocks, witness),
        frame=memory.frame if witness.source is None else _frame(memory, witness, witness.source),
        heat=warmed(memory.heat, witness),
    )


def _on_s(memory: Memory, witness: Witness) -> float:
    if memory.treatment_s is None:
        return 0.0
    passed_s = witness.treatment_s - memory.treatment_s
    is_on = field_is_on(witness.permit_ka_per_m, witness.source, witness.uncertain_s)
    return passed_s if is_on and passed_s > 0.0 else 0.0


def _permits(memory: Memory, witness: Witness) -> tuple[Held, ...]:
    """Keep those still within the settling time; a lower one never outlives a higher one."""
    permit = witness.permit_ka_per_m or 0.0
    oldest = witness.now - witness.envelope.source.settling_s
    held = [
        held for held in memory.permits if held.until >= oldest and held.field_ka_per_m > permit
    ]
    return (*held, Held(permit, witness.now))


def _lows(memory: Memory, witness: Witness) -> tuple[Held, ...]:
    """Keep those within settling and command time; a higher one never outlives a lower one."""
    permit = witness.permit_ka_per_m or 0.0
    if memory.treatment_s is None:
        permit = 0.0  # what was permitted before this memory began is not known
    oldest = witness.now - witness.envelope.source.settling_s - COMMAND_S
    held = [held for held in memory.lows if held.until >= oldest and held.field_ka_per_m < permit]
    return (*held, Held(permit, witness.now))


def _frame(memory: Memory, witness: Witness, source: SourceReading) -> Frame:
    last = memory.frame
    if last is None:
        return Frame(source.seq, source.clock_s, source.at, source.boot, rebooted=False)
    began_anew = source.boot != last.boot or source.clock_s < last.clock_s
    rebooted = witness.armed and (last.rebooted or began_anew)
    if not _is_new(last, source, witness.armed):
        return last if last.rebooted is rebooted else replace(last, rebooted=rebooted)
    # While armed the first boot stays the reference: going back to it is no repair.
    boot = last.boot if rebooted else source.boot
    return Frame(source.seq, source.clock_s, source.at, boot, rebooted)


def _is_new(last: Frame, source: SourceReading, armed: bool) -> bool:
    """A counter that stands still, or a clock that does, is an old frame; 0 means no clock."""
    if source.seq == last.seq or (armed and source.seq < last.seq):
        return False
    return source.clock_s != last.clock_s or source.clock_s == 0.0
