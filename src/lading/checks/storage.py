"""Volumes, mounts and SQLite paths → whether what a container keeps is kept, and where it may be kept."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from lading.checks.evidence import Check, Said, counted, failed, limit, not_started, passed, skipped, unknown
from lading.checks.forbidden import APP
from lading.checks.image import environment
from lading.model import Finding, Image, Observation, Plan, Run

_MOUNTS = {"volume": "a named volume", "bind": "a bind mount", "tmpfs": "a tmpfs"}
_SQLITE_FILE = re.compile(r".*\.(?:db|db3|sqlite|sqlite3)(?:-journal|-wal|-shm)?")


def sqlite_path(url: str) -> str | None:
    """The file of an SQLite URL as the driver gets it: relative, absolute, or empty for memory; None for no SQLite.

    `sqlite:///x` is relative, `sqlite:////x` is absolute. (SQLAlchemy 2, "SQLite, Connect strings".)
    """
    found = re.fullmatch(r"sqlite(?:\+\w+)?://(?:/(.*))?", url, re.DOTALL)
    if not found:
        return None
    path = (found[1] or "").partition("?")[0].removeprefix("file:")
    return "" if path == ":memory:" else path


def kept(run: Run, volume: str) -> frozenset[str]:
    """The files on the volume after `run`, as absolute paths in the container."""
    return frozenset(
        posixpath.join(volume, posixpath.relpath(path, volume) if path.startswith(volume) else path.lstrip("/"))
        for path in run.volume
    )


def volume_writable(observation: Observation, plan: Plan) -> Said:
    """The user can write to the volume, be it a named volume, a bind mount or a tmpfs.

    A named volume takes the owner of the folder in the image, a bind mount that of the host, a tmpfs that of its
    options: three cases, none of which proves another. Source: S0's AC5.
    """
    good: list[str] = []
    out: list[Finding] = []
    for kind, mount in _MOUNTS.items():
        fresh = (run for run in observation.runs.values() if run.start.mount == kind and run.start.reuse is None)
        run = next(fresh, None)
        tried = run.writes.get(plan.volume) if run else None
        if tried is None:
            out.append(unknown(f"{mount} was not tried: {limit(observation, mount)}"))
        elif tried.status != 0:
            said = " ".join(tried.output.split())[-60:] or f"status {tried.status}"
            hint = f"make `{plan.volume}` in the image, owned by {plan.user.uid}:{plan.user.gid}"
            out.append(failed(f"{plan.volume} cannot be written on {mount}: {said}", where=plan.volume, hint=hint))
        else:
            good.append(mount)
    return out or passed(f"{plan.volume} was written on {', '.join(good)}")


def survives_recreation(defaults: Run, port: Run, plan: Plan) -> Said:
    """What the first container kept on the volume is there for the next one, which starts with it.

    Files and schema revisions are compared; both containers are new, only the volume stays: it is the start on another
    port that gets it. Source: S0's constraint "Volume mount required for persistence".
    """
    if port.start.reuse != "defaults":
        return unknown("no start got the volume of the start `defaults`")
    if defaults.ready is None:
        return unknown("the start `defaults` never answered")
    if port.ready is None:
        ended = "" if port.exited is None else f", it ended with status {port.exited}"
        return failed(f"a second container on the same volume never answered{ended}")
    before = {path for path in kept(defaults, plan.volume) if not path.endswith(("-wal", "-shm", "-journal"))}
    lost = sorted(before - kept(port, plan.volume))
    if lost:
        return failed(
            f"{len(lost)} of {len(before)} files were gone in the second container: `{lost[0]}`", where=lost[0]
        )
    changed = [path for path, rows in defaults.revisions.items() if port.revisions.get(path) != rows]
    if changed:
        return failed("the second container has other schema revisions than the first", where=changed[0])
    if not before:
        if plan.database is not None and plan.database.dialect == "sqlite":
            return failed(f"the first container kept nothing on {plan.volume}", where=plan.volume)
        return skipped(f"it keeps no files on {plan.volume}")
    count = f"{len(before)} file" + "s" * (len(before) != 1)
    return passed(f"{count} on {plan.volume} kept, answered again after {port.ready:.2f} s", seconds=port.ready)


def read_only_root(observation: Observation, plan: Plan) -> Said:
    """The containers write nothing outside the volume and /tmp, so that their root can be read-only.

    S0's AC5 wants the application's folder writable, which this forbids to no purpose that the application has: it is
    the owner that `owners` judges. Source: CIS Docker Benchmark 5.13; Kubernetes' readOnlyRootFilesystem.
    """
    answered = [run for run in observation.runs.values() if run.ready is not None]
    if not answered:
        return unknown("no start ever answered")
    for run in answered:
        if run.written:
            count = f"{len(run.written)} file" + "s" * (len(run.written) != 1)
            said = f"{count} written outside {plan.volume} in the start `{run.start.name}`: `{run.written[0]}`"
            return failed(said, where=run.written[0], hint=f"keep what must last on {plan.volume}, the rest in /tmp")
    count = f"{len(answered)} start" + "s" * (len(answered) != 1)
    return passed(f"{count} answered, nothing written outside {plan.volume} and /tmp")


def _led(path: str, plan: Plan) -> str:
    """Where a path of the code leads to, from the working directory and by the links that the image has."""
    there = posixpath.normpath(posixpath.join(APP, plan.app.working, path))
    for link, to in plan.app.links.items():
        if there == f"{APP}/{link}" or there.startswith(f"{APP}/{link}/"):
            return to + there.removeprefix(f"{APP}/{link}")
    return there


def sqlite_on_volume(plan: Plan, image: Image, observation: Observation | None) -> Said:
    """SQLite's file is on the volume: in the plan, in the image's variables, and where containers really wrote.

    Three slashes in the URL are a path relative to the working directory: the container starts, and loses every row
    when it is replaced. Source: S2-5 of the criteria; SQLAlchemy 2, "SQLite, Connect strings".
    """
    urls = list(_urls(plan, image))
    for where, url in urls:
        path = sqlite_path(url)
        there = _led(path, plan) if path else ""
        if path is not None and not _on(there, plan.volume):
            if not path:
                said = "SQLite is in memory, and gone at every stop"
            elif path.startswith("/"):
                said = f"SQLite's file `{path}` is not on {plan.volume}"
            else:
                said = f"SQLite's path `{path}` is relative, so `{there}`, not on {plan.volume}"
            name = posixpath.basename(path) or "app.db"
            hint = f"four slashes: `sqlite:///{plan.volume}/{name}`"
            folder = posixpath.dirname(there)
            if path and folder != APP and plan.database and plan.database.variable is None:
                hint = f"no variable moves it: keep its folder, with `--volume {folder}`"
            return failed(said, where=where, hint=hint)
    if observation is None or not observation.runs:
        return not_started("defaults", observation)
    written = [path for run in observation.runs.values() for path in run.written if _SQLITE_FILE.fullmatch(path)]
    if written:
        return failed(f"a container wrote `{written[0]}`, which is not on {plan.volume}", where=written[0])
    paths = [path for path in (sqlite_path(url) for _, url in urls) if path]
    if paths:
        led = _led(paths[0], plan)
        shown = led if led == paths[0] else f"`{paths[0]}`, by a link {led}"
        return passed(f"SQLite's file is {shown}, and no container wrote another")
    dialect = plan.database.dialect if plan.database else ""
    if dialect == "sqlite":
        return unknown("where SQLite's file is, nothing says")
    return skipped(f"the database is {dialect}" if dialect else "there is no database")


def database_configures(database: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The variable for the database decides where the rows go, and they go nowhere else.

    Source: S0's AC9, "`DATABASE_URL` can override the SQLite database path".
    """
    if plan.database is None:
        return skipped("there is no database")
    variable, parts = plan.database.variable, _parts(plan)
    if plan.database.dialect != "sqlite" and (variable or parts):
        return _told((variable,) if variable else tuple(parts.values()), plan, observation)
    if variable is None:
        hint = "read it from a variable: what the code says, only a new image changes"
        return failed("no variable holds the database's URL", where=plan.because.get("database", ""), hint=hint)
    if database is None:
        return not_started("database", observation)
    return _moved(database, plan, variable)


def _moved(database: Run, plan: Plan, variable: str) -> Finding:
    url = database.start.environment.get(variable)
    if url is None:
        return unknown(f"no start had `{variable}` set")
    if database.ready is None:
        ended = "" if database.exited is None else f": it ended with status {database.exited}"
        return failed(f"with another {variable} it never answered{ended}")
    path = sqlite_path(url)
    if path is None:
        return passed(f"answered on the given {variable}", seconds=database.ready)
    files = kept(database, plan.volume)
    if path not in files:
        return failed(f"with {variable} set to {path}, that file did not appear", where=path)
    usual = sqlite_path(plan.env.get(variable) or (plan.database and plan.database.url) or "") or path
    if usual != path and posixpath.join(APP, usual) in {*files, *database.written}:
        return failed(f"with {variable} set to {path}, {usual} was written as well", where=usual)
    return passed(f"{variable} set to {path}: rows go there, and nowhere else", seconds=database.ready)


def _parts(plan: Plan) -> Mapping[str, str]:
    """The variables that say, one by one, where the database is and what it is called."""
    parts = next((one.parts for one in plan.backing if one.role == "database"), {})
    return {part: parts[part] for part in ("host", "port", "database") if part in parts}


def _told(variables: tuple[str, ...], plan: Plan, observation: Observation | None) -> Finding:
    """Whether starts that were told of different databases of one server each migrated its own.

    Alembic and Aerich leave rows there, whatever the application does; without them, a start need not write anything.
    """
    if plan.migrations is None or not plan.migrations.heads:
        return skipped("no migrations leave a trace in the database that a start was told of")
    if observation is None or not observation.runs or not observation.services:
        return not_started("defaults", observation)
    moved = {
        tuple(run.start.environment[name] for name in variables): run
        for run in observation.runs.values()
        if run.ready is not None and run.start.reuse is None and set(variables) <= run.start.environment.keys()
    }
    empty = next((run for run in moved.values() if not run.revisions), None)
    named = ", ".join(variables)
    if plan.database and plan.database.variable is None and "database" not in _parts(plan):
        return skipped(f"{named} say where the server is, and the code what its database is called: it has only one")
    if len(moved) < 2:
        return unknown(f"fewer than two starts had a `{named}` of their own")
    if empty:
        return failed(f"the start `{empty.start.name}` wrote nothing to the database that {named} says")
    return passed(f"{counted(len(moved), 'start')}, each with another database in {named}: each migrated its own")


def _urls(plan: Plan, image: Image) -> Iterator[tuple[str, str]]:
    """The SQLite URLs that hold when no variable is set, with what says so; the image's variable beats the code."""
    env = [("the image", name, value) for name, value in environment(image).items()]
    env += [(plan.because.get(f"env.{name}", "the plan"), name, value) for name, value in plan.env.items()]
    yield from ((where, value) for where, _, value in env if value.startswith("sqlite"))
    database = plan.database
    if database and database.url and not _has(database.variable, (name for _, name, _ in env)):
        yield plan.because.get("database", "the plan"), database.url


def _has(name: str | None, names: Iterable[str]) -> bool:
    return name is not None and name in names


def _on(path: str, volume: str) -> bool:
    return posixpath.normpath(path).startswith(volume + "/")


CHECKS: tuple[Check, ...] = (
    volume_writable,
    survives_recreation,
    read_only_root,
    sqlite_on_volume,
    database_configures,
)
