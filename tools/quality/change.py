# SPDX-License-Identifier: Apache-2.0
"""A changed module put in place of the running one, without importing anything anew.

Functions get the changed code, so whoever holds them sees it; module constants are computed anew
and put wherever the old object stands. What reaches further (class bodies, default arguments) is
`None` here, and is tried in a copy of the tree instead.
"""

import ast
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tools.quality.areas import ROOT

Key = tuple[str, int, int]
"""Qualified name, first line, number among those alike."""


@dataclass(frozen=True, slots=True)
class Change:
    """One changed file. `make` gives its tree; `group` and `what` say what it is."""

    path: str
    line: int
    group: str
    what: str
    make: Callable[[], ast.Module]

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.path}:{self.line} {self.what}"


def module_of(path: str) -> ModuleType:
    """The imported module of a file of the tree."""
    return sys.modules[path.removesuffix(".py").replace("/", ".")]


def put(change: Change) -> bool:
    """Put the change in place. False: it reaches further than functions and constants."""
    path = ROOT / change.path
    before, after = ast.parse(path.read_text()), change.make()
    if _outline(before) != _outline(after):
        return False
    old = dict(_codes(_compile(before, path)))
    new = dict(_codes(_compile(after, path)))
    if old.keys() != new.keys():
        return False
    functions = _functions(str(path))
    for key, code in new.items():
        if code != old[key]:
            for function in functions.get(key[:2], []):
                if _positions(function.__code__) == _positions(old[key]):
                    function.__code__ = code
    _constants(change, before, after)
    return True


def _compile(tree: ast.Module, path: Path) -> CodeType:
    return compile(tree, str(path), "exec", dont_inherit=True)


def _codes(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    """Functions of a module and of its classes, outermost only: what they make is in them."""
    seen: dict[tuple[str, int], int] = {}
    for constant in code.co_consts:
        if not isinstance(constant, CodeType):
            continue
        if not constant.co_flags & 0x2:  # a class body: it has no fast locals
            yield from _codes(constant)
            continue
        alike = (constant.co_qualname, constant.co_firstlineno)
        seen[alike] = seen.get(alike, -1) + 1
        yield (*alike, seen[alike]), constant


def _positions(code: CodeType) -> list[object]:
    """Where its instructions stand in the source: tells apart what has one name and one line.

    Code objects themselves do not compare equal once the interpreter has specialized them.
    """
    return [*code.co_positions()]


def _functions(filename: str) -> dict[tuple[str, int], list[FunctionType]]:
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename == filename:
            code = thing.__code__
            found.setdefault((code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _outline(tree: ast.Module) -> list[str]:
    """What cannot be changed in place: class bodies without methods, arguments, decorators."""
    lines: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            lines.append(ast.dump(node.args))
        elif isinstance(node, ast.ClassDef):
            lines += [ast.dump(item) for item in node.body if not isinstance(item, ast.FunctionDef)]
    return lines


def _constants(change: Change, before: ast.Module, after: ast.Module) -> None:
    """Compute the module's assignments anew from the first changed one on."""
    module = module_of(change.path)
    names = dict(module.__dict__)
    is_changed = False
    for old, new in zip(before.body, after.body, strict=True):
        if not isinstance(new, ast.Assign | ast.AnnAssign):
            continue
        is_changed = is_changed or ast.dump(old) != ast.dump(new)
        if is_changed:
            _assign(module, names, new)


def _assign(module: ModuleType, names: dict[str, object], node: ast.stmt) -> None:
    exec(compile(ast.Module([node], []), module.__file__ or "", "exec"), names)  # noqa: S102
    for target in ast.walk(node):
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
            _everywhere(target.id, module.__dict__.get(target.id), names.get(target.id))


def _everywhere(name: str, old: object, new: object) -> None:
    for module in [*sys.modules.values()]:
        holder = getattr(module, "__dict__", {})
        if name in holder and holder[name] is old:
            holder[name] = new
    if isinstance(old, int | str | None):
        return  # one object for all that are equal: a default may be another's
    for thing in gc.get_objects():
        if type(thing) is FunctionType and any(value is old for value in thing.__defaults__ or ()):
            defaults = thing.__defaults__ or ()
            thing.__defaults__ = tuple([new if value is old else value for value in defaults])
