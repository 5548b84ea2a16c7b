"""Bytes of unknown length → a blob under its own digest, which appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lading import cache
from lading.errors import Untrusted
from lading.oci import digest as digests

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that are on this machine."""

    digest: str
    size: int
    path: Path


def path(folder: Path, digest: object) -> Path:
    """Where an image layout in `folder` keeps the blob of `digest` (image-layout.md, Blobs)."""
    return folder / "blobs" / "sha256" / digests.encoded(digest)


def add(store: Path, chunks: Iterable[bytes], *, expected: str | None = None) -> Blob:
    """Keep `chunks` in `store`. Raises `Untrusted` when they are not those of `expected`; then nothing is kept."""
    # The name is known at the end only, so it first gets one that nobody looks for.
    incoming = store / "blobs" / f"incoming-{uuid.uuid4().hex}"
    sha256, size = hashlib.sha256(), 0
    try:
        with cache.writing(incoming) as file:
            for chunk in chunks:
                sha256.update(chunk)
                file.write(chunk)
                size += len(chunk)
        found = "sha256:" + sha256.hexdigest()
        if expected is not None:
            match(found, expected)
        final = path(store, found)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(incoming, final)
    finally:
        incoming.unlink(missing_ok=True)
    return Blob(digest=found, size=size, path=final)


def match(found: str, expected: str) -> None:
    """Raises `Untrusted` when the two digests differ."""
    if found != expected:
        raise Untrusted(
            f"a blob is not the one that was promised: its digest is `{found}`, not `{expected}`",
            hint="the image is damaged, or somebody changed it: build or fetch it again",
        )


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of `file`, a piece at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


def checked(blob: Path, expected: str) -> Iterator[bytes]:
    """The bytes of `blob`. Raises `Untrusted` at their end when they are not those of `expected`."""
    sha256 = hashlib.sha256()
    try:
        with blob.open("rb") as file:
            for chunk in chunks(file):
                sha256.update(chunk)
                yield chunk
    except FileNotFoundError as error:
        raise missing(expected) from error
    match("sha256:" + sha256.hexdigest(), expected)


def missing(digest: str) -> Untrusted:
    """The error for a blob that is named and is not there."""
    return Untrusted(f"blob `{digest}` is missing", hint="the image is incomplete: build or fetch it again")
