"""Alembic's folder of revisions → its heads, the variable of its URL, and whether its engine is asyncio's."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from lading.detect import values
from lading.detect.code import Code
from lading.model import Fact, Migrations

_ASYNC = (b"async_engine_from_config", b"create_async_engine", b"AsyncEngine(", b"run_sync(")
_URLS = frozenset({"create_engine", "create_async_engine"})


def heads(code: Code, folder: str) -> tuple[str, ...]:
    """The revisions that no other one follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for path in (*code.files, *code.aside):
        if path.startswith(f"{folder}/versions/"):
            given = dict(_assigned(code, path))
            revisions |= given.get("revision", set())
            followed |= given.get("down_revision", set())
    return tuple(sorted(revisions - followed))


def _assigned(code: Code, path: str) -> Iterator[tuple[str, set[str]]]:
    """The texts that a revision's file gives each of its names."""
    tree = code.tree(path)
    for name, bindings in tree.bindings.items() if tree else ():
        if name in {"revision", "down_revision"} and isinstance(bindings[-1], ast.expr):
            constants = (node.value for node in ast.walk(bindings[-1]) if isinstance(node, ast.Constant))
            yield name, {value for value in constants if isinstance(value, str)}


def opens(code: Code, folder: str) -> tuple[str | None, bool]:
    """The variable with the URL that env.py opens, where it is one, and whether its engine is asynchronous."""
    path = posixpath.join(folder, "env.py")
    if path not in code.source.files:
        return None, False
    data = code.data(path)
    variable = next((value.variable for value in _given(code, path) if value.variable), None)
    return variable, any(word in data for word in _ASYNC)


def table(code: Code, folder: str) -> str:
    """Where Alembic keeps what was applied: `version_table=` of env.py, or its own name for it, in its schema.

    A name that would have to be quoted is not told: what asks for it does not quote.
    """
    path = posixpath.join(folder, "env.py")
    tree = code.tree(path) if path in code.source.files and b"version_table" in code.data(path) else None
    found: dict[str, str] = {}
    for node, within in tree.nodes if tree else ():
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            told = keyword.arg in {"version_table", "version_table_schema"}
            value = values.fold(code, path, keyword.value, within) if told else None
            if keyword.arg and value and value.whole and re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value.text):
                found.setdefault(keyword.arg, value.text)
    name, schema = found.get("version_table", "alembic_version"), found.get("version_table_schema")
    return f"{schema}.{name}" if schema else name


def sets_url(code: Code, folder: str) -> bool:
    """Whether env.py opens another URL than the ini file's."""
    path = posixpath.join(folder, "env.py")
    return path in code.source.files and bool(list(_expressions(code, path)))


def is_given_url(code: Code, folder: str) -> bool:
    """Whether env.py asks for the ini file's URL, and the project's own code says it there when it runs Alembic."""
    path = posixpath.join(folder, "env.py")
    asks = path in code.source.files and b"sqlalchemy.url" in code.data(path) and not _says_url(code, path)
    return asks and any(_says_url(code, other) for other in code.holding(b"set_main_option(") if other != path)


def _says_url(code: Code, path: str) -> bool:
    tree = code.tree(path)
    calls = (node for node, _ in tree.nodes if isinstance(node, ast.Call)) if tree else ()
    return any(
        isinstance(one.func, ast.Attribute)
        and one.func.attr == "set_main_option"
        and any(isinstance(arg, ast.Constant) and arg.value == "sqlalchemy.url" for arg in one.args)
        for one in calls
    )


def _given(code: Code, path: str) -> Iterator[values.Value]:
    for node, within in _expressions(code, path):
        value = values.fold(code, path, node, within)
        if value:
            yield value


def _expressions(code: Code, path: str) -> Iterator[tuple[ast.expr, ast.FunctionDef | ast.AsyncFunctionDef | None]]:
    """What env.py opens: `set_main_option("sqlalchemy.url", …)`, an engine's URL, `section["sqlalchemy.url"] = …`."""
    tree = code.tree(path)
    for node, within in tree.nodes if tree else ():
        match node:
            case ast.Call(func=ast.Attribute(attr="set_main_option" | "set_section_option"), args=args) if (
                len(args) > 1
            ):
                if any(isinstance(one, ast.Constant) and one.value == "sqlalchemy.url" for one in args):
                    yield args[-1], within
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in _URLS:
                yield first, within
            case _:
                pass
    for stmt in ast.walk(ast.Module(body=list(tree.body), type_ignores=[])) if tree else ():
        match stmt:
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value="sqlalchemy.url"))], value=value):
                yield value, None
            case _:
                pass


def configured(code: Code) -> Fact[Migrations] | None:
    """Alembic without a file of its own: `config.set_main_option("script_location", "app:migrations")`."""
    for path in code.holding(b'"script_location"', b"'script_location'"):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="set_main_option"), args=[ast.Constant(value="script_location"), where]
                ):
                    value = values.fold(code, path, where, within)
                    text = value.text.replace(":", "/").replace(".", "/").strip("/") if value and value.whole else ""
                    folder = _ends(code, text or "migrations") or _ends(code, "alembic")
                    if folder:
                        variable, is_async = opens(code, folder)
                        found = Migrations(tool="alembic", config=path, folder=folder, heads=heads(code, folder),
                                           is_async=is_async, variable=variable, table=table(code, folder))  # fmt: skip
                        return Fact(found, f"{path}:{node.lineno}", "likely")
                case _:
                    pass
    return None


def _ends(code: Code, text: str) -> str | None:
    folders = [posixpath.dirname(file) for file in code.source.files if posixpath.basename(file) == "env.py"]
    near = [folder for folder in folders if f"/{folder}".endswith(f"/{text}")]
    return min(near, key=lambda folder: (folder.count("/"), folder), default=None)
