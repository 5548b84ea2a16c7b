"""The facts about a project → whether it was understood: nothing guessed, nothing missing that a library is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lading.checks.evidence import Check, Said, counted, failed, passed
from lading.dependencies import requirement
from lading.model import Fact, Project

#: What a library that a project asks for by name is for, and what settles it where it was not found.
_IMPLIED: Mapping[str, tuple[tuple[str, ...], Callable[[Project], object], str]] = {
    "the migrations": (("alembic", "aerich"), lambda one: one.migrations, "migrations"),
    "a database": (
        ("asyncpg", "psycopg", "psycopg2", "psycopg2-binary", "aiosqlite", "pymysql", "aiomysql", "asyncmy", "sqlmodel",
         "tortoise-orm", "motor", "pymongo", "beanie"),
        lambda one: one.database or one.stores, "database-dialect",
    ),
    "a cache": (("redis", "aioredis", "valkey"), lambda one: _store(one, "redis"), "stores"),
    "the metrics": (
        ("prometheus-fastapi-instrumentator", "starlette-exporter", "prometheus-client"),
        lambda one: [fact for fact in one.routes if fact.value.kind == "metrics"], "metrics",
    ),
    "the workers": (("celery", "dramatiq", "arq", "rq", "taskiq", "huey"), lambda one: one.workers, "workers"),
}  # fmt: skip


def understood_without_questions(project: Project) -> Said:
    """The project is understood with no question asked: each fact stands in a file, and none that matters is missing.

    How it is installed, what serves it, its health route; and where it asks for the libraries, its database, its
    migrations, its cache, its metrics and its workers. A fact that several things merely point to is a question, and
    one key settles it. Source: S3-1.
    """
    named: Mapping[str, Fact[object] | None] = {
        "the manager": project.dependencies, "the application": project.application, "the server": project.server,
        "the health route": project.health, "the database": project.database, "the migrations": project.migrations,
    }  # fmt: skip
    facts = [(what, fact) for what, fact in named.items() if fact]
    facts += [(f"the route `{fact.value.path}`", fact) for fact in project.routes]
    facts += [(f"the store {fact.value.dialect}", fact) for fact in project.stores]
    facts += [(f"the {fact.value.role} {fact.value.kind}", fact) for fact in project.workers]
    out = [
        failed(
            f"{what} is {fact.confidence}, not sure",
            where=fact.because,
            hint=f"`{fact.key}` settles it" if fact.key else "",
        )
        for what, fact in facts
        if fact.confidence != "sure"
    ]
    if project.health is None:
        out.append(failed("no health route was found", hint="`health` in [tool.lading] names one"))
    asked = {requirement.name(text)[0] for text in project.dependencies.value.requirements}
    for what, (libraries, found, key) in _IMPLIED.items():
        library = next((one for one in libraries if one in asked), None)
        if library and not found(project):
            said = f"it asks for {library}, and {what} {'were' if what.endswith('s') else 'was'} not found"
            out.append(failed(said, where=project.dependencies.because, hint=f"`{key}` in [tool.lading] says it"))
    return out or passed(f"{counted(len(facts), 'fact')}, each in a file: {', '.join(_said(project))}")


def _store(project: Project, dialect: str) -> bool:
    """Whether a store of that kind, or work for one, was found."""
    held = [fact.value.dialect for fact in (project.database, *project.stores) if fact]
    return dialect in held or any(fact.value.broker for fact in project.workers)


def _said(project: Project) -> list[str]:
    """The facts, in a word each."""
    words = [project.dependencies.value.manager, project.application.value.target]
    words += [project.health.value] if project.health else []
    words += [fact.value.dialect for fact in (project.database, *project.stores) if fact]
    words += [project.migrations.value.tool] if project.migrations else []
    words += [fact.value.path for fact in project.routes if fact.value.kind == "metrics"]
    return words + [fact.value.kind for fact in project.workers]


CHECKS: tuple[Check, ...] = (understood_without_questions,)
