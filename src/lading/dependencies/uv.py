"""uv.lock, beside pyproject.toml or at the root of its workspace → the production dependencies, pinned.

uv documentation, "Project structure and files" and "Resolution"; the format is uv's own, version 1.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from lading import views
from lading.dependencies import indexes, locks, markers, pyproject, requirement
from lading.dependencies.locks import Edge, Node, Package, string, strings, table, tables
from lading.model import Dependencies, Fact, Index
from lading.source import Source

LOCK = "uv.lock"


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when there is a lock that has the project. Raises `BadInput` for a file that cannot be read."""
    path = views.upwards(source, LOCK)
    if path is None or pyproject.PATH not in source.files:
        return None
    document = locks.document(source, path)
    root = _root(source, path, document)
    if root is None:
        return None
    requirements = pyproject.requirements(source)
    found = packages(source, extras)
    grouped = (edge for group in _groups(source) for edge in _needs(table(root.get("dev-dependencies")).get(group), ()))
    strangers = locks.strangers(requirements, (*_edges(root, extras), *grouped))
    dependencies = Dependencies(
        manager="uv",
        files=(pyproject.PATH, path) if strangers else (path, pyproject.PATH),
        requirements=requirements,
        locked=locks.whole(found) and not strangers,
        pinned=() if strangers else locks.pinned(found),
        extras=tuple(extras),
        indexes=tuple(_indexes(source, document)),
    )
    line = locks.lines(source, path).get(requirement.normal(string(root.get("name"))), 1)
    return locks.fact(dependencies, f"{path}:{line}", path, strangers)


def packages(source: Source, extras: Collection[str] = (), /) -> tuple[Package, ...]:
    """The closure that production needs, without the project itself."""
    path = views.upwards(source, LOCK)
    if path is None:
        return ()
    document = locks.document(source, path)
    root = _root(source, path, document)
    if root is None:
        return ()
    lines = locks.lines(source, path)
    base = posixpath.dirname(path)
    nodes = [_node(one, lines.get(requirement.normal(string(one.get("name"))), 0), base, extras)
             for one in tables(document.get("package"))]  # fmt: skip
    edges = list(_edges(root, extras))
    for group in _groups(source):
        edges += _needs(table(root.get("dev-dependencies")).get(group), extras)
    own = requirement.normal(string(root.get("name")))
    found = (one for one in locks.closure(nodes, edges, path) if one.name != own)
    return tuple(
        replace(one, url=f"file:{views.plain(source, one.url[5:])}") if one.url.startswith("file:") else one
        for one in found
    )


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    if LOCK not in source.files:
        return ()
    return (f"`{LOCK}` (it locks another project)" if pyproject.PATH in source.files else f"`{LOCK}` alone",)


def _root(source: Source, path: str, document: dict[str, Any]) -> dict[str, Any] | None:
    """The entry of the project: the one that stands for its folder, else the one of its name."""
    folder = posixpath.relpath(".", posixpath.dirname(path) or ".") if not isinstance(source, views.Below) else None
    if isinstance(source, views.Below):
        above = posixpath.normpath(posixpath.join(source.folder, posixpath.dirname(path)))
        folder = posixpath.relpath(source.folder, above)
    name = requirement.normal(string(pyproject.project(source).get("name")))
    own = [one for one in tables(document.get("package")) if _local(table(one.get("source"))) is not None]
    placed = [one for one in own if _local(table(one["source"])) == folder]
    named = [one for one in own if requirement.normal(string(one.get("name"))) == name]
    return next(iter([*placed, *named]), None)


def _local(origin: dict[str, Any]) -> str | None:
    """The folder of an entry that is one, from the lock's."""
    found = next((string(origin[key]) for key in ("editable", "virtual", "directory") if key in origin), None)
    return posixpath.normpath(found) if found else None


def _groups(source: Source) -> tuple[str, ...]:
    """Dependency groups that production installs: those that its image does, and those of the default that say so."""
    given = strings(table(table(pyproject.table(source).get("tool")).get("uv")).get("default-groups"))
    default = (group for group in given if group.lower() in {"prod", "production", "main", "runtime", "server"})
    return tuple(dict.fromkeys((*default, *pyproject.groups(source))))


def _edges(root: dict[str, Any], extras: Collection[str]) -> Iterator[Edge]:
    yield from _needs(root.get("dependencies"), extras)
    optional = {requirement.normal(name): value for name, value in table(root.get("optional-dependencies")).items()}
    for extra in extras:
        yield from _needs(optional.get(requirement.normal(extra)), extras)


def _needs(listed: Any, extras: Collection[str]) -> Iterator[Edge]:
    for one in tables(listed):
        yield Edge(
            name=requirement.normal(string(one.get("name"))),
            marker=markers.read(string(one.get("marker")), extras),
            extras=tuple(requirement.normal(extra) for extra in strings(one.get("extra") or one.get("extras"))),
            version=string(one.get("version")),
        )


def _node(one: dict[str, Any], line: int, base: str, extras: Collection[str]) -> Node:
    origin = table(one.get("source"))
    optional = table(one.get("optional-dependencies"))
    forks = markers.NEVER
    for text in strings(one.get("resolution-markers")):
        forks = markers.either(forks, markers.read(text, extras))
    return Node(
        package=Package(
            name=requirement.normal(string(one.get("name"))),
            version=string(one.get("version")),
            files=tuple(_files(one)),
            url=_url(origin, base),
            marker=forks if "resolution-markers" in one else markers.ALWAYS,
            line=line,
        ),
        edges=tuple(_needs(one.get("dependencies"), extras)),
        extras={requirement.normal(extra): tuple(_needs(needs, extras)) for extra, needs in optional.items()},
    )


def _files(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    listed: Iterable[dict[str, Any]] = (*tables([one.get("sdist")]), *tables(one.get("wheels")))
    for file in listed:
        name = string(file.get("filename")) or string(file.get("url")) or string(file.get("path"))
        yield posixpath.basename(name.partition("#")[0]), string(file.get("hash"))


def _url(origin: dict[str, Any], base: str) -> str:
    if git := string(origin.get("git")):
        address, _, commit = git.partition("#")
        address, _, query = address.partition("?")
        folder = next((part[13:] for part in query.split("&") if part.startswith("subdirectory=")), "")
        return requirement.bare(
            f"git+{address}" + (f"@{commit}" if commit else "") + (f"#subdirectory={folder}" if folder else "")
        )
    if url := string(origin.get("url")):
        return requirement.bare(url)
    local = _local(origin) or string(origin.get("path"))
    return f"file:{posixpath.normpath(posixpath.join(base, local))}" if local else ""


def _indexes(source: Source, document: dict[str, Any]) -> Iterator[Index]:
    """The indexes of the project and its workspace, and those that a locked package came from."""
    seen: set[str] = set()
    given = [
        one for text in pyproject.above(source) for one in tables(table(table(text.get("tool")).get("uv")).get("index"))
    ]
    listed = [(string(one.get("name")), string(one.get("url")), one.get("authenticate") == "always") for one in given]
    listed += [("", string(table(one.get("source")).get("registry")), False) for one in tables(document.get("package"))]
    for name, url, asks in listed:
        made = indexes.index(name, url, credentials=asks)
        if made and made.url.rstrip("/") not in seen:
            seen.add(made.url.rstrip("/"))
            yield made
