# SPDX-License-Identifier: Apache-2.0
"""How the field becomes heat: particles and eddy currents. H is always the peak amplitude.

Particles: SLP = ILP · H² · f (below saturation). Eddy currents in a homogeneous cylinder along
the field: p = (σ/2)(π μ0 f H r)².
"""

import math

MU0 = 4e-7 * math.pi


def slp_w_per_kg(ilp_nh_m2_per_kg: float, field_ka_per_m: float, frequency_khz: float) -> float:
    """Return the particles' specific loss power, W per kg of iron."""
    return ilp_nh_m2_per_kg * field_ka_per_m**2 * frequency_khz


def eddy_w_per_m3(
    sigma_s_per_m: float, radius_m: float, field_ka_per_m: float, frequency_khz: float
) -> float:
    """Return the eddy power density at a distance from the axis of the body part."""
    electric_v_per_m = math.pi * MU0 * frequency_khz * 1e3 * field_ka_per_m * 1e3 * radius_m
    return 0.5 * sigma_s_per_m * electric_v_per_m**2
