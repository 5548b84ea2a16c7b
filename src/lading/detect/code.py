"""The Python files of a source → their syntax trees, each parsed at most once, and only when a question needs it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lading.detect import imports, syntax
from lading.detect import words as words_
from lading.detect.imports import Imported
from lading.source import Source

#: Folders whose code is not the backend's own, wherever they are.
ASIDE = frozenset(
    {
        "alembic", "benchmark", "benchmarks", "build", "dist", "doc", "docs", "docs_src", "env", "example", "examples",
        "fixtures", "migrations", "notebooks", "sample", "samples", "site-packages", "test", "testing", "tests", "venv",
    }
)  # fmt: skip
_TESTS = re.compile(r"tests?[_-].*|.*[_-]tests?")
_ASIDE_FILE = re.compile(r"(?:test_.*|.*_test|tests?|conftest|noxfile)\.py")

#: Larger ones are data or generated: no backend is written in them.
LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that Python cannot parse."""

    line: int
    reason: str


Function = ast.FunctionDef | ast.AsyncFunctionDef
Binding = ast.expr | ast.ClassDef | Function | Imported

_FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef})
_ASKED_FOR = _FUNCTIONS | {
    ast.Call, ast.Subscript, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Compare, ast.BoolOp,
}  # fmt: skip
#: What the fields of a node hold that has no node of interest in it.
_LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, ast.Pass, str, int, type(None)})
_LEAF_FIELDS = frozenset({"ctx", "op", "ops", "id", "attr", "arg", "name", "names", "module", "level", "type_comment"})


#: Each kind of node, with its fields in which other nodes may be.
_FIELDS = {
    kind: tuple(name for name in kind._fields if name not in _LEAF_FIELDS)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


@dataclass(frozen=True)
class Tree:
    """A parsed file, with what the questions ask of it."""

    path: str
    body: Sequence[ast.stmt]

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """What runs when the module is imported: the bodies of `if`, `try` and `with` too, in order."""
        return tuple(flat(self.body))

    @cached_property
    def nodes(self) -> tuple[tuple[ast.AST, Function | None], ...]:
        """The nodes that a question may ask for, wherever they are and in order, each with the function it is in."""
        found: list[tuple[ast.AST, Function | None]] = []
        # A stack and not recursion: how deep a file nests must not matter. Written for speed: it sees every node.
        stack: list[tuple[Any, Function | None]] = [(stmt, None) for stmt in reversed(self.body)]
        while stack:
            node, within = stack.pop()
            kind = type(node)
            if kind in _ASKED_FOR:
                found.append((node, within))
            # Decorators and defaults run where the function stands; no question needs that told apart.
            inner = node if kind in _FUNCTIONS else within
            mark = len(stack)
            for name in _FIELDS[kind]:
                value = getattr(node, name, None)
                if type(value) is list:
                    stack += [(child, inner) for child in value if type(child) not in _LEAVES]
                elif type(value) not in _LEAVES:
                    stack.append((value, inner))
            stack[mark:] = stack[: mark - 1 if mark else None : -1]
        return tuple(found)

    @cached_property
    def bindings(self) -> Mapping[str, tuple[Binding, ...]]:
        """What each name of the module was bound to, in order; imports in functions count where nothing else does."""
        found: dict[str, list[Binding]] = {}
        for stmt in self.statements:
            for name, value in bound(stmt):
                found.setdefault(name, []).append(value)
        for node, _ in self.nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name, value in bound(node):
                    found.setdefault(name, [value])
        return {name: tuple(values) for name, values in found.items()}

    @cached_property
    def stars(self) -> tuple[Imported, ...]:
        """The modules whose every name is imported."""
        froms = (stmt for stmt in self.statements if isinstance(stmt, ast.ImportFrom))
        return tuple(
            Imported(stmt.module or "", None, stmt.level) for stmt in froms if any(a.name == "*" for a in stmt.names)
        )


@dataclass(frozen=True)
class Code:
    """The Python files of a source: `files` may be the backend's own, `aside` are tests, documents, examples.

    `own` are files of the latter kind that the application imports after all.
    """

    source: Source
    own: frozenset[str] = frozenset()
    broken: dict[str, Broken] = field(default_factory=dict)
    memo: dict[tuple[object, ...], Any] = field(default_factory=dict)  # what was asked before, by who asks
    _trees: dict[str, Tree | None] = field(default_factory=dict)
    _bytes: dict[str, bytes] = field(default_factory=dict)
    _imports: dict[bytes, tuple[Imported, ...]] = field(default_factory=dict)

    @cached_property
    def files(self) -> tuple[str, ...]:
        return tuple(path for path in self._python if path in self.own or not aside(path))

    @cached_property
    def aside(self) -> tuple[str, ...]:
        return tuple(path for path in self._python if path not in self.own and aside(path))

    @cached_property
    def _python(self) -> tuple[str, ...]:
        return tuple(path for path in self.source.files if path.endswith(".py"))

    @cached_property
    def packages(self) -> frozenset[str]:
        """Every folder with Python files below it: what Python takes for a package, with `__init__.py` or without."""
        found: set[str] = set()
        for path in self.files:
            inner = folder(path)
            while inner and inner not in found:
                found.add(inner)
                inner = folder(inner)
        return frozenset(found)

    def data(self, path: str) -> bytes:
        """The bytes of a file; none of one that is too large to be code that somebody wrote."""
        if path not in self._bytes:
            self._bytes[path] = self.source.read(path) if self.source.size(path) <= LARGEST else b""
        return self._bytes[path]

    def holding(self, *words: bytes) -> tuple[str, ...]:
        """The backend's own files that hold any of `words`: a search of bytes spares most files their parsing."""
        if words not in self.memo:
            self.memo[words] = tuple(words_.holding(self._index, self._contents, words))
        found: tuple[str, ...] = self.memo[words]
        return found

    def having(self, paths: Collection[str], *words: bytes) -> list[str]:
        """Those of `paths` that hold any of `words`, sorted; they may be files that are not the backend's own."""
        own = self._contents
        found = [path for path in self.holding(*words) if path in paths]
        found += [path for path in paths if path not in own and any(word in self.data(path) for word in words)]
        return sorted(found)

    @cached_property
    def _index(self) -> tuple[words_.Block, ...]:
        return words_.blocks(self._contents)

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        return {path: self.data(path) for path in self.files}

    def tree(self, path: str) -> Tree | None:
        """The tree of a file; None, and an entry in `broken`, when Python cannot parse it."""
        if path not in self._trees:
            self._trees[path] = self._parse(path)
        return self._trees[path]

    def imports(self, path: str) -> Sequence[Imported]:
        """What a file imports, anywhere in it. By a pattern, since all the files that a backend reaches are asked."""
        key = ("imports", path)
        if key not in self.memo:
            self.memo[key] = tuple(imports.read(self.data(path), self._imports))
        found: Sequence[Imported] = self.memo[key]
        return found

    def _parse(self, path: str) -> Tree | None:
        try:
            return Tree(path, syntax.parse(self.data(path)))
        except SyntaxError as error:
            self.broken[path] = Broken(error.lineno or 1, error.msg)
        except (ValueError, RecursionError, MemoryError) as error:
            self.broken[path] = Broken(1, str(error) or "too deeply nested")
        return None


def with_own(code: Code, reached: Collection[str]) -> Code:
    """`code`, with what the application imports counted as its own, in whatever folder it is: `samples`, `docs`."""
    own = frozenset(path for path in reached if path.endswith(".py") and aside(path))
    return replace(code, own=own, memo={}) if own else code


def aside(path: str) -> bool:
    """Whether a path is of tests, documents, examples, migrations, a virtual environment or a tool: ours, `.lading`."""
    *folders, name = path.split("/")
    return (
        "/." in f"/{path}"
        or not ASIDE.isdisjoint(folders)
        or any("test" in one and _TESTS.fullmatch(one) for one in folders)
        or _ASIDE_FILE.fullmatch(name) is not None
    )


def flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of `body` and of the blocks in it, in order, that run when it does.

    Not those of functions and classes, nor of `if __name__ == "__main__"`, which no server runs.
    """
    stack = list(reversed(body))
    while stack:
        stmt = stack.pop()
        yield stmt
        if isinstance(stmt, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inner = [] if _script_only(stmt) else list(getattr(stmt, "body", ()))
        for clause in (*getattr(stmt, "handlers", ()), *getattr(stmt, "cases", ())):
            inner += clause.body
        inner += [*getattr(stmt, "orelse", ()), *getattr(stmt, "finalbody", ())]
        stack += reversed(inner)


def every(tree: Tree) -> Iterator[tuple[ast.AST, Function | None]]:
    """All the nodes of a file, each with the function that it is in; for the few files where `nodes` is too little."""
    stack: list[tuple[ast.AST, Function | None]] = [(stmt, None) for stmt in reversed(tree.body)]
    while stack:
        node, within = stack.pop()
        yield node, within
        inner = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else within
        stack += [(child, inner) for child in reversed([*ast.iter_child_nodes(node)])]


def _script_only(stmt: ast.stmt) -> bool:
    match stmt:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
        case _:
            return False


def bound(stmt: ast.stmt) -> Iterator[tuple[str, Binding]]:
    """The names that a statement binds, each with what to."""
    match stmt:
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            yield stmt.name, stmt
        case ast.Import(names=names):
            for alias in names:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or module, Imported(module, None, 0, stmt.lineno)
        case ast.ImportFrom(names=names):
            for alias in names:
                yield alias.asname or alias.name, Imported(stmt.module or "", alias.name, stmt.level, stmt.lineno)
        case _:
            return


def written(node: ast.AST | None) -> str:
    """The text of an expression; empty for one that nests deeper than Python's own printer goes."""
    try:
        return ast.unparse(node) if node else ""
    except RecursionError:
        return ""


def folder(path: str) -> str:
    """The folder of a path; empty for the root."""
    return path.rpartition("/")[0]
