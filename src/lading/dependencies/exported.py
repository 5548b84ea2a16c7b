"""What uv's `pip` commands do not read themselves, such as another manager's lock → a requirements file."""

from __future__ import annotations

from lading.model import Dependencies

#: The managers whose own files are given to uv as they are.
READ = frozenset({"requirements", "pyproject"})


def text(dependencies: Dependencies) -> str | None:
    """The requirements file: the locked closure where there is one, else what is asked for; None where none is needed.

    Source of the form: pip's reference, "Requirements file format".
    """
    if dependencies.manager in READ:
        return None
    return "".join(f"{line}\n" for line in dependencies.pinned or dependencies.requirements)
