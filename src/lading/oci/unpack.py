"""An image → a tree of files in a folder, which no layer can make us leave."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lading.errors import BadInput, Outside, Untrusted
from lading.model import Image
from lading.oci import compress, digest, tar, untar
from lading.oci.member import Member


def unpack(image: Image, folder: Path, *, owners: bool) -> None:
    """Write the merged file system of `image` into `folder`, which is empty, or made here.

    Modes and times are kept, owners and set-id bits where `owners` is true; devices, pipes and extended attributes
    are left out. No link is ever followed: where an entry's parent is a link, a directory takes its place.
    Nobody else may write in `folder` meanwhile. Raises `Untrusted` for a layer that is damaged or reaches out of the
    folder, `Outside` when the disk is full or owners cannot be given; what was written by then is the caller's.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput(f"`{folder}` is not empty")
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            tree = _Tree(root=root, owners=owners)
            for layer in image.layers:
                name = f"layer `{digest.encoded(layer.digest)[:12]}`"
                tree.fresh.clear()
                for member, data in untar.read(compress.ahead(compress.plain(layer.blob)), name):
                    _apply(tree, member, data, name)
            # Last, and from the leaves up: a directory may be one that not even its owner may write.
            for path in sorted(tree.directories, reverse=True):
                _finish(tree, path, tree.directories[path])
        finally:
            os.close(root)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What stands in the folder by now. Every path is relative to `root`, and no parent of one is a link."""

    root: int
    owners: bool
    directories: dict[str, Member | None] = field(default_factory=lambda: {"": None})
    others: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)  # what the layer at hand has brought


def _apply(tree: _Tree, member: Member, data: Iterable[memoryview], layer: str) -> None:
    path = member.path
    folder, _, name = path.rpartition("/")
    if name == tar.OPAQUE:
        _empty(tree, folder)
    elif name.startswith(tar.WHITEOUT):
        hidden = f"{folder}/{name.removeprefix(tar.WHITEOUT)}".lstrip("/")
        _remove(tree, hidden) if hidden not in tree.fresh else _empty(tree, hidden)
    elif member.kind == "directory":
        _directory(tree, path)
        tree.directories[path] = member
        tree.fresh.add(path)
    elif member.kind != "other":
        _directory(tree, folder)
        _remove(tree, path)
        if member.kind == "file":
            _file(tree, member, data)
        elif member.kind == "symlink":
            os.symlink(_encode(member.link), _encode(path), dir_fd=tree.root)
            if tree.owners:
                os.chown(_encode(path), member.uid, member.gid, dir_fd=tree.root, follow_symlinks=False)
        else:
            _link(tree, path, member.link, layer)
        tree.others.add(path)
        tree.fresh.add(path)


def _encode(path: str) -> bytes:
    """What the tar says, in whatever encoding this machine has its own names."""
    return path.encode("utf-8", "surrogateescape")


def _directory(tree: _Tree, path: str) -> None:
    """Make `path` a directory, and whatever is above it."""
    if path in tree.directories:
        return
    for one in (*reversed(tuple(tar.parents(path))), path):
        if one not in tree.directories:
            _remove(tree, one)
            os.mkdir(_encode(one), 0o700, dir_fd=tree.root)
            tree.directories[one] = None


def _remove(tree: _Tree, path: str) -> None:
    if path in tree.others:
        os.unlink(_encode(path), dir_fd=tree.root)
        tree.others.discard(path)
    elif path in tree.directories:
        below = path + "/"
        for one in [one for one in tree.others if one.startswith(below)]:
            os.unlink(_encode(one), dir_fd=tree.root)
            tree.others.discard(one)
        # What stands in a directory sorts after it.
        for one in sorted((one for one in tree.directories if one == path or one.startswith(below)), reverse=True):
            os.rmdir(_encode(one), dir_fd=tree.root)
            del tree.directories[one]


def _empty(tree: _Tree, path: str) -> None:
    """Take away what the layers below brought into the directory `path`."""
    kept = tree.fresh.union(*map(tar.parents, tree.fresh))
    below = f"{path}/".lstrip("/")
    there = (*tree.directories, *tree.others)
    for one in [one for one in there if one and one.startswith(below) and one not in kept]:
        _remove(tree, one)


def _file(tree: _Tree, member: Member, data: Iterable[memoryview]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(_encode(member.path), flags, 0o600, dir_fd=tree.root)
    try:
        for piece in data:
            written = 0
            while written < len(piece):
                written += os.write(descriptor, piece[written:])
        if tree.owners:
            os.fchown(descriptor, member.uid, member.gid)
        os.fchmod(descriptor, member.mode & (0o7777 if tree.owners else 0o777))
        os.utime(descriptor, (member.mtime, member.mtime))
    finally:
        os.close(descriptor)


def _link(tree: _Tree, path: str, target: str, layer: str) -> None:
    if target not in tree.others:
        raise Untrusted(f"{layer} is damaged: `/{path}` is a link to `/{target}`, which is no file")
    os.link(_encode(target), _encode(path), src_dir_fd=tree.root, dst_dir_fd=tree.root, follow_symlinks=False)


def _finish(tree: _Tree, path: str, member: Member | None) -> None:
    name = _encode(path) or b"."
    if member and tree.owners:
        os.chown(name, member.uid, member.gid, dir_fd=tree.root)
    mode = member.mode if member else 0o755
    os.chmod(name, mode & (0o7777 if tree.owners else 0o1777), dir_fd=tree.root)
    if member:
        os.utime(name, (member.mtime, member.mtime), dir_fd=tree.root)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Outside(f"no space left on the disk of `{folder}`", hint="free some, or set TMPDIR") from error
        raise Outside(f"`{folder}` cannot be filled with the image: {error.strerror}") from error
