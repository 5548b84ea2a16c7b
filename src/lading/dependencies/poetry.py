"""poetry.lock (1.0 to 2.1), or a Poetry pyproject.toml without it → the production dependencies.

Poetry documentation, "The pyproject.toml file"; the lock's format is Poetry's own. Only the main group is production's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any

from lading.dependencies import constraint, installs, locks, markers, pyproject, requirement
from lading.dependencies.locks import Edge, Node, Package, string, strings, table, tables
from lading.errors import BadInput
from lading.model import Dependencies, Fact
from lading.source import Source

LOCK = "poetry.lock"

#: Groups that are production's by their name.
_GROUPS = frozenset({"main", "prod", "production", "deploy", "deployment", "runtime", "server"})


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when Poetry manages them. Raises `BadInput` with the line of what cannot be read."""
    if pyproject.PATH not in source.files or not _managed(source):
        return None
    requirements = _requirements(source, extras)
    if not requirements:
        return None
    declared = Dependencies(
        manager="poetry", files=(pyproject.PATH,), requirements=requirements, locked=False, extras=tuple(extras),
        indexes=tuple(pyproject.listed(source)),
    )  # fmt: skip
    place = pyproject.place(source, "[tool.poetry.dependencies]")
    place = place if ":" in place else _section(source)
    if LOCK not in source.files:
        return Fact(declared, place)
    document = locks.document(source, LOCK)
    held = [Edge(name=requirement.normal(string(one.get("name")))) for one in tables(document.get("package"))]
    strangers = locks.strangers((text for text in requirements if " @ file:" not in text), held)
    found = packages(source, extras)
    fact = locks.fact(
        Dependencies(
            manager="poetry",
            files=(LOCK, pyproject.PATH),
            requirements=requirements,
            locked=locks.whole(found) and not strangers,
            pinned=() if strangers else locks.pinned(found),
            extras=tuple(extras),
            indexes=declared.indexes,
        ),
        f"{LOCK}:1",
        LOCK,
        strangers,
    )
    if fact.confidence == "sure" and not _fresh(source, document):
        told = f"{pyproject.PATH}: changed since {LOCK} was written, which still has all that it asks for"
        return Fact(fact.value, fact.because, confidence="likely", others=(told,))
    return fact


def packages(source: Source, extras: Collection[str] = (), /) -> tuple[Package, ...]:
    """The closure that production needs."""
    if LOCK not in source.files or pyproject.PATH not in source.files:
        return ()
    document = locks.document(source, LOCK)
    lines = locks.lines(source, LOCK)
    listed = list(tables(document.get("package")))
    chosen = {requirement.normal(extra) for extra in extras}
    if listed and all("groups" in one for one in listed):
        groups = _production(source)
        kept = (one for one in listed if groups & set(strings(one["groups"])))
        made = (_package(one, document, lines, _marker(one, chosen, groups)) for one in kept)
        return tuple(sorted((one for one in made if one.marker), key=lambda one: (one.name, one.version)))
    nodes = [_node(one, document, lines) for one in listed]
    edges = [edge for text in _requirements(source, extras) if (edge := locks.edge(text, chosen))]
    return locks.closure(nodes, edges, LOCK)


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    if LOCK in source.files and not (pyproject.PATH in source.files and _managed(source)):
        return (f"`{LOCK}` (without a `{pyproject.PATH}` of Poetry's beside it)",)
    return ()


def _poetry(source: Source) -> dict[str, Any]:
    return table(table(pyproject.table(source).get("tool")).get("poetry"))


def _managed(source: Source) -> bool:
    backend = string(table(pyproject.table(source).get("build-system")).get("build-backend"))
    own = "dependencies" in _poetry(source) or "poetry" in backend
    return own or (LOCK in source.files and bool(pyproject.project(source)))


def _section(source: Source) -> str:
    for number, line in enumerate(source.read(pyproject.PATH).splitlines(), 1):
        if line.strip().startswith((b"[tool.poetry.dependencies", b"[project]")):
            return f"{pyproject.PATH}:{number}"
    return pyproject.PATH


def _requirements(source: Source, extras: Collection[str]) -> tuple[str, ...]:
    """Those of `[project]`, then those of `[tool.poetry]` that are not optional or that an extra names."""
    found = list(pyproject.requirements(source, extras))
    named = {requirement.name(text)[0] for text in found}
    chosen = {requirement.normal(extra) for extra in extras}
    listed = table(_poetry(source).get("extras"))
    optional = {
        requirement.name(name)[0] for extra, names in listed.items() if requirement.normal(extra) in chosen
        for name in strings(names)
    }  # fmt: skip
    groups = table(_poetry(source).get("group"))
    production = [table(table(groups.get(name)).get("dependencies")) for name in sorted(_production(source))]
    for group in (table(_poetry(source).get("dependencies")), *production):
        for name, value in group.items():
            key = requirement.normal(name)
            if key == "python" or key in named or (_optional(value) and key not in optional):
                continue
            try:
                found += constraint.requirements(name, value)
            except ValueError as error:
                raise BadInput(
                    f"`{name}` has no version constraint that Poetry knows",
                    where=pyproject.place(source, name),
                    hint='write it like `fastapi = "^0.115"`',
                ) from error
    return tuple(dict.fromkeys(found))


def _optional(value: Any) -> bool:
    return any(one.get("optional") is True for one in (tables(value) if isinstance(value, list) else tables([value])))


def _fresh(source: Source, document: dict[str, Any]) -> bool:
    """Whether the lock was written for this manifest: Poetry's content hash, of version 1 or of version 2."""
    given = string(table(document.get("metadata")).get("content-hash"))
    poetry, project = _poetry(source), pyproject.project(source)
    legacy: dict[str, Any] = {key: poetry.get(key) for key in ("dependencies", "source", "extras", "dev-dependencies")}
    legacy |= {key: poetry[key] for key in ("group",) if poetry.get(key) is not None}
    keys = ("requires-python", "dependencies", "optional-dependencies")
    ours = {key: project[key] for key in keys if project.get(key) is not None}
    groups = pyproject.table(source).get("dependency-groups")
    both: list[dict[str, Any]] = [legacy, {"project": ours, "tool": {"poetry": legacy}}]
    if groups is not None:
        both += [{"project": ours, "dependency-groups": groups, "tool": {"poetry": legacy}},
                 {"dependency-groups": groups, "project": ours, "tool": {"poetry": legacy}}]  # fmt: skip
    try:
        return given in {hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest() for one in both}
    except (TypeError, ValueError, RecursionError):
        return True  # a date or the like, which no constraint holds


def _production(source: Source) -> frozenset[str]:
    """The groups that production installs: by their name, and those that its image does."""
    listed = {**table(_poetry(source).get("group")), **table(pyproject.table(source).get("dependency-groups"))}
    return frozenset({"main", *(_GROUPS & set(listed)), *installs.groups(source, tuple(listed))})


def _marker(one: dict[str, Any], chosen: Collection[str], groups: Collection[str]) -> markers.Marker:
    """The marker of a package under production's groups."""
    given = one.get("markers")
    if isinstance(given, str):
        return markers.read(given, chosen)
    found = markers.NEVER
    for group in sorted(set(groups) & set(strings(one["groups"]))):
        found = markers.either(found, markers.read(string(table(given).get(group)), chosen))
    return found


def _package(
    one: dict[str, Any], document: dict[str, Any], lines: Any, marker: markers.Marker = markers.ALWAYS
) -> Package:
    name = string(one.get("name"))
    origin = table(one.get("source"))
    listed = one.get("files") or table(table(document.get("metadata")).get("files")).get(name)
    files = [(string(file.get("file")), string(file.get("hash"))) for file in tables(listed)]
    return Package(
        name=requirement.normal(name),
        version=string(one.get("version")),
        files=tuple(files),
        url=_url(origin),
        marker=marker,
        line=lines.get(requirement.normal(name), 0),
    )


def _url(origin: dict[str, Any]) -> str:
    place = string(origin.get("url"))
    match string(origin.get("type")):
        case "git":
            revision = string(origin.get("resolved_reference")) or string(origin.get("reference"))
            return constraint.address({"git": place, "rev": revision, "subdirectory": origin.get("subdirectory")})
        case "directory" | "file":
            return f"file:{place}"
        case "url":
            return requirement.bare(place)
        case _:
            return ""


def _node(one: dict[str, Any], document: dict[str, Any], lines: Any) -> Node:
    extras = {
        requirement.normal(extra): {requirement.name(text)[0] for text in strings(texts)}
        for extra, texts in table(one.get("extras")).items()
    }
    always: list[Edge] = []
    optional: list[tuple[str, Any]] = []
    for name, value in table(one.get("dependencies")).items():
        if _optional(value):
            optional.append((name, value))
        else:
            always += _edges(name, value, ())
    inner = {
        extra: [
            edge
            for name, value in optional
            if requirement.normal(name) in names
            for edge in _edges(name, value, (extra,))
        ]
        for extra, names in extras.items()
    }
    return Node(package=_package(one, document, lines), edges=always, extras=inner)


def _edges(name: str, value: Any, extras: Collection[str]) -> Iterator[Edge]:
    try:
        texts = list(constraint.requirements(name, value))
    except ValueError:
        texts = [name]  # of a lock that another version of Poetry wrote: whatever version it holds
    yield from (edge for text in texts if (edge := locks.edge(text, extras)))
