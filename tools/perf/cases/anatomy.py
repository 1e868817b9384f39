# SPDX-License-Identifier: Apache-2.0
"""Eddy heat in the shipped patients' tissues at their regions' caps: printed, not judged."""

from pathlib import Path

import numpy as np

from sim_hardware.plant.heating.heat import eddies
from sim_hardware.plant.models.load import load

PATIENTS = Path(__file__).resolve().parents[3] / "config" / "patients"


def eddy_w_per_kg() -> dict[str, dict[str, float]]:
    """Return the largest eddy SAR of each shipped patient, in any tissue and in muscle, W/kg."""
    found = {}
    for path in sorted(PATIENTS.glob("*.toml")):
        model = load(path)
        density = model.by_label("density_kg_per_m3")
        density[0] = 1.0
        power = eddies(model.scene, model.by_label("sigma_s_per_m"))
        power = power * model.patient.reaches.cap_ka_per_m**2 / density[model.geometry.label]
        named = {"any": power[model.geometry.body]}
        for tissue in ("skin", "muscle"):
            if tissue in model.geometry.names:
                here = power[model.geometry.label == model.geometry.names.index(tissue)]
                named |= {tissue: here} if here.size else {}
        found[path.stem] = {name: round(float(np.max(rows)), 2) for name, rows in named.items()}
    return found
