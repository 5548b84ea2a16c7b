"""The function behind a route → what it asks of who calls it, and what it asks in its turn."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lading.detect import names
from lading.detect.code import Code, Function, written
from lading.detect.names import Place
from lading.detect.routes import Guard, Route, Whole

_DEEPEST = 4

_AUTH = re.compile(
    r"(?:^|_)(?:auth\w*|oauth2?|jwt|bearer|token|api_?key|user|admin|superuser|login|logged|permissions?|principal|"
    r"credentials?|role|roles|scopes?|basic|security|require[sd]?|verify|identity|session_user)(?:_|$)"
)
_SCHEMES = frozenset(
    {
        "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "HTTPBearer", "HTTPBasic", "APIKeyHeader",
        "APIKeyQuery", "APIKeyCookie", "OpenIdConnect", "HTTPDigest", "Security",
    }
)  # fmt: skip

#: Words of names that stand for something beside the process.
_STORES = frozenset(
    {
        "session", "sessions", "db", "database", "engine", "redis", "cursor", "execute", "scalar", "scalars", "mongo",
        "mongodb", "collection", "connection", "conn", "pool", "broker", "celery", "httpx", "aiohttp", "requests",
        "elasticsearch", "rabbitmq", "kafka", "sessionmaker", "sessionlocal", "asyncsession", "queue", "cache",
        "postgres", "mysql", "solr", "qdrant", "neo4j", "s3", "minio", "query",
    }
)  # fmt: skip


def asks_nothing(route: Route, *, subject: bool) -> bool:
    """Whether the route answers a request that brings nothing: it has no parameter of a query without a default.

    With `subject`, none at all.
    """
    if route.handler is None:
        return True
    return not any(
        _is_query(argument.annotation) and (subject or default is None)
        for argument, default in _arguments(route.handler)
    )


def _arguments(function: Function) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    yield from zip(positional, defaults, strict=True)
    yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def _is_query(annotation: ast.expr | None) -> bool:
    match annotation:
        case ast.Name(id="str" | "int" | "float" | "bool" | "UUID" | "date" | "datetime"):
            return True
        case _:
            return False


# ── what it depends on ───────────────────────────────────────────────────────────────────────────────────────────────


def guard(code: Code, whole: Whole) -> str:
    """The name of what asks for authentication before the route answers; empty: nothing does, as far as can be seen."""
    handler = whole.route.handler
    if handler and any(
        "login_required" in (text := written(one)) or "requires(" in text for one in handler.decorator_list[:30]
    ):
        return "login_required"
    every = (*whole.guards, *depends(whole.route.file, handler))
    return next((found for one in every if (found := _guarded(code, one, 0))), "")


def depends(path: str, handler: Function | None) -> Iterator[Guard]:
    """The dependencies that a function's arguments name: a default, or what `Annotated[…]` says."""
    for argument, default in _arguments(handler) if handler else ():
        if default is not None:
            yield Guard(path, default, None)
        match argument.annotation:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, *said])):
                yield from (Guard(path, one, None) for one in said)
            case ast.Name() | ast.Attribute() as alias:
                yield Guard(path, alias, None)  # CurrentUser = Annotated[User, Depends(…)]
            case _:
                pass


def _guarded(code: Code, one: Guard, depth: int) -> str:
    """The name of the dependency, when it or one of its own asks for authentication."""
    node = _meant(code, one) if depth <= _DEEPEST else None
    kind = _name(node.func) if isinstance(node, ast.Call) else ""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if first is None or kind not in {"Depends", "Security"}:
        return kind if kind == "Security" else ""
    name = _name(first)
    if kind == "Security" or _AUTH.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()):
        return name
    key = ("guarded", first, one.within)
    if key not in code.memo:
        code.memo[key] = ""  # until it is known: dependencies that depend on each other ask for nothing
        code.memo[key] = name if _asks(code, one, first, depth) else ""
    found: str = code.memo[key]
    return found


def _asks(code: Code, one: Guard, first: ast.expr, depth: int) -> bool:
    """Whether what a dependency names asks for authentication."""
    place = names.resolve(code, one.path, first.func if isinstance(first, ast.Call) else first, one.within)
    match place:
        case Place(node=ast.Call(func=func)):
            return _name(func) in _SCHEMES
        case Place(path=path, node=ast.FunctionDef() | ast.AsyncFunctionDef() as function):
            return any(_guarded(code, inner, depth + 1) for inner in depends(path, function))
        case _:
            return _name(first) in _SCHEMES


def _meant(code: Code, one: Guard) -> ast.expr | None:
    """The dependency itself: an alias of `Annotated[…, Depends(…)]` gives the latter."""
    node: ast.expr = one.node
    if isinstance(node, ast.Name | ast.Attribute):
        place = names.resolve(code, one.path, node, one.within)
        match place.node if isinstance(place, Place) else None:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, *said])):
                return next((item for item in said if isinstance(item, ast.Call)), None)
            case ast.Call() as call:
                return call
            case _:
                return None
    return node


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return _name(func)
        case _:
            return written(node)[:60]


# ── what it asks in its turn ─────────────────────────────────────────────────────────────────────────────────────────


def touches(code: Code, whole: Whole) -> str:
    """The word in the handler, or in a dependency of its arguments, that stands for a store or another service."""
    handler = whole.route.handler
    if handler is None:
        return ""
    for argument, default in _arguments(handler):
        depends = isinstance(default, ast.Call) and _name(default.func) == "Depends" and default.args
        given = _name(default.args[0]) if depends and isinstance(default, ast.Call) else ""
        if given and (word := _store(given) or _store(argument.arg)):
            return word
        if argument.annotation is not None and (word := _store(written(argument.annotation))):
            return word
    return asked_in(code, whole.route.file, handler)


def asked_in(code: Code, path: str, function: Function, depth: int = 0) -> str:
    """The word in the body of a function, or of one that it calls, that stands for a store."""
    own = {function.name}
    called: list[ast.Call] = []
    for node in (inner for stmt in function.body for inner in ast.walk(stmt)):
        match node:
            case ast.Call(func=func):
                called.append(node)
                # `redis.ping()`, `session.execute()`: not `"database": "postgres"`.
                text = written(func)
                if text not in own and (word := _store(text)):
                    return word
            case _:
                pass
    for call in called if depth < 1 else ():
        place = names.resolve(code, path, call.func, function)
        inner = place.node if isinstance(place, Place) else None
        if isinstance(place, Place) and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            found = asked_in(code, place.path, inner, depth + 1)
            if found:
                return found
    return ""


def _store(text: str) -> str:
    """The first word of a name, or of names, that stands for a store."""
    words = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower())
    return next((word for word in words if word in _STORES), "")
