"""A `Project` → what `[tool.lading]` would have to say to decide as we did: the other direction of `override`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lading.detect import override, workers_said
from lading.model import Database, Fact, Project
from lading.settings import FACTS


def lines(project: Project, keys: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    """A line of TOML for each of `keys`, a comment where there is nothing to say; a long list has a line an item."""
    for key in keys:
        said = value(project, key)
        if said is None or said == ():
            yield f"# {key} = …"
            continue
        line = f"{key} = {_toml(said)}"
        if isinstance(said, tuple) and len(line) > 76:
            yield f"{key} = ["
            yield from (f"  {_toml(item)}," for item in said)
            yield "]"
        else:
            yield line


def doubts(project: Project) -> Iterator[tuple[str, Fact[Any]]]:
    """The facts that nothing makes sure, each with its field, in the order of the questions."""
    for field in override.KEYS:
        yield from ((field, fact) for fact in facts(project, field) if fact.confidence != "sure")


def facts(project: Project, field: str) -> tuple[Fact[Any], ...]:
    """The facts of one field: none, one, or the many of a list."""
    found: Any = getattr(project, field)
    return found if isinstance(found, tuple) else (found,) if found else ()


def keys(project: Project) -> tuple[str, ...]:
    """The settings that would settle what is in doubt, each once."""
    named = (key(field, fact) for field, fact in doubts(project))
    wanted = dict.fromkeys(named)
    # A target means nothing without the folder that it is imported from.
    if "application" in wanted:
        app = project.application.value
        wanted |= {"factory": None} if app.factory else {}
        wanted |= {"app-folder": None} if app.folder != "." else {}
    others = tuple(key for key in ("port", "dockerfile") if key in wanted)
    return tuple(setting.key for setting in FACTS if setting.key in wanted) + others


def shown(field: str) -> str:
    """What a field is called where people read of it."""
    return {"newest": "wheels"}.get(field, field.replace("_", " "))


def key(field: str, fact: Fact[Any]) -> str:
    """The setting that settles a fact: its own, or the first of its field's that says what the fact says."""
    if fact.key:
        return fact.key
    if field == "routes":
        return {"metrics": "metrics", "readiness": "ready"}.get(fact.value.kind, "health")
    if field == "database":
        return "database-variable" if fact.value.variable else "database-dialect"
    return override.KEYS[field][0]


def value(project: Project, key: str) -> Any:
    """What the setting `key` would say; None, or nothing, where it has nothing to say."""
    return _SAYS[key](project) if key in _SAYS else None


def _of(field: str, attribute: str) -> Callable[[Project], Any]:
    """An attribute of one fact's value, or, where that is empty, all of it."""

    def say(project: Project) -> Any:
        fact = getattr(project, field)
        return None if fact is None else getattr(fact.value, attribute) if attribute else fact.value

    return say


def _every(field: str, say: Callable[[Any], str], when: Callable[[Any], bool] = bool) -> Callable[[Project], Any]:
    """What is said of each value of a list that counts."""
    return lambda project: tuple(say(fact.value) for fact in getattr(project, field) if when(fact.value))


def _route(kind: str) -> Callable[[Project], Any]:
    return lambda project: next((fact.value.path for fact in project.routes if fact.value.kind == kind), None)


def _store(one: Database) -> str:
    return f"{one.dialect} {one.variable}" if one.variable else one.dialect


_SAYS: Mapping[str, Callable[[Project], Any]] = {
    "name": _of("name", ""),
    "manager": _of("dependencies", "manager"),
    "requirements": lambda project: next(iter(project.dependencies.value.files), None),
    "extras": _of("dependencies", "extras"),
    "install": _of("dependencies", "install"),
    "build-files": _of("packaging", "files"),
    "python": _of("python", ""),
    "application": _of("application", "target"),
    "factory": _of("application", "factory"),
    "app-folder": _of("application", "folder"),
    "server": _of("server", "kind"),
    "server-workers": _of("server", "workers"),
    "root-path": _of("server", "root_path"),
    "proxy-headers": _of("server", "proxy_headers"),
    "health": _of("health", ""),
    "ready": _route("readiness"),
    "metrics": _route("metrics"),
    "required": _every("environment", lambda one: str(one.name), lambda one: bool(one.required)),
    "secrets": _every("environment", lambda one: str(one.name), lambda one: bool(one.secret)),
    "host-variable": _of("host", ""),
    "port-variable": _of("port", ""),
    "log-level-variable": _of("log_level", ""),
    "cors-variable": lambda project: (
        f"{project.cors.value.variable} {project.cors.value.written}" if project.cors else None
    ),
    "port": _of("listens", ""),
    "dockerfile": _of("layout", "dockerfile"),
    "database-variable": _of("database", "variable"),
    "database-dialect": _of("database", "dialect"),
    "database-driver": _of("database", "driver"),
    "stores": _every("stores", _store),
    "migrations": _of("migrations", "config"),
    "workers": _every("workers", workers_said.said),
    "written": _every("paths", lambda one: str(one.path), lambda one: bool(one.written)),
    "working-folder": _of("working", ""),
    "front-end": _of("front_end", ""),
}


def _toml(value: Any) -> str:
    """A value as TOML writes it: its strings are JSON's, apart from DEL, which TOML does not take as it is."""
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
