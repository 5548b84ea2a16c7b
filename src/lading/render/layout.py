"""Where the files of `lading init` stand, and what their paths are where more is sent than the backend's own folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from lading.errors import BadInput
from lading.model import Layout, Plan


def of(dockerfile: str, code: str, where: str) -> Layout:
    """The layout with the Dockerfile at that path. Raises `BadInput` for a path outside of what is sent."""
    path = posixpath.normpath(dockerfile)
    if path.startswith(("/", "../")) or path in {".", ".."} or dockerfile.endswith("/"):
        raise BadInput(
            f"`dockerfile` must be the path of a file below the project, not `{dockerfile}`",
            where=where,
            hint="such as `docker/backend/Dockerfile`",
        )
    return Layout(dockerfile=path, code=posixpath.normpath(code))


def code(plan: Plan, path: str) -> str:
    """The path of one of the backend's files, from the root of what the builder is sent."""
    return posixpath.normpath(posixpath.join(plan.layout.code, path))


def beside(plan: Plan, path: str) -> str:
    """The path of one of the files that we write, all but the Dockerfile, from the root of what the builder is sent."""
    return posixpath.normpath(posixpath.join(plan.layout.home, path))


def up(plan: Plan) -> str:
    """What the builder is sent, seen from the folder of those files: `.`, or `../..`."""
    return posixpath.relpath(".", plan.layout.home)


def placed(plan: Plan, files: Mapping[str, str]) -> dict[str, str]:
    """`files`, with the Dockerfile and the others where the plan has them.

    By a Dockerfile that stands elsewhere, BuildKit and newer buildahs read an ignore file that is named after it, and
    the rest that of the root: both are written, but where that root is of several backends, of which it can say one.
    """
    path, ignore = plan.layout.dockerfile, plan.layout.ignore
    named = {"Dockerfile": path, ".dockerignore": ignore}
    out = {named.get(name) or beside(plan, name): text for name, text in files.items()}
    if path != "Dockerfile" and ".dockerignore" in files:
        out[f"{path}.dockerignore"] = files[".dockerignore"]
    return out


def folders(plan: Plan) -> tuple[str, ...]:
    """What a builder is sent: the backend's own folder, and those outside of it that it depends on."""
    return (plan.layout.code, *(code(plan, path) for path in plan.dependencies.local if path.startswith("../")))


def anchored(plan: Plan, patterns: Iterable[str]) -> Iterator[str]:
    """Patterns of the backend's own folder, as an ignore file has them that stands at the root of what is sent."""
    for pattern in patterns:
        back, bare = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
        if plan.layout.code == ".":
            yield pattern
        else:
            yield from (f"{back}{folder}/{bare.lstrip('/')}" for folder in folders(plan))


def inner(plan: Plan, patterns: Iterable[str]) -> tuple[str, ...]:
    """The other way round: what the patterns of such an ignore file say of the backend's own folder, and take back."""
    start, whole = f"{plan.layout.code}/", f"!{plan.layout.code}"
    if plan.layout.code == ".":
        return tuple(patterns)
    return tuple(
        pattern.replace(start, "", 1) if pattern.removeprefix("!").startswith(start) else pattern
        for pattern in patterns
        if (pattern.startswith("!") and pattern != whole) or pattern.startswith(start)
    )
