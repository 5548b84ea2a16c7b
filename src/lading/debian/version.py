"""A Debian version → a key that sorts as Debian Policy 5.6.12 has it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

_END = ((0,), 0)  # the end of a string: after a tilde, before anything else

#: Policy 7.1; `<` and `>` are the deprecated spellings of `<=` and `>=`.
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<<": operator.lt, "<": operator.le, "<=": operator.le, "=": operator.eq,
    ">=": operator.ge, ">": operator.ge, ">>": operator.gt,
}  # fmt: skip

Key = tuple[int, tuple[tuple[tuple[int, ...], int], ...], tuple[tuple[tuple[int, ...], int], ...]]


@cache
def key(version: str) -> Key:
    """What `[epoch:]upstream[-revision]` sorts by: the epoch as a number, the rest part by part."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), _parts(upstream), _parts("" if revision == "0" else revision)


def satisfies(version: str, relation: str, wanted: str) -> bool:
    """Whether `version` satisfies `(relation wanted)`, Policy 7.1; an empty one is satisfied."""
    return not relation or _HOLDS[relation](key(version), key(wanted))


def _parts(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    found = re.findall(r"(\D*)(\d*)", text)[:-1]  # the last match is the empty one at the end
    return (*(((*map(_order, letters), 0), int(digits or 0)) for letters, digits in found), _END)


def _order(char: str) -> int:
    """The tilde before the end of the string, letters before everything else."""
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256
