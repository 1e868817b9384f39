# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to plain JSON data and back, without losing a bit.

One mechanism for journal, lease, intents and snapshots. Unknown keys are refused, so a message
from another version is an error and not a guess.
"""

import json
import math
import types
import typing
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar, cast

from mnht_controller.domain.errors import MnhtError

T = TypeVar("T")
Plain = Any
"""JSON data: dict, list, str, int, float, bool, None."""

_SCALARS = (float, int, str, bool)


class CodecError(MnhtError):
    """Data that is not what the type says; nothing of it is used."""


_encode_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def to_plain(value: object) -> Plain:
    """Turn a domain value into JSON data (dicts keyed by field name)."""
    if is_dataclass(value) and not isinstance(value, type):
        return _encoder(type(value))(value)
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], data: Plain) -> T:
    """Build `kind` from JSON data. Raises CodecError and never returns a half-filled value."""
    try:
        return cast(T, _decoder(cast(Hashable, kind))(data))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CodecError(f"not a {kind.__name__}: {error}") from error


def dumps(value: object) -> str:
    """Canonical one-line JSON: keys in field order, no blanks, no NaN or infinity."""
    return _encode_json(to_plain(value))


def loads(kind: type[T], line: str | bytes) -> T:
    """Parse one JSON document into `kind`; CodecError for anything else (NaN too)."""
    try:
        data = json.loads(line, parse_constant=_refuse_constant)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from error
    return from_plain(kind, data)


def digest(value: object) -> str:
    """SHA-256 over the canonical JSON, as hex."""
    return sha256(dumps(value).encode()).hexdigest()


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number here")


@cache
def _encoder(kind: type) -> Callable[[Any], Plain]:
    """Compile an encoder: a dict display, several times faster than a loop over the fields."""
    hints = typing.get_type_hints(kind)
    helpers: dict[str, object] = {"plain": to_plain, "__builtins__": {}}
    items = []
    for number, field in enumerate(fields(kind)):
        value = _expression(f"v.{field.name}", hints[field.name], f"e{number}", helpers)
        items.append(f"{field.name!r}: {value}")
    source = compile(f"lambda v: {{{', '.join(items)}}}", "<codec>", "eval")
    return cast(Callable[[Any], Plain], types.FunctionType(source, helpers)())


def _expression(value: str, hint: object, name: str, helpers: dict[str, object]) -> str:
    """Source that encodes `value`; what is known of its type saves looking at it each time."""
    if _is_scalar(hint):
        return value
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    known = [option for option in options if option is not type(None)]
    if len(known) == 1 and is_dataclass(known[0]):
        helpers[name] = _encoder(cast(type, known[0]))
        return f"{name}({value}) if {value} is not None else None"
    if len(known) == 1 and known[0] is hint and typing.get_origin(hint) is tuple:
        item = _expression("i", typing.get_args(hint)[0], name, helpers)
        return f"[{item} for i in {value}]"
    return f"plain({value})"


def _is_scalar(hint: object) -> bool:
    options: tuple[object, ...] = typing.get_args(hint) if _is_union(hint) else (hint,)
    return all(
        option in (*_SCALARS, type(None))
        or (isinstance(option, type) and issubclass(option, StrEnum))
        for option in options
    )


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union)


@cache
def _decoder(hint: Hashable) -> Callable[[Plain], object]:
    if _is_union(hint):
        return _union_decoder(typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        item = _decoder(typing.get_args(hint)[0])
        return lambda data: tuple([item(entry) for entry in _expect(list, data)])
    if is_dataclass(hint):
        return _dataclass_decoder(cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if hint is float:
        return _float
    if hint in (int, str, bool):
        scalar = cast(type, hint)
        return lambda data: _expect(scalar, data)
    raise TypeError(f"the codec does not know {hint!r}")


def _union_decoder(options: tuple[Any, ...]) -> Callable[[Plain], object]:
    """None or one scalar or class; among dataclasses the one whose field names fit."""
    rest = [option for option in options if option is not type(None)]
    if len(rest) == 1:
        inner = _decoder(rest[0])
        return lambda data: None if data is None else inner(data)
    by_keys = {frozenset(field.name for field in fields(option)): option for option in rest}

    def decode(data: Plain) -> object:
        if data is None and type(None) in options:
            return None
        return _decoder(by_keys[frozenset(data)])(data)

    return decode


def _dataclass_decoder(kind: type) -> Callable[[Plain], object]:
    hints = typing.get_type_hints(kind)
    rows = [(field.name, _decoder(hints[field.name])) for field in fields(kind)]
    names = {name for name, _ in rows}
    required = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def decode(data: Plain) -> object:
        keys = _expect(dict, data).keys()
        if not (required <= keys <= names):
            raise ValueError(f"keys {sorted(keys ^ names)} missing or unknown")
        return kind(**{name: item(data[name]) for name, item in rows if name in data})

    return decode


def _float(data: Plain) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise TypeError(f"{data!r} is not a number")
    number = float(data)
    if not math.isfinite(number):  # JSON's 1e999
        raise ValueError(f"{data!r} is not finite")
    return number


def _expect(kind: type[T], data: Plain) -> T:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(f"{data!r} is not {kind.__name__}")
    return data
