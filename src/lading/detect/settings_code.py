"""The readings in a file → environment variables, with their defaults, and whether it starts without them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lading.detect import (
    names,
    settings_called,
    settings_calls,
    settings_exits,
    settings_guards,
    settings_read,
    settings_types,
    stores,
    values,
)
from lading.detect.code import Code, Function, Tree, flat, written
from lading.detect.names import Place
from lading.detect.settings_names import is_secret
from lading.detect.settings_read import Read
from lading.model import Fact, Variable

_CASTS = {
    "int": "int", "integer": "int", "float": "float", "decimal": "float", "bool": "bool", "strtobool": "bool",
    "Csv": "list", "list": "list", "CommaSeparatedStrings": "list", "tuple": "list", "json": "json", "loads": "json",
    "dict": "json", "url": "url", "URL": "url", "path": "path", "Path": "path", "to_bool": "bool",
    "str_to_bool": "bool",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a code: the files that the application reaches, and the name of the factory that makes it."""

    code: Code
    reached: Collection[str]
    entry: str = ""

    def starts(self, path: str, within: Function | None) -> bool:
        """Whether what is in `within` runs before the first request."""
        return settings_calls.at_start(self.code, self.reached, path, within, self.entry)


def files(code: Code) -> tuple[str, ...]:
    """The files that may read variables, by a library's words or by the names of the project's own readers."""
    first = code.holding(*settings_called.WORDS)
    words = sorted(settings_called.words(code))[: settings_called.MOST]
    return tuple(dict.fromkeys((*first, *code.holding(*words)))) if words else first


def variables(asked: Asked, tree: Tree) -> Iterator[Fact[Variable]]:
    """The variables that the code of one file reads."""
    code, path = asked.code, tree.path
    soft = set(_asked_for(code, tree))
    kinds = _kinds(tree)
    needed = _needed(asked, tree)
    failing = _failing(tree)
    for node, within in tree.nodes:
        if isinstance(node, ast.BoolOp):  # os.getenv("X") or "default"
            value = values.fold(code, path, node, within)
            if value and value.variable and value.whole and value.text:
                yield _fact(value.variable, value.text, value.where, required=False)
            continue
        if isinstance(node, ast.Call):
            for option, usual in settings_read.options(node):
                asked_for = values.fold(code, path, option, within)
                if asked_for and asked_for.whole:
                    given = _whole(values.fold(code, path, usual, within))
                    yield _fact(asked_for.text, given, f"{path}:{node.lineno}", required=False)
        found = settings_read.read(code, path, node, within)
        if found is None or found.kind == "file" or _is_own(found, within):
            continue
        place = f"{path}:{getattr(node, 'lineno', 1)}"
        for name_text in _names(code, path, found.name, within):
            name = found.prefix + name_text
            fails = found.default is None and id(node) in failing
            hard = ((found.hard and name not in soft) or fails) and settings_guards.reaches(code, path, node, within)
            default = _whole(values.fold(code, path, found.default, within)) if found.default else None
            kind = kinds.get(id(node)) or _cast(found)
            yield _fact(
                name, default, place, required=(hard and asked.starts(path, within)) or name in needed,
                kind=kind, secret=found.cast is not None and "Secret" in written(found.cast),
                allowed=_allowed(code, path, found),
            )  # fmt: skip


def _fact(
    name: str, default: str | None, where: str, *, required: bool, kind: str = "", secret: bool = False,
    allowed: tuple[str, ...] = (),
) -> Fact[Variable]:  # fmt: skip
    if not kind:
        kind = "url" if re.match(r"[a-z][\w+.-]*://", default or "") else "str"
    hidden = secret or (kind not in {"int", "bool"} and is_secret(name, default))
    variable = Variable(name=name, default=default, required=required and default is None, secret=hidden,
                        type="enum" if allowed else kind, allowed=allowed)  # fmt: skip
    return Fact(variable, where)


def _whole(value: values.Value | None) -> str | None:
    return value.text if value and value.whole else None


def _is_own(found: Read, within: Function | None) -> bool:
    """Whether the name is what the function itself is given: its callers read, then."""
    parameters = (
        {arg.arg for arg in (*within.args.posonlyargs, *within.args.args, *within.args.kwonlyargs)} if within else set()
    )
    return any(isinstance(node, ast.Name) and node.id in parameters for node in ast.walk(found.name))


def _names(code: Code, path: str, node: ast.expr, within: Function | None) -> Iterator[str]:
    """The names that a reading has; one for each turn of `for name in ("A", "B"): os.environ[name]`."""
    value = values.fold(code, path, node, within)
    if value and value.whole and _NAME.fullmatch(value.text):
        yield value.text
    if value is not None or not isinstance(node, ast.Name):
        return
    for function in (within, None) if within else (None,):
        if listed := _loops(code, path, function).get(node.id):
            place = names.resolve(code, path, listed, within)
            listed = place.node if isinstance(place, Place) and isinstance(place.node, ast.expr) else listed
            elts = listed.elts if isinstance(listed, ast.List | ast.Tuple | ast.Set) else []
            texts = [one.value for one in elts if isinstance(one, ast.Constant)]
            yield from (str(text) for text in texts if _NAME.fullmatch(str(text)))
            return


def _loops(code: Code, path: str, function: Function | None) -> Mapping[str, ast.expr]:
    """What the `for` statements of a function, or of the module, go through, by the name that they bind."""
    key = ("loops", path, function)
    if key not in code.memo:
        tree = code.tree(path)
        statements = flat(function.body) if function else tree.statements if tree else ()
        loops = (stmt for stmt in statements if isinstance(stmt, ast.For))
        code.memo[key] = {stmt.target.id: stmt.iter for stmt in loops if isinstance(stmt.target, ast.Name)}
    found: Mapping[str, ast.expr] = code.memo[key]
    return found


def _cast(found: Read) -> str:
    last = written(found.cast).partition("(")[0].rpartition(".")[2] if found.cast else ""
    if not last and isinstance(found.default, ast.Constant):
        last = type(found.default.value).__name__
    return _CASTS.get(last, "")


def _allowed(code: Code, path: str, found: Read) -> tuple[str, ...]:
    """The values of an enumeration that a reading is cast to: `config("ENV", cast=Environment)`."""
    if found.cast is None:
        return ()
    if isinstance(found.cast, ast.Call) and written(found.cast.func).endswith("Choices") and found.cast.args:
        listed = found.cast.args[0]
        elts = listed.elts if isinstance(listed, ast.List | ast.Tuple) else []
        return tuple(str(one.value) for one in elts if isinstance(one, ast.Constant))
    return settings_types.kind(code, path, found.cast).allowed


def _kinds(tree: Tree) -> Mapping[int, str]:
    """What a reading is turned into, by its identity: `int(os.getenv("PORT"))`, `os.getenv("X") == "true"`."""
    found: dict[int, str] = {}
    for node, _ in tree.nodes:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner, *_]) if name in _CASTS:
                found[id(_innermost(inner))] = _CASTS[name]
            case ast.Call(func=ast.Attribute(value=inner, attr="split")):
                found[id(_innermost(inner))] = "list"
            case ast.Compare(left=left, comparators=[right]) if re.search(r"'(?:true|1|yes)'", written(right).lower()):
                found[id(_innermost(left))] = "bool"
            case _:
                pass
    return found


def _failing(tree: Tree) -> frozenset[int]:
    """The readings that None would make fail: `int(os.getenv("X"))`, `os.getenv("X").split(",")`."""
    found: set[int] = set()
    for node, _ in tree.nodes:
        match node:
            case ast.Call(
                func=ast.Name(id="int" | "float" | "Path" | "len") | ast.Attribute(attr="loads" | "Path"),
                args=[inner, *_],
            ):
                found.add(id(inner))
            case ast.Call(func=ast.Attribute(value=inner)):
                found.add(id(inner))
            case _:
                pass
    return frozenset(found)


def opened(asked: Asked) -> Iterator[tuple[str, str]]:
    """The variables without a default that an engine is opened with before the first request: None is no URL."""
    for one in stores.opened(asked.code):
        value = one.value
        if one.library not in {"sqlalchemy", "sqlmodel", "databases"} or value is None or value.variable is None:
            continue
        over = settings_guards.under(asked.code, one.path).get(id(one.node), settings_guards.Under())
        runs = settings_guards.runs(asked.code, one.path, over, one.within) is True and not over.caught
        if runs and not value.text and asked.starts(one.path, one.within):
            yield value.variable, value.where or f"{one.path}:{one.line}"


def _innermost(node: ast.expr) -> ast.expr:
    """The reading in `os.getenv("X", "").strip().lower()`, or in `os.getenv("X") or ""`."""
    for _ in range(10):
        match node:
            case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "strip" | "upper" | "casefold")):
                node = inner
            case ast.BoolOp(op=ast.Or(), values=[inner, *_]):
                node = inner
            case _:
                break
    return node


def _asked_for(code: Code, tree: Tree) -> Iterator[str]:
    """The names that are asked for, by `"X" in os.environ` or by `get`: who asks first does not fail."""
    for node, within in tree.nodes:
        found = settings_read.read(code, tree.path, node, within)
        if found and not (found.hard or _is_own(found, within)) and found.kind == "environ" and found.default is None:
            name = values.fold(code, tree.path, found.name, within)
            yield from [found.prefix + name.text] if name else []
        match node:
            case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
                if names.resolve(code, tree.path, right, within) == "os.environ":
                    name = values.fold(code, tree.path, left, within)
                    yield from [name.text] if name else []
            case _:
                pass


def _needed(asked: Asked, tree: Tree) -> frozenset[str]:
    """The variables for the lack of which the code itself stops: `if not TOKEN: raise …`, `assert TOKEN`."""
    code, path = asked.code, tree.path
    found: set[str] = set()
    functions: dict[Function, None] = {within: None for _, within in tree.nodes if within}
    blocks: list[tuple[Collection[ast.stmt], Function | None]] = [(tree.statements, None)]
    blocks += [(tuple(flat(one.body)), one) for one in functions]
    for statements, within in blocks:
        for stmt in statements:
            tests = list(_lacking(stmt))
            for test in tests:
                value = values.fold(code, path, test, within)
                unset = value is not None and value.variable is not None and not value.text
                if value and value.variable and unset and asked.starts(path, within):
                    found.add(value.variable)
    return frozenset(found)


def _lacking(stmt: ast.stmt) -> Iterator[ast.expr]:
    """What must be there for the program to go on after `stmt`."""
    match stmt:
        case ast.Assert(test=test):
            yield from [test] if isinstance(test, ast.Name | ast.Attribute | ast.Call) else []
            if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
                yield test.left
        case ast.If(test=test, body=body) if settings_exits.exits(body):
            for one in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]:
                match one:
                    case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="all"), args=[listed])):
                        yield from listed.elts if isinstance(listed, ast.List | ast.Tuple) else ()
                    case ast.UnaryOp(op=ast.Not(), operand=inner):
                        yield inner
                    case ast.Compare(
                        left=inner, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None | "")]
                    ):
                        yield inner
                    case _:
                        pass
        case _:
            return
