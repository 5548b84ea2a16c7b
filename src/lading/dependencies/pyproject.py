"""pyproject.toml's `[project] dependencies` (PEP 621), whatever back end builds it → the production dependencies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from lading import views
from lading.dependencies import indexes, installs, locks, requirement
from lading.dependencies.locks import string, strings, tables
from lading.dependencies.locks import table as mapping
from lading.errors import BadInput
from lading.model import Dependencies, Fact, Index
from lading.source import Source

PATH = "pyproject.toml"
_HINT = 'write `dependencies = ["fastapi", "uvicorn[standard]"]` under `[project]`'


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when the `[project]` table has them. Raises `BadInput` for one that is no requirement."""
    if PATH not in source.files or "dependencies" not in project(source):
        return None
    found = Dependencies(
        manager="pyproject",
        files=(PATH,),
        requirements=requirements(source, extras),
        locked=False,
        extras=tuple(extras),
        indexes=tuple(listed(source)),
    )
    return Fact(found, place(source, "dependencies", "project"))


def missing(source: Source, /) -> tuple[str, ...]:
    """What `find` looked for, and what the file has instead."""
    if PATH not in source.files:
        return (f"`{PATH}`",)
    if "dependencies" in strings(project(source).get("dynamic")):
        return (f"`{PATH}` (its dependencies are dynamic: the build back end computes them)",)
    return (f"`{PATH}` (it has no `[project] dependencies`)",)


def requirements(source: Source, extras: Collection[str] = ()) -> tuple[str, ...]:
    """`[project] dependencies`, and those of the extras. Raises `BadInput` for what is none."""
    found = _checked(source, "dependencies", project(source).get("dependencies", []))
    added = mapping(table(source).get("dependency-groups"))
    for group in groups(source):
        found += [text for text in strings(added[group]) if requirement.name(text)[0]]
    optional = mapping(project(source).get("optional-dependencies"))
    byname = {requirement.normal(name): (name, value) for name, value in optional.items()}
    own = requirement.normal(string(project(source).get("name")))
    todo, seen = [requirement.normal(extra) for extra in extras], set[str]()
    while todo:
        extra = todo.pop(0)
        if extra in seen or extra not in byname:
            continue
        seen.add(extra)
        for text in _checked(source, *byname[extra]):
            name, inner = requirement.name(text)
            if name == own and own:
                todo += sorted(inner)  # `project[all]` among the project's own extras
            else:
                found.append(text)
    return tuple(dict.fromkeys(found))


def groups(source: Source) -> tuple[str, ...]:
    """The dependency groups (PEP 735) that the project's own image for production installs."""
    listed = mapping(table(source).get("dependency-groups"))
    return installs.groups(source, tuple(listed)) if listed else ()


def extras(source: Source) -> tuple[str, ...]:
    """The names of the project's own extras."""
    poetry = mapping(mapping(mapping(table(source).get("tool")).get("poetry")).get("extras"))
    return tuple(dict.fromkeys((*mapping(project(source).get("optional-dependencies")), *poetry)))


def table(source: Source) -> dict[str, Any]:
    """The whole file; empty where there is none. Raises `BadInput` for what is no TOML."""
    return locks.document(source, PATH) if PATH in source.files else {}


def project(source: Source) -> dict[str, Any]:
    """The `[project]` table; empty where there is none."""
    return mapping(table(source).get("project"))


def above(source: Source) -> Iterator[dict[str, Any]]:
    """The project's own file, and that of the workspace which it is a member of."""
    yield table(source)
    lock = views.upwards(source, "uv.lock")
    if lock and lock != "uv.lock":
        root = lock.removesuffix("uv.lock") + PATH
        if views.readable(source, root):
            yield locks.document(source, root)


def listed(source: Source) -> Iterator[Index]:
    """The indexes that the tool tables name: uv's, Poetry's and PDM's."""
    for text in above(source):
        tool = mapping(text.get("tool"))
        for key, name in (("uv", "index"), ("poetry", "source"), ("pdm", "source")):
            for one in tables(mapping(tool.get(key)).get(name)):
                asks = one.get("authenticate") == "always" or bool(one.get("username"))
                made = indexes.index(string(one.get("name")), string(one.get("url")), credentials=asks)
                if made:
                    yield made


def place(source: Source, text: str, section: str = "") -> str:
    """`pyproject.toml:line` of the first line that holds `text` as a key or as a string; the file where none does.

    Only the lines of the table `section` count, where it is given and has a heading.
    """
    lines = source.read(PATH).decode(errors="replace").splitlines()
    heading = next((number for number, line in enumerate(lines) if line.strip() == f"[{section}]"), 0)
    lines = [""] * heading + lines[heading:]
    key = re.compile(rf"\s*(?:[\w.]+\.)?{re.escape(text)}\s*=")
    found = (n for n, line in enumerate(lines, 1) if key.match(line) or f'"{text}"' in line or f"'{text}'" in line)
    return next((f"{PATH}:{number}" for number in found), PATH)


def chosen(source: Source) -> tuple[str, ...]:
    """The extras that the project's own image installs."""
    return installs.chosen(source, extras(source))[0]


def _checked(source: Source, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"`{key}` must be a list of strings", where=place(source, key, "project"), hint=_HINT)
    return [requirement.check(item, place(source, item, "project")) for item in value]
