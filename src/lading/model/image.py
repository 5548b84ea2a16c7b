"""What was made: an image, its layers, and the files in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: its digests and sizes in bytes, and the blob when it is on this machine."""

    digest: str  # of the blob as stored, sha256:…
    diff_id: str  # of the uncompressed tar
    size: int  # compressed
    unpacked: int  # of the uncompressed tar
    media_type: str
    made_by: str  # one line for `docker history`
    blob: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image for one platform, whichever builder made it."""

    digest: str  # of the manifest; the identifier that an engine gave it, where an engine made it
    platform: str  # linux/amd64
    config: Mapping[str, Any]  # OCI image configuration, with Docker's Healthcheck
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes of the uncompressed layers, which no engine's way to store them changes."""
        return sum(layer.unpacked for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One entry of an image's file system, or of one layer of it."""

    path: str  # absolute
    kind: Literal["file", "directory", "symlink", "hardlink", "other"]
    mode: int
    uid: int
    gid: int
    size: int = 0
    link: str = ""
    data: bytes | None = None  # only where it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in an image: each layer's own entries, and the file system that they add up to."""

    layers: tuple[tuple[File, ...], ...]  # whiteouts included, as `other`
    files: Mapping[str, File]
