"""The paths that the code names → where the server is started, and where below that the tree lacks what is written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lading.detect import files
from lading.detect.code import Code
from lading.errors import BadInput
from lading.model import Database, Fact, Place
from lading.settings import Settings

#: Where the image has the project; what the code names so was written for one.
_APP = "/app/"
#: Files that keep a folder in git that holds nothing else.
_KEEPERS = frozenset({".gitkeep", ".gitignore", ".keep", ".placeholder"})
_ROWS = re.compile(r".*\.(?:db|sqlite3?)(?:-\w+)?|.*\.log")


def working(code: Code, settings: Settings, folder: str, paths: Iterable[Fact[Place]]) -> Fact[str] | None:
    """The folder that the server is started in, where files that the code reads are there and not in the root.

    `folder` is the one on the interpreter's path. A relative path is looked for in the working directory, which the
    project's own way to start it may have set to that folder. Raises `BadInput` for a setting that names no folder.
    """
    if settings.given("working-folder"):
        given: Fact[str] = settings["working-folder"]
        path = posixpath.normpath(given.value)
        if path != "." and (path in code.source.files or not _exists(code, path)):
            raise BadInput(
                f"`working-folder` is `{given.value}`, which is no folder of the project",
                where=given.because,
                hint="write it from the root of the backend, such as `src`",
            )
        return replace(given, value=path) if path != "." else None
    read = [fact for fact in paths if fact.value.relative and fact.value.present and not fact.value.written]
    inner = [fact for fact in read if _exists(code, posixpath.join(folder, fact.value.path))]
    if folder in {"", "."} or not inner or any(_exists(code, fact.value.path) for fact in read):
        return None
    return Fact(folder, inner[0].because, "likely", key="application")


def placed(
    code: Code, paths: Sequence[Fact[Place]], database: Fact[Database] | None, start: Fact[str] | None
) -> tuple[Fact[Place], ...]:
    """`paths`, and the SQLite file that no variable names, each with where it is when the server is started."""
    found = list(paths)
    if file := _file(database):
        known = {fact.value.path for fact in paths}
        found += [file] if file.value.path not in known else []
    return tuple(replace(fact, value=_at(code, fact.value, start.value if start else ".")) for fact in found)


def _at(code: Code, place: Place, start: str) -> Place:
    path = place.path.removeprefix(_APP)
    if path.startswith(("/", "~")):
        return place
    at = posixpath.normpath(posixpath.join(start, path) if place.relative else path)
    if at == "." or at.startswith("..") or (place.written and _there(code, at)):
        return place
    above = at
    while (parent := posixpath.dirname(above)) and not _there(code, parent):
        above = parent
    return replace(place, at=at, lacks=above)


def _exists(code: Code, path: str) -> bool:
    path = posixpath.normpath(path)
    return path in code.source.files or any(one.startswith(f"{path}/") for one in code.source.files)


def _there(code: Code, path: str) -> bool:
    """Whether the tree has the file, or the folder, with more than what git ignores, and rows, which it should."""
    ignored = files.ignored(code)
    return any(
        (one == path or one.startswith(f"{path}/"))
        and posixpath.basename(one) not in _KEEPERS
        and not _ROWS.fullmatch(one)
        and not any(pattern.fullmatch(one) for pattern in ignored)
        for one in code.source.files
    )


def _file(database: Fact[Database] | None) -> Fact[Place] | None:
    """SQLite's file, where the code alone says where it is."""
    url = database.value.url if database and database.value.variable is None else None
    scheme, _, path = (url or "").partition(":///")
    path = path.partition("?")[0]
    if database is None or scheme.partition("+")[0] != "sqlite" or not path or path.startswith((":", "file:")):
        return None
    place = Place(path=posixpath.normpath(path), use="data", written=True, present=False, relative=path[:1] != "/")
    return Fact(place, database.because, database.confidence, key="written")
