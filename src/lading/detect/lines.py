"""A setting that cannot be what it says → its line in pyproject.toml or lading.toml, which only says the key so far."""

from __future__ import annotations

import re

from lading.errors import BadInput
from lading.source import Source


def placed(source: Source, error: BadInput) -> str:
    """Where `error` is: with the line of what its message quotes, where a file of `source` says it."""
    path, _, key = error.where.partition(" ")
    if path not in {"pyproject.toml", "lading.toml"} or path not in source.files:
        return error.where
    lines = source.read(path).decode(errors="replace").splitlines()
    first = next(
        (at for at, line in enumerate(lines) if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line)), None
    )
    if first is None:
        return error.where
    quoted = re.search(r"`([^`]+)`", error.message)
    return f"{path}:{next((at for at in range(first, len(lines)) if quoted and quoted[1] in lines[at]), first) + 1}"
