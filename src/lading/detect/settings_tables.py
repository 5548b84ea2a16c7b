"""A table of options that the environment's names are matched against, by a prefix → the variables that it stands for.

`{k: v for k, v in os.environ.items() if k.startswith("APP_")}`, and records beside it with a name, a default and
whether they are required; those in a record with a name of its own go by both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.detect import names, pydantic, settings_names, values
from lading.detect.code import Code, Tree, written
from lading.detect.names import Place
from lading.detect.settings_code import Asked
from lading.model import Fact, Variable

_TYPES = {"int": "int", "float": "float", "bool": "bool", "list": "list", "dict": "json", "Path": "path"}


@dataclass(frozen=True, slots=True)
class _Record:
    """A call of a named tuple or data class of the project's own, by its fields."""

    given: Mapping[str, ast.expr]
    defaults: Mapping[str, ast.expr]
    line: int
    node: ast.Call

    def said(self, name: str) -> object:
        """The constant that a field has."""
        return pydantic.constant(self.given.get(name, self.defaults.get(name)))


def variables(asked: Asked) -> Iterator[Fact[Variable]]:
    """The variables of every such table in the files that the application imports."""
    code = asked.code
    for path in code.holding(b"environ"):
        tree = code.tree(path) if path in asked.reached and b".startswith(" in code.data(path) else None
        if tree and _walks(tree) and (prefix := _prefix(code, tree)):
            yield from _of(code, tree, prefix)


def _walks(tree: Tree) -> bool:
    """Whether a file goes through all of the environment."""
    calls = (node.func for node, _ in tree.nodes if isinstance(node, ast.Call))
    return any(
        written(func) in {"os.environ.items", "environ.items", "os.environ.keys", "environ.keys"} for func in calls
    )


def _prefix(code: Code, tree: Tree) -> str:
    """The constant that names are asked to start with."""
    for node, within in tree.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="startswith"), args=[first]):
                value = values.fold(code, tree.path, first, within)
                if (
                    value
                    and value.whole
                    and value.variable is None
                    and value.text.isidentifier()
                    and value.text.isupper()
                ):
                    return value.text
            case _:
                pass
    return ""


def _of(code: Code, tree: Tree, prefix: str) -> Iterator[Fact[Variable]]:
    records = {id(record.node): record for record in _records(code, tree)}
    inside: dict[int, tuple[str, bool]] = {}
    for record in records.values():
        for inner in (one for value in record.given.values() for one in _elements(value)):
            if id(inner) in records:
                inside[id(inner)] = (f"{record.said('name')}_", record.said("required") is not False)
    outer = {id(record.node) for record in records.values()
             if any(id(one) in records for value in record.given.values() for one in _elements(value))}  # fmt: skip
    for key, record in records.items():
        name = record.said("name")
        if key in outer or not isinstance(name, str) or not name.isidentifier():
            continue
        section, needed = inside.get(key, ("", True))
        default = record.given.get("default", record.defaults.get("default"))
        unset = default is None or (isinstance(default, ast.Constant) and default.value is None)
        folded = values.fold(code, tree.path, default)
        text = folded.text if folded and folded.whole and not unset else None
        variable = f"{prefix}{section}{name}".upper()
        kind = next((_TYPES[one] for one in (written(v) for v in record.given.values()) if one in _TYPES), "str")
        required = unset and needed and record.said("required") is not False
        secret = settings_names.is_secret(variable, text) and kind == "str"
        yield Fact(
            Variable(name=variable, default=text, required=required, secret=secret, type=kind),
            f"{tree.path}:{record.line}",
            "likely",
        )


def _records(code: Code, tree: Tree) -> Iterator[_Record]:
    """The calls of records that have a name, and a default or whether they are required."""
    for node, within in tree.nodes:
        if not isinstance(node, ast.Call) or within is not None or not isinstance(node.func, ast.Name):
            continue
        place = names.resolve(code, tree.path, node.func)
        if isinstance(place, Place) and isinstance(place.node, ast.ClassDef):
            fields = {stmt.target.id: stmt.value for stmt in place.node.body
                      if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name)}  # fmt: skip
            if "name" in fields and {"default", "required"} & fields.keys():
                given = dict(zip(fields, node.args, strict=False))
                given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                yield _Record(given, {name: value for name, value in fields.items() if value}, node.lineno, node)


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []
