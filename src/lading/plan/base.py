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
#: Those that get none any more.
_ENDED = ("3.10", "3.9")


def suite(project: Project, because: dict[str, str]) -> str:
    """The Debian release of our own base; empty where none has a Python that the project allows.

    The newest, unless the authors run a Python that only the one before still has, or the lock has wheels for no newer
    one: what they never tried is not ours to try.
    """
    python, run, newest = project.python, project.interpreter, project.newest
    allowed = [one for one, has in SUITES.items() if not python or _allows(python, has)]
    same = [one for one in allowed if run and SUITES[one].startswith(f"{run.value}.")]
    old = [one for one in allowed if newest and _number(SUITES[one]) <= _number(newest.value)]
    chosen = next(iter(same + old + allowed), "")
    reasons = [one.because for one in ((run if same else None), (newest if old else None), python) if one]
    because["base.python"] = next(iter(reasons), "default")
    return chosen


def compiling(names: Iterable[str]) -> tuple[str, ...]:
    """What compiles `names`' needs: to Debian the C library's headers are only a recommendation of a compiler's."""
    found = dict.fromkeys(names)
    return (*found, *(("libc6-dev",) if {"gcc", "g++"} & found.keys() and "libc6-dev" not in found else ()))


def image(project: Project, settings: Settings, because: dict[str, str]) -> str:
    """The Dockerfile's base: of the Python that the authors run, else the one that we like best, as allowed.

    One that gets no fixes any more is taken where the lock has wheels for no newer one: the rest would not be built.
    """
    default: str = settings["python-image"].value
    python, run, newest = project.python, project.interpreter, project.newest
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
    ran = [run.value] if run else []
    order = [one for one in (*(one for one in ran if one in MINORS), *MINORS, *ran, *_ENDED) if allowed(one)]
    wheels = [one for one in order if newest is None or _number(one) <= _number(newest.value)]
    if python and not order:
        raise BadInput(
            f"no image is known for Python {python.value}", where=python.because, hint="say one with `python-image`"
        )
    # What the authors run they can build, whatever wheels there are.
    minor = next(iter([*(one for one in ran if one in MINORS and allowed(one)), *wheels, *order]))
    if run and minor == run.value:
        because["base.image"] = run.because
    elif newest and wheels and minor != order[0]:
        because["base.image"] = newest.because
    elif python and minor != MINORS[0]:
        because["base.image"] = python.because
    return default if minor == MINORS[0] else f"python:{minor}-slim"


def _number(version: str) -> int:
    """The minor version of Python 3."""
    return int(version.split(".")[1])


def _allows(python: Fact[str], version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(python.value).contains(version)
    except InvalidSpecifier as error:
        raise BadInput(
            f"`{python.value}` is not a version specifier", where=python.because, hint="write it as in `>=3.11`"
        ) from error
