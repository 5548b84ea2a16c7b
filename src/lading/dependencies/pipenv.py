"""Pipfile and Pipfile.lock → the production dependencies: `[packages]`, and `default` of the lock.

Pipenv documentation, "Pipfile & Pipfile.lock".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lading.dependencies import constraint, indexes, locks, markers, requirement
from lading.dependencies.locks import Edge, Package, string, strings, table, tables
from lading.errors import BadInput
from lading.model import Dependencies, Fact, Index
from lading.source import Source

MANIFEST, LOCK = "Pipfile", "Pipfile.lock"


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:  # noqa: ARG001 - it has none
    """The dependencies, when Pipenv manages them. Raises `BadInput` with the line of what cannot be read."""
    if MANIFEST not in source.files and LOCK not in source.files:
        return None
    found = packages(source)
    requirements = tuple(_requirements(source)) if MANIFEST in source.files else tuple(
        one.name for one in found)  # fmt: skip
    if not requirements:
        return None
    if LOCK not in source.files:
        made = Dependencies(
            manager="pipenv",
            files=(MANIFEST,),
            requirements=requirements,
            locked=False,
            indexes=tuple(_indexes(source)),
        )
        return Fact(made, f"{MANIFEST}:{_line(source, '[packages]')}")
    strangers = locks.strangers(
        (text for text in requirements if " @ " not in text), (Edge(name=one.name) for one in found)
    )
    dependencies = Dependencies(
        manager="pipenv",
        files=(LOCK, *([MANIFEST] if MANIFEST in source.files else [])),
        requirements=requirements,
        locked=locks.whole(found) and not strangers,
        pinned=() if strangers else locks.pinned(found),
        indexes=tuple(_indexes(source)),
    )
    return locks.fact(dependencies, f"{LOCK}:{_lock_line(source)}", LOCK, strangers)


def packages(source: Source, extras: Collection[str] = (), /) -> tuple[Package, ...]:  # noqa: ARG001 - it has none
    """The closure that production needs. Raises `BadInput` for a lock that is no JSON."""
    if LOCK not in source.files:
        return ()
    lines = {
        requirement.normal(found[1].decode()): number
        for number, line in enumerate(source.read(LOCK).splitlines(), 1)
        if (found := re.match(rb'\s+"([\w.-]+)": \{', line))
    }
    return tuple(sorted(_packages(table(_lock(source).get("default")), lines), key=lambda one: one.name))


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    return (f"`{MANIFEST}` (it lists nothing under `[packages]`)",) if MANIFEST in source.files else ()


def _lock(source: Source) -> dict[str, Any]:
    try:
        return table(json.loads(source.read(LOCK)))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise BadInput("is not JSON", where=f"{LOCK}:{line}", hint="write it again with `pipenv lock`") from error


def _packages(default: dict[str, Any], lines: Mapping[str, int]) -> Iterator[Package]:
    for name, value in default.items():
        entry = table(value)
        made = Package(
            name=requirement.normal(name),
            version=string(entry.get("version")).removeprefix("=="),
            files=tuple(("", given) for given in strings(entry.get("hashes"))),
            url=constraint.address(entry),
            marker=markers.read(string(entry.get("markers"))),
            line=lines.get(requirement.normal(name), 0),
        )
        if made.marker:
            yield made


def _requirements(source: Source) -> Iterator[str]:
    for name, value in table(locks.document(source, MANIFEST).get("packages")).items():
        # `index`, `editable` and the rest say how to install it, not what.
        try:
            yield from constraint.requirements(name, value if isinstance(value, dict) else string(value) or "*")
        except ValueError as error:
            where = f"{MANIFEST}:{_line(source, name)}"
            raise BadInput(f"`{name}` has no version constraint that Pipenv knows", where=where) from error


def _indexes(source: Source) -> Iterator[Index]:
    listed = list(tables(locks.document(source, MANIFEST).get("source"))) if MANIFEST in source.files else []
    if LOCK in source.files:
        listed += tables(table(_lock(source).get("_meta")).get("sources"))
    found = (indexes.index(string(one.get("name")), string(one.get("url"))) for one in listed)
    yield from {one.url: one for one in found if one}.values()


def _line(source: Source, start: str) -> int:
    lines = source.read(MANIFEST).decode(errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.strip().strip("\"'").startswith(start)), 1)


def _lock_line(source: Source) -> int:
    lines = source.read(LOCK).splitlines()
    return next((number for number, line in enumerate(lines, 1) if b'"default"' in line), 1)
