# SPDX-License-Identifier: Apache-2.0
"""The neck node on a coarse block, as tables that tests change and break."""

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.models import load
from sim_hardware.plant.models.voxel_patient import Model

CONFIG = Path(__file__).parents[3] / "config"
FILE = CONFIG / "patients" / "neck_node.toml"

Data = dict[str, Any]
SMALL: Data = {
    "grid": {"voxel_mm": 2.0, "size_mm": [40.0, 40.0, 30.0]},
    "layer": [
        {"tissue": "skin", "thickness_mm": 2.0},
        {"tissue": "fat", "thickness_mm": 2.0},
        {"tissue": "muscle", "thickness_mm": 56.0},
    ],
}

ANYWHERE: Data = {
    "site": [{"name": "top", "depth_mm": 0.0}],
    "probe": [{"id": "skin", "role": "skin", "site": "top"}],
}
"""A site and its probe, for bodies where the neck's do not fit."""


def small(**changes: Any) -> Data:
    """Give the neck node on a block of 6000 voxels as a table; `changes` replace whole tables."""
    return tomllib.loads(FILE.read_text()) | copy.deepcopy(SMALL) | changes


def built(data: Data, session: int = 1, **more: Any) -> Model:
    """Put a table on its grid; references are those of the shipped file."""
    return load.build(PatientFile.model_validate(data), FILE, session, **more)


def literal(value: object) -> str:
    """Write one value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


class Folder:
    """A patient in a folder of its own; its tables are there to be broken."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.patient = small(tissues="tissues.toml")
        self.patient["deposit"][0]["particle"] = "particle.toml"
        self.tissues = tomllib.loads((CONFIG / "tissues" / "human.toml").read_text())
        self.particle = tomllib.loads((CONFIG / "particles" / "mcl.toml").read_text())

    def write(self) -> Path:
        for name in ("patient", "tissues", "particle"):
            rows = (f"{key} = {literal(value)}\n" for key, value in getattr(self, name).items())
            (self.root / f"{name}.toml").write_text("".join(rows))
        return self.root / "patient.toml"
