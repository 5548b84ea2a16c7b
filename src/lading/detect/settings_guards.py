"""The tests that a statement stands under → whether it runs when no variable is set, and what would change that."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.detect import names, settings_exits, settings_read, values
from lading.detect.code import Code, Function, written
from lading.detect.names import Place

#: Tests in tests: nobody's own code goes deeper, and the innermost decide.
DEEPEST = 40

#: What is not known, as opposed to None.
UNKNOWN = object()

#: Errors that say that a variable is not set, or a file not there; who catches them does not fail.
_CAUGHT = frozenset({"KeyError", "Exception", "BaseException", "LookupError", "OSError", "FileNotFoundError", "IOError",
                     "RuntimeError", "ImportError", "UndefinedValueError", "EnvError", ""})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guard:
    """A test, and whether what stands under it runs when it is true."""

    test: ast.expr
    holds: bool


@dataclass(frozen=True, slots=True)
class Under:
    """What a node stands under: tests, and a `try` that catches its failure."""

    guards: tuple[Guard, ...] = ()
    caught: bool = False


def under(code: Code, path: str) -> Mapping[int, Under]:
    """What each call and subscript of a file stands under, by its identity; those under nothing are left out."""
    key = ("under", path)
    if key not in code.memo:
        found: dict[int, Under] = {}
        tree = code.tree(path)
        stack: list[tuple[ast.AST, Under]] = [(stmt, Under()) for stmt in (tree.body if tree else ())]
        while stack:
            node, over = stack.pop()
            if over != Under() and isinstance(node, ast.Call | ast.Subscript):
                found[id(node)] = over
            stack.extend(_below(node, over))
        code.memo[key] = found
    result: Mapping[int, Under] = code.memo[key]
    return result


def _below(node: ast.AST, over: Under) -> Iterator[tuple[ast.AST, Under]]:
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            yield test, over
            yield from ((child, _more(over, Guard(test, holds=True))) for child in body)
            yield from ((child, _more(over, Guard(test, holds=False))) for child in orelse)
            return
        case ast.IfExp(test=test, body=one, orelse=other):
            yield test, over
            yield one, _more(over, Guard(test, holds=True))
            yield other, _more(over, Guard(test, holds=False))
            return
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
            catches = any(_catches(handler) for handler in handlers)
            inner = Under(over.guards, caught=True) if catches else over
            yield from ((child, inner) for child in body)
            yield from ((child, over) for clause in (*handlers,) for child in clause.body)
            yield from ((child, over) for child in (*orelse, *last))
            return
        case _:
            yield from ((child, over) for child in ast.iter_child_nodes(node))


def _more(over: Under, guard: Guard) -> Under:
    return Under((*over.guards, guard)[-DEEPEST:], over.caught)


def _catches(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    caught = any(written(one).rpartition(".")[2] in _CAUGHT for one in types)
    return caught and not settings_exits.exits(handler.body)


def runs(code: Code, path: str, over: Under, within: Function | None = None) -> bool | None:
    """Whether all the tests let a statement run when every variable has its default; None: that is not known."""
    found = [_truth(code, path, guard.test, within) for guard in over.guards]
    met = [None if one is None else one is guard.holds for one, guard in zip(found, over.guards, strict=True)]
    return False if False in met else None if None in met else True


def reaches(code: Code, path: str, node: ast.AST, within: Function | None) -> bool:
    """Whether the failure of `node` may stop the program: it is in no `try` for it, nor behind a test that fails."""
    stands = under(code, path).get(id(node), Under())
    return not stands.caught and runs(code, path, stands, within) is not False


def changes(code: Code, path: str, over: Under, within: Function | None = None) -> tuple[str, str] | None:
    """The variable, and the value of it, with which a statement does not run: `if ENV != "dev":` gives ENV and dev."""
    for guard in over.guards:
        if found := _opposite(code, path, guard.test, within, wanted=not guard.holds):
            return found
    return None


def _opposite(
    code: Code, path: str, test: ast.expr, within: Function | None, *, wanted: bool, depth: int = 0
) -> tuple[str, str] | None:
    """The variable and its value that make `test` come out as `wanted`."""
    match test:
        case _ if depth > 8:
            return None
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _opposite(code, path, inner, within, wanted=not wanted, depth=depth + 1)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[ast.Constant(value=str(text))]):
            value = values.fold(code, path, left, within)
            if value and value.variable and isinstance(op, ast.Eq) is wanted:
                return value.variable, text
            return None
        case ast.Name():
            match names.resolve(code, path, test, within):
                case Place(path=file, node=ast.expr() as inner) if inner is not test:
                    same = within if file == path else None
                    return _opposite(code, file, inner, same, wanted=wanted, depth=depth + 1)
                case _:
                    return None
        case _:
            return None


def _truth(code: Code, path: str, test: ast.expr, within: Function | None) -> bool | None:
    value = _value(code, path, test, within)
    return None if value is UNKNOWN else bool(value)


def _value(  # noqa: C901, PLR0911, PLR0912 - a table
    code: Code, path: str, node: ast.expr, within: Function | None, depth: int = 0
) -> object:
    """What an expression is when every variable has its default; `UNKNOWN` for what that does not tell."""
    if depth > 12:
        return UNKNOWN
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            known = _value(code, path, inner, within, depth + 1)
            return UNKNOWN if known is UNKNOWN else not known
        case ast.BoolOp(op=op, values=some):
            found = [_value(code, path, one, within, depth + 1) for one in some]
            stop = isinstance(op, ast.Or)
            settled = next((one for one in found if one is not UNKNOWN and bool(one) is stop), UNKNOWN)
            return settled if UNKNOWN in found or settled is not UNKNOWN else found[-1]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if isinstance(op, ast.In | ast.NotIn) and names.resolve(code, path, right, within) == "os.environ":
                return isinstance(op, ast.NotIn)
            return _compared(op, *(_value(code, path, one, within, depth + 1) for one in (left, right)))
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return tuple(_value(code, path, one, within, depth + 1) for one in elts)
        case ast.Call(func=ast.Attribute(attr="is_offline_mode"), args=[]):
            return False  # Alembic's: before a start it has a database
        case ast.Call(func=ast.Name(id="bool" | "str" | "int"), args=[inner]):
            return _value(code, path, inner, within, depth + 1)
        case ast.Call() | ast.Subscript() if found_read := settings_read.read(code, path, node, within):
            if found_read.default is None:
                return UNKNOWN if found_read.hard else None
            return _value(code, path, found_read.default, within, depth + 1)
        case ast.Name(id="__name__"):
            return ""  # a server imports the module: it is never `__main__`
        case ast.Name():
            match names.resolve(code, path, node, within):
                case Place(path=file, node=ast.expr() as inner) if inner is not node:
                    return _value(code, file, inner, within if file == path else None, depth + 1)
                case _:
                    return UNKNOWN
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "upper" | "strip" as attr), args=[]):
            text = _value(code, path, inner, within, depth + 1)
            return getattr(text, attr)() if isinstance(text, str) else UNKNOWN
        case ast.Attribute():
            folded = values.fold(code, path, node, within)
            said = folded.text if folded and folded.whole and folded.variable else None
            return UNKNOWN if said is None else {"true": True, "false": False}.get(said, said)
        case _:
            return UNKNOWN


def _compared(op: ast.cmpop, left: object, right: object) -> object:
    if UNKNOWN in (left, right) or (isinstance(right, tuple) and UNKNOWN in right):
        return UNKNOWN
    match op:
        case ast.Eq() | ast.Is():
            return left == right
        case ast.NotEq() | ast.IsNot():
            return left != right
        case ast.In() if isinstance(right, str | tuple) and (isinstance(left, str) or isinstance(right, tuple)):
            return left in right
        case ast.NotIn() if isinstance(right, str | tuple) and (isinstance(left, str) or isinstance(right, tuple)):
            return left not in right
        case _:
            return UNKNOWN
