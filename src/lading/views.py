"""A tree → a part of it, as a tree of its own: one folder, or all but some. Neither ever leaves the whole."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from lading.errors import BadInput
from lading.source import Source

Value = TypeVar("Value")


@dataclass(frozen=True)
class Below:
    """A folder of a tree, as a tree of its own: what is above it is never listed, and can be read as `../name`."""

    whole: Source
    folder: str  # from the root of `whole`

    @property
    def name(self) -> str:
        return posixpath.basename(self.folder)

    @cached_property
    def files(self) -> Mapping[str, bool]:
        return self._inner(self.whole.files)

    @cached_property
    def escapes(self) -> Mapping[str, str]:
        return self._inner(self.whole.escapes)

    def read(self, path: str) -> bytes:
        inner = posixpath.normpath(posixpath.join(self.folder, path))
        if inner not in self.whole.files:
            raise BadInput("is not a file of the project", where=path, hint="keep the path inside the repository")
        return self.whole.read(inner)

    def size(self, path: str) -> int:
        return self.whole.size(posixpath.normpath(posixpath.join(self.folder, path)))

    def _inner(self, paths: Mapping[str, Value]) -> dict[str, Value]:
        start = len(self.folder) + 1
        return {path[start:]: value for path, value in paths.items() if path.startswith(self.folder + "/")}


@dataclass(frozen=True)
class Without:
    """A tree without some of its folders and files."""

    whole: Source
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.whole.name

    @cached_property
    def files(self) -> Mapping[str, bool]:
        return self._kept(self.whole.files)

    @cached_property
    def escapes(self) -> Mapping[str, str]:
        return self._kept(self.whole.escapes)

    def read(self, path: str) -> bytes:
        return self.whole.read(path)

    def size(self, path: str) -> int:
        return self.whole.size(path)

    def _kept(self, paths: Mapping[str, Value]) -> dict[str, Value]:
        starts = tuple(f"{folder}/" for folder in self.folders)
        return {
            path: value for path, value in paths.items() if path not in self.folders and not path.startswith(starts)
        }


def without(source: Source, folders: tuple[str, ...]) -> Source:
    """The tree of `source` without `folders`, which may be files, too; paths from its root."""
    return Without(source, folders) if folders else source


def below(source: Source, folder: str) -> Source:
    """The tree of `folder`, a path from the root of `source`; `source` itself for the root."""
    inner = posixpath.normpath(folder)
    if inner == ".":
        return source
    if isinstance(source, Below):
        return Below(source.whole, posixpath.normpath(posixpath.join(source.folder, inner)))
    return Below(source, inner)


def upwards(source: Source, name: str) -> str | None:
    """The path of the file `name` in the root of `source`, or of the nearest folder above that the tree is a part of.

    A workspace's lock is such a file: `../../uv.lock`, which `read` takes.
    """
    if name in source.files:
        return name
    if not isinstance(source, Below):
        return None
    parts = source.folder.split("/")
    for up in range(1, len(parts) + 1):
        path = "/".join((*parts[: len(parts) - up], name))
        if path in source.whole.files:
            return "../" * up + name
    return None


def plain(source: Source, path: str) -> str:
    """`path` without detours: `../../services/a` is `../a` in the tree of `services/b`."""
    folder = source.folder if isinstance(source, Below) else "."
    return posixpath.relpath(posixpath.normpath(posixpath.join(folder, path)), folder)


def readable(source: Source, path: str) -> bool:
    """Whether `path` is a file of `source`, or one above it in the tree that it is a part of."""
    if path in source.files:
        return True
    inner = posixpath.normpath(posixpath.join(source.folder, path)) if isinstance(source, Below) else ""
    return isinstance(source, Below) and inner in source.whole.files
