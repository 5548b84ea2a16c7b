"""An image → each layer's own entries, and the file system that they add up to.

Source: OCI image specification 1.1, layer.md, "Applying Changesets" and "Whiteouts".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lading.model import Contents, File, Image, Layer
from lading.oci import layer, tar


def load(image: Image, keep: Callable[[str], bool]) -> Contents:
    """What is in `image`; paths are absolute, and `data` is there for the files of which `keep(path)` is true.

    In the merged file system a hard link is a file like the one that it leads to. Raises `Untrusted` for a damaged
    layer and for one with an entry outside the root.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:  # decompressing, which is most of it, leaves the interpreter to the other
        layers = tuple(pool.map(lambda one: _entries(one, keep), image.layers))
    merged: Mapping[str, File] = {}
    for entries in layers:
        merged = over(merged, entries, keep)
    return Contents(layers=layers, files=dict(sorted(merged.items())))


def _entries(one: Layer, keep: Callable[[str], bool]) -> tuple[File, ...]:
    entries = tuple(layer.read(one, keep))
    wanted = {entry.link for entry in entries if entry.kind == "hardlink" and keep(entry.path)}
    if not wanted:
        return entries
    # The bytes of a hard link stand where it leads to, and nobody may have asked for those: read once more.
    data = {entry.path: entry.data for entry in layer.read(one, wanted.__contains__)}
    return tuple(
        replace(entry, data=data.get(entry.link)) if entry.kind == "hardlink" and keep(entry.path) else entry
        for entry in entries
    )


def over(lower: Mapping[str, File], entries: Sequence[File], keep: Callable[[str], bool]) -> dict[str, File]:
    """The file system `lower` with one layer's `entries` laid over it. What a layer takes away is below it only."""
    gone, emptied = set(), set()
    for entry in entries:
        folder, _, name = entry.path.rpartition("/")
        if name == tar.OPAQUE:
            emptied.add(folder)
        elif name.startswith(tar.WHITEOUT):
            gone.add(f"{folder}/{name.removeprefix(tar.WHITEOUT)}")
    files = _without(lower, gone, gone | emptied) if gone or emptied else dict(lower)
    for entry in entries:
        if entry.kind == "other" and entry.path.rpartition("/")[2].startswith(tar.WHITEOUT):
            continue
        for parent in tar.parents(entry.path):
            if (above := files.get(parent)) and above.kind == "directory":
                break
            files[parent] = File(path=parent, kind="directory", mode=0o755, uid=0, gid=0)
        old = files.get(entry.path)
        if old and old.kind == "directory" and entry.kind != "directory":
            files = _without(files, set(), {entry.path})
        if entry.kind == "hardlink" and (target := files.get(entry.link)):
            data = entry.data if entry.data is not None or not keep(entry.path) else target.data
            files[entry.path] = replace(target, path=entry.path, data=data)
        else:
            files[entry.path] = entry
    return files


def _without(files: Mapping[str, File], gone: set[str], below: set[str]) -> dict[str, File]:
    return {
        path: file
        for path, file in files.items()
        if path not in gone and ("" not in below or path == "/") and below.isdisjoint(tar.parents(path))
    }
