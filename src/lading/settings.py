"""What the user decided: flags > environment > `[tool.lading]` > default, each value with what decided it.

A setting is one row of `SETTINGS`. A flag `--size-limit`, a variable `LADING_SIZE_LIMIT` and a key `size-limit` in
`[tool.lading]` of pyproject.toml, or at the top of lading.toml, are the same setting.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lading.errors import BadInput
from lading.model import Criterion, Fact
from lading.source import Source


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: its key, its kind (`text`, `number`, `size`, `switch`, `list`), its default and one line of help."""

    key: str
    kind: str
    default: Any
    help: str


SETTINGS = (
    Setting("application", "text", None, "the ASGI application, `module:attribute`"),
    Setting("factory", "switch", None, "the application is a function that makes it"),
    Setting("app-folder", "text", None, "the folder that must be importable, from the project's root"),
    Setting("health", "text", None, "the path that answers 200 when all is well"),
    Setting("port", "number", 8000, "the port that the server binds when its variable is unset"),
    Setting("volume", "text", "/data", "where the container may keep files"),
    Setting("exclude", "list", (), "more patterns that keep files out of the image, as in .dockerignore"),
    Setting("python-image", "text", "python:3.12-slim", "the image that the Dockerfile starts from"),
    Setting("mirror", "text", None, "a Debian mirror; the default is this machine's apt source"),
    Setting("packages", "list", (), "Debian packages that the image needs beside Python's own"),
    Setting("as-of", "text", None, "resolve unlocked dependencies as on this day, YYYY-MM-DD"),
    Setting("strip", "switch", True, "drop what no loader reads from shared objects"),
    Setting("size-limit", "size", 200_000_000, "bytes of uncompressed layers that the image may have: `200MB`"),
    Setting("stop-seconds", "number", 10, "the grace between SIGTERM and SIGKILL"),
    Setting("platform", "text", None, "linux/amd64 or linux/arm64; the default is this machine's"),
    Setting("builder", "text", "native", "native or docker"),
    Setting("engine", "text", "auto", "auto, unshare, docker or podman"),
    Setting("cache", "text", None, "where downloads and layers are kept; the default is ~/.cache/lading"),
)

_BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, as a fact; `settings["port"].value`."""

    facts: Mapping[str, Fact[Any]]
    criteria: tuple[Criterion, ...] = field(default=())  # of the project's own, `[[tool.lading.criteria]]`

    def __getitem__(self, key: str) -> Fact[Any]:
        return self.facts[key]

    def given(self, key: str) -> bool:
        """Whether the user decided `key`, as opposed to its default."""
        return self.facts[key].because != "default"


def load(source: Source, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings that hold for `source`. `flags` has keys of `SETTINGS`; None means that a flag was not given.

    Raises `BadInput` for a key that there is not, with the nearest right one, and for a value of the wrong kind.
    """
    facts = {setting.key: Fact(setting.default, "default") for setting in SETTINGS}
    tables, criteria = _files(source)
    for where, table in tables:
        for key, value in table.items():
            facts[_known(key, where)] = Fact(_value(key, value, where), f"{where} {key}")
    for key in _BY_KEY:
        name = "LADING_" + key.upper().replace("-", "_")
        if environ.get(name):
            facts[key] = Fact(_value(key, environ[name], name), name)
    for key, value in flags.items():
        if value is not None:
            facts[_known(key, "flags")] = Fact(_value(key, value, f"--{key}"), f"--{key}")
    return Settings(facts, criteria)


def _files(source: Source) -> tuple[list[tuple[str, Mapping[str, Any]]], tuple[Criterion, ...]]:
    tables: list[tuple[str, Mapping[str, Any]]] = []
    criteria: tuple[Criterion, ...] = ()
    for path, keys in (("pyproject.toml", ("tool", "lading")), ("lading.toml", ())):
        if path not in source.files:
            continue
        table: Any = toml(source, path)
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise BadInput("`tool.lading` must be a table", where=path)
        rest = dict(table)
        criteria = _criteria(rest.pop("criteria", []), path) or criteria
        tables.append((path, rest))
    return tables, criteria


def toml(source: Source, path: str) -> dict[str, Any]:
    """A TOML file of `source` as a dict. Raises `BadInput` with the line of what is wrong in it."""
    try:
        return tomllib.loads(source.read(path).decode())
    except UnicodeDecodeError as error:
        raise BadInput("is not UTF-8 text", where=path, hint="TOML files are UTF-8: save it as such") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        where = f"{path}:{found[1]}" if found else path
        raise BadInput(str(error).partition(" (at ")[0].lower(), where=where, hint="mend the TOML syntax") from error


def _criteria(rows: Any, where: str) -> tuple[Criterion, ...]:
    try:
        return tuple(Criterion(id=row["id"], title=row["title"], checks=tuple(row["checks"])) for row in rows)
    except (KeyError, TypeError) as error:
        raise BadInput("a criterion needs `id`, `title` and `checks`", where=where) from error


def _known(key: str, where: str) -> str:
    if key in _BY_KEY:
        return key
    near = difflib.get_close_matches(key.replace("_", "-"), _BY_KEY, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(_BY_KEY)}"
    raise BadInput(f"there is no setting `{key}`", where=where, hint=hint)


def _value(key: str, value: Any, where: str) -> Any:
    kind = _BY_KEY[key].kind
    match kind, value:
        case ("text", str()) | ("switch", bool()):
            return value
        case "number", int() if not isinstance(value, bool):
            return value
        case "number", str() if value.isdecimal():
            return int(value)
        case "switch", str() if value.lower() in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
            return value.lower() in {"1", "true", "yes", "on"}
        case "list", str():
            return tuple(part.strip() for part in value.split(",") if part.strip())
        case "list", Sequence() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case "size", int() if not isinstance(value, bool):
            return value
        case "size", str() if found := re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?)(i?)B?", value):
            return int(float(found[1]) * (1024 if found[3] else 1000) ** ("", "k", "M", "G").index(found[2]))
        case _:
            raise BadInput(f"`{key}` must be a {kind}, not `{value}`", where=where)
