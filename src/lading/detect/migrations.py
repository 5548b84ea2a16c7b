"""alembic.ini, Aerich's table, a script or a call at the start → how the schema is brought to its newest revision."""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lading.dependencies import pyproject
from lading.detect import settings_revisions, settings_start
from lading.detect.code import Code
from lading.errors import BadInput
from lading.model import Fact, Migrations
from lading.settings import Settings, toml
from lading.source import Source

#: Folders whose ini files are not the backend's own.
_ASIDE = frozenset(
    {"test", "tests", "testing", "docs", "doc", "example", "examples", "fixtures", "site-packages", "plugins"}
)
_LARGEST = 200_000


@dataclass(frozen=True, slots=True)
class Ini:
    """A file that configures Alembic: the section that does, and what it says."""

    path: str
    section: str
    location: str
    line: int
    url: str = ""


#: Libraries that migrate by a command of their own, which nobody but the user runs.
_BY_HAND = {"yoyo-migrations": "yoyo apply", "peewee-migrate": "pw_migrate migrate"}


def detect(code: Code, reached: Collection[str] = (), entry: str = "") -> Fact[Migrations] | None:
    """The migrations: Alembic's nearest to the root, else Aerich's, else a script's, else tables made at the start.

    Raises `BadInput` when `alembic.ini` cannot be read, or names a folder that is not there: every start would fail.
    """
    found = _alembic(code) or _applied(code, _aerich(code)) or settings_start.script(code)
    found = found or settings_start.creates(code, reached, entry)
    return replace(found, key="migrations") if found else None


def _alembic(code: Code) -> Fact[Migrations] | None:
    every = tuple(inis(code))
    placed = [(one, folder) for one in every if (folder := _folder(code, one.path, one.location))]
    if not placed and every:
        one = every[0]
        if posixpath.basename(one.path) != "alembic.ini":
            return None
        raise BadInput(
            f"`script_location` is `{one.location}`, and there is no such folder",
            where=f"{one.path}:{one.line}",
            hint="name the folder that holds env.py, from the folder of alembic.ini",
        )
    if not placed:
        return settings_revisions.configured(code)
    chosen, folder = placed[0]
    others = tuple(f"{one.path}:{one.line}, section `{one.section}`, of {inner}" for one, inner in placed[1:])
    return _made(code, chosen, folder, others)


def run(code: Code, found: Fact[Migrations] | None) -> tuple[str, ...]:
    """The file of code that the migrations run before the server is started: Alembic's env.py."""
    path = posixpath.join(found.value.folder, "env.py") if found and found.value.tool == "alembic" else ""
    return (path,) if path in code.source.files else ()


def named(code: Code, config: str) -> Fact[Migrations] | None:
    """Alembic's migrations as the file `config` has them; None where it has none, or leads nowhere."""
    placed = ((one, _folder(code, one.path, one.location)) for one in inis(code) if one.path == config)
    return next((_made(code, one, folder, ()) for one, folder in placed if folder), None)


def _made(code: Code, chosen: Ini, folder: str, others: tuple[str, ...]) -> Fact[Migrations]:
    heads = settings_revisions.heads(code, folder)
    variable, is_async = settings_revisions.opens(code, folder)
    found = Migrations(
        tool="alembic",
        config=chosen.path,
        folder=folder,
        heads=heads,
        is_async=is_async,
        variable=variable,
        table=settings_revisions.table(code, folder),
        # pyproject.toml has no sections of its own: Alembic reads it as if it were one of the usual name.
        url_given=not chosen.url and settings_revisions.is_given_url(code, folder),
        section=chosen.section if chosen.path != pyproject.PATH else "alembic",
    )
    return Fact(found, f"{chosen.path}:{chosen.line}", others=others)


def inis(code: Code) -> Iterator[Ini]:
    """The files that configure Alembic, the likeliest first; `[tool.alembic]` in pyproject.toml is one too."""
    source = code.source
    paths = [path for path in source.files if path.endswith(".ini") and _ASIDE.isdisjoint(path.split("/")[:-1])]
    paths.sort(key=lambda path: (posixpath.basename(path) != "alembic.ini", path.count("/"), path))
    for path in paths:
        data = source.read(path)
        if len(data) <= _LARGEST and b"script_location" in data:
            yield from _sections(path, data.decode(errors="replace"))
    if pyproject.PATH in source.files:
        table: Any = toml(source, pyproject.PATH).get("tool", {})
        table = table.get("alembic", {}) if isinstance(table, dict) else {}
        location = table.get("script_location") if isinstance(table, dict) else None
        if isinstance(location, str):
            line = int(pyproject.place(source, "script_location").rpartition(":")[2] or 1)
            yield Ini(pyproject.PATH, "tool.alembic", location, line)


def _sections(path: str, text: str) -> Iterator[Ini]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise BadInput(
            "is not an INI file", where=f"{path}:{getattr(error, 'lineno', 1)}", hint="mend it, or run `alembic init`"
        ) from error
    lines = text.splitlines()
    for section in sorted(parser.sections(), key=lambda name: name != "alembic"):
        location = (parser.get(section, "script_location", fallback="") or "").strip()
        if not location:
            continue
        start = next((n for n, raw in enumerate(lines) if raw.strip() == f"[{section}]"), 0)
        line = next((n for n, raw in enumerate(lines[start:], start + 1) if re.match(r"\s*script_location\b", raw)), 1)
        url = (parser.get(section, "sqlalchemy.url", fallback="") or "").strip()
        yield Ini(path, section, location, line, url)


def _folder(code: Code, config: str, location: str) -> str | None:
    """The folder of `script_location`: `%(here)s` is the file's own, `package:folder` is in a package."""
    here = posixpath.dirname(config)
    package, colon, inner = location.partition(":")
    path = posixpath.join(package.replace(".", "/"), inner) if colon else location.replace("%(here)s", ".")
    tops = [here, "", *(posixpath.join(top, "src") for top in (here, "")), posixpath.dirname(here)]
    for folder in (posixpath.normpath(posixpath.join(top, path)) for top in tops):
        if posixpath.join(folder, "env.py") in code.source.files:
            return folder
    # It may be written from above the root, or from another working directory: then the end of it is there.
    wanted = posixpath.normpath(path).lstrip("./")
    held = [posixpath.dirname(file) for file in code.source.files if posixpath.basename(file) == "env.py"]
    near = [folder for folder in held if f"/{folder}".endswith(f"/{wanted}") or f"/{wanted}".endswith(f"/{folder}")]
    return min(near, key=lambda folder: (folder.count("/"), folder), default=None) if wanted else None


def _aerich(code: Code) -> Fact[Migrations] | None:
    """`[tool.aerich]` in pyproject.toml, or the older aerich.ini."""
    source = code.source
    if pyproject.PATH in source.files:
        tool: Any = toml(source, pyproject.PATH).get("tool", {})
        table = tool.get("aerich") if isinstance(tool, dict) else None
        if isinstance(table, dict) and isinstance(table.get("tortoise_orm"), str):
            folder = posixpath.normpath(str(table.get("location", "migrations")))
            heads = _aerich_heads(code, folder)
            return Fact(Migrations(tool="aerich", config=pyproject.PATH, folder=folder, heads=heads, table="aerich"),
                        pyproject.place(source, "tortoise_orm"))  # fmt: skip
    if "aerich.ini" in source.files:
        text = source.read("aerich.ini").decode(errors="replace")
        found = re.search(r"^\s*location\s*=\s*(\S+)", text, re.MULTILINE)
        folder = posixpath.normpath(found[1]) if found else "migrations"
        heads = _aerich_heads(code, folder)
        made = Migrations(tool="aerich", config="aerich.ini", folder=folder, heads=heads, table="aerich")
        return Fact(made, "aerich.ini")
    return None


def _aerich_heads(code: Code, folder: str) -> tuple[str, ...]:
    """The newest file of each application of Tortoise's, which Aerich's table has when all were applied."""
    newest: dict[str, tuple[int, str]] = {}
    for path in code.source.files:
        if found := re.fullmatch(rf"{re.escape(folder)}/(\w+)/((\d{{1,9}})_[\w.-]*\.(?:py|sql))", path):
            newest[found[1]] = max(newest.get(found[1], (-1, "")), (int(found[3]), found[2]))
    return tuple(sorted(name for _, name in newest.values()))


def _applied(code: Code, found: Fact[Migrations] | None) -> Fact[Migrations] | None:
    """`found`, where there is something to apply: `aerich upgrade` fails where the folder is not there."""
    if found is None or any(path.startswith(f"{found.value.folder}/") for path in code.source.files):
        return found
    return None


def by_hand(found: Fact[Migrations] | None, declared: Collection[str]) -> Iterator[Fact[str]]:
    """What is said of a library for migrations of whose kind none are applied; `declared` are the distributions."""
    for library, command in _BY_HAND.items() if found is None else ():
        if library in declared:
            said = f"{library} is declared, and nothing applies its migrations before the start"
            yield Fact(f"{said}: `run -- {command}` in a container does", f"the dependency {library}", "likely")


def notes(
    code: Code, found: Fact[Migrations] | None, reached: Collection[str] = (), entry: str = ""
) -> Iterator[Fact[str]]:
    """What the user should know of the migrations before they run in a container."""
    made_later = _aerich(code)
    if made_later and _applied(code, made_later) is None:
        folder = made_later.value.folder
        yield Fact(f"`{folder}`, where Aerich's migrations are to be, is not in the tree: none is applied before the "
                   "start", made_later.because)  # fmt: skip
    if found is None:
        return
    value = found.value
    if value.tool == "alembic":
        one = next((ini for ini in inis(code) if f"{ini.path}:{ini.line}" == found.because), None)
        if len(value.heads) > 1:
            said = ", ".join(value.heads)
            yield Fact(
                f"there are {len(value.heads)} heads ({said}): `alembic upgrade head` fails, `heads` does not",
                found.because,
            )
        if not value.heads:
            yield Fact(f"`{value.folder}` holds no revisions: `alembic upgrade head` changes nothing", found.because)
        if one and one.section not in {"alembic", "tool.alembic"}:
            sections = [ini.section for ini in inis(code) if ini.path == one.path]
            each = f"each needs its own `alembic -n {sections[0]} upgrade head`"
            yield Fact(f"the sections of `{one.path}` are {', '.join(sections)}: {each}", found.because)
        fixed = one is not None and one.url and "%(" not in one.url and not one.url.startswith("driver://")
        if one and fixed and not settings_revisions.sets_url(code, value.folder):
            yield Fact(f"the URL that Alembic opens is fixed in `{one.path}`", found.because)
        made = settings_start.creates(code, reached, entry)
        if made:
            yield Fact("tables are made at the start too: what they get there no revision knows of", made.because)
    if script := settings_start.script(code, any_command=True):
        told = f"`{script.value.config}` does more before the start than migrations, and is not run in the container"
        yield Fact(told, script.because, script.confidence)


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every way that the schema could be brought up to date, the one that was chosen first."""
    from lading.detect import application, reach

    code = Code(source)
    chosen = application.detect(code, settings)
    reached = reach.reach(code, chosen.path)
    told: list[str] = [
        "looked for, in this order: Alembic, Aerich, a script before the start, tables made at the start"
    ]
    for one in inis(code):
        folder = _folder(code, one.path, one.location)
        told.append(f"{one.path}:{one.line}: section `{one.section}`, script_location `{one.location}`, "
                    + (f"which is {folder}" if folder else "where there is no env.py"))  # fmt: skip
        if folder:
            heads = settings_revisions.heads(code, folder)
            variable, is_async = settings_revisions.opens(code, folder)
            kind = "asynchronous" if is_async else "synchronous"
            told.append(f"  {len(heads)} heads{': ' + ', '.join(heads) if heads else ''}; {folder}/env.py is {kind}"
                        + (f", its URL comes from {variable}" if variable else ""))  # fmt: skip
    others = (_aerich(code), settings_start.script(code), settings_start.creates(code, reached))
    told += [f"{fact.because}: {fact.value.tool}, {fact.value.config}" for fact in others if fact]
    if len(told) == 1:
        told.append("none of them is there")
    return tuple(told)
