"""A read-only tree of files: a directory, or a dict in a test. It never leaves its root, symbolic links included."""

from __future__ import annotations

import os
import stat
from collections import Counter
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

#: Locks of a thousand distributions have two or three million bytes.
LARGEST = 10_000_000
_DECISIVE = (".toml", ".lock", ".txt", ".in", ".cfg", ".ini", "Pipfile", ".python-version", "setup.py")

#: How often a folder is listed through links; more is a trap.
_MOST_LINKED = 3


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

    def size(self, path: str) -> int:
        """How many bytes a file of `files` has, without reading it."""


@dataclass(frozen=True)
class Memory:
    """A tree in memory: `Memory({"main.py": "app = FastAPI()"})`."""

    tree: Mapping[str, str | bytes]
    name: str = "project"
    escapes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def files(self) -> Mapping[str, bool]:
        return dict.fromkeys(sorted(self.tree), False)

    def read(self, path: str) -> bytes:
        data = self.tree[path]
        return data.encode() if isinstance(data, str) else data

    def size(self, path: str) -> int:
        return len(self.tree[path])


class Directory:
    """A directory on disk, listed once and read when asked."""

    def __init__(self, root: Path | str) -> None:
        """Raises `BadInput` when `root` is not a directory that can be listed."""
        self.root = Path(root).resolve()
        self._root = str(self.root)
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
            # A Path for each of 20,000 files takes longer than reading; and what is read whole needs no buffer.
            with open(f"{self._root}/{path}", "rb", buffering=0) as file:
                return file.readall()
        except OSError as error:
            raise BadInput(
                f"cannot be read: {error.strerror}",
                where=path,
                hint="give this user permission to read it, or exclude it with `[tool.lading] exclude`",
            ) from error

    def size(self, path: str) -> int:
        """From the listing."""
        return self._listing[2][path]

    @cached_property
    def _listing(self) -> tuple[Mapping[str, bool], Mapping[str, str], Mapping[str, int]]:
        files: dict[str, bool] = {}
        sizes: dict[str, int] = {}
        escapes: dict[str, str] = {}
        for path, entry in self._walk():
            if isinstance(entry, str):
                escapes[path] = entry
            else:
                files[path] = bool(entry.st_mode & stat.S_IXUSR)
                sizes[path] = entry.st_size
        return dict(sorted(files.items())), dict(sorted(escapes.items())), sizes

    def _walk(self) -> Iterator[tuple[str, os.stat_result | str]]:
        """Yield each path with what the file is, or, for a link that is not followed, its target.

        Folders full of links to each other make more paths than anybody can list: what is reached through links is
        listed `_MOST_LINKED` times, and then no more.
        """
        linked: Counter[str] = Counter()
        # A stack and not recursion: how deep a tree is must not matter.
        stack = [_Folder(str(self.root), "", str(self.root), None, linked=False)]
        while stack:
            folder = stack.pop()
            for entry in _entries(folder):
                path, real, is_link = folder.prefix + entry.name, f"{folder.real}/{entry.name}", entry.is_symlink()
                if entry.name in PRUNED:  # before links: a virtual environment may well be one
                    continue
                if is_link:
                    real = os.path.realpath(entry.path)
                    # A link to a folder above itself would make the walk endless.
                    if not Path(real).is_relative_to(self.root) or not os.path.exists(real) or folder.below(real):
                        yield path, os.readlink(entry.path)
                        continue
                if entry.is_dir():
                    inner = _Folder(entry.path, path + "/", real, folder, linked=is_link or folder.linked)
                    linked[real] += inner.linked
                    if linked[real] > _MOST_LINKED:
                        yield path, os.path.relpath(real, folder.real)
                    elif not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                        stack.append(inner)
                elif entry.is_file():
                    yield path, entry.stat()


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of the walk: how it is opened, what its paths begin with, where it really is, and the one above."""

    path: str
    prefix: str
    real: str
    above: _Folder | None
    linked: bool  # reached through a link

    def below(self, real: str) -> bool:
        """Whether it is, or is in, the folder that is really `real`."""
        folder: _Folder | None = self
        while folder and folder.real != real:
            folder = folder.above
        return folder is not None


def _entries(folder: _Folder) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder.path))
    except OSError as error:
        if not folder.prefix:
            raise BadInput(f"`{folder.path}` cannot be listed: {error.strerror}") from error
        raise BadInput(
            f"cannot be listed: {error.strerror}",
            where=folder.prefix.rstrip("/"),
            hint="give this user permission to list it, or move it out of the project",
        ) from error


@dataclass(frozen=True)
class Bounded:
    """A tree of which no file is read that is larger than what anybody writes by hand, or a tool as a lock.

    Such a file is as if it were empty, or, where it may be one that declares something, an error.
    """

    whole: Source

    @property
    def name(self) -> str:
        return self.whole.name

    @cached_property
    def files(self) -> Mapping[str, bool]:
        return self.whole.files

    @property
    def escapes(self) -> Mapping[str, str]:
        return self.whole.escapes

    def read(self, path: str) -> bytes:
        size = self.size(path)
        if size <= LARGEST:
            return self.whole.read(path)
        if path.endswith(_DECISIVE):
            raise BadInput(
                f"has {size:,} bytes: too many for a file of its kind", where=path, hint="is it the right one?"
            )
        return b""

    def size(self, path: str) -> int:
        return self.whole.size(path)
