"""A source tree and the settings → a `Project`: each fact with the line that told us. One module a question.

Nothing of the project is ever run or imported: its code is read with `ast`.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

from lading import dependencies, views
from lading.dependencies import pyproject
from lading.detect import (
    application,
    cors,
    database,
    environment,
    files,
    front_end,
    health,
    layout,
    metrics,
    migrations,
    override,
    packaging,
    packaging_extras,
    places,
    programs,
    python,
    python_removed,
    reach,
    server,
    services,
    settings_drivers,
    system,
    workers,
)
from lading.detect.code import with_own
from lading.model import Fact, Project
from lading.settings import Settings, toml
from lading.source import Bounded, Source


def detect(source: Source, settings: Settings) -> Project:
    """Everything that we can find out about `source`; what the user decided in `settings` stands above what we find.

    Raises `NotFound` when no file declares the dependencies or makes an application, `BadInput` for a file that must
    be read and cannot be, with its line.
    """
    collects = gc.isenabled()
    gc.disable()  # syntax trees are many objects that stay: to look through them for garbage takes longer than all else
    try:
        # A part of a repository stays one: what is above it says how it is started, too.
        if isinstance(source, views.Below):
            return _detect(views.Below(Bounded(source.whole), source.folder), settings)
        return _detect(Bounded(source), settings)
    finally:
        if collects:
            gc.enable()


def _detect(source: Source, settings: Settings) -> Project:
    here = services.choose(source, settings)
    placed = layout.detect(views.below(source, here.services[0].value.folder) if here.services else source)
    code = here.code
    source = code.source
    chosen = application.detect(code, settings)
    declared = override.declared(source, settings)
    reached = reach.reach(code, chosen.path)
    code = with_own(code, reached)
    entry = chosen.fact.value.target.rpartition(":")[2] if chosen.fact.value.factory else ""
    migrated = migrations.detect(code, reached, entry)
    # Alembic's env.py runs before the server: what it must be given, the start must be given.
    before = frozenset({*reached, *migrations.run(code, migrated)})
    if before != reached:
        code = with_own(code, before)
        migrated = migrations.detect(code, reached, entry)
    if not settings.given("extras"):
        declared = packaging_extras.needed(code, reached, declared)
    declared = packaging.install(code, reached, declared)
    locked = dependencies.packages(source, declared.value)
    variables = environment.variables(code, before, entry, declared.value)
    data = database.detect(code, reached, variables, declared.value)
    migrated = override.migrated(migrated, code, settings)
    data = database.with_migrations(data, migrated, variables, declared.value)
    served = server.detect(code, declared.value, chosen.starts)
    healthy = health.read(code, chosen.object)
    beside = workers.detect(code, chosen.fact.value.folder, reached, variables)
    front = front_end.detect(code, chosen.fact.value.folder, reached)
    starts = python_removed.starts(code, chosen.path, migrated, beside)
    removed = python_removed.detect(code, starts, declared.value)
    counted = metrics.single(code, chosen.object)
    named = override.written(files.detect(code, reached, entry, declared.value), settings)
    started = places.working(code, settings, chosen.fact.value.folder, named)
    found = Project(
        name=_name(source),
        dependencies=declared,
        application=replace(chosen.fact, value=replace(chosen.fact.value, kept=reach.aside(before))),
        python=python.detect(source, code, reached, locked, declared.value.files[0], removed=removed),
        interpreter=python.interpreter(source),
        newest=python.newest(locked, declared.value.files[0]),
        server=served,
        listens=server.listens(code, settings, chosen.starts),
        health=health.detect(code, settings, chosen.object),
        routes=healthy.routes,
        workers=beside,
        front_end=front,
        environment=variables,
        host=environment.binding("host", code, variables, chosen.starts),
        port=environment.binding("port", code, variables, chosen.starts),
        log_level=environment.binding("log_level", code, variables, chosen.starts),
        cors=cors.detect(code, chosen.object, reached, entry, variables),
        database=data.main,
        stores=data.stores,
        migrations=migrated,
        packaging=packaging.detect(source, declared.value),
        paths=places.placed(code, named, data.main, started),
        working=started,
        system=system.detect(code, reached, declared, locked),
        starts_programs=programs.detect(code, reached),
        layout=placed,
        services=here.told,
    )
    notes = (
        *application.notes(code, chosen),
        *data.notes,
        *migrations.notes(code, migrated, reached, entry),
        *migrations.by_hand(migrated, settings_drivers.declared(declared.value).names),
        *files.notes(code, reached, entry, declared.value),
        *server.notes(served, chosen.starts),
        *(() if settings.given("health") else healthy.notes),
        *((counted,) if counted else ()),
        *python.notes(found.python, removed),
        *workers.notes(code, beside),
        *front_end.notes(code, front),
    )
    return override.apply(replace(found, notes=(*found.notes, *notes)), settings, source)


#: Folders of a repository whose names say what is in them, and not what it is.
_GENERIC = frozenset(
    {
        "api", "app", "application", "apps", "backend", "be", "code", "fastapi", "packages", "project", "projects",
        "python", "server", "service", "services", "source", "src", "web",
    }
)  # fmt: skip


def _name(source: Source) -> Fact[str]:
    if pyproject.PATH in source.files:
        found: Any = toml(source, pyproject.PATH)
        poetry = found["tool"].get("poetry") if isinstance(found.get("tool"), dict) else None
        for table, section in ((found.get("project"), "project"), (poetry, "tool.poetry")):
            if isinstance(table, dict) and isinstance(table.get("name"), str):
                return Fact(table["name"], pyproject.place(source, "name", section))
    if isinstance(source, views.Below) and source.name.lower() in _GENERIC:
        above = [part for part in source.folder.split("/") if part.lower() not in _GENERIC]
        return Fact(above[-1] if above else source.whole.name, f"the folder around `{source.name}`")
    return Fact(source.name, "the folder's name")
