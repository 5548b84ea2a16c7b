"""A header of a tar, and what stands before it for want of space → one member, which stays in the root.

Sources: POSIX.1-2017, pax, "ustar Interchange Format"; the manual of GNU tar, "Basic Tar Format".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from lading.errors import Outside
from lading.oci import tar

#: The fields below; between link and prefix stand the format and the owners' names.
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s88x155s12x")

#: What Linux allows for a path.
_LONGEST = 4096

_KINDS: Mapping[bytes, Literal["file", "directory", "symlink", "hardlink", "other"]] = {
    b"\0": "file", b"0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink", b"5": "directory",
    b"3": "other", b"4": "other", b"6": "other",
}  # fmt: skip


class Fields(NamedTuple):
    """A header's fields, as they stand."""

    path: bytes
    mode: bytes
    uid: bytes
    gid: bytes
    size: bytes
    mtime: bytes
    checksum: bytes
    flag: bytes
    link: bytes
    prefix: bytes


class Member(NamedTuple):
    """One thing in a tar, without its data."""

    path: str  # without a leading slash; "" is the root itself
    kind: Literal["file", "directory", "symlink", "hardlink", "other"]
    mode: int
    uid: int
    gid: int
    size: int  # of its data, which files alone have
    mtime: int  # whole seconds
    link: str  # a hard link's is a path as above, a symlink's is as it stands


def fields(block: bytes) -> Fields:
    """The fields of a header of 512 bytes. Raises `ValueError` when its checksum is not theirs."""
    found = Fields._make(_HEADER.unpack(block))
    if number(found.checksum) != sum(block) - sum(found.checksum) + 8 * 32:
        raise ValueError("the checksum of a header is wrong")
    return found


@lru_cache(1024)  # members are much alike: nine of ten numbers have just been read
def number(field: bytes) -> int:
    """A number in octal digits, or, where the first byte is 0x80 or 0xff, in base 256. Raises `ValueError`."""
    if field[0] in b"\x80\xff":
        found = int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
        if not -(1 << 63) <= found < 1 << 63:
            raise ValueError("a number in a header is too large")
        return found
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise ValueError(f"{field!r} in a header is not a number") from error


def make(fields: Fields, special: Mapping[bytes, bytes], name: str) -> Member:
    """The member of a header's `fields`, of which `special` has those that stand before it, by pax's names.

    Raises `Untrusted` when it, or what it is a hard link to, is outside the root of the tar that is called `name`;
    `Outside` for a sparse file and for a kind that is not known; `ValueError` for what is no member.
    """
    path, mode, uid, gid, size, mtime, _, flag, link, prefix = fields
    path, prefix = path.partition(b"\0")[0], prefix.partition(b"\0")[0]
    path = special.get(b"path") or (prefix + b"/" + path if prefix else path)
    link = special.get(b"linkpath") or link.partition(b"\0")[0]
    if len(path) > _LONGEST or b"\0" in link:
        raise ValueError("it holds a path that is none")
    text, target = path.decode("utf-8", "surrogateescape"), link.decode("utf-8", "surrogateescape")
    if flag not in _KINDS:
        what = f"a sparse file, `{text}`" if flag == b"S" else f"`{text}`, which is of the unknown kind {flag!r}"
        raise Outside(f"{name} holds {what}, which lading does not read")
    kind = "directory" if flag == b"\0" and path.endswith(b"/") else _KINDS[flag]
    return Member(
        path=tar.inside(text, name),
        kind=kind,
        mode=number(mode) & 0o7777,
        uid=_decimal(special, b"uid", uid, 1 << 32),
        gid=_decimal(special, b"gid", gid, 1 << 32),
        size=_decimal(special, b"size", size, 1 << 63) if kind == "file" else 0,
        mtime=number(mtime),
        link=tar.inside(target, name) if kind == "hardlink" else target,
    )


def _decimal(special: Mapping[bytes, bytes], key: bytes, field: bytes, limit: int) -> int:
    """The number in pax's record `key`, else in `field`."""
    value = special.get(key)
    if value and not (value.isdigit() and len(value) < 20):
        raise ValueError(f"`{key.decode()}` is not a number")
    found = int(value) if value else number(field)
    # The highest is what stands for "no owner", which would leave a file to whoever unpacks it.
    if not 0 <= found < limit - 1:
        raise ValueError(f"`{key.decode()}` is out of range")
    return found
