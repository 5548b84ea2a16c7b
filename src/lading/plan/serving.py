"""How the server is run, and what says that it is well: decided from the facts and the settings."""

from __future__ import annotations

from collections.abc import Iterable

from lading.dependencies import requirement
from lading.errors import BadInput
from lading.model import Migrations, Project, Route, Serving
from lading.settings import Settings

#: What a log level may be called: Uvicorn's names, and logging's other two.
LEVELS = frozenset({"critical", "error", "warning", "info", "debug", "trace", "warn", "fatal"})


def refuse_heads(migrations: Migrations | None, because: str) -> None:
    """Raise `BadInput` where the revisions have several heads: which of them is the newest, nobody can know."""
    if migrations is not None and migrations.tool == "alembic" and len(migrations.heads) > 1:
        raise BadInput(
            f"the migrations have {len(migrations.heads)} heads, {', '.join(migrations.heads)}, and none is the newest",
            where=because,
            hint='join them with `alembic merge heads`, or say `migrations = "none"` and apply them yourself',
        )


def probes(project: Project, settings: Settings) -> tuple[str | None, str | None]:
    """The path that says whether the server is alive, which asks no store, and the one that says whether it is ready.

    Who restarts what is not alive would restart every replica when the database is away. So where the one health route
    asks the database, it is the one for readiness, and any other answer is the sign of life.
    """
    routes = [fact.value for fact in project.routes if not fact.value.guarded]
    ready = next((route.path for route in routes if route.kind == "readiness"), None)
    if settings.given("health") or project.health is None:
        return settings["health"].value if settings.given("health") else _schema(routes), ready
    path = project.health.value
    touches = any(route.path == path and route.kind == "readiness" for route in routes)
    return (_schema(routes), path) if touches else (path, ready)


def _schema(routes: Iterable[Route]) -> str | None:
    return next((route.path for route in routes if route.kind == "schema"), None)


def level(project: Project) -> str:
    """The code's own default for its log level, or the word that it allows: spelled so, for some take no other case."""
    name = project.log_level.value if project.log_level else None
    found = next((fact.value for fact in project.environment if fact.value.name == name), None)
    words = (found.default, *found.allowed) if found else ()
    if words and words[0] and words[0].lower() in LEVELS:
        return words[0]
    return next((word for word in words[1:] if word and word.lower() == "info"), "info")


def server(project: Project, settings: Settings, because: dict[str, str]) -> Serving:
    """How the server is run, as the project runs it. Processes in one scheduler's way are one, and that is said."""
    found = project.server.value if project.server else None
    for field in ("kind", "workers", "root_path"):
        because[f"server.{field}"] = project.server.because if project.server else "default"
    because["server.cors"] = project.cors.because if project.cors else "default"
    because["server.keep_alive"] = settings["keep-alive"].because
    because["server.memory"] = settings["memory"].because
    because["server.starts_programs"] = project.starts_programs.because if project.starts_programs else "default"
    return Serving(
        kind=found.kind if found else "uvicorn",
        workers=(found.workers if found else None) or 1,
        root_path=found.root_path if found else None,
        keep_alive=settings["keep-alive"].value,
        memory=settings["memory"].value,
        starts_programs=bool(project.starts_programs and project.starts_programs.value),
        metrics=_measured(project),
        cors=project.cors.value if project.cors else None,
        metrics_path=next(
            (one.value.path for one in project.routes if one.value.kind == "metrics" and not one.value.guarded), None
        ),
    )


#: Distributions by which an application measures itself with prometheus_client.
_METRICS = frozenset(
    {"prometheus-client", "prometheus-fastapi-instrumentator", "starlette-exporter", "starlette-prometheus"}
)


def _measured(project: Project) -> bool:
    """Whether the application counts with prometheus_client, whose several processes need a folder to add up in."""
    names = {requirement.name(text)[0] for text in project.dependencies.value.requirements}
    return bool(names & _METRICS) or any(fact.value.kind == "metrics" for fact in project.routes)
