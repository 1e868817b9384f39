# SPDX-License-Identifier: Apache-2.0
"""The small changes of mutation testing, each at one place of a syntax tree.

Left alone: texts, annotations, what only makes an error's message, `__all__`, the entry of a
script.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

Do = Callable[[], object]
"""Changes the tree that the place was found in."""


@dataclass(frozen=True, slots=True)
class Place:
    """One change: the line it is in, what it does in words, and how."""

    line: int
    what: str
    do: Do


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a node hangs, so that it can be replaced."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        """Replace what hangs here."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


_SKIPPED = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)
_SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_params"})
_COMPARISONS: MappingProxyType[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = MappingProxyType(
    {
        ast.Lt: (ast.LtE, ast.GtE),
        ast.LtE: (ast.Lt, ast.Gt),
        ast.Gt: (ast.GtE, ast.LtE),
        ast.GtE: (ast.Gt, ast.Lt),
        ast.Eq: (ast.NotEq,),
        ast.NotEq: (ast.Eq,),
        ast.Is: (ast.IsNot,),
        ast.IsNot: (ast.Is,),
        ast.In: (ast.NotIn,),
        ast.NotIn: (ast.In,),
    }
)
_ARITHMETIC: MappingProxyType[type[ast.operator], type[ast.operator]] = MappingProxyType(
    {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
)


def places(tree: ast.AST) -> Iterator[Place]:
    """Every change of this tree, always in the same order."""
    for slot, node in _nodes(tree):
        for what, do in _variants(slot, node):
            yield Place(getattr(node, "lineno", 0), what, do)


def changed(source: str, number: int) -> ast.Module:
    """The tree of a source with its change of this number made."""
    tree = ast.parse(source)
    for at, place in enumerate(places(tree)):
        if at == number:
            place.do()
            return ast.fix_missing_locations(tree)
    raise IndexError(f"no change {number}")


def _nodes(tree: ast.AST) -> Iterator[tuple[Slot, ast.AST]]:
    for field, value in ast.iter_fields(tree):
        if field in _SKIPPED_FIELDS:
            continue
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST) and not _is_skipped(child):
                yield Slot(tree, field, index), child
                yield from _nodes(child)


def _is_skipped(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "__all__"
    if isinstance(node, ast.If):
        test = node.test.left if isinstance(node.test, ast.Compare) else node.test
        if isinstance(test, ast.Name) and test.id in {"TYPE_CHECKING", "__name__"}:
            return True
    return isinstance(node, _SKIPPED)


def _variants(slot: Slot, node: ast.AST) -> Iterator[tuple[str, Do]]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BinOp() | ast.AugAssign():
            other = _ARITHMETIC.get(type(node.op))
            if other is not None:
                what = f"{type(node.op).__name__} to {other.__name__}"
                yield what, lambda: setattr(node, "op", other())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield f"without {type(node.op).__name__}", lambda: slot.put(node.operand)
        case ast.BoolOp():
            other_bool = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"to {other_bool.__name__}", lambda: setattr(node, "op", other_bool())
        case ast.Constant():
            yield from _constant(node)
        case ast.Return(value=value) if value is not None:
            if not (isinstance(value, ast.Constant) and not value.value):  # None is false too
                yield "return None", lambda: setattr(node, "value", ast.Constant(None))


def _compared(node: ast.Compare) -> Iterator[tuple[str, Do]]:
    for at, op in enumerate(node.ops):
        for other in _COMPARISONS.get(type(op), ()):
            what = f"{type(op).__name__} to {other.__name__}"
            yield what, lambda at=at, other=other: node.ops.__setitem__(at, other())  # type: ignore[misc]


def _constant(node: ast.Constant) -> Iterator[tuple[str, Do]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} to {not value}", lambda: setattr(node, "value", not value)
    elif isinstance(value, int | float):
        other = value + 1 if isinstance(value, int) or value == 0.0 else value * 1.25
        yield f"{value} to {other}", lambda: setattr(node, "value", other)
