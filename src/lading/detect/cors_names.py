"""A name, an attribute or a call → the environment variables that it is made of, wherever it was given its value."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lading.detect import cors_fields, cors_tests, names, settings_bound, settings_calls, settings_objects, values
from lading.detect.code import Function, flat
from lading.detect.cors_taken import DEEPEST, MOST_STEPS, At, Taken, joined, merged, of, spent
from lading.detect.cors_tests import EITHER, Known
from lading.detect.cors_values import About, about, took
from lading.detect.names import Place


def applied(at: At, function: ast.expr, given: Sequence[Taken], named: Mapping[str, Taken] | None = None) -> Taken:
    """What a function of the project's own gives back when it is given that."""
    if isinstance(function, ast.Lambda):
        taken = dict(zip((one.arg for one in function.args.args), given, strict=False))
        # Its body stands in the function around it: what that one calls so is hidden by its own.
        return took(replace(at, given={**at.given, **taken}), function.body)
    match names.resolve(at.code, at.path, function, at.within):
        case Place(path=file, node=ast.FunctionDef() | ast.AsyncFunctionDef() as found):
            return returned(At(at.code, file, found, _bound(found, given, named), at.depth))
        case None if isinstance(function, ast.Attribute):
            owner = values.instance(at.code, at.path, function.value, at.within)
            match values.member(at.code, owner, function.attr) if owner else None:
                case (file, (ast.FunctionDef() | ast.AsyncFunctionDef()) as found, _):
                    return returned(At(at.code, file, found, _bound(found, given, named), at.depth))
                case _:
                    return None
        case _:
            return None


def _bound(function: Function, given: Sequence[Taken], named: Mapping[str, Taken] | None = None) -> Mapping[str, Taken]:
    """The parameters of a function, with what a call gives them; what it leaves out is the code's own."""
    parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    parameters = parameters[1:] if parameters[:1] in (["self"], ["cls"]) else parameters
    usual: dict[str, Taken] = dict.fromkeys((*parameters, *(one.arg for one in function.args.kwonlyargs)), ())
    return usual | dict(zip(parameters, given, strict=False)) | dict(named or {})


def given(at: At, function: Function | ast.Lambda, arguments: Sequence[Taken]) -> Taken:
    """What a function of the file at `at`, such as a validator, makes of `arguments`."""
    if isinstance(function, ast.Lambda):
        return applied(at, function, arguments)
    return returned(At(at.code, at.path, function, _bound(function, arguments), at.depth))


def returned(at: At) -> Taken:
    """What the function at `at` gives back, by those of its `return` statements that are come to."""
    if at.within is None or at.depth > DEEPEST:
        return None
    body = at.within.body
    every = [stmt for stmt in flat(body) if isinstance(stmt, ast.Return)]
    if len(every) > MOST_STEPS or spent(at.code, len(every)):
        return None
    returns = [(stmt, took(at, stmt.value)) for stmt in every]
    asked = _asked(at, [*at.given.values(), *(value for _, value in returns)])
    found: list[Taken] = []
    for stmt, value in returns:
        verdict = _met(at, body, stmt, asked)
        if verdict is None:
            return None
        if verdict:
            found.append(value)
        if verdict is True:
            break
    return merged(found) if found else None


def _asked(at: At, known: Iterable[Taken]) -> About:
    return about(at, (name for one in known for name in of(one)))


def _met(at: At, body: Sequence[ast.stmt], node: ast.AST, asked: About) -> Known:
    return cors_tests.met(at.code, at.path, cors_tests.around(body, node), at.within, asked)


def name(at: At, node: ast.Name) -> Taken:
    """What a name is made of: an argument, what a function or a module has bound it to, or a class body."""
    owner = names.scope(at.code, at.path, at.within, node.id)
    argument = settings_objects.argument(owner, node.id) if owner else None
    if node.id in at.given and not argument:  # of a lambda
        return at.given[node.id]
    if not argument and node.id not in names.local(at.code, owner):
        owner = None
    start: Taken = None
    if owner and argument and owner is at.within and node.id in at.given:
        start = at.given[node.id]
    elif owner and argument:
        calls = settings_calls.given(at.code, at.path, owner, node.id)
        each = {took(At(at.code, file, inner, depth=at.depth), value) for file, value, inner in calls}
        start = each.pop() if len(each) == 1 else None
    steps = settings_bound.steps(at.code, at.path, node, owner, at.within)
    inside = replace(at, within=owner, given=at.given if owner is at.within else {})
    if steps or argument:
        return _stepped(inside, node.id, steps, start, node if owner is at.within else None)
    match names.resolve(at.code, at.path, node, at.within):
        case Place(node=ast.expr()) as place:
            return _placed(at, place)
        case _:
            near = settings_bound.beside(at.code, at.path, node)
            return took(replace(at, within=None, given={}), near) if near else None


def _placed(at: At, place: Place) -> Taken:
    """What a name of another module is, or of this one where it is asked for as the module's attribute."""
    steps = settings_bound.every(at.code, place.path, place.name)
    return _stepped(At(at.code, place.path, depth=at.depth), place.name, steps, None, None)


def _stepped(at: At, name: str, steps: Sequence[settings_bound.Step], start: Taken, before: ast.Name | None) -> Taken:
    """What a name is after `steps`, and after what is appended to it, before the place that asks."""
    tree = at.code.tree(at.path)
    body = at.within.body if at.within else tree.body if tree else ()
    grown = [value for value in _grown(at, body).get(name, ()) if before is None or value.lineno < before.lineno]
    events = sorted(
        [*((one.value, False) for one in steps), *((value, True) for value in grown)],
        key=lambda pair: (pair[0].lineno, pair[0].col_offset),
    )
    if len(events) > MOST_STEPS or spent(at.code, len(events)):
        return None
    each = [took(at, value) for value, _ in events]
    asked = _asked(at, [start, *each])
    found = start
    for (value, more), taken in zip(events, each, strict=True):
        verdict = _met(at, body, value, asked)
        if verdict is False:
            continue
        if more:
            both = joined(found, taken, value)
            found = found if verdict is None and both is not None else both
        elif verdict is None:
            found = taken if taken == found else None
        else:
            found = merged([found, taken]) if verdict == EITHER else taken
    return found


def _grown(at: At, body: Sequence[ast.stmt]) -> Mapping[str, Sequence[ast.expr]]:
    """What is put to the end of each list: `origins += more`, `origins.extend(more)`, `origins.append(one)`."""
    key = ("cors grown", at.path, at.within)
    if key not in at.code.memo:
        found: dict[str, list[ast.expr]] = {}
        for stmt in flat(body):
            match stmt:
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    found.setdefault(name, []).append(value)
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[*_, value])):
                    if attr in {"append", "add", "insert"}:
                        value = ast.copy_location(ast.List(elts=[value], ctx=ast.Load()), value)
                    if attr in {"append", "add", "insert", "extend"}:
                        found.setdefault(name, []).append(value)
                case _:
                    pass
        at.code.memo[key] = found
    known: Mapping[str, Sequence[ast.expr]] = at.code.memo[key]
    return known


def attribute(at: At, node: ast.Attribute) -> Taken:
    """What an attribute is made of: of a module, a field of settings, or a property of the project's own class."""
    match names.resolve(at.code, at.path, node, at.within):
        case Place(node=ast.expr() as value) as place if value is not node:
            return _placed(at, place)
        case _:
            pass
    known, found = cors_fields.read(at, node)
    if known:
        return found
    owner = values.instance(at.code, at.path, node.value, at.within)
    match values.member(at.code, owner, node.attr) if owner else None:
        case (file, ast.expr() as value, within):
            return took(At(at.code, file, within, depth=at.depth), value)
        case (file, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function, _):  # a property
            return returned(At(at.code, file, function, depth=at.depth))
        case _:
            return None
