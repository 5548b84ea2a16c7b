"""A name in a file → what it stands for: a place in another file of the project, or the dotted name of a library's."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lading.detect.code import Binding, Code, Function, bound, flat, folder
from lading.detect.imports import Imported


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is defined. `node` None: it is the module, or the folder, `path`."""

    path: str
    name: str = ""
    node: ast.expr | ast.ClassDef | Function | None = None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.node.lineno}" if self.node else self.path


#: A place in the project, or the dotted name of something that is not in it: `fastapi.FastAPI`.
Meaning = Place | str


#: Libraries after which backends like to call the module that sets them up.
_LIBRARIES = frozenset(
    {
        "aiohttp", "alembic", "anthropic", "apscheduler", "arq", "beanie", "boto3", "celery", "discord", "dramatiq",
        "elasticsearch", "fastapi", "faststream", "gunicorn", "httpx", "huey", "jinja2", "jwt", "kafka", "langchain",
        "loguru", "minio", "motor", "openai", "passlib", "prometheus_client", "pydantic", "pydantic_settings",
        "pymongo", "redis", "requests", "rq", "sentry_sdk", "slowapi", "socketio", "sqlalchemy",
        "sqlmodel", "starlette", "stripe", "structlog", "taskiq", "telegram", "tortoise", "uvicorn",
    }
)  # fmt: skip


def ancestors(path: str) -> Iterator[str]:
    """The folders above a path, the root first; the root is empty."""
    parts = path.split("/")[:-1]
    return ("/".join(parts[:number]) for number in range(len(parts) + 1))


def join(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def parts(path: str) -> list[str]:
    """The parts of a path; none of the root."""
    return path.split("/") if path else []


def module(code: Code, importer: str, binding: Imported) -> str | None:
    """The file, or the folder of a namespace package, of the module that `importer` imports from; None: a library."""
    inner = binding.module.replace(".", "/")
    if binding.level:
        base = folder(importer)
        for _ in range(binding.level - 1):
            base = folder(base)
        return _file(code, join(base, inner))
    if binding.module.partition(".")[0] in sys.stdlib_module_names:
        return None
    return next((file for file in _files(code, folder(importer), inner) if file != importer), None)


def _files(code: Code, base: str, inner: str) -> tuple[str, ...]:
    """What an absolute import in the folder `base` may bring: the modules of that name in all the folders above it."""
    first = inner.partition("/")[0]
    there = homes(code).get(first, ())
    if not there:
        return ()
    top_only = len(there) == 1 and "" in there  # whichever folder asks
    key = ("files", "" if top_only else base, inner)
    if key not in code.memo:
        # A file is no module of its own, and `app/core/redis.py` is not what `import redis` brings.
        shadowed = first in _LIBRARIES
        tops = (top for top in ([""] if top_only else ancestors(f"{base}/x")) if top in there)
        usual = (top for top in tops if not shadowed or parts(top)[-1:] in ([], ["src"]))
        code.memo[key] = tuple(file for top in usual if (file := _file(code, join(top, inner))))
    found: tuple[str, ...] = code.memo[key]
    return found


def homes(code: Code) -> Mapping[str, Collection[str]]:
    """The names of all modules and packages, each with the folders that have one: most imports are of libraries."""
    if ("homes",) not in code.memo:
        found: dict[str, set[str]] = {}
        stems = [path[:-3] for path in code.source.files if path.endswith(".py")]
        for path in (*stems, *(stem[:-9] for stem in stems if stem.endswith("/__init__")), *code.packages):
            top, _, name = path.rpartition("/")
            found.setdefault(name, set()).add(top)
        code.memo["homes",] = found
    known: Mapping[str, Collection[str]] = code.memo["homes",]
    return known


def _file(code: Code, stem: str) -> str | None:
    for path in (f"{stem}.py", join(stem, "__init__.py")):
        if path in code.source.files:
            return path
    return stem if stem in code.packages else None


def find(code: Code, path: str, name: str) -> Meaning | None:
    """What `name` stands for at the top of the file `path`."""
    key = ("find", path, name)
    if key not in code.memo:
        code.memo[key] = None  # until it is known: names that are imported in a circle lead nowhere
        code.memo[key] = _find(code, path, name)
    found: Meaning | None = code.memo[key]
    return found


def _find(code: Code, path: str, name: str) -> Meaning | None:
    tree = code.tree(path) if path.endswith(".py") else None
    if tree and name in tree.bindings:
        return _meaning(code, path, name, tree.bindings[name][-1])
    for star in tree.stars if tree else ():
        file = module(code, path, star)
        if file and (found := find(code, file, name)):
            return found
    inside = path.removesuffix("/__init__.py")
    submodule = _file(code, join(inside, name)) if not inside.endswith(".py") else None
    return Place(submodule) if submodule else None


def _meaning(code: Code, path: str, name: str, binding: Binding) -> Meaning | None:
    return imported(code, path, binding) if isinstance(binding, Imported) else Place(path, name, binding)


def imported(code: Code, path: str, binding: Imported) -> Meaning | None:
    """What an import in the file `path` brings; None when it is the project's own and is not there."""
    file = module(code, path, binding)
    if binding.name is None:
        return Place(file) if file else binding.module
    if file and file != path and (found := find(code, file, binding.name)):
        return found
    inner = f"{binding.module}.{binding.name}".lstrip(".")
    if submodule := module(code, path, Imported(inner, None, binding.level)):
        return Place(submodule)
    return None if binding.level or file else inner


def local(code: Code, function: Function | None) -> Mapping[str, tuple[Binding, ...]]:
    """What each name of a function was bound to, in order."""
    if function is None:
        return {}
    key = ("local", function)
    if key not in code.memo:
        bindings: dict[str, list[Binding]] = {}
        for name, value in (pair for stmt in flat(function.body) for pair in bound(stmt)):
            bindings.setdefault(name, []).append(value)
        code.memo[key] = {name: tuple(values) for name, values in bindings.items()}
    found: Mapping[str, tuple[Binding, ...]] = code.memo[key]
    return found


def scope(code: Code, path: str, within: Function | None, name: str) -> Function | None:
    """The function that binds `name`, or is given it, of `within` and those around it; `within` where none does."""
    key, function = ("around", path), within
    while function is not None:
        given = function.args
        if name in local(code, function) or any(
            one.arg == name for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)
        ):
            return function
        if key not in code.memo:
            tree = code.tree(path)
            code.memo[key] = {
                node: outer
                for node, outer in (tree.nodes if tree else ())
                if outer and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        function = code.memo[key].get(function)
    return within


def resolve(code: Code, path: str, node: ast.expr | None, within: Function | None = None) -> Meaning | None:
    """What a name, or a chain of attributes of a module, stands for in `path`, inside the function `within`."""
    chain: list[str] = []
    while isinstance(node, ast.Attribute):
        chain.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    if bindings := local(code, scope(code, path, within, node.id)).get(node.id):
        meaning = _meaning(code, path, node.id, bindings[-1])
    else:
        # A name that nothing binds is a built-in, or came with a library's star.
        meaning = find(code, path, node.id) or node.id
    for attr in reversed(chain):
        match meaning:
            case Place(path=file, node=None):
                meaning = find(code, file, attr)
            case str():
                meaning = f"{meaning}.{attr}"
            case _:
                return None
    return meaning


#: No class that somebody wrote has more above it.
_MOST_CLASSES = 40


def family(code: Code, path: str, cls: ast.ClassDef) -> tuple[Meaning, ...]:
    """The class `cls` and all that it inherits from, nearest first."""
    found: list[Meaning] = []
    todo: list[Meaning] = [Place(path, cls.name, cls)]
    while todo and len(found) < _MOST_CLASSES:
        meaning = todo.pop(0)
        if meaning in found:
            continue
        found.append(meaning)
        if isinstance(meaning, Place) and isinstance(meaning.node, ast.ClassDef):
            for base in meaning.node.bases:
                named = resolve(code, meaning.path, base.value if isinstance(base, ast.Subscript) else base)
                todo += [named] if named else []
    return tuple(found)


def library(meaning: Meaning | None, package: str, name: str) -> bool:
    """Whether `meaning` is `name` of `package`, or of a module in it; a bare name may have come with a star."""
    return isinstance(meaning, str) and (
        meaning == name or (meaning.endswith(f".{name}") and meaning.partition(".")[0] == package)
    )
