"""An expression → the file or folder that it names, from the project's root, without asking the disk."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lading.detect import names, settings_bound, settings_calls, settings_objects, values
from lading.detect.code import Code, Function
from lading.detect.names import Place

DEEPEST = 20
LONGEST = 400

#: Calls that name what their first argument names, and calls that join their arguments.
_SAME = frozenset({"str", "Path", "PurePath", "PosixPath", "AsyncPath", "abspath", "realpath", "normpath", "expanduser",
                   "expandvars", "fspath", "UPath"})  # fmt: skip
#: Names of folders that the library has.
_FOLDERS = {"os.pardir": "..", "os.path.pardir": "..", "os.curdir": ".", "os.path.curdir": "."}
_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser", "__str__"})


@dataclass(frozen=True, slots=True)
class Located:
    """A path: from the root, from the working directory where it is not `anchored`, or absolute.

    `whole` is false where only its beginning is known: then something below it is meant.
    """

    path: str
    anchored: bool = False
    whole: bool = True
    variable: str | None = None

    def join(self, other: Located | None) -> Located:
        """The path of what `other` names below this one."""
        if other is None:
            return replace(self, whole=False)
        if other.path.startswith("/") or other.anchored:
            return other
        if not self.whole:
            return self
        path = posixpath.normpath(posixpath.join(self.path, other.path))
        return Located(path, self.anchored, other.whole, self.variable or other.variable)

    def up(self, steps: int) -> Located:
        """The folder above, so many steps; of what is below a path that is all that is known, one is that path."""
        steps -= not self.whole
        if steps <= 0:
            return self
        path = posixpath.normpath(posixpath.join(self.path, *[".."] * steps))
        return replace(self, path=path)


def locate(
    code: Code, path: str, node: ast.expr | None, within: Function | None = None, depth: int = 0
) -> Located | None:
    """The path that `node` names, an expression of the file `path` in the function `within`; None: nobody can tell."""
    if node is None or depth > DEEPEST:
        return None
    key = ("locate", node, within)
    if key not in code.memo:
        code.memo[key] = None  # until it is known
        found = _locate(code, path, node, within, depth)
        code.memo[key] = found if found and len(found.path) <= LONGEST and "\0" not in found.path else None
    result: Located | None = code.memo[key]
    return result


def _locate(  # noqa: C901, PLR0911 - a table
    code: Code, path: str, node: ast.expr, within: Function | None, depth: int
) -> Located | None:
    def inner(one: ast.expr | None) -> Located | None:
        return locate(code, path, one, within, depth + 1)

    match node:
        case ast.Constant(value=str(text)) if text and "\n" not in text and "://" not in text:
            return Located(posixpath.normpath(text))
        case ast.Name(id="__file__"):
            return Located(path, anchored=True)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            start = inner(left)
            return start.join(inner(right)) if start else None
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _concatenated(inner(left), inner(right))
        case ast.JoinedStr(values=parts):
            return _formatted([one.value if isinstance(one, ast.FormattedValue) else one for one in parts], inner)
        case ast.Attribute(value=owner, attr="parent") if found := inner(owner):
            return found.up(1)
        case ast.Subscript(value=ast.Attribute(value=owner, attr="parents"), slice=ast.Constant(value=int(steps))):
            found = inner(owner)
            return found.up(min(steps, 30) + 1) if found and steps >= 0 else None
        case ast.BoolOp(values=some):
            return next((found for one in some if (found := inner(one))), None)
        case ast.IfExp(body=one, orelse=other):
            return inner(one) or inner(other)
        case ast.Call():
            return _called(code, path, node, within, depth)
        case ast.Name() | ast.Attribute():
            return _named(code, path, node, within, depth)
        case _:
            return None


def _concatenated(left: Located | None, right: Located | None) -> Located | None:
    """`BASE_DIR + "/static"`."""
    if left is None or not left.whole:
        return left
    if right is None:
        return replace(left, whole=False)
    return Located(posixpath.normpath(left.path + right.path), left.anchored, right.whole, left.variable)


def _formatted(parts: Sequence[ast.expr], inner: object) -> Located | None:
    found: Located | None = None
    for one in parts:
        part = inner(one) if callable(inner) else None
        raw = one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else None
        if found is None:
            if part is None:
                return None
            found = replace(part, path=raw) if raw and not part.anchored else part
        elif not found.whole:
            break
        elif raw is not None:
            found = replace(found, path=found.path + raw)
        else:
            found = _concatenated(found, part)
    if found is None:
        return None
    # Of a name that is only begun, the folder is known: that of `cache-{number}` is the one it is put in.
    if not found.whole and "/" not in found.path and isinstance(parts[0], ast.Constant):
        return replace(found, path=".")
    known = found.path if found.whole else found.path.rpartition("/")[0] or found.path
    return replace(found, path=posixpath.normpath(known))


def _called(  # noqa: PLR0911 - a table
    code: Code, path: str, node: ast.Call, within: Function | None, depth: int
) -> Located | None:
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    given = [locate(code, path, one, within, depth + 1) for one in node.args]
    first = given[0] if given else None
    owner = func.value if isinstance(func, ast.Attribute) else None
    if name in {"getcwd", "cwd"} or (name in {"Path", "PurePath"} and not node.args):
        return Located(".")
    if name == "dirname" and first:
        return first.up(1)
    if name == "join" and len(given) > 1 and not isinstance(owner, ast.Constant):
        return _all(given)
    if name in _SAME and given:
        return _all(given)
    if owner is not None and name in _METHODS and not node.args:
        return locate(code, path, owner, within, depth + 1)
    if owner is not None and name in {"with_suffix", "with_stem"}:
        start = locate(code, path, owner, within, depth + 1)
        return replace(start.up(1), whole=False) if start else None
    if owner is not None and name in {"joinpath", "with_name"}:
        start = locate(code, path, owner, within, depth + 1)
        return _all([start.up(1) if start and name == "with_name" else start, *given])
    if name == "get_secret_value" or name in {"rstrip", "strip", "lstrip"}:
        return locate(code, path, owner, within, depth + 1)
    match names.resolve(code, path, func, within):
        case Place(path=file, node=ast.FunctionDef(body=body) as function):
            returned = [stmt.value for stmt in body if isinstance(stmt, ast.Return)]
            return locate(code, file, returned[0], function, depth + 1) if returned else None
        case _:
            return _text(code, path, node, within)


def _all(given: Sequence[Located | None]) -> Located | None:
    found = given[0]
    for other in given[1:]:
        found = found.join(other) if found else None
    return found


def _named(
    code: Code, path: str, node: ast.Name | ast.Attribute, within: Function | None, depth: int
) -> Located | None:
    if isinstance(node, ast.Name) and (bound := _bound(code, path, node, within, depth)):
        return bound[0]
    match names.resolve(code, path, node, within):
        case Place(path=file, node=ast.expr() as value) if value is not node:
            return locate(code, file, value, within if file == path else None, depth + 1)
        case str() as library if library in _FOLDERS:
            return Located(_FOLDERS[library])
        case _:
            pass
    if isinstance(node, ast.Name):
        # In the body of a class: `BASE = dirname(__file__)`, then `DATA = join(BASE, "data")`.
        near = settings_bound.beside(code, path, node)
        found = locate(code, path, near, None, depth + 1) if near is not node else None
        return found or _text(code, path, node, within)
    owner = settings_objects.instance(code, path, node.value, within)
    match settings_objects.member(code, owner, node.attr) if owner else None:
        case (file, ast.expr() as value, function) if not _is_field(value):
            if found := locate(code, file, value, function, depth + 1):
                text = values.fold(code, path, node, within)
                return replace(found, variable=text.variable if text else None)
        case _:
            if part := _part(code, path, node, within):
                return locate(code, *part[:2], part[2], depth + 1)
    return _text(code, path, node, within)


def _bound(code: Code, path: str, node: ast.Name, within: Function | None, depth: int) -> tuple[Located | None] | None:
    """What a name is that calls give, or that something binds more than once; None: nothing here decides."""
    around = names.scope(code, path, within, node.id)
    if around and settings_objects.is_given(code, around, node.id):
        given = settings_calls.given(code, path, around, node.id)
        each = (locate(code, file, value, inner, depth + 1) for file, value, inner in given)
        return (next((found for found in each if found), None),)
    steps = settings_bound.steps(code, path, node, around, within)
    each = (locate(code, path, step.value, around, depth + 1) for step in reversed(steps))
    found = next((found for found in each if found), None)
    return (found,) if found else None


def _part(
    code: Code, path: str, node: ast.Attribute, within: Function | None
) -> tuple[str, ast.expr, Function | None] | None:
    """What the field of a dataclass or a named tuple was given, where the call that made it is known."""
    made = settings_objects.made(code, path, node.value, within)
    if made is None:
        return None
    file, call, function, cls = made
    fields = [
        stmt.target.id for stmt in cls.body if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name)
    ]
    by_name = next((keyword.value for keyword in call.keywords if keyword.arg == node.attr), None)
    index = fields.index(node.attr) if node.attr in fields else len(call.args)
    found = by_name or (call.args[index] if index < len(call.args) else None)
    return (file, found, function) if found else None


def _is_field(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field"


def _text(code: Code, path: str, node: ast.expr, within: Function | None) -> Located | None:
    """The default of a setting that is a path, and its variable."""
    value = values.fold(code, path, node, within)
    if value is None or not value.text or "://" in value.text or "\n" in value.text:
        return None
    return Located(posixpath.normpath(value.text), whole=value.whole, variable=value.variable)
