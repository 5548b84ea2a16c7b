"""The code → the environment variable of the origins that a browser may call from: `allow_origins` of CORSMiddleware.

Where nothing tells that it decides, in the application that is served, there is none: to set it proves nothing then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lading.detect import cors_settled, cors_tests, cors_values, names, objects, settings_calls, values
from lading.detect.code import Code, Function
from lading.detect.cors_taken import At, Taken
from lading.detect.cors_tests import EITHER, Known
from lading.detect.names import Meaning, Place
from lading.detect.objects import Object
from lading.model import Cors, Fact, Variable

#: Functions that call functions that add it.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class _Added:
    """A place where the middleware is added, and what its origins are made of."""

    path: str
    call: ast.Call
    within: Function | None
    taken: Taken


@dataclass(frozen=True, slots=True)
class _Asked:
    code: Code
    reached: Collection[str]
    entry: str


def detect(
    code: Code, served: Object | None, reached: Collection[str], entry: str, found: Sequence[Fact[Variable]]
) -> Fact[Cors] | None:
    """The one variable that decides, of those that were `found`, and how it is written.

    `served` is the application, `entry` the factory that makes it, where there is one.
    """
    asked = _Asked(code, reached, entry)
    code.memo[cors_settled.REACHED] = reached
    added = [one for path in code.holding(b"CORSMiddleware") if path in reached for one in _added(code, path, served)]
    known = {fact.value.name for fact in found}
    for one in added:
        for took in sorted(one.taken or (), key=lambda each: each.form in {"text", "one"}):
            if took.variable in known and _decides(asked, one, added, took.variable):
                form = "one" if took.form == "text" else took.form
                cors = Cors(variable=took.variable, written=form)
                return Fact(cors, f"{one.path}:{one.call.lineno}", key="cors-variable")
    return None


def _decides(asked: _Asked, one: _Added, added: Sequence[_Added], variable: str) -> bool:
    """Whether the middleware is added when the variable is set, and no other beside it."""
    runs = _runs(asked, one.path, one.call, one.within, variable)
    others = (each for each in added if each is not one)
    return runs in {True, EITHER} and all(
        _runs(asked, each.path, each.call, each.within, variable) is False for each in others
    )


def _added(code: Code, path: str, served: Object | None) -> Iterator[_Added]:
    """Each place of a file where the application that is served may get the middleware."""
    tree = code.tree(path)
    for node, within in tree.nodes if tree else ():
        if isinstance(node, ast.Call) and _adds(code, path, node, within, served):
            given = _given(code, path, node, within)
            origins = given.get("allow_origins")
            taken = cors_values.took(At(code, path, within), origins)
            free = _passes(code, path, given.get("allow_origin_regex"), within)
            yield _Added(path, node, within, None if free else taken)


def _adds(code: Code, path: str, node: ast.Call, within: Function | None, served: Object | None) -> bool:
    """Whether a call adds the middleware, and not to another application than the one that is served."""
    func, first = node.func, node.args[0] if node.args else None
    meaning = names.resolve(code, path, func, within)
    taker: ast.expr | None
    if isinstance(func, ast.Attribute) and func.attr == "add_middleware":
        added, taker = names.resolve(code, path, first, within), func.value
    elif any(names.library(meaning, package, "Middleware") for package in ("fastapi", "starlette")):
        added, taker = names.resolve(code, path, first, within), _taker(code, path, node)
    else:
        added, taker = meaning, next((one.value for one in node.keywords if one.arg == "app"), first)
    if not _is(added):
        return False
    owner = objects.origin(code, path, taker, within)
    return not (owner and served and owner.made and served.made and not owner.same(served))


def _taker(code: Code, path: str, node: ast.Call) -> ast.expr | None:
    """The call that is given `Middleware(…)` in its `middleware`, there or by a name."""
    tree = code.tree(path)
    for call, within in tree.nodes if tree else ():
        for keyword in call.keywords if isinstance(call, ast.Call) else ():
            if keyword.arg != "middleware":
                continue
            place = names.resolve(code, path, keyword.value, within)
            given = place.node if isinstance(place, Place) and place.path == path and place.node else keyword.value
            if isinstance(call, ast.Call) and any(one is node for one in ast.walk(given)):
                return call
    return None


def _is(meaning: Meaning | None) -> bool:
    return any(names.library(meaning, package, "CORSMiddleware") for package in ("fastapi", "starlette"))


def _given(code: Code, path: str, node: ast.Call, within: Function | None) -> Mapping[str, ast.expr]:
    """The keyword arguments of a call, those of `**options` too, where that is a dictionary."""
    found: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        inner = keyword.value
        if keyword.arg:
            found[keyword.arg] = inner
        elif isinstance(place := names.resolve(code, path, inner, within), Place) and place.path == path:
            inner = place.node if isinstance(place.node, ast.expr) else inner
        if keyword.arg is None and isinstance(inner, ast.Dict):
            pairs = zip(inner.keys, inner.values, strict=True)
            found |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
    return found


def _passes(code: Code, path: str, node: ast.expr | None, within: Function | None) -> bool:
    """Whether a pattern lets any origin pass: `.*`, `https?://.*`. It is not tried: it may be made to take for ever."""
    value = values.fold(code, path, node, within)
    return bool(value and re.sub(r"https?|[\\^$/:?()]", "", value.text) in {".*", ".+"})


def _runs(  # noqa: PLR0917 - what is known goes along
    asked: _Asked, path: str, node: ast.expr, within: Function | None, variable: str, depth: int = 0
) -> Known:
    """Whether a call is come to before the first request, in a process that has `variable` set."""
    tree = asked.code.tree(path)
    body = within.body if within else tree.body if tree else ()
    guards = list(cors_tests.around(body, node, exits=True))
    about = cors_values.about(At(asked.code, path, within), (variable,))
    met = cors_tests.met(asked.code, path, guards, within, about)
    if within is None or within.name == asked.entry or not met or depth > _DEEPEST:
        return met
    calls = [
        _runs(asked, site.path, site.call, site.within, variable, depth + 1)
        for site in settings_calls.sites(asked.code, path, settings_calls.called_as(asked.code, path, within))
        if site.call and not site.later and site.path in asked.reached and _calls(asked.code, site, within)
    ]
    if not calls:
        return met if settings_calls.at_start(asked.code, asked.reached, path, within, asked.entry) else None
    best = next((one for one in (True, EITHER, None) if one in calls), False)
    return met if best is True else best


def _calls(code: Code, site: settings_calls.Site, function: Function) -> bool:
    """Whether a call by the function's name may be of it."""
    meaning = names.resolve(code, site.path, site.node, site.within)
    if isinstance(meaning, Place) and isinstance(meaning.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return meaning.node is function
    return not isinstance(meaning, str)
