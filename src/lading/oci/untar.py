"""The bytes of a tar, of anybody's, as they come → its members, which stay in its root, and their data, not copied.

Not `tarfile`: it takes five times as long, and takes a damaged header for the end. Sources: POSIX.1-2017, pax, "ustar
Interchange Format" and "pax Header Block"; the manual of GNU tar, "Basic Tar Format" and "Extensions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lading.errors import Outside, Untrusted
from lading.oci import member
from lading.oci.member import Member

_NOTHING = bytes(512)

#: GNU's kinds whose data is what a field is too short for, by pax's name of that field.
_LONG = {b"L": b"path", b"K": b"linkpath"}
_PAX = frozenset({b"path", b"linkpath", b"size", b"uid", b"gid"})

#: What Go allows for the data of such a header.
_LONGEST = 1 << 20


def read(chunks: Iterable[bytes], name: str) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """Each member of the tar in `chunks`, and its data in pieces, which are gone when the next member is asked for.

    `name` is how errors call the tar. Raises `Untrusted` for a member or a hard link outside the root, and for a tar
    that is damaged, ends early or is none; `Outside` for a sparse file and for a kind of member that is not known.
    """
    source = _Source(iter(chunks), name)
    always: dict[bytes, bytes] = {}
    try:
        while one := _next(source, always):
            data = source.pieces(one.size)
            yield one, data
            for _ in data:
                pass
            source.skip(-one.size % 512)
            if source.ended():  # the blocks of zeros may be missing, but not from a tar of nothing
                return
        for _ in source.chunks:  # so that what checks the end of a compressed layer has seen it
            pass
    except ValueError as error:
        raise _damaged(name, str(error)) from error


class _Source:
    """Bytes that are taken from the front of `chunks`."""

    __slots__ = ("chunks", "left", "name")

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        self.chunks, self.left, self.name = chunks, memoryview(b""), name

    def ended(self) -> bool:
        while not self.left and (chunk := next(self.chunks, None)) is not None:
            self.left = memoryview(chunk)
        return not self.left

    def pieces(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes."""
        while size:
            if not self.left and self.ended():
                raise _damaged(self.name, "it ends early")
            piece = self.left[:size]
            self.left = self.left[size:]
            size -= len(piece)
            yield piece

    def take(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        for _ in self.pieces(size):
            pass


def _damaged(name: str, reason: str) -> Untrusted:
    return Untrusted(f"{name} is damaged: {reason}", hint="build or fetch the image again")


def _next(source: _Source, always: dict[bytes, bytes]) -> Member | None:
    """The next member; None at the blocks of zeros. What stands in a global header goes to `always`."""
    special: dict[bytes, bytes] = {}
    while (block := source.take(512)) != _NOTHING:
        fields = member.fields(block)
        kind, size = fields.flag, member.number(fields.size)
        if kind not in _LONG and kind not in b"xg":
            return member.make(fields, {**always, **special} if always else special, source.name)
        if not 0 <= size <= _LONGEST:
            raise ValueError(f"a header is {size} bytes long")
        data = source.take(size)
        source.skip(-size % 512)
        found = {_LONG[kind]: data.partition(b"\0")[0]} if kind in _LONG else _records(data, source.name)
        # Which one counts, if there are two, is not the same for all who read this.
        if found.keys() & ({b"path", b"linkpath", b"size"} if kind == b"g" else special.keys()) or kind in special:
            raise ValueError("a member is described twice")
        if kind == b"g":
            always.update(found)
        else:
            special.update(found)
            special[kind] = b""
    if special:
        raise ValueError("it ends where a member should be")
    return None


def _records(data: bytes, name: str) -> dict[bytes, bytes]:
    """The records of a pax header that matter here. One without a value takes nothing away but itself."""
    found, at = {}, 0
    while at < len(data):
        length, space, _ = data[at : at + 20].partition(b" ")
        end = at + int(length) if space and length.isdigit() else 0
        key, equals, value = data[at + len(length) + 1 : end].partition(b"=")
        if not equals or value[-1:] != b"\n" or end > len(data):
            raise ValueError("an extended header is none")
        if key.startswith(b"GNU.sparse."):
            raise Outside(f"{name} holds a sparse file, which lading does not read")
        if key in _PAX:
            found[key] = value[:-1]
        at = end
    return found
