"""pyproject.toml and what it names → what building and installing the project's own distribution needs."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from lading import views
from lading.dependencies import constraint, pyproject, requirement, setuptools
from lading.dependencies.locks import string, strings, table, tables
from lading.detect.code import Code, written
from lading.model import Dependencies, Fact, Packaging
from lading.source import Source

#: What each back end takes when `[build-system]` names none: PEP 517's fallback.
_FALLBACK = "setuptools.build_meta:__legacy__"

#: Files that a build back end takes for a licence where nothing names one (PEP 639).
_LICENCES = re.compile(r"(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*", re.IGNORECASE)
_ASKING = frozenset({"version", "metadata", "distribution", "get_distribution", "requires"})
_VCS = (
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioningit",
    "poetry-dynamic-versioning",
    "versioneer",
    "pbr",
    "dunamai",
)


def detect(source: Source, declared: Dependencies) -> Fact[Packaging] | None:
    """What the build needs; None where there is nothing to build: no `[build-system]`, no setup.py, no setup.cfg."""
    found = pyproject.table(source)
    system = table(found.get("build-system"))
    setup = setuptools.read(source)
    backend = string(system.get("build-backend")) or (_FALLBACK if setup or system else "")
    members = tuple(dict.fromkeys(_members(source, declared)))
    git = any("git+" in text for text in (*declared.requirements, *declared.pinned))
    if not backend and not members and not git:
        return None
    version = _version(source, found, system, setup) if backend else "static"
    named = dict.fromkeys(posixpath.normpath(path) for path in _files(source, found, setup)) if backend else {}
    named |= dict.fromkeys(_lent(source, declared))
    there = {path: path in source.files or views.readable(source, path) for path in named}
    place = pyproject.place(source, "build-backend") if system else (setup.files[0] if setup else declared.files[0])
    files = tuple(path for path in named if there[path])
    return Fact(
        Packaging(backend=backend, files=files, version=version, members=members, git=git or version == "vcs"),
        place,
        others=tuple(f"`{path}`: named, and not in the tree" for path in named if not there[path]),
    )


def install(code: Code, reached: Collection[str], declared: Fact[Dependencies]) -> Fact[Dependencies]:
    """`declared`, with whether the project itself must be installed, and the line of its code that needs that.

    It must where the code asks for its own version or for entry points of a group that the project declares.
    """
    where = _asks(code, reached)
    if where is None:
        return declared
    others = (*declared.others, f"{where}: asks for the project's own metadata, so that it must be installed")
    return replace(declared, value=replace(declared.value, install=True), others=others)


def name(source: Source) -> str:
    """The project's own name, as its manifest has it; empty where none does."""
    poetry = table(table(pyproject.table(source).get("tool")).get("poetry"))
    setup = setuptools.read(source)
    return string(pyproject.project(source).get("name")) or string(poetry.get("name")) or (setup.name if setup else "")


def groups(source: Source) -> frozenset[str]:
    """The groups of entry points that the project declares, but those of commands."""
    poetry = table(table(pyproject.table(source).get("tool")).get("poetry"))
    setup = setuptools.read(source)
    listed = (
        *table(pyproject.project(source).get("entry-points")),
        *table(poetry.get("plugins")),
        *(setup.groups if setup else ()),
    )
    return frozenset(listed) - {"console_scripts", "gui_scripts"}


def _asks(code: Code, reached: Collection[str]) -> str | None:
    """The first place where the reached code asks for metadata of its own distribution."""
    own, mine = requirement.normal(name(code.source)), groups(code.source)
    for path in code.having(reached, b"metadata", b"entry_points", b"pkg_resources", b"pluggy", b"stevedore"):
        tree = code.tree(path)
        for node, _ in tree.nodes if tree else ():
            match node:
                case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=args, keywords=keywords):
                    given = [*args, *(word.value for word in keywords)]
                    texts = {
                        value.value
                        for value in given
                        if isinstance(value, ast.Constant) and isinstance(value.value, str)
                    }
                    itself = any(
                        isinstance(value, ast.Name) and value.id in {"__package__", "__name__"} for value in given
                    )
                    itself |= any(requirement.normal(text) == own and own for text in texts)
                    asked = called in _ASKING and itself and tree is not None
                    if asked and tree and not caught(tree.body, node.lineno, "NotFound", "ImportError"):
                        return f"{path}:{node.lineno}"
                    if (
                        called in {"entry_points", "select", "iter_entry_points", "load_setuptools_entrypoints"}
                        and texts & mine
                    ):
                        return f"{path}:{node.lineno}"
                case _:
                    pass
    return None


def caught(body: Iterable[ast.stmt], line: int, *errors: str) -> bool:
    """Whether a line is in a `try` that goes on after one of `errors`, or after any."""
    for stmt in body:
        if not stmt.lineno <= line <= (stmt.end_lineno or line):
            continue
        for node in ast.walk(stmt):
            if isinstance(node, ast.Try) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0):
                # One that raises in its turn does not go on.
                goes_on = (handler for handler in node.handlers if not isinstance(handler.body[-1], ast.Raise))
                names = [written(handler.type) for handler in goes_on]
                if any(not name or "Exception" in name or any(error in name for error in errors) for name in names):
                    return True
    return False


def _files(source: Source, found: dict[str, Any], setup: setuptools.Setup | None) -> Iterator[str]:
    """What the build reads beside the code: from the manifest, and, for licences, by their usual names."""
    project = table(found.get("project"))
    tool = table(found.get("tool"))
    readme = project.get("readme")
    yield from [path for path in (string(readme) or string(table(readme).get("file")),) if path]
    poetry = table(tool.get("poetry"))
    yield from strings(poetry.get("readme"))
    licence = table(project.get("license"))
    yield from [licence["file"]] if string(licence.get("file")) else []
    patterns = strings(project.get("license-files")) or strings(table(project.get("license-files")).get("paths"))
    for pattern in patterns:
        yield from sorted(path for path in source.files if re.fullmatch(_glob(pattern), path))
    if not patterns:
        yield from (path for path in source.files if "/" not in path and _LICENCES.fullmatch(path))
    yield from _hooks(tool)
    yield from _version_files(tool, setup)
    yield from setup.readme if setup else ()
    yield from (path for path in ("MANIFEST.in", "setup.py", "setup.cfg") if path in source.files)


def _lent(source: Source, declared: Dependencies) -> Iterator[str]:
    """What the builds of the folders read that the project depends on, from the project's root."""
    for folder in declared.local:
        inner = views.below(source, folder)
        read = _files(inner, pyproject.table(inner), setuptools.read(inner))
        yield from (posixpath.normpath(posixpath.join(folder, path)) for path in read)


def _hooks(tool: dict[str, Any]) -> Iterator[str]:
    """Programs that the build runs: hatch's hooks, PDM's and Poetry's build scripts."""
    hatch = table(tool.get("hatch"))
    build = table(hatch.get("build"))
    places = [build, *(table(one) for one in table(build.get("targets")).values())]
    for one in places:
        custom = table(one.get("hooks")).get("custom")
        if isinstance(custom, dict):
            yield string(custom.get("path")) or "hatch_build.py"
    if isinstance(table(table(hatch.get("metadata")).get("hooks")).get("custom"), dict):
        yield string(table(table(hatch["metadata"]).get("hooks"))["custom"].get("path")) or "hatch_build.py"
    hook = table(table(table(hatch.get("metadata")).get("hooks")).get("requirements_txt"))
    yield from strings(hook.get("files"))
    readme = table(table(table(hatch.get("metadata")).get("hooks")).get("fancy-pypi-readme"))
    yield from (string(one.get("path")) for one in tables(readme.get("fragments")) if "path" in one)
    script = table(tool.get("poetry")).get("build")
    yield from [path for path in (string(script) or string(table(script).get("script")),) if path]
    yield from [path for path in (string(table(table(tool.get("pdm")).get("build")).get("custom-hook")),) if path]
    dynamic = table(table(tool.get("setuptools")).get("dynamic"))
    for value in dynamic.values():
        yield from strings(table(value).get("file"))


def _version_files(tool: dict[str, Any], setup: setuptools.Setup | None) -> Iterator[str]:
    for owner in ("hatch", "pdm"):
        version = table(table(tool.get(owner)).get("version"))
        yield from [path for path in (string(version.get("path")),) if path]
    if setup and setup.version.startswith("file:"):
        yield setup.version[5:].strip()


def _version(source: Source, found: dict[str, Any], system: dict[str, Any], setup: setuptools.Setup | None) -> str:
    """Where the version comes from: `static`, `attr`, `file` or `vcs`."""
    tool, requires = table(found.get("tool")), " ".join(strings(system.get("requires"))).lower()
    hatch, pdm = table(table(tool.get("hatch")).get("version")), table(table(tool.get("pdm")).get("version"))
    dynamic = table(table(tool.get("setuptools")).get("dynamic")).get("version")
    poetry = table(table(tool.get("poetry")).get("version")) or table(tool.get("poetry-dynamic-versioning"))
    open_ = "version" in strings(pyproject.project(source).get("dynamic")) or not pyproject.project(source)
    if not open_:
        return "static"
    by_vcs = any(word in requires for word in _VCS) or string(hatch.get("source")) in {"vcs", "versioningit"}
    by_vcs |= string(pdm.get("source")) == "scm" or poetry.get("enable") is True or "setuptools_scm" in tool
    if by_vcs:
        return "vcs"
    if string(table(dynamic).get("attr")) or (setup and setup.version.startswith("attr:")) or "path" in hatch:
        return "attr"
    if (
        table(dynamic).get("file")
        or string(pdm.get("source")) == "file"
        or (setup and setup.version.startswith("file:"))
    ):
        return "file"
    return "attr" if "flit" in requires and "version" in strings(pyproject.project(source).get("dynamic")) else "static"


def _members(source: Source, declared: Dependencies) -> Iterator[str]:
    """Folders and archives that dependencies are, from the project's root."""
    for text in (*declared.requirements, *declared.pinned):
        place = text.partition(" @ ")[2].partition(" ; ")[0].strip() or text.removeprefix("-e").strip()
        if place.startswith(("file:", "./", "../")) and "://" not in place:
            yield posixpath.normpath(re.sub(r"\[.*", "", place.removeprefix("file:")))
    uv = table(table(pyproject.table(source).get("tool")).get("uv"))
    direct = {requirement.name(text)[0] for text in declared.requirements}
    for name_, value in table(uv.get("sources")).items():
        if requirement.normal(name_) not in direct:
            continue
        for one in tables(value) if isinstance(value, list) else tables([value]):
            if path := constraint.address({"path": one.get("path")}):
                yield posixpath.normpath(path.removeprefix("file:"))
    workspace = table(uv.get("workspace"))
    for pattern in strings(workspace.get("members")):
        yield from (folder for folder in _folders(source) if re.fullmatch(_glob(pattern.strip("/")), folder))


def _folders(source: Source) -> Iterator[str]:
    yield from (posixpath.dirname(path) for path in source.files if path.endswith("/pyproject.toml"))


def _glob(pattern: str) -> str:
    """A shell's pattern as a regular expression, in which a star stops at a folder."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    made = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(made.get(part, re.escape(part)) for part in parts)
