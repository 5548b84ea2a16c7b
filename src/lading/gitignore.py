"""The `.gitignore` files of a tree → which paths git leaves alone.

Source: git's documentation, "gitignore": a pattern without a slash holds at every depth, one with a slash from its own
file on, the last that matches decides. A folder that is taken back below an ignored one is not told apart.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping

from lading import ignore

NAME = ".gitignore"

Ignored = Callable[[str], bool]


def matcher(files: Mapping[str, str]) -> Ignored:
    """A function that says whether git ignores a path, by the texts of `files` that are called `.gitignore`."""
    found = sorted((path for path in files if posixpath.basename(path) == NAME), key=lambda path: path.count("/"))
    return ignore.matcher([pattern for path in found for pattern in _patterns(posixpath.dirname(path), files[path])])


def _patterns(folder: str, text: str) -> Iterator[str]:
    for line in ignore.parse(text):
        back, bare = ("!", line[1:]) if line.startswith("!") else ("", line.removeprefix("\\"))
        inner = bare.rstrip("/")
        if not inner:
            continue
        deep = "" if "/" in inner else "**/"
        yield back + posixpath.join(folder, deep + inner.lstrip("/"))
