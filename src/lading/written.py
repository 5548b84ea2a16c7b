"""What `lading init` has written into a tree: to read it as evidence would be to believe ourselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from lading import views
from lading.errors import BadInput
from lading.source import Source

#: The folder of what is ours alone, and in it what was last written, or shown where it was kept: path → `digest`.
FOLDER = ".lading"
RECORD = f"{FOLDER}/written.json"


def digest(text: str) -> str:
    """The SHA-256 of a text by its lines: git may have checked it out with the ends that Windows has."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


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
        record = json.loads(source.read(RECORD)) if RECORD in source.files else {}
    except (ValueError, RecursionError, BadInput):
        record = {}
    for path, last in record.items() if isinstance(record, dict) else ():
        if path in source.files and not path.startswith(f"{FOLDER}/"):
            try:
                same = digest(source.read(path).decode()) == last
            except (ValueError, BadInput):
                same = False
            if same:
                yield path
