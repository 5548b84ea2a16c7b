"""Project + Settings → Plan: every decision made once, each with what decided it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lading import ignore
from lading.errors import BadInput
from lading.model import (
    App,
    Base,
    Binding,
    Database,
    Dependencies,
    Fact,
    Healthcheck,
    Plan,
    Project,
    Variable,
)
from lading.plan import base, exclude, folders, secrets, services, serving
from lading.plan.base import SUITES
from lading.plan.document import dump, dump_schema, load, schema
from lading.settings import Settings

__all__ = ["PACKAGES", "SERVER", "SUITES", "dump", "dump_schema", "exclude", "load", "make", "on_volume", "schema"]

#: What the launcher becomes; added, as the last requirement, where the project declares none.
SERVER = "uvicorn"

#: Where the project's own metadata is, where its code asks for it.
PROJECT = "/opt/project"

#: What Python's standard library needs at run time and finds in files: trust, protocol names, time zones.
PACKAGES = ("ca-certificates", "netbase", "tzdata")


def make(project: Project, settings: Settings) -> Plan:
    """What the image of `project` must contain. Pure: the same facts give the same plan.

    Raises `BadInput` when the project refuses the interpreter that it would get, or a setting cannot be met.
    """
    because: dict[str, str] = {}

    def told(field: str, fact: Fact[Any] | None) -> None:
        because[field] = fact.because if fact else "default"

    def setting(field: str, key: str) -> Any:
        told(field, settings[key])
        return settings[key].value

    told("name", project.name)
    told("dependencies", project.dependencies)
    dependencies = project.dependencies.value
    server = project.server if project.server and project.server.value.declared else None
    if server is None:
        dependencies = replace(dependencies, requirements=(*dependencies.requirements, SERVER))
    because["dependencies.requirements"] = "default" if server is None else server.because
    for field in ("target", "factory", "folder"):
        told(f"app.{field}", project.application)
    application = project.application.value
    migrations = project.migrations.value if project.migrations else None
    told("migrations", project.migrations)
    serving.refuse_heads(migrations, because["migrations"])
    volume = _volume(setting("volume", "volume"), because["volume"])
    database, moved = _database(project.database, volume)
    told("database", project.database)
    health = settings["health"] if settings.given("health") else project.health
    alive, ready = serving.probes(project, settings)
    told("health.path", health)

    env = _env((application.folder, *application.folders), installed=installs(dependencies))
    because |= dict.fromkeys((f"env.{name}" for name in env), "default")
    because["env.PYTHONPATH"] = project.application.because
    if database and database.variable and database.url and moved:
        env[database.variable] = database.url
        because[f"env.{database.variable}"] = f"{moved}, moved on to the volume"

    kept = folders.on_volume(project.paths, project.environment, volume)
    env |= {name: place for name, (place, _) in kept.items()}
    because |= {f"env.{name}": f"{where}, moved on to the volume" for name, (_, where) in kept.items()}

    port = str(_port(setting("port.default", "port")))
    because |= {"host.default": "default", "log_level.default": "default"}
    bindings: dict[str, Binding] = {}
    for field, variable, name, default in (
        ("host", project.host, "HOST", "0.0.0.0"),  # noqa: S104 - a container is reached from outside
        ("port", project.port, "PORT", port),
        ("log_level", project.log_level, "LOG_LEVEL", serving.level(project)),
    ):
        told(f"{field}.variable", variable)
        bindings[field] = Binding(variable=variable.value if variable else name, default=default)
    moved_too = {name: place for name, (place, _) in kept.items()}
    variables = tuple(_variables(project.environment, bindings, database, moved_too))
    compiled = [fact for fact in project.system if fact.value.stage == "build"]
    told("packaging", project.packaging)
    told("layout", settings["dockerfile"])
    told("base.build", next(iter(compiled), None))
    files = [fact for fact in project.paths if fact.value.use == "settings"]
    told("backing", project.database or next(iter(project.stores), None))
    told("programs", next(iter(project.workers), None))
    told("env_files", next(iter(files), None))
    for fact in project.environment:
        because[f"variables.{fact.value.name}"] = fact.because

    suite = base.suite(project, because)

    return Plan(
        name=project.name.value,
        base=Base(
            image=base.image(project, settings, because),
            suite=suite,
            python=SUITES.get(suite, "").rpartition(".")[0],
            packages=_packages(project, setting("base.packages", "packages"), because),
            build=base.compiling(one.value.name for one in compiled),
        ),
        dependencies=dependencies,
        packaging=project.packaging.value if project.packaging and installs(dependencies) else None,
        as_of=setting("as_of", "as-of"),
        strip=setting("strip", "strip"),
        app=_app(
            project,
            volume,
            {*kept, *((database.variable,) if database and database.variable else ())},
            setting("app.exclude", "exclude"),
            because,
        ),
        volume=volume,
        env=env,
        variables=variables,
        host=bindings["host"],
        port=bindings["port"],
        log_level=bindings["log_level"],
        database=replace(database, url=secrets.without(database.url)) if database else None,
        migrations=migrations,
        server=serving.server(project, settings, because),
        backing=services.backing(database, project.stores, project.workers, project.environment),
        programs=services.programs(project.workers),
        env_files=tuple(fact.value.at or fact.value.path for fact in files),
        health=Healthcheck(
            path=alive,
            ready=ready,
            body=_json(setting("health.body", "health-body"), because["health.body"]),
        ),
        stop_seconds=setting("stop_seconds", "stop-seconds"),
        size_limit=setting("size_limit", "size-limit"),
        because=dict(sorted(because.items())),
    )


def _app(
    project: Project, volume: str, moved: Collection[str], exclude_more: Iterable[str], because: dict[str, str]
) -> App:
    """The project's own code, where `moved` are the variables whose values are on the volume."""
    application = project.application.value
    migrations = project.migrations.value if project.migrations else None
    working = project.working.value if project.working else "."
    because["app.working"] = project.working.because if project.working else "default"
    linked = folders.links(project.paths, moved, working, volume)
    because |= {f"app.links.{path}": where for path, (_, where) in linked.items()}
    links = {path: to for path, (to, _) in linked.items()}
    own = folders.left_out(moved, links, project.environment, application, migrations)
    needed = (*project.dependencies.value.files, *application.kept)
    excluded = exclude.patterns((*own, *exclude_more), needed, migrations)
    return App(
        target=application.target,
        factory=application.factory,
        folder=application.folder,
        exclude=excluded,
        working=working,
        links=links,
        folders=folders.made(project.paths, links),
        blanks=folders.blanks(project.paths, links, ignore.matcher(excluded)),
    )


def installs(dependencies: Dependencies) -> bool:
    """Whether a build back end makes something of the image: the project itself, or a folder that it depends on."""
    return dependencies.install or bool(dependencies.local)


def on_volume(url: str, volume: str) -> str:
    """`url` with its SQLite file on `volume`, its driver, file name and query kept; any other URL as it is.

    Three slashes are a relative path, which would be lost with the container: `sqlite:///./tasks.db` becomes
    `sqlite:////data/tasks.db`. (SQLAlchemy 2, "Engine configuration, SQLite".)
    """
    found = re.fullmatch(r"(sqlite(?:\+\w+)?):///([^?]+)(\?.*)?", url, re.DOTALL)
    if not found or found[2] == ":memory:" or found[2].startswith("file:"):
        return url
    path = posixpath.normpath(found[2])
    if path.startswith(volume + "/"):
        return url
    return f"{found[1]}:///{volume}/{posixpath.basename(path)}{found[3] or ''}"


def _database(fact: Fact[Database] | None, volume: str) -> tuple[Database | None, str]:
    """The database with its default where it lasts, and what told us the default that had to move."""
    if fact is None or fact.value.url is None or fact.value.variable is None:
        return (fact.value if fact else None), ""
    url = on_volume(fact.value.url, volume)
    return replace(fact.value, url=url), fact.because if url != fact.value.url else ""


def _packages(project: Project, given: Iterable[str], because: dict[str, str]) -> tuple[str, ...]:
    """The Debian packages that must be there at run time; of each that was found, what needs it."""
    found = [fact for fact in project.system if fact.value.stage == "run"]
    for fact in found:
        because[f"base.packages.{fact.value.name}"] = fact.because
    return tuple(dict.fromkeys((*PACKAGES, *(fact.value.name for fact in found), *given)))


def _env(folders: Iterable[str], *, installed: bool) -> dict[str, str]:
    inside = [posixpath.normpath(posixpath.join("/app", one)) for one in folders]
    return {
        "PATH": "/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/home/appuser",
        "LANG": "C.UTF-8",
        # OpenSSL's own default is a path that only the `openssl` package would make.
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
        # Absolute: a relative one would mean something else in every other working directory.
        "PYTHONPATH": ":".join(dict.fromkeys((*inside, *((PROJECT,) if installed else ())))),
        "PYTHONPYCACHEPREFIX": "/opt/pycache",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _variables(
    facts: Iterable[Fact[Variable]],
    bindings: Mapping[str, Binding],
    database: Database | None,
    moved: Mapping[str, str],
) -> Iterator[Variable]:
    """The environment contract, in the order in which the project reads it; the defaults are those of the image."""
    defaults = {**moved, **{binding.variable: binding.default for binding in bindings.values()}}
    if database and database.variable and database.url:
        defaults[database.variable] = database.url
    found = {fact.value.name: fact.value for fact in facts}
    for name, variable in found.items():
        held = defaults.get(name)
        known = variable if held is None else replace(variable, default=held, required=False)
        # What the code falls back on is the code's own: nobody needs it here, and a plan may be shown to anybody.
        yield replace(known, default=secrets.without(known.default, secret=known.secret))
    others = ((name, secrets.without(value, secret=False)) for name, value in defaults.items() if name not in found)
    yield from (Variable(name=name, default=value) for name, value in others)


def _volume(value: str, because: str) -> str:
    path = posixpath.normpath(value)
    if not path.startswith("/") or path.startswith("//") or path in {"/", "/app", "/opt", "/tmp"}:  # noqa: S108
        raise BadInput(f"`volume` must be a folder of its own, not `{value}`", where=because, hint="such as `/data`")
    return path


def _json(text: str | None, because: str) -> str | None:
    try:
        json.loads(text or "null")
    except ValueError as error:
        raise BadInput(f"`health-body` must be JSON, not `{text}`: {error}", where=because) from error
    return text


def _port(value: int) -> int:
    if not 0 < value < 65536:
        raise BadInput(
            f"`port` must be 1 to 65535, not {value}", hint="the variable may still say otherwise at run time"
        )
    return value
