"""A cache → a folder in it for as long as it is needed, and nothing left of those whose owner was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lading.errors import Outside


@contextmanager
def folder(cache: Path, kind: str, sweep: Callable[[Path], None]) -> Iterator[Path]:
    """A new folder, locked while it is in use, and gone afterwards; `kind` tells whose folders it is among.

    `sweep` is called for it at its end, before it is removed, and first for each folder of the same kind that nobody
    locks any more. Raises `Outside` where no folder can be made.
    """
    parent = cache / "observe"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{kind}-*"):
            with suppress(OSError), _locked(left):
                sweep(left)
                shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=parent))
    except OSError as error:
        raise Outside(f"`{parent}` cannot be written: {error.strerror}") from error
    with _locked(made):
        try:
            yield made
        finally:
            sweep(made)
            shutil.rmtree(made, ignore_errors=True)
            with suppress(OSError):
                parent.rmdir()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a folder. Raises `BlockingIOError` when another process holds it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
