# SPDX-License-Identifier: Apache-2.0
"""The applicator between amplifier and patient: where its field is, its resonant tank, its cooling.

Coordinates are mm from its center, y from pole to pole; amplitudes are peak; time is loop time.
It is no design of a coil: one lump of heat stands for copper, ferrite and capacitors.
"""

import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MU_0 = 4e-7 * math.pi
WATER_J_PER_L_K = 4170.0
"""At 20 to 40 °C, CRC Handbook: 4.18 kJ/(kg K), 0.998 kg/L."""
REACH = 3.0
"""Half widths of the closed form at which its field, by then 1/512, is called zero."""
CENTER_TOLERANCE = 1e-3
RIGHT = "give increasing r_mm from 0, increasing y_mm from 0 or across it, and relative[r][y]"


@dataclass(frozen=True, slots=True)
class Facts:
    """MFH 300F style. A constant without a source beside it is assumed.

    "Kobayashi" is Nanomedicine 2014;9(11):1715, "Johannsen" Int J Hyperthermia 2005;21:637.
    """

    frequency_khz: float = 100.0  # Kobayashi: fixed
    field_ka_per_m_max: float = 18.0  # Johannsen; taken as peak
    pole_radius_mm: float = 100.0  # Kobayashi: the treatment volume is a cylinder of 20 cm
    gap_mm: float = 300.0  # Kobayashi: the widest aperture
    gap_mm_max: float = 300.0
    turns: float = 12.0
    loss_w_max: float = 5000.0  # at full field and 20 °C, as the twin's POW:AC; gives Q = 241
    resistance_per_k: float = 0.0039  # copper at 20 °C, CRC Handbook
    heat_j_per_k: float = 6000.0  # 15 kg of copper
    water_w_per_k: float = 500.0  # wall to water at the nominal flow, rises with flow^0.8
    flow_l_per_min: float = 8.0  # as the twin's
    inlet_c: float = 22.0  # as the twin's; the tank is tuned at this temperature
    drift_per_k: float = -50e-6  # of the resonance: a warm coil is a longer one
    lock_khz: float = 2.0  # how far to each side the source follows; 0: not at all

    @property
    def field_ka_per_m_per_a(self) -> float:
        """Peak field for one ampere (peak): all ampere-turns fall across the gap."""
        return self.turns / self.gap_mm

    @property
    def stored_j_max(self) -> float:
        """Peak magnetic energy of the gap at full field."""
        volume_m3 = math.pi * self.pole_radius_mm**2 * self.gap_mm * 1e-9
        return 0.5 * MU_0 * (1e3 * self.field_ka_per_m_max) ** 2 * volume_m3

    @property
    def quality(self) -> float:
        """Q of the tank: ω times the peak energy over the loss."""
        return 2e3 * math.pi * self.frequency_khz * self.stored_j_max / self.loss_w_max

    @property
    def ringing_s(self) -> float:
        """Time constant of the amplitude, Q/(π f): a millisecond, so that nothing models it."""
        return self.quality / (1e3 * math.pi * self.frequency_khz)


MFH300F = Facts()


def pickup_v(ka_per_m: float, khz: float, area_cm2: float, turns: int = 1) -> float:
    """Return the peak voltage of a pickup loop across the field: ω μ0 N A H."""
    return 2e3 * math.pi * khz * MU_0 * turns * 1e-4 * area_cm2 * 1e3 * ka_per_m


# ---- where the field is --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A measured or computed map, symmetric about the axis: `relative[r][y]`, 1 at the center.

    y from 0 means that both poles are alike. Outside the grid there is no field.
    """

    r_mm: Array
    y_mm: Array
    relative: Array
    file: str = "field table"

    def __post_init__(self) -> None:
        for key in ("r_mm", "y_mm", "relative"):
            object.__setattr__(self, key, self._numbers(key))
        for key in ("r_mm", "y_mm"):
            grid = getattr(self, key)
            if grid.ndim != 1 or len(grid) < 2 or not (np.diff(grid) > 0.0).all():
                raise self._wrong(key, "not two or more increasing numbers")
        if self.r_mm[0] != 0.0:
            raise self._wrong("r_mm", f"begins at {self.r_mm[0]}, not at 0")
        if not self.y_mm[0] <= 0.0 < self.y_mm[-1]:
            raise self._wrong("y_mm", f"{self.y_mm[0]} to {self.y_mm[-1]} leaves the center out")
        shape = (len(self.r_mm), len(self.y_mm))
        if self.relative.shape != shape:
            raise self._wrong("relative", f"has shape {self.relative.shape}, not {shape}")
        if (self.relative < 0.0).any():
            raise self._wrong("relative", f"{self.relative.min()} is negative")
        center = float(self.at(np.zeros(1), np.zeros(1))[0])
        if abs(center - 1.0) > CENTER_TOLERANCE:
            raise self._wrong("relative", f"is {center:g} at the center, not 1")

    @classmethod
    def read(cls, path: Path) -> "FieldTable":
        """Read a TOML file of these three keys; ValueError names file and key."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path}: {error}; {RIGHT}") from error
        keys = ("r_mm", "y_mm", "relative")
        if odd := sorted(set(data) ^ set(keys)):
            raise ValueError(f"{path}: {odd[0]}: missing or unknown; {RIGHT}")
        return cls(data["r_mm"], data["y_mm"], data["relative"], str(path))

    def at(self, r_mm: Array, y_mm: Array) -> Array:
        """Interpolate between the four neighbors."""
        y_mm = np.abs(y_mm) if self.y_mm[0] == 0.0 else y_mm
        (i, u), (j, v) = _place(self.r_mm, r_mm), _place(self.y_mm, y_mm)
        m = self.relative
        low = (1.0 - u) * m[i, j] + u * m[i + 1, j]
        high = (1.0 - u) * m[i, j + 1] + u * m[i + 1, j + 1]
        inside = (r_mm <= self.r_mm[-1]) & (self.y_mm[0] <= y_mm) & (y_mm <= self.y_mm[-1])
        return np.where(inside, (1.0 - v) * low + v * high, 0.0)

    def _numbers(self, key: str) -> Array:
        try:
            array = np.asarray(getattr(self, key), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise self._wrong(key, f"not a grid of numbers ({error})") from error
        if not np.isfinite(array).all():
            raise self._wrong(key, "holds a number that is not finite")
        return array

    def _wrong(self, key: str, why: str) -> ValueError:
        return ValueError(f"{self.file}: {key}: {why}; {RIGHT}")


def _place(grid: Array, at: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the cell of each point and how far into it the point lies, 0 to 1 on the grid."""
    cell = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, len(grid) - 2)
    return cell, (at - grid[cell]) / (grid[cell + 1] - grid[cell])


@dataclass(frozen=True)
class FieldMap:
    """Peak field relative to the center's. Without a table: m = 2^−(r²/a² + y²/b²).

    Assumed: a Gaussian, half at the pole's edge (r = pole radius, y = half the gap). At the widest
    gap a = b = 180 mm, and the central sphere of 20 cm sees 0.90 ± 0.10; a closer gap shortens b.
    Only the magnitude is meant: m is no solution of Maxwell's equations.
    """

    facts: Facts = MFH300F
    table: FieldTable | None = None

    def __call__(self, x_mm: ArrayLike, y_mm: ArrayLike, z_mm: ArrayLike) -> Array:
        """Return the map at these points; the coordinates broadcast against each other."""
        x, y, z = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (x_mm, y_mm, z_mm)))
        r2 = x * x + z * z
        if self.table is not None:
            return self.table.at(np.sqrt(r2), y)
        across2 = self.facts.pole_radius_mm**2 + (0.5 * self.facts.gap_mm_max) ** 2
        along2 = across2 * (self.facts.gap_mm / self.facts.gap_mm_max) ** 2
        s2 = r2 / across2 + y * y / along2
        return np.where(s2 <= REACH * REACH, np.exp2(-s2), 0.0)


# ---- tank and cooling ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tank:
    """The resonance, and what is left of the field when the source cannot follow it.

    `load` is the relative change of inductance by what lies in the bore: above 0 for particles,
    below 0 for a conductor, whose eddy currents push the field out.
    """

    facts: Facts = MFH300F

    def resonance_khz(self, coil_c: float, load: float = 0.0) -> float:
        """Return where the tank resonates."""
        warm = 1.0 + self.facts.drift_per_k * (coil_c - self.facts.inlet_c)
        return self.facts.frequency_khz * warm / math.sqrt(1.0 + load)

    def source_khz(self, coil_c: float, load: float = 0.0) -> float:
        """Return the frequency of source and field: the resonance, as far as it can be followed."""
        low = self.facts.frequency_khz - self.facts.lock_khz
        high = self.facts.frequency_khz + self.facts.lock_khz
        return min(max(self.resonance_khz(coil_c, load), low), high)

    def gain(self, coil_c: float, load: float = 0.0) -> float:
        """Return the amplitude relative to that in resonance."""
        ratio = self.source_khz(coil_c, load) / self.resonance_khz(coil_c, load)
        return 1.0 / math.hypot(1.0, self.facts.quality * (ratio - 1.0 / ratio))


class Cooling:
    """Coil as one lump at `coil_c`, water through it; all heat leaves with the water (no air).

    Without flow the outlet's sensor, outside the coil, keeps what it saw last. Times to overheat:
    the flow stops, and the coil passes 70 °C in 34 s (steady, full field), 302 s (cold, 7.5 kA/m),
    680 s (cold, 5 kA/m). Water of 50 °C comes in, and the outlet passes 45 °C in 2.3 s (steady,
    full field), 19 s (steady, 5 kA/m), 22 s (no field).
    """

    def __init__(self, facts: Facts = MFH300F) -> None:
        self.facts = facts
        self.flow_l_per_min, self.inlet_c = facts.flow_l_per_min, facts.inlet_c
        self.coil_c = self.coolant_out_c = facts.inlet_c

    def loss_w(self, field2: float) -> float:
        """Return the mean I²R at the present temperature; `field2` is the mean H², (kA/m)²."""
        cold_w = self.facts.loss_w_max * field2 / self.facts.field_ka_per_m_max**2
        return cold_w * (1.0 + self.facts.resistance_per_k * (self.coil_c - 20.0))

    def advance(self, dt_s: float, field2: float) -> None:
        """Let time pass under a mean H²: the exact solution of the linear equation."""
        grip, flow_w_per_k = self._grip()
        cooling_w_per_k = grip * flow_w_per_k
        cold_w = self.facts.loss_w_max * field2 / self.facts.field_ka_per_m_max**2
        slope_w = self.loss_w(field2) - cooling_w_per_k * (self.coil_c - self.inlet_c)
        rate = (cold_w * self.facts.resistance_per_k - cooling_w_per_k) / self.facts.heat_j_per_k
        span_s = math.expm1(rate * dt_s) / rate if rate else dt_s
        self.coil_c += slope_w / self.facts.heat_j_per_k * span_s
        if flow_w_per_k > 0.0:
            self.coolant_out_c = self.inlet_c + grip * (self.coil_c - self.inlet_c)

    def _grip(self) -> tuple[float, float]:
        """How near the water gets to the coil's temperature, 0 to 1, and what it carries, W/K."""
        if self.flow_l_per_min <= 0.0:
            return 0.0, 0.0
        flow_w_per_k = self.flow_l_per_min / 60.0 * WATER_J_PER_L_K
        share = self.flow_l_per_min / self.facts.flow_l_per_min
        wall_w_per_k = self.facts.water_w_per_k * share**0.8
        return -math.expm1(-wall_w_per_k / flow_w_per_k), flow_w_per_k


@dataclass
class Applicator:
    """Tank and cooling as a coil carries them. `load` may change at any time (see `Tank`).

    Faults: coolant_stop (argument "unseen": the flow meter sticks where it was), coolant_warm
    (argument: °C of the water that comes in, 50 if none is given), detune (argument: by how much
    of itself the resonance moves).
    """

    facts: Facts = MFH300F
    load: float = 0.0
    tank: Tank = field(init=False)
    cooling: Cooling = field(init=False)
    flow_shown_l_per_min: float = field(init=False)
    _faults: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.tank, self.cooling = Tank(self.facts), Cooling(self.facts)
        self.flow_shown_l_per_min = self.facts.flow_l_per_min

    def advance(self, dt_s: float, field2: float) -> None:
        """Let time pass under a mean H², (kA/m)²."""
        self.cooling.advance(dt_s, field2)

    @property
    def gain(self) -> float:
        """What detuning leaves of the field, 1 while the source follows."""
        return self.tank.gain(self.cooling.coil_c, self.load)

    def supply(self, inlet_c: float, *, is_flowing: bool) -> None:
        """Take a chiller's water; a fault that is under way has the last word."""
        if "coolant_warm" not in self._faults:
            self.cooling.inlet_c = inlet_c
        if "coolant_stop" not in self._faults:
            flow = self.facts.flow_l_per_min if is_flowing else 0.0
            self.cooling.flow_l_per_min = self.flow_shown_l_per_min = flow

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "coolant_stop" and argument in {"", "unseen"}:
            self.cooling.flow_l_per_min = 0.0
            if not argument:
                self.flow_shown_l_per_min = 0.0
        elif verb == "coolant_warm":
            self.cooling.inlet_c = float(argument or 50.0)
        elif verb == "detune":
            self.load = (1.0 + float(argument)) ** -2 - 1.0
        else:
            raise ValueError(f"an applicator has no fault {verb!r} with {argument!r}")
        self._faults.add(verb)

    def clear(self, verb: str) -> None:
        """End it: the nominal flow, inlet or resonance."""
        self._faults.discard(verb)
        if verb == "detune":
            self.load = 0.0
        elif verb == "coolant_stop":
            self.cooling.flow_l_per_min = self.facts.flow_l_per_min
            self.flow_shown_l_per_min = self.facts.flow_l_per_min
        else:
            self.cooling.inlet_c = self.facts.inlet_c
