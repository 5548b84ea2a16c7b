"""How the code takes a value apart → the variables that hold a user and a password in one: `user:password`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from lading.detect import values
from lading.detect.code import Code, every, written

_STORE = re.compile(r"(?<!http)(?<!https)://$")
_SPLITS = frozenset({"split", "rsplit", "partition", "rpartition"})
_USER = re.compile(r"(?:USER(?:_?NAME)?|LOGIN|ACCOUNT)$")
_PASSWORD = re.compile(r"(?:PASS(?:WORD|WD)?|PWD|PW|SECRET)$")


def accounts(code: Code) -> frozenset[str]:
    """The variables that are split at `:` into a user and a password, or that stand before the `@` of a URL.

    A name alone says nothing: a host and its port are split like that, too, and a user alone may stand before the `@`.
    """
    found: set[str] = set()
    for path in code.holding(b'(":"', b"(':'", b"://{"):
        tree = code.tree(path)
        for node, within in every(tree) if tree else ():
            for inner in _taken_apart(node):
                value = values.fold(code, path, inner, within)
                if value and value.variable and not value.parts and "://" not in value.text:
                    found.add(value.variable)
    return frozenset(found)


def _taken_apart(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=[first, *_, last])], value=value):
            inner = _split(value)
            if inner and _named(_USER, first) and _named(_PASSWORD, last):
                yield inner
        case ast.JoinedStr(values=parts):
            yield from _before_at(parts)
        case _:
            pass


def _split(node: ast.expr) -> ast.expr | None:
    """What is split at `:`."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[ast.Constant(value=":"), *_]) if (
            name in _SPLITS
        ):
            return inner
        case _:
            return None


def _before_at(parts: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """What stands alone between `://` and `@`, unless it is called like a user; of a web page it is a token."""
    for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
        match before, part, after:
            case (
                ast.Constant(value=str(start)),
                ast.FormattedValue(value=inner, format_spec=None),
                ast.Constant(value=str(end)),
            ) if _STORE.search(start) and end.startswith("@") and not _named(_USER, inner):
                yield inner
            case _:
                pass


def _named(pattern: re.Pattern[str], node: ast.expr) -> bool:
    return pattern.search(re.sub(r"\W+$", "", written(node)).upper()) is not None
