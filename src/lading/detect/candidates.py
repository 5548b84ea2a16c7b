"""The code and the evidence → the names that an ASGI server could be given, each with what speaks for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import evidence, evidence_tree, names, objects, reach, routes
from lading.detect.code import Code, Function, written
from lading.detect.evidence_servers import Start
from lading.detect.names import Place
from lading.detect.objects import Object

#: What the object and its module are usually called.
_ATTRIBUTES = ("app", "application", "api", "create_app", "get_app", "make_app", "create_application", "server")
MODULES = ("main", "app", "asgi", "server", "api", "application", "__init__", "web", "factory")

#: Frameworks whose applications no ASGI server serves, or not for a backend of FastAPI.
_FOREIGN = ("flask", "django", "bottle", "falcon", "dash", "channels", "streamlit", "gunicorn", "celery")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that a server could be given, and the application that it stands for."""

    path: str
    name: str
    line: int
    object: Object
    factory: bool = False

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Score:
    """How much speaks for a candidate, in points, each with its reason, and the start that names it."""

    points: int
    reasons: tuple[str, ...]
    start: Start | None = None


def every(code: Code) -> Iterator[Candidate]:
    """Every name at the top of a module that is an application or a function that makes one."""
    first = tuple(code.holding(b"FastAPI"))
    makers = {name for path in first for name in _makers(code, path)}
    words = tuple(name.encode() for name in makers)
    second = code.holding(b"Middleware(", b"ASGIApp(", *words)
    for path in dict.fromkeys((*first, *second)):
        tree = code.tree(path)
        if tree is None:
            continue
        for name, bindings in tree.bindings.items():
            for binding in bindings:
                if isinstance(binding, ast.FunctionDef):
                    made = objects.returned(code, path, binding)
                    if made and made.made and made.kind == "application" and _callable(binding):
                        yield Candidate(path, name, binding.lineno, made, factory=True)
                # `app = web.app` is another name of what is a candidate already.
                elif isinstance(binding, ast.expr) and not isinstance(names.resolve(code, path, binding), Place):
                    made = objects.origin(code, path, binding)
                    if made and made.made and made.kind == "application":
                        yield Candidate(path, name, binding.lineno, made)


def _makers(code: Code, path: str) -> Iterator[str]:
    """The functions that return an application, and the classes that are one."""
    tree = code.tree(path)
    for name, bindings in tree.bindings.items() if tree else ():
        match bindings[-1]:
            case ast.FunctionDef() as function if objects.returned(code, path, function):
                yield name
            case ast.ClassDef() as cls if objects.kind(code, Place(path, name, cls)) == "application":
                yield name
            case _:
                pass


def _callable(function: Function) -> bool:
    """Whether a server can call it: with no argument, and not one that only a test's fixtures do."""
    given = function.args
    needed = len(given.posonlyargs) + len(given.args) - len(given.defaults)
    decorated = any("fixture" in written(decorator) for decorator in function.decorator_list)
    return needed <= 0 and all(given.kw_defaults) and not decorated


def asks(code: Code, path: str, name: str) -> str:
    """The first argument that a factory cannot be called without; empty where there is none."""
    match names.find(code, path, name):
        case Place(node=ast.FunctionDef() | ast.AsyncFunctionDef() as function) if not _callable(function):
            given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
            return given[0].arg if given else ""
        case _:
            return ""


def mounted(code: Code, found: Sequence[Candidate]) -> Mapping[Candidate, str]:
    """The candidates that another application mounts, each with where: that one is served, and they through it."""
    included = (one for some in routes.read(code).inclusions.values() for one in some)
    children = {one.child.id: one.path for one in included if one.mount and not one.parent.same(one.child)}
    return {one: children[one.object.id] for one in found if one.object.id in children}


# ── what the evidence names ──────────────────────────────────────────────────────────────────────────────────────────


def named(code: Code, found: Sequence[Candidate]) -> Mapping[Candidate, tuple[Start, ...]]:
    """The candidates that a start names, with those starts, the weightiest first; names that only they tell of too."""
    known: dict[tuple[str, str], Candidate] = {}
    for one in found:
        known[one.path, one.name] = one  # the newest binding of a name is the one that is served
    said: dict[Candidate, list[Start]] = {}
    for start in evidence.read(code).servers:
        place = resolve(code, start, found)
        if place is None:
            continue
        candidate = known.get(place) or _another(code, *place, start)
        if candidate:
            known[place] = candidate
            said.setdefault(candidate, []).append(start)
    return {one: tuple(starts) for one, starts in said.items()}


def resolve(code: Code, start: Start, found: Sequence[Candidate] = ()) -> tuple[str, str] | None:
    """The file and the name of what a start gives the server; None where the tree has no such thing."""
    module, _, name = (start.target or "").partition(":")
    if start.file:
        file = start.file if start.file in code.source.files else evidence_tree.nearest(code, start.file, start)
    elif module:
        file = _module(code, module, start)
    elif start.program == "fastapi":
        base = start.folder or ""
        file = next((path for end in _DISCOVERED if (path := names.join(base, end)) in code.source.files), None)
    else:
        return None
    if file is None or not file.endswith(".py"):
        return None
    if not name:
        here = [one.name for one in found if one.path == file and not one.factory]
        name = next((usual for usual in ("app", "api") if usual in here), min(here, default=""))
    return (file, name.partition(".")[0]) if name else None


#: Where the FastAPI command looks when it is given nothing, in its order.
_DISCOVERED = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


def _module(code: Code, module: str, start: Start) -> str | None:
    stem = module.replace(".", "/")
    given = names.join(start.folder, f"{stem}.py") if start.folder is not None else ""
    if given in code.source.files:
        return given
    return evidence_tree.nearest(code, f"{stem}.py", start) or evidence_tree.nearest(code, f"{stem}/__init__.py", start)


def _another(code: Code, path: str, name: str, start: Start) -> Candidate | None:
    """A name that the code alone does not tell to be an application: a re-export, something unknown that is served."""
    tree = code.tree(path)
    if tree is None:
        return None
    made = objects.origin(code, path, ast.Name(name))
    place = names.find(code, path, name)
    node = place.node if isinstance(place, Place) else None
    here = tree.bindings.get(name, (None,))[-1]
    line = getattr(here, "lineno", 0) or getattr(here, "line", 0) or 1
    if made and made.kind == "application":
        return Candidate(path, name, line, made)
    if isinstance(place, Place) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        made = objects.returned(code, place.path, node)
        if made is None and not start.factory:
            return None
        return Candidate(path, name, line, made or Object("application", path, None), factory=True)
    if start.program == "gunicorn" and not any("worker" in word.lower() for word in start.argv):
        return None  # it may well be WSGI
    if isinstance(node, ast.Call) and isinstance(place, Place):
        meaning = names.resolve(code, place.path, node.func)
        library = meaning.partition(".")[0].lower() if isinstance(meaning, str) else ""
        return None if library in _FOREIGN else Candidate(path, name, line, Object("application", path, None))
    return None


# ── how much speaks for which ────────────────────────────────────────────────────────────────────────────────────────


def score(code: Code, one: Candidate, starts: Sequence[Start]) -> Score:
    """What speaks for a candidate; what the project itself says outweighs all that its code looks like."""
    stem = one.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__").rpartition(".")[2]
    usual = one.name in _ATTRIBUTES
    best = starts[0] if starts else None
    started = best is not None and best.weight >= evidence.SURE
    rows = [
        (10 * best.weight if best else 0, f"{best.where} starts it, with {best.program}" if best else ""),
        (30 * routes.read(code).any(one.object), "it answers routes"),
        (20 * (started and one.object.made is None), "it is started, and its routes cannot be told"),
        (12 * (not one.factory), "it is there to be served, and not made by a function"),
        (8 * one.object.wrapped, "it wraps another one"),
        (4 * usual, f"`{one.name}` is a usual name"),
        _share(code, one.path) if started else (0, ""),
        (2 * (stem in MODULES or one.path.endswith("__init__.py")), f"`{stem}` is a usual module"),
    ]
    places = dict.fromkeys(start.where for start in starts if best and start.where != best.where)
    rows += [(0, f"{where} starts it too") for where in [*places][:3]]
    return Score(
        sum(points for points, _ in rows), tuple(said for points, said in rows if points or said.endswith("too")), best
    )


def _share(code: Code, path: str) -> tuple[int, str]:
    """Points for how much of the code an application imports: beside a backend smaller ones may be started too."""
    imported, every = len(reach.reach(code, path)), max(len(code.files), 1)
    return round(40 * imported / every) if every > _FEW else 0, f"it imports {imported} of {every} files"


#: Of so few files it does not tell which application is the backend.
_FEW = 50


def retarget(one: Candidate, start: Start | None) -> Candidate:
    """A candidate as its start has it: a function that the server is to call."""
    return replace(one, factory=True) if start and start.factory else one
