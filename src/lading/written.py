"""What `lading init` has written into a tree: to read it as evidence would be to believe ourselves."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping

from lading import ignore, views
from lading.errors import BadInput
from lading.source import Source

#: The folder of what is ours alone, and in it what was last written, or shown where it was kept: path → `Last`. Of
#: several backends that share a root each has its own; the paths are from the folder that `FOLDER` is in.
FOLDER = ".lading"
RECORD = f"{FOLDER}/written.json"

#: What somebody put aside, and what stands beside a Dockerfile.
_KEPT = (".bak", ".backup", ".old", ".orig", ".rej", ".save", "~", ".dockerignore")

#: The lines of a file that people edit, to merge what they did with what changes; the `digest` of any other.
Last = str | tuple[str, ...]


def digest(text: str) -> str:
    """The SHA-256 of a text by its lines: git may have checked it out with the ends that Windows has."""
    return hashlib.sha256("\n".join(lines(text)).encode()).hexdigest()


def lines(text: str) -> list[str]:
    """Lines without their ends, by which git and editors go: `splitlines` parts at form feeds and U+2028 as well."""
    parts = text.replace("\r\n", "\n").split("\n")
    return parts if parts[-1] else parts[:-1]


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
        inner = tuple(posixpath.normpath(posixpath.join(source.folder, path)) for path in _ours(source))
        whole = views.without(source.whole, (*_ours(source.whole), *inner))
        return views.Below(whole, source.folder)
    return views.without(source, tuple(_ours(source)))


def records(source: Source) -> dict[str, Mapping[str, Last]]:
    """The records in `source` that can be read: the folder of each, and what it says, by paths from the root.

    A Dockerfile that was only moved is said to be where it stands now.
    """
    found = _records(source)
    for folder, places in _moved(source, found).items():
        found[folder] = {places.get(path, path): last for path, last in found[folder].items()}
    return found


def moved(source: Source) -> dict[str, dict[str, str]]:
    """The Dockerfiles that stand elsewhere, as we wrote them: by the record's folder, each old place with the new."""
    return _moved(source, _records(source))


def _moved(source: Source, found: Mapping[str, Mapping[str, Last]]) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    taken = {path for record in found.values() for path in record}
    for folder, record in found.items():
        # One that is out of sight is not gone.
        gone = {
            path: last for path, last in record.items() if _is_dockerfile(path) and not views.readable(source, path)
        }
        free = (path for path in sorted(source.files) if _is_dockerfile(path) and path not in taken) if gone else ()
        for path in free:
            old = next((one for one, last in gone.items() if _stands(source, path, last)), None)
            if old is not None:
                out.setdefault(folder, {})[old] = path
                del gone[old]
    return out


def _is_dockerfile(path: str) -> bool:
    name = posixpath.basename(path).lower()
    return "dockerfile" in name and not name.endswith(_KEPT)


def _records(source: Source) -> dict[str, Mapping[str, Last]]:
    found: dict[str, Mapping[str, Last]] = {}
    for path in sorted(path for path in source.files if path == RECORD or path.endswith(f"/{RECORD}")):
        folder = posixpath.normpath(path.removesuffix(RECORD))
        try:
            record = load(source.read(path).decode())
        except (ValueError, TypeError, RecursionError, BadInput):
            continue
        found[folder] = {posixpath.normpath(posixpath.join(folder, one)): last for one, last in record.items()}
    return found


def root(source: Source) -> str | None:
    """The folder of the backend that the files in the root of `source` were written for; None where none were.

    The ignore file says it: of the whole, it takes that folder back first. What was written counts, where that is
    known: somebody may have put a line of their own before it.
    """
    name = ".dockerignore"
    last = records(source).get(".", {}).get(name)
    if name not in source.files or last is None:
        return None
    there = source.read(name).decode(errors="replace")
    patterns = ignore.parse(there if isinstance(last, str) else "\n".join(last))
    return next((one[1:] for one in patterns if one.startswith("!")), None) if "*" in patterns else "."


def copied(dockerfile: str) -> str | None:
    """The folder of the backend whose Dockerfile that is, if we wrote it: what it copies to /app."""
    found = re.search(r"^COPY (\S+) /app$", dockerfile, re.MULTILINE)
    return found[1] if found else None


def _ours(source: Source) -> Iterator[str]:
    yield FOLDER
    for folder, record in records(source).items():
        yield posixpath.normpath(posixpath.join(folder, FOLDER))
        for path, last in record.items():
            if views.readable(source, path) and f"{FOLDER}/" not in path and _stands(source, path, last):
                yield path


def _stands(source: Source, path: str, last: Last) -> bool:
    try:
        return stands(source.read(path).decode(), last)
    except (ValueError, BadInput):
        return False
