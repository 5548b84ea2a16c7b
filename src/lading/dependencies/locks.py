"""What the formats of locks have in common: the graph that was locked → the closure that production needs, pinned."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from lading import settings
from lading.dependencies import markers, newer, requirement
from lading.dependencies.markers import Marker
from lading.errors import BadInput
from lading.model import Dependencies, Fact
from lading.source import Memory, Source

#: Larger ones are no lock that a tool wrote; reading TOML takes a second for each two megabytes.
_LARGEST = 30_000_000

#: A lock forks for platforms and Python releases: it has two or three versions of a few packages.
_VERSIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A distribution that a lock pins."""

    name: str  # normalised, PEP 503
    version: str = ""
    files: tuple[tuple[str, str], ...] = ()  # file name, `sha256:…`; the name may be empty
    url: str = ""  # where it comes from, when that is no index: git+…, https:…, file:…
    marker: Marker = markers.ALWAYS
    line: int = 0  # of its entry in the lock

    @property
    def hashes(self) -> tuple[str, ...]:
        return tuple(sorted({given for _, given in self.files if given}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What a package, or the project itself, needs."""

    name: str
    marker: Marker = markers.ALWAYS
    extras: tuple[str, ...] = ()
    version: str = ""  # the very one
    specifier: str = ""  # or those that do, PEP 440


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A package with what it needs, and what each of its extras does."""

    package: Package
    edges: Sequence[Edge] = ()
    extras: Mapping[str, Sequence[Edge]] = field(default_factory=dict)


def closure(nodes: Iterable[Node], roots: Iterable[Edge], path: str) -> tuple[Package, ...]:
    """The packages that `roots` lead to, each with the marker under which it is needed, by name.

    `path` is the lock's. Raises `BadInput` for what no tool locks: more versions of a package than there are platforms
    to fork for.
    """
    named: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        named[node.package.name].append(node)
    most = max(named, key=lambda name: len(named[name]), default="")
    if most and len(named[most]) > _VERSIONS:
        raise BadInput(f"has {len(named[most])} versions of `{most}`", where=path, hint="lock again")
    held: dict[tuple[int, str], Marker] = {}
    found: dict[int, Package] = {}
    todo: deque[tuple[Edge, Marker]] = deque((edge, edge.marker) for edge in roots)
    while todo:
        edge, when = todo.popleft()
        for node in _meant(named.get(edge.name, ()), edge):
            needed = markers.both(when, node.package.marker)
            for extra in ("", *edge.extras):
                key = (id(node), extra)
                now = markers.either(held.get(key, markers.NEVER), needed)
                if now == held.get(key, markers.NEVER):
                    continue
                held[key] = now
                known = found.get(id(node))
                marker = markers.either(known.marker, now) if known else now
                found[id(node)] = replace(node.package, marker=marker)
                edges = node.extras.get(extra, ()) if extra else node.edges
                todo.extend((one, markers.both(now, one.marker)) for one in edges if one.marker)
    return tuple(sorted(found.values(), key=lambda one: (one.name, one.version)))


def _meant(nodes: Sequence[Node], edge: Edge) -> Sequence[Node]:
    """The versions of a package that an edge leads to: all that there are, where it does not say."""
    if len(nodes) < 2:
        return nodes
    if edge.version:
        return [node for node in nodes if node.package.version == edge.version]
    if edge.specifier:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
        from packaging.version import InvalidVersion

        try:
            wanted = SpecifierSet(edge.specifier)
            return [node for node in nodes if wanted.contains(node.package.version, prereleases=True)] or nodes
        except (InvalidSpecifier, InvalidVersion):
            return nodes
    return nodes


def pinned(packages: Iterable[Package]) -> tuple[str, ...]:
    """`name==version ; marker --hash=sha256:…`, or `name @ url`, for each package."""
    return tuple(_pin(one) for one in packages)


def _pin(one: Package) -> str:
    start = f"{one.name} @ {one.url}" if one.url else f"{one.name}=={one.version}"
    marker = markers.text(one.marker)
    hashes = () if one.url.startswith(("git+", "file:")) else one.hashes
    return " ".join((start + (f" ; {marker}" if marker else ""), *(f"--hash={given}" for given in hashes)))


def whole(packages: Sequence[Package]) -> bool:
    """Whether each is pinned by what it holds: a hash, a commit, or being a folder of this very tree."""
    local = re.compile(r"git\+\S+@[0-9a-f]{40}\b|file:")
    return bool(packages) and all(one.hashes or local.match(one.url) for one in packages)


def document(source: Source, path: str) -> dict[str, Any]:
    """A TOML file of `source`, read once however many ask. Raises `BadInput` with the line of what is wrong in it."""
    data = source.read(path)
    if len(data) > _LARGEST:
        raise BadInput("is too large to be a lock", where=path, hint="lock again")
    return _document(data, path)


@lru_cache(maxsize=8)
def _document(data: bytes, path: str) -> dict[str, Any]:
    try:
        return settings.toml(Memory({path: data}), path)
    except BadInput:
        # uv takes TOML 1.1, and formatters write it; the error of the text as it stands is the one to show.
        if not re.search(rb"\{[ \t]*(?:#[^\n]*)?\r?\n", data):
            raise
        loose = newer.flat(data.decode(errors="replace"))
        try:
            return settings.toml(Memory({path: loose}), path)
        except BadInput:
            pass
        raise


def table(value: Any) -> dict[str, Any]:
    """`value` when it is a table; an empty one for what a hostile or a newer file has there instead."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """The tables of a list."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def strings(value: Any) -> tuple[str, ...]:
    """The strings of a list; those of a string are itself."""
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def string(value: Any) -> str:
    """`value` when it is a string."""
    return value if isinstance(value, str) else ""


def edge(text: str, extras: Iterable[str] = ()) -> Edge | None:
    """What a requirement (PEP 508) needs; None for what is none."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        read = Requirement(text)
    except InvalidRequirement:
        return None
    marker = markers.read(str(read.marker) if read.marker else "", tuple(extras))
    return Edge(
        name=requirement.normal(read.name),
        marker=marker,
        extras=tuple(sorted(requirement.normal(one) for one in read.extras)),
        specifier=str(read.specifier),
    )


def lines(source: Source, path: str) -> Mapping[str, int]:
    """The line of each `name = "…"` of a lock, by normalised name; the first of several."""
    return _lines(source.read(path))


@lru_cache(maxsize=8)
def _lines(data: bytes) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.startswith(b'name = "'):
            found.setdefault(requirement.normal(line[8:].rstrip(b'" \r').decode(errors="replace")), number)
    return found


def strangers(requirements: Iterable[str], edges: Iterable[Edge]) -> tuple[str, ...]:
    """The requirements that a lock's own entry of the project does not have: it was locked before they were added."""
    held = {edge.name for edge in edges}
    named = (requirement.name(text)[0] for text in requirements)
    return tuple(dict.fromkeys(name for name in named if name and name not in held))


def fact(dependencies: Dependencies, because: str, path: str, strangers: Sequence[str]) -> Fact[Dependencies]:
    """The answer of a lock: sure, unless its manifest asks for something that the lock does not have."""
    if not strangers:
        return Fact(dependencies, because)
    told = f"{path}: not taken for the versions, since it has no `{strangers[0]}`: lock again"
    return Fact(dependencies, because, confidence="likely", others=(told,))
