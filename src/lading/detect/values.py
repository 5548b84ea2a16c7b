"""An expression → what is known of its value without running it: its text, and the variable that may change it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from lading.detect import (
    names,
    pydantic,
    settings_calls,
    settings_objects,
    settings_read,
    settings_text,
    settings_types,
)
from lading.detect.code import Code, Function, bound, flat
from lading.detect.names import Place
from lading.detect.settings_objects import DEEPEST, instance, member
from lading.detect.settings_text import Value

__all__ = ["Value", "attribute", "fold", "instance", "member"]

_SELF = ast.Name(id="self", ctx=ast.Load())

#: Calls that give their first argument back, as far as a text is concerned.
_TRANSPARENT = frozenset(
    {
        "str", "int", "float", "bool", "Path", "PurePath", "URL", "make_url", "SecretStr", "Secret", "parse_obj_as",
        "cast", "AnyUrl", "DatabaseURL", "expandvars", "expanduser", "quote", "quote_plus", "abspath", "realpath",
        "normpath", "urlquote",
    }
)  # fmt: skip
_DSN = re.compile(r"\w+(?:Dsn|Url)")

#: What puts a URL together out of its parts: `URL.create(…)`, yarl's `URL.build(…)`, `PostgresDsn.build(…)`.
_BUILDS = frozenset({"create", "build"})
_SCHEMES = ("drivername", "scheme")
_PARTS = frozenset({"host", "port", "user", "username", "password", "path", "database", "authority", "query"})
_METHODS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower, "upper": str.upper, "strip": str.strip, "rstrip": str.rstrip, "lstrip": str.lstrip,
}  # fmt: skip
_SAME = frozenset(
    {"get_secret_value", "unicode_string", "render_as_string", "as_posix", "resolve", "absolute", "encode", "decode"}
)


def fold(code: Code, path: str, node: ast.expr | None, within: Function | None = None, depth: int = 0) -> Value | None:
    """What is known of `node`, an expression in `path`, inside the function `within`; None: nothing."""
    match node:
        case None:
            return None
        case ast.Constant(value=bool() as flag):
            return Value(str(flag).lower())
        case ast.Constant(value=str() | int() | float() as value):
            return Value(str(value)[: settings_text.LONGEST])
        case _ if depth > DEEPEST:
            return None
        case _:
            key = ("fold", node, within)
            if key not in code.memo:
                code.memo[key] = None  # until it is known: a value made out of itself has no text
                code.memo[key] = _fold(code, path, node, within, depth)
            found: Value | None = code.memo[key]
            return found


def _fold(  # noqa: C901, PLR0911, PLR0912 - a table
    code: Code, path: str, node: ast.expr, within: Function | None, depth: int
) -> Value | None:
    match node:
        case ast.JoinedStr(values=parts):
            return settings_text.joined([fold(code, path, part, within, depth + 1) for part in parts])
        case ast.FormattedValue(value=value, format_spec=None):
            return fold(code, path, value, within, depth + 1)
        case ast.BinOp() if (number := settings_types.arithmetic(node)) is not None:
            return Value(str(number))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return settings_text.joined([fold(code, path, side, within, depth + 1) for side in (left, right)])
        case ast.BinOp(left=left, op=ast.Mod(), right=right):  # "postgresql://%s:%s@%s" % (user, password, host)
            return settings_text.formatted(
                fold(code, path, left, within, depth + 1), _given(code, path, right, within, depth)
            )
        case ast.BoolOp(op=ast.Or(), values=values):
            return settings_text.either([fold(code, path, value, within, depth + 1) for value in values])
        case ast.IfExp(body=body, orelse=orelse):
            return settings_text.either([fold(code, path, value, within, depth + 1) for value in (body, orelse)])
        case ast.Subscript() | ast.Call() if found := settings_read.read(code, path, node, within):
            name = fold(code, path, found.name, within, depth + 1)
            if name is None or not name.whole or found.kind == "file":
                return None
            default = fold(code, path, found.default, within, depth + 1)
            inner = default or Value("", whole=False)
            return replace(inner, variable=found.prefix + name.text, where=f"{path}:{node.lineno}", parts=())
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))):
            return _keyed(code, path, owner, key, within, depth)
        case ast.Call():
            return _call(code, path, node, within, depth)
        case ast.Name() | ast.Attribute():
            return _named(code, path, node, within, depth)
        case _:
            return None


def _given(code: Code, path: str, node: ast.expr, within: Function | None, depth: int) -> list[Value | None]:
    elts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return [fold(code, path, one, within, depth + 1) for one in elts]


def _call(  # noqa: PLR0911 - a table
    code: Code, path: str, node: ast.Call, within: Function | None, depth: int
) -> Value | None:
    func = node.func
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if name in _BUILDS | {"URL"} and _PARTS & given.keys():
        scheme = next((given[one] for one in _SCHEMES if one in given), node.args[0] if node.args else None)
        start = fold(code, path, scheme, within, depth + 1)
        text = f"{start.text}://" if start and start.text else ""
        inner = [fold(code, path, value, within, depth + 1) for value in (scheme, *given.values())]
        where = next((value.where for value in inner if value and value.where), f"{path}:{node.lineno}")
        return Value(text, whole=False, where=where, parts=settings_text.parts(inner))
    if name == "format" and isinstance(func, ast.Attribute):
        arguments = [fold(code, path, value, within, depth + 1) for value in (*node.args, *given.values())]
        return settings_text.formatted(fold(code, path, func.value, within, depth + 1), arguments)
    if isinstance(func, ast.Attribute) and (name in _METHODS or name in _SAME or name in {"replace", "split"}):
        inner_value = fold(code, path, func.value, within, depth + 1)
        if inner_value and name in _METHODS and not node.args:
            return replace(inner_value, text=_METHODS[name](inner_value.text))
        if inner_value and name == "replace" and len(node.args) == 2:
            old, new = (fold(code, path, arg, within, depth + 1) for arg in node.args)
            return (
                replace(inner_value, text=inner_value.text.replace(old.text, new.text)) if old and new else inner_value
            )
        return replace(inner_value, text="", whole=False) if inner_value and name == "split" else inner_value
    if (name in _TRANSPARENT or _DSN.fullmatch(name)) and (node.args or "url" in given):
        last = -1 if name in {"parse_obj_as", "cast"} else 0
        return fold(code, path, node.args[last] if node.args else given["url"], within, depth + 1)
    if name == "get" and isinstance(func, ast.Attribute) and node.args:
        key = node.args[0]
        text_key = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        return _keyed(code, path, func.value, text_key, within, depth)
    match names.resolve(code, path, func, within):
        case Place(path=file, node=ast.FunctionDef() | ast.AsyncFunctionDef() as function):
            return _returned(code, file, function, depth)
        case None if isinstance(func, ast.Attribute):
            return _method(code, path, func, within, depth)
        case _:
            return None


def _method(code: Code, path: str, func: ast.Attribute, within: Function | None, depth: int) -> Value | None:
    owner = instance(code, path, func.value, within)
    match member(code, owner, func.attr) if owner else None:
        case (file, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function, _):
            return _returned(code, file, function, depth)
        case _:
            return None


def _keyed(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, owner: ast.expr, key: str, within: Function | None, depth: int
) -> Value | None:
    """`values["HOST"]`, `values.get("HOST")`, `info.data["HOST"]` in a settings class: its field; else of a dict."""
    cls = instance(code, path, _SELF, within) if within else None
    if (
        cls
        and isinstance(cls.node, ast.ClassDef)
        and pydantic.is_settings(code, cls.path, cls.node)
        and key in pydantic.fields(code, cls.path, cls.node)
    ):
        return attribute(code, cls, key, depth + 1)
    match names.resolve(code, path, owner, within):
        case Place(path=file, node=ast.Dict(keys=keys, values=values)):
            for one, value in zip(keys, values, strict=True):
                if isinstance(one, ast.Constant) and one.value == key:
                    return fold(code, file, value, within if file == path else None, depth + 1)
            return None
        case _:
            return None


def _returned(code: Code, path: str, function: Function, depth: int) -> Value | None:
    returns = (stmt.value for stmt in flat(function.body) if isinstance(stmt, ast.Return))
    return settings_text.either([fold(code, path, value, function, depth + 1) for value in returns])


def _named(code: Code, path: str, node: ast.Name | ast.Attribute, within: Function | None, depth: int) -> Value | None:
    if isinstance(node, ast.Name) and settings_objects.is_given(code, within, node.id) and within:
        given = settings_calls.given(code, path, within, node.id)
        return settings_text.either([fold(code, file, value, inner, depth + 1) for file, value, inner in given])
    match names.resolve(code, path, node, within):
        case Place(path=file, node=ast.expr() as value) if value is not node:
            return fold(code, file, value, within if file == path else None, depth + 1)
        case str() | None if isinstance(node, ast.Name):
            if beside := _beside(code, path, node):
                return fold(code, path, beside, None, depth + 1)
            inner = fold(code, path, _unpacked(code, path, node.id, within), within, depth + 1)
            return replace(inner, text="", whole=False) if inner else None
        case _ if isinstance(node, ast.Attribute):
            if inner := _nested(code, path, node, within):
                return inner
            owner = instance(code, path, node.value, within)
            return attribute(code, owner, node.attr, depth + 1) if owner else None
        case _:
            return None


def _beside(code: Code, path: str, node: ast.Name) -> ast.expr | None:
    """What a class body has bound the name to, for an expression that is in that body too."""
    key = ("class bodies", path)
    if key not in code.memo:
        index: dict[str, list[tuple[ast.ClassDef, ast.expr]]] = {}
        tree = code.tree(path)
        for cls, _ in tree.nodes if tree else ():
            for stmt in cls.body if isinstance(cls, ast.ClassDef) else ():
                for name, value in bound(stmt):
                    if isinstance(cls, ast.ClassDef) and isinstance(value, ast.expr):
                        index.setdefault(name, []).append((cls, value))
        code.memo[key] = index
    bodies: dict[str, list[tuple[ast.ClassDef, ast.expr]]] = code.memo[key]
    line = getattr(node, "lineno", 0)
    # A name that so many classes give is none of a setting.
    near = bodies.get(node.id, ())[: settings_calls.MOST]
    return next((value for cls, value in near if cls.lineno <= line <= (cls.end_lineno or 0)), None)


def _unpacked(code: Code, path: str, name: str, within: Function | None) -> ast.expr | None:
    """The value that a name is a part of: `user, password = credentials.split(":")`."""
    for function in (within, None) if within else (None,):
        key = ("unpacked", path, function)
        if key not in code.memo:
            tree = code.tree(path)
            code.memo[key] = dict(_parts_of(flat(function.body) if function else tree.statements if tree else ()))
        found: ast.expr | None = code.memo[key].get(name)
        if found:
            return found
    return None


def _parts_of(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The names that tuples bind, each with the value that it is a part of."""
    for stmt in statements:
        match stmt:
            case ast.Assign(targets=[ast.Tuple(elts=elts)], value=value):
                same = isinstance(value, ast.Tuple) and len(value.elts) == len(elts)
                for index, one in enumerate(elts):
                    if isinstance(one, ast.Name):
                        yield one.id, value.elts[index] if same and isinstance(value, ast.Tuple) else value
            case _:
                pass


def _nested(code: Code, path: str, node: ast.Attribute, within: Function | None) -> Value | None:
    """`settings.database.url`: the field of a model in a settings class, by the names on the way to it."""
    chain, owner = node.attr, node.value
    while isinstance(owner, ast.Attribute):
        chain, owner = f"{owner.attr}.{chain}", owner.value
        cls = instance(code, path, owner, within)
        if cls and isinstance(cls.node, ast.ClassDef) and pydantic.is_settings(code, cls.path, cls.node):
            return attribute(code, cls, chain)
    return None


def attribute(code: Code, owner: Place, name: str, depth: int = 0) -> Value | None:
    """What is known of an attribute of a class of the project's own, or of its instances."""
    if not isinstance(owner.node, ast.ClassDef) or depth > DEEPEST:
        return None
    if pydantic.is_settings(code, owner.path, owner.node):
        field = pydantic.fields(code, owner.path, owner.node).get(name)
        if field and field.made and (made := _returned(code, field.path, field.made, depth + 1)) and made.parts:
            return made
        if field:
            default = fold(code, field.path, field.default, None, depth + 1)
            inner = replace(default, parts=()) if default else Value("", whole=False)
            # A default that is put together of variables itself says more than the name that nobody sets.
            if default and default.parts:
                return default
            return replace(inner, variable=field.variable, where=f"{field.path}:{field.line}")
    match member(code, owner, name):
        case (path, ast.expr() as value, within):
            return fold(code, path, value, within, depth + 1)
        case (path, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function, _):  # a property
            return _returned(code, path, function, depth)
        case _:
            return None
