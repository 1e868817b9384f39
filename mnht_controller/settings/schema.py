# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of the file kinds, for editors. Generated; a test fails when they are stale.

Files that only the simulator reads have their models there: it offers them as entry points.
"""

import json
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel

from mnht_controller.settings import models
from mnht_controller.settings.site import Site
from mnht_controller.settings.values import Profile

GROUP = "mnht.schemas"
PROFILES: tuple[tuple[str, type[Profile]], ...] = (
    ("applicator", models.Applicator),
    ("amplifier", models.Amplifier),
    ("thermometer", models.Thermometer),
    ("auxiliary", models.Auxiliary),
    ("limits", models.LimitsProfile),
    ("protocol", models.Protocol),
    ("site", Site),
)


def kinds() -> tuple[tuple[str, type[BaseModel]], ...]:
    """Give every kind of file with its model: profiles, and what is installed besides."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return (*PROFILES, *((point.name, point.load()) for point in points))


def schemas() -> dict[str, str]:
    """Give each schema's text by its file name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        f"{kind}.json": json.dumps(dialect | model.model_json_schema(), indent=2) + "\n"
        for kind, model in kinds()
    }


def stale(directory: Path) -> list[str]:
    """Name the schema files that are missing, differ, or belong to no kind."""
    texts = schemas()
    wrong = [
        name
        for name, text in texts.items()
        if not (directory / name).is_file()
        or (directory / name).read_text(encoding="utf-8") != text
    ]
    extra = [path.name for path in directory.glob("*.json") if path.name not in texts]
    return sorted(wrong + extra)


def write(directory: Path) -> None:
    """Write them all; a file of no kind is left for a human to remove."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (directory / name).write_text(text, encoding="utf-8")
