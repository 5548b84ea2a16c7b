"""Files that are written whole or not at all: what was downloaded or made once, under one folder."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lading.errors import Outside


def folder(given: str | None, environ: Mapping[str, str]) -> Path:
    """Where lading keeps what can be made again: `given`, else lading's folder under XDG_CACHE_HOME or ~/.cache."""
    if given:
        return Path(given).absolute()
    base = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return Path(base).absolute() / "lading"


@contextmanager
def writing(path: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A file that appears at `path`, complete, when the block ends well, and not at all when it does not.

    Raises `Outside` when the disk is full or the folder cannot be written.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Outside(
                f"no space left on the disk of `{path.parent}`",
                hint="free some, or put the cache elsewhere with `--cache DIR`",
            ) from error
        if error.errno in {errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR}:
            raise Outside(f"`{path.parent}` cannot be written: {error.strerror}") from error
        raise
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def store(path: Path, data: bytes, *, mode: int = 0o644) -> Path:
    """Write `data` to `path`, whole or not at all, and return `path`."""
    with writing(path, mode=mode) as file:
        file.write(data)
    return path
