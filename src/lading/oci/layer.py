"""File entries → one layer, the same bytes everywhere; and a layer of anybody's → its entries."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lading import model
from lading.errors import BadInput
from lading.oci import blobs, compress, digest, tar, untar

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN = "application/vnd.oci.image.layer.v1.tar"

#: Levels: for what is made once and kept, and for what is made at every build.
KEPT, OFTEN = 6, 1

#: Links to their namesakes in usr/ wherever /usr is merged: a directory in a layer above would replace the link.
LINKS = frozenset({"bin", "lib", "lib32", "lib64", "libx32", "sbin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to put into a layer."""

    path: str  # relative to the root, no leading slash: "usr/bin/python3.13"
    kind: Literal["file", "directory", "symlink"]
    mode: int = 0o644  # permission bits only, 0o1777 included
    uid: int = 0
    gid: int = 0
    data: bytes = b""
    link: str = ""  # a symlink's target


def write(entries: Iterable[Entry], store: Path, *, made_by: str, level: int = KEPT) -> model.Layer:
    """Keep a layer that holds `entries`, with the directories above them, in `store`.

    The order of `entries` does not matter, and equal ones are one. Raises `BadInput` when two of one path differ, and
    for a path that no image may hold; `Outside` when the disk is full.
    """
    ordered = _complete(entries)
    sha256, size = hashlib.sha256(), 0

    def pieces() -> Iterator[bytes]:
        nonlocal size
        for piece in compress.blocks(_tar(ordered)):
            sha256.update(piece)
            size += len(piece)
            yield piece

    blob = blobs.add(store, compress.gzip(pieces(), level))
    return model.Layer(
        digest=blob.digest, diff_id="sha256:" + sha256.hexdigest(), size=blob.size, unpacked=size,
        media_type=GZIP, made_by=made_by, blob=blob.path,
    )  # fmt: skip


def _complete(entries: Iterable[Entry]) -> list[Entry]:
    """`entries` with every directory above them, one a path, sorted by the bytes of the path."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if not entry.path or "\0" in entry.path or not {"", ".", ".."}.isdisjoint(entry.path.split("/")):
            raise BadInput(f"`{entry.path}` cannot be a path in a layer")
        if found.setdefault(entry.path, entry) != entry:
            raise BadInput(f"`/{entry.path}` would be in the layer twice, with different contents")
    for path in tuple(found):
        for parent in tar.parents(path):
            above = found.setdefault(parent, Entry(path=parent, kind="directory", mode=0o755))
            if above.kind != "directory":
                raise BadInput(f"`/{path}` would be in the layer, below `/{parent}`, which is a {above.kind}")
    for name in sorted(LINKS & found.keys()):
        if found[name].kind == "directory":
            path = next((path for path in sorted(found) if path.startswith(name + "/")), name)
            raise BadInput(f"`/{path}` would replace the link `/{name}` of the base: put it below `/usr/{name}`")
    return sorted(found.values(), key=lambda entry: os.fsencode(entry.path))


def _tar(entries: Iterable[Entry]) -> Iterator[bytes]:
    types = {"file": tar.FILE, "directory": tar.DIRECTORY, "symlink": tar.SYMLINK}
    for entry in entries:
        size = len(entry.data)
        mode = 0o777 if entry.kind == "symlink" else entry.mode
        yield tar.header(
            entry.path, types[entry.kind], size=size, mode=mode, uid=entry.uid, gid=entry.gid, link=entry.link
        )
        yield entry.data
        yield tar.padding(size)
    yield tar.END


def measure(blob: Path, *, made_by: str = "") -> model.Layer:
    """The layer that `blob` holds, its digests and its sizes taken from the bytes themselves.

    Raises `Untrusted` when it is damaged, `Outside` when it is compressed in a way that lading does not read.
    """
    own = hashlib.sha256()
    with blob.open("rb") as file:
        for chunk in blobs.chunks(file):
            own.update(chunk)
    size = blob.stat().st_size
    unpacked, plain = 0, hashlib.sha256()
    for chunk in compress.ahead(compress.plain(blob)):
        plain.update(chunk)
        unpacked += len(chunk)
    return model.Layer(
        digest="sha256:" + own.hexdigest(), diff_id="sha256:" + plain.hexdigest(), size=size, unpacked=unpacked,
        media_type=PLAIN if own.digest() == plain.digest() else GZIP, made_by=made_by, blob=blob,
    )  # fmt: skip


def read(layer: model.Layer, keep: Callable[[str], bool] = lambda _: False) -> Iterator[model.File]:
    """The entries of a layer in its own order, with `data` for the files of which `keep(path)` is true.

    Raises `Untrusted` for a damaged layer and for one with an entry outside the root; `Outside` for one that is
    compressed in a way that lading does not read.
    """
    name = f"layer `{digest.encoded(layer.digest)[:12]}`"
    for member, data in untar.read(compress.plain(layer.blob), name):
        path = "/" + member.path
        hides = path.rpartition("/")[2].startswith(tar.WHITEOUT)
        yield model.File(
            path=path,
            kind="other" if hides else member.kind,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            size=member.size,
            link="/" + member.link if member.kind == "hardlink" else member.link,
            data=b"".join(data) if member.kind == "file" and keep(path) else None,
        )
