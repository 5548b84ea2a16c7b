"""Environment markers (PEP 508) → what is left of them on the image's platform: an `or` of `and`s.

Every image is Linux with CPython, so what asks for another system is decided here; what asks for a Python release or a
machine stays. So do the walks of a lock's graph, which join markers at every step, end with short ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

#: `{{a, b}, {c}}` is `a and b or c`; the empty set is "never", and a set with the empty one is "always".
Marker = frozenset[frozenset[str]]

ALWAYS: Marker = frozenset({frozenset[str]()})
NEVER: Marker = frozenset()

#: Above this many alternatives a marker is taken for "always": a lock needs a few, and only an attack needs more.
_MOST = 16

#: Longer ones are an attack, too.
_LONGEST = 4_000

_HELD = {
    "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
    "platform_python_implementation": "CPython", "implementation_name": "cpython", "python_implementation": "CPython",
    "os.name": "posix", "sys.platform": "linux",
}  # fmt: skip

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<mark>[()])|(?P<op>===|==|!=|<=|>=|~=|<|>)|(?P<word>[\w.]+))"""
)
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def read(text: str, extras: Collection[str] = (), groups: Collection[str] = ()) -> Marker:
    """The marker that `text` is, for an installation with these extras and groups of the project.

    What cannot be read is kept whole, so that whoever installs it judges.
    """
    if not text.strip() or len(text) > _LONGEST:
        return ALWAYS
    try:
        tokens = list(_tokens(text))
        found, rest = _either(tokens, 0, extras, groups)
    except (IndexError, ValueError, RecursionError):
        return frozenset({frozenset({f"({text.strip()})"})})
    return found if rest == len(tokens) else frozenset({frozenset({f"({text.strip()})"})})


def either(one: Marker, other: Marker) -> Marker:
    """`one or other`."""
    joined = one | other
    kept = frozenset(part for part in joined if not any(less < part for less in joined))
    return kept if len(kept) <= _MOST else ALWAYS


def both(one: Marker, other: Marker) -> Marker:
    """`one and other`."""
    if one in {ALWAYS, other}:
        return other
    if other == ALWAYS:
        return one
    joined = frozenset(a | b for a in one for b in other)
    kept = frozenset(part for part in joined if not any(less < part for less in joined))
    return kept if len(kept) <= _MOST else ALWAYS


def text(marker: Marker) -> str:
    """The marker as PEP 508 writes it; empty for "always"."""
    if marker == ALWAYS:
        return ""
    parts = [" and ".join(sorted(part)) for part in marker]
    return " or ".join(sorted(f"({part})" if len(parts) > 1 and " and " in part else part for part in parts))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError(text[place:])
        place = found.end()
        yield found.lastgroup, found[found.lastgroup]


def _either(tokens: list[tuple[str, str]], at: int, extras: Collection[str], groups: Collection[str]) -> _Step:
    found, at = _both(tokens, at, extras, groups)
    while at < len(tokens) and tokens[at] == ("word", "or"):
        more, at = _both(tokens, at + 1, extras, groups)
        found = either(found, more)
    return found, at


def _both(tokens: list[tuple[str, str]], at: int, extras: Collection[str], groups: Collection[str]) -> _Step:
    found, at = _one(tokens, at, extras, groups)
    while at < len(tokens) and tokens[at] == ("word", "and"):
        more, at = _one(tokens, at + 1, extras, groups)
        found = both(found, more)
    return found, at


def _one(tokens: list[tuple[str, str]], at: int, extras: Collection[str], groups: Collection[str]) -> _Step:
    if tokens[at] == ("mark", "("):
        found, at = _either(tokens, at + 1, extras, groups)
        if tokens[at] != ("mark", ")"):
            raise ValueError("a bracket is open")
        return found, at + 1
    (left_kind, left), (_, op), at = tokens[at], tokens[at + 1], at + 2
    if op == "not":
        op, at = f"not {tokens[at][1]}", at + 1
    right_kind, right = tokens[at]
    if left_kind == "text" and right_kind == "word" and op in {*_FLIPPED, "==", "!="}:
        left, right, right_kind, op = right, left, "text", _FLIPPED.get(op, op)
    return _decided(left, op, right, extras, groups), at + 1


def _decided(left: str, op: str, right: str, extras: Collection[str], groups: Collection[str]) -> Marker:
    """One comparison: always or never where the platform or the installation decides it, else itself."""
    value = right.strip("\"'")
    if left == "extra":
        return ALWAYS if _chosen(value, extras) == (op == "==") else NEVER
    if right in {"extras", "dependency_groups"}:
        chosen = extras if right == "extras" else groups
        return ALWAYS if (left.strip("\"'") in chosen) == (op == "in") else NEVER
    if left in _HELD and op in {"==", "!="}:
        return ALWAYS if (value == _HELD[left]) == (op == "==") else NEVER
    if left in _HELD and op in {"in", "not in"}:
        return ALWAYS if (_HELD[left] in value) == (op == "in") else NEVER
    if right in _HELD and op in {"in", "not in"}:
        return ALWAYS if (left.strip("\"'") in _HELD[right]) == (op == "in") else NEVER
    return frozenset({frozenset({f"{_quoted(left)} {op} {_quoted(right)}"})})


def _chosen(value: str, extras: Collection[str]) -> bool:
    # uv writes extras that conflict as `extra-7-project-cpu`: the number is the length of the project's name.
    found = re.fullmatch(r"extra-(\d+)-(.+)", value)
    return (found[2][int(found[1]) + 1 :] if found else value) in extras


def _quoted(word: str) -> str:
    return f'"{word[1:-1]}"' if word[:1] in {"'", '"'} else word


_Step = tuple[Marker, int]
