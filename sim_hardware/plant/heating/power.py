# SPDX-License-Identifier: Apache-2.0
"""How much heat a field makes in a body as a whole: particles by their laws of H, eddies by H²."""

from dataclasses import dataclass

from sim_hardware.plant.heating.particle import Particle


@dataclass(frozen=True)
class Power:
    """Deposits with their particles, the relative field there, kg of iron; eddies of the body.

    `eddy_body_w` is W for 1 kA/m peak in the whole body part that lies in the bore.
    """

    particles: tuple[Particle, ...]
    relative_field: tuple[float, ...]
    kg: tuple[float, ...]
    eddy_body_w: float
    frequency_khz: float

    def w_per_kg(self, field2: float) -> list[float]:
        """Return specific loss power of each deposit's iron, W/kg, at a squared peak, (kA/m)²."""
        field = max(field2, 0.0) ** 0.5
        return [
            particle.slp_w_per_kg(relative * field, self.frequency_khz)
            for particle, relative in zip(self.particles, self.relative_field, strict=True)
        ]

    def absorbed_w(self, field2: float) -> float:
        """Return the power in the body, W."""
        powers = zip(self.kg, self.w_per_kg(field2), strict=True)
        return self.eddy_body_w * max(field2, 0.0) + sum(kg * power for kg, power in powers)
