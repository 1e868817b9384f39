# SPDX-License-Identifier: Apache-2.0
"""Physical constants and conversions every floor shares. Field amplitudes are peak values."""

import math

FIELD_FULL_SCALE_KA_PER_M = 18.0
"""Full scale of the MFH 300F style applicator; the control output is u = (H / full scale)**2."""

FREQUENCY_HZ_NOMINAL = 100_000.0

BREZOVICH_A_PER_M_S = 4.85e8
"""Atkinson-Brezovich H·f; a warning, not a limit: head treatments exceed it."""

TISSUE_DIFFUSIVITY_M2_PER_S = 1.3228e-7
"""alpha = k / (rho c) for k 0.5 W/m/K, rho 1050 kg/m3, c 3600 J/kg/K."""


def power_fraction(field_ka_per_m: float) -> float:
    """Heating is proportional to H²: the fraction u of full-scale power at this peak amplitude."""
    return (field_ka_per_m / FIELD_FULL_SCALE_KA_PER_M) ** 2


def field_ka_per_m(power: float) -> float:
    """Peak amplitude that gives the power fraction u; negative u has no amplitude and gives 0."""
    return FIELD_FULL_SCALE_KA_PER_M * math.sqrt(max(0.0, power))


def field_cap_at_frequency(cap_ka_per_m_at_100khz: float, frequency_hz: float) -> float:
    """The region cap as H·f: H_cap(f) = H_cap(100 kHz) · 100 kHz / f."""
    return cap_ka_per_m_at_100khz * FREQUENCY_HZ_NOMINAL / frequency_hz
