"""The locked set and the code → the Debian packages that they need, from a table kept as data (data/system.toml).

What a wheel brings in itself needs nothing; what it opens at run time, or runs as a program, no wheel tells.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from lading.dependencies import installs, requirement
from lading.dependencies.locks import Package
from lading.detect import python_wheels, system_programs
from lading.detect.code import Code
from lading.model import Confidence, Dependencies, Fact, SystemPackage

#: Needed by whatever is compiled.
_COMPILER = "gcc"


def detect(
    code: Code, reached: Collection[str], declared: Fact[Dependencies], packages: Iterable[Package]
) -> tuple[Fact[SystemPackage], ...]:
    """The packages, those of the build first, each once, with the distribution or the call that needs it."""
    locked = {one.name: one for one in packages}
    asked = [requirement.name(text) for text in declared.value.requirements]
    # `psycopg[binary]` is what brings psycopg-binary.
    direct = {name for name, _ in asked if name} | {f"{name}-{extra}" for name, extras in asked for extra in extras}
    needed = {**dict.fromkeys(sorted(direct - set(locked))), **locked}
    found = [
        *_distributions(needed, _places(code, declared.value, locked)),
        *_programs(code, reached),
        *_images(code),
    ]
    once: dict[tuple[str, str], Fact[SystemPackage]] = {}
    for fact in found:
        once.setdefault((fact.value.stage, fact.value.name), fact)
    return tuple(sorted(once.values(), key=lambda fact: (fact.value.stage, fact.value.name)))


def _places(code: Code, declared: Dependencies, locked: Mapping[str, Package]) -> dict[str, str]:
    """Where each distribution is named: in the lock, else in the first of the declaring files."""
    found = {name: f"{declared.files[0]}:{one.line}" for name, one in locked.items() if one.line}
    for path in declared.files if len(found) < len(locked) or not locked else ():
        for number, line in enumerate(code.source.read(path).decode(errors="replace").splitlines(), 1):
            if match := re.match(r"""[\s\ufeff"']*([A-Za-z0-9][\w.-]*)""", line):
                found.setdefault(requirement.normal(match[1]), f"{path}:{number}")
    return dict.fromkeys(("",), declared.files[0]) | found


def _distributions(needed: Mapping[str, Package | None], places: Mapping[str, str]) -> Iterator[Fact[SystemPackage]]:
    """What the table says of each distribution, and a compiler for what only other systems have a wheel of."""
    table = _table()["distributions"]
    for name, one in needed.items():
        place = places.get(name, places[""])
        row = table.get(name, {})
        if not needed.keys().isdisjoint(row.get("unless", ())):
            continue
        build, source = row.get("build", ()), row.get("source", "it has no wheel for Linux")
        built = one is not None and (python_wheels.compiled(one) or bool(build and python_wheels.source_only(one)))
        built |= row.get("wheel") is False and (one is None or not _has_wheel(one))
        sure: Confidence = "sure" if row else "likely"
        yield from (
            _fact(each, "build", name, place, sure=sure, source=source) for each in (_COMPILER, *build) if built
        )
        runs = (*(row.get("links", ()) if built else ()), *row.get("run", ()))
        yield from (_fact(each, "run", name, place, sure=sure, source=source) for each in runs)


def _has_wheel(one: Package) -> bool:
    return any(name.endswith(".whl") and "linux" in name for name, _ in one.files)


def _programs(code: Code, reached: Collection[str]) -> Iterator[Fact[SystemPackage]]:
    """Programs of the table that the reached code runs: `subprocess.run(["ffmpeg", …])`."""
    programs = _table()["programs"]
    # Nothing is followed where no reached file names one of them.
    named = code.having(reached, *(name.encode() for name in programs))
    for run in system_programs.runs(code, reached) if named else ():
        if run.program in programs:
            package = programs[run.program]["package"]
            yield _fact(package, "run", f"{run.call}({run.program!r})", run.where, sure=run.sure)


def _images(code: Code) -> Iterator[Fact[SystemPackage]]:
    """Programs of the table that the project's own image for production installs: nobody does that in vain."""
    packages = {row["package"] for row in _table()["programs"].values() if row.get("image", True)}
    for path in installs.dockerfiles(code.source):
        text = code.source.read(path)[:200_000].decode(errors="replace")
        if not re.search(r"apt(?:-get)?\s", text):
            continue
        joined = re.sub(r"\\\r?\n", lambda _: "\\\x00", text)
        for match in re.finditer(r"apt(?:-get)?\s+(?:-\S+\s+)*install\b([^\n;&|]*)", joined):
            for word in re.finditer(r"[a-z0-9][a-z0-9.+-]+", match[1]):
                if word[0] in packages:
                    before = joined[: match.start(1) + word.start()]
                    line = before.count("\n") + before.count("\x00") + 1
                    yield _fact(word[0], "run", "the project's own image", f"{path}:{line}")


def _fact(
    package: str,
    stage: Literal["build", "run"],
    needed_by: str,
    where: str,
    *,
    sure: Confidence = "likely",
    source: str = "",
) -> Fact[SystemPackage]:
    value = SystemPackage(name=package, stage=stage, needed_by=needed_by)
    return Fact(value, where, confidence=sure, others=(source,) if source else (), key="packages")


def on(package: str, suite: str) -> str | None:
    """What a package of the table, which has Debian 13's names, is called in another release; None: it is not there."""
    renamed = _table()["suites"].get(suite, {})
    return renamed.get(package, package) or None


@cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    """The table, by the name of each distribution and of each program."""
    rows = tomllib.loads(resources.files("lading.detect").joinpath("data/system.toml").read_text("utf-8"))
    return {
        "distributions": {name: row for row in rows["distribution"] for name in row["names"]},
        "suites": rows["suite"],
        "programs": {name: row for row in rows["program"] for name in row["names"]},
    }
