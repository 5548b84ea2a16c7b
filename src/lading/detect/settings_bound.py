"""A name that is bound more than once → its bindings before a place, in order, and which of them may not happen.

`url = os.environ["URL"]`, then `if url.startswith("postgres://"): url = url.replace(…)`: what holds is what was given,
and the second only says what it may become.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lading.detect.code import Code, Function, bound, flat

#: A name that more classes give a value is none of a setting.
_MOST_CLASSES = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One binding of a name."""

    value: ast.expr
    sometimes: bool  # it is in an `if`, a loop or a handler
    again: bool  # made out of what the name was before


def steps(code: Code, path: str, node: ast.Name, owner: Function | None, within: Function | None) -> Sequence[Step]:
    """The bindings of `node`'s name in the function `owner`, or in the module, that come before `node`.

    `within` is the function that `node` is in: from another one, all of them have happened.
    """
    found = _bindings(code, path, owner).get(node.id, ())
    if owner is not within or not hasattr(node, "lineno"):
        return found
    here = (node.lineno, node.col_offset)
    return [one for one in found if (one.value.end_lineno or 0, one.value.end_col_offset or 0) < here]


def every(code: Code, path: str, name: str) -> Sequence[Step]:
    """The bindings of a name of the module."""
    return _bindings(code, path, None).get(name, ())


def _bindings(code: Code, path: str, owner: Function | None) -> Mapping[str, Sequence[Step]]:
    key = ("bindings", path, owner)
    if key not in code.memo:
        tree = code.tree(path)
        found: dict[str, list[Step]] = {}
        for stmt, sometimes in _flat(owner.body if owner else tree.body if tree else (), sometimes=False):
            for name, value in bound(stmt):
                if isinstance(value, ast.expr):
                    again = any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(value))
                    found.setdefault(name, []).append(Step(value, sometimes, again))
        code.memo[key] = found
    known: Mapping[str, Sequence[Step]] = code.memo[key]
    return known


def _flat(body: Sequence[ast.stmt], *, sometimes: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements of a block and of those in it, each with whether it may not run."""
    stack = [(stmt, sometimes) for stmt in reversed(body)]
    while stack:
        stmt, maybe = stack.pop()
        yield stmt, maybe
        if isinstance(stmt, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inside = maybe or not isinstance(stmt, ast.With | ast.AsyncWith | ast.Try)
        inner = [(one, inside) for one in getattr(stmt, "body", ())]
        for clause in (*getattr(stmt, "handlers", ()), *getattr(stmt, "cases", ())):
            inner += [(one, True) for one in clause.body]
        inner += [(one, True) for one in getattr(stmt, "orelse", ())]
        inner += [(one, maybe) for one in getattr(stmt, "finalbody", ())]
        stack += reversed(inner)


def beside(code: Code, path: str, node: ast.Name) -> ast.expr | None:
    """What a class body has bound the name to, for an expression that is in that body too."""
    key = ("class bodies", path)
    if key not in code.memo:
        index: dict[str, list[tuple[ast.ClassDef, ast.expr]]] = {}
        tree = code.tree(path)
        for cls, _ in tree.nodes if tree else ():
            for stmt in cls.body if isinstance(cls, ast.ClassDef) else ():
                for name, value in bound(stmt):
                    if isinstance(cls, ast.ClassDef) and isinstance(value, ast.expr):
                        index.setdefault(name, []).append((cls, value))
        code.memo[key] = index
    bodies: dict[str, list[tuple[ast.ClassDef, ast.expr]]] = code.memo[key]
    line = getattr(node, "lineno", 0)
    near = bodies.get(node.id, ())[:_MOST_CLASSES]
    return next((value for cls, value in near if cls.lineno <= line <= (cls.end_lineno or 0)), None)


def unpacked(code: Code, path: str, name: str, within: Function | None) -> ast.expr | None:
    """The value that a name is a part of: `user, password = credentials.split(":")`."""
    for function in (within, None) if within else (None,):
        key = ("unpacked", path, function)
        if key not in code.memo:
            tree = code.tree(path)
            code.memo[key] = dict(_parts_of(flat(function.body) if function else tree.statements if tree else ()))
        found: ast.expr | None = code.memo[key].get(name)
        if found:
            return found
    return None


def _parts_of(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The names that tuples bind, each with the value that it is a part of."""
    for stmt in statements:
        match stmt:
            case ast.Assign(targets=[ast.Tuple(elts=elts)], value=value):
                same = isinstance(value, ast.Tuple) and len(value.elts) == len(elts)
                for index, one in enumerate(elts):
                    if isinstance(one, ast.Name):
                        yield one.id, value.elts[index] if same and isinstance(value, ast.Tuple) else value
            case _:
                pass
