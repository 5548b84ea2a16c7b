"""The `*.dist-info` of an image → whether the production dependencies are all there, and nothing beside them."""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cache
from typing import TYPE_CHECKING

from lading.checks.evidence import Check, Said, counted, failed, passed, unknown
from lading.dependencies import requirement
from lading.model import Contents, Image, Plan
from lading.plan import PROJECT

if TYPE_CHECKING:
    from packaging.requirements import Requirement

#: What people develop with and no container serves with, unless the project itself requires it.
DEVELOPMENT = frozenset(
    {
        "black", "coverage", "debugpy", "factory-boy", "faker", "flake8", "httpx", "hypothesis", "ipdb", "ipython",
        "isort", "mypy", "nox", "pre-commit", "pylint", "pytest", "pytest-asyncio", "pytest-cov", "pytest-mock",
        "pytest-xdist", "ruff", "tox",
    }
)  # fmt: skip

#: What an interpreter's own image brings with it.
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})

_METADATA = re.compile(rf"(.*/(?:site|dist)-packages|{PROJECT})/[^/]+\.dist-info/METADATA")
_RECORD = re.compile(r"(.*/(?:site|dist)-packages)/[^/]+\.dist-info/RECORD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution, as its METADATA says."""

    name: str  # normalised, PEP 503
    version: str
    requires: tuple[str, ...]
    place: str  # its site-packages; `PROJECT` where it is of the project's own code


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A distribution that another one requires."""

    name: str
    parent: str  # as in "fastapi[standard]"; "the project" for a direct one
    specifier: str


def installed(contents: Contents) -> tuple[Distribution, ...]:
    """The distributions in the image, by name; one that stands in two places is there twice."""
    found = ((_METADATA.fullmatch(path), file.data) for path, file in contents.files.items())
    out = [_distribution(data.decode(errors="replace"), match[1]) for match, data in found if match and data]
    return tuple(sorted(out, key=lambda one: (one.name, one.place)))


def brought(contents: Contents) -> frozenset[str]:
    """The absolute paths of the files that wheels brought, as their RECORDs say.

    What an installer adds itself, as the bytecode that pip compiles, stands there as well, but without a hash. Source:
    "Recording installed projects, The RECORD file".
    """
    found = ((_RECORD.fullmatch(path), file.data) for path, file in contents.files.items())
    return frozenset(
        posixpath.normpath(posixpath.join(match[1], row[0]))
        for match, data in found
        if match and data
        for row in csv.reader(data.decode(errors="replace").splitlines())
        if len(row) > 1 and row[1]
    )


def production_dependencies(contents: Contents, image: Image, plan: Plan) -> Said:
    """Every production dependency is installed, with its extras, and all that it requires in turn.

    From each distribution's METADATA, nothing is run and no pip is needed. A marker that depends on the patch version
    of the interpreter counts only where every patch version agrees. Source: S0's AC2; PEP 508; "Core metadata
    specifications, Requires-Dist".
    """
    there = installed(contents)
    if not there:
        return _nothing(plan)
    by_name = {one.name: one for one in served(there, plan)}
    needs = list(closure(plan.dependencies.requirements, by_name, python(by_name, plan), image.platform, sure=True))
    missing = [need for need in needs if need.name not in by_name]
    wrong = [need for need in needs if need.name in by_name and not satisfied(need, by_name[need.name])]
    return [failed(f"`{need.name}` is missing, and {need.parent} requires it") for need in missing] + [
        failed(f"`{need.name}` is {by_name[need.name].version}, and {need.parent} requires {need.specifier}")
        for need in wrong
    ] or passed(f"{counted(len({need.name for need in needs}), 'distribution')}, all that production requires")


def no_development_dependencies(contents: Contents, image: Image, plan: Plan) -> Said:
    """Nothing is installed that production does not require: no pytest, no pytest-cov, no httpx.

    Judged beside the production dependencies, so not of what the interpreter's image has of its own. A tool for
    development that comes only by an extra, as httpx does by `fastapi[standard]`, counts as one until the project
    requires it by its own name. Source: S0's AC2.
    """
    there = installed(contents)
    if not there:
        return _nothing(plan)
    production = served(there, plan)
    by_name = {one.name: one for one in production}
    minor, direct = python(by_name, plan), plan.dependencies.requirements
    allowed: dict[str, Need] = {}
    for need in closure(direct, by_name, minor, image.platform, sure=False):
        allowed.setdefault(need.name, need)
    plain = {need.name for need in closure(direct, by_name, minor, image.platform, sure=False, extras=False)}
    # A lock that holds no graph may hold more than the rest requires: it says what production gets.
    own = {_normal(plan.name), *(requirement.name(text)[0] for text in plan.dependencies.pinned)}
    beside = [one for one in production if one.name not in allowed and one.name not in own]
    outside = [one for one in beside if not (one.name in _INSTALLERS and one.place.startswith("/usr/"))]
    by_extra = sorted((DEVELOPMENT & by_name.keys() & allowed.keys()) - plain)
    return [
        failed(f"`{one.name}` is installed, and production does not require it", where=one.place) for one in outside
    ] + [
        failed(
            f"`{name}` is installed, pulled in by {allowed[name].parent}",
            where=by_name[name].place,
            hint=f"require what the extra is for by name, or require `{name}` itself if the application uses it",
        )
        for name in by_extra
    ] or passed(f"{counted(len(production), 'distribution')}, none beside what production requires")


def closure(
    requirements: Iterable[str],
    there: Mapping[str, Distribution],
    python: str,
    platform: str,
    *,
    sure: bool,
    extras: bool = True,
) -> Iterator[Need]:
    """All that `requirements` need in turn, as far as it is `there`.

    `sure` asks that a marker holds for every patch version of `python`, instead of any.
    """
    environments = tuple(_environments(python, platform))
    decide = all if sure else any
    todo = [(text, "the project", "") for text in requirements]
    seen: set[tuple[str, str]] = set()
    while todo:
        text, parent, extra = todo.pop(0)
        one = _requirement(text)
        if one is None or (
            one.marker and not decide(one.marker.evaluate({**each, "extra": extra}) for each in environments)
        ):
            continue
        name = _normal(one.name)
        yield Need(name=name, parent=parent, specifier=str(one.specifier))
        for asked in ("", *(sorted(one.extras) if extras else ())):
            if (name, asked) not in seen and name in there:
                seen.add((name, asked))
                label = f"{name}[{asked}]" if asked else name
                todo += [(required, label, _normal(asked)) for required in there[name].requires]


def served(there: tuple[Distribution, ...], plan: Plan) -> tuple[Distribution, ...]:
    """The distributions beside the production ones, where an interpreter's image has some of its own elsewhere.

    With them what the builders install from folders of the repository, which has a place of its own.
    """
    direct = {_normal(one.name) for one in map(_requirement, plan.dependencies.requirements) if one}
    counts: dict[str, int] = {}
    for one in there:
        if one.place == PROJECT:
            continue
        counts[one.place] = counts.get(one.place, 0) + (one.name in direct)
    best = max(counts, key=lambda place: (counts[place], not place.startswith("/usr/"), place), default=PROJECT)
    return tuple(one for one in there if one.place in {best, PROJECT})


def _nothing(plan: Plan) -> Said:
    if not plan.dependencies.requirements:
        return passed("nothing is required, and nothing is installed")
    return unknown("no distribution's METADATA was found in the image")


def satisfied(need: Need, one: Distribution) -> bool:
    """Whether `one` is of a version that was asked for."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(need.specifier).contains(one.version, prereleases=True)
    except InvalidVersion:
        return False


def _distribution(text: str, place: str) -> Distribution:
    # As a mail's: lines may end as on Windows, and a header may go on in the next line.
    headers = HeaderParser().parsestr(text, headersonly=True)
    requires = tuple(" ".join(str(one).split()) for one in headers.get_all("Requires-Dist", ()))
    name, version = (str(headers.get(one, "")).strip() for one in ("Name", "Version"))
    return Distribution(name=_normal(name), version=version, requires=requires, place=place)


def python(there: Mapping[str, Distribution], plan: Plan) -> str:
    """The interpreter's minor version: that of the folder the distributions are in, else the plan's."""
    found = (re.search(r"/python(3\.\d+)/", one.place) for one in there.values())
    return next((match[1] for match in found if match), plan.base.python)


def _environments(python: str, platform: str) -> Iterator[dict[str, str]]:
    """The marker environments (PEP 508) of the first and of a late patch version of `python` on Linux."""
    machine = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}.get(platform, platform.rpartition("/")[2])
    for full in (f"{python}.0", f"{python}.99"):
        yield {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": full,
            "python_version": python,
            "sys_platform": "linux",
        }


@cache
def _requirement(text: str) -> Requirement | None:
    """A requirement, or None for what older tools wrote and PEP 508 does not allow."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


CHECKS: tuple[Check, ...] = (production_dependencies, no_development_dependencies)
