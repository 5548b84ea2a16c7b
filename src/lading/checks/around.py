"""A source and the files of `lading init` → the texts around an image that are judged: as they stand, or as written."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from lading import gitignore, written
from lading.checks import composition, guide
from lading.source import Source

#: What is larger is nothing that somebody wrote.
_MOST_BYTES = 400_000

#: Of the stack, and of what is said about it.
_NAMES = {*composition.NAMES, *(name for more in composition.NAMES.values() for name in more), guide.PATH}


def texts(source: Source, rendered: Mapping[str, str], more: Iterable[str] = (), home: str = ".") -> dict[str, str]:
    """The texts by path: `rendered`, the project's own compose files and guide in the place of ours, what git reads.

    `more` are other paths that are wanted, where they are there, and `home` is the folder of the stack. A project that
    has a compose file there, or in the root, has chosen what is started beside it: ours then is not the one that is
    run, nor is there a guide to it. What the root has of us for another backend is not the project's own.
    """
    others = written.records(source).get(".", {}) if home != "." else {}
    there = [path for path in source.files if posixpath.dirname(path) in {"", home} and path not in others]
    own = [path for path in there if posixpath.basename(path) in _NAMES]
    out = dict(rendered)
    if any(posixpath.basename(path) in composition.NAMES for path in own):
        out = {path: text for path, text in out.items() if posixpath.basename(path) not in _NAMES}
    read = {path for path in source.files if posixpath.basename(path) == gitignore.NAME or _env(path)}
    small = {path for path in (*own, *read) if source.size(path) <= _MOST_BYTES}
    for path in sorted(small.union(path for path in more if path in source.files)):
        out[path] = source.read(path).decode(errors="replace")
    return out


def _env(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith(".env") or name.endswith(".env")
