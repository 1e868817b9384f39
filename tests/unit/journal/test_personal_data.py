# SPDX-License-Identifier: Apache-2.0
"""H59: nothing that is recorded or asked for has a place for personal data."""

import dataclasses
import re
import typing
from collections.abc import Iterator

import pytest

from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.settings.settings import Settings
from mnht_controller.surfaces import bodies
from tools.tables import RECORDS

PERSONAL = re.compile(
    r"patient|birth|sex|gender|address|mrn|phone|mail|surname|first_name|last_name|insur|diagnos"
)
ALLOWED = {"Device.address", "Settings.patient"}
"""Where an instrument is, and the simulated patient's file."""


def fields_of(kind: object, seen: set[object]) -> Iterator[str]:
    """Every field of a dataclass and of what it is made of."""
    for part in typing.get_args(kind):
        yield from fields_of(part, seen)
    if not dataclasses.is_dataclass(kind) or not isinstance(kind, type) or kind in seen:
        return
    seen.add(kind)
    for name, hint in typing.get_type_hints(kind).items():
        yield f"{kind.__name__}.{name}"
        yield from fields_of(hint, seen)


@pytest.mark.shows("no_personal_data")
def test_no_record_and_no_request_has_a_field_for_it() -> None:
    seen: set[object] = set()
    roots = [Snapshot, Settings, *(kind for _, _, kind in RECORDS)]
    names = {name for root in roots for name in fields_of(root, seen)}
    models = [cls for cls in vars(bodies).values() if isinstance(cls, type)
              and issubclass(cls, bodies.Body)]  # fmt: skip
    names |= {f"{cls.__name__}.{name}" for cls in models for name in cls.model_fields}
    assert len(names) > 100
    assert {name for name in names if PERSONAL.search(name)} - ALLOWED == set()


def test_a_field_for_it_is_found() -> None:
    @dataclasses.dataclass
    class Planted:
        patient_name: str

    assert [name for name in fields_of(tuple[Planted, ...], set()) if PERSONAL.search(name)]
