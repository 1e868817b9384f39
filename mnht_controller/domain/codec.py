# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to plain JSON data and back, without losing a bit.

One mechanism for journal, lease, intents and snapshots. Unknown keys are refused, so a message
from another version is an error and not a guess.
"""

import json
import math
import struct
import types
import typing
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar, cast

from mnht_controller.domain.compiled import compiled
from mnht_controller.domain.errors import MnhtError

T = TypeVar("T")
Plain = Any
"""JSON data: dict, list, str, int, float, bool, None."""

_SCALARS = (float, int, str, bool)


class CodecError(MnhtError):
    """Data that is not what the type says; nothing of it is used."""


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number here")


_quote = json.encoder.encode_basestring_ascii
_encode_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode

Put = Callable[[float], object]
"""What stands for a float in the text: its shortest decimals, or a hole."""
PutAll = Callable[[tuple[float, ...]], object]


def to_plain(value: object) -> Plain:
    """Turn a domain value into JSON data (dicts keyed by field name)."""
    return json.loads(dumps(value))


def from_plain(kind: type[T], data: Plain) -> T:
    """Build `kind` from JSON data. Raises CodecError and never returns a half-filled value."""
    try:
        return cast(T, _decoder(cast(Hashable, kind))(data))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CodecError(f"not a {kind.__name__}: {error}") from error


def dumps(value: object) -> str:
    """Canonical one-line JSON: keys in field order, no blanks, no NaN or infinity."""
    try:
        text = _text(value, float.__repr__, _joined)
    except TypeError:  # rare: a whole number stands for a float, and is written as one
        text = _text(value, _decimals, lambda items: ",".join(map(_decimals, items)))
    if ("nan" in text or "inf" in text) and not _is_json(text):
        raise ValueError("NaN and infinity do not exist in JSON")
    return text


def loads(kind: type[T], line: str | bytes) -> T:
    """Parse one JSON document into `kind`; CodecError for anything else (NaN too)."""
    try:
        data = _decode_json(line if isinstance(line, str) else line.decode())
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from error
    return from_plain(kind, data)


def digest(value: object) -> str:
    """SHA-256 over the canonical JSON, as hex."""
    return sha256(dumps(value).encode()).hexdigest()


def packed(value: object) -> bytes:
    """Bytes that differ whenever the value does: its JSON with holes for floats, then the floats.

    For digests that are made often (decimals are what makes JSON slow); there is no way back.
    """
    numbers: list[float] = []

    def put_all(items: tuple[float, ...]) -> int:
        numbers.extend(items)
        return len(items)

    text = _text(value, numbers.append, put_all)
    return text.encode() + struct.pack(f"<{len(numbers)}d", *numbers)


def _decimals(number: float) -> str:
    return float.__repr__(1.0 * number)  # refuses a text, as float() would not


def _joined(items: tuple[float, ...]) -> str:
    return ",".join(map(float.__repr__, items))


def _is_json(text: str) -> bool:
    try:
        _decode_json(text)
    except ValueError:
        return False
    return True


# ---- writing: one compiled template for each dataclass ------------------------------------------


def _text(value: object, put: Put, put_all: PutAll) -> str:
    """Write any value, looking at what it is."""
    if isinstance(value, tuple):
        return f"[{','.join([_text(item, put, put_all) for item in value])}]"
    if isinstance(value, float):
        return str(put(value))
    return _encoder(cast(Hashable, type(value)))(value, put, put_all)


@cache
def _encoder(kind: type) -> Callable[[Any, Put, PutAll], str]:
    """Compile `template % values`, several times faster than a loop over the fields."""
    if not is_dataclass(kind):
        return lambda value, _put, _put_all: _encode_json(value)
    hints = typing.get_type_hints(kind)
    helpers: dict[str, object] = {"text": _text, "quote": _quote}
    names = [field.name for field in fields(kind)]
    values = [_written(f"v.{name}", hints[name], f"e{name}", helpers) for name in names]
    template = ",".join([f"{_quote(name)}:%s" for name in names])
    return compiled(
        f"lambda v, put, put_all: {'{' + template + '}'!r} % ({', '.join(values)},)", helpers
    )


def _written(value: str, hint: object, name: str, helpers: dict[str, object]) -> str:
    """Source that writes `value`; what is known of its type saves looking at it each time."""
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    known = [option for option in options if option is not type(None)]
    if len(known) != 1:
        return f"text({value}, put, put_all)"
    source = _written_one(value, known[0], name, helpers)
    return source if len(options) == 1 else f"({source} if {value} is not None else 'null')"


def _written_one(value: str, kind: object, name: str, helpers: dict[str, object]) -> str:
    if kind is float:
        return f"put({value})"
    if kind is int:
        return value
    if kind is bool:
        return f"('true' if {value} else 'false')"
    if isinstance(kind, type) and issubclass(kind, str):
        return f"quote({value})"
    if is_dataclass(kind):
        helpers[name] = _encoder(cast(type, kind))
        return f"{name}({value}, put, put_all)"
    if typing.get_origin(kind) is tuple:
        item = typing.get_args(kind)[0]
        if item is float:
            return f"'[%s]' % put_all({value})"
        return f"'[%s]' % ','.join(['%s' % {_written('i', item, name, helpers)} for i in {value}])"
    return f"text({value}, put, put_all)"


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union)


# ---- reading: one compiled call for each dataclass ----------------------------------------------


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
        members = {member.value: member for member in hint}
        return lambda data: members.get(data) or hint(data)
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
    """Compile `kind(name=…, …)`; what has other keys than all of them goes the long way."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    helpers: dict[str, object] = {"kind": kind, "partly": _partial_decoder(kind)}
    values = [f"{name}={_read(f'd[{name!r}]', hints[name], f'e{name}', helpers)}" for name in names]
    source = f"lambda d: kind({', '.join(values)}) if len(d) == {len(names)} else partly(d)"
    return compiled(source, helpers)


def _read(value: str, hint: object, name: str, helpers: dict[str, object]) -> str:
    """Source that reads `value`: the usual case in place, anything else by a function."""
    helpers[name] = _decoder(hint)
    if hint is float:
        return f"(x if type(x := {value}) is float and x - x == 0.0 else {name}(x))"
    if hint in _SCALARS:
        return f"(x if type(x := {value}) is {cast(type, hint).__name__} else {name}(x))"
    options = typing.get_args(hint) if _is_union(hint) else ()
    if len(options) == 2 and options[1] is type(None):
        return f"(None if (x := {value}) is None else {_read('x', options[0], name, helpers)})"
    return f"{name}({value})"


def _partial_decoder(kind: type) -> Callable[[Plain], object]:
    """Read data in which fields that have a default may be missing."""
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
