"""An expression that gives a route its path → the text, calls of the project's own functions worked out."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lading.detect import names, values
from lading.detect.code import Code, Function, flat
from lading.detect.names import Place

_DEEPEST = 12
_LONGEST = 500

_METHODS: Mapping[str, Callable[..., str]] = {
    "strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip, "lower": str.lower, "upper": str.upper,
    "replace": str.replace, "removeprefix": str.removeprefix, "removesuffix": str.removesuffix, "title": str.title,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an expression stands, and what the arguments of the function around it are."""

    code: Code
    path: str
    within: Function | None
    given: Mapping[str, str | None]


def text(
    code: Code,
    path: str,
    node: ast.expr | None,
    within: Function | None,
    given: Mapping[str, str | None] | None = None,
) -> str | None:
    """The whole text of `node`, an expression in `path`, inside the function `within`; None where it is not known.

    `given` has the texts of names that have another one each time, such as the variable of a loop.
    """
    return _text(_Scope(code, path, within, given or {}), node, 0)


def _text(scope: _Scope, node: ast.expr | None, depth: int) -> str | None:  # noqa: PLR0911 - a table
    if depth > _DEEPEST:
        return None
    match node:
        case ast.Constant(value=str() as plain):
            return plain[:_LONGEST]
        case ast.Name(id=name) if name in scope.given:
            return scope.given[name]
        case ast.JoinedStr(values=parts):
            return _joined([_text(scope, part, depth + 1) for part in parts])
        case ast.FormattedValue(value=value, format_spec=None):
            return _text(scope, value, depth + 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([_text(scope, side, depth + 1) for side in (left, right)])
        case ast.Call() if (found := _call(scope, node, depth)) is not None:
            return found
        case ast.Name(id=name) if local := names.local(scope.code, scope.within).get(name):
            return _text(scope, local[0], depth + 1) if len(local) == 1 and isinstance(local[0], ast.expr) else None
        case _:
            known = values.fold(scope.code, scope.path, node, scope.within)
            return known.text if known and known.whole else None


def _joined(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known)[:_LONGEST] if len(known) == len(parts) else None


def _call(scope: _Scope, node: ast.Call, depth: int) -> str | None:
    """What a call gives: a method of texts, `join`, `str`, a function of the project's own that returns one thing."""
    args = [_text(scope, arg, depth + 1) for arg in node.args]
    known = [arg for arg in args if arg is not None]
    match node.func:
        case ast.Attribute(attr="join", value=ast.Constant(value=str() as glue)):
            elts = node.args[0].elts if node.args and isinstance(node.args[0], ast.List | ast.Tuple) else []
            parts = [_text(scope, one, depth + 1) for one in elts]
            return glue.join(part or "" for part in parts)[:_LONGEST] if parts and None not in parts else None
        case ast.Attribute(attr=attr, value=value) if attr in _METHODS:
            owner = _text(scope, value, depth + 1)
            return _method(attr, owner, known) if owner is not None and len(known) == len(args) else None
        case ast.Name(id="str") if args:
            return args[0]
        case _:
            pass
    meaning = names.resolve(scope.code, scope.path, node.func, scope.within)
    if meaning in {"posixpath.join", "os.path.join"}:
        return posixpath.join(*known)[:_LONGEST] if known and len(known) == len(args) else None
    if isinstance(meaning, Place) and isinstance(meaning.node, ast.FunctionDef):
        return _own(scope, node, meaning.path, meaning.node, depth)
    return None


def _method(attr: str, owner: str, args: Sequence[str]) -> str | None:
    try:
        return _METHODS[attr](owner, *args)[:_LONGEST]
    except TypeError:  # more arguments than the method takes
        return None


def _own(scope: _Scope, node: ast.Call, path: str, function: ast.FunctionDef, depth: int) -> str | None:
    """What a function of the project's own returns for these arguments, when there is only one thing to return."""
    returns = [stmt.value for stmt in flat(function.body) if isinstance(stmt, ast.Return) and stmt.value]
    taken = [*function.args.posonlyargs, *function.args.args]
    if len(returns) != 1 or len(node.args) > len(taken) or function.args.vararg or function.args.kwarg:
        return None
    there = _Scope(scope.code, path, None, {})
    optional = taken[len(taken) - len(function.args.defaults) :]
    bound = {
        one.arg: _text(there, default, depth + 1) for one, default in zip(optional, function.args.defaults, strict=True)
    }
    bound |= {one.arg: _text(scope, value, depth + 1) for one, value in zip(taken, node.args, strict=False)}
    bound |= {keyword.arg: _text(scope, keyword.value, depth + 1) for keyword in node.keywords if keyword.arg}
    return _text(_Scope(scope.code, path, function, bound), returns[0], depth + 1)
