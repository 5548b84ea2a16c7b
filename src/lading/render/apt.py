"""Debian packages → the words that a Dockerfile installs them with, whichever release of Debian its base is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from lading.detect import system


def names(packages: Iterable[str]) -> str:
    """The packages as words of a shell.

    A plan has the names of Debian 13. Some are others in Debian 12, of which the official images were made until 2025:
    where one of `packages` is, the shell of the build asks the base which it is.
    """
    newer = list(packages)
    older = [name for name in (system.on(one, "bookworm") for one in newer) if name]
    if older == newer:
        return shlex.join(newer)
    both = [name for name in newer if name in older]
    only = [name for name in newer if name not in older]
    before = [name for name in older if name not in newer]
    cases = f"bookworm) echo {shlex.join(before)};; *) echo {shlex.join(only)};;"
    asked = f"$(. /etc/os-release; case $VERSION_CODENAME in {cases} esac)"
    return " ".join([*([shlex.join(both)] if both else []), asked])
