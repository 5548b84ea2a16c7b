"""Plan → the launcher and its decisions, where the Dockerfile finds them."""

from __future__ import annotations

from collections.abc import Mapping

from lading import launch
from lading.dependencies import exported
from lading.model import Plan

#: In the project.
FOLDER = ".lading"

#: The launcher's modules, which stand in the image's `launch.FOLDER`: here without `.py`, so that the project's own
#: formatters and linters leave them alone.
MODULES = f"{FOLDER}/launch"

#: Its decisions.
DECISIONS = f"{FOLDER}/launch.json"

REQUIREMENTS = f"{FOLDER}/requirements.txt"

#: The launcher's decisions in the stage `dev`.
DEVELOPMENT = f"{FOLDER}/launch.dev.json"


def render(plan: Plan, /) -> Mapping[str, str]:
    """The launcher, its decisions, and the requirements where uv does not read the manager's own files."""
    files = {named(name): data.decode() for name, data in launch.files(plan).items()}
    files[DEVELOPMENT] = launch.development(plan).decode()
    requirements = exported.text(plan.dependencies)
    if requirements is not None:
        files[REQUIREMENTS] = f"# Written by lading, from {plan.dependencies.files[-1]}.\n{requirements}"
    return files


def named(name: str) -> str:
    """Where a file of the launcher's folder in the image is in the project."""
    return f"{MODULES}/{name.removesuffix('.py')}" if name.endswith(".py") else f"{FOLDER}/{name}"
