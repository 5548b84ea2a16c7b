"""environment.yml → why it does not do: conda's packages are no wheels, and their names are not those of an index."""

from __future__ import annotations

import re

from lading.source import Source

NAMES = ("environment.yml", "environment.yaml", "conda-lock.yml", "meta.yaml", "pixi.toml")


def missing(source: Source, /) -> tuple[str, ...]:
    """The files of conda that are there, each with why it is not read."""
    return tuple(f"`{name}` ({_why(source, name)})" for name in NAMES if name in source.files)


def _why(source: Source, name: str) -> str:
    if re.search(rb"^\s*-\s*pip\s*:\s*$", source.read(name), re.MULTILINE):
        return "conda's: an image of wheels has no conda packages; move its `pip:` list to requirements.txt"
    return "conda's: its packages are not the index's wheels; list the same ones in requirements.txt"
