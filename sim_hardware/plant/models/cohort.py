# SPDX-License-Identifier: Apache-2.0
"""Random patients: one file of ranges, one seed, and patient n is always the same patient."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from sim_hardware.plant.body.patient_file import PatientFile, Reference
from sim_hardware.plant.models import hold
from sim_hardware.plant.models.load import BadPatient, build, read
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.support.part import File, Part, complaint

SETPOINT_C = 43.0
COVER_MM = 2.0
"""Least tissue between a deposit's hot edge and the skin."""
IRON_MAX = 200.0


class Range(Part):
    """Where a number is drawn: evenly, or evenly in its logarithm."""

    low: float
    high: float
    law: Literal["uniform", "log"] = "uniform"

    @model_validator(mode="after")
    def _is_a_range(self) -> "Range":
        if self.low > self.high or (self.law == "log" and self.low <= 0.0):
            raise ValueError("must have low <= high, and low above 0 for logarithms")
        return self

    def draw(self, random: np.random.Generator) -> float:
        """Return one number."""
        if self.law == "log":
            return float(np.exp(random.uniform(np.log(self.low), np.log(self.high))))
        return float(random.uniform(self.low, self.high))


class Vary(Part):
    """What differs between patients."""

    deposit_radius_mm: Range
    deposit_depth_mm: Range
    flow_factor: Range
    hold_u: Range
    body_radius_mm: Range
    air_c: Range
    lag_s: Range
    probe_lag_s: Range
    probe_noise_c: Range
    placement_mm: Range


class CohortFile(File):
    """A file of `config/cohorts`: `base` gives tissues, layers and the names of sites and probes.

    `hold_u` is u = (H/cap)² at which skin holds 43 °C: the iron is chosen so. A patient who would
    need more than can be injected is field-limited, and says so.
    """

    base: Reference
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    seed: Annotated[int, Field(ge=0)]
    voxel_mm: Annotated[float, Field(ge=0.5, le=5.0)] = 2.0
    cap_ka_per_m: Annotated[float, Field(gt=0.0, le=40.0)]
    vary: Vary


def draw(cohort: CohortFile, path: Path, number: int) -> PatientFile:
    """Return patient `number` (from 0) of the cohort at `path`. Raises BadPatient, ValueError."""
    if not (0 <= number < cohort.count):
        raise ValueError(f"the cohort has patients 0 to {cohort.count - 1}, not {number}")
    base_path = path.parent / cohort.base
    random = np.random.default_rng([cohort.seed, number])
    vary = cohort.vary
    radius = vary.deposit_radius_mm.draw(random)
    depth = max(vary.deposit_depth_mm.draw(random), radius + COVER_MM)
    shift = [vary.placement_mm.draw(random) for _ in range(2)]
    base = read(base_path, PatientFile).model_dump(by_alias=True)
    if not base["structure"] or base["body"]["shape"] == "labels":
        why = "a base needs layers and a structure that is the tumor, give another patient"
        raise BadPatient(path, "base", why)
    drawn = base | {
        "name": f"{cohort.name[:24]}_{number:04d}",
        "title": f"{cohort.title}: patient {number}",
        "source": [f"drawn from cohort {cohort.name}, seed {cohort.seed}, number {number}"],
    }
    drawn["grid"] = base["grid"] | {"voxel_mm": cohort.voxel_mm}
    drawn["body"] = base["body"] | {"radius_mm": vary.body_radius_mm.draw(random)}
    air_c = vary.air_c.draw(random)
    drawn["skin"] = base["skin"] | {"air_c": air_c, "radiant_c": air_c}
    flow, lag_s = vary.flow_factor.draw(random), vary.lag_s.draw(random)
    drawn["circulation"] = base["circulation"] | {"flow_factor": flow, "lag_s": lag_s}
    ball = {"shape": "sphere", "center_mm": [*shift, depth], "radius_mm": radius}
    drawn["structure"] = [base["structure"][0] | {"solid": ball}]
    drawn["deposit"] = [base["deposit"][0] | {"solid": ball, "map": None}]
    drawn["layer"] = [
        row | {"thickness_mm": max(row["thickness_mm"], cohort.voxel_mm)} for row in base["layer"]
    ]
    drawn["site"] = _sites(base["site"], radius, depth)
    lags = (vary.probe_lag_s.draw(random), vary.probe_noise_c.draw(random))
    drawn["probe"] = [row | {"lag_s": lags[0], "noise_c": lags[1]} for row in base["probe"]]
    try:
        return _with_iron(drawn, base_path, cohort, vary.hold_u.draw(random))
    except ValidationError as error:
        raise BadPatient(path, *complaint(error)) from error


def _sites(sites: list[dict[str, Any]], radius: float, depth: float) -> list[dict[str, Any]]:
    """Put the inner sites where a planner would: in the deposit's middle, and 6 mm beside it."""
    moved = []
    for site in sites:
        inner = site["depth_mm"] > 0.0
        beside = inner and site["x_mm"] != 0.0
        x_mm = radius + 6.0 if beside else site["x_mm"]
        moved.append(site | {"x_mm": x_mm, "depth_mm": depth if inner else 0.0})
    return moved


def _with_iron(drawn: dict[str, Any], path: Path, cohort: CohortFile, hold_u: float) -> PatientFile:
    """Choose the iron that makes skin hold the set-point at `hold_u` of the cap's u."""
    field = cohort.cap_ka_per_m * hold_u**0.5
    reach = {"role": "skin", "celsius": SETPOINT_C, "cap_ka_per_m": cohort.cap_ka_per_m}

    def made(iron: float, reaches: dict[str, Any]) -> PatientFile:
        deposit = [drawn["deposit"][0] | {"iron_mg_per_ml": iron}]
        return PatientFile.model_validate(drawn | {"deposit": deposit, "reaches": reaches})

    def over(iron: float) -> float:
        at_field = made(min(iron, IRON_MAX), reach | {"field_ka_per_m": field})
        whole = VoxelPatient(build(at_field, path), start=False)
        whole.settle(field**2)
        return hold.hottest_c(whole, hold.sites_of(at_field, "skin")) - SETPOINT_C

    iron = hold.zero(over, 15.0, 30.0)
    if iron < IRON_MAX:
        return made(iron, reach | {"field_ka_per_m": field})
    cap = cohort.cap_ka_per_m
    limited = made(IRON_MAX, reach | {"field_ka_per_m": cap, "field_limited": True})
    whole = VoxelPatient(build(limited, path), start=False)
    needed = hold.holds_at(whole, limited, SETPOINT_C)
    if needed <= cap:
        return made(IRON_MAX, reach | {"field_ka_per_m": needed})
    whole.settle(cap**2)
    reached = hold.hottest_c(whole, hold.sites_of(limited, "skin"))
    more = {"field_ka_per_m": cap, "field_limited": True, "celsius": min(reached, 90.0)}
    return made(IRON_MAX, reach | more)
