# SPDX-License-Identifier: Apache-2.0
"""Small functions that are written for one dataclass and compiled once, where a loop is too slow.

For frozen, slotted dataclasses: a tick makes a hundred of them, and what the standard library makes
for them sets each field through `object.__setattr__`.
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
    """Decorate a dataclass: its `__init__` then writes the slots themselves, in half the time."""
    defaults = {f"else_{field.name}": field.default for field in _plain_fields(kind)}
    given = [
        field.name if field.default is MISSING else f"{field.name}=else_{field.name}"
        for field in _plain_fields(kind)
    ]
    writes = [f"set_{field.name}(self, {field.name})" for field in _plain_fields(kind)]
    source = f"lambda self, {', '.join(given)}: {' or '.join(writes)}"  # each gives None
    init = compiled(source, {**defaults, **_setters(kind)})
    init.__name__, init.__qualname__ = "__init__", f"{kind.__qualname__}.__init__"
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
    writes = [f"set_{name}(o, {name if name in changed else f'v.{name}'})" for name in names]
    source = f"lambda v, {', '.join(changed)}: (o := new(kind), {', '.join(writes)}, o)[-1]"
    return compiled(source, {"new": object.__new__, "kind": kind, **_setters(kind)})


def _setters(kind: type) -> dict[str, object]:
    return {f"set_{field.name}": getattr(kind, field.name).__set__ for field in fields(kind)}


def _plain_fields(kind: type) -> tuple[Field[object], ...]:
    """The fields; TypeError where an `__init__` does more than to write them."""
    found = fields(kind)
    if hasattr(kind, "__post_init__") or not hasattr(kind, "__slots__"):
        raise TypeError(f"{kind.__name__} is more than slots")
    if any(field.default_factory is not MISSING or not field.init for field in found):
        raise TypeError(f"{kind.__name__} makes some of its fields itself")
    return found
