"""What an expression is made of: environment variables, each as its text or as the list that was made of it."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lading.detect.code import Code, Function

Form = Literal["text", "comma", "one", "json"]

#: Expressions in expressions.
DEEPEST = 25

#: Expressions, tests and bindings that are looked at for one backend.
MOST = 20_000

#: Bindings of one name, returns and errors of one function: each is asked what it stands under.
MOST_STEPS = 500

#: Where a variable may be written in several ways, or comes to the same place by several, the first of these is right.
_ORDER: tuple[Form, ...] = ("comma", "one", "json", "text")


@dataclass(frozen=True, slots=True)
class Took:
    """A variable in a value: as its text, or as the list that was made of it."""

    variable: str
    form: Form


#: None: that is not known. Empty: the value is the code's own.
Taken = tuple[Took, ...] | None


@dataclass(frozen=True, slots=True)
class At:
    """Where an expression stands, and what is known of the arguments of the function around it."""

    code: Code
    path: str
    within: Function | None = None
    given: Mapping[str, Taken] = field(default_factory=dict)
    depth: int = 0

    @property
    def key(self) -> tuple[Hashable, ...]:
        """All of it, to remember what was found by."""
        return (self.path, self.within, self.depth, frozenset(self.given.items()))


def spent(code: Code, steps: int = 1) -> bool:
    """Whether as much was looked at as is for one backend, with `steps` more."""
    count: list[int] = code.memo.setdefault(("cors",), [0])
    count[0] += steps
    return count[0] > MOST


def of(taken: Taken) -> frozenset[str]:
    """The names of the variables."""
    return frozenset(one.variable for one in taken or ())


def merged(some: Sequence[Taken]) -> Taken:
    """All the variables of `some`, each in its best form; what is not known adds nothing."""
    known = [one for one in some if one is not None]
    best: dict[str, Form] = {}
    for one in (one for each in known for one in each):
        best[one.variable] = min(one.form, best.get(one.variable, "text"), key=_ORDER.index)
    return tuple(Took(name, form) for name, form in best.items()) if known else None


def joined(one: Taken, other: Taken, *nodes: ast.expr) -> Taken:
    """Both lists; None where one is a text: an origin that is put together, which the variable alone does not name."""
    texts = any(isinstance(node, ast.JoinedStr) or _is_text(node) for node in nodes)
    if texts or any(each.form == "text" for each in (*(one or ()), *(other or ()))):
        return None
    return merged([one, other])


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def formed(taken: Taken, form: Form) -> Taken:
    """Texts of which lists are made; there is no other way to make one."""
    if taken is None or any(one.form != "text" for one in taken):
        return None
    return tuple(replace(one, form=form) for one in taken)
