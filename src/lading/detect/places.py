"""The paths that the code names → where the server is started, and where below that the tree lacks what is written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
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
        if path != "." and (path in code.source.files or not files.exists(code, path)):
            raise BadInput(
                f"`working-folder` is `{given.value}`, which is no folder of the project",
                where=given.because,
                hint="write it from the root of the backend, such as `src`",
            )
        return replace(given, value=path) if path != "." else None
    read = [fact for fact in paths if fact.value.relative and fact.value.present and not fact.value.written]
    inner = [fact for fact in read if files.exists(code, posixpath.normpath(posixpath.join(folder, fact.value.path)))]
    if folder in {"", "."} or not inner or any(files.exists(code, fact.value.path) for fact in read):
        return None
    return Fact(folder, inner[0].because, "likely", key="application")


def placed(
    code: Code, paths: Sequence[Fact[Place]], database: Fact[Database] | None, start: Fact[str] | None
) -> tuple[Fact[Place], ...]:
    """`paths`, and the SQLite file that no variable names, each with where it is when the server is started."""
    file = _file(database)
    rows = file.value.path if file else None
    found = [replace(one, value=replace(one.value, opened=True)) if one.value.path == rows else one for one in paths]
    if file and rows not in {one.value.path for one in paths}:
        found.append(file)
    where = start.value if start else "."
    kept = {at for one in paths if one.value.present and not one.value.written and (at := _within(one.value, where))}
    return tuple(replace(fact, value=_at(code, fact.value, where, kept)) for fact in found)


def _at(code: Code, place: Place, start: str, kept: Collection[str]) -> Place:
    at = _within(place, start)
    if at is None or (place.written and _there(code, at, kept)):
        return place
    above = at
    while (parent := posixpath.dirname(above)) and not _there(code, parent, kept):
        above = parent
    return replace(place, at=at, lacks=above)


def _within(place: Place, start: str) -> str | None:
    """Its path from the root of the project, as the image has it below /app; None for one that is elsewhere."""
    path = place.path.removeprefix(_APP)
    if path.startswith(("/", "~")):
        return None
    at = posixpath.normpath(posixpath.join(start, path) if place.relative else path)
    return None if at == "." or at.startswith("..") else at


def _there(code: Code, path: str, kept: Collection[str]) -> bool:
    """Whether the tree has the file, or the folder, with more than what git ignores, and rows, which it should.

    What is `kept`, because the code reads it, and code itself are there whatever git says.
    """
    ignored = files.ignored(code)
    return any(
        (one == path or one.startswith(f"{path}/"))
        and (
            one in kept
            or one.endswith(".py")
            or not (posixpath.basename(one) in _KEEPERS or _ROWS.fullmatch(one) or ignored(one))
        )
        for one in code.source.files
    )


def _file(database: Fact[Database] | None) -> Fact[Place] | None:
    """SQLite's file, where the code alone says where it is."""
    url = database.value.url if database and database.value.variable is None else None
    scheme, _, path = (url or "").partition(":///")
    path = path.partition("?")[0]
    if database is None or scheme.partition("+")[0] != "sqlite" or not path or path.startswith((":", "file:")):
        return None
    place = Place(
        path=posixpath.normpath(path), use="data", written=True, present=False, opened=True, relative=path[:1] != "/"
    )
    return Fact(place, database.because, database.confidence, key="written")
