"""lading: turns a FastAPI backend into a production container, and proves that the container works.

    >>> import lading
    >>> report = lading.ship("examples/task-list")          # doctest: +SKIP
    >>> [finding.message for finding in report.findings if finding.verdict == "fail"]  # doctest: +SKIP
    []

The stages, one module each, every one a function from one noun to the next:

    detect.detect   Source, Settings → Project        render.files     Plan → {path: text}
    plan.make       Project, Settings → Plan          observe.observe  Plan, Image → Observation
    build.native    Plan, Source → Image              checks.judge     Evidence → Findings
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lading.errors import BadInput, Error, NotFound, Outside, Untrusted
    from lading.model import Fact, Finding, Image, Observation, Plan, Project, Report
    from lading.source import Directory, Memory
    from lading.stages import ship

__all__ = [
    "BadInput", "Directory", "Error", "Fact", "Finding", "Image", "Memory", "NotFound", "Observation", "Outside",
    "Plan", "Project", "Report", "Untrusted", "ship",
]  # fmt: skip

#: Where each public name lives; it is imported when it is first used, so that `import lading` costs nothing.
_HOME = {
    **dict.fromkeys(("BadInput", "Error", "NotFound", "Outside", "Untrusted"), "errors"),
    **dict.fromkeys(("Fact", "Finding", "Image", "Observation", "Plan", "Project", "Report"), "model"),
    **dict.fromkeys(("Directory", "Memory"), "source"),
    "ship": "stages",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lading' has no attribute '{name}'")
    return getattr(import_module(f"lading.{_HOME[name]}"), name)
