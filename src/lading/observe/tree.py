"""A folder that holds an image's files: what is where in it, copies of it, and what changed in it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress

#: Path → what shows that it was written: kind and permissions, owner, size, time, inode.
Snapshot = Mapping[str, tuple[int, int, int, int, int]]


def inside(root: str, path: str) -> str:
    """Where `path` of a container is on this machine, its symbolic links resolved as if `root` were the root.

    Nothing is ever found outside of `root`. Raises `OSError` (ELOOP) for links that lead round in a circle.
    """
    parts, done, links = path.split("/")[::-1], root, 0
    while parts:
        part = parts.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            done = done if done == root else os.path.dirname(done)
            continue
        there = os.path.join(done, part)
        if not os.path.islink(there):
            done = there
            continue
        links += 1
        if links > 40:
            raise OSError(40, "too many levels of symbolic links", path)
        target = os.readlink(there)
        done = root if target.startswith("/") else done
        parts.extend(target.split("/")[::-1])
    return done


def copy(source: str, target: str, *, owners: bool, link: int | None = None) -> None:
    """Make the folder `target` like the folder `source`: contents, modes, times, and owners where `owners`.

    With `link`, files that belong to another than that uid become hard links: that user cannot change them.
    """
    os.mkdir(target)
    for entry in os.scandir(source):
        there, about = os.path.join(target, entry.name), entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            copy(entry.path, there, owners=owners, link=link)
        elif entry.is_symlink():
            os.symlink(os.readlink(entry.path), there)
            _like(there, about, owners=owners)
        elif (link is not None and about.st_uid != link) or not stat.S_ISREG(about.st_mode):
            os.link(entry.path, there, follow_symlinks=False)
        else:
            shutil.copyfile(entry.path, there)
            _like(there, about, owners=owners)
    _like(target, os.lstat(source), owners=owners)


def _like(path: str, about: os.stat_result, *, owners: bool) -> None:
    if owners:
        os.lchown(path, about.st_uid, about.st_gid)
    if not stat.S_ISLNK(about.st_mode):
        os.chmod(path, stat.S_IMODE(about.st_mode))
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def walk(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below `root` that is not a folder, by its path from there with a leading slash; links not followed."""
    stack = [""]
    while stack:
        prefix = stack.pop()
        with suppress(FileNotFoundError):  # a container that still runs may take away what was just listed
            for entry in os.scandir(root + prefix):
                path = f"{prefix}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    stack.append(path)
                else:
                    yield path, entry.stat(follow_symlinks=False)


def snapshot(root: str) -> Snapshot:
    """What `changed` compares."""
    return {
        path: (about.st_mode, about.st_uid, about.st_size, about.st_mtime_ns, about.st_ino)
        for path, about in walk(root)
    }


def changed(before: Snapshot, after: Snapshot, *, apart: tuple[str, ...]) -> tuple[str, ...]:
    """The files of `after` that are not as they were, those below the folders `apart` left out, sorted."""
    folders = tuple(folder.rstrip("/") + "/" for folder in apart)
    return tuple(
        sorted(path for path, about in after.items() if before.get(path) != about and not path.startswith(folders))
    )
