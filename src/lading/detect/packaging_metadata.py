"""The project's manifest → the metadata that its build back end would write, where no code has to run to know it.

Sources: "Core metadata specifications" (PEP 566, PEP 643) and "Entry points", of the Python Packaging User Guide.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lading.dependencies import poetry, pyproject, setuptools
from lading.dependencies.locks import string, strings, table
from lading.errors import BadInput
from lading.model import Packaging
from lading.source import Source

#: What a version is that a tag of git would say, and nothing said: that of the Dockerfile's `ARG VERSION`.
UNTAGGED = "0.0.0"

_HINT = "build with `--builder docker`, which runs it in a container, or write it into the manifest"
_ASSIGNED = r"(?m)^{}\s*(?::[^=\n]*)?=\s*[\"']v?([^\"'\n]+)[\"']"


class Metadata(NamedTuple):
    """A distribution's own, as the files of its `.dist-info` have them."""

    name: str
    version: str
    metadata: str  # METADATA
    entry_points: str  # entry_points.txt, empty where there are none


def read(source: Source, built: Packaging | None) -> Metadata:
    """The metadata of `source`, whose build is `built`.

    Raises `BadInput` for what only the build back end can tell, which is code of the project.
    """
    project, setup = pyproject.project(source), setuptools.read(source)
    tool = table(table(pyproject.table(source).get("tool")).get("poetry"))
    name = string(project.get("name")) or string(tool.get("name")) or (setup.name if setup else "")
    if not name:
        raise _untold(source, "the name")
    found = UNTAGGED if built and built.version == "vcs" else _version(source, project, tool, setup)
    if found is None:
        raise _untold(source, "the version")
    groups = _groups(source, project, tool)
    dynamic = {"entry-points", "scripts"} & set(strings(project.get("dynamic")))
    others = set(setup.groups if setup else ()) - {"console_scripts", "gui_scripts", *groups}
    if dynamic or others:
        raise _untold(source, "the entry points")
    normal = _normal(found)
    # Hatchling alone writes a version as the manifest has it.
    shown = found if built and built.backend.startswith("hatchling") else normal
    fields = [("Metadata-Version", "2.4"), ("Name", name), ("Version", shown), *_fields(source, project, tool, setup)]
    text = "".join(f"{key}: {' '.join(value.split())}\n" for key, value in fields if value)
    points = "\n".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(entries.items()))
        for group, entries in sorted(groups.items())
        if entries
    )
    return Metadata(name, normal, text, points)


def _fields(
    source: Source, project: Mapping[str, Any], tool: Mapping[str, Any], setup: setuptools.Setup | None
) -> Iterator[tuple[str, str]]:
    said = project or tool
    yield "Summary", string(said.get("description"))
    people = [one if isinstance(one, str) else _person(one) for one in said.get("authors") or ()]
    yield "Author-email" if "@" in "".join(people) else "Author", ", ".join(people)
    licence = said.get("license")
    yield "License-Expression", licence if isinstance(licence, str) else string(table(licence).get("text"))
    yield "Keywords", ",".join(strings(said.get("keywords")))
    yield from (("Project-URL", f"{name}, {url}") for name, url in table(said.get("urls")).items())
    yield "Requires-Python", string(project.get("requires-python")) or (setup.python if setup else "")
    if project and "dependencies" not in strings(project.get("dynamic")):
        needs: tuple[str, ...] = strings(project.get("dependencies"))
        extras = {key: strings(value) for key, value in table(project.get("optional-dependencies")).items()}
    elif tool:
        declared = poetry.find(source)
        needs, extras = (declared.value.requirements if declared else ()), {}
    else:
        needs, extras = (setup.needs, dict(setup.extras)) if setup else ((), {})
    yield from (("Requires-Dist", text) for text in needs)
    for extra, texts in extras.items():
        yield "Provides-Extra", extra
        yield from (("Requires-Dist", _of_extra(text, extra)) for text in texts)


def _person(one: Any) -> str:
    name, mail = string(table(one).get("name")), string(table(one).get("email"))
    return f"{name} <{mail}>" if name and mail else name or mail


def _of_extra(text: str, extra: str) -> str:
    needed, _, marker = (part.strip() for part in text.partition(";"))
    return f"{needed} ; ({marker}) and extra == '{extra}'" if marker else f"{needed} ; extra == '{extra}'"


def _groups(source: Source, project: Mapping[str, Any], tool: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The entry points, by group and name."""
    given = {
        "console_scripts": table(project.get("scripts")) or table(tool.get("scripts")),
        "gui_scripts": table(project.get("gui-scripts")),
        **{key: table(value) for key, value in table(tool.get("plugins")).items()},
        **{key: table(value) for key, value in table(project.get("entry-points")).items()},
        **_setup_groups(source),
    }
    return {
        group: {key: value for key, value in entries.items() if isinstance(value, str)}
        for group, entries in given.items()
        if entries
    }


def _setup_groups(source: Source) -> dict[str, dict[str, str]]:
    """Those of setup.cfg: in each group lines of `name = module:object`."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(
            source.read(setuptools.CONFIG).decode(errors="replace") if setuptools.CONFIG in source.files else ""
        )
    except configparser.Error:
        return {}
    section = "options.entry_points"
    listed = parser.items(section) if parser.has_section(section) else []
    rows = {group: [line.partition("=") for line in text.splitlines() if "=" in line] for group, text in listed}
    return {group: {name.strip(): value.strip() for name, _, value in lines} for group, lines in rows.items()}


def _version(
    source: Source, project: Mapping[str, Any], tool: Mapping[str, Any], setup: setuptools.Setup | None
) -> str | None:
    """The version that a manifest says, or a file that it names; None where it is computed."""
    plain = string(project.get("version")) or (string(tool.get("version")) if not project else "")
    written = setup.version if setup and not project else ""
    if plain or (written and not written.startswith(("attr:", "file:"))):
        return plain or written
    every = table(pyproject.table(source).get("tool"))
    dynamic = table(table(table(every.get("setuptools")).get("dynamic")).get("version"))
    files = [*strings(dynamic.get("file")), *([written[5:].strip()] if written.startswith("file:") else [])]
    for path in files:
        if path in source.files:
            return source.read(path).decode(errors="replace").strip()
    attribute = string(dynamic.get("attr")) or (written[5:].strip() if written.startswith("attr:") else "")
    module, _, name = attribute.rpartition(".")
    stem = module.replace(".", "/")
    paths = [f"{folder}{stem}{end}" for folder in ("", "src/") for end in (".py", "/__init__.py")] if module else []
    for owner in ("hatch", "pdm"):
        paths += [string(table(table(every.get(owner)).get("version")).get("path"))]
    own = re.sub(r"[-.]+", "_", string(project.get("name")))  # flit reads it there
    paths += [f"{folder}{own}{end}" for folder in ("", "src/") for end in ("/__init__.py", ".py")]
    pattern = re.compile(_ASSIGNED.format(re.escape(name) if name else "(?:__version__|VERSION)"))
    texts = (source.read(path).decode(errors="replace") for path in paths if path in source.files)
    return next((found[1] for text in texts if (found := pattern.search(text))), None)


def _normal(version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion as error:
        raise BadInput(
            f"`{version}` is not a version", where=pyproject.PATH, hint="write it as in `1.2.3` (PEP 440)"
        ) from error


def _untold(source: Source, what: str) -> BadInput:
    where = next((path for path in (pyproject.PATH, setuptools.PROGRAM) if path in source.files), "")
    return BadInput(
        f"the project asks for its own metadata, and only its build back end knows {what}: the native builder does "
        "not run it, because that is foreign code on this machine",
        where=where,
        hint=_HINT,
    )
