"""What uv's `pip` commands do not read themselves, such as another manager's lock → a requirements file."""

from __future__ import annotations

from lading.dependencies import local
from lading.model import Dependencies

#: The managers whose own files are given to uv as they are.
READ = frozenset({"requirements", "pyproject"})


def text(dependencies: Dependencies) -> str | None:
    """The requirements file: the locked closure where there is one, else what is asked for; None where none is needed.

    Folders are not in it: they are installed by themselves, once all that they need is there. Source of the form:
    pip's reference, "Requirements file format".
    """
    lines = dependencies.pinned or dependencies.requirements
    kept = [line for line in lines if local.place(line) is None]
    if dependencies.manager in READ and not dependencies.pinned and len(kept) == len(lines):
        return None
    return "".join(f"{line}\n" for line in kept)
