"""Which files of a tree a list of `.dockerignore` patterns leaves, by the rules that Docker's builders use.

Source of the rules: Docker's reference, "Dockerfile reference, .dockerignore file": Go's `filepath.Match` for each
segment, `**` for any number of segments, `!` takes back, the last matching pattern decides, a pattern that matches a
folder matches all below it. A pattern is anchored at the root, unlike one of `.gitignore`: `*.pyc` leaves
`app/x.pyc` in; `**/*.pyc` does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from lading.errors import BadInput


def parse(text: str) -> tuple[str, ...]:
    """The patterns of a `.dockerignore`: comments and blank lines dropped, the rest cleaned as Docker does."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines() if not line.startswith("#"))
    return tuple(line for line in lines if line)


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether `patterns` leave a path out. Raises `BadInput` for a pattern Docker refuses."""
    rules = [(not pattern.startswith("!"), _regex(pattern.lstrip("!").strip())) for pattern in patterns]

    @cache
    def folder(path: str) -> tuple[bool, ...]:
        return tuple(_hit(regex, path) for _, regex in rules)

    def ignored(path: str) -> bool:
        out = False
        parents = [path[:i] for i, char in enumerate(path) if char == "/"]
        above = [folder(parent) for parent in parents]
        for number, (exclude, regex) in enumerate(rules):
            if out != exclude and (regex.fullmatch(path) or any(hits[number] for hits in above)):
                out = exclude
        return out

    return ignored


def _hit(regex: re.Pattern[str], path: str) -> bool:
    return regex.fullmatch(path) is not None


def _regex(pattern: str) -> re.Pattern[str]:
    cleaned = "/".join(part for part in pattern.split("/") if part not in {"", "."})
    out, i = "", 0
    while i < len(cleaned):
        char = cleaned[i]
        if cleaned.startswith("**/", i):
            out, i = out + "(?:.*/)?", i + 3
        elif cleaned.startswith("**", i):
            out, i = out + ".*", i + 2
        elif char == "*":
            out, i = out + "[^/]*", i + 1
        elif char == "?":
            out, i = out + "[^/]", i + 1
        elif char == "\\" and i + 1 < len(cleaned):
            out, i = out + re.escape(cleaned[i + 1]), i + 2
        elif char == "[":
            end = cleaned.find("]", i + 2)
            if end < 0:
                raise BadInput(f"`{pattern}` is not a pattern: the bracket is not closed", where=".dockerignore")
            body = cleaned[i + 1 : end].replace("\\", "\\\\")
            out, i = out + "[" + body + "]", end + 1
        else:
            out, i = out + re.escape(char), i + 1
    return re.compile(out, re.DOTALL)
