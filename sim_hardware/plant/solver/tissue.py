# SPDX-License-Identifier: Apache-2.0
"""Tissues by name: thermal constants, conductivity at 100 kHz, and blood flow against temperature.

Laws of flow follow Lang, Erdmann and Seebass 1999 (IEEE TBME 46:1129); values come from a file of
`config/tissues`, with their sources. No tissue is compiled in.
"""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim_hardware.plant.support.part import File, Many, Part

Array = NDArray[np.float64]

BLOOD_J_PER_KG_K = 3617.0
ARTERIAL_C = 37.0
TABLE_FROM_C = 15.0
TABLE_TO_C = 95.0
TABLE_PER_C = 10
LANG_C = 45.0
LANG_WIDTH = 12.0
LANG_REST = float(np.exp(-((ARTERIAL_C - LANG_C) ** 2) / LANG_WIDTH))

Flow = Annotated[float, Field(ge=0.0, le=200.0, description="kg/m³/s of blood")]


class Constant(Part):
    """The same flow at every temperature."""

    law: Literal["constant"]
    rest_kg_per_m3_s: Flow

    def flow(self, celsius: Array) -> Array:
        """Return blood flow, kg/m³/s."""
        return np.full_like(celsius, self.rest_kg_per_m3_s)


class Rising(Part):
    """Vasodilation, Lang's shape for muscle and fat: rest at 37 °C, plateau from 45 °C."""

    law: Literal["rising"]
    rest_kg_per_m3_s: Flow
    plateau_kg_per_m3_s: Flow

    @property
    def numbers(self) -> tuple[float, float]:
        """Return base and gain of base + gain · exp(−(T − 45)²/12), kg/m³/s."""
        gain = (self.plateau_kg_per_m3_s - self.rest_kg_per_m3_s) / (1.0 - LANG_REST)
        return self.plateau_kg_per_m3_s - gain, gain

    def flow(self, celsius: Array) -> Array:
        """Return blood flow, kg/m³/s."""
        base, gain = self.numbers
        return base + gain * np.exp(-(np.minimum(celsius - LANG_C, 0.0) ** 2) / LANG_WIDTH)


class Collapsing(Part):
    """Tumor vessels that shut down between 37 and 42 °C, Lang's law."""

    law: Literal["collapsing"]
    rest_kg_per_m3_s: Flow
    plateau_kg_per_m3_s: Flow

    def flow(self, celsius: Array) -> Array:
        """Return blood flow, kg/m³/s."""
        lost = (np.clip(celsius - ARTERIAL_C, 0.0, 5.0) / 5.0) ** 4.8
        return self.rest_kg_per_m3_s + (self.plateau_kg_per_m3_s - self.rest_kg_per_m3_s) * lost


Law = Annotated[Constant | Rising | Collapsing, Field(discriminator="law")]


class Tissue(Part):
    """One tissue: kg/m³, J/kg/K, W/m/K, W/m³ at rest, S/m at 100 kHz, flow of blood."""

    density_kg_per_m3: Annotated[float, Field(ge=1.0, le=10_000.0, description="kg/m³")]
    heat_j_per_kg_k: Annotated[float, Field(ge=100.0, le=10_000.0, description="J/kg/K")]
    conductivity_w_per_m_k: Annotated[float, Field(ge=0.01, le=10.0, description="W/m/K")]
    metabolic_w_per_m3: Annotated[float, Field(ge=0.0, le=1e6, description="W/m³ at rest")]
    sigma_s_per_m: Annotated[float, Field(ge=0.0, le=5.0, description="S/m at 100 kHz")]
    flow: Law
    note: str = ""

    def with_flow(self, factor: float) -> "Tissue":
        """Return the tissue with its flow, at rest and warm, multiplied."""
        names = [name for name in type(self.flow).model_fields if name.endswith("_kg_per_m3_s")]
        changed = {name: factor * getattr(self.flow, name) for name in names}
        return self.model_copy(update={"flow": self.flow.model_copy(update=changed)})

    @property
    def is_alive(self) -> bool:
        """Whether it makes heat or has blood."""
        return self.metabolic_w_per_m3 > 0.0 or self.flow.rest_kg_per_m3_s > 0.0

    @property
    def heat_capacity(self) -> float:
        """Return J/m³/K."""
        return self.density_kg_per_m3 * self.heat_j_per_kg_k


class TissueFile(File):
    """A file of `config/tissues`: tables `[tissue.NAME]`."""

    tissue: Annotated[dict[str, Tissue], Field(min_length=1)]
    assumed: Many[str] = ()


def rising_laws(tissues: tuple[Tissue, ...]) -> NDArray[np.float32]:
    """Give base and gain of W·c_b by tissue, rows as in `perfusion_table`; (0, 0) elsewhere."""
    rows = [(0.0, 0.0)]
    rows += [row.flow.numbers if isinstance(row.flow, Rising) else (0.0, 0.0) for row in tissues]
    return (np.array(rows) * BLOOD_J_PER_KG_K).astype(np.float32)


def perfusion_table(tissues: tuple[Tissue, ...]) -> NDArray[np.float32]:
    """Tabulate W·c_b, W/m³/K: row 0 is outside the body, then a row per tissue.

    TABLE_PER_C columns per °C from TABLE_FROM_C to TABLE_TO_C; outside that range flow stays.
    """
    columns = int((TABLE_TO_C - TABLE_FROM_C) * TABLE_PER_C) + 1
    celsius = np.linspace(TABLE_FROM_C, TABLE_TO_C, columns)
    rows = [np.zeros(columns), *(row.flow.flow(celsius) * BLOOD_J_PER_KG_K for row in tissues)]
    return np.stack(rows).astype(np.float32)
