# SPDX-License-Identifier: Apache-2.0
"""How fast whole patients run: the 3-D one of a million voxels, and the reduced one."""

import time
from pathlib import Path

import numpy as np

from sim_hardware.plant.body.patient_file import Grid, PatientFile
from sim_hardware.plant.models.load import build, read
from sim_hardware.plant.models.open import open_patient
from sim_hardware.plant.models.voxel_patient import VoxelPatient

NECK = Path(__file__).resolve().parents[2] / "config" / "patients" / "neck_node.toml"
SIDE, VOXEL_MM = 100, 1.5
COURSE = ((240.0, 56.25), (60.0, 0.0), (240.0, 30.0))
"""Ramp at the cap, off, hold: seconds and (kA/m)²."""
LOOK_S = 10.0
ROUNDS = 5


def _million(step_s: float) -> VoxelPatient:
    """Return the neck on a grid of 100³ voxels of 1.5 mm."""
    patient = read(NECK, PatientFile)
    size = (SIDE * VOXEL_MM,) * 3
    grid = Grid(voxel_mm=VOXEL_MM, size_mm=size, step_s=step_s)
    layers = tuple(
        row.model_copy(update={"thickness_mm": max(row.thickness_mm, VOXEL_MM)})
        for row in patient.layer
    )
    coarse = patient.model_copy(update={"grid": grid, "layer": layers})
    return VoxelPatient(build(coarse, NECK))


def full_speed() -> dict[str, float]:
    """Return simulated seconds a second at the product's own step, and its error against dt/4."""
    step_s = Grid.model_fields["step_s"].default
    coarse, fine = _million(step_s), _million(step_s / 4.0)
    worst = 0.0
    for span_s, field2 in COURSE:
        for _ in range(round(span_s / LOOK_S)):
            coarse.advance(LOOK_S, field2)
            fine.advance(LOOK_S, field2)
            worst = max(worst, float(np.abs(coarse.heat.rise - fine.heat.rise).max()))
    speeds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        coarse.advance(60.0, 30.0)
        speeds.append(60.0 / (time.perf_counter() - began))
    return {
        "voxels": SIDE**3,
        "voxel_mm": VOXEL_MM,
        "step_s": coarse.step_s,
        "speed_x": round(sorted(speeds)[len(speeds) // 2], 1),
        "error_c": round(worst, 5),
    }


def reduced_speed() -> dict[str, float]:
    """Return simulated seconds a second of the reduced neck, advanced a second at a time."""
    opened = open_patient(NECK)
    speeds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(5000):
            opened.patient.advance(1.0, 30.0)
        speeds.append(5000.0 / (time.perf_counter() - began))
    return {
        "speed_x": round(sorted(speeds)[len(speeds) // 2]),
        "call_s": 1.0,
        "fit_error_c": round(opened.error_c, 4),
    }
