# SPDX-License-Identifier: Apache-2.0
"""One fiber-optic tip: where it sits, how late, how noisy, how true and how well in contact it is.

Resolution here is the fiber's own; what an instrument rounds in its telegrams is the twin's.
"""

import math
import random
from types import MappingProxyType

from sim_hardware.plant.body.patient_file import ProbeSpec

FALL_S = 3.0  # a tip in still air follows it this fast
HOUR_S = 3600.0
FAULTS = MappingProxyType(
    {
        "probe_off": (0.0, 0.0),
        "probe_stuck": (0.0, 0.0),
        "probe_half_lifted": (0.5, 20.0),
        "probe_offset": (1.0, 0.0),
        "probe_drift": (0.5, 0.0),
        "probe_lag": (5.0, 0.0),
    }
)
"""Verbs and the numbers that stand where an argument gives none: contact and s, °C, °C/h, s."""


class Probe:
    """Turns a site's true temperature into what the tip shows.

    First-order lag; contact 1 sees the site, 0 the air. Bias is there from the start, drift grows
    with treatment time, noise comes on top, the sum is rounded to the resolution. `inject` knows
    the verbs of FAULTS; their arguments are numbers, joined by colons.
    """

    def __init__(self, spec: ProbeSpec, air_c: float, seed: int) -> None:
        self.spec, self.air_c = spec, air_c
        self._random = random.Random(f"{seed}/{spec.id}")
        self.tip_c: float | None = None
        self._age_s = 0.0
        self._off = False
        self._stuck: float | None = None
        self._shown = math.nan
        self._contact, self._lift_to, self._lift_per_s = spec.contact, spec.contact, 0.0
        self._lag_s = spec.lag_s
        self._offset_c, self._drift_c_per_h = 0.0, 0.0

    def advance(self, dt_s: float, site_c: float) -> None:
        """Let the tip follow its site for `dt_s` treatment seconds."""
        self._age_s += dt_s
        self._contact = max(self._lift_to, self._contact - self._lift_per_s * dt_s)
        self._offset_c += self._drift_c_per_h * dt_s / HOUR_S
        contact = 0.0 if self._off else self._contact
        seen = self.air_c + contact * (site_c - self.air_c)
        lag_s = max(self._lag_s, FALL_S) if self._off else self._lag_s
        if self.tip_c is None or lag_s <= 0.0:
            self.tip_c = seen
        else:
            self.tip_c += (seen - self.tip_c) * -math.expm1(-dt_s / lag_s)

    def reading(self) -> float:
        """Return one sample, °C: what the tip says, or the frozen value. NaN before the start."""
        if self._stuck is not None:
            return self._stuck
        if self.tip_c is None:
            return math.nan
        spec = self.spec
        said = self.tip_c + self._offset_c + spec.bias_c + spec.drift_c_per_h * self._age_s / HOUR_S
        said += self._random.gauss(0.0, spec.noise_c)
        if spec.resolution_c > 0.0:
            said = round(said / spec.resolution_c) * spec.resolution_c
        self._shown = said
        return said

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault; numbers that the argument leaves out are the usual ones."""
        if verb == "probe_stuck":
            last = self._shown if math.isfinite(self._shown) else self.reading()
            self._stuck = float(argument) if argument else last
            return
        if verb not in FAULTS:
            raise ValueError(f"a probe has no fault {verb!r}: use one of {', '.join(FAULTS)}")
        given = [float(number) for number in argument.split(":") if number]
        first, second = (*given, *FAULTS[verb][len(given) :])[:2]
        if verb == "probe_off":
            self._off = True
        elif verb == "probe_half_lifted":
            self._lift_to = first
            self._lift_per_s = max(0.0, self._contact - first) / max(second, 1e-3)
        elif verb == "probe_offset":
            self._offset_c += first
        elif verb == "probe_drift":
            self._drift_c_per_h = first
        else:
            self._lag_s = first

    def clear(self, verb: str) -> None:
        """End a fault; the tip returns to its site with its own lag."""
        if verb == "probe_off":
            self._off = False
        elif verb == "probe_stuck":
            self._stuck = None
        elif verb == "probe_half_lifted":
            self._contact = self._lift_to = self.spec.contact
        elif verb == "probe_lag":
            self._lag_s = self.spec.lag_s
        else:
            self._offset_c = self._drift_c_per_h = 0.0
