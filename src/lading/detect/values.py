"""An expression → what is known of its value without running it: its text, and the variable that may change it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lading.detect import (
    names,
    pydantic,
    settings_bound,
    settings_calls,
    settings_objects,
    settings_read,
    settings_text,
    settings_types,
)
from lading.detect.code import Code, Function, flat
from lading.detect.names import Place
from lading.detect.settings_bound import Step
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
#: What makes another URL out of one: SQLAlchemy's and yarl's methods, and a named tuple's.
_CHANGES = frozenset({"set", "_replace", "with_scheme", "difference_update_query", "update_query_dict",
                      "update_query_pairs", "update_query_string", "update_query", "with_query"})  # fmt: skip
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
            elts = right.elts if isinstance(right, ast.Tuple | ast.List) else [right]
            inserted = [fold(code, path, one, within, depth + 1) for one in elts]
            return settings_text.formatted(fold(code, path, left, within, depth + 1), inserted)
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
        case ast.Name():
            return _name(code, path, node, within, depth)
        case ast.Attribute():
            return _named(code, path, node, within, depth)
        case _:
            return None


def _call(  # noqa: PLR0911 - a table
    code: Code, path: str, node: ast.Call, within: Function | None, depth: int
) -> Value | None:
    func = node.func
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if name in _CHANGES or (name in _BUILDS | {"URL"} and _PARTS & given.keys()):
        return _address(code, path, node, name, given, within, depth)
    if name == "format" and isinstance(func, ast.Attribute):
        arguments = [fold(code, path, value, within, depth + 1) for value in (*node.args, *given.values())]
        return settings_text.formatted(fold(code, path, func.value, within, depth + 1), arguments)
    if isinstance(func, ast.Attribute) and (name in _METHODS or name in _SAME or name in {"replace", "split"}):
        inner_value = fold(code, path, func.value, within, depth + 1)
        if inner_value and name in _METHODS and not node.args:
            return replace(inner_value, text=_METHODS[name](inner_value.text))
        if inner_value and name == "replace" and len(node.args) in {2, 3}:
            old, new = (fold(code, path, arg, within, depth + 1) for arg in node.args[:2])
            return settings_text.replaced(inner_value, old, new)
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


def _address(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, node: ast.Call, name: str, given: Mapping[str, ast.expr], within: Function | None, depth: int
) -> Value | None:
    """What puts a URL together, or makes another one out of it."""
    scheme = next((given[one] for one in _SCHEMES if one in given), None)
    if name in _CHANGES:
        scheme = node.args[0] if name == "with_scheme" and node.args else scheme
        new = fold(code, path, scheme, within, depth + 1)
        old = fold(code, path, node.func.value, within, depth + 1) if isinstance(node.func, ast.Attribute) else None
        return settings_text.with_scheme(old, new.text) if new else old
    scheme = scheme or (node.args[0] if node.args else None)
    start = fold(code, path, scheme, within, depth + 1)
    text = f"{start.text}://" if start and start.text else ""
    inner = [fold(code, path, value, within, depth + 1) for value in (scheme, *given.values())]
    where = next((value.where for value in inner if value and value.where), f"{path}:{node.lineno}")
    return Value(text, whole=False, where=where, parts=settings_text.parts(inner))


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


def _name(code: Code, path: str, node: ast.Name, within: Function | None, depth: int) -> Value | None:
    """What a name is that something binds more than once, or that the calls of a function give it."""
    owner = names.scope(code, path, within, node.id)
    argument = settings_objects.argument(owner, node.id) if owner else None
    if not argument and node.id not in names.local(code, owner):
        owner = None
    steps = settings_bound.steps(code, path, node, owner, within)
    if owner and argument:
        given = settings_calls.given(code, path, owner, node.id)
        start = settings_text.either([fold(code, file, value, inner, depth + 1) for file, value, inner in given])
        return _stepped(code, path, steps, start, owner, depth)
    return _stepped(code, path, steps, None, owner, depth) if steps else _elsewhere(code, path, node, within, depth)


def _elsewhere(code: Code, path: str, node: ast.Name, within: Function | None, depth: int) -> Value | None:
    """What a name is that another file binds, a class body beside it, or a tuple."""
    match names.resolve(code, path, node, within):
        case Place(node=ast.expr() as value) as place if value is not node:
            return _placed(code, path, place, within, depth)
        case str() | None:
            if near := settings_bound.beside(code, path, node):
                return fold(code, path, near, None, depth + 1)
            inner = fold(code, path, settings_bound.unpacked(code, path, node.id, within), within, depth + 1)
            return replace(inner, text="", whole=False) if inner else None
        case _:
            return None


def _named(code: Code, path: str, node: ast.Attribute, within: Function | None, depth: int) -> Value | None:
    match names.resolve(code, path, node, within):
        case Place(node=ast.expr() as value) as place if value is not node:
            return _placed(code, path, place, within, depth)
        case str() as level if re.fullmatch(r"logging\.(DEBUG|INFO|WARNING|ERROR|CRITICAL)", level):
            return Value(level.removeprefix("logging."))  # a number, which is called so where a level is named
        case _:
            if inner := _nested(code, path, node, within):
                return inner
            owner = instance(code, path, node.value, within)
            return attribute(code, owner, node.attr, depth + 1) if owner else None


def _placed(code: Code, path: str, place: Place, within: Function | None, depth: int) -> Value | None:
    """What a name is that is bound at `place`."""
    if place.path != path and len(steps := settings_bound.every(code, place.path, place.name)) > 1:
        return _stepped(code, place.path, steps, None, None, depth)
    node = place.node if isinstance(place.node, ast.expr) else None
    return fold(code, place.path, node, within if place.path == path else None, depth + 1)


def _stepped(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, steps: Sequence[Step], start: Value | None, owner: Function | None, depth: int
) -> Value | None:
    """What a name is after `steps`, when it was `start` before: what only some starts do, the default does not."""
    found = start
    for step in steps:
        value = fold(code, path, step.value, owner, depth + 1)
        if step.again and found:
            value = value or replace(found, whole=False)
            found = found if step.sometimes and found.text else value
        else:
            found = settings_text.either([found, value]) if step.sometimes else value
    return found


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
            # A default that reads a variable itself, or several, says more than the name that nobody sets.
            if default and (default.parts or default.variable):
                return default
            return replace(inner, variable=field.variable, where=f"{field.path}:{field.line}")
    match member(code, owner, name):
        case (path, ast.expr() as value, within):
            return fold(code, path, value, within, depth + 1)
        case (path, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function, _):  # a property
            return _returned(code, path, function, depth)
        case _:
            return None
