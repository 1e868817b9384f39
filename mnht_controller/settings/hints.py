# SPDX-License-Identifier: Apache-2.0
"""Turns what pydantic found wrong into why and what would be right, wrong units above all."""

import difflib
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnht_controller.settings.source import Loc

_UNITS = (
    "ka_per_m", "a_per_m", "c_per_min", "c_per_s", "cem43_min", "fahrenheit", "celsius", "kelvin",
    "degf", "degc", "khz", "mhz", "hz", "min", "ms", "mm", "cm", "oe", "mt", "f", "k", "c", "s",
    "h", "m", "t",
)  # fmt: skip
_UNIT = re.compile(rf"_({'|'.join(_UNITS)})(?=_|$)")

_CONVERSIONS: Mapping[tuple[str, str], Callable[[float], float]] = {
    ("f", "c"): lambda value: (value - 32.0) / 1.8,
    ("k", "c"): lambda value: value - 273.15,
    ("a_per_m", "ka_per_m"): lambda value: value / 1000.0,
    ("oe", "ka_per_m"): lambda value: value * 0.0795775,
    ("mt", "ka_per_m"): lambda value: value * 0.795775,
    ("min", "s"): lambda value: value * 60.0,
    ("h", "s"): lambda value: value * 3600.0,
    ("ms", "s"): lambda value: value / 1000.0,
    ("cm", "mm"): lambda value: value * 10.0,
    ("m", "mm"): lambda value: value * 1000.0,
    ("khz", "hz"): lambda value: value * 1000.0,
    ("c_per_s", "c_per_min"): lambda value: value * 60.0,
}
_ALIASES = {"fahrenheit": "f", "degf": "f", "kelvin": "k", "celsius": "c", "degc": "c"}
_GUESSES: tuple[tuple[str, str], ...] = (
    ("c", "f"),
    ("c", "k"),
    ("ka_per_m", "a_per_m"),
    ("s", "min"),
    ("hz", "khz"),
    ("mm", "m"),
)
"""Unit of a key whose value is out of its window, and the unit the value may be in."""

_WANTED = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "a text in quotes",
    "tuple": "a list",
    "model": "a table",
}


def explain(model: type[BaseModel], error: Mapping[str, Any]) -> tuple[str, str]:
    """Say why a value is refused and what would be right."""
    kind, loc = str(error["type"]), tuple(error["loc"])
    value, limits = error["input"], error.get("ctx", {})
    key = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return _unknown_key(key, value, _fields(model_at(model, loc[:-1])))
    if kind == "missing":
        return "missing", f"add `{key} = …`{_described(model_at(model, loc[:-1]), key)}"
    if kind in {"greater_than_equal", "less_than_equal", "finite_number"}:
        return f"{value} is not possible here", _window(model_at(model, loc[:-1]), key, value)
    if kind in {"enum", "literal_error"}:
        return f"{value!r} is not known", f"one of {limits.get('expected')}"
    wanted = _WANTED.get(kind.partition("_")[0], "")
    if wanted and kind.endswith(("_type", "_parsing")):
        return f"{value!r} is not {wanted}", f"give {wanted}"
    return f"{value!r} does not fit", str(error["msg"])


def model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """Find the table's model at a place inside a profile; None where there is no such table."""
    for part in loc:
        if isinstance(part, int):
            continue
        field = _fields(model).get(str(part))
        inner = _models_in(field.annotation) if field else []
        if not inner:
            return None
        model = inner[0]
    return model


def _window(table: type[BaseModel] | None, key: str, value: object) -> str:
    """State the window, and the reading of the number that would fall into it."""
    bounds = _bounds(_fields(table)[key]) if key in _fields(table) else None
    if bounds is None:
        return "give a finite number"
    low, high, unit = bounds
    text = f"{low:g} to {high:g} {unit}".rstrip()
    own = _UNIT.search(key)
    if own and isinstance(value, (int, float)):
        for mine, other in _GUESSES:
            read = _CONVERSIONS[other, mine](float(value))
            if mine == own[1] and low <= read <= high:
                return f"{text}; {value} {_spoken(other)} is {read:.6g} {_spoken(mine)}"
    return text


def _unknown_key(key: str, value: object, known: Iterable[str]) -> tuple[str, str]:
    names = [*known]
    stem = _UNIT.sub("_*", key)
    unit = _UNIT.search(key)
    for name in names:
        mine = _UNIT.search(name)
        if unit and mine and unit[1] != mine[1] and _UNIT.sub("_*", name).startswith(stem):
            why = f"unknown key, {_spoken(mine[1])} is the unit here"
            return why, f"write `{name} = {_converted(value, unit[1], mine[1])}`"
    near = difflib.get_close_matches(key, names, n=1)
    right = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(sorted(names))}"
    return "unknown key", right


def _converted(value: object, unit: str, wanted: str) -> str:
    convert = _CONVERSIONS.get((_ALIASES.get(unit, unit), wanted))
    if convert is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return "…"
    return repr(round(convert(float(value)), 6))


def _spoken(unit: str) -> str:
    names = {"c": "°C", "f": "°F", "k": "K", "ka_per_m": "kA/m", "a_per_m": "A/m", "hz": "Hz"}
    return names.get(unit, unit.replace("_per_", "/"))


def _described(table: type[BaseModel] | None, key: str) -> str:
    field = _fields(table).get(key)
    texts = [entry.description for entry in _constraints(field) if hasattr(entry, "description")]
    text = next((text for text in texts if text), "")
    return f" ({text})" if text else ""


def _bounds(field: FieldInfo) -> tuple[float, float, str] | None:
    low = high = None
    unit = ""
    for entry in _constraints(field):
        low = getattr(entry, "ge", low)
        high = getattr(entry, "le", high)
        unit = getattr(entry, "description", None) or unit
    return None if low is None or high is None else (float(low), float(high), unit)


def _constraints(hint: object) -> Iterator[Any]:
    """Walk a field and its type, through unions: everything that may carry a bound or a text."""
    yield hint
    for entry in (*getattr(hint, "metadata", ()), *getattr(hint, "__metadata__", ())):
        yield from _constraints(entry)
    for part in typing.get_args(getattr(hint, "annotation", None) or hint):
        yield from _constraints(part)


def _fields(table: type[BaseModel] | None) -> dict[str, FieldInfo]:
    if table is None:
        return {}
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in _models_in(part)]
