"""A call in a loop or a comprehension → its turns: what each of the loop's variables is in each of them.

`for module in (health, tasks): app.include_router(module.router)` includes two routers, and neither has a name there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lading.detect import names, settings_calls, settings_objects
from lading.detect.code import Code, Function, bound, flat
from lading.detect.names import Place

_DEEPEST = 5
_MOST = 500

#: Calls that give what they are given, as far as what is in it goes.
_SAME = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"})

_Loop = ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_LOOPS = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Part:
    """An expression, and where it stands."""

    path: str
    node: ast.expr
    within: Function | None = None


#: The variables of the loops around a call, each with what it is in one turn.
Turn = Mapping[str, Part]


def turns(code: Code, path: str, call: ast.Call, within: Function | None) -> Sequence[Turn]:
    """The turns of the loops around `call`; one of no variables where there is no loop, or nobody knows its turns."""
    given = [call.func, *call.args, *(keyword.value for keyword in call.keywords)]
    asked = {node.id for one in given for node in ast.walk(one) if isinstance(node, ast.Name)}
    found: list[dict[str, Part]] = [{}]
    for loop in _loops(code, path, within) if asked else ():
        if not _around(loop, call):
            continue
        for target, listed in _generators(loop):
            steps = _steps(code, path, target, listed, within)
            found = [before | turn for before in found for turn in steps][:_MOST] or found
        for stmt in flat(loop.body) if isinstance(loop, ast.For | ast.AsyncFor) else ():
            for name, value in bound(stmt):  # router = module.router
                if isinstance(value, ast.expr) and name in asked:
                    found = [turn | {name: meant(Part(path, value, within), turn)} for turn in found]
    return found


def meant(part: Part, turn: Turn) -> Part:
    """What an expression is in one turn: a variable of the loop, an attribute of one, or what it is everywhere."""
    match part.node:
        case ast.Name(id=name) if name in turn:
            return turn[name]
        case (
            ast.Attribute(value=value, attr=attr)
            | ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(attr)), *_])
        ):
            owner = meant(Part(part.path, value, part.within), turn)
            return Part(owner.path, ast.Attribute(owner.node, attr, ast.Load()), owner.within)
        case ast.BinOp(left=left, op=op, right=ast.Constant() as right):  # folder / "clips"
            owner = meant(Part(part.path, left, part.within), turn)
            return Part(owner.path, ast.BinOp(owner.node, op, right), owner.within)
        case _:
            return part


def _loops(code: Code, path: str, within: Function | None) -> Sequence[_Loop]:
    """The loops of a function, or of the module, the outermost first."""
    key = ("turns", path, within)
    if key not in code.memo:
        tree = code.tree(path)
        inner = ast.walk(ast.Module(list(within.body if within else tree.body if tree else ()), []))
        code.memo[key] = [node for node in inner if isinstance(node, _LOOPS)]
    found: Sequence[_Loop] = code.memo[key]
    return found


def _around(loop: _Loop, call: ast.Call) -> bool:
    start, end = (loop.lineno, loop.col_offset), (loop.end_lineno or 0, loop.end_col_offset or 0)
    return start < (call.lineno, call.col_offset) and (call.end_lineno or 0, call.end_col_offset or 0) <= end


def _generators(loop: _Loop) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(loop, ast.For | ast.AsyncFor):
        yield loop.target, loop.iter
    else:
        yield from ((one.target, one.iter) for one in loop.generators)


def _steps(code: Code, path: str, target: ast.expr, listed: ast.expr, within: Function | None) -> list[dict[str, Part]]:
    """What the variables in `target` are, one turn after the other."""
    bound_by = (_bind(target, item) for item in islice(_items(code, Part(path, listed, within)), _MOST))
    return [turn for turn in bound_by if turn]


def _bind(target: ast.expr, item: Part) -> dict[str, Part]:
    match target:
        case ast.Name(id=name):
            return {name: item}
        case ast.Tuple(elts=targets) | ast.List(elts=targets) if isinstance(item.node, ast.Tuple | ast.List):
            found: dict[str, Part] = {}
            for one, value in zip(targets, item.node.elts, strict=False):
                found |= _bind(one, Part(item.path, value, item.within))
            return found
        case _:
            return {}


def _items(code: Code, part: Part, depth: int = 0) -> Iterator[Part]:
    """What is in a list that an expression is, wherever the list is written."""
    if depth > _DEEPEST:
        return
    path, within = part.path, part.within
    match part.node:
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            for one in elts:
                starred = Part(path, one.value, within) if isinstance(one, ast.Starred) else None
                yield from _items(code, starred, depth + 1) if starred else (Part(path, one, within),)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _items(code, Part(path, left, within), depth + 1)
            yield from _items(code, Part(path, right, within), depth + 1)
        case ast.ListComp(elt=elt, generators=[one]) | ast.GeneratorExp(elt=elt, generators=[one]):
            for turn in _steps(code, path, one.target, one.iter, within):
                yield meant(Part(path, elt, within), turn)
        case ast.Call() as call:
            yield from _called(code, part, call, depth)
        case _:
            for inner in _named(code, part):
                yield from _items(code, inner, depth + 1)


def _called(code: Code, part: Part, call: ast.Call, depth: int) -> Iterator[Part]:
    """What is in the list that a call gives."""
    path, within, first = part.path, part.within, call.args[0] if call.args else None
    match call.func:
        case ast.Name(id=name) if name in _SAME and first:
            yield from _items(code, Part(path, first, within), depth + 1)
        case ast.Name(id="enumerate") if first:
            for item in _items(code, Part(path, first, within), depth + 1):
                yield Part(item.path, ast.Tuple([ast.Constant(0), item.node], ast.Load()), item.within)
        case ast.Attribute(value=owner, attr="items" | "values" as verb) if not call.args:
            for inner in (Part(path, owner, within), *_named(code, Part(path, owner, within))):
                for key, value in _pairs(inner.node):
                    node = ast.Tuple([key, value], ast.Load()) if verb == "items" else value
                    yield Part(inner.path, node, inner.within)
        case func:
            place = names.resolve(code, path, func, within)
            function = place.node if isinstance(place, Place) else None
            if isinstance(place, Place) and isinstance(function, ast.FunctionDef):
                for stmt in flat(function.body):
                    if isinstance(stmt, ast.Return) and stmt.value:
                        yield from _items(code, Part(place.path, stmt.value, function), depth + 1)


def _named(code: Code, part: Part) -> Iterator[Part]:
    """What a name stands for; what the calls of its function give it, where it is a parameter."""
    path, node, within = part.path, part.node, part.within
    if isinstance(node, ast.Name) and within and settings_objects.is_given(code, within, node.id):
        yield from (Part(*one) for one in settings_calls.given(code, path, within, node.id))
        return
    match names.resolve(code, path, node, within):
        case Place(path=file, node=ast.expr() as value) if value is not node:
            yield Part(file, value, within if file == path else None)
        case _:
            return


def _pairs(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Dict):
        yield from ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key)
