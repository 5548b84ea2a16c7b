"""Bytes → their digest, and a digest → the hexadecimal part that names a blob."""

from __future__ import annotations

import hashlib
import re

from lading.errors import Untrusted

_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")


def of(data: bytes) -> str:
    """The digest of `data`: `sha256:` and 64 lower-case digits (OCI image specification, descriptor.md, Digests)."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encoded(digest: object) -> str:
    """The hexadecimal part of `digest`, safe as a file's name. Raises `Untrusted` for anything but a SHA-256."""
    found = _SHA256.fullmatch(digest) if isinstance(digest, str) else None
    if not found:
        raise Untrusted(f"`{digest}` is not a SHA-256 digest", hint="lading reads images whose blobs are named by one")
    return found[1]
