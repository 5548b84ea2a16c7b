"""Recipes → layers, each made once: while its blob is kept, a recipe that was made before costs nothing."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lading import cache
from lading.model import Layer, Progress
from lading.oci import blobs, layer
from lading.oci.layer import Entry

T = TypeVar("T")

#: How old what an interrupted build left must be before another one removes it: older than any build takes.
_STALE = 86_400  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A layer that is to be: all that decides its bytes, and how to get its entries when it has to be made."""

    key: Sequence[Any]  # what JSON can hold
    made_by: str
    entries: Callable[[], Iterable[Entry]]
    level: int = layer.KEPT


def make(recipes: Sequence[Recipe], *, store: Path, progress: Progress) -> tuple[Layer, ...]:
    """The layers of `recipes`, in their order. Raises what their `entries` raise, and `Outside` for a full disk."""
    records = [store / "layers" / f"{_digest(recipe)}.json" for recipe in recipes]
    found = [_load(record, recipe, store) for record, recipe in zip(records, recipes, strict=True)]

    def one(number: int) -> None:
        this = recipes[number]
        progress(f"making the layer of {this.made_by.removeprefix('lading: ')}")
        made = layer.write(this.entries(), store, made_by=this.made_by, level=this.level)
        kept = {"digest": made.digest, "diff_id": made.diff_id, "size": made.size, "unpacked": made.unpacked}
        cache.store(records[number], json.dumps({**kept, "media_type": made.media_type}).encode())
        found[number] = made

    missing = [number for number, ready in enumerate(found) if ready is None]
    if missing:
        sweep(store)
    each(one, missing)
    return tuple(ready for ready in found if ready is not None)


def each(do: Callable[[T], object], items: Sequence[T], *, workers: int | None = None) -> None:
    """`do` each item, several at a time. The first error is raised, and what had not begun by then is left."""
    if len(items) < 2:
        for item in items:
            do(item)
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers or max(2, min(os.cpu_count() or 2, 8)))
    try:
        for future in [pool.submit(do, item) for item in items]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def once(do: Callable[[], T]) -> Callable[[], T]:
    """`do`, done when it is first asked for, and once however many threads ask."""
    guard = threading.Lock()
    kept: list[T] = []

    def ask() -> T:
        with guard:
            if not kept:
                kept.append(do())
            return kept[0]

    return ask


@functools.cache
def recipe() -> str:
    """What changes when lading makes another layer of the same things: its own code, and the compressor."""
    from zlib_ng import zlib_ng

    here = Path(__file__).parent
    files = [*here.glob("*.py"), *(here.parent / "oci").glob("*.py")]
    code = [path.read_bytes() for path in sorted(files) if path.name != "docker.py"]
    return hashlib.sha256(b"\0".join([*code, str(zlib_ng.ZLIBNG_VERSION).encode()])).hexdigest()


def sweep(store: Path) -> None:
    """Remove what builds that were killed left half-written in `store`."""
    old = time.time() - _STALE
    for pattern in (".new-*", "*/.new-*", "blobs/incoming-*", "*/*/.new-*"):
        for path in store.glob(pattern):
            try:
                if path.stat().st_mtime < old:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except OSError:
                continue  # another build was faster


def _digest(one: Recipe) -> str:
    return hashlib.sha256(json.dumps([recipe(), one.made_by, one.level, one.key]).encode()).hexdigest()


def _load(record: Path, one: Recipe, store: Path) -> Layer | None:
    """The layer that was kept, where its blob is there in full."""
    try:
        kept = json.loads(record.read_bytes())
        blob = blobs.path(store, kept["digest"])
        if blob.stat().st_size == kept["size"]:
            return Layer(made_by=one.made_by, blob=blob, **kept)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None
