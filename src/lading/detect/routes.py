"""The code → every route, with the prefixes of the routers and applications that include it."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import loops, names, objects, route_paths, routes_quiet
from lading.detect.code import Code, Function, Tree, written
from lading.detect.loops import Part
from lading.detect.names import Place
from lading.detect.objects import Object

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route", "add_api_route", "route",
                    "add_route"})  # fmt: skip
_CALLS = (b"include_router", b".mount(", b"add_api_route", b"add_route")
_WORDS = (*_CALLS, b".api_route", b".get(", b".post(", b".route(")

#: `labels.get("x")` is in every second file: only decorators are routes.
_DECORATOR = re.compile(rb"@\s{0,9}[\w.\[\]\"'() ]{1,200}\.\w{1,60}\s{0,9}\(")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`parent.include_router(child, prefix=…)` or `parent.mount(…, child)`."""

    parent: Object
    child: Object
    prefix: str | None  # None: it is not a constant
    mount: bool
    path: str
    call: ast.Call
    within: Function | None


@dataclass(frozen=True, slots=True)
class Route:
    """A path that one application or router answers, as it is written there."""

    owner: Object
    path: str
    get: bool
    handler: Function | None
    where: str
    call: ast.Call | None = None
    within: Function | None = None
    file: str = ""  # of the handler


@dataclass(frozen=True, slots=True)
class Routes:
    """All that the code says of its routes, by the identity of the object that they are of."""

    inclusions: Mapping[int, Sequence[Inclusion]]
    routes: Mapping[int, Sequence[Route]]
    more: Collection[int] = ()  # what includes routers that were not read, since they tell nothing of the state

    def any(self, owner: Object) -> bool:
        """Whether `owner` answers anything."""
        return owner.id in self.routes or owner.id in self.inclusions or owner.id in self.more


def _calls(data: bytes) -> bool:
    return any(word in data for word in _CALLS)


def _routed(data: bytes) -> bool:
    return _calls(data) or _DECORATOR.search(data) is not None


def read(code: Code) -> Routes:
    """The routes and inclusions of all of the backend's files."""
    if ("routes",) not in code.memo:
        inclusions: dict[int, list[Inclusion]] = {}
        routes: dict[int, list[Route]] = {}
        more: set[int] = set()
        files = [path for path in code.holding(*_WORDS) if _routed(code.data(path))]
        silent = {path for path in files if not _calls(code.data(path)) and routes_quiet.quiet(code.data(path))}
        for path in files:
            tree = code.tree(path) if path not in silent else None
            for inclusion in _inclusions(code, tree, silent) if tree else ():
                if isinstance(inclusion, Object):
                    more.add(inclusion.id)
                else:
                    inclusions.setdefault(inclusion.parent.id, []).append(inclusion)
            for route in _routes(code, tree) if tree else ():
                routes.setdefault(route.owner.id, []).append(route)
        code.memo["routes",] = Routes(inclusions, routes, more)
    found: Routes = code.memo["routes",]
    return found


#: No backend includes more routers.
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Guard:
    """One of the dependencies that a route has from where it is written, or from a router or application above it."""

    path: str
    node: ast.expr
    within: Function | None


@dataclass(frozen=True, slots=True)
class Whole:
    """A route under its full path, with all that it depends on."""

    path: str
    route: Route
    guards: tuple[Guard, ...]


#: Routers that include each other twice have more paths than anybody can list.
_MOST_INCLUDED, _DEEPEST = 5_000, 40


def full(code: Code, application: Object) -> Iterator[Whole]:
    """Every route below `application`, under its full path, in the order in which it is included."""
    known = read(code)
    todo: deque[tuple[Object, str, tuple[Guard, ...], frozenset[int]]] = deque([(application, "", (), frozenset())])
    for _ in range(_MOST_INCLUDED):
        if not todo:
            break
        owner, prefix, guards, above = todo.popleft()
        base = prefix + (_own_prefix(code, owner) or "")
        guards += tuple(_guards(owner.path, owner.made, owner.within))
        # An application that a function is merely given is the one that is served.
        ids = (owner.id, objects.GIVEN) if owner.same(application) else (owner.id,)
        for identity in dict.fromkeys(ids):
            for route in known.routes.get(identity, ()):
                own = tuple(_guards(route.where.rpartition(":")[0], route.call, route.within))
                yield Whole("/" + (base + route.path).strip("/"), route, guards + own)
            for inclusion in known.inclusions.get(identity, ()):
                # A router that includes itself, by whatever detour, would have no end of routes.
                if (
                    inclusion.prefix is not None
                    and len(above) < _DEEPEST
                    and inclusion.child.id not in above | {owner.id}
                ):
                    own = tuple(_guards(inclusion.path, inclusion.call, inclusion.within))
                    place = base + inclusion.prefix.rstrip("/")
                    todo.append((inclusion.child, place, guards + own, above | {owner.id}))


def _guards(path: str, call: ast.AST | None, within: Function | None) -> Iterator[Guard]:
    """`dependencies=[Depends(…)]` of a router, an application, an inclusion or a route."""
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        if keyword.arg == "dependencies" and isinstance(keyword.value, ast.List | ast.Tuple):
            yield from (Guard(path, item, within) for item in keyword.value.elts)


def _inclusions(code: Code, tree: Tree, silent: Collection[str]) -> Iterator[Inclusion | Object]:
    """What a file includes; only the parent where the child is of a `silent` file."""
    for node, within in tree.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="include_router" | "mount" as verb)):
                parent = objects.origin(code, tree.path, value, within)
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                place = given.get("prefix") if verb == "include_router" else given.get("path", _at(node.args, 0))
                what = given.get("router" if verb == "include_router" else "app")
                what = what or _at(node.args, 0 if verb == "include_router" else 1)
                if parent is None or what is None:
                    continue
                for turn in loops.turns(code, tree.path, node, within):
                    one = loops.meant(Part(tree.path, what, within), turn)
                    if routes_quiet.of(code, one.path, one.node, one.within) in silent:
                        yield parent
                        continue
                    child = objects.origin(code, one.path, one.node, one.within)
                    if child:
                        known = {name: _text(code, part.path, part.node, part.within) for name, part in turn.items()}
                        at = loops.meant(Part(tree.path, place, within), turn) if place else None
                        prefix = route_paths.text(code, at.path, at.node, at.within, known) if at else ""
                        yield Inclusion(parent, child, prefix, verb == "mount", tree.path, node, within)
            case _:
                pass


def _at(args: Sequence[ast.expr], number: int) -> ast.expr | None:
    return args[number] if number < len(args) else None


def _routes(code: Code, tree: Tree) -> Iterator[Route]:
    for node, within in tree.nodes:
        match node:
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                for decorator in decorators:
                    if isinstance(decorator, ast.Call):
                        yield from _route(code, tree, decorator, node, within)
            case ast.Call(func=ast.Attribute(attr="add_api_route" | "add_route")):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                place = names.resolve(code, tree.path, given.get("endpoint") or _at(node.args, 1), within)
                named = place.node if isinstance(place, Place) else None
                handler = named if isinstance(named, ast.FunctionDef | ast.AsyncFunctionDef) else None
                file = place.path if isinstance(place, Place) else tree.path
                yield from (replace(one, file=file) for one in _route(code, tree, node, handler, within))
            case _:
                pass


def _route(
    code: Code, tree: Tree, call: ast.Call, handler: Function | None, within: Function | None
) -> Iterator[Route]:
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in _VERBS:
        return
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    owner = objects.origin(code, tree.path, func.value, within)
    if owner is None and isinstance(func.value, ast.Attribute) and func.value.attr == "router":  # app.router.get(…)
        owner = objects.origin(code, tree.path, func.value.value, within)
    path = _text(code, tree.path, given.get("path") or _at(call.args, 0), within)
    if owner is None or path is None:
        return
    methods = given.get("methods")
    names_get = methods is None or "GET" in written(methods).upper()
    get = func.attr == "get" or (func.attr in {"api_route", "add_api_route", "route", "add_route"} and names_get)
    yield Route(owner, path, get, handler, f"{tree.path}:{call.lineno}", call, within, tree.path)


def _own_prefix(code: Code, owner: Object) -> str | None:
    """`APIRouter(prefix=…)`."""
    if owner.kind != "router" or not isinstance(owner.made, ast.Call):
        return ""
    given = next((keyword.value for keyword in owner.made.keywords if keyword.arg == "prefix"), None)
    return _text(code, owner.path, given, owner.within) if given else ""


def _text(code: Code, path: str, node: ast.expr | None, within: Function | None) -> str | None:
    return route_paths.text(code, path, node, within)
