"""The files that have no place in an image → whether a path is one of them.

The list is S0's AC3 and AC4. `.env*` is meant as it is written: `.env.example` holds no secret, but nothing in an
image reads it, and a glob with an exception is one that somebody's `.env.production` slips through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from lading import ignore

#: Where the project's own files are, in the image.
APP = "/app"


@dataclass(frozen=True, slots=True)
class Kind:
    """Files or folders of one kind: a glob for a name, the widest place they may not be in, and examples of paths."""

    glob: str
    where: Literal["image", "app", "context"]
    samples: tuple[str, ...]


KINDS = (
    Kind("__pycache__", "image", ("__pycache__/main.cpython-312.pyc",)),
    Kind(".git", "image", (".git/config",)),
    Kind(".env*", "image", (".env", ".env.production")),
    Kind("tests", "app", ("tests/test_main.py",)),
    Kind("*.md", "app", ("NOTES.md",)),
    Kind(".vscode", "app", (".vscode/settings.json",)),
    Kind(".idea", "app", (".idea/workspace.xml",)),
    Kind("*.pyc", "context", ("main.pyc",)),
    Kind(".pytest_cache", "context", (".pytest_cache/README",)),
    Kind(".mypy_cache", "context", (".mypy_cache/x.json",)),
    Kind(".ruff_cache", "context", (".ruff_cache/x",)),
    Kind(".venv", "context", (".venv/bin/python",)),
)


def in_context(path: str) -> Kind | None:
    """The kind that `path`, from the project's root, is of."""
    found = _CONTEXT.search(path)
    return _kind(found) if found else None


def in_image(path: str) -> tuple[Kind, str] | None:
    """The kind that the absolute `path` is of, and the part of the path that made it so: `/app/tests`.

    What a distribution ships beside its code, in a virtual environment under /app, is not the project's.
    """
    own = path.startswith(APP + "/") and "/site-packages/" not in path
    found = (_APP if own else _IMAGE).search(path)
    return (_kind(found), path[: found.end()]) if found else None


def spared(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path is one that `patterns` take back by name, with `!`: somebody wants it."""
    return ignore.matcher(pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!"))


def _pattern(*scopes: str) -> re.Pattern[str]:
    """One search for every kind of `scopes`, each a named group: an image has thousands of paths."""
    globs = ((number, kind.glob) for number, kind in enumerate(KINDS) if kind.where in scopes)
    names = (f"(?P<k{number}>{glob.replace('.', '[.]').replace('*', '[^/]*')})" for number, glob in globs)
    return re.compile(f"(?:^|/)(?:{'|'.join(names)})(?=/|$)")


def _kind(found: re.Match[str]) -> Kind:
    return KINDS[int((found.lastgroup or "k0")[1:])]


_IMAGE, _APP, _CONTEXT = _pattern("image"), _pattern("image", "app"), _pattern("image", "app", "context")
