"""Values that are known in part → the value that they make together: one text, a template's, one of several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

#: Variables that only tests use: `TEST_DATABASE_URL`.
OF_TESTS = re.compile(r"(?:^|_)TEST(?:S|ING)?(?:_|$)", re.IGNORECASE)

#: A setting's text; what is longer is data.
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Value:
    """`text` is how the value begins, all of it when `whole`; with a `variable`, what holds while that is unset."""

    text: str
    whole: bool = True
    variable: str | None = None
    where: str = ""
    parts: tuple[str, ...] = ()  # every variable that it is put together from, where it is not one variable's


def joined(values: list[Value | None]) -> Value | None:
    """The values as one text, as far as they are known from its start, and the variables in all of them."""
    text, whole = "", True
    given = [value for value in values if value and (value.variable or value.parts)]
    for value in values:
        text += value.text if whole and value else ""
        whole = whole and value is not None and value.whole
        if len(text) > LONGEST:
            return None
    names = parts(given)
    where = given[0].where if given else ""
    # A text that holds a variable among other things is not given by that variable.
    if text or not given:
        return Value(text, whole, where=where, parts=names)
    return replace(given[0], text=text, whole=whole, parts=names if len(names) > 1 else ())


def parts(values: Sequence[Value | None]) -> tuple[str, ...]:
    """The variables in all of them, in order."""
    every = (name for value in values if value for name in (value.variable, *value.parts) if name)
    return tuple(dict.fromkeys(every))


def formatted(text: Value | None, given: list[Value | None]) -> Value | None:
    """What a template begins with, and the variables that are put in it."""
    if text is None:
        return None
    start = re.split(r"%[(sd]|\{", text.text, maxsplit=1)[0]
    where = next((value.where for value in given if value and value.where), text.where)
    return Value(start, whole=False, where=where, parts=parts(given))


def either(values: list[Value | None]) -> Value | None:
    """The first variable among the alternatives, and the first text; what only tests use stands behind the others."""
    known = sorted((value for value in values if value), key=lambda one: bool(OF_TESTS.search(one.variable or "")))
    given = next((value for value in known if value.variable), None) or next((v for v in known if v.parts), None)
    text = next((value for value in known if value.text), None)
    if given is None:
        return text
    return replace(given, text=text.text, whole=text.whole) if text else given


def replaced(value: Value, old: Value | None, new: Value | None) -> Value:
    """`value.replace(old, new)`; of a text that is not known, a scheme that is put in says what it is now."""
    if old is None or new is None:
        return value
    if not value.text and new.whole and re.fullmatch(r"[a-z0-9]+(?:\+\w+)?(?:://)?", new.text) and "://" in old.text:
        return replace(value, text=new.text, whole=False)
    return replace(value, text=value.text.replace(old.text, new.text))


def with_scheme(value: Value | None, scheme: str) -> Value | None:
    """The URL `value` with another scheme; where it is not known, the scheme is all that is."""
    if not scheme or value is None:
        return value or (Value(f"{scheme}://", whole=False) if scheme else None)
    _, found, rest = value.text.partition("://")
    return replace(value, text=f"{scheme}://{rest}", whole=value.whole and bool(found))
