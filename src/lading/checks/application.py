"""The migrations of the application → whether they are in the image, and applied before it serves."""

from __future__ import annotations

import posixpath

from lading.checks import packages
from lading.checks.evidence import Check, Said, failed, never_answered, not_started, passed, skipped, unknown
from lading.checks.forbidden import APP
from lading.checks.image import environment
from lading.checks.running import silence
from lading.model import Contents, Image, Observation, Plan, Run

_NONE = "there are no migrations"


def migrations_in_image(contents: Contents, plan: Plan) -> Said:
    """The image has Alembic itself, its configuration, its env.py and every revision.

    Source: S0-10 of the criteria; Alembic's "Tutorial, The Migration Environment".
    """
    migrations = plan.migrations
    if migrations is None:
        return skipped(_NONE)
    folder = posixpath.join(APP, migrations.folder)
    wanted = (posixpath.join(APP, migrations.config), f"{folder}/env.py")
    out = [failed(f"`{path}` is not in the image", where=path) for path in wanted if path not in contents.files]
    revisions = [
        path for path in contents.files if posixpath.dirname(path) == f"{folder}/versions" and path.endswith(".py")
    ]
    if not revisions:
        out.append(failed(f"no revision is in `{folder}/versions`", where=f"{folder}/versions"))
    there = packages.installed(contents)
    alembic = next((one for one in there if one.name == migrations.tool), None)
    if alembic is None and there:
        hint = f"add `{migrations.tool}` to the production dependencies"
        out.append(failed(f"`{migrations.tool}` is not installed in the image", hint=hint))
    elif alembic is None:
        return out or unknown("no distribution's METADATA was found in the image")
    if out or alembic is None:
        return out
    return passed(f"Alembic {alembic.version}, {migrations.config}, env.py and {len(revisions)} revisions")


def migrations_applied(defaults: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The schema is at its newest revision after the first start, on an empty volume.

    From the rows of `alembic_version`, on the volume or in the database that was made for the start, not from a line in
    the log, which is written before anything is done and also when it fails. Source: S0-10 and S2-3 of the criteria.
    """
    migrations = plan.migrations
    if migrations is None:
        return skipped(_NONE)
    if defaults is None:
        return not_started("defaults", observation)
    if defaults.ready is None:
        return never_answered(defaults)
    dialect = plan.database.dialect if plan.database else "sqlite"
    if dialect != "sqlite" and not (observation and observation.services):
        return unknown(f"the revisions of a {dialect} database were not read")
    wanted = set(migrations.heads)
    heads = ", ".join(sorted(wanted))
    if not defaults.revisions:
        hint = "run the migrations before the server: the launcher of `lading init` does"
        place = plan.volume if dialect == "sqlite" else "its own database"
        return failed(f"no `alembic_version` on {place}, wanted {heads}", where=place, hint=hint)
    for path, rows in defaults.revisions.items():
        if set(rows) == wanted:
            name = posixpath.basename(path)
            return passed(f"{name} is at {heads} after the first start")
    path, rows = next(iter(defaults.revisions.items()))
    return failed(f"`{posixpath.basename(path)}` is at {', '.join(rows) or 'no revision'}, wanted {heads}", where=path)


def migration_failure_opens_no_port(newer: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """A container whose migrations fail ends with another status than 0, and its port never opens.

    Its database is said, beforehand, to be at a revision that no migration leads from. Source: S2-3 of the criteria.
    """
    if plan.migrations is None or plan.migrations.tool != "alembic":
        return skipped(_NONE if plan.migrations is None else f"{plan.migrations.tool} has no revisions to be wrong")
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
    wanted = set(plan.migrations.heads)
    for run in runs:
        if run.ready is None or run.exited is not None or not run.answers or (run.answers[0].status or 500) >= 500:
            return silence(run)
    rows = {row for found in runs[0].revisions.values() for row in found}
    if rows != wanted:
        there = ", ".join(sorted(rows)) or "no revision"
        return failed(f"{len(runs)} replicas answered, but their database is at {there}, wanted {', '.join(wanted)}")
    last = max(run.ready or 0 for run in runs)
    return passed(
        f"{len(runs)} at once on an empty database: all answered within {last:.1f} s, at {', '.join(sorted(rows))}",
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
    processes = f"{workers} + {len(plan.programs)}" if plan.programs else f"{workers}"
    message = (
        f"at most {total} of the {most} connections that a server takes: 2 replicas, {processes} processes, "
        f"{database.pool} each"
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
    connections_fit,
)
