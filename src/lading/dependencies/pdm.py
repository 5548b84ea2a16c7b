"""pdm.lock → the production dependencies, pinned: what the `default` group needs.

PDM documentation, "Lock file"; versions 4.0 to 4.5. Before groups were inherited (4.4.1) the graph is walked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from typing import Any

from lading.dependencies import constraint, locks, markers, pyproject, requirement
from lading.dependencies.locks import Edge, Node, Package, string, strings, table, tables
from lading.model import Dependencies, Fact
from lading.source import Source

LOCK = "pdm.lock"


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when there is a lock of PDM. Raises `BadInput` for a file that cannot be read."""
    if LOCK not in source.files or pyproject.PATH not in source.files:
        return None
    requirements = pyproject.requirements(source, extras)
    if not requirements:
        return None
    found = packages(source, extras)
    held = [Edge(name=requirement.normal(string(one.get("name")))) for one in _listed(source)]
    strangers = locks.strangers((text for text in requirements if " @ file:" not in text), held)
    dependencies = Dependencies(
        manager="pdm",
        files=(pyproject.PATH, LOCK) if strangers else (LOCK, pyproject.PATH),
        requirements=requirements,
        locked=locks.whole(found) and not strangers,
        pinned=() if strangers else locks.pinned(found),
        extras=tuple(extras),
        indexes=tuple(pyproject.listed(source)),
    )
    return locks.fact(dependencies, f"{LOCK}:1", LOCK, strangers)


def packages(source: Source, extras: Collection[str] = (), /) -> tuple[Package, ...]:
    """The closure that production needs."""
    if LOCK not in source.files:
        return ()
    lines = locks.lines(source, LOCK)
    listed = _listed(source)
    metadata = table(locks.document(source, LOCK).get("metadata"))
    groups = {"default", *extras, *pyproject.groups(source)}
    if listed and "inherit_metadata" in strings(metadata.get("strategy")) and all("groups" in one for one in listed):
        kept = (one for one in listed if groups & set(strings(one["groups"])) and not one.get("extras"))
        made = (_package(one, lines, markers.read(string(one.get("marker")), extras)) for one in kept)
        return tuple(sorted((one for one in made if one.marker), key=lambda one: (one.name, one.version)))
    edges = [edge for text in pyproject.requirements(source, extras) if (edge := locks.edge(text, extras))]
    return locks.closure(_nodes(listed, lines), edges, LOCK)


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    return (f"`{LOCK}` (without `[project] dependencies` beside it)",) if LOCK in source.files else ()


def _listed(source: Source) -> list[dict[str, Any]]:
    return list(tables(locks.document(source, LOCK).get("package")))


def _nodes(listed: list[dict[str, Any]], lines: Any) -> Iterator[Node]:
    """A node for each package; PDM keeps what an extra adds in an entry of its own."""
    added: dict[tuple[str, str], dict[str, list[Edge]]] = {}
    for one in listed:
        for extra in strings(one.get("extras")):
            key = (requirement.normal(string(one.get("name"))), string(one.get("version")))
            added.setdefault(key, {}).setdefault(requirement.normal(extra), []).extend(_edges(one))
    for one in listed:
        if not one.get("extras"):
            made = _package(one, lines, markers.read(string(one.get("marker"))))
            yield Node(package=made, edges=list(_edges(one)), extras=added.get((made.name, made.version), {}))


def _edges(one: dict[str, Any]) -> Iterator[Edge]:
    yield from (edge for text in strings(one.get("dependencies")) if (edge := locks.edge(text)))


def _package(one: dict[str, Any], lines: Any, marker: markers.Marker) -> Package:
    files = [
        (
            string(file.get("file")) or posixpath.basename(string(file.get("url")).partition("#")[0]),
            string(file.get("hash")),
        )
        for file in tables(one.get("files"))
    ]
    name = requirement.normal(string(one.get("name")))
    place = {**one, "rev": one.get("revision") or one.get("ref") or ""}
    return Package(
        name=name,
        version=string(one.get("version")),
        files=tuple(files),
        url=constraint.address(place),
        marker=marker,
        line=lines.get(name, 0),
    )
