"""Project → lines for a person: doubts first, and what would settle them; then every fact; then what to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lading.detect import settle
from lading.model import (
    Application,
    Cors,
    Database,
    Dependencies,
    Fact,
    Layout,
    Migrations,
    Packaging,
    Place,
    Project,
    Route,
    Server,
    Service,
    SystemPackage,
    Variable,
    Worker,
)
from lading.report import facts, words
from lading.report.facts import Group, Row

_NOT_FOUND = "not found"

#: How many items of a long list are told; `--json` has them all.
_MOST = 60

#: How many doubts of one field come first; the others are among its facts.
_MOST_DOUBTS = 3


def text(project: Project, width: int, color: bool) -> str:  # noqa: FBT001 - as the command line calls every format
    """Every fact of `project`, grouped; what was looked for and is not there is said so."""
    return facts.text(project.name.value, _groups(project), width, color=color)


def _groups(project: Project) -> Iterator[Group]:
    doubts = list(_doubts(project))
    if doubts:
        yield Group("in doubt", doubts, style="yellow")
    if doubts and (keys := settle.keys(project)):
        lines = ("[tool.lading]", *settle.lines(project, keys))
        yield Group("to settle it, put what is right into pyproject.toml", paste=lines, style="yellow")
    if len(project.services) > 1:
        rows = [_row(fact.value.name, fact.value.folder, fact) for fact in project.services]
        yield Group("backends of this repository", rows)
    yield Group("dependencies", list(_dependencies(project)))
    yield Group("serving", list(_serving(project)))
    yield Group("data", list(_data(project)))
    yield Group("workers", [_row(fact.value.kind, _words(fact.value), fact) for fact in project.workers])
    yield Group("environment", list(_environment(project.environment)))
    yield Group("Debian packages", [_row(fact.value.stage, _words(fact.value), fact) for fact in project.system])
    yield Group("files", [_row(fact.value.use, _words(fact.value), fact) for fact in project.paths])
    yield Group("to know", [("", fact.value, _because(fact)) for fact in project.notes])


def _row(name: str, value: str, fact: Fact[Any]) -> Row:
    return name, value, _because(fact)


def _because(fact: Fact[Any]) -> str:
    return fact.because if fact.confidence == "sure" else f"{fact.confidence}: {fact.because}"


def _maybe(name: str, fact: Fact[Any] | None, otherwise: str = _NOT_FOUND) -> Row:
    return _row(name, _words(fact.value), fact) if fact else (name, otherwise, "")


def _doubts(project: Project) -> Iterator[Row]:
    told: Counter[str] = Counter()
    for field, fact in settle.doubts(project):
        told[field] += 1
        if told[field] <= _MOST_DOUBTS:
            yield _row(settle.shown(field), _words(fact.value), fact)
            yield from (("", f"rather than {other}", "") for other in fact.others)
    for field, count in told.items():
        if count > _MOST_DOUBTS:
            yield settle.shown(field), f"and {count - _MOST_DOUBTS} more, below", ""


def _dependencies(project: Project) -> Iterator[Row]:
    found: Dependencies = project.dependencies.value
    yield _maybe("python", project.python)
    if project.interpreter:
        yield _row("interpreter", project.interpreter.value, project.interpreter)
    if project.newest:
        yield _row("wheels", f"for Python {project.newest.value} at the newest", project.newest)
    yield _row("manager", found.manager, project.dependencies)
    yield "locked", "every distribution, by hash" if found.locked else "no", ""
    yield "files", ", ".join(found.files), ""
    yield "requires", _listed(found.requirements), ""
    if found.extras:
        yield "extras", ", ".join(found.extras), ""
    for index in found.indexes:
        yield (
            "index",
            f"{index.name} {_hidden(index.url)}" + (", private: it needs credentials" if index.private else ""),
            "",
        )
    if found.install:
        yield "installed", "the project itself, too", ""
    if project.packaging:
        yield _maybe("build", project.packaging)


def _serving(project: Project) -> Iterator[Row]:
    yield _maybe("application", project.application)
    yield _maybe("server", project.server, "uvicorn, added: nothing declares one")
    yield _maybe("health", project.health, "no route says how it is")
    yield from (_row(f.value.kind, _words(f.value), f) for f in project.routes if not _same(project.health, f))
    yield _maybe("host", project.host)
    yield _maybe("port", project.port)
    if project.listens:
        yield _row("listens", f"on {project.listens.value}", project.listens)
    yield _maybe("log level", project.log_level)
    if project.cors:
        yield _row("CORS", _words(project.cors.value), project.cors)
    if project.front_end:
        yield _maybe("front end", project.front_end)
    if project.layout:
        yield _row("Dockerfile", project.layout.value.dockerfile, project.layout)


def _same(health: Fact[str] | None, route: Fact[Any]) -> bool:
    return health is not None and health.value == route.value.path


def _data(project: Project) -> Iterator[Row]:
    for name, fact in (("database", project.database), *(("store", store) for store in project.stores)):
        yield _maybe(name, fact)
        if fact and fact.value.url:
            yield "", f"by default {_hidden(fact.value.url)}", ""
        if fact and fact.value.missing:
            yield "", f"needs {fact.value.missing}, which nothing declares", ""
    yield _maybe("migrations", project.migrations)


def _environment(found: Iterable[Fact[Variable]]) -> Iterator[Row]:
    for fact in sorted(found, key=lambda fact: not fact.value.required):
        yield _row(fact.value.name, _words(fact.value), fact)


def _words(value: Any) -> str:
    """The value of a fact in words, the most telling first."""
    parts = _PARTS[type(value)](value) if type(value) in _PARTS else (str(value),)
    return ", ".join(part for part in parts if part)


Parts = Sequence[str | None]


def _server(value: Server) -> Parts:
    workers = f"{value.workers} process{'es' * (value.workers != 1)}" if value.workers else ""
    return (
        value.kind,
        workers,
        value.root_path and f"below {value.root_path}",
        "" if value.declared else "added: nothing declares it",
        "believes the proxy's headers" if value.proxy_headers else "",
    )


def _database(value: Database) -> Parts:
    held = f"URL from {value.variable}" if value.variable else f"from {', '.join(value.parts)}" if value.parts else ""
    pool = f"{value.pool} connection{'s' * (value.pool != 1)} a process" if value.pool else ""
    return value.dialect, value.driver, "async" if value.is_async else "", held or "no variable", pool


def _packaging(value: Packaging) -> Parts:
    return (
        value.backend,
        f"version from {value.version}" if value.version != "static" else "",
        f"reads {', '.join(value.files)}" if value.files else "",
        f"with {', '.join(value.members)}" if value.members else "",
        "needs git" if value.git else "",
    )


def _variable(value: Variable) -> Parts:
    kind = {"str": "", "account": "user:password"}.get(value.type, value.type)
    one_of = f"one of {', '.join(value.allowed)}" if value.allowed else ""
    long = f"{value.least} characters or more" if value.least else ""
    if value.secret:
        return "required" if value.required else "", kind, "a secret", long
    default = None if value.default is None else _hidden(value.default) or "empty"
    return "required" if value.required else default or "no default", kind, one_of, long


def _dependencies_words(value: Dependencies) -> Parts:
    return value.manager, ", ".join(value.files)


def _application(value: Application) -> Parts:
    made = value.factory
    return (
        value.target + "()" * made,
        "from a function that makes it" * made,
        f"in {value.folder}" * (value.folder != "."),
    )


def _migrations(value: Migrations) -> Parts:
    heads = f"newest {', '.join(value.heads)}" if value.heads else "no revision"
    source = value.variable and f"URL from {value.variable}"
    return value.tool, value.folder or value.config, heads if value.heads or value.tool == "alembic" else "", source


def _worker(value: Worker) -> Parts:
    queues = f"queues {', '.join(value.queues)}" if value.queues else ""
    own = f"with {' '.join(value.arguments)}" if value.arguments else ""
    return value.target, value.role, queues, own, value.broker and f"broker from {value.broker}"


def _place(value: Place) -> Parts:
    there = "" if value.present or value.written else "not in the tree"
    return value.path, "written" if value.written else "read", there


_PARTS: Mapping[type, Callable[[Any], Parts]] = {
    Application: _application,
    Cors: words.cors,
    Database: _database,
    Dependencies: _dependencies_words,
    Layout: lambda value: (value.dockerfile,),
    Migrations: _migrations,
    Packaging: _packaging,
    Place: _place,
    Route: lambda value: (value.path, "it asks for authentication" if value.guarded else ""),
    Server: _server,
    Service: lambda value: (value.name, value.folder),
    SystemPackage: lambda value: (value.name, f"for {value.needed_by}"),
    Variable: _variable,
    Worker: _worker,
}


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MOST} more" if len(items) > _MOST else ""
    return (", ".join(_hidden(item) for item in items[:_MOST]) or "nothing") + more


def _hidden(text: str) -> str:
    from lading.checks import secrets

    return secrets.redact(text)
