"""A `Project` and the settings → the same project, with what the user decided in place of what was found.

`KEYS` says which settings decide which fact, the first of them the one to name when somebody must; `value` is what such
a setting would have to say to decide as we did, so that `apply` of every `value` changes nothing.

Length: a table of every fact, and the change that each takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from lading import dependencies
from lading.detect import lines, migrations, workers_said
from lading.detect.code import Code
from lading.detect.environment import is_secret
from lading.errors import BadInput, NotFound
from lading.model import (
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
    Variable,
)
from lading.settings import Settings
from lading.source import Source

#: Each fact of a project, and the settings that decide it. Notes are about the others; the server listens where told.
KEYS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "services": ("service",),
    "dependencies": ("requirements", "manager", "extras", "install"),
    "packaging": ("build-files",),
    "python": ("python",),
    "interpreter": ("python-image",),
    "newest": ("python-image",),
    "application": ("application", "factory", "app-folder"),
    "server": ("server", "server-workers", "root-path", "proxy-headers"),
    "health": ("health",),
    "routes": ("ready", "metrics"),
    "environment": ("required", "optional", "secrets"),
    "host": ("host-variable",),
    "port": ("port-variable",),
    "log_level": ("log-level-variable",),
    "cors": ("cors-variable",),
    "listens": ("port",),
    "database": ("database-variable", "database-dialect", "database-driver"),
    "stores": ("stores",),
    "migrations": ("migrations",),
    "workers": ("workers",),
    "starts_programs": ("starts-programs",),
    "system": ("without-packages", "packages"),
    "paths": ("written",),
    "working": ("working-folder",),
    "front_end": ("front-end",),
    "layout": ("dockerfile",),
}

NONE = "none"

_ROUTES: Mapping[str, Literal["readiness", "metrics"]] = {"ready": "readiness", "metrics": "metrics"}


def apply(project: Project, settings: Settings, source: Source) -> Project:
    """`project` as the settings have it; each fact that one decides says so, and is sure.

    Which service, manager and application there are is asked of the settings where they are looked for: what else is
    true hangs on them. Raises `BadInput` for a setting that cannot be what it says, with its line in `source`.
    """
    for field, change in _CHANGES.items():
        given = {key: settings[key] for key in KEYS[field] if settings.given(key)}
        if given:
            try:
                project = replace(project, **{field: change(project, given)})
            except BadInput as error:
                raise BadInput(error.message, where=lines.placed(source, error), hint=error.hint) from error
    return project


def declared(source: Source, settings: Settings) -> Fact[Dependencies]:
    """The dependencies, as the settings say where they are. Raises what `dependencies` raises."""
    given = {key: settings[key] for key in KEYS["dependencies"] if settings.given(key)}
    manager, file, extras = (
        given[key].value if key in given else None for key in ("manager", "requirements", "extras")
    )
    if manager is None and file is None:
        return dependencies.find(source, extras)
    because = given["requirements" if file else "manager"].because
    try:
        found = dependencies.named(source, manager, file, extras)
    except NotFound as error:
        raise NotFound(error.message, where=error.where or because, hint=error.hint) from error
    return replace(found, because=f"{found.because}, {because}")


def migrated(found: Fact[Migrations] | None, code: Code, settings: Settings) -> Fact[Migrations] | None:
    """What migrates, with the configuration that the setting names in place of the one that was found."""
    given = settings["migrations"]
    if not settings.given("migrations") or given.value == NONE or (found and found.value.config == given.value):
        return found
    named = migrations.named(code, given.value)
    if named is None and given.value in code.source.files:
        raise BadInput(
            f"`{given.value}` configures no Alembic, and nothing else is named so",
            where=given.because,
            hint="say `none`, and run what it does by `run -- …` in a container, before the server is started",
        )
    return named or found


Given = Mapping[str, Fact[Any]]


def _text(field: str, *, path: bool = False) -> Callable[[Project, Given], Fact[Any] | None]:
    """The change of a fact that is one text, or none."""

    def change(_project: Project, given: Given) -> Fact[Any] | None:
        (fact,) = given.values()
        if fact.value == NONE:
            return None
        if path and not fact.value.startswith("/"):
            raise BadInput(
                f"`{KEYS[field][0]}` is a path of the application, and `{fact.value}` does not begin with `/`",
                where=fact.because,
                hint=f"did you mean `/{fact.value}`?",
            )
        return _sure(fact.value, given)

    return change


def _sure(value: Any, given: Given) -> Fact[Any]:
    return Fact(value, next(iter(given.values())).because, key=next(iter(given)))


def _dependencies(project: Project, given: Given) -> Fact[Any]:
    found = project.dependencies
    changed = {key: fact.value for key, fact in given.items() if key in {"extras", "install"}}
    if not changed:
        return found  # the file and the manager were heeded where they are read
    return replace(found, value=replace(found.value, **changed))


def _packaging(project: Project, given: Given) -> Fact[Any]:
    # What builds a project that names no back end: PEP 517, "Source trees".
    found = project.packaging.value if project.packaging else Packaging(backend="setuptools.build_meta:__legacy__")
    return _sure(replace(found, files=given["build-files"].value), given)


def _python(_project: Project, given: Given) -> Fact[Any] | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    fact = given["python"]
    try:
        return None if fact.value == NONE else _sure(str(SpecifierSet(fact.value)), given)
    except InvalidSpecifier as error:
        raise BadInput(
            f"`{fact.value}` is not a version specifier", where=fact.because, hint="write it like `>=3.11` (PEP 440)"
        ) from error


def _server(project: Project, given: Given) -> Fact[Any]:
    found = project.server.value if project.server else Server(kind="uvicorn", declared=False)
    values = {key: fact.value for key, fact in given.items()}
    kind = values.get("server", found.kind)
    return _sure(
        replace(
            found,
            kind=kind,
            declared=found.declared and kind == found.kind,
            workers=values.get("server-workers", found.workers),
            root_path=values.get("root-path", found.root_path),
            proxy_headers=values.get("proxy-headers", found.proxy_headers),
        ),
        given,
    )


def _routes(project: Project, given: Given) -> tuple[Fact[Any], ...]:
    routes = list(project.routes)
    for key, fact in given.items():
        routes = [route for route in routes if route.value.kind != _ROUTES[key]]
        path = _text("routes", path=True)(project, {key: fact})
        if path:
            routes.append(replace(path, value=Route(path=path.value, kind=_ROUTES[key])))
    return tuple(routes)


def _environment(project: Project, given: Given) -> tuple[Fact[Any], ...]:
    """The contract, with what is known better; a variable that no code was seen to read is in it too."""
    found = {fact.value.name: fact for fact in project.environment}
    for key, names in given.items():
        for name in names.value:
            before = found.get(name, Fact(Variable(name=name, secret=is_secret(name)), names.because)).value
            after = {
                "required": lambda one: one if one.required else replace(one, required=True, default=None),
                "optional": lambda one: replace(one, required=False),
                "secrets": lambda one: replace(one, secret=True),
            }[key](before)
            if after != before or name not in found:
                found[name] = Fact(after, names.because, key=key)
    return tuple(fact for _, fact in sorted(found.items()))


def _cors(project: Project, given: Given) -> Fact[Any] | None:
    fact = given["cors-variable"]
    if fact.value == NONE:
        return None
    match fact.value.split():
        case [name, "json" | "comma" | "one" as written] if _is_variable(name):
            return _sure(Cors(variable=name, written=written), given)
        case [name] if _is_variable(name):
            if project.cors and project.cors.value.variable == name:
                return _sure(project.cors.value, given)
            return _sure(Cors(variable=name, written=_form(project, name, fact.because)), given)
        case _:
            raise BadInput(
                f"`{fact.value}` is no variable with the way it is written: json, comma or one",
                where=fact.because,
                hint="write it like `CORS_ORIGINS json`",
            )


def _form(project: Project, name: str, because: str) -> Literal["json", "one"]:
    """How a list is written that detection did not follow. A settings field of pydantic's has JSON as its default, too.

    Raises `BadInput` where a list has no default to tell it from a text that code splits.
    """
    found = next((one.value for one in project.environment if one.value.name == name), Variable(name=name))
    if found.type == "list" and found.default is None:
        raise BadInput(
            f"`{name}` is a list, and the code does not tell how it is written",
            where=because,
            hint=f"say it too: `{name} json`, or `{name} comma`",
        )
    return "json" if found.type == "json" or (found.type == "list" and (found.default or "").startswith("[")) else "one"


def _is_variable(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)) and name not in {"json", "comma", "one"}


def _database(project: Project, given: Given) -> Fact[Any] | None:
    found = project.database.value if project.database else None
    values = {key: fact.value for key, fact in given.items()}
    dialect = values.get("database-dialect", found.dialect if found else None)
    if dialect == NONE:
        return None
    if dialect is None:
        raise BadInput(
            "the database's dialect is not known",
            where=next(iter(given.values())).because,
            hint="say it too: `database-dialect`, postgresql, mysql, sqlite or mongodb",
        )
    same = found if found and found.dialect == dialect else Database(dialect=dialect)
    variable = values.get("database-variable", found.variable if found else None)
    defaults = {fact.value.name: fact.value.default for fact in project.environment}
    url = same.url if variable == same.variable else defaults.get(variable or "")
    driver = values.get("database-driver", same.driver)
    return _sure(replace(same, variable=variable, url=url, driver=driver), given)


def _stores(project: Project, given: Given) -> tuple[Fact[Any], ...]:
    rows = [text.split() for text in given["stores"].value if text != NONE]
    for row in rows:
        if len(row) not in {1, 2}:
            raise BadInput(
                f"`{' '.join(row)}` is no store", where=given["stores"].because, hint="write it like `redis REDIS_URL`"
            )
    found = {(fact.value.dialect, fact.value.variable): fact.value for fact in project.stores}
    pairs = [(row[0], row[1] if len(row) == 2 else None) for row in rows]
    made = (found.get(pair, Database(dialect=pair[0], variable=pair[1])) for pair in pairs)
    return tuple(_sure(store, given) for store in made)


def _migrations(project: Project, given: Given) -> Fact[Any] | None:
    fact = given["migrations"]
    if fact.value == NONE:
        return None
    found = project.migrations
    if found is None or found.value.config != fact.value:
        raise BadInput(f"there is no `{fact.value}`", where=fact.because, hint=_other(found))
    return _sure(found.value, given)


def _other(found: Fact[Migrations] | None) -> str:
    return f"did you mean `{found.value.config}`?" if found else "name it from the project's root, or say `none`"


def _workers(project: Project, given: Given) -> tuple[Fact[Any], ...]:
    found = [fact.value for fact in project.workers]
    fact = given["workers"]
    return tuple(_sure(workers_said.worker(text, fact.because, found), given) for text in fact.value if text != NONE)


def _system(project: Project, given: Given) -> tuple[Fact[Any], ...]:
    without = set(given["without-packages"].value) if "without-packages" in given else set()
    return tuple(fact for fact in project.system if fact.value.name not in without)


def written(paths: Iterable[Fact[Place]], settings: Settings) -> tuple[Fact[Place], ...]:
    """`paths`, and those that the setting says are written, before it is asked where they are."""
    given = {"written": settings["written"]} if settings.given("written") else {}
    found = {fact.value.path: fact for fact in paths}
    for path in given["written"].value if given else ():
        fresh = Place(path=path, use="data", present=False, relative=not path.startswith("/"))
        before = found[path].value if path in found else fresh
        found[path] = _sure(replace(before, written=True), given)
    return tuple(fact for _, fact in sorted(found.items()))


def _layout(project: Project, given: Given) -> Fact[Any]:
    found = project.layout.value if project.layout else Layout()
    return _sure(replace(found, dockerfile=given["dockerfile"].value), given)


#: What is changed here; the rest is heeded where it is looked for, since more hangs on it.
_CHANGES: Mapping[str, Callable[[Project, Given], Any]] = {
    "name": _text("name"),
    "dependencies": _dependencies,
    "packaging": _packaging,
    "python": _python,
    "server": _server,
    "health": _text("health", path=True),
    "routes": _routes,
    "environment": _environment,
    "host": _text("host"),
    "port": _text("port"),
    "log_level": _text("log_level"),
    "cors": _cors,
    "listens": _text("listens"),
    "database": _database,
    "stores": _stores,
    "migrations": _migrations,
    "workers": _workers,
    "starts_programs": _text("starts_programs"),
    "system": _system,
    "front_end": _text("front_end"),
    "layout": _layout,
}
