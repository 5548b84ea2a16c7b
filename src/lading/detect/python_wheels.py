"""The file names of locked wheels → the newest Python release that all of them are for, and what has no wheel at all.

Platform compatibility tags: PEP 425, PEP 600; `abi3` is for its release and every newer one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lading.dependencies.locks import Package

#: Python 3 releases with wheels on an index today; a lock from before a release knows none of it.
_NEWEST = 14

_WHEEL = re.compile(r".+-(?P<python>[\w.]+)-(?P<abi>[\w.]+)-(?P<platform>[\w.]+)\.whl")


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest release, and the package that allows none newer."""

    minor: int
    where: str
    said: str


def newest(packages: Iterable[Package], lock: str) -> Newest | None:
    """None where every wheel is for the newest release that there is, or where there are no file names."""
    found: Newest | None = None
    for one in packages:
        minor = _minor(one)
        if minor is not None and minor < _NEWEST and (found is None or minor < found.minor):
            where = f"{lock}:{one.line}" if one.line else lock
            found = Newest(minor, where, f"{where}: {one.name} {one.version} has no wheel for Python 3.{minor + 1}")
    return found


def compiled(one: Package) -> bool:
    """Whether a package is a source distribution here, and a compiled one: others have wheels of it, Linux has none."""
    names = [name for name, _ in one.files]
    wheels = [match["platform"] for name in names if (match := _WHEEL.fullmatch(name))]
    return bool(wheels) and len(names) > len(wheels) and not any(_linux(platform) for platform in wheels)


def source_only(one: Package) -> bool:
    """Whether the lock has a source distribution of a package and no wheel; False where it has no file names."""
    names = [name for name, _ in one.files if name]
    return bool(names) and not any(name.endswith(".whl") for name in names)


def _linux(platform: str) -> bool:
    return platform == "any" or "linux" in platform


def _minor(one: Package) -> int | None:
    """The newest minor release that a package's Linux wheels are for; None for any."""
    if any("python_version" in part or "python_full_version" in part for some in one.marker for part in some):
        return None
    best: int | None = None
    for name, _ in one.files:
        match = _WHEEL.fullmatch(name)
        if match is None or not _linux(match["platform"]) or "musllinux" in match["platform"]:
            continue
        if "abi3" in match["abi"] or re.search(r"py3|py2\.py3", match["python"]):
            return None
        for minor in re.findall(r"cp3(\d{1,3})(?!\d)", match["python"]):
            best = max(best or 0, int(minor))
    return best
