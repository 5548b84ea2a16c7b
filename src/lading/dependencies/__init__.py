"""A source tree → the production dependencies that it declares: one module a manager; the likeliest of them answers."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from lading.dependencies import (
    conda,
    installs,
    local,
    pdm,
    pipenv,
    poetry,
    pylock,
    pyproject,
    requirement,
    requirements,
    setuptools,
    uv,
)
from lading.dependencies.locks import Package
from lading.errors import BadInput, NotFound
from lading.model import Dependencies, Fact
from lading.source import Source


class Manager(Protocol):
    """What a module of this folder provides."""

    def find(self, source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
        """The dependencies, when the project uses this manager. Raises `BadInput` with the line that is wrong."""

    def missing(self, source: Source, /) -> tuple[str, ...]:
        """What was looked for, and, in brackets, why a file that is there does not do."""


#: The more specific come first: a lock before a list, a list before a manifest that leaves the versions open.
MANAGERS = dict[str, Manager](
    uv=uv, poetry=poetry, pdm=pdm, pipenv=pipenv, pylock=pylock, requirements=requirements, pyproject=pyproject,
    setuptools=setuptools,
)  # fmt: skip

_LOCKS = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"}


def find(source: Source, extras: Collection[str] | None = None) -> Fact[Dependencies]:
    """The production dependencies of `source`, direct ones, with the file that declares them.

    `extras` are those of the project's own that production needs; None: those that its own Dockerfile installs. The
    managers that lost are among `others`. Raises `NotFound` with what was looked for and what was seen, and `BadInput`
    with the line of a bad declaration.
    """
    return local.settle(source, _found(source, extras), _found)


def _found(source: Source, extras: Collection[str] | None = None) -> Fact[Dependencies]:
    wanted = _extras(source) if extras is None else tuple(extras)
    found: list[Fact[Dependencies]] = []
    errors: list[tuple[int, BadInput]] = []
    for manager in MANAGERS.values():
        try:
            fact = manager.find(source, wanted)
        except BadInput as error:
            errors.append((len(found), error))
            continue
        if fact:
            found.append(fact)
    if not found:
        raise errors[0][1] if errors else _missing(source)
    ranked = _ranked(source, found)
    # A file that would have been asked first, and cannot be read, must not be passed over in silence.
    for before, unread in errors:
        if before <= found.index(ranked[0]):
            raise unread
    first, *rest = ranked
    return replace(
        first,
        others=(*first.others, *(_lost(first, one) for one in rest if one.value.files[0] not in first.value.files)),
        key="",
    )


def named(source: Source, manager: str | None, file: str | None, extras: Collection[str] | None) -> Fact[Dependencies]:
    """As `find`, of one manager alone, or as the file declares them that is named.

    Raises `NotFound` when there is no such manager, or it finds nothing, or the file declares nothing.
    """
    wanted = _extras(source) if extras is None else tuple(extras)
    if manager is not None and manager not in MANAGERS:
        near = difflib.get_close_matches(manager, MANAGERS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the managers are {', '.join(MANAGERS)}"
        raise NotFound(f"there is no manager `{manager}`", hint=hint)
    modules = MANAGERS.values() if manager is None else (MANAGERS[manager],)
    for module in modules:
        fact = module.find(source, wanted)
        if fact and file in {None, fact.value.files[0]}:
            return local.settle(source, fact, _found)
    if file is not None and file not in source.files:
        near = difflib.get_close_matches(file, source.files, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "name it from the project's root"
        raise NotFound(f"there is no file `{file}`", hint=hint)
    if file is not None and manager in {None, "requirements"} and (fact := requirements.named(source, file, wanted)):
        return local.settle(source, fact, _found)
    raise NotFound(
        f"no file of {manager} declares the production dependencies" if file is None else f"`{file}` declares none",
        hint="is it the right one?",
    )


def packages(source: Source, declared: Dependencies) -> tuple[Package, ...]:
    """What the lock of `declared` pins, with the names of its files where the lock has them; empty without a lock."""
    if declared.manager == "requirements":
        return requirements.packages(source, declared.files[0])
    modules = {"uv": uv, "poetry": poetry, "pdm": pdm, "pipenv": pipenv, "pylock": pylock}
    module = modules.get(declared.manager)
    return module.packages(source, declared.extras) if module else ()


def serves(declared: Dependencies) -> bool:
    """Whether FastAPI is among the dependencies."""
    return any(requirement.name(text)[0] == "fastapi" for text in (*declared.requirements, *declared.pinned))


def extras(source: Source) -> tuple[str, ...]:
    """The names of the project's own extras that are not for development."""
    setup = setuptools.read(source)
    names = dict.fromkeys((*pyproject.extras(source), *(setup.extras if setup else ())))
    return tuple(name for name in names if not installs.aside(name))


def _extras(source: Source) -> tuple[str, ...]:
    names = extras(source)
    return installs.chosen(source, names)[0] if names else ()


def _ranked(source: Source, found: list[Fact[Dependencies]]) -> list[Fact[Dependencies]]:
    """The answers, the likeliest first: those with FastAPI, locks that fit, what the project's own image installs."""
    said = [one for one in installs.read(source) if one.weight >= 3]
    listed = any(one.files for one in said)
    tools = {one.tool for one in said}

    def rank(fact: Fact[Dependencies]) -> tuple[bool, bool, bool, int]:
        manager, entry = fact.value.manager, fact.value.files[0]
        fits = fact.value.locked and entry.rpartition("/")[2] in _LOCKS | {"pylock.toml"}
        used = listed if manager == "requirements" else manager in tools or any(one.project for one in said)
        used &= manager == "requirements" or not listed or manager in tools
        return (not serves(fact.value), not fits, not used, _order(fact))

    return sorted(found, key=rank)


def _order(fact: Fact[Dependencies]) -> int:
    """A manifest without its lock comes after a list of requirements."""
    place = list(MANAGERS).index(fact.value.manager) * 2
    locked = fact.value.files[0].rpartition("/")[2] in _LOCKS or fact.value.manager in {"pylock", "requirements"}
    return place if locked else place + 20


def _lost(first: Fact[Dependencies], other: Fact[Dependencies]) -> str:
    path = other.value.files[0]
    if serves(first.value) and not serves(other.value):
        return f"{path}: lists no FastAPI"
    writer = next((text for text in other.others if "written by" in text), "")
    if writer:
        return f"{writer}, from what {first.value.files[0]} holds"
    if first.value.locked and not other.value.locked:
        return f"{path}: leaves versions open, which {first.value.files[0]} decides"
    return f"{path}: lists {len(other.value.requirements)} requirements, and {first.value.files[0]} comes first"


def _missing(source: Source) -> NotFound:
    looked = [name for manager in MANAGERS.values() for name in manager.missing(source)]
    looked += conda.missing(source)
    return NotFound(
        f"no file declares the production dependencies: looked for {', '.join(looked)}",
        hint="list them in `requirements.txt`, or under `[project] dependencies` in `pyproject.toml`",
    )
