"""Statements → whether the program ends there, and the parameter of a function that decides whether it does."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence


def exits(body: Sequence[ast.stmt]) -> bool:
    """Whether a block ends the program, or raises."""
    return any(ends(stmt) for stmt in body)


def ends(stmt: ast.stmt) -> bool:
    """Whether a statement raises, or ends the program: `raise …`, `sys.exit(1)`, `exit()`."""
    match stmt:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="exit" | "quit"))):
            return True
        case _:
            return False


def switch(function: ast.FunctionDef, parameters: Collection[str]) -> tuple[str, bool]:
    """The parameter that each failure of a function asks for, and what it is then; empty where one asks for none."""
    found: set[tuple[str, bool]] = set()
    stack: list[tuple[ast.stmt, tuple[str, bool]]] = [(stmt, ("", True)) for stmt in function.body]
    while stack:
        stmt, under = stack.pop()
        if ends(stmt):
            found.add(under)
        elif isinstance(stmt, ast.If):
            asked = next(iter(_flags(stmt.test, parameters)), under)
            stack += [*((one, asked) for one in stmt.body), *((one, under) for one in stmt.orelse)]
        elif isinstance(stmt, ast.Try | ast.With):
            inner = (*stmt.body, *(one for handler in getattr(stmt, "handlers", ()) for one in handler.body))
            stack += [(one, under) for one in inner]
    return found.pop() if len(found) == 1 else ("", True)


def _flags(test: ast.expr, parameters: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The parameters that a condition needs to be true, or false: `required and not value`, `not optional and …`."""
    for one in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
        match one:
            case ast.Name(id=name) if name in parameters:
                yield name, True
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)) if name in parameters:
                yield name, False
            case _:
                pass
