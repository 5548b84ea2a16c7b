"""What `lading init` has written into a tree: to read it as evidence would be to believe ourselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from lading import views
from lading.errors import BadInput
from lading.source import Source

#: The folder of what is ours alone, and in it what was last written, or shown where it was kept: path → `Last`.
FOLDER = ".lading"
RECORD = f"{FOLDER}/written.json"

#: The lines of a file that people edit, to merge what they did with what changes; the `digest` of any other.
Last = str | tuple[str, ...]


def digest(text: str) -> str:
    """The SHA-256 of a text by its lines: git may have checked it out with the ends that Windows has."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def stands(text: str, last: Last | None) -> bool:
    """Whether `text` is as the record says."""
    return last is not None and digest(text) == (last if isinstance(last, str) else digest("\n".join(last)))


def load(text: str) -> dict[str, Last]:
    """What the record says. Raises `ValueError` for what is no JSON, `TypeError` for JSON of another kind."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return {path: _last(value) for path, value in found.items()}


def _last(value: object) -> Last:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return tuple(value)
    if isinstance(value, str):
        return value
    raise TypeError("neither a hash nor lines")


def without(source: Source) -> Source:
    """`source` without what is ours: our folder, and every file that is as we wrote it. One that was edited stays."""
    if isinstance(source, views.Below):
        inner = tuple(f"{source.folder}/{path}" for path in _ours(source))
        whole = views.without(source.whole, (*_ours(source.whole), *inner))
        return views.Below(whole, source.folder)
    return views.without(source, tuple(_ours(source)))


def _ours(source: Source) -> Iterator[str]:
    yield FOLDER
    try:
        record = load(source.read(RECORD).decode()) if RECORD in source.files else {}
    except (ValueError, TypeError, RecursionError, BadInput):
        record = {}
    for path, last in record.items():
        if path in source.files and not path.startswith(f"{FOLDER}/"):
            try:
                same = stands(source.read(path).decode(), last)
            except (ValueError, BadInput):
                same = False
            if same:
                yield path
