"""Values → YAML that 1.1 and 1.2 read alike, with comments: what PyYAML and Compose's own reader take for the same.

A mapping's key that starts with `#` is a comment, one that is empty a blank line; both have no value. `Anchor` names a
value, `Alias` stands for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What is a string without quotes in every version of YAML: no number, no time, no word for true, false or nothing.
_PLAIN = re.compile(r"(?:[A-Za-z_./](?:[A-Za-z0-9_./@+:-]*[A-Za-z0-9_./])?|[0-9]+[bkmgs])")
_WORDS = re.compile(r"y|n|yes|no|on|off|true|false|null|\.inf|\.nan|\.[0-9].*|\.{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A value with a name, that an `Alias` repeats."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Alias:
    """The value that an anchor of this name has; under the key `<<`, its keys."""

    name: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence on one line."""

    items: Sequence[Any]


def dump(document: Mapping[str, Any]) -> str:
    """`document` as YAML, ending in a newline."""
    return "\n".join(_mapping(document, "")) + "\n"


def scalar(value: Any) -> str:
    """`value` in a line: a string is quoted where another reader could take it for something else."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str() if _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
            return value
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            raise TypeError(type(value))


def _mapping(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        if not key.strip():  # blank lines need keys of their own, so that any number of blanks is one
            yield ""
        elif key.startswith("#"):
            yield from (f"{indent}{line}" for line in key.splitlines())
        else:
            yield from _entry(f"{indent}{'<<' if key == '<<' else scalar(key)}:", value, indent)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    match value:
        case Anchor(name, held):
            yield from _entry(f"{key} &{name}", held, indent)
        case Alias(name):
            yield f"{key} *{name}"
        case Flow(items):
            yield f"{key} [{', '.join(scalar(one) for one in items)}]"
        case {}:
            yield f"{key} {{}}" if not value else key
            yield from _mapping(value, indent + "  ")
        case str():
            yield f"{key} {scalar(value)}"
        case Sequence():
            yield key if value else f"{key} []"
            for one in value:
                yield from _item(one, indent + "  ")
        case _:
            yield f"{key} {scalar(value)}".rstrip()


def _item(value: Any, indent: str) -> Iterator[str]:
    match value:
        case str() if value.startswith("# "):
            yield f"{indent}{value}"
        case {}:
            first, *rest = _mapping(value, indent + "  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
        case _:
            yield f"{indent}- {scalar(value)}"
