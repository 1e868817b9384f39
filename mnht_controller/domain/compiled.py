# SPDX-License-Identifier: Apache-2.0
"""Small functions that are written for one dataclass and compiled once, where a loop is too slow.

`replace` is `dataclasses.replace` for frozen, slotted values: the tick makes a hundred a second.
"""

import types
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

T = TypeVar("T")


def compiled(source: str, names: dict[str, object]) -> Callable[..., Any]:
    """Make the function that a lambda's source stands for; it sees `names` and builtins."""
    code = compile(source, "<compiled>", "eval")
    return cast(Callable[..., Any], types.FunctionType(code, names)())


if TYPE_CHECKING:  # a type checker knows the fields behind this name
    from dataclasses import replace as replace  # noqa: PLC0414
else:

    def replace(value: T, /, **changes: object) -> T:
        """Give a copy with these fields changed; TypeError for a field that does not exist."""
        return _copier(type(value), (*changes,))(value, **changes)


@cache
def _copier(kind: type, changed: tuple[str, ...]) -> Callable[..., Any]:
    """Write the slots one by one: a frozen `__init__` would go through `object.__setattr__`."""
    names = [field.name for field in fields(kind)]
    if unknown := {*changed} - {*names}:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    helpers = {f"set_{name}": getattr(kind, name).__set__ for name in names}
    writes = [f"set_{name}(o, {name if name in changed else f'v.{name}'})" for name in names]
    source = f"lambda v, {', '.join(changed)}: (o := new(kind), {', '.join(writes)}, o)[-1]"
    return compiled(source, {"new": object.__new__, "kind": kind, **helpers})
