# SPDX-License-Identifier: Apache-2.0
"""Tissue constants and temperature-dependent blood flow.

Sources: rho, c, k, resting flow and metabolic heat from the IT'IS tissue database; conductivity
at 100 kHz after Gabriel; flow against temperature after Lang, Erdmann and Seebass 1999 (IEEE TBME
46:1129). Assumed: the skin's plateau of twice its resting flow, and the tumor's k of 0.55.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

BLOOD_J_PER_KG_K = 3617.0
ARTERIAL_C = 37.0
TABLE_FROM_C = 15.0
TABLE_TO_C = 95.0
TABLE_PER_C = 10


def muscle_flow(celsius: Array) -> Array:
    """Return blood flow of muscle, kg/m³/s: rises ninefold up to 45 °C (Lang 1999)."""
    return 0.45 + 3.55 * np.exp(-(np.minimum(celsius - 45.0, 0.0) ** 2) / 12.0)


def fat_flow(celsius: Array) -> Array:
    """Return blood flow of fat, kg/m³/s: doubles up to 45 °C (Lang 1999)."""
    return 0.36 + 0.36 * np.exp(-(np.minimum(celsius - 45.0, 0.0) ** 2) / 12.0)


def tumor_flow(celsius: Array) -> Array:
    """Return blood flow of tumor, kg/m³/s: halves between 37 and 42 °C (Lang 1999)."""
    return 0.833 - np.clip(celsius - 37.0, 0.0, 5.0) ** 4.8 / 5438.0


def skin_flow(celsius: Array) -> Array:
    """Return blood flow of skin, kg/m³/s: muscle's shape, from rest at 37 °C to twice that."""
    rest, shape = 2.064, (muscle_flow(celsius) - 0.467) / (4.0 - 0.467)
    return rest * (1.0 + np.maximum(shape, 0.0))


@dataclass(frozen=True, slots=True)
class Tissue:
    """One tissue: kg/m³, J/kg/K, W/m/K, W/m³ at rest, S/m at 100 kHz, flow in kg/m³/s of °C."""

    name: str
    density_kg_per_m3: float
    heat_j_per_kg_k: float
    conductivity_w_per_m_k: float
    metabolic_w_per_m3: float
    sigma_s_per_m: float
    flow: Callable[[Array], Array]


TISSUES = (
    Tissue("skin", 1109.0, 3390.5, 0.372, 1827.0, 0.07, skin_flow),
    Tissue("fat", 911.0, 2348.33, 0.211, 461.0, 0.03, fat_flow),
    Tissue("muscle", 1090.4, 3421.2, 0.495, 988.0, 0.36, muscle_flow),
    Tissue("tumor", 1050.0, 3600.0, 0.55, 988.0, 0.36, tumor_flow),
)


def tissue_index(name: str) -> int:
    """Return the tissue's row in TISSUES; ValueError lists the known names."""
    names = [tissue.name for tissue in TISSUES]
    if name not in names:
        raise ValueError(f"unknown tissue {name!r}: use one of {', '.join(names)}")
    return names.index(name)


def perfusion_table() -> Array:
    """Tabulate W·c_b, W/m³/K: one row per tissue, TABLE_PER_C columns per °C."""
    columns = int((TABLE_TO_C - TABLE_FROM_C) * TABLE_PER_C) + 1
    celsius = np.linspace(TABLE_FROM_C, TABLE_TO_C, columns)
    return np.stack([tissue.flow(celsius) * BLOOD_J_PER_KG_K for tissue in TISSUES])
