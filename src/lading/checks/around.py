"""A source and the files of `lading init` → the texts around an image that are judged: as they stand, or as written."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from lading import gitignore
from lading.checks import composition, guide
from lading.source import Source

#: What is larger is nothing that somebody wrote.
_MOST_BYTES = 400_000


def texts(source: Source, rendered: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """The texts by path: `rendered`, the project's own compose files and guide in the place of ours, what git reads.

    `more` are other paths that are wanted, where they are there. A project that has a compose file has chosen what is
    started beside it: ours then is not the one that is run, nor is there a guide to it.
    """
    names = [name for pair in composition.NAMES.items() for name in (pair[0], *pair[1])]
    own = [name for name in (*names, guide.PATH) if name in source.files]
    out = dict(rendered)
    if any(name in composition.NAMES for name in own):
        out = {path: text for path, text in out.items() if path not in (*names, guide.PATH)}
    read = {path for path in source.files if posixpath.basename(path) == gitignore.NAME or _env(path)}
    small = {path for path in (*own, *read) if source.size(path) <= _MOST_BYTES}
    for path in sorted(small.union(path for path in more if path in source.files)):
        out[path] = source.read(path).decode(errors="replace")
    return out


def _env(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith(".env") or name.endswith(".env")
