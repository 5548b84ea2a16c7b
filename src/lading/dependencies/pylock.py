"""pylock.toml, or pylock.NAME.toml (PEP 751) → the production dependencies, pinned."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from typing import Any

from lading.dependencies import constraint, locks, markers, pyproject, requirement
from lading.dependencies.locks import Package, string, strings, table, tables
from lading.model import Dependencies, Fact
from lading.source import Source

_NAMES = ("pylock.toml", "pylock.prod.toml", "pylock.production.toml", "pylock.main.toml", "pylock.app.toml")


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when there is such a lock. Raises `BadInput` for a file that cannot be read."""
    path = _path(source)
    found = packages(source, extras)
    if path is None or not found:
        return None
    declared = pyproject.requirements(source, extras) if pyproject.PATH in source.files else ()
    strangers = locks.strangers(declared, (locks.Edge(name=one.name) for one in found))
    dependencies = Dependencies(
        manager="pylock",
        files=(path, *([pyproject.PATH] if declared else [])),
        requirements=declared or tuple(f"{one.name}=={one.version}" if one.version else one.name for one in found),
        locked=locks.whole(found) and not strangers,
        pinned=() if strangers else locks.pinned(found),
        extras=tuple(extras),
        indexes=tuple(pyproject.listed(source)),
    )
    return locks.fact(dependencies, f"{path}:1", path, strangers)


def packages(source: Source, extras: Collection[str] = (), /) -> tuple[Package, ...]:
    """The packages whose marker holds with the default groups and the given extras."""
    path = _path(source)
    if path is None:
        return ()
    document = locks.document(source, path)
    lines = locks.lines(source, path)
    groups = [group for group in strings(document.get("default-groups")) if group not in {"dev", "test", "docs"}]
    made = (_package(one, lines, extras, groups) for one in tables(document.get("packages")))
    return tuple(
        sorted((one for one in made if one.marker and one.url != "file:."), key=lambda one: (one.name, one.version))
    )


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    path = _path(source)
    return (f"`{path}` (it lists nothing)",) if path else ()


def _path(source: Source) -> str | None:
    return next((name for name in _NAMES if name in source.files), None)


def _package(one: dict[str, Any], lines: Any, extras: Collection[str], groups: Collection[str]) -> Package:
    name = requirement.normal(string(one.get("name")))
    return Package(
        name=name,
        version=string(one.get("version")),
        files=tuple(_files(one)),
        url=_url(one),
        marker=markers.read(string(one.get("marker")), extras, groups),
        line=lines.get(name, 0),
    )


def _files(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for file in (*tables([one.get("sdist")]), *tables(one.get("wheels")), *tables([one.get("archive")])):
        name = string(file.get("name")) or posixpath.basename(
            re.sub(r"[?#].*", "", string(file.get("url")) or string(file.get("path")))
        )
        given = string(table(file.get("hashes")).get("sha256"))
        yield name, f"sha256:{given}" if given else ""


def _url(one: dict[str, Any]) -> str:
    if vcs := table(one.get("vcs")):
        place = string(vcs.get("url")) or string(vcs.get("path"))
        return constraint.address(
            {"git": place, "rev": vcs.get("commit-id") or "", "subdirectory": vcs.get("subdirectory")}
        )
    if folder := table(one.get("directory")):
        return f"file:{posixpath.normpath(string(folder.get('path')) or '.')}"
    if archive := table(one.get("archive")):
        return requirement.bare(string(archive.get("url"))) or f"file:{string(archive.get('path'))}"
    return ""
