"""A variable → the example that files beside the code give: `.env.example`, compose, Dockerfiles, CI, READMEs."""

from __future__ import annotations

import posixpath
import re

from lading.errors import BadInput
from lading.source import Source

_NAMED = re.compile(
    r"\.?env(?:\..*|-.*|_.*)?|.*\.env(?:\..*)?|(?:docker-)?compose.*\.ya?ml|.*Dockerfile.*|README.*", re.IGNORECASE
)
_LARGEST = 300_000
_MOST = 60


def files(source: Source) -> tuple[str, ...]:
    """The files that may give examples, the nearest to the root first."""
    found = [
        path
        for path in source.files
        if _NAMED.fullmatch(posixpath.basename(path))
        or (path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml")))
    ]
    return tuple(sorted(found, key=lambda path: (path.count("/"), path))[:_MOST])


def value(source: Source, name: str) -> str:
    """The first value that such a file gives the variable `name`; empty where none does. Never to be shown."""
    pattern = re.compile(
        rb"(?<![\w])" + re.escape(name.encode()) + rb"""["']?\s*[:=]\s*(?:\$\{\w+:-)?["']?([^\s"'}]+)"""
    )
    for path in files(source):
        try:
            data = source.read(path)
        except BadInput:
            continue
        for found in pattern.finditer(data[:_LARGEST]):
            return found[1].decode(errors="replace")
    return ""
