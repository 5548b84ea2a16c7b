"""Shell scripts and calls before the first request → how tables are made where no tool for migrations is."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator

from lading.detect import names, settings_calls
from lading.detect.code import Code
from lading.errors import BadInput
from lading.model import Fact, Migrations

_SCRIPTS = re.compile(
    r"(?:pre-?start|(?:docker[-_])?entrypoint|start(?:-prod|-reload)?|run|init(?:[-_]db)?|migrate|release|boot)\.sh"
)
_MIGRATES = re.compile(
    r"\bpython[\d.]*\s+(?:-m\s+)?\S*(?:migrat|init_?db|create_(?:db|tables))\S*"
    r"|\bpiccolo\s+migrations\s+forwards?\b|\byoyo\s+apply\b|\bdbmate\s+up\b"
)
_BESIDES = re.compile(
    r"\bpython[\d.]*\s+(?:-m\s+)?(?!-c\b|.*\b(?:uvicorn|gunicorn|alembic|pip)\b)"
    r"\S*(?:initial|seed|pre_?start|bootstrap|fixtures)\S*"
)
_LARGEST = 100_000


def script(code: Code, *, any_command: bool = False) -> Fact[Migrations] | None:
    """The script that brings the schema up to date by a command of the project's own.

    With `any_command`, one that does something else of the kind before the start: first data, waiting for a store.
    """
    for path, number, line in _lines(code):
        if (_BESIDES if any_command else _MIGRATES).search(line) and not line.lstrip().startswith("#"):
            folder = posixpath.dirname(path) or "."
            return Fact(Migrations(tool="script", config=path, folder=folder, heads=()), f"{path}:{number}", "likely")
    return None


def _lines(code: Code) -> Iterator[tuple[str, int, str]]:
    found = [path for path in code.source.files if _SCRIPTS.fullmatch(posixpath.basename(path))]
    for path in sorted(found, key=lambda one: (one.count("/"), one))[:40]:
        try:
            data = code.source.read(path)[:_LARGEST]
        except BadInput:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            yield path, number, line


def creates(code: Code, reached: Collection[str], entry: str = "") -> Fact[Migrations] | None:
    """The call that makes the tables when the application is imported or started."""
    found: list[Fact[Migrations]] = []
    for path in code.holding(b"create_all", b"generate_schemas", b"create_tables"):
        tree = code.tree(path) if path in reached else None
        for node, within in tree.nodes if tree else ():
            makes = isinstance(node, ast.Call) and _makes(code, path, node)
            if isinstance(node, ast.Call) and makes and settings_calls.at_start(code, reached, path, within, entry):
                made = Migrations(tool="create_all", config=path, folder=posixpath.dirname(path) or ".", heads=())
                found.append(Fact(made, f"{path}:{node.lineno}", "likely"))
    return min(found, key=lambda fact: fact.because) if found else None


def _makes(code: Code, path: str, node: ast.Call) -> bool:
    """`metadata.create_all(engine)`, `run_sync(metadata.create_all)`, `generate_schemas=True`, `create_tables(…)`."""
    given = [node.func, *node.args]
    if any(isinstance(one, ast.Attribute) and one.attr == "create_all" and _of_metadata(one.value) for one in given):
        return True
    for keyword in node.keywords:
        if (
            keyword.arg == "generate_schemas"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
        ):
            return True
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr in {"generate_schemas", "create_tables"}:
        meaning = names.resolve(code, path, func)
        return (isinstance(meaning, str) and meaning.startswith("tortoise")) or func.attr == "create_tables"
    return False


def _of_metadata(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return "meta" in name.lower() or name in {"Base", "db", "SQLModel", "gino"}
