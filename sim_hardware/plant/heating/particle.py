# SPDX-License-Identifier: Apache-2.0
"""Particles from a file: their heating in a peak field, W per kg of iron, never of oxide.

A figure per kg of magnetite has to be divided by FE_PER_FE3O4 before it goes into a file; only
`Rosensweig` computes per kg of Fe3O4 and converts by itself. Measured laws are linear in frequency.
"""

import math
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from sim_hardware.plant.heating.sources import MU0, slp_w_per_kg
from sim_hardware.plant.support.part import File, Many, NotNegative, Pair, Part, Positive, Text

Array = NDArray[np.float64]
Evidence = Literal["seed", "found", "memory", "assumed"]
FE_PER_FE3O4 = 0.7236  # mass: 3 · 55.845 / 231.53
BOLTZMANN_J_PER_K = 1.380649e-23
MAGNETITE_A_PER_M, MAGNETITE_KG_PER_M3 = 446e3, 5180.0
WIDTHS, SAMPLES = 6.0, 241  # range and number of the sizes of a log-normal powder


class Ilp(Part):
    """Intrinsic loss power: H² · f, right for small particles far below saturation."""

    model: Literal["ilp"]
    ilp_nh_m2_per_kg: Annotated[Positive, Field(le=100.0, description="nH·m²/kg of iron")]

    def w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron."""
        return slp_w_per_kg(self.ilp_nh_m2_per_kg, field_ka_per_m, frequency_khz)


class _Measured(Part):
    """A law measured at one frequency and scaled in proportion to others."""

    frequency_khz: Annotated[Positive, Field(description="kHz at which the numbers were measured")]


class Table(_Measured):
    """Measured points, straight lines between them, zero at zero field, nothing beyond the last.

    A field beyond the table is refused: neither a held value nor a continued line was measured.
    """

    model: Literal["table"]
    field_ka_per_m: Annotated[Many[Positive], Field(min_length=1, description="kA/m, peak, rising")]
    slp_w_per_kg: Annotated[
        Many[NotNegative], Field(description="W per kg of iron, one a field, never falling")
    ]

    @field_validator("field_ka_per_m")
    @classmethod
    def _rising(cls, fields: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in pairwise(fields)):
            raise ValueError("must rise from each field to the next")
        return fields

    @field_validator("slp_w_per_kg")
    @classmethod
    def _not_falling(cls, watts: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        if len(watts) != len(info.data.get("field_ka_per_m", watts)):
            raise ValueError("must have one number a field")
        if any(later < earlier for earlier, later in pairwise(watts)):
            raise ValueError("must not fall from one field to the next")
        return watts

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        return np.array([0.0, *self.field_ka_per_m]), np.array([0.0, *self.slp_w_per_kg])

    def w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron; ValueError beyond the last field."""
        if field_ka_per_m > self.field_ka_per_m[-1]:
            end = f"the table ends at {self.field_ka_per_m[-1]:g} kA/m"
            raise ValueError(f"{field_ka_per_m:g} kA/m: {end}, and guesses nothing beyond")
        value = float(np.interp(field_ka_per_m, *self._points))
        return value * frequency_khz / self.frequency_khz


class Power(_Measured):
    """A power of the field, from one measured point; 3 for hysteresis of large grains.

    With a threshold the power is taken of the field's excess over it, so heat starts from zero.
    """

    model: Literal["power"]
    slp_w_per_kg: Annotated[Positive, Field(description="W per kg of iron in the reference field")]
    field_ka_per_m: Annotated[Positive, Field(description="kA/m, peak: the reference field")]
    exponent: Annotated[float, Field(ge=1.0, le=5.0, description="of the field; 3 for hysteresis")]
    threshold_ka_per_m: Annotated[
        NotNegative, Field(description="kA/m, peak: no heat up to it")
    ] = 0.0

    @field_validator("threshold_ka_per_m")
    @classmethod
    def _below_reference(cls, threshold: float, info: ValidationInfo) -> float:
        if threshold >= info.data.get("field_ka_per_m", math.inf):
            raise ValueError("must be below field_ka_per_m")
        return threshold

    def w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron."""
        threshold = self.threshold_ka_per_m
        share = max(field_ka_per_m - threshold, 0.0) / (self.field_ka_per_m - threshold)
        scale = self.slp_w_per_kg * frequency_khz / self.frequency_khz
        return float(scale * share**self.exponent)


class Saturating(_Measured):
    """H² at first, then level: SLP = max · H² / (H² + H_half²)."""

    model: Literal["saturating"]
    slp_w_per_kg_max: Annotated[Positive, Field(description="W per kg of iron in a high field")]
    half_field_ka_per_m: Annotated[Positive, Field(description="kA/m, peak: half of the maximum")]

    def w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron."""
        square = field_ka_per_m**2
        share = square / (square + self.half_field_ka_per_m**2)
        return self.slp_w_per_kg_max * share * frequency_khz / self.frequency_khz


class Rosensweig(Part):
    """Linear response of magnetite (Rosensweig 2002, JMMM 252:370) with Langevin susceptibility.

    A powder with `sigma` has log-normal diameters by number around the median `core_nm`, the
    magnetic core, which may be less than the one seen. Immobilized particles turn by Néel only.
    """

    model: Literal["rosensweig"]
    core_nm: Annotated[Positive, Field(ge=1.0, le=100.0, description="nm, median diameter")]
    sigma: Annotated[float, Field(ge=0.0, le=0.6, description="of ln(diameter); 0: all alike")] = (
        0.0
    )
    anisotropy_kj_per_m3: Annotated[Positive, Field(description="kJ/m³, 23 to 41")] = 23.0
    shell_nm: Annotated[NotNegative, Field(description="nm, coating that turns along")] = 2.0
    viscosity_mpa_s: Annotated[Positive, Field(description="mPa·s; water: 1.0 at 20 °C")] = 1.0
    immobilized: Annotated[bool, Field(description="Néel relaxation only")] = False
    temperature_k: Annotated[float, Field(ge=250.0, le=400.0, description="K")] = 310.15
    tau0_ns: Annotated[Positive, Field(description="ns, attempt time")] = 1.0

    @cached_property
    def _powder(self) -> tuple[Array, Array, Array]:
        """Return mass share, xi per kA/m and relaxation rate in 1/s of each size in the powder."""
        spread = np.linspace(-WIDTHS, WIDTHS, SAMPLES) if self.sigma > 0.0 else np.zeros(1)
        share = np.exp(-0.5 * spread**2)
        # By mass, a powder log-normal by number is log-normal around a median exp(3 sigma²) larger.
        core_m = 1e-9 * self.core_nm * np.exp(3.0 * self.sigma**2 + self.sigma * spread)
        thermal_j = BOLTZMANN_J_PER_K * self.temperature_k
        volume_m3 = math.pi / 6.0 * core_m**3
        barrier = 1e3 * self.anisotropy_kj_per_m3 * volume_m3 / thermal_j
        neel_s = math.sqrt(math.pi) / 2.0 * 1e-9 * self.tau0_ns
        rate = np.exp(-barrier) * np.sqrt(barrier) / neel_s
        if not self.immobilized:
            turning_m3 = math.pi / 6.0 * (core_m + 2e-9 * self.shell_nm) ** 3
            rate += thermal_j / (3e-3 * self.viscosity_mpa_s * turning_m3)
        return share / share.sum(), MU0 * MAGNETITE_A_PER_M * 1e3 * volume_m3 / thermal_j, rate

    def xi(self, field_ka_per_m: float) -> float:
        """Return magnetic over thermal energy of the core with the median mass."""
        share, xi_per_ka_per_m, _ = self._powder
        return float(xi_per_ka_per_m[len(share) // 2]) * field_ka_per_m

    def w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron."""
        share, xi_per_ka_per_m, rate = self._powder
        xi = xi_per_ka_per_m * field_ka_per_m
        safe = np.maximum(xi, 1e-3)  # below it the difference cancels and the ratio is 1/3
        # chi0 · H = Md · (coth xi − 1/xi), because chi_i · 3/xi = Md/H.
        moment = MAGNETITE_A_PER_M * (1.0 / np.tanh(safe) - 1.0 / safe) / safe * xi
        omega = 2e3 * math.pi * frequency_khz
        in_phase = omega * rate / (rate**2 + omega**2)  # x/(1 + x²) with x = omega · tau
        loss_a_per_m = float((share * moment) @ in_phase)
        watts_per_m3 = 0.5 * MU0 * omega * loss_a_per_m * 1e3 * field_ka_per_m
        return watts_per_m3 / MAGNETITE_KG_PER_M3 / FE_PER_FE3O4


Heating = Annotated[
    Ilp | Table | Power | Saturating | Rosensweig,
    Field(discriminator="model", description="which law, with its numbers"),
]
IN_TISSUE = "in-tissue share of the heat: aggregates, and binding that the law does not know"


class Particle(File):
    """One kind of particle: what it is, how it heats, and how well that is known.

    `evidence` is about the heating: the founding review, a source found, memory, or an assumption.
    """

    core_nm: Annotated[Positive, Field(le=1e7, description="nm, diameter of the magnetic core")]
    material: Annotated[Text, Field(description="core and coating")]
    evidence: Annotated[Evidence, Field(description="where the heating numbers come from")]
    heating: Heating
    tissue_factor: Annotated[float, Field(ge=0.3, le=1.0, description=IN_TISSUE)] = 1.0
    release_window_c: Annotated[
        Pair[float] | None, Field(description="°C from and to, where a liposome lets its drug go")
    ] = None

    @field_validator("release_window_c")
    @classmethod
    def _window(cls, window: tuple[float, float] | None) -> tuple[float, float] | None:
        if window is not None and not 30.0 <= window[0] < window[1] <= 60.0:
            raise ValueError("must be two rising temperatures between 30 and 60 °C")
        return window

    @property
    def field_ka_per_m_max(self) -> float:
        """The highest peak field that `slp_w_per_kg` answers: a table's last, else infinity."""
        return self.heating.field_ka_per_m[-1] if isinstance(self.heating, Table) else math.inf

    def slp_w_per_kg(self, field_ka_per_m: float, frequency_khz: float) -> float:
        """Return W per kg of iron, in tissue. ValueError for a field below 0 or beyond a table."""
        if field_ka_per_m < 0.0:
            raise ValueError(f"{field_ka_per_m:g} kA/m: a peak field is never negative")
        return self.tissue_factor * self.heating.w_per_kg(field_ka_per_m, frequency_khz)

    def lrt_warning(self, field_ka_per_m: float) -> str:
        """Say why linear response does not hold in that field; empty when it does."""
        law = self.heating
        if not isinstance(law, Rosensweig) or law.xi(field_ka_per_m) < 1.0:
            return ""
        xi = f"xi is {law.xi(field_ka_per_m):.2g} at {field_ka_per_m:g} kA/m"
        return f"{self.name}: {xi}: linear response holds below 1; use a table or `saturating`"
