"""What the image stands on: an official Python image for Docker's builder, a release of Debian for ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lading.errors import BadInput
from lading.model import Fact, Project
from lading.settings import Settings

#: The Debian releases that our own base is made of, the first that the project allows, and the interpreter of each.
SUITES = {"trixie": "3.13.5", "bookworm": "3.11.2"}

#: The interpreters of the official images that still get fixes, the one that we like best first.
MINORS = ("3.12", "3.13", "3.11", "3.14")


def suite(project: Project, because: dict[str, str]) -> str:
    """The Debian release of our own base; empty where none has a Python that the project allows.

    The newest, unless the authors run a Python that only the one before still has: what they never tried is not ours
    to try, and old pins have no wheels for a new interpreter.
    """
    python, run = project.python, project.interpreter
    allowed = [one for one, has in SUITES.items() if not python or _allows(python, has)]
    same = [one for one in allowed if run and SUITES[one].startswith(f"{run.value}.")]
    because["base.python"] = run.because if run and same else python.because if python else "default"
    return next(iter(same + allowed), "")


def compiling(names: Iterable[str]) -> tuple[str, ...]:
    """What compiles `names`' needs: to Debian the C library's headers are only a recommendation of a compiler's."""
    found = dict.fromkeys(names)
    return (*found, *(("libc6-dev",) if {"gcc", "g++"} & found.keys() and "libc6-dev" not in found else ()))


def image(project: Project, settings: Settings, because: dict[str, str]) -> str:
    """The Dockerfile's base: of the Python that the authors run, else the one that we like best, as allowed."""
    default: str = settings["python-image"].value
    python, run = project.python, project.interpreter
    because["base.image"] = settings["python-image"].because

    def allowed(minor: str) -> bool:
        return python is None or any(_allows(python, f"{minor}.{patch}") for patch in range(50))

    if settings.given("python-image"):
        tag = re.search(r"python:(\d+\.\d+)", default)
        if python and tag and not allowed(tag[1]):
            raise BadInput(
                f"the project wants Python {python.value}, and the image is `{default}`",
                where=python.because,
                hint="choose another with `python-image`",
            )
        return default
    if run and run.value in MINORS and allowed(run.value):
        because["base.image"] = run.because
        return f"python:{run.value}-slim"
    if python is None or allowed(MINORS[0]):
        return default
    because["base.image"] = python.because
    for minor in (*MINORS, "3.10", "3.9"):
        if allowed(minor):
            return f"python:{minor}-slim"
    raise BadInput(
        f"no image is known for Python {python.value}", where=python.because, hint="say one with `python-image`"
    )


def _allows(python: Fact[str], version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(python.value).contains(version)
    except InvalidSpecifier as error:
        raise BadInput(
            f"`{python.value}` is not a version specifier", where=python.because, hint="write it as in `>=3.11`"
        ) from error
