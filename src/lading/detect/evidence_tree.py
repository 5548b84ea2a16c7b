"""The paths of a container, of a unit's machine, of a repository around the backend → files and folders of the tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from lading.detect.code import Code, folder
from lading.detect.evidence_servers import Start
from lading.errors import BadInput
from lading.views import Below

_LARGEST = 400_000


#: Folders beside a backend, in the repository that it is a part of, that may well be about it.
_ABOUT = frozenset(
    {"docker", "deploy", "deployment", "scripts", "bin", ".github", "infra", "ops", "compose", ".vscode"}
)


def above(code: Code) -> Iterator[str]:
    """Files of the folders above a backend that is a part of a repository, as `../name`: no code, no other parts."""
    source = code.source
    if not isinstance(source, Below):
        return
    tops = {"", *posixpath.dirname(source.folder).split("/")[:1], posixpath.dirname(source.folder)}
    for path in source.whole.files:
        inside = path.startswith(source.folder + "/") or path.endswith(".py")
        if not inside and any(_beside(path, top) for top in tops):
            yield posixpath.relpath(path, source.folder)


def _beside(path: str, top: str) -> bool:
    inner = path if not top else path[len(top) + 1 :] if path.startswith(top + "/") else ""
    return bool(inner) and ("/" not in inner or inner.partition("/")[0] in _ABOUT)


def inside(code: Code, path: str) -> str | None:
    """A path that may climb out of the backend's folder and come back, from that folder; None: it is not in it."""
    source = code.source
    base = source.folder if isinstance(source, Below) else ""
    whole = posixpath.normpath(posixpath.join(base, path))
    if whole == (base or "."):
        return ""
    start = f"{base}/" if base else ""
    return whole[len(start) :] if whole.startswith(start) and not whole.startswith("..") else None


def related(code: Code, context: str) -> bool:
    """Whether a build's context holds the backend, or is a part of it."""
    source = code.source
    if not isinstance(source, Below):
        return True
    whole = posixpath.normpath(posixpath.join(source.folder, context))
    return whole == "." or f"{source.folder}/".startswith(f"{whole}/") or whole.startswith(f"{source.folder}/")


def up(code: Code) -> str:
    """The repository's root, from the backend's folder."""
    source = code.source
    return posixpath.relpath(".", source.folder) if isinstance(source, Below) else ""


def nearest(code: Code, end: str, start: Start) -> str | None:
    """The file that `end`, a path in a container or from some folder, is: the one that shares most with it."""
    end = posixpath.normpath(end).lstrip("/.")
    base = folder(start.where.partition(":")[0])
    best: tuple[int, int, int, str] | None = None
    for path in _named(code).get(posixpath.basename(end), ())[:200]:
        whole = 2 if path == end or path.endswith("/" + end) else int(end.endswith("/" + path))
        if not whole and end.endswith(".py"):
            continue
        given = start.folder is not None and path == posixpath.normpath(posixpath.join(start.folder or "", end))
        rank = (-given, -whole, -path.startswith(f"{base}/" if base else ""), f"{path.count('/'):3}{path}")
        best = min(best, rank) if best else rank
    return best[3][3:] if best else None


def _named(code: Code) -> Mapping[str, list[str]]:
    """Every file by its name."""
    if ("names",) not in code.memo:
        index: dict[str, list[str]] = {}
        for path in (*code.source.files, *above(code)):
            index.setdefault(path.rpartition("/")[2], []).append(path)
        code.memo["names",] = index
    found: Mapping[str, list[str]] = code.memo["names",]
    return found


def everywhere(code: Code) -> Iterator[str]:
    """Every file of the source, and of the whole repository where the source is a part of one, as `../name`."""
    yield from code.source.files
    source = code.source
    if isinstance(source, Below):
        for path in source.whole.files:
            if not path.startswith(source.folder + "/"):
                yield posixpath.relpath(path, source.folder)


def text(code: Code, path: str) -> str:
    """A file that somebody wrote by hand; empty for one that is larger, or cannot be read, or is none."""
    try:
        data = code.data(path)
    except BadInput:  # this user may not read it, or it is not there any more
        return ""
    return data.decode(errors="replace") if len(data) <= _LARGEST and b"\0" not in data[:1000] else ""
