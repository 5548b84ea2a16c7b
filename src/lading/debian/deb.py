"""A `.deb` → its control paragraph and its files, deb(5); nothing is unpacked to the disk and no script is run."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lading.errors import BadInput, Untrusted
from lading.oci.layer import Entry

#: Folders of the root that are links into /usr on Debian since bookworm; packages may still name them.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """What is in one package."""

    control: str  # the paragraph, as the package has it
    checksums: Mapping[str, str]  # path → MD5, of its md5sums
    postinst: str  # to be read, never run
    entries: tuple[Entry, ...]


def read(data: bytes, name: str) -> Deb:
    """What the package `name` holds.

    Raises `Untrusted` for a path that leaves the root, `BadInput` for what an image layer of ours cannot hold or this
    Python cannot decompress.
    """
    members = dict(_ar(data, name))
    texts = {
        entry.path: entry.data.decode(errors="replace")
        for entry in _tar(_member(members, "control.tar", name), name)
        if entry.kind == "file"
    }
    checksums = (line.split(None, 1) for line in texts.get("md5sums", "").splitlines())
    return Deb(
        control=texts["control"].rstrip("\n") + "\n",
        checksums={merged(path): digest for digest, path in checksums},
        postinst=texts.get("postinst", ""),
        entries=tuple(_tar(_member(members, "data.tar", name), name)),
    )


def merged(path: str) -> str:
    """Where `path` really is, now that /bin, /lib and their like are in /usr."""
    top, slash, rest = path.partition("/")
    return f"usr/{top}/{rest}" if slash and top in MERGED else path


def _ar(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    if not data.startswith(b"!<arch>\n"):
        raise Untrusted(f"the package `{name}` is not a .deb file")
    at = 8
    while at + 60 <= len(data):
        size = int(data[at + 48 : at + 58])
        yield data[at : at + 16].decode().strip().rstrip("/"), data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


def _member(members: Mapping[str, bytes], stem: str, name: str) -> bytes:
    for suffix, decompress in _DECOMPRESS.items():
        if (data := members.get(stem + suffix)) is not None:
            return decompress(data)
    there = ", ".join(members)
    raise BadInput(
        f"the package `{name}` cannot be read: there is no {stem} in it that this Python can decompress, but {there}",
        hint="zstd needs Python 3.14" if f"{stem}.zst" in members else "",
    )


def _xz(data: bytes) -> bytes:
    import lzma

    return lzma.decompress(data)


def _zst(data: bytes) -> bytes:
    from importlib import import_module

    plain: bytes = import_module("compression.zstd").decompress(data)
    return plain


def _decompressors() -> dict[str, Callable[[bytes], bytes]]:
    from importlib.util import find_spec

    every = {".xz": _xz, ".gz": lambda data: zlib.decompress(data, 31), "": bytes}
    return every | {".zst": _zst} if find_spec("compression") else every


_DECOMPRESS = _decompressors()


def _tar(data: bytes, name: str) -> Iterator[Entry]:
    files: dict[str, Entry] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        for member in tar:
            path = _path(member.name, name)
            if not path:
                continue  # the root itself
            if member.islnk():
                # A second copy: a layer of ours has no way to say that two names are one file.
                yield replace(files[_path(member.linkname, name)], path=path)
            elif file := tar.extractfile(member) if member.isreg() else None:
                # Nobody in a container becomes somebody else: set-uid and set-gid are dropped.
                files[path] = _entry(member, path, "file", mode=member.mode & 0o1777, data=file.read())
                yield files[path]
            elif member.isdir():
                path = f"usr/{path}" if path in MERGED else path
                yield _entry(member, path, "directory", mode=member.mode & 0o7777)
            elif member.issym():
                yield _entry(member, path, "symlink", mode=0o777, link=member.linkname)
            else:
                raise BadInput(
                    f"the package `{name}` has the special file `/{path}`", hint="leave it out of `packages`"
                )


def _path(given: str, name: str) -> str:
    path = posixpath.normpath(given)
    if path == ".":
        return ""
    if path.startswith(("/", "../")) or path == "..":
        raise Untrusted(f"the package `{name}` has the path `{given}`, which leaves the root")
    return merged(path)


def _entry(
    member: tarfile.TarInfo,
    path: str,
    kind: Literal["file", "directory", "symlink"],
    *,
    mode: int,
    data: bytes = b"",
    link: str = "",
) -> Entry:
    return Entry(path=path, kind=kind, mode=mode, uid=member.uid, gid=member.gid, data=data, link=link)
