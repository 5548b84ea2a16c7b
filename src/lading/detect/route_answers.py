"""The function behind a route → whether it answers plainly that all is well, or with what the backend is about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lading.detect import names, route_handlers
from lading.detect.code import Code, flat, written
from lading.detect.names import Place
from lading.detect.routes import Route

_FINE = re.compile(
    r"(?i)\b(?:ok|okay|alive|healthy|health|running|online|up|live|ready|operational|active|status|success)\b"
)

#: What a model has that says how a backend is.
_SAYS = re.compile(r"(?i)status|state|ok|health\w*|alive|live|ready|up|uptime|version|message|detail|success|checks?")

_LISTS = frozenset({"list", "List", "set", "tuple", "Sequence", "Iterable", "Page", "Paginated", "LimitOffsetPage"})

#: Methods of a query that is about what the store holds, and not about whether it is there.
_QUERIES = frozenset({"group_by", "order_by", "scalars", "all", "fetchall", "where", "filter", "filter_by", "aggregate",
                      "offset", "find", "count_documents", "to_list"})  # fmt: skip


def plain(code: Code, route: Route) -> bool:
    """Whether the route answers with a constant that says that all is well, and does nothing else."""
    handler = route.handler
    if handler is None or any(True for _ in route_handlers.depends(route.file, handler)):
        return False
    if route_handlers.asked_in(code, route.file, handler):
        return False
    returns = [stmt.value for stmt in flat(handler.body) if isinstance(stmt, ast.Return)]
    match returns:
        case [ast.Dict() | ast.Constant() as said]:
            return _FINE.search(written(said)) is not None
        case [ast.Call(func=func, args=args, keywords=keywords)] if written(func).rpartition(".")[2] in {
            "JSONResponse",
            "PlainTextResponse",
            "Response",
        }:
            content = [*args, *(keyword.value for keyword in keywords if keyword.arg == "content")]
            return any(_FINE.search(written(one)) for one in content)
        case _:
            return False


def about_more(code: Code, route: Route) -> bool:
    """Whether the answer is about what the backend keeps, and not about the backend.

    A list, a model in which nothing says how it is, or rows that a store was asked for: `/status` may count orders.
    """
    handler = route.handler
    if handler is None:
        return False
    model = _model(route) or handler.returns
    if isinstance(model, ast.Subscript) and written(model.value).rpartition(".")[2] in _LISTS:
        return True
    if isinstance(model, ast.List | ast.Tuple):
        return True
    fields = list(_fields(code, route.file, model))
    if fields and not any(_SAYS.fullmatch(part) for name in fields for part in name.split("_")):
        return True
    asked = (node.func.attr for stmt in handler.body for node in ast.walk(stmt)
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))  # fmt: skip
    return any(name in _QUERIES for name in asked)


def _model(route: Route) -> ast.expr | None:
    """`response_model=…` of the decorator."""
    keywords = route.call.keywords if route.call else ()
    return next((keyword.value for keyword in keywords if keyword.arg == "response_model"), None)


def _fields(code: Code, path: str, model: ast.expr | None) -> Iterator[str]:
    """The fields of a model of the project's own, those that it inherits too."""
    place = names.resolve(code, path, model)
    cls = place.node if isinstance(place, Place) else None
    if not isinstance(place, Place) or not isinstance(cls, ast.ClassDef):
        return
    for one in names.family(code, place.path, cls):
        inner = one.node if isinstance(one, Place) else None
        for stmt in inner.body if isinstance(inner, ast.ClassDef) else ():
            if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name):
                yield stmt.target.id
