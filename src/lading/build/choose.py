"""A pylock.toml (PEP 751) → the one wheel of each package that the image can run, with a hash that the project allows.

uv resolves for one platform, so that whatever it names is needed and its markers hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from lading.build import explain
from lading.build.lock import GLIBC, MACHINES, Distribution
from lading.dependencies import requirement
from lading.errors import BadInput, Untrusted
from lading.model import Plan

#: The names that manylinux had before PEP 600: glibc 2.x → the tag.
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_HASH = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})\b")


def hashes(inputs: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    """Name of a distribution → the SHA-256 that the requirements files `inputs` give for it."""
    given: dict[str, frozenset[str]] = {}
    for data in inputs.values():
        for line in re.sub(r"\\\r?\n", " ", data.decode(errors="replace")).splitlines():
            if found := _HASH.findall(line):
                name, _ = requirement.name(line.partition(" --hash")[0].strip())
                given[name] = given.get(name, frozenset()).union(found)
    return given


def wheels(
    answer: Mapping[str, Any],
    plan: Plan,
    platform: str,
    inputs: Mapping[str, bytes],
    given: Mapping[str, frozenset[str]],
) -> Iterator[Distribution]:
    """The wheels of `answer`, in its order, which is by name.

    uv does not compare hashes when it resolves, so that is done here. Raises `Untrusted` for a package none of whose
    wheels has a hash of `given`, `BadInput` for one without a wheel for `platform`, or that cannot be fetched.
    """
    ranks = _ranks(plan.base.suite, plan.base.python, MACHINES[platform])
    for package in answer.get("packages", ()):
        name, version = package["name"], package.get("version", "")
        listed = list(_listed(package, ranks))
        if not listed:
            raise explain.no_wheel(f"{name} {version}".strip(), inputs, platform=platform, python=plan.base.python)
        allowed = [one for one in listed if name not in given or one[2]["hashes"].get("sha256") in given[name]]
        if not allowed:
            raise Untrusted(
                f"`{listed[0][1]}` has none of the hashes that the project gives for {name}",
                where=explain.place(name, inputs),
                hint="lock again for every platform, with `uv pip compile --universal --generate-hashes`",
            )
        _, filename, wheel = min(allowed, key=lambda one: one[:2])
        yield Distribution(
            name=name, version=version, filename=filename, url=_url(name, wheel), sha256=wheel["hashes"]["sha256"]
        )


def _listed(package: Mapping[str, Any], ranks: Mapping[object, int]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """The wheels of `package` that the image can run: how well, the file's name, the table."""
    from packaging import utils

    tables: Iterable[Mapping[str, Any]] = package.get("wheels", ())
    for table in [package["archive"]] if "archive" in package else tables:
        filename = table.get("name") or unquote(urlsplit(table.get("url") or table["path"]).path.rpartition("/")[2])
        if filename.endswith(".whl"):
            fits = [ranks[tag] for tag in utils.parse_wheel_filename(filename)[3] if tag in ranks]
            if fits:
                yield min(fits), filename, table


def _ranks(suite: str, python: str, machine: str) -> dict[object, int]:
    """Each tag that the image's interpreter takes (PEP 425, PEP 600) → its place, the best first."""
    from packaging import tags

    version = tuple(int(part) for part in python.split("."))
    newest = GLIBC.get(suite, min(GLIBC.values()))
    names = [name for minor in range(newest, 4, -1) for name in (f"manylinux_2_{minor}", _LEGACY.get(minor)) if name]
    platforms = [f"{name}_{machine}" for name in (*names, "linux")]
    own = tags.cpython_tags(version, platforms=platforms)
    pure = tags.compatible_tags(version, f"cp{python.replace('.', '')}", platforms)
    return {tag: rank for rank, tag in reversed(list(enumerate((*own, *pure))))}


def _url(name: str, wheel: Mapping[str, Any]) -> str:
    url = str(wheel.get("url", ""))
    if not url.startswith(("https://", "http://", "file://")) or "@" in urlsplit(url).netloc:
        raise BadInput(
            f"`{name}` comes from a folder or from an index with a password, and the native builder reads neither yet",
            hint="build with `--builder docker`",
        )
    return url
