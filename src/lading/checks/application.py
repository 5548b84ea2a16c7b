"""The migrations of the application → whether they are in the image, and applied before it serves."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from lading.checks import packages
from lading.checks.evidence import Check, Said, counted, failed, never_answered, not_started, passed, skipped, unknown
from lading.checks.forbidden import APP
from lading.checks.image import environment
from lading.checks.running import silence
from lading.model import Contents, Finding, Image, Migrations, Observation, Plan, Run

_NONE = "there are no migrations"


def migrations_in_image(contents: Contents, plan: Plan, tree: tuple[str, ...] | None) -> Said:
    """The image has the tool that migrates, its configuration, its env.py and every revision that the source has.

    A source without a revision is no defect of an image, and tables that the application makes by itself as it starts
    need nothing there. Source: S0-10 of the criteria; Alembic's "Tutorial, The Migration Environment".
    """
    migrations = plan.migrations
    if migrations is None or migrations.tool == "create_all":
        return _nothing(migrations)
    wanted = [migrations.config, *([f"{migrations.folder}/env.py"] if migrations.tool == "alembic" else [])]
    out = [
        failed(f"`{path}` is not in the image", where=path)
        for path in (_placed(one) for one in wanted)
        if path not in contents.files
    ]
    if migrations.tool == "script":
        return out or passed(f"{migrations.config}, which migrates, is there")
    folder = posixpath.normpath(posixpath.join(migrations.folder, "versions" if migrations.tool == "alembic" else ""))
    out += _lost(migrations, folder, contents, tree or ())
    there = packages.installed(contents)
    tool = next((one for one in there if one.name == migrations.tool), None)
    if tool is None and there:
        hint = f"add `{migrations.tool}` to the production dependencies"
        out.append(failed(f"`{migrations.tool}` is not installed in the image", hint=hint))
    elif tool is None:
        return out or unknown("no distribution's METADATA was found in the image")
    if out or tool is None:
        return out
    revisions = counted(len(_python(_placed(folder), contents.files)), "revision")
    files = ", ".join((migrations.config, *(posixpath.basename(path) for path in wanted[1:])))
    return passed(f"{migrations.tool.capitalize()} {tool.version}, {files} and {revisions}")


def _nothing(migrations: Migrations | None) -> Finding:
    """There is nothing to migrate with."""
    made = "" if migrations is None else f": `{migrations.config}` makes the tables as the application starts"
    return skipped(f"{_NONE}{made}")


def _placed(path: str) -> str:
    return posixpath.normpath(posixpath.join(APP, path))


def _lost(migrations: Migrations, folder: str, contents: Contents, tree: tuple[str, ...]) -> list[Finding]:
    """The revisions that the source has, and the image does not."""
    place = _placed(folder)
    source = _python(folder, tree)
    if (source or migrations.heads) and not _python(place, contents.files):
        return [failed(f"no revision is in `{place}`", where=place)]
    lost = [path for path in (_placed(one) for one in source) if path not in contents.files]
    if not lost:
        return []
    return [failed(f"{len(lost)} of {len(source)} revisions are not in the image: `{lost[0]}`", where=lost[0])]


def _python(folder: str, paths: Iterable[str]) -> list[str]:
    """The revisions below `folder`: without what only makes a package of it."""
    below = (path for path in paths if path.startswith(f"{folder}/") and path.endswith(".py"))
    return sorted(path for path in below if posixpath.basename(path) != "__init__.py")


def migrations_applied(defaults: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The schema is at its newest revision after the first start, on an empty volume.

    From the rows of `alembic_version`, of the table that env.py names in its place, or of Aerich's own, on the volume
    or in the database that was made for the start, not from a line in the log, which is written before anything is done
    and also when it fails. Source: S0-10 and S2-3 of the criteria.
    """
    migrations = plan.migrations
    if migrations is None or migrations.tool == "create_all":
        return _nothing(migrations)
    if defaults is None:
        return not_started("defaults", observation)
    if defaults.ready is None:
        return never_answered(defaults)
    dialect = plan.database.dialect if plan.database else "sqlite"
    if dialect != "sqlite" and not (observation and observation.services):
        return unknown(f"the revisions of a {dialect} database were not read")
    if migrations.tool == "script":
        return unknown(f"{migrations.config} migrates by {migrations.tool}, of which no revisions are read")
    return _reached(defaults, migrations, plan.volume if dialect == "sqlite" else "its own database")


def _reached(defaults: Run, migrations: Migrations, place: str) -> Finding:
    """Whether what `place` was brought to is the newest revision of the source."""
    wanted = set(migrations.heads)
    heads = ", ".join(sorted(wanted))
    if not defaults.revisions and not wanted:
        below = "/versions" if migrations.tool == "alembic" else ""
        return skipped(f"`{migrations.folder}{below}` has no revision")
    if not defaults.revisions:
        hint = "run the migrations before the server: the launcher of `lading init` does"
        return failed(f"no `{migrations.table}` on {place}, wanted {heads}", where=place, hint=hint)
    for path, rows in defaults.revisions.items():
        if _is_at(rows, migrations):
            name = posixpath.basename(path)
            return passed(f"{name} is at {heads or 'no revision'} after the first start")
    path, rows = next(iter(defaults.revisions.items()))
    said = f"`{posixpath.basename(path)}` is at {', '.join(rows) or 'no revision'}, wanted {heads or 'none'}"
    return failed(said, where=path)


def _is_at(rows: Iterable[str], migrations: Migrations) -> bool:
    """Whether the table says that all was applied: Alembic's has the heads alone, Aerich's all that came before too."""
    wanted = set(migrations.heads)
    return set(rows) == wanted if migrations.tool == "alembic" else wanted <= set(rows)


def migration_failure_opens_no_port(newer: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """A container whose migrations fail ends with another status than 0, and its port never opens.

    Its database is said, beforehand, to be at a revision that no migration leads from. Source: S2-3 of the criteria.
    """
    if plan.migrations is None or plan.migrations.tool == "create_all":
        return _nothing(plan.migrations)
    if plan.migrations.tool != "alembic":
        return skipped(f"{plan.migrations.tool} has no revisions to be wrong")
    if newer is None:
        return not_started("newer", observation)
    at = f"its database at `{newer.start.stamp}`"
    hint = "run the migrations before the server, and end where they fail: the launcher of `lading init` does"
    if newer.ready is not None:
        return failed(f"with {at} it answered all the same, after {newer.ready:.2f} s", hint=hint)
    if newer.exited is None:
        return failed(f"with {at} it neither answered nor ended", hint=hint)
    if newer.exited == 0:
        return failed(f"with {at} it ended with status 0, as if all were well", hint=hint)
    return passed(f"with {at}: status {newer.exited}, and no answer on its port before that")


def replicas_serve(plan: Plan, observation: Observation) -> Said:
    """Several containers that are started at once on one empty database all serve, and it is at its newest revision.

    Source: S3-3 of the criteria.
    """
    if plan.migrations is None:
        return skipped(_NONE)
    if not any(one.role == "database" for one in plan.backing):
        return skipped("its database is a file, which one container has")
    runs = [run for run in observation.runs.values() if run.start.name.startswith("replica-")]
    if not runs:
        return not_started("replica-1", observation)
    wanted = plan.migrations.heads
    for run in runs:
        if run.ready is None or run.exited is not None or not run.answers or (run.answers[0].status or 500) >= 500:
            return silence(run, plan)
    rows = {row for found in runs[0].revisions.values() for row in found}
    there = ", ".join(sorted(rows)) or "no revision"
    if not _is_at(rows, plan.migrations):
        heads = ", ".join(sorted(wanted)) or "none"
        return failed(f"{len(runs)} replicas answered, but their database is at {there}, wanted {heads}")
    last = max(run.ready or 0 for run in runs)
    at = f", at {', '.join(wanted)}" if wanted else ""
    return passed(
        f"{len(runs)} at once on an empty database: all answered within {last:.1f} s{at}",
        seconds=last,
    )


#: How many connections a server takes as it comes. Source: PostgreSQL, "max_connections" less
#: "superuser_reserved_connections"; MySQL, "max_connections".
_CONNECTIONS = {"postgresql": 97, "mysql": 151}


def connections_fit(image: Image, plan: Plan) -> Said:
    """All processes of two replicas together open no more connections than the database's server takes as it comes.

    A pool belongs to a process: four workers with SQLAlchemy's usual 15 are 60, and a second replica is refused in the
    middle of a request. A replacement has both for a while. WEB_CONCURRENCY of the image stands above the plan's
    number. Source: S3-4 of the criteria; SQLAlchemy, "Connection Pooling", pool_size and max_overflow.
    """
    env = environment(image)
    said = env.get("WEB_CONCURRENCY", "")
    database, workers = plan.database, int(said) if said.isdecimal() else plan.server.workers
    most = _CONNECTIONS.get(database.dialect) if database else None
    if database is None or most is None:
        return skipped("its database is no server that counts connections")
    if database.pool is None:
        return skipped("the code names no pool whose size can be read")
    if workers == "auto":
        return skipped("as many processes are started as the cgroup allows")
    total = 2 * (workers + len(plan.programs)) * database.pool
    processes = f"{workers} + {len(plan.programs)} processes" if plan.programs else counted(workers, "process")
    message = (
        f"at most {total} of the {most} connections that a server takes: 2 replicas, {processes}, {database.pool} each"
    )
    if total > most:
        return failed(message, hint="make the pool smaller, start fewer processes, or put a pooler before the server")
    return passed(message)


CHECKS: tuple[Check, ...] = (
    migrations_in_image,
    migrations_applied,
    connections_fit,
    migration_failure_opens_no_port,
    replicas_serve,
)
