"""Members → the bytes of a tar that are the same everywhere; and what a path in a tar of anybody's may be.

Our own headers, because those of `tarfile` have changed between versions of Python and a layer's digest may not.
Source of the format: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
"""

from __future__ import annotations

from collections.abc import Iterator

from lading.errors import Untrusted

FILE, HARDLINK, SYMLINK, DIRECTORY = b"0", b"1", b"2", b"5"
END = bytes(1024)

#: Names that take away what layers below hold: OCI image specification, layer.md, "Whiteouts".
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"

#: One second after the epoch: some tools take a time of zero for "unknown".
MTIME = 1


def header(
    path: str, kind: bytes, *, size: int = 0, mode: int = 0o644, uid: int = 0, gid: int = 0, link: str = ""
) -> bytes:
    """The header block of one member, after a pax block where ustar's fields are too narrow for it."""
    name, target = _encode(path + "/" if kind == DIRECTORY else path), _encode(link)
    prefix, short = _split(name)
    wide = {
        b"gid": b"%d" % gid if gid > 0o7777777 else b"",
        b"linkpath": target if len(target) > 100 or not target.isascii() else b"",
        b"path": name if short is None else b"",
        b"size": b"%d" % size if size > 0o77777777777 else b"",
        b"uid": b"%d" % uid if uid > 0o7777777 else b"",
    }
    block = _block(
        name[:100] if short is None else short,
        kind,
        prefix=prefix,
        size=0 if wide[b"size"] else size,
        mode=mode,
        uid=0 if wide[b"uid"] else uid,
        gid=0 if wide[b"gid"] else gid,
        link=target[:100],
    )
    records = b"".join(_record(key, value) for key, value in wide.items() if value)
    if records:
        return _block(b"././@PaxHeader", b"x", size=len(records)) + records + padding(len(records)) + block
    return block


def padding(size: int) -> bytes:
    """What follows `size` bytes of data up to the next block."""
    return bytes(-size % 512)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """`name` as ustar's prefix and name; no name where it does not fit, or is not ASCII."""
    if not name.isascii():
        return b"", None
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", len(name) - 101, 156)
    if cut <= 0 or cut == len(name) - 1:
        return b"", None
    return name[:cut], name[cut + 1 :]


def _record(key: bytes, value: bytes) -> bytes:
    """A pax record, which begins with its own length."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest) + len(str(len(rest)))
    length = len(rest) + len(str(length))
    return b"%d%b" % (length, rest)


def _block(
    name: bytes, kind: bytes, *, prefix: bytes = b"", size: int = 0, mode: int = 0o644, uid: int = 0, gid: int = 0,
    link: bytes = b"",
) -> bytes:  # fmt: skip
    before = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (name.ljust(100, b"\0"), mode, uid, gid, size, MTIME)
    after = b"%b%bustar\00000%b%b" % (kind, link.ljust(100, b"\0"), bytes(80), prefix.ljust(155, b"\0"))
    checksum = sum(before) + sum(after) + 8 * 32
    return (before + b"%06o\0 " % checksum + after).ljust(512, b"\0")


def inside(path: str, name: str) -> str:
    """`path` without what does not change it. Raises `Untrusted` when it leaves the root."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    hides_root = parts and parts[-1] in {WHITEOUT, WHITEOUT + ".", WHITEOUT + ".."}
    if ".." in parts or "\0" in path or hides_root:
        raise Untrusted(f"{name} holds `{path}`, which leaves the image's root", hint="do not run this image")
    return "/".join(parts)


def parents(path: str) -> Iterator[str]:
    """The directories above `path`, the nearest first, without the root."""
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
