"""Bytes → gzip that is the same on every machine; and a blob → its uncompressed bytes.

`zlib_ng` is pinned, because zlib's own output differs between its versions and those who build it, and is built into
the wheel. Each block is compressed by itself, with the 32 KiB before it as its dictionary, so that several cores can
share the work; that the blocks have one size makes the output independent of how many did.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from lading.errors import Outside, Untrusted

BLOCK = 1 << 20
_WINDOW = 1 << 15

#: What is read and what is decompressed at a time, which fits into a processor's cache; how many of them may wait.
_PIECE, _AHEAD = 1 << 18, 8
#: The window's size, and 16 for gzip: zlib's manual, inflateInit2.
_GZIP = 15 + 16

#: No name, no time, and 255 for the operating system: RFC 1952, section 2.3.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
#: A last block, of fixed codes and empty: RFC 1951, section 3.2.3.
_LAST = b"\x03\x00"

_UNREADABLE = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"BZh": "bzip2"}


def blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one size, the last one shorter."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= BLOCK:
            joined = memoryview(b"".join(parts))
            whole = size - size % BLOCK
            for start in range(0, whole, BLOCK):
                yield bytes(joined[start : start + BLOCK])
            parts, size = [bytes(joined[whole:])], size - whole
    if size:
        yield b"".join(parts)


def gzip(pieces: Iterable[bytes], level: int) -> Iterator[bytes]:
    """One gzip member that holds `pieces`, which are what `blocks` gives."""
    from concurrent.futures import Future, ThreadPoolExecutor

    from zlib_ng.zlib_ng import crc32

    workers = min(os.cpu_count() or 1, 8)
    waiting: deque[Future[bytes]] = deque()
    checksum, size, before = 0, 0, b""
    yield _HEADER
    with ThreadPoolExecutor(workers) as pool:
        for piece in pieces:
            waiting.append(pool.submit(_deflate, piece, before, level))
            checksum, size, before = crc32(piece, checksum), size + len(piece), piece[-_WINDOW:]
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    yield _LAST + checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")


def _deflate(piece: bytes, before: bytes, level: int) -> bytes:
    """`piece` as raw deflate that ends at a byte, and that another block may follow."""
    from zlib_ng import zlib_ng

    one = zlib_ng.compressobj(level, zlib_ng.DEFLATED, -15, zdict=before)
    return one.compress(piece) + one.flush(zlib_ng.Z_SYNC_FLUSH)


def plain(blob: Path) -> Iterator[bytes]:
    """The uncompressed bytes of `blob`, gzip of one member or several, or not compressed, a piece at a time.

    Raises, with the first piece, `Outside` when it is compressed in a way that lading does not read and `Untrusted`
    when it is missing; with any other, `Untrusted` when it is damaged.
    """
    from zlib_ng import zlib_ng

    broken: type[Exception] = zlib_ng.error  # type: ignore[assignment] # the stubs leave it without a type
    again = "build or fetch the image again"
    try:
        # No buffer: every read is a large one, and one copy less.
        with blob.open("rb", buffering=0) as file:
            magic = file.read(4)
            for prefix, name in _UNREADABLE.items():
                if magic.startswith(prefix):
                    raise Outside(
                        f"layer `{blob.name[:12]}` is compressed with {name}, which lading does not read",
                        hint="save or push the image with gzip layers",
                    )
            file.seek(0)
            if magic.startswith(_HEADER[:2]):
                yield from _members(file)
            else:
                yield from iter(lambda: file.read(_PIECE), b"")
    except FileNotFoundError as error:
        raise Untrusted(f"layer `{blob.name[:12]}` is missing", hint=again) from error
    except (EOFError, broken) as error:
        raise Untrusted(f"layer `{blob.name[:12]}` is damaged: {error}", hint=again) from error


def _members(file: IO[bytes]) -> Iterator[bytes]:
    """The plain bytes of each gzip member in `file`; zeros may stand between them and at the end, as for gzip."""
    from zlib_ng import zlib_ng

    rest = file.read(_PIECE)
    while rest:
        member = zlib_ng.decompressobj(_GZIP)
        while not member.eof:
            if piece := member.decompress(rest, _PIECE):
                yield piece
            elif not rest:
                raise EOFError("it ends early")
            rest = member.unused_data or member.unconsumed_tail or file.read(_PIECE)
        rest = rest.lstrip(b"\0")
        while not rest and (more := file.read(_PIECE)):
            rest = more.lstrip(b"\0")


def ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, none of them empty: the next ones are made in a thread while the reader is busy with one."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    try:
        waiting = deque(pool.submit(next, pieces, b"") for _ in range(_AHEAD))
        while piece := waiting.popleft().result():
            waiting.append(pool.submit(next, pieces, b""))
            yield piece
    finally:
        # Not waited for: a reader that stops half way leaves this to the garbage collector, which may run while some
        # other thread is starting, and to join one then is a deadlock.
        pool.shutdown(wait=False, cancel_futures=True)
