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
from functools import lru_cache
from typing import Any

from lading import journey
from lading.errors import BadInput
from lading.model import Criterion, Fact, Request
from lading.source import Bounded, Source


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: its key, its kind (`text`, `number`, `size`, `switch`, `list`), its default and one line of help.

    `choices` are the only values that it takes, where there are few; `apart` is what parts a list that is one text.
    """

    key: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    apart: str = ","


#: What settles a fact that was found in the code: a text may be `none`, where there is no such thing.
FACTS = (
    Setting("application", "text", None, "the ASGI application, `module:attribute`"),
    Setting("factory", "switch", None, "the application is a function that makes it"),
    Setting("app-folder", "text", None, "the folder that must be importable, from the project's root"),
    Setting("service", "text", None, "the backend to take where the repository has several: its name or its folder"),
    Setting("name", "text", None, "what the image is called"),
    Setting(
        "manager", "text", None, "whose files declare the dependencies where several do: uv, poetry, requirements …"
    ),
    Setting("requirements", "text", None, "the file that declares the production dependencies"),
    Setting("extras", "list", (), "the project's own extras that production needs"),
    Setting("install", "switch", None, "the project itself is installed, beside what it depends on"),
    Setting("build-files", "list", (), "files that the project's own build reads: they reach the builder"),
    Setting("python", "text", None, "the Python releases that will do, as in `>=3.11`"),
    Setting("server", "text", None, "what serves the application", ("uvicorn", "gunicorn", "hypercorn", "granian")),
    Setting("server-workers", "number", None, "how many processes serve it"),
    Setting("root-path", "text", None, "the path that a proxy takes off before it asks"),
    Setting("proxy-headers", "switch", None, "the server believes X-Forwarded-For and its kind"),
    Setting("health", "text", None, "the path that answers 200 when all is well, or `none`"),
    Setting("ready", "text", None, "the path that answers 200 when what it needs is there too, or `none`"),
    Setting("metrics", "text", None, "the path of the metrics, or `none`"),
    Setting("host-variable", "text", None, "the variable that the address to bind comes from"),
    Setting("port-variable", "text", None, "the variable that the port to bind comes from"),
    Setting("log-level-variable", "text", None, "the variable that the log level comes from"),
    Setting(
        "cors-variable",
        "text",
        None,
        "the variable of the origins that a browser may call from, as in `ORIGINS json`, or `none`",
    ),
    Setting("required", "list", (), "variables without which it does not start"),
    Setting("optional", "list", (), "variables that it does without"),
    Setting("secrets", "list", (), "variables whose values nobody may see"),
    Setting("database-variable", "text", None, "the variable that holds the database's URL"),
    Setting("database-dialect", "text", None, "postgresql, mysql, sqlite, mongodb …, or `none`"),
    Setting("database-driver", "text", None, "asyncpg, psycopg, aiosqlite …"),
    Setting("stores", "list", (), "other stores with the variable of each, as in `redis REDIS_URL`, or `none`"),
    Setting("migrations", "text", None, "the configuration of Alembic, such as `alembic.ini`, or `none`"),
    Setting(
        "workers",
        "list",
        (),
        "processes beside the server, as in `celery app.tasks:celery --concurrency 2`, or `none`",
        apart=r",(?=\s*(?:none\b|[\w.-]+\s+[^\s-]))",  # of `celery a:b -Q x,y, arq c.D` the second
    ),
    Setting("starts-programs", "switch", None, "the code starts programs of its own, which somebody must wait for"),
    Setting("without-packages", "list", (), "Debian packages that were found to be needed, and are not"),
    Setting("written", "list", (), "files and folders that the code writes, from its working directory"),
    Setting("working-folder", "text", None, "the folder that the server is started in, where it is not the root"),
    Setting("front-end", "text", None, "the folder of built files that the application serves, or `none`"),
)

SETTINGS = (
    *FACTS,
    Setting("health-body", "text", None, "JSON that the answer of the health path must hold"),
    Setting("port", "number", 8000, "the port that the server binds when its variable is unset"),
    Setting("volume", "text", "/data", "where the container may keep files"),
    Setting("exclude", "list", (), "more patterns that keep files out of the image, as in .dockerignore"),
    Setting(
        "dockerfile", "text", "Dockerfile", "where the Dockerfile stands, from the root of what the builder is sent"
    ),
    Setting("python-image", "text", "python:3.12-slim", "the image that the Dockerfile starts from"),
    Setting("mirror", "text", None, "a Debian mirror; the default is this machine's apt source"),
    Setting("packages", "list", (), "Debian packages that the image needs beside Python's own"),
    Setting("as-of", "text", None, "resolve unlocked dependencies as on this day, YYYY-MM-DD"),
    Setting("strip", "switch", True, "drop what no loader reads from shared objects"),
    Setting("size-limit", "size", None, "bytes of uncompressed layers that the image may have, as in `200MB`"),
    Setting("keep-alive", "number", 65, "seconds that an idle connection is kept: longer than a load balancer does"),
    Setting("memory", "size", 200_000_000, "bytes that one process of the server takes, for `server-workers` auto"),
    Setting("stop-seconds", "number", 10, "the grace between SIGTERM and SIGKILL"),
    Setting("platform", "text", None, "linux/amd64 or linux/arm64; the default is this machine's"),
    Setting("builder", "text", "native", "native or docker"),
    Setting("engine", "text", "auto", "auto, unshare, docker or podman"),
    Setting("cache", "text", None, "where downloads and layers are kept; the default is ~/.cache/lading"),
)

#: What a switch may say in the environment, in any case.
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")

_BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, as a fact; `settings["port"].value`."""

    facts: Mapping[str, Fact[Any]]
    criteria: tuple[Criterion, ...] = field(default=())  # of the project's own, `[[tool.lading.criteria]]`
    requests: tuple[Request, ...] = field(default=())  # that every ready container must answer so, likewise
    uploads: Mapping[str, bytes] = field(default_factory=dict)  # the files that they send

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
    tables, criteria, requests = _files(source)
    for where, table in tables:
        for key, value in table.items():
            facts[key] = Fact(_value(key, value, where), f"{where} {key}")
    for key in _BY_KEY:
        name = "LADING_" + key.upper().replace("-", "_")
        if environ.get(name):
            facts[key] = Fact(_value(key, environ[name], name), name)
    for key, value in flags.items():
        if value is not None:
            facts[key] = Fact(_value(key, value, f"--{key}"), f"--{key}")
    return Settings(facts, criteria, requests, {one.file: source.read(one.file) for one in requests if one.file})


def _files(
    source: Source,
) -> tuple[list[tuple[str, Mapping[str, Any]]], tuple[Criterion, ...], tuple[Request, ...]]:
    tables: list[tuple[str, Mapping[str, Any]]] = []
    criteria: tuple[Criterion, ...] = ()
    requests: tuple[Request, ...] = ()
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
        requests = journey.load(rest.pop("requests", []), source, path) or requests
        tables.append((path, rest))
    return tables, criteria, requests


def toml(source: Source, path: str) -> dict[str, Any]:
    """A TOML file of `source` as a dict. Raises `BadInput` with the line of what is wrong in it."""
    try:
        return _parsed(Bounded(source).read(path).decode())
    except UnicodeDecodeError as error:
        raise BadInput("is not UTF-8 text", where=path, hint="TOML files are UTF-8: save it as such") from error
    except RecursionError as error:
        raise BadInput("is nested too deeply to be read", where=path, hint="flatten its arrays and tables") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        # Else it is "at end of document": what was opened there, or before, is not closed.
        line = found[1] if found else source.read(path).rstrip().count(b"\n") + 1
        where = f"{path}:{line}"
        raise BadInput(str(error).partition(" (at ")[0].lower(), where=where, hint="mend the TOML syntax") from error
    except ValueError as error:  # an integer or a date that Python will not make
        raise BadInput("has a value that cannot be read", where=path, hint="mend the TOML syntax") from error


@lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, Any]:
    """A file is asked many questions, and parsed once; nobody changes what it holds."""
    # For a key of n parts tomllib takes n² steps.
    if sum(run[0].count(".") ** 2 for run in _DOTTED.finditer(text)) > _MOST_STEPS:
        raise RecursionError
    return tomllib.loads(text)


_DOTTED = re.compile(r"""(?<![\w-])(?:(?>[\w-]{1,200}|"[^"\n]{0,200}"|'[^'\n]{0,200}')[ \t]{0,9}\.[ \t]{0,9}){9,}+""")
_MOST_STEPS = 2_000_000


def _criteria(rows: Any, where: str) -> tuple[Criterion, ...]:
    try:
        return tuple(Criterion(id=row["id"], title=row["title"], checks=tuple(row["checks"])) for row in rows)
    except (KeyError, TypeError) as error:
        raise BadInput("a criterion needs `id`, `title` and `checks`", where=where) from error


def _setting(key: str, where: str) -> Setting:
    if key in _BY_KEY:
        return _BY_KEY[key]
    near = difflib.get_close_matches(key.replace("_", "-"), _BY_KEY, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(_BY_KEY)}"
    raise BadInput(f"there is no setting `{key}`", where=where, hint=hint)


def _value(key: str, value: Any, where: str) -> Any:
    setting = _setting(key, where)
    match setting.kind, value:
        case ("text", str()) | ("switch", bool()):
            return _chosen(setting, value, where)
        case "number", int() if not isinstance(value, bool):
            return value
        case "number", str() if re.fullmatch(r"\d{1,9}", value):
            return int(value)
        case "switch", str() if value.lower() in {*_TRUE, *_FALSE}:
            return value.lower() in _TRUE
        case "list", str():
            return tuple(part.strip() for part in re.split(setting.apart, value) if part.strip())
        case "list", Sequence() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case "size", int() if not isinstance(value, bool):
            return value
        case "size", str() if found := re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?) ?([kMG]?)(i?)B?", value):
            return int(float(found[1]) * (1024 if found[3] else 1000) ** ("", "k", "M", "G").index(found[2]))
        case _:
            raise BadInput(f"`{key}` must be a {setting.kind}, not `{value}`", where=where)


def _chosen(setting: Setting, value: Any, where: str) -> Any:
    """`value`, when it is one of the few that the setting takes, or the setting takes any."""
    if not setting.choices or value in setting.choices:
        return value
    near = difflib.get_close_matches(value, setting.choices, n=1)
    raise BadInput(
        f"`{setting.key}` is one of {', '.join(setting.choices)}, not `{value}`",
        where=where,
        hint=f"did you mean `{near[0]}`?" if near else "",
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of lading.toml and of `[tool.lading]`, draft 2020-12, for editors; as strict as `load`."""
    criterion = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "title": {"type": "string"},
            "checks": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["id", "title", "checks"],
    }
    rows = {setting.key: _row(setting) for setting in SETTINGS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The settings of lading: lading.toml, and `[tool.lading]` of pyproject.toml",
        "type": "object",
        "properties": {
            **dict(sorted(rows.items())),
            "criteria": {"type": "array", "items": criterion, "description": "criteria of the project's own"},
            "requests": journey.schema(),
        },
        "additionalProperties": False,
    }


#: The JSON Schema of each kind, of all that `_value` takes.
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "number": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d{1,9}$"}]},
    "size": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d{1,15}(\.\d{1,15})? ?[kMG]?i?B?$"}]},
    "switch": {"anyOf": [{"type": "boolean"}, {"enum": [*_TRUE, *_FALSE]}]},
    "list": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
}


def _row(setting: Setting) -> dict[str, Any]:
    choices = {"enum": list(setting.choices)} if setting.choices else {}
    default = {} if setting.default in {None, ()} else {"default": setting.default}
    return {**_KINDS[setting.kind], **choices, **default, "description": setting.help}
