"""What the code imports when it starts → the newest Python release that still has all of it.

PEP 594 took modules out of Python 3.13; PEP 632 took distutils out of 3.12, which lost four others, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lading.detect import names, settings_drivers
from lading.detect.code import Code, written
from lading.detect.imports import Imported
from lading.detect.settings_drivers import Declared
from lading.model import Dependencies, Fact, Migrations, Worker

#: The first minor release that has them no more.
_GONE = {
    **dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), 12),
    **dict.fromkeys(
        (
            "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis",
            "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
        ),
        13,
    ),
}  # fmt: skip

#: The distributions that bring one back, beside `standard-…`.
_BACK = {
    "distutils": ("setuptools",), "asyncore": ("pyasyncore",), "asynchat": ("pyasynchat",), "imp": ("zombie-imp",),
    "cgi": ("legacy-cgi",), "cgitb": ("legacy-cgi",), "audioop": ("audioop-lts",),
}  # fmt: skip

_CATCHES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException", ""})


@dataclass(frozen=True, slots=True)
class Removed:
    """The newest minor release, and the import that newer ones have no module for."""

    minor: int
    where: str
    said: str


def detect(code: Code, starts: Sequence[str], dependencies: Dependencies) -> Removed | None:
    """The import that allows the oldest release only; None where every one of the last releases has all that is asked.

    `starts` are the files that something imports before the first request: the application's, env.py, a worker's. What
    may be missing is no demand: under a `try` that catches it, a test of the version, or in a function.
    """
    has = settings_drivers.declared(dependencies)
    # A search of bytes first: hardly any backend imports one of them, and to follow all the imports takes long.
    if not any(names_ for path in code.source.files if path.endswith(".py") for names_ in _bare(code, path, has)):
        return None
    found: list[Removed] = []
    seen, todo = set(starts), list(starts)
    while todo:
        path = todo.pop()
        tree = code.tree(path)
        for line, one in _sure(tree.body if tree else ()):
            first = one.module.partition(".")[0]
            if not one.level and _missing(code, path, first, has):
                gone = _GONE[first]
                told = f"`{first}` is imported, which Python 3.{gone} no longer has, and nothing declared brings it"
                found.append(Removed(gone - 1, f"{path}:{line}", told))
            for file in _files(code, path, one):
                if file not in seen:
                    seen.add(file)
                    todo.append(file)
    return min(found, key=lambda one: (one.minor, one.where), default=None)


def starts(
    code: Code, path: str, migrated: Fact[Migrations] | None, beside: tuple[Fact[Worker], ...]
) -> tuple[str, ...]:
    """The files that Python is given: the application's, what migrates the database, and the workers'."""
    found = [path]
    if migrated and migrated.value.tool == "alembic":
        folder = migrated.value.folder.removeprefix("./").rstrip("/")
        inside = f"{folder}/" if folder not in {"", "."} else ""
        found += [one for one in code.source.files if re.fullmatch(rf"{re.escape(inside)}(?:env|versions/.*)\.py", one)]
    elif migrated:
        found.append(migrated.value.config)
    for fact in beside:
        file = names.module(code, path, Imported(fact.value.target.partition(":")[0], None, 0))
        found += [file] if file else []
    return tuple(dict.fromkeys(one for one in found if one.endswith(".py")))


def _bare(code: Code, path: str, has: Declared) -> Iterator[str]:
    for one in code.imports(path):
        first = one.module.partition(".")[0]
        if not one.level and _missing(code, path, first, has):
            yield first


def _missing(code: Code, path: str, module: str, has: Declared) -> bool:
    """Whether a module is one of Python's that was taken out, which neither a distribution nor the project brings."""
    if module not in _GONE or has.any(f"standard-{module}", *_BACK.get(module, ())):
        return False
    stems = (names.join(top, module) for top in names.ancestors(path))
    return not any(f"{stem}.py" in code.source.files or stem in code.packages for stem in stems)


def _sure(body: Sequence[ast.stmt]) -> Iterator[tuple[int, Imported]]:
    """What a module imports whatever happens, each with its line."""
    for stmt in body:
        match stmt:
            case ast.Import(names=listed):
                yield from ((stmt.lineno, Imported(alias.name, None, 0)) for alias in listed)
            case ast.ImportFrom(module=module, names=listed, level=level):
                yield from ((stmt.lineno, Imported(module or "", alias.name, level)) for alias in listed)
            case ast.Try(body=inner, handlers=handlers) if not any(_catches(one) for one in handlers):
                yield from _sure(inner)
            case ast.With(body=inner) if "suppress" not in " ".join(written(one.context_expr) for one in stmt.items):
                yield from _sure(inner)
            case _:
                pass


def _catches(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any((written(one) if one else "").rpartition(".")[2] in _CATCHES for one in types)


def _files(code: Code, importer: str, one: Imported) -> Iterator[str]:
    """The files that an import runs: `import a.b.c` runs those of a, a.b and a.b.c."""
    inner = f"{one.module}.{one.name}".strip(".") if one.name else one.module
    while inner or one.level:
        file = names.module(code, importer, Imported(inner, None, one.level))
        if file and file.endswith(".py"):
            yield file
        if not inner:
            return
        inner = inner.rpartition(".")[0]
