# SPDX-License-Identifier: Apache-2.0
"""Base of every file that the plant reads: strict tables, and complaints that name the key.

The simulator's own, because it must not know the product's settings.
"""

import typing
from types import UnionType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

T = TypeVar("T")

Many = Annotated[tuple[T, ...], Field(strict=False)]
"""Any number of one thing. TOML arrays arrive as lists, which strict mode refuses for a tuple."""
Pair = Annotated[tuple[T, T], Field(strict=False)]
"""Two of one thing, from a list too."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="lower_snake_case")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Part(BaseModel):
    """A table of a file: immutable, no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class File(Part):
    """A whole TOML file, and where its numbers come from."""

    schema_version: Annotated[int, Field(alias="schema", ge=1, le=1, description="always 1")]
    name: Annotated[Name, Field(description="lower_snake_case, the file's own name")]
    title: Annotated[Text, Field(description="what a person reads")]
    source: Annotated[Many[Text], Field(min_length=1, description="where the numbers come from")]


def complaint(error: ValidationError) -> tuple[str, str]:
    """Give key (`deposit[0].radius_mm`) and reason of the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    key, here = "", [kind for kind in _kinds(Part) if kind.__name__ == error.title]
    for step in first["loc"]:
        text, here = _step(here, step)
        key += text
    context = first.get("ctx", {})
    if first["type"].startswith("union_tag"):
        key += "." + context["discriminator"].strip("'")
    return key.removeprefix("."), _reason(first["type"], first["msg"], first["input"], context)


def _reason(kind: str, message: str, given: object, context: dict[str, Any]) -> str:
    if kind == "extra_forbidden":
        return "unknown key"
    if kind in {"missing", "union_tag_not_found"}:
        return "missing"
    if kind == "union_tag_invalid":
        return f"must be one of {context['expected_tags']}, not {context['tag']!r}"
    said = message.removeprefix("Value error, ").replace("Input should", "must")
    return f"{said}, not {given!r}" if isinstance(given, str | float) else said


def _kinds(base: type[Part]) -> list[type[Part]]:
    """Return the class with all that derive from it."""
    return [base, *(kind for sub in base.__subclasses__() for kind in _kinds(sub))]


def _choices(annotation: object) -> list[Any]:
    """Return the types that a value may have."""
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _choices(inside[0])
    if origin in {typing.Union, UnionType}:
        return [choice for item in inside for choice in _choices(item)]
    return [annotation]


def _step(here: list[Any], step: str | int) -> tuple[str, list[Any]]:
    """Return one step of a pydantic path as the file spells it, and what may stand there.

    Where a value may be one of several tables, pydantic puts the chosen one's tag into the path:
    no key of the file, so it is left out.
    """
    inside = {typing.get_origin(item): typing.get_args(item) for item in here}
    if isinstance(step, int):
        return f"[{step}]", _choices(inside[tuple][0]) if tuple in inside else []
    if dict in inside:
        return f".{step}", _choices(inside[dict][1])
    tables = [item for item in here if isinstance(item, type) and issubclass(item, Part)]
    if len(tables) > 1:
        return "", [item for item in tables if step in _tags(item)]
    fields = [
        field.annotation
        for item in tables
        for name, field in item.model_fields.items()
        if step in {name, field.alias}
    ]
    return f".{step}", _choices(fields[0]) if fields else []


def _tags(table: type[Part]) -> set[Any]:
    """Return what pydantic may call a table among others: its name or its fixed values."""
    fixed = (typing.get_args(field.annotation) for field in table.model_fields.values())
    return {table.__name__}.union(*fixed)
