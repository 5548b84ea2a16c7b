"""Which files of a tree a list of `.dockerignore` patterns leaves, by the rules that Docker's builders use.

Source of the rules: Docker's reference, "Dockerfile reference, .dockerignore file", and where that is silent, what
BuildKit does (moby/patternmatcher, which `tests/test_ignore.py` compares us with). `*` and `?` stop at a slash, `**`
does not, `!` takes back, the last matching pattern decides, a pattern that matches a folder matches all below it. A
pattern is anchored at the root, unlike one of `.gitignore`: `*.pyc` leaves `app/x.pyc` in; `**/*.pyc` does not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby

from lading.errors import BadInput

#: One character of a class, and one piece of a pattern: Go's `path/filepath.Match`, which refuses everything else.
_CHAR = r"(?:\\.|[^\\\]-])"
_PIECE = re.compile(
    rf"(?P<deep>\*\*/?)|(?P<any>\*)|(?P<one>\?)|\\(?P<escaped>.)"
    rf"|(?P<class>\[\^?(?:{_CHAR}(?:-{_CHAR})?)+\])|(?P<plain>[^\\\[])",
    re.DOTALL,
)


def parse(text: str) -> tuple[str, ...]:
    """The patterns of a `.dockerignore`, without comments and blank lines."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n") if not line.startswith("#"))
    return tuple(line for line in lines if line)


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether `patterns` leave a path out. Raises `BadInput` for a pattern that Docker refuses."""
    parsed = [(not pattern.startswith("!"), _regex(pattern)) for pattern in patterns]
    # Of neighbours that all leave out, or all take back, it does not matter which one matches.
    rules = [
        (exclude, re.compile("|".join(regex for _, regex in group), re.DOTALL))
        for exclude, group in groupby(parsed, key=lambda rule: rule[0])
    ]
    nothing = (False,) * len(rules)

    @cache
    def folder(path: str) -> tuple[bool, ...]:
        """Which rules match a folder, or one above it."""
        if not path:
            return nothing
        above = folder(posixpath.dirname(path))
        return tuple(hit or regex.fullmatch(path) is not None for hit, (_, regex) in zip(above, rules, strict=True))

    def ignored(path: str) -> bool:
        out = False
        for hit, (exclude, regex) in zip(folder(posixpath.dirname(path)), rules, strict=True):
            if out != exclude and (hit or regex.fullmatch(path)):
                out = exclude
        return out

    return ignored


def _regex(pattern: str) -> str:
    """`pattern`, without its `!`, as a regular expression for a whole path."""
    rest = pattern.removeprefix("!").strip()
    if not rest:
        raise BadInput(f"`{pattern}` is not a pattern", where=".dockerignore", hint="say what it stands for")
    cleaned = posixpath.normpath(rest).lstrip("/")
    out, at = "", 0
    while at < len(cleaned):
        piece = _PIECE.match(cleaned, at)
        if piece is None:
            raise BadInput(
                f"`{pattern}` is not a pattern: `{cleaned[at:]}` is not complete",
                where=".dockerignore",
                hint="a bracket is closed, and a backslash stands before what it makes plain",
            )
        if piece["deep"]:
            # `**.pyc` is every path that ends so; elsewhere, `**` is any number of whole folders.
            ends = piece.end() == len(cleaned) or (at == 0 and cleaned[2:3] != "/" and _plain(cleaned[2:]))
            out += ".*" if ends else "(?:.*/)?"
        else:
            out += _translate(piece)
        at = piece.end()
    return out


def _plain(text: str) -> bool:
    return not set(text) & set("*?[]\\")


def _translate(piece: re.Match[str]) -> str:
    if piece["any"]:
        return "[^/]*"
    if piece["one"]:
        return "[^/]"
    if not piece["class"]:
        return re.escape(piece["escaped"] or piece["plain"])
    negated = piece["class"].startswith("[^")
    body = re.sub(r"(-)|\\?(.)", lambda char: char[1] or re.escape(char[2]), piece["class"][1 + negated : -1])
    return f"[{'^' if negated else ''}{body}]"
