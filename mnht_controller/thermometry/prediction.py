# SPDX-License-Identifier: Apache-2.0
"""How far a temperature still rises after the field is off: deep heat keeps arriving.

The rise is about slope times t_p = probe lag + 5 s + 1.25·d²/(4·diffusivity), d the distance from
the probe to the deposit's hot edge (heated sphere under adiabatic skin). A rule for cutting back,
not a model.
"""

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.units import TISSUE_DIFFUSIVITY_M2_PER_S

PREDICTION_S_MAX = 120.0
"""Longest prediction; also the one that applies where the depth is not known."""
REACTION_S = 5.0
DIFFUSION_MARGIN = 1.25


def prediction_s(probe: Probe) -> float:
    """t_p in seconds of treatment time, at most 120.

    A tumor probe lies in the deposit, where next to nothing arrives later: lag + 5 s.
    """
    if probe.role is Role.TUMOR:
        return _bounded(probe.lag_s + REACTION_S)
    if probe.deposit_depth_mm is None:
        return PREDICTION_S_MAX
    depth_m = probe.deposit_depth_mm * 1e-3
    diffusion_s = depth_m * depth_m / (4.0 * TISSUE_DIFFUSIVITY_M2_PER_S)
    return _bounded(probe.lag_s + REACTION_S + DIFFUSION_MARGIN * diffusion_s)


def predicted_c(now_c: float, rate_c_per_s: float, horizon_s: float) -> float:
    """Where the temperature ends if the field goes off now; falling predicts no relief."""
    return now_c + max(0.0, rate_c_per_s) * horizon_s


def _bounded(horizon_s: float) -> float:
    return horizon_s if 0.0 <= horizon_s <= PREDICTION_S_MAX else PREDICTION_S_MAX
