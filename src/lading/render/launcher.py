"""Plan → the launcher and its decisions, where the Dockerfile finds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lading import launch
from lading.dependencies import exported
from lading.model import Plan
from lading.oci import elf

#: The programs' names in the project: without `.py`, so that the project's own formatters and linters leave them alone.
NAMES = {"launch.py": "launcher", "__main__.py": "starter"}

#: In the project; in the image they stand in `launch.FOLDER`.
FOLDER = ".lading"

REQUIREMENTS = f"{FOLDER}/requirements.txt"

#: What strips the compiled parts of the dependencies; only the builder reads it.
STRIPPER = f"{FOLDER}/stripper"

#: The launcher's decisions in the stage `dev`.
DEVELOPMENT = f"{FOLDER}/launch.dev.json"


def render(plan: Plan, /) -> Mapping[str, str]:
    """The launcher, its decisions, and the requirements where uv does not read the manager's own files."""
    files = {f"{FOLDER}/{named(name)}": data.decode() for name, data in launch.files(plan).items()}
    if plan.strip:
        files[STRIPPER] = Path(elf.__file__).read_text()
    files[DEVELOPMENT] = launch.development(plan).decode()
    requirements = exported.text(plan.dependencies)
    if requirements is not None:
        files[REQUIREMENTS] = f"# Written by lading, from {plan.dependencies.files[-1]}.\n{requirements}"
    return files


def named(name: str) -> str:
    """What a file of the launcher's folder in the image is called in the project."""
    return NAMES.get(name, name)
