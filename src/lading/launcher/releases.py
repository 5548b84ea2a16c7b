"""A command line → without the options that the installed release of its program does not know."""

from __future__ import annotations

import os

from . import SITE

#: A distribution, an option of its program that has a value, and the first release that knows it.
_SINCE = (
    ("uvicorn", "--timeout-graceful-shutdown", (0, 22)),
    ("granian", "--workers-kill-timeout", (1, 7, 6)),
    ("taskiq", "--wait-tasks-timeout", (0, 11, 1)),
)


def known(line: list[str]) -> list[str]:
    """`line` without what an older release would take for a mistake: it then waits as long as it does by itself."""
    for name, option, first in _SINCE:
        if name in line and option in line and (release(name) or first) < first:
            at = line.index(option)
            line = line[:at] + line[at + 2 :]
    return line


def release(name: str) -> tuple[int, ...]:
    """The numbers of the release that is installed; none where it is not, or not as wheels are.

    Source: PyPA, "Recording installed projects": the folder is called `name-version.dist-info`.
    """
    try:
        found = [entry for entry in os.listdir(SITE) if entry.startswith(f"{name}-") and entry.endswith(".dist-info")]
    except OSError:
        return ()
    parts = found[0][len(name) + 1 : -len(".dist-info")].split(".") if found else []
    return tuple(int(part) for part in parts if part.isdigit())
