"""An annotation of a settings class → what its environment variable may hold."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lading.detect import names
from lading.detect.code import Code, Function, flat, written
from lading.detect.names import Place

_LISTS = frozenset({"list", "List", "set", "Set", "tuple", "Tuple", "frozenset", "Sequence", "Collection", "Iterable"})
_TYPES = {
    "int": "int", "PositiveInt": "int", "NonNegativeInt": "int", "conint": "int", "float": "float",
    "PositiveFloat": "float", "Decimal": "float", "bool": "bool", "StrictBool": "bool", "StrictInt": "int",
    "Path": "path", "FilePath": "path", "DirectoryPath": "path", "NewPath": "path", "dict": "json", "Dict": "json",
    "Json": "json", "Mapping": "json", "TypedDict": "json",
}  # fmt: skip
#: A default that is longer says nothing to a reader.
LONGEST = 500

_ENUMS = ("Enum", "StrEnum", "IntEnum", "Flag")
_PATTERN = re.compile(r"\^?\(?(?:\?:)?([\w-]+(?:\|[\w-]+)+)\)?\$?")


@dataclass(frozen=True, slots=True)
class Kind:
    """What an annotation says of a value."""

    type: str = "str"
    allowed: tuple[str, ...] = ()
    secret: bool = False
    optional: bool = False
    model: Place | None = None  # a class of the project's own: a group of settings


def kind(code: Code, path: str, said: ast.expr | None, depth: int = 0) -> Kind:
    """The kind of `Literal["a", "b"]`, `SecretStr | None`, `list[str]`, `Annotated[int, …]`, an enumeration."""
    if said is None or depth > 8:
        return Kind()
    match said:
        case ast.Constant(value=None):
            return Kind(optional=True)
        case ast.Constant(value=str(text)):
            try:
                inner = ast.parse(text, mode="eval").body
            except (SyntaxError, ValueError, RecursionError):
                return Kind()
            return kind(code, path, inner, depth + 1)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _either([kind(code, path, one, depth + 1) for one in (left, right)])
        case ast.Subscript(value=outer, slice=inner):
            return _subscript(code, path, _last(outer), inner, depth)
        case ast.Name() | ast.Attribute():
            return _named(code, path, said, depth)
        case _:
            return Kind()


def _subscript(code: Code, path: str, outer: str, inner: ast.expr, depth: int) -> Kind:
    elts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if outer == "Literal":
        texts = tuple(str(one.value) for one in elts if isinstance(one, ast.Constant) and one.value is not None)
        return Kind("enum", texts)
    if outer in {"Optional", "Union"}:
        found = _either([kind(code, path, one, depth + 1) for one in elts])
        return Kind(found.type, found.allowed, found.secret, found.optional or outer == "Optional", found.model)
    if outer in {"Annotated", "Final", "Secret", "ClassVar", "type"}:
        found = kind(code, path, elts[0], depth + 1)
        return Kind(found.type, found.allowed, found.secret or outer == "Secret", found.optional, found.model)
    return Kind("list" if outer in _LISTS else _TYPES.get(outer, "str"))


def _either(found: list[Kind]) -> Kind:
    rest = [one for one in found if one != Kind(optional=True)]
    best = next((one for one in rest if one.type != "str" or one.model or one.secret), rest[0] if rest else Kind())
    allowed = best.allowed if len(rest) == 1 else ()
    return Kind(best.type, allowed, best.secret, len(rest) < len(found) or any(o.optional for o in rest), best.model)


def _named(code: Code, path: str, said: ast.expr, depth: int) -> Kind:
    last = _last(said)
    match names.resolve(code, path, said):
        case Place(path=file, node=ast.ClassDef() as cls) as place:
            above = {_base(one) for one in names.family(code, file, cls)}
            if not above.isdisjoint(_ENUMS):
                return Kind("enum", tuple(members(cls)))
            return Kind("json", model=place)
        case Place(path=file, node=ast.expr() as value) if value is not said:  # `Port = Annotated[int, Field(ge=1)]`
            return kind(code, file, value, depth + 1)
        case _:
            pass
    if last in _LISTS:
        return Kind("list")
    if re.fullmatch(r"\w*(?:Url|Dsn|URL)", last):
        return Kind("url")
    return Kind(_TYPES.get(last, "str"), secret=last in {"SecretStr", "SecretBytes"})


def members(cls: ast.ClassDef) -> Iterator[str]:
    """The values of an enumeration."""
    for stmt in cls.body:
        match stmt:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value))
            ) if not name.startswith("_"):
                yield str(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)) if _last(func) == "auto":
                yield name.lower()
            case _:
                pass


def arithmetic(node: ast.expr, depth: int = 0) -> int | float | None:
    """The number of `60 * 24 * 8`; None for what is not of numbers alone, or is beyond any setting."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) < 1e15:
            return value
        case ast.BinOp(left=left, op=op, right=right) if depth < 20:
            one, other = arithmetic(left, depth + 1), arithmetic(right, depth + 1)
            if one is None or other is None or max(abs(one), abs(other)) > 1e15:
                return None
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div() if other:
                    return one / other
                case _:
                    return None
        case _:
            return None


def literal(node: ast.expr | None) -> str | None:
    """A list or a dictionary of constants as JSON, which is how an environment variable gives one; None for others."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Dict):
        return None
    try:
        text = json.dumps(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if len(text) <= LONGEST else None


def pattern(text: str) -> tuple[str, ...]:
    """The values that `^(dev|prod)$` lets pass."""
    found = _PATTERN.fullmatch(text)
    return tuple(found[1].split("|")) if found else ()


def restricted(code: Code, path: str, function: Function) -> tuple[str, ...]:
    """The values that a validator lets pass: `if value not in {"dev", "prod"}: raise ValueError`."""
    for stmt in flat(function.body):
        if not isinstance(stmt, ast.If) or not any(isinstance(one, ast.Raise) for one in stmt.body):
            continue
        match stmt.test:
            case ast.Compare(ops=[ast.NotIn()], comparators=[listed]):
                # One that changes the case first takes others too, but these are right.
                return _listed(code, path, listed, function)
            case _:
                pass
    return ()


def shortest(function: Function) -> int | None:
    """The length that a validator asks for: `if len(value) < 32: raise ValueError`."""
    for stmt in flat(function.body):
        if not isinstance(stmt, ast.If) or not any(isinstance(one, ast.Raise) for one in stmt.body):
            continue
        match stmt.test:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len")),
                ops=[ast.Lt() | ast.LtE() as op],
                comparators=[ast.Constant(value=int(n))],
            ):
                return n + isinstance(op, ast.LtE)
            case _:
                pass
    return None


def _listed(code: Code, path: str, node: ast.expr, within: Function) -> tuple[str, ...]:
    if isinstance(node, ast.Name | ast.Attribute):
        place = names.resolve(code, path, node, within)
        node = place.node if isinstance(place, Place) and isinstance(place.node, ast.expr) else node
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    elts = (
        node.elts
        if isinstance(node, ast.List | ast.Tuple | ast.Set)
        else node.keys
        if isinstance(node, ast.Dict)
        else []
    )
    texts = tuple(str(one.value) for one in elts if isinstance(one, ast.Constant))
    return texts if len(texts) == len(elts) else ()


def _base(meaning: names.Meaning) -> str:
    return meaning.rpartition(".")[2] if isinstance(meaning, str) else ""


def _last(node: ast.expr) -> str:
    return written(node).rpartition(".")[2]
