"""The libraries of a tree → the cache of the dynamic loader, which `ldconfig` would have made.

The loader finds Debian's folders without it. But `ctypes.util.find_library` asks `ldconfig -p`, which prints this file,
and by that find psycopg, python-magic, pyzbar and others their library. Format: glibc, sysdeps/generic/dl-cache.h.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Mapping

from lading.oci.layer import Entry

PATH, PROGRAM = "etc/ld.so.cache", "usr/sbin/ldconfig"

#: The folders that the loader looks in, by architecture; and what dl-cache.h calls a library of it: ELF, libc 6.
FOLDERS = {"amd64": "usr/lib/x86_64-linux-gnu", "arm64": "usr/lib/aarch64-linux-gnu"}
FLAGS = {"amd64": 0x0303, "arm64": 0x0A03}

_LIBRARY = re.compile(r"(?:lib|ld-).+\.so(?:\.[\w.]+)?")
_MAGIC = b"glibc-ld.so.cache1.1"
_LITTLE = 2  # the byte order, of both architectures
_HEADER = struct.Struct("<20sIIB3xI12x")
_ENTRY = struct.Struct("<iIIIQ")


def cached(tree: Mapping[str, Entry], architecture: str) -> Mapping[str, Entry]:
    """The cache by its path, where `ldconfig` is in `tree`, which alone reads it and cannot do without."""
    return {PATH: cache(tree, architecture)} if PROGRAM in tree else {}


def cache(tree: Mapping[str, Entry], architecture: str) -> Entry:
    """The cache of the libraries in `tree`, each by its own name and by that of every link to it."""
    found: dict[str, str] = {}
    for folder in ("usr/lib", FOLDERS[architecture]):
        here = {posixpath.basename(path): entry for path, entry in tree.items() if posixpath.dirname(path) == folder}
        linked = {entry.link for entry in here.values() if entry.kind == "symlink"}
        for name, entry in here.items():
            # `libpq.so.5.17` is asked for by the name that its link has, `libpq.so.5`.
            if _LIBRARY.fullmatch(name) and (entry.kind == "symlink" or (entry.kind == "file" and name not in linked)):
                found[name] = f"/{folder}/{name}"
    names = sorted(found, key=_order, reverse=True)
    at = _HEADER.size + _ENTRY.size * len(names)
    strings, rows = bytearray(), bytearray()
    for name in names:
        key = at + len(strings)
        strings += name.encode() + b"\0"
        value = at + len(strings)
        strings += found[name].encode() + b"\0"
        rows += _ENTRY.pack(FLAGS[architecture], key, value, 0, 0)
    header = _HEADER.pack(_MAGIC, len(names), len(strings), _LITTLE, 0)
    return Entry(path=PATH, kind="file", data=header + bytes(rows) + bytes(strings))


def _order(name: str) -> list[tuple[int, int]]:
    """The order that the loader searches by: numbers as numbers, and above every other character (_dl_cache_libcmp)."""
    parts = re.findall(r"\d+|\D", name)
    return [(1, int(part)) if part.isdigit() else (0, ord(part)) for part in parts]
