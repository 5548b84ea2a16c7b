"""An expression → the application or router that it is: the call that made it, whatever names it went by since."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

from lading.detect import names, values
from lading.detect.code import Binding, Code, Function, flat
from lading.detect.imports import Imported
from lading.detect.names import Meaning, Place

#: What takes an application and is one: `SentryAsgiMiddleware(app)`, `socketio.ASGIApp(server, app)`.
_WRAPPER = re.compile(r".*Middleware|ASGIApp|.*Asgi\w*")

#: The identity of the application that a function is given: whichever is served.
GIVEN = 0

#: An expression's own names for an object; nobody gives it more.
DEEPEST = 25


@dataclass(frozen=True, slots=True)
class Object:
    """An application or a router. Two expressions are the same object when the same node made them."""

    kind: Literal["application", "router"]
    path: str
    made: ast.Call | Function | None  # None: whichever application a function is given
    within: Function | None = None
    wrapped: bool = False

    @property
    def id(self) -> int:
        return id(self.made) if self.made else GIVEN

    def same(self, other: Object) -> bool:
        return self.made is other.made


def origin(
    code: Code, path: str, node: ast.expr | None, within: Function | None = None, depth: int = 0
) -> Object | None:
    """The object that an expression in `path`, inside the function `within`, is; None when it is something else."""
    if node is None or depth > DEEPEST:
        return None
    key = ("origin", node, within)
    if key not in code.memo:
        code.memo[key] = None  # until it is known
        code.memo[key] = _origin(code, path, node, within, depth)
    found: Object | None = code.memo[key]
    return found


def kind(code: Code, meaning: Meaning | None) -> Literal["application", "router"] | None:
    """What calling `meaning` makes: FastAPI and APIRouter, and the project's own classes that inherit from them."""
    lineage: tuple[Meaning, ...] = (meaning,) if meaning else ()
    if isinstance(meaning, Place) and isinstance(meaning.node, ast.ClassDef):
        lineage = names.family(code, meaning.path, meaning.node)
    for one in lineage:
        if names.library(one, "fastapi", "FastAPI"):
            return "application"
        if names.library(one, "fastapi", "APIRouter"):
            return "router"
    match meaning:  # a class that a function makes: `APIRouter = router_class(Route)`
        case Place(name=name, node=ast.Call()) if name.endswith("APIRouter"):
            return "router"
        case _:
            return None


def _origin(code: Code, path: str, node: ast.expr, within: Function | None, depth: int) -> Object | None:
    match node:
        case ast.Call():
            return _called(code, path, node, within, depth)
        case ast.IfExp(body=body, orelse=orelse):
            return origin(code, path, body, within, depth + 1) or origin(code, path, orelse, within, depth + 1)
        case ast.Name(id=name) if name in names.local(code, within):
            return _bound(code, path, names.local(code, within)[name], within, depth)
        case ast.Name(id=name) if within and (argument := _argument(within, name)):
            said = kind(code, names.resolve(code, path, argument.annotation))
            given = said == "application" or (argument.annotation is None and name in {"app", "application"})
            return Object("application", path, None) if given else None
        case ast.Name() | ast.Attribute():
            place = names.resolve(code, path, node, within)
            if isinstance(place, Place) and place.node and (tree := code.tree(place.path)):
                return _bound(code, place.path, tree.bindings.get(place.name, ()), None, depth)
            return _attribute(code, path, node, within, depth) if isinstance(node, ast.Attribute) else None
        case _:
            return None


def _bound(code: Code, path: str, bindings: tuple[Binding, ...], within: Function | None, depth: int) -> Object | None:
    """The newest of what a name was bound to that is an object: `app = FastAPI()`, then `app = Middleware(app)`."""
    for binding in reversed(bindings) if depth <= DEEPEST else ():
        match binding:
            case Imported():
                meaning = names.imported(code, path, binding)
                tree = code.tree(meaning.path) if isinstance(meaning, Place) and meaning.node else None
                named = meaning.name if isinstance(meaning, Place) else ""
                found = _bound(code, tree.path, tree.bindings.get(named, ()), None, depth + 1) if tree else None
            case ast.expr():
                found = origin(code, path, binding, within, depth + 1)
            case _:
                found = None
        if found:
            return found
    return None


def _called(code: Code, path: str, node: ast.Call, within: Function | None, depth: int) -> Object | None:
    meaning = names.resolve(code, path, node.func, within)
    if made := kind(code, meaning):
        return Object(made, path, node, within)
    if isinstance(meaning, Place) and isinstance(meaning.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return returned(code, meaning.path, meaning.node, depth + 1)
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if _WRAPPER.fullmatch(name):
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            inner = origin(code, path, argument, within, depth + 1)
            if inner and inner.kind == "application":
                return Object("application", inner.path, inner.made, inner.within, wrapped=True)
    return None


def returned(code: Code, path: str, function: Function, depth: int = 0) -> Object | None:
    """The object that a function returns, by its `return` statements, else by its annotation."""
    for stmt in flat(function.body):
        if isinstance(stmt, ast.Return) and (found := origin(code, path, stmt.value, function, depth + 1)):
            return found
    said = kind(code, names.resolve(code, path, function.returns))
    return Object(said, path, function) if said else None


def _argument(function: Function, name: str) -> ast.arg | None:
    given = function.args
    arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    return next((argument for argument in arguments if argument.arg == name), None)


def _attribute(code: Code, path: str, node: ast.Attribute, within: Function | None, depth: int) -> Object | None:
    """`self.app`, `server.app`: what the class's own `__init__` made."""
    owner = values.instance(code, path, node.value, within)
    match values.member(code, owner, node.attr) if owner else None:
        case (file, ast.expr() as value, function):
            return origin(code, file, value, function, depth + 1)
        case _:
            return None
