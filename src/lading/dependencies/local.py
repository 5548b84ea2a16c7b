"""Requirements that are folders: the project itself, members of its workspace, libraries beside it → where they are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from lading import views
from lading.dependencies import pyproject, requirement
from lading.dependencies.locks import string, table, tables
from lading.errors import Error
from lading.model import Dependencies, Fact
from lading.source import Source

#: The project itself.
OWN = "."

Find = Callable[[Source], Fact[Dependencies]]


def place(text: str) -> str | None:
    """The folder or archive that a requirement is, from the project's root, `.` for the project; None for others."""
    editable = re.match(r"-e\s+", text) is not None
    bare = re.sub(r"\[[^\]]*\]$", "", re.sub(r"^-e\s+|\s;.*$|#.*$", "", text).strip())
    path = re.sub(r"^[\w.-]+(?:\[[^\]]*\])?\s*@\s*(?=file:)", "", bare)
    if "://" in path or "@" in path:
        return None
    if path.startswith(("file:", "./", "../")) or path in {".", ".."} or editable or re.match(r"[\w.-]+/", path):
        return posixpath.normpath(path.removeprefix("file:"))
    return None


def settle(source: Source, fact: Fact[Dependencies], find: Find) -> Fact[Dependencies]:
    """`fact` with the folders that are to be installed, and, where no lock says it, what those need in their turn.

    A name that `[tool.uv.sources]` says is a folder becomes one. `find` finds the dependencies of a folder's tree.
    """
    declared = fact.value
    locked = bool(declared.pinned) and declared.manager != "requirements"
    sources = {} if locked else dict(_sources(source, source))
    requirements = tuple(_placed(text, sources) for text in declared.requirements)
    lines = declared.pinned if locked else requirements
    folders = dict.fromkeys(one for text in lines if (one := place(text)) not in {None, OWN} and one)
    added: dict[str, None] = {}
    if not locked:
        for folder in list(folders):
            _follow(source, folder, find, folders, added)
    new = tuple(text for text in added if text not in requirements)
    return replace(
        fact,
        value=replace(
            declared,
            requirements=(*requirements, *new),
            pinned=(*declared.pinned, *new) if declared.pinned else (),
            local=tuple(folders),
        ),
    )


def _follow(source: Source, folder: str, find: Find, folders: dict[str, None], added: dict[str, None]) -> None:
    """Add what the folder needs: requirements to `added`, further folders to `folders`."""
    inner = views.below(source, folder)
    try:
        found = find(inner).value
    except Error:  # an archive, or a library that needs nothing
        return
    sources = dict(_sources(inner, source))
    for text in found.requirements:
        one = place(_placed(text, sources))
        if one is None:
            added.setdefault(text)
            continue
        path = posixpath.normpath(posixpath.join(folder, one))
        if path not in folders and one != OWN:
            folders[path] = None
            _follow(source, path, find, folders, added)


def _placed(text: str, sources: Mapping[str, str]) -> str:
    name, _ = requirement.name(text)
    return f"{name} @ file:{sources[name]}" if name in sources and place(text) is None else text


def _sources(source: Source, whole: Source) -> Iterator[tuple[str, str]]:
    """The names that uv takes from a folder, each with the folder, from the root of `source`."""
    for text in pyproject.above(source):
        for name, value in table(table(table(text.get("tool")).get("uv")).get("sources")).items():
            for one in tables(value) if isinstance(value, list) else tables([value]):
                if path := string(one.get("path")):
                    yield requirement.normal(name), posixpath.normpath(path)
                elif one.get("workspace") is True and (member := _member(whole, requirement.normal(name))):
                    yield requirement.normal(name), posixpath.relpath(member, _folder(source))


def _member(source: Source, name: str) -> str | None:
    """The folder of the member of that name, from the root of the whole tree."""
    whole = source.whole if isinstance(source, views.Below) else source
    pattern = re.compile(rb"(?m)^name\s*=\s*[\"']([\w.-]+)[\"']")
    for path in whole.files:
        found = pattern.search(whole.read(path)) if path.endswith("/pyproject.toml") else None
        if found and requirement.normal(found[1].decode()) == name:
            return posixpath.dirname(path)
    return None


def _folder(source: Source) -> str:
    return source.folder if isinstance(source, views.Below) else "."
