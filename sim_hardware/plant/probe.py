# SPDX-License-Identifier: Apache-2.0
"""One fiber-optic tip: where it sits, how late, how noisy, how true and how well in contact it is.

Resolution here is the fiber's own; what an instrument rounds in its telegrams is the twin's.
"""

import math
import random

from sim_hardware.plant.body.patient_file import ProbeSpec
from sim_hardware.plant.probe_faults import ProbeFaults

FALL_S = 3.0  # a tip in still air follows it this fast
HOUR_S = 3600.0


class Probe:
    """Turns a site's true temperature into what the tip shows.

    First-order lag; contact 1 sees the site, 0 the air. Bias is there from the start, drift grows
    with treatment time, noise comes on top, the sum is rounded to the resolution. `inject` knows
    the verbs of probe_faults.py.
    """

    def __init__(self, spec: ProbeSpec, air_c: float, seed: int) -> None:
        self.spec, self.air_c = spec, air_c
        self._random = random.Random(f"{seed}/{spec.id}")
        self.tip_c: float | None = None
        self._age_s = 0.0
        self.faults = ProbeFaults(random.Random(f"{seed}/{spec.id}/faults"))
        self._shown = math.nan

    def advance(self, dt_s: float, site_c: float) -> None:
        """Let the tip follow its site for `dt_s` treatment seconds."""
        self._age_s += dt_s
        faults, lag_s = self.faults, self.spec.lag_s
        contact = self.spec.contact
        if faults.is_active:
            faults.advance(dt_s)
            contact *= faults.contact
            lag_s = max(lag_s, FALL_S) if faults.is_off else lag_s + faults.lag_s
        seen = self.air_c + contact * (site_c - self.air_c)
        if self.tip_c is None or lag_s <= 0.0:
            self.tip_c = seen
        else:
            self.tip_c += (seen - self.tip_c) * -math.expm1(-dt_s / lag_s)

    def reading(self) -> float:
        """Return one sample, °C: what the tip says, or the frozen value. NaN before the start."""
        if self.faults.stuck_c is not None:
            return self.faults.stuck_c
        if self.tip_c is None:
            return math.nan
        spec = self.spec
        said = self.tip_c + spec.bias_c + spec.drift_c_per_h * self._age_s / HOUR_S
        said += self._random.gauss(0.0, spec.noise_c)
        if self.faults.is_active:
            said = self.faults.said(said)
        if spec.resolution_c > 0.0:
            said = round(said / spec.resolution_c) * spec.resolution_c
        self._shown = said
        return said

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault. A stuck channel shows the argument, else its last sample."""
        if verb == "probe_stuck" and not argument:
            last = self._shown if math.isfinite(self._shown) else self.reading()
            argument = repr(last)
        self.faults.inject(verb, argument)

    def clear(self, verb: str) -> None:
        """End a fault; the tip returns to its site with its own lag."""
        self.faults.clear(verb)
