"""The tests that a statement stands under → whether it runs when a variable holds an origin, and all others nothing."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from lading.detect import settings_guards
from lading.detect.code import Code, Function
from lading.detect.cors_taken import spent
from lading.detect.settings_guards import DEEPEST, Guard, Under

#: Both ways are taken: a test of how the variable is written, `value.startswith("[")`, or an error that is caught.
EITHER: Literal["either"] = "either"

#: None: that is not known.
Known = bool | None | Literal["either"]


class About(Protocol):
    """What is asked of an expression: whether it is the variable, or made of it; the same `key`, the same answers."""

    @property
    def key(self) -> Hashable: ...

    def __call__(self, node: ast.expr, /) -> bool: ...


def around(body: Sequence[ast.stmt], node: ast.AST, *, exits: bool = False) -> Iterator[Guard | None]:
    """What `node`, somewhere in `body`, stands under; None: an error must have happened.

    With `exits`, also the tests before it after which it would not be come to: `if not settings.cors: return`.
    """
    while body:
        inner: Sequence[ast.stmt] = ()
        for stmt in body:
            if not _holds(stmt, node):
                yield from _exits(stmt) if exits else ()
                continue
            for block, guard in _blocks(stmt):
                if any(_holds(one, node) for one in block):
                    yield from guard
                    inner = block
            break
        body = inner


def _holds(stmt: ast.AST, node: ast.AST) -> bool:
    start, end = (getattr(stmt, "lineno", 0), getattr(stmt, "col_offset", 0)), getattr(stmt, "end_lineno", 0)
    here = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
    return start <= here < (end, getattr(stmt, "end_col_offset", 0))


def _exits(stmt: ast.stmt) -> Iterator[Guard]:
    """The tests of a statement after which what follows it is not come to."""
    stack = [stmt]
    while stack:
        match stack.pop():
            case ast.If(test=test, body=body, orelse=orelse):
                for block, other, holds in ((body, orelse, False), (orelse, body, True)):
                    if any(isinstance(one, ast.Return | ast.Raise) for one in block):
                        yield Guard(test, holds=holds)
                        stack += other  # it has run then, an `elif` for one
            case _:
                pass


def _blocks(stmt: ast.stmt) -> Iterator[tuple[Sequence[ast.stmt], tuple[Guard | None, ...]]]:
    """The blocks of a statement, each with what must hold for it to run; not those of a function, which run later."""
    match stmt:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return
        case ast.If(test=test, body=body, orelse=orelse):
            yield body, (Guard(test, holds=True),)
            yield orelse, (Guard(test, holds=False),)
        case _:
            clauses = (*getattr(stmt, "handlers", ()), *getattr(stmt, "cases", ()))
            yield from ((clause.body, (None,)) for clause in clauses)
            yield getattr(stmt, "body", ()), (None,) if clauses else ()
            yield from ((getattr(stmt, name, ()), ()) for name in ("orelse", "finalbody"))


def met(code: Code, path: str, guards: Iterable[Guard | None], within: Function | None, about: About) -> Known:
    """Whether all of `guards` hold."""
    return _all([_met(code, path, one, within, about) if one else EITHER for one in guards])


def _met(code: Code, path: str, guard: Guard, within: Function | None, about: About) -> Known:
    """Whether one of them holds: many statements stand under the same."""
    key = ("cors met", path, guard, within, about.key)
    if key not in code.memo:
        fresh = not spent(code)
        code.memo[key] = holds(code, path, guard.test, within, about, wanted=guard.holds) if fresh else None
    found: Known = code.memo[key]
    return found


def _all(found: Sequence[Known]) -> Known:
    return next((one for one in (False, None, EITHER) if one in found), True)


def _any(found: Sequence[Known]) -> Known:
    return next((one for one in (True, None, EITHER) if one in found), False)


def holds(  # noqa: PLR0911 - a table
    code: Code, path: str, test: ast.expr, within: Function | None, about: About, *, wanted: bool, depth: int = 0
) -> Known:
    """Whether `test` comes out as `wanted`; what it says of the variable is told for one origin that is nobody's."""

    def inner(node: ast.expr, *, wanted: bool) -> Known:
        return holds(code, path, node, within, about, wanted=wanted, depth=depth + 1)

    match test:
        case _ if depth > DEEPEST:
            return None
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return inner(operand, wanted=not wanted)
        case ast.BoolOp(op=op, values=some):
            found = [inner(one, wanted=wanted) for one in some]
            return _all(found) if isinstance(op, ast.And) is wanted else _any(found)
        case ast.Call(func=ast.Name(id="bool" | "len" | "any"), args=[operand]):
            return inner(operand, wanted=wanted)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if about(left) or about(right):
            return _compared(op, left, right, wanted=wanted)
        case ast.Compare(left=ast.Call(func=ast.Name(id="len"), args=[operand]), ops=[ast.Gt()]) if about(operand):
            return wanted
        case ast.expr() if about(test):
            return wanted
        case _ if any(about(one) for one in ast.walk(test) if isinstance(one, ast.expr) and one is not test):
            return EITHER
        case _:
            return settings_guards.runs(code, path, Under((Guard(test, holds=wanted),)), within)


def _compared(op: ast.cmpop, left: ast.expr, right: ast.expr, *, wanted: bool) -> Known:
    """What `ORIGINS == "*"`, `"*" in ORIGINS` and `ORIGINS is not None` are when it is an origin."""
    constants = (left, right) if isinstance(op, ast.Eq | ast.NotEq | ast.Is | ast.IsNot) else (left,)
    said = [one.value for one in constants if isinstance(one, ast.Constant)]
    # A bracket or a comma is how several are written.
    if not said or any(isinstance(one, str) and one not in {"*", ""} for one in said):
        return EITHER
    return wanted if isinstance(op, ast.NotEq | ast.IsNot | ast.NotIn) else not wanted
