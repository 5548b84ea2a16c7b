"""The docstrings of the checks → docs/checks.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType

from lading.checks.criteria import ASIDE
from lading.checks.evidence import Check, identifier, needs
from lading.model import Criterion

_EVIDENCE = {
    "project": "the project",
    "plan": "the plan",
    "dockerfile": "the Dockerfile",
    "ignore": "`.dockerignore`",
    "tree": "the source files' names",
    "context": "the names of all that the builder may be sent",
    "files": "the files around the image",
    "development": "a container of the development stage",
    "image": "the image",
    "contents": "the image's files",
    "observation": "any start",
}

_HEAD = """\
# The checks

Each proves one thing, and says what it saw. A verdict is *pass*, *fail*, *skip* (there is nothing to prove),
*unknown* (it could not be decided, which is no pass) or *waived*. A criterion names checks, and is as good as the
worst of them: fail, unknown, waived, skip, pass, in this order. These are the criteria of a project that brings none:

| criterion | what it promises | checks |
|---|---|---|
"""

_OWN = """
Beside them, these hold where criteria of your own name them, most of what stands beside the image: {aside}.

Criteria of your own take the place of these, in `pyproject.toml`:

```toml
[[tool.lading.criteria]]
id = "small"
title = "The image is under 200 MB"
checks = ["size"]
```

What follows is made from the docstrings of `lading.checks`, by `lading.checks.documentation`.
"""


def markdown(modules: Sequence[ModuleType], criteria: Sequence[Criterion]) -> str:
    """The whole document."""
    rows = (f"| `{one.id}` | {one.title} | {', '.join(_link(check) for check in one.checks)} |\n" for one in criteria)
    sections = (_section(check) for module in modules for check in module.CHECKS)
    return _HEAD + "".join(rows) + _OWN.replace("{aside}", ", ".join(map(_link, ASIDE))) + "".join(sections)


def title(check: Check) -> str:
    """The first line of the docstring of `check`, without its full stop."""
    return (inspect.getdoc(check) or "").partition("\n")[0].rstrip(".")


def _section(check: Check) -> str:
    said = (inspect.getdoc(check) or "").partition("\n")[2].strip()
    return f"\n## {identifier(check)}\n\n**{title(check)}.**\n{said}\n\nNeeds: {', '.join(_names(check))}.\n"


def _names(check: Check) -> Iterator[str]:
    for name, required in needs(check).items():
        yield _EVIDENCE.get(name, f"the start `{name}`") + ("" if required else " where there is one")


def _link(check: str) -> str:
    return f"[{check}](#{check})"
