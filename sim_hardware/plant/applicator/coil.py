# SPDX-License-Identifier: Apache-2.0
"""The coil: its field follows the amplifier's current, in series with the enable contact.

Ramps are the amplifier's. The tank's own ring-up, Q/(π f), is below a millisecond and not modeled.
"""

from typing import Protocol

from sim_hardware.plant.applicator.applicator import Applicator

SAMPLE_S = 0.05


class Supply(Protocol):
    """What drives the coil: `current(t)` is the peak field it would make, kA/m."""

    def current(self, t: float) -> float:
        """Return kA/m at loop time t; t never decreases."""


class Contact(Protocol):
    """The enable line's contact in the coil loop."""

    def closed(self, t: float) -> bool:
        """Return whether the loop is closed at loop time t."""


class Coil:
    """Joins a supply and a contact; open means zero at once.

    `mean_square(t)` integrates H² in samples of SAMPLE_S, so that a plant step of any length sees
    the energy and not an instant. Times are loop seconds and never decrease. Temperatures and
    frequency are those of the last `advance`.
    """

    def __init__(
        self,
        supply: Supply,
        contact: Contact,
        start_s: float = 0.0,
        applicator: Applicator | None = None,
    ) -> None:
        self._supply, self._contact = supply, contact
        self.applicator = Applicator() if applicator is None else applicator
        self._gain = self.applicator.gain
        self._at, self._last2 = start_s, 0.0
        self._sum, self._since = 0.0, start_s
        self.zero_since_s: float | None = start_s
        self.field_ka_per_m_max = 0.0

    def field_ka_per_m(self, t: float) -> float:
        """Return the peak field at loop time t, kA/m."""
        field = self._supply.current(t) * self._gain if self._contact.closed(t) else 0.0
        if field <= 0.0:
            if self.zero_since_s is None:
                self.zero_since_s = t
            return 0.0
        self.zero_since_s = None
        self.field_ka_per_m_max = max(self.field_ka_per_m_max, field)
        return field

    def advance(self, t: float) -> None:
        """Integrate H² up to loop time t (trapezoids of at most SAMPLE_S)."""
        begun, before = self._at, self._sum
        while self._at < t:
            step = min(SAMPLE_S, t - self._at)
            if t - self._at - step < 1e-9:
                step = t - self._at  # no sliver left over by rounding
            now2 = self.field_ka_per_m(self._at + step) ** 2
            self._sum += 0.5 * (self._last2 + now2) * step
            self._last2 = now2
            self._at = self._at + step if self._at + step < t else t
        if self._at > begun:
            span_s = self._at - begun
            self.applicator.advance(span_s, (self._sum - before) / span_s)
            self._gain = self.applicator.gain

    def mean_square(self, t: float) -> float:
        """Return the mean of H² since the last call, (kA/m)²."""
        self.advance(t)
        span, total = t - self._since, self._sum
        self._since, self._sum = t, 0.0
        return total / span if span > 0.0 else 0.0

    # ---- what sensors at the coil see ----------------------------------------------------------

    def current_a(self, t: float) -> float:
        """Return the peak coil current at loop time t, A."""
        return self.field_ka_per_m(t) / self.applicator.facts.field_ka_per_m_per_a

    @property
    def frequency_khz(self) -> float:
        """Frequency of source and field."""
        return self.applicator.tank.source_khz(self.coil_c, self.applicator.load)

    @property
    def coil_c(self) -> float:
        """Temperature of the coil."""
        return self.applicator.cooling.coil_c

    @property
    def coolant_out_c(self) -> float:
        """What the outlet's sensor shows."""
        return self.applicator.cooling.coolant_out_c

    @property
    def coolant_in_c(self) -> float:
        """Temperature of the water that comes in."""
        return self.applicator.cooling.inlet_c

    @property
    def flow_l_per_min(self) -> float:
        """What the flow meter shows."""
        return self.applicator.flow_shown_l_per_min
