"""A read-only tree of files: a directory, or a dict in a test. It never leaves its root, symbolic links included."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from lading.errors import BadInput

#: Folders that tools make and no backend needs: not walked, so that a large virtual environment costs nothing.
PRUNED = frozenset(
    {
        ".eggs", ".git", ".hg", ".idea", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache",
        ".svn", ".terraform", ".tox", ".venv", ".vscode", "__pycache__", "node_modules",
    }
)  # fmt: skip


class Source(Protocol):
    """Paths are relative to the root, with forward slashes, and hold neither `.` nor `..`."""

    @property
    def name(self) -> str:
        """What to call the tree: the directory's own name."""

    @property
    def files(self) -> Mapping[str, bool]:
        """Every file, sorted by path; the value says whether it is executable."""

    @property
    def escapes(self) -> Mapping[str, str]:
        """Symbolic links that leave the root or lead nowhere, and where they point; never followed."""

    def read(self, path: str) -> bytes:
        """The bytes of a file of `files`. Raises `BadInput` when it cannot be read."""


@dataclass(frozen=True)
class Memory:
    """A tree in memory: `Memory({"main.py": "app = FastAPI()"})`."""

    tree: Mapping[str, str | bytes]
    name: str = "project"
    escapes: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, bool]:
        return dict.fromkeys(sorted(self.tree), False)

    def read(self, path: str) -> bytes:
        data = self.tree[path]
        return data.encode() if isinstance(data, str) else data


class Directory:
    """A directory on disk, listed once and read when asked."""

    def __init__(self, root: Path | str) -> None:
        """Raises `BadInput` when `root` is not a directory that can be listed."""
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise BadInput(f"`{root}` is not a directory", hint="give the folder that holds your backend")

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def files(self) -> Mapping[str, bool]:
        return self._listing[0]

    @property
    def escapes(self) -> Mapping[str, str]:
        return self._listing[1]

    def read(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise BadInput(
                f"cannot be read: {error.strerror}",
                where=path,
                hint="give this user permission to read it, or exclude it with `[tool.lading] exclude`",
            ) from error

    @cached_property
    def _listing(self) -> tuple[Mapping[str, bool], Mapping[str, str]]:
        files: dict[str, bool] = {}
        escapes: dict[str, str] = {}
        for path, entry in self._walk(self.root, "", (self.root,)):
            if isinstance(entry, str):
                escapes[path] = entry
            else:
                files[path] = entry
        return dict(sorted(files.items())), dict(sorted(escapes.items()))

    def _walk(self, folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[tuple[str, bool | str]]:
        """Yield each path with whether it is executable, or, for a link that is not followed, its target."""
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                raise BadInput(f"`{folder}` cannot be listed: {error.strerror}") from error
            raise BadInput(f"cannot be listed: {error.strerror}", where=prefix.rstrip("/")) from error
        for entry in entries:
            path = prefix + entry.name
            if entry.is_symlink():
                real = Path(os.path.realpath(entry.path))
                # A link to a folder above itself would make the walk endless.
                if not real.is_relative_to(self.root) or not real.exists() or real in above:
                    yield path, os.readlink(entry.path)
                    continue
            if entry.is_dir():
                if entry.name not in PRUNED and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                    yield from self._walk(Path(entry.path), path + "/", (*above, Path(os.path.realpath(entry.path))))
            elif entry.is_file():
                yield path, bool(entry.stat().st_mode & stat.S_IXUSR)
