# SPDX-License-Identifier: Apache-2.0
"""The field source as the rules see it: the source itself and what stands beside it. Pure.

A pick-up coil measures the field, a run-permit reads interlocks, a chiller watches the water: the
rules ask one snapshot, in which all of them speak. Who is silent counts as open.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mnht_controller.devices.contract import Kind
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.reading import AuxiliaryReading, SourceReading

AGE_S_MAX = 0.35
"""As the source's own: older is silent, unless the device's period is longer."""

PERIODS_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Beside:
    """One auxiliary at this moment; None: it has said nothing since it was lost."""

    id: str
    kind: Kind
    period_s: float
    reading: AuxiliaryReading | None
    looked_at: float = 0.0
    """When the exchange that gave the reading began."""

    def fresh(self, now: float) -> AuxiliaryReading | None:
        """The reading, unless it is too old to count."""
        limit_s = max(AGE_S_MAX, PERIODS_MAX * self.period_s)
        is_fresh = self.reading is not None and now - self.reading.at <= limit_s
        return self.reading if is_fresh else None


def assembled(
    source: SourceReading | None, beside: Iterable[Beside], now: float
) -> SourceReading | None:
    """Join them; None where the source itself has nothing to say.

    With a pick-up coil the higher of the two measurements counts, and no measurement of its own
    makes the field unknown. An interlock of a silent device is open under the device's id.
    """
    if source is None:
        return None
    for device in beside:
        reading = device.fresh(now)
        if device.kind is Kind.PICKUP:
            source = _measured(source, reading)
        if reading is None:
            opened = (f"{device.id}_silent",)
            source = replace(source, interlocks_open=source.interlocks_open + opened)
            continue
        if reading.line_closed is not None:
            source = replace(source, line_closed=reading.line_closed, line_seen_at=device.looked_at)
        waiting = () if reading.is_ready else (f"{device.id}_not_ready",)
        source = replace(
            source,
            faults=source.faults + reading.faults,
            interlocks_open=source.interlocks_open + reading.interlocks_open + waiting,
        )
    return source


def _measured(source: SourceReading, reading: AuxiliaryReading | None) -> SourceReading:
    """The field by the pick-up coil. Its frequency counts before the source's own."""
    if reading is None or reading.measured_ka_per_m is None:
        return replace(source, measured_ka_per_m=None)
    own = source.measured_ka_per_m
    return replace(
        source,
        measured_ka_per_m=max(reading.measured_ka_per_m, 0.0 if own is None else own),
        frequency_hz=reading.frequency_hz or source.frequency_hz,
    )
