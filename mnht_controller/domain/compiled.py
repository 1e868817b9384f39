# SPDX-License-Identifier: Apache-2.0
"""Small functions that are written for one dataclass and compiled once, where a loop is too slow.

For frozen, slotted dataclasses: a tick makes hundreds of them. What the standard library makes for
them sets each field through `object.__setattr__`, which takes five times as long as an ordinary
assignment. Here a value is for a moment of a class with the same slots that is not frozen.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

T = TypeVar("T")


def compiled(source: str, names: dict[str, object]) -> Callable[..., Any]:
    """Make the function that a lambda's source stands for; it sees `names` and builtins."""
    code = compile(source, "<compiled>", "eval")
    return cast(Callable[..., Any], types.FunctionType(code, names)())


def quick(kind: type[T]) -> type[T]:
    """Decorate a dataclass: its `__init__` then takes a quarter of the time."""
    found = _plain_fields(kind)
    names: dict[str, object] = {f"else_{field.name}": field.default for field in found}
    names |= {"kind": kind, "thawed": _thawed(cast(type, kind)), "turn": object.__setattr__}
    given = [
        field.name if field.default is MISSING else f"{field.name}=else_{field.name}"
        for field in found
    ]
    lines = [
        f"def __init__(self, {', '.join(given)}):",
        "turn(self, '__class__', thawed)",
        *(f"self.{field.name} = {field.name}" for field in found),
        "self.__class__ = kind",
    ]
    init = _defined(lines, names)
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    type.__setattr__(kind, "__init__", init)
    return kind


if TYPE_CHECKING:  # a type checker knows the fields behind this name
    from dataclasses import replace as replace  # noqa: PLC0414
else:

    def replace(value: T, /, **changes: object) -> T:
        """Give a copy with these fields changed; TypeError for a field that does not exist."""
        return _copier(type(value), (*changes,))(value, **changes)


@cache
def _copier(kind: type, changed: tuple[str, ...]) -> Callable[..., Any]:
    names = [field.name for field in _plain_fields(kind)]
    if unknown := {*changed} - {*names}:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    lines = [
        f"def copied(old, {', '.join(changed)}):",
        "new = make(thawed)",
        *(f"new.{name} = {name if name in changed else f'old.{name}'}" for name in names),
        "new.__class__ = kind",
        "return new",
    ]
    return _defined(lines, {"make": object.__new__, "thawed": _thawed(kind), "kind": kind})


@cache
def _thawed(kind: type) -> type:
    """A class with the same slots, so that a value may be of either, whose fields can be set."""
    slots = tuple([field.name for field in fields(kind)])
    return type(kind.__name__, (), {"__slots__": slots})


def _defined(lines: list[str], names: dict[str, object]) -> types.FunctionType:
    """Make the function that its first line declares."""
    code = compile("\n    ".join(lines), "<compiled>", "exec")
    types.FunctionType(code, names)()
    return cast(types.FunctionType, names[lines[0].partition("(")[0].removeprefix("def ")])


def _plain_fields(kind: type) -> tuple[Field[object], ...]:
    """The fields; TypeError where an `__init__` does more than to write them."""
    found = fields(kind)
    if hasattr(kind, "__post_init__") or not hasattr(kind, "__slots__"):
        raise TypeError(f"{kind.__name__} is more than slots")
    if any(field.default_factory is not MISSING or not field.init for field in found):
        raise TypeError(f"{kind.__name__} makes some of its fields itself")
    return found
