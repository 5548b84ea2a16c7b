"""A field of a settings class → its environment variable, as its text or as the list that pydantic makes of it.

The rules are pydantic-settings' own ("Parsing environment variable values"): a list is JSON, unless `NoDecode` or
`enable_decoding` leaves it to a validator; version 1 asks `parse_env_var`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lading.detect import cors_settled, names, pydantic, values
from lading.detect.code import Code, Function, written
from lading.detect.cors_taken import At, Taken, Took, formed
from lading.detect.names import Place


def read(at: At, node: ast.Attribute) -> tuple[bool, Taken]:
    """Whether `settings.name` or `settings.group.name` is a field, and what it is made of."""
    chain, owner = node.attr, node.value
    while True:
        cls = values.instance(at.code, at.path, owner, at.within)
        if cls and isinstance(cls.node, ast.ClassDef) and pydantic.is_settings(at.code, cls.path, cls.node):
            field = pydantic.fields(at.code, cls.path, cls.node).get(chain)
            if field is None:
                return False, None
            elsewhere = cors_settled.elsewhere(at.code, cls.path, cls.node, chain, field.variable)
            return True, None if elsewhere else _field(at, cls.path, cls.node, chain, field)
        if not isinstance(owner, ast.Attribute):
            return False, None
        chain, owner = f"{owner.attr}.{chain}", owner.value


def _field(at: At, path: str, cls: ast.ClassDef, name: str, field: pydantic.Field) -> Taken:
    from lading.detect import cors_names

    code, kind = at.code, field.kind.type
    text = (Took(field.variable, "text"),)
    # Sources of the project's own may read it in any way.
    if b"EnvSettingsSource" in code.data(path) and any(pydantic.methods(code, path, cls, "settings_customise_sources")):
        return None
    annotation = _annotation(code, field)
    if kind == "json":
        is_json = field.kind.model is None and written(annotation).rpartition(".")[2].startswith("Json")
        return formed(text, "json") if is_json else None
    if kind not in {"str", "url", "list"}:
        return None
    by_hand = list(pydantic.methods(code, path, cls, "parse_env_var"))
    undecoded = pydantic.constant(pydantic.options(code, path, cls).get("enable_decoding")) is False
    raw = kind != "list" or undecoded or "NoDecode" in written(annotation)
    checks = [*_before(code, field.path, annotation), *pydantic.validators(code, path, cls, name)]
    types = {"str", kind} - {"url"} if raw else {kind}
    start = text if raw else formed(text, "json")
    if any(cors_settled.refuses(At(code, file, depth=at.depth), one, types, start) for file, one in checks):
        return None
    if not raw and not by_hand:
        return formed(text, "json")
    made: Taken = text
    for file, parse in by_hand:  # (cls, field_name, raw_val)
        made = cors_names.given(At(code, file, depth=at.depth), parse, [(), made]) or made
    for file, validator in checks:
        made = cors_names.given(At(code, file, depth=at.depth), validator, [made]) or made
    return made if kind != "list" or (made and made[0].form != "text") else None


def _annotation(code: Code, field: pydantic.Field) -> ast.expr | None:
    """What the class says of a field, by its own name for it where it has one: `Origins = Annotated[list[str], …]`."""
    tree = code.tree(field.path)
    for node, _ in tree.nodes if tree else ():
        for stmt in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(stmt, ast.AnnAssign) and stmt.lineno == field.line:
                match names.resolve(code, field.path, stmt.annotation):
                    case Place(node=ast.expr() as value):
                        return value
                    case _:
                        return stmt.annotation
    return None


def _before(code: Code, path: str, annotation: ast.expr | None) -> Iterator[tuple[str, Function | ast.Lambda]]:
    """The functions of `BeforeValidator(…)` in an annotation."""
    for node in ast.walk(annotation) if annotation else ():
        match node:
            case ast.Call(func=func, args=[function, *_]) if written(func).endswith("Validator"):
                match names.resolve(code, path, function):
                    case Place(path=file, node=ast.FunctionDef() as found):
                        yield file, found
                    case _ if isinstance(function, ast.Lambda):
                        yield path, function
                    case _:
                        pass
            case _:
                pass
