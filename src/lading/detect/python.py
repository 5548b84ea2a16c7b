"""Manifests, version files, Dockerfiles, CI and the code → the Python releases that the project is for (PEP 440).

What is declared stands, and what contradicts it is said beside it; where nothing is, the strongest of the rest does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from lading.dependencies import constraint, installs, locks, pipenv, pyproject, setuptools
from lading.dependencies.locks import Package, string, strings, table
from lading.detect import python_wheels
from lading.detect.code import Code
from lading.detect.python_removed import Removed
from lading.errors import BadInput
from lading.model import Confidence, Fact
from lading.source import Source

#: Version files, and the pattern of the line that counts: pyenv's and uv's, asdf's and mise's, Heroku's.
_FILES = (
    (".python-version", r"\s*(?:cpython-|python-)?(3\.\d+)(?:\.\d+)?\s*(?:$|#)"),
    (".tool-versions", r"\s*python\s+(3\.\d+)"),
    ("runtime.txt", r"\s*python-?\s*(3\.\d+)"),
    (".mise.toml", r"\s*python\s*=\s*[\"'](3\.\d+)"),
    ("mise.toml", r"\s*python\s*=\s*[\"'](3\.\d+)"),
)

#: What only newer releases can parse, newest first, with what is in every such file. (PEP 758, 695, 654, 634.)
#: All begin with the end of a line, which is found faster than the beginning of one.
_SYNTAX = (
    (14, (b"except ",), re.compile(rb"\n[ \t]*except[ \t]+(?:\w+\.)*[A-Z]\w*[ \t]*,[ \t]*(?:\w+\.)*[A-Z][\w., ]*:")),
    (12, (b"type ",), re.compile(rb"\n[ \t]*type +\w+(?:\[[^\]\n]*\])? *= *\w")),
    (12, (b"def ", b"class "), re.compile(rb"\n[ \t]*(?:(?:async +)?def|class) +\w+ *\[\w")),
    (11, (b"except*", b"except *"), re.compile(rb"\n[ \t]*except *\*")),
    (
        10,
        (b"match ",),
        re.compile(rb"\n([ \t]*)match [^\n=]+:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*\1[ \t]+case [^\n]+:"),
    ),
)

_Found = tuple[str, str, Confidence]  # the specifier, where, how sure


def detect(
    source: Source,
    code: Code | None = None,
    reached: Collection[str] = (),
    packages: Sequence[Package] = (),
    lock: str = "",
    *,
    removed: Removed | None = None,
) -> Fact[str] | None:
    """`requires-python` and its like, a promise, before version files, which are what the authors happen to use.

    The latter are read as "this minor release or a newer one". A module that the code
    imports and newer releases lack stands above a promise, which is seldom of releases that came later.

    Raises `BadInput` for what is no specifier.
    """
    found = [*_declared(source), *_used(source), *_seen(source)]
    # Syntax that the first of them promises anyway needs no search.
    found += _syntax(code, reached, found[0][0] if found else "") if code else ()
    newest = python_wheels.newest(packages, lock)
    if not found:
        limits = [(newest.minor, newest.where, newest.said)] if newest else []
        limits += [(removed.minor, removed.where, removed.said)] if removed else []
        if not limits:
            return None
        (minor, first, _), *later = sorted(limits)
        return Fact(f"<3.{minor + 1}", first, "likely", tuple(said for _, _, said in later))
    specifier, where, confidence = found[0]
    rest: dict[str, str] = {}
    for other, place, _ in found[1:]:
        rest.setdefault(other, place)
    others = [f"{rest[other]}: {_said(other)}{_against(specifier, other)}" for other in rest if other != specifier]
    if newest and _allows(specifier, newest.minor + 1):
        others.insert(0, newest.said)
        if confidence != "sure":
            specifier = f"{specifier},<3.{newest.minor + 1}"
    if removed and _narrows(specifier, removed.minor, interpreter(source)):
        others.insert(0, f"{where}: {_said(specifier)}")
        specifier = ",".join(part for part in (specifier, f"<3.{removed.minor + 1}") if part)
        where, confidence = removed.where, "likely"
    return Fact(specifier, where, confidence=confidence, others=tuple(dict.fromkeys(others)))


def notes(found: Fact[str] | None, removed: Removed | None) -> Iterator[Fact[str]]:
    """Why the newest releases are out, or what fails on them where they are promised."""
    if removed and found and (found.because == removed.where or _allows(found.value, removed.minor + 1)):
        yield Fact(removed.said, removed.where)


def interpreter(source: Source) -> Fact[str] | None:
    """The minor version that the authors run: a version file's, else that of their image. Nobody promises it."""
    for specifier, where, confidence in _used(source):
        return Fact(specifier.removeprefix(">="), where, confidence=confidence)
    return None


def newest(packages: Sequence[Package], lock: str) -> Fact[str] | None:
    """The newest minor version that every locked wheel is for; None where that is the newest there is."""
    found = python_wheels.newest(packages, lock)
    return Fact(f"3.{found.minor}", found.where) if found else None


def _declared(source: Source) -> Iterator[_Found]:
    """Promises: those of the manifest."""
    project = pyproject.project(source)
    if "requires-python" in project:
        where = pyproject.place(source, "requires-python", "project")
        yield _checked(project["requires-python"], where), where, "sure"
    poetry = table(table(pyproject.table(source).get("tool")).get("poetry"))
    if wanted := string(table(poetry.get("dependencies")).get("python")):
        where = pyproject.place(source, "python", "tool.poetry.dependencies")
        try:
            yield _checked(constraint.specifier(wanted), where), where, "sure"
        except ValueError as error:
            raise _bad(wanted, where, "python") from error
    yield from _pipenv(source)
    setup = setuptools.read(source)
    if setup and setup.python:
        yield _checked(setup.python, setup.python_place), setup.python_place, "sure"


def _pipenv(source: Source) -> Iterator[_Found]:
    if pipenv.MANIFEST not in source.files:
        return
    requires = table(locks.document(source, pipenv.MANIFEST).get("requires"))
    lines = source.read(pipenv.MANIFEST).splitlines()
    for key, end in (("python_full_version", ""), ("python_version", ".*")):
        value = string(requires.get(key))
        if re.fullmatch(r"3(\.\d+){1,2}", value):
            line = next((number for number, one in enumerate(lines, 1) if key.encode() in one), 1)
            exact = "" if value.count(".") == 2 else end
            yield f"=={value}{exact}", f"{pipenv.MANIFEST}:{line}", "sure"


def _used(source: Source) -> Iterator[_Found]:
    """What the authors happen to use: version files, then the image of production."""
    for path, pattern in _FILES:
        if path in source.files:
            for number, line in enumerate(source.read(path)[:10_000].decode(errors="replace").splitlines(), 1):
                if found := re.match(pattern, line):
                    yield f">={found[1]}", f"{path}:{number}", "sure"
                    break
    for path in installs.dockerfiles(source):
        yield from _image(source, path)


def _image(source: Source, path: str) -> Iterator[_Found]:
    lines = source.read(path)[:200_000].decode(errors="replace").splitlines()
    given = {}
    for line in lines:
        if found := re.match(r"\s*ARG\s+(\w+)=[\"']?([^\s\"']+)", line):
            given[found[1]] = found[2]
    for number, line in enumerate(lines, 1):
        if found := re.match(r"\s*FROM\s+(?:--\S+\s+)?(\S+)", line, re.IGNORECASE):
            image = re.sub(r"\$\{?(\w+)[^}]*\}?", lambda one: given.get(one[1], ""), found[1])
            if release := re.search(r"python[^/]*?[:_-]?v?(3\.\d{1,2})(?!\d)", image, re.IGNORECASE):
                yield f">={release[1]}", f"{path}:{number}", "likely"


def _seen(source: Source) -> Iterator[_Found]:
    """Classifiers, and what CI tests on."""
    project = table(pyproject.project(source))
    poetry = table(table(pyproject.table(source).get("tool")).get("poetry"))
    listed = strings(project.get("classifiers")) or strings(poetry.get("classifiers"))
    minors = [int(found[1]) for text in listed if (found := re.search(r":: Python :: 3\.(\d{1,3})(?!\d)", text))]
    if minors:
        yield (
            f">=3.{min(minors)}",
            pyproject.place(source, f"Programming Language :: Python :: 3.{min(minors)}"),
            "likely",
        )
    for path in source.files:
        if path[:1] == "." and re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml", path):
            text = source.read(path)[:200_000].decode(errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                if re.search(r"python[-_]version|python:3|PYTHON_VERSION", line, re.IGNORECASE):
                    tested = [int(minor) for minor in re.findall(r"\b3\.(\d{1,2})\b", line)]
                    if tested:
                        yield f">=3.{min(tested)}", f"{path}:{number}", "guess"
                        break


def _syntax(code: Code, reached: Collection[str], promised: str) -> Iterator[_Found]:
    for minor, words, pattern in _SYNTAX:
        if promised and not _allows(promised, minor - 1):
            return
        for path in code.having(reached, *words):
            if found := pattern.search(b"\n" + code.data(path)):
                line = code.data(path).count(b"\n", 0, found.start()) + 1
                yield f">=3.{minor}", f"{path}:{line}", "likely"
                return


def _said(specifier: str) -> str:
    return f"Python {specifier.removeprefix('>=')}" + (
        " or newer" if specifier.startswith(">=") and "," not in specifier else ""
    )


def _against(first: str, other: str) -> str:
    """What to add where the two allow no release together."""
    return (
        "" if any(_allows(first, minor) and _allows(other, minor) for minor in range(6, 20)) else f", against {first}"
    )


def _narrows(specifier: str, minor: int, run: Fact[str] | None) -> bool:
    """Whether to allow none after `minor`: where some before are allowed, and nobody runs a newer one as it is."""
    newer = run is not None and int(run.value.partition(".")[2]) > minor
    allowed = [one for one in range(6, 20) if _allows(specifier, one)]
    return not newer and bool(allowed) and allowed[0] <= minor < allowed[-1]


def _allows(specifier: str, minor: int) -> bool:
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(specifier)
    try:
        return any(wanted.contains(f"3.{minor}.{patch}") for patch in range(40))
    except ValueError:  # a release of thousands of digits
        return False


def _checked(value: object, where: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return str(SpecifierSet(value)) if isinstance(value, str) else str(SpecifierSet("invalid"))
    except InvalidSpecifier as error:
        raise _bad(value, where) from error


def _bad(value: object, where: str, key: str = "requires-python") -> BadInput:
    return BadInput(
        f"`{key}` is not a version specifier: `{value}`",
        where=where,
        hint='write it like `requires-python = ">=3.11"` (PEP 440)',
    )
