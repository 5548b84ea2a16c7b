"""A file → every file that importing it imports, and the folder that must be on the path for that."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lading.detect import names
from lading.detect.code import Code, flat, folder
from lading.detect.imports import Imported

#: Folders, and a file, that no image has by itself: what is in them is for other times than a start.
_ASIDE = frozenset({"tests", "test", "docs", "conftest.py"})


def aside(reached: Iterable[str]) -> tuple[str, ...]:
    """Those of the files `reached` that stand where no server's code is looked for, in the order of their paths."""
    return tuple(sorted(path for path in reached if _ASIDE & set(path.split("/"))))


def reach(code: Code, path: str) -> frozenset[str]:
    """`path` and all the files of the project that it imports, by any number of steps."""
    key = ("reach", path)
    if key not in code.memo:
        found, todo = {path}, [path]
        asked: set[tuple[str, int, str]] = set()
        while todo:
            importer = todo.pop()
            for file in _imported(code, importer, asked):
                if file not in found:
                    found.add(file)
                    todo.append(file)
        code.memo[key] = frozenset(found)
    reached: frozenset[str] = code.memo[key]
    return reached


def _imported(code: Code, importer: str, asked: set[tuple[str, int, str]]) -> Iterator[str]:
    """The files that `importer` imports, without those that a file beside it imports by a name in `asked`."""
    base = folder(importer)
    for imported in code.imports(importer):
        inner = f"{imported.module}.{imported.name}".strip(".") if imported.name else imported.module
        # `import a.b.c` runs a, a.b and a.b.c; `from . import b` runs the package and b.
        while (base, imported.level, inner) not in asked:
            asked.add((base, imported.level, inner))
            file = names.module(code, importer, Imported(inner, None, imported.level))
            if file and file.endswith(".py"):
                yield file
            inner = inner.rpartition(".")[0]


def importable(code: Code, path: str) -> str:
    """The folder that must be on the path to import `path`: the one from which most imports of the project resolve.

    Where the imports do not tell: the folder above the package that it is in, else the nearest `src`, else the root.
    """
    tops = _resolved(code, path)
    usual = _usual(code, path)
    return max(tops, key=lambda top: (tops[top], top == usual, -len(top)))


def imports_from(code: Code, path: str, top: str) -> bool:
    """Whether as many imports of the project resolve from `top` as from any other folder."""
    tops = _resolved(code, path)
    return top in tops and tops[top] == max(tops.values())


def _resolved(code: Code, path: str) -> Mapping[str, int]:
    """The folders above `path` from which it can be imported, each with how many imports resolve there."""
    key = ("resolved", path)
    if key not in code.memo:
        tops = {top: 0 for top in names.ancestors(path) if _is_dotted(path, top)}
        known = names.homes(code)
        for file in sorted(reach(code, path)):
            for imported in code.imports(file):
                first = imported.module.partition(".")[0]
                if imported.level and file == path:
                    # A relative import cannot leave the package: the folder on the path is above all that it climbs.
                    deepest = max(len(file.split("/")) - 1 - imported.level, 0)
                    tops = {top: count for top, count in tops.items() if len(names.parts(top)) <= deepest} or tops
                elif not imported.level and first in known and first not in sys.stdlib_module_names:
                    for top in tops:
                        tops[top] += _exists(code, names.join(top, imported.module.replace(".", "/")))
        code.memo[key] = tops
    found: Mapping[str, int] = code.memo[key]
    return found


def others(code: Code, path: str, top: str) -> tuple[str, ...]:
    """The folders beside `top` that must be importable too, since what `path` imports names modules in them barely.

    `from auth import user` in shop/main.py, with shop/auth.py there, when the application is `shop.main:app`.
    """
    reached = sorted(reach(code, path))
    if code.having(reach(code, path), b"sys.path."):
        return ()  # it sees to that itself
    found = {}
    elsewhere = {name for name in names.homes(code) if name and not _exists(code, names.join(top, name))}
    for file in reached:
        maybe = (one for one in code.imports(file) if one.module.partition(".")[0] in elsewhere)
        tree = code.tree(file) if any(_bare(code, file, one, top) for one in maybe) else None
        for stmt in tree.statements if tree else ():
            for imported in _sure(tree.body if tree else (), stmt):
                if base := _bare(code, file, imported, top):
                    found[base] = True
    return tuple(sorted(found))


def _bare(code: Code, file: str, imported: Imported, top: str) -> str | None:
    """The folder, not `top`, in which an import finds what it names; None where `top` has it, or it is a library's."""
    first = imported.module.partition(".")[0]
    if imported.level or not first or first in sys.stdlib_module_names or _exists(code, names.join(top, first)):
        return None
    target = names.module(code, file, imported)
    if target is None or target == file or any(first.lower() in word for word in _declared(code)):
        return None
    base = target.removesuffix(".py").removesuffix("/__init__")
    base = base[: -len(imported.module)].rstrip("/") if base.endswith(imported.module.replace(".", "/")) else ""
    if not base or base == top or imported.name in {None, "*"}:
        return base if base and base != top else None
    there = names.find(code, target, imported.name or "") if target.endswith(".py") else True
    return base if there else None


def _sure(body: Sequence[ast.stmt], stmt: ast.stmt) -> Iterator[Imported]:
    """What a statement imports, unless it is one of several ways to import something."""
    if any(isinstance(outer, ast.Try | ast.If) and any(stmt is inner for inner in flat([outer])) for outer in body):
        return
    match stmt:
        case ast.Import(names=listed):
            yield from (Imported(alias.name, None, 0, stmt.lineno) for alias in listed)
        case ast.ImportFrom(module=module, names=listed, level=level):
            yield from (Imported(module or "", alias.name, level, stmt.lineno) for alias in listed)
        case _:
            pass


_MANIFEST = re.compile(r"(?:.*/)?(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile|[\w.-]*requirements[\w./-]*\.(?:txt|in))")


def _declared(code: Code) -> frozenset[str]:
    """Every word of the files that declare dependencies, in small letters: a module may be called like a library."""
    if ("declared",) not in code.memo:
        words: set[str] = set()
        for path in code.source.files:
            if _MANIFEST.fullmatch(path):
                text = code.data(path).decode(errors="replace").lower().replace("-", "_")
                words |= set(re.findall(r"[a-z]\w+", text))
        code.memo["declared",] = frozenset(words)
    found: frozenset[str] = code.memo["declared",]
    return found


def _usual(code: Code, path: str) -> str:
    top = folder(path)
    if names.join(top, "__init__.py") in code.source.files:
        # A folder `src` is a place for packages and not one, whatever is in it, unless an import names it.
        while names.join(top, "__init__.py") in code.source.files and names.parts(top)[-1:] not in ([], ["src"]):
            top = folder(top)
        return top
    return next((above for above in reversed([*names.ancestors(path)]) if names.parts(above)[-1:] == ["src"]), "")


def _is_dotted(path: str, top: str) -> bool:
    """Whether a module can be named from `top`: `my-service/main.py` is none of the root."""
    return all(part.isidentifier() for part in dotted(path, top).split("."))


def _exists(code: Code, stem: str) -> bool:
    return f"{stem}.py" in code.source.files or stem in code.packages


def dotted(path: str, top: str) -> str:
    """The module name of a file, from the folder `top` that is on the path."""
    inner = path[len(top) + 1 :] if top else path
    return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
