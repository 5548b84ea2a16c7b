"""Maintainer scripts, read as text → the links that update-alternatives(1) would have made for them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Mapping

from lading.oci.layer import Entry


def links(scripts: Mapping[str, str], there: Container[str]) -> Iterable[Entry]:
    """The link of each alternative whose target is `there`: the highest priority's, the first package's of equal ones.

    Only commands without a shell variable are understood; debhelper writes such. The link goes straight to its target:
    nobody will choose another in an image.
    """
    best: dict[str, tuple[int, str]] = {}
    for script in scripts.values():
        for words in _installs(script):
            link, _, target, priority = words[:4]
            if target.lstrip("/") not in there or not priority.isdigit():
                continue
            rank = int(priority)
            slaves = ((each[1], each[3]) for each in _slaves(words[4:]))
            for path, to in ((link, target), *slaves):
                if to.lstrip("/") in there and best.get(path, (-1, ""))[0] < rank:
                    best[path] = (rank, to)
    for path in sorted(best):
        yield Entry(path=path.lstrip("/"), kind="symlink", mode=0o777, link=best[path][1])


def _installs(script: str) -> Iterable[list[str]]:
    """The words after `--install` of each command: link, name, target, priority, and the rest."""
    for line in script.replace("\\\n", " ").splitlines():
        found = re.match(r"\s*update-alternatives\s+(?:--\w+\s+)*?--install\s+([^$`;&|]+)$", line)
        if found and len(words := shlex.split(found[1], comments=True)) >= 4:
            yield words


def _slaves(words: list[str]) -> Iterable[list[str]]:
    return (words[at : at + 4] for at, word in enumerate(words) if word == "--slave" and len(words) >= at + 4)
