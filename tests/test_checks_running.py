"""Checks of what containers did: each is silent on the good ones, and bites."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import values
from values import GOOD, LAUNCH, PLAN, RUNS, URL, configured, containing, file, metadata, observed, planned, unobserved

from lading import checks
from lading.checks import Evidence, evidence, running, storage
from lading.model import Answer, Database, Migrations, Observation, Outcome, Process


class Case(NamedTuple):
    """What went otherwise, and what the check says of it: `verdict where: message`, one line a finding."""

    check: str
    evidence: Evidence
    said: tuple[str, ...]


def said(check: str, given: Evidence) -> tuple[str, ...]:
    findings = evidence.ask(checks.CHECKS[check], given)
    assert {finding.check for finding in findings} == {check}
    return tuple(f"{one.verdict} {one.where + ': ' if one.where else ''}{one.message}" for one in findings)


NOBODY = replace(GOOD, observation=None)
NO_ENGINE = replace(
    GOOD, observation=Observation(engine="none", image="", runs={}, limits=("not run: namespaces are refused",))
)


def silent(name: str, exited: int | None = None, log: str = "") -> Evidence:
    """A start that never answered."""
    return observed(
        name,
        ready=None,
        exited=exited,
        log=log,
        answers=(),
        samples=(),
        processes=(),
        health=None,
        stalled=None,
        writes={},
        volume=(),
        revisions={},
        refused=(),
        stopped=None,
        stop_seconds=None,
    )


def started(name: str, **changes: Any) -> Evidence:
    return observed(name, start=replace(RUNS[name].start, **changes))


def wanting(body: str, evidence: Evidence) -> Evidence:
    plan = replace(evidence.plan, health=replace(evidence.plan.health, body=body))
    return replace(evidence, plan=plan)


def answering(status: int | None, body: str, error: str = "") -> Evidence:
    return observed("defaults", answers=(Answer(path="/health", status=status, body=body, seconds=0.003, error=error),))


def ended(status: int | None, output: str = "", seconds: float = 0.1) -> Outcome:
    return Outcome(argv=("python", "launch.py", "healthcheck"), status=status, output=output, seconds=seconds)


def checked(**changes: object) -> Evidence:
    """The image's HEALTHCHECK, otherwise."""
    return configured(Healthcheck={**values.CONFIG["Healthcheck"], **changes})


def processes(*made: Process) -> Evidence:
    return observed("defaults", processes=made)


def process(*argv: str, pid: int = 1, uid: int = 1000) -> Process:
    return Process(pid=pid, uid=uid, gid=uid, argv=argv)


def stored_at(url: str) -> Evidence:
    """SQLite at `url`, as the plan and the image say."""
    env = {**PLAN.env, "DATABASE_URL": url}
    return replace(configured(Env=[f"{name}={value}" for name, value in env.items()]), plan=replace(PLAN, env=env))


SILENT = replace(RUNS["port"], ready=None, answers=())

NO_DATABASE = replace(configured(Env=["PATH=/usr/bin"]), plan=replace(PLAN, env={}, database=None, migrations=None))
LINKED = replace(
    configured(Env=[]), plan=replace(PLAN, env={}, database=replace(values.DATABASE, url="sqlite:///data/a.db"))
)
POSTGRES = replace(
    configured(Env=["PATH=/usr/bin"]),
    plan=replace(PLAN, env={}, database=replace(values.DATABASE, dialect="postgresql", url=None)),
)

NO_REVISION = replace(PLAN, migrations=replace(values.MIGRATIONS, heads=()))
SCRIPT = replace(PLAN, migrations=Migrations(tool="script", config="prestart.sh", folder=".", heads=()))
AERICH = replace(
    PLAN,
    migrations=Migrations(
        tool="aerich", config="pyproject.toml", folder="migrations", heads=("2_c.py",), table="aerich"
    ),
)
MADE = planned(migrations=Migrations(tool="create_all", config="app/main.py", folder="app", heads=()))
TABLES = "there are no migrations: `app/main.py` makes the tables as the application starts"


CASES = (
    Case(
        "defaults-work",
        silent("defaults", 3, "started\nRuntimeError: no postgresql://a:hunter22@db/x\n\n"),
        ("fail did not answer, and ended with status 3, with no variable set",),
    ),
    Case("defaults-work", silent("defaults"), ("fail never answered, with no variable set",)),
    Case(
        "defaults-work",
        observed("defaults", exited=139),
        ("fail answered, and then ended with status 139, with no variable set",),
    ),
    Case("defaults-work", answering(503, "no"), ("fail answered 503, with no variable set",)),
    Case("defaults-work", started("defaults", environment={"DEBUG": "1"}), ("unknown it was started with DEBUG set",)),
    Case(
        "defaults-work",
        started("defaults", environment={"SECRET_KEY": "made for the start"}),
        ("pass answered on 127.0.0.1:8000, no variable set but SECRET_KEY, which must be",),
    ),
    Case("defaults-work", NOBODY, ("unknown no container was run",)),
    Case("defaults-work", NO_ENGINE, ("unknown not run: namespaces are refused",)),
    Case("port-configures", silent("port"), ("fail with PORT=9000 nobody answered on 127.0.0.1:9000",)),
    Case(
        "port-configures",
        silent("port", 1),
        ("fail with PORT=9000 nobody answered on 127.0.0.1:9000, the container ended with status 1",),
    ),
    Case(
        "port-configures",
        observed("port", refused=()),
        ("fail with PORT=9000 the server answers on 127.0.0.1:8000 too",),
    ),
    Case(
        "port-configures",
        started("port", refused=()),
        ("unknown PORT=9000: answers on 127.0.0.1:9000, but nobody asked elsewhere",),
    ),
    Case("port-configures", started("port", environment={}), ("unknown no start had `PORT` set",)),
    Case("port-configures", unobserved("port"), ("unknown unshare (user namespace) did not try the start `port`",)),
    Case("host-configures", silent("host"), ("fail with HOST=127.0.0.1 nobody answered on 127.0.0.1:8000",)),
    Case(
        "host-configures",
        observed("host", refused=()),
        ("fail with HOST=127.0.0.1 the server answers on 10.0.0.2:8000 too",),
    ),
    Case(
        "host-configures",
        unobserved("host", limits=("no quotas", "the start `host` could not be made: busy")),
        ("unknown the start `host` could not be made: busy",),
    ),
    Case(
        "process-not-root",
        processes(process("python"), process("nginx", pid=7, uid=0)),
        ("fail `nginx` runs as uid 0 in the start `defaults`, wanted 1000",),
    ),
    Case(
        "process-not-root",
        processes(process("python", uid=999)),
        ("fail `python` runs as uid 999 in the start `defaults`, wanted 1000",),
    ),
    Case(
        "process-not-root",
        replace(
            GOOD,
            observation=replace(
                values.OBSERVATION,
                runs={"defaults": replace(RUNS["defaults"], processes=())},
                limits=("no limit of processes", "processes are hidden"),
            ),
        ),
        ("unknown processes are hidden",),
    ),
    Case(
        "server-is-pid-1",
        processes(process("/bin/sh", "-c", "uvicorn app.main:app"), process("uvicorn", pid=7)),
        ("fail process 1 is the shell `/bin/sh -c uvicorn app.main:app`: signals do not reach the server",),
    ),
    Case(
        "server-is-pid-1",
        processes(process("/start", "-v"), process("uvicorn", pid=7)),
        ("fail process 1 is `/start -v`, wanted the server of app.main:app",),
    ),
    Case(
        "server-is-pid-1",
        processes(process("/sbin/tini", "--", "uvicorn"), process("uvicorn", pid=7)),
        ("pass process 1 is tini, which hands signals on",),
    ),
    Case(
        "server-is-pid-1",
        processes(process("python", "-m", "serve", "app.main:app", pid=4711)),
        ("pass the first process, not numbered 1 here, is `python -m serve app.main:app`",),
    ),
    Case(
        "server-is-pid-1",
        processes(process(*LAUNCH, "serve"), process("python", "-m", "uvicorn", pid=7)),
        ("pass process 1 is the launcher, which hands signals on to the server",),
    ),
    Case(
        "server-is-pid-1",
        processes(process(*LAUNCH, "serve"), process("sleep", "9", pid=7)),
        (f"fail process 1 is `{' '.join(LAUNCH)} serve`, wanted the server of app.main:app",),
    ),
    Case("server-is-pid-1", processes(), ("unknown unshare (user namespace) did not show it",)),
    Case(
        "stops-in-time",
        observed("host", stopped=None, stop_seconds=10.0),
        ("fail the start `host` had to be killed after 10 s",),
    ),
    Case(
        "stops-in-time",
        observed("host", stopped=1),
        ("fail the start `host` ended with status 1 on SIGTERM, wanted 0 or 143",),
    ),
    Case("stops-in-time", observed("host", stop_seconds=10.4), ("fail `host` took 10.4 s to stop, wanted 10 s",)),
    Case(
        "stops-in-time",
        observed("host", exited=0, stopped=None, stop_seconds=None),
        ("fail the start `host` ended by itself with status 0, before it was told to",),
    ),
    Case(
        "stops-in-time",
        observed("host", stopped=143, stop_seconds=2.0),
        ("pass 6 stops with status 0 or 143, the slowest in 2.00 s of 10 s",),
    ),
    Case(
        "stops-in-time",
        replace(GOOD, observation=replace(values.OBSERVATION, runs={"port": SILENT})),
        ("unknown no start got as far as to be stopped",),
    ),
    Case("health-answers", answering(500, "oh"), ("fail app/main.py:25: GET /health answered 500, wanted 200",)),
    Case(
        "health-answers",
        answering(None, "", "timed out"),
        ("fail app/main.py:25: GET /health got no answer: timed out",),
    ),
    Case(
        "health-answers",
        answering(200, "OK"),
        ("pass 200 OK, p95 3 ms over 50 requests, wanted < 100 ms",),
    ),
    Case(
        "health-answers",
        wanting('{"status": "healthy"}', answering(200, "OK")),
        ('fail app/main.py:25: GET /health answered 200 with `OK`, wanted {"status": "healthy"}',),
    ),
    Case(
        "health-answers",
        wanting('{"status": "healthy"}', answering(200, '{"status": "poorly", "since": 1}')),
        (
            'fail app/main.py:25: GET /health answered 200 with {"status": "poorly", "since": 1}, '
            'wanted {"status": "healthy"}',
        ),
    ),
    Case(
        "health-answers",
        wanting('{"status": "healthy"}', answering(200, '{"since": 1, "status": "healthy"}')),
        ('pass 200 {"since": 1, "status": "healthy"}, p95 3 ms over 50 requests, wanted < 100 ms',),
    ),
    Case(
        "health-answers",
        answering(200, '{"status": "unhealthy"}'),
        ('fail app/main.py:25: GET /health answered 200 with {"status": "unhealthy"}, which says that it is not well',),
    ),
    Case(
        "health-answers",
        answering(200, '["' + 60 * "a" + '"]'),
        ('pass 200 ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…, p95 3 ms over 50 requests, wanted < 100 ms',),
    ),
    Case(
        "health-answers",
        observed("defaults", samples=(0.002,) * 47 + (0.1,) * 3),
        ("fail GET /health: p95 100 ms over 50 requests, wanted < 100 ms",),
    ),
    Case(
        "health-answers",
        observed("defaults", samples=()),
        ('unknown GET /health answered 200 {"status": "healthy"}, but nobody timed it',),
    ),
    Case(
        "health-answers",
        observed("defaults", answers=(Answer(path="/", status=200, body="", seconds=0.1),)),
        ("unknown nobody asked for /health",),
    ),
    Case("health-answers", silent("defaults"), ("unknown the start `defaults` never answered",)),
    Case(
        "health-answers", unobserved("defaults"), ("unknown unshare (user namespace) did not try the start `defaults`",)
    ),
    Case(
        "health-answers",
        replace(NOBODY, plan=replace(PLAN, health=replace(PLAN.health, path=None))),
        ("skip no health route was found; name one with `--health PATH`",),
    ),
    Case(
        "health-answers",
        replace(NOBODY, plan=replace(PLAN, health=replace(PLAN.health, path=None, ready="/ready"))),
        (
            "skip /ready says whether its stores are there, too, and no route that it is alive; "
            "name one with `--health PATH`",
        ),
    ),
    Case("healthcheck-declared", configured(Healthcheck=None), ("fail the image declares no HEALTHCHECK",)),
    Case("healthcheck-declared", checked(Test=["NONE"]), ("fail the image declares no HEALTHCHECK",)),
    Case(
        "healthcheck-declared",
        checked(Test=["CMD-SHELL", "curl -f http://localhost:8000/health || exit 1"]),
        ("fail the HEALTHCHECK: its program `curl` is not in the image",),
    ),
    Case(
        "healthcheck-declared",
        replace(
            checked(Test=["CMD", "curl", "-f", "http://localhost/"]),
            contents=containing(file("/usr/bin/curl", mode=0o755)).contents,
        ),
        ("fail the HEALTHCHECK: it asks with curl, which nothing else needs",),
    ),
    Case(
        "healthcheck-declared",
        checked(Test=["CMD-SHELL", "python3 -c 'import urllib'"]),
        ("fail the HEALTHCHECK: it is in shell form, wanted exec form",),
    ),
    Case(
        "healthcheck-declared",
        checked(Test=["CMD", "python3", "/opt/lading/check.py"]),
        ("fail the HEALTHCHECK: its program `/opt/lading/check.py` is not in the image",),
    ),
    Case("healthcheck-declared", checked(Test=["CMD"]), ("fail the HEALTHCHECK: it has no command",)),
    Case(
        "healthcheck-declared",
        checked(Interval=0, Timeout=0, StartPeriod=5_500_000_000, Retries=1),
        (
            "fail the HEALTHCHECK: its Timeout is 30 s, wanted 10 s",
            "fail the HEALTHCHECK: its StartPeriod is 5.5 s, wanted 10 s",
            "fail the HEALTHCHECK: its Retries is 1, wanted 3",
        ),
    ),
    Case(
        "healthcheck-passes",
        observed("defaults", health=ended(1, "line\ncurl: not found\n")),
        ("fail the HEALTHCHECK ended with status 1 in a container that is well",),
    ),
    Case(
        "healthcheck-passes",
        observed("defaults", health=ended(None)),
        ("fail the HEALTHCHECK did not end in a container that is well",),
    ),
    Case(
        "healthcheck-passes",
        observed("defaults", engine_health="unhealthy"),
        ("fail unshare (user namespace) reports unhealthy, wanted healthy",),
    ),
    Case(
        "healthcheck-passes",
        observed("defaults", engine_health="healthy"),
        ("pass run in the container: status 0 after 40 ms, and unshare (user namespace) reports healthy",),
    ),
    Case(
        "healthcheck-passes", observed("defaults", health=None), ("unknown unshare (user namespace) did not show it",)
    ),
    Case("healthcheck-passes", silent("defaults"), ("unknown the start `defaults` never answered",)),
    Case(
        "healthcheck-follows-port",
        observed("port", health=ended(1, "refused")),
        ("fail with PORT=9000 the HEALTHCHECK ended with status 1, and the server is well",),
    ),
    Case("healthcheck-follows-port", silent("port"), ("unknown the start `port` never answered",)),
    Case(
        "healthcheck-fails-when-stalled",
        observed("defaults", stalled=ended(0, seconds=2.0)),
        ("fail the HEALTHCHECK gave status 0 after 2.0 s, though the server was stalled",),
    ),
    Case(
        "healthcheck-fails-when-stalled",
        observed("defaults", stalled=ended(None, seconds=10.0)),
        ("pass with the server stalled it did not end, and is killed after 10 s",),
    ),
    Case(
        "healthcheck-fails-when-stalled",
        observed("defaults", stalled=None),
        ("unknown unshare (user namespace) did not show it",),
    ),
    Case(
        "volume-writable",
        observed("bind", writes={"/data": ended(1, "Permission denied (0:0 755)")}),
        ("fail /data: /data cannot be written on a bind mount: Permission denied (0:0 755)",),
    ),
    Case(
        "volume-writable",
        observed("tmpfs", writes={}),
        ("unknown a tmpfs was not tried: unshare (user namespace) did not show it",),
    ),
    Case(
        "volume-writable",
        unobserved("bind", "tmpfs", limits=("a tmpfs cannot be mounted here",)),
        (
            "unknown a bind mount was not tried: unshare (user namespace) did not show it",
            "unknown a tmpfs was not tried: a tmpfs cannot be mounted here",
        ),
    ),
    Case(
        "survives-recreation",
        observed("port", volume=()),
        ("fail /data/tasks.db: 1 of 1 files were gone in the second container: `/data/tasks.db`",),
    ),
    Case(
        "survives-recreation",
        observed("port", revisions={"/data/tasks.db": ()}),
        ("fail /data/tasks.db: the second container has other schema revisions than the first",),
    ),
    Case(
        "survives-recreation",
        silent("port", 1),
        ("fail a second container on the same volume never answered, it ended with status 1",),
    ),
    Case("survives-recreation", silent("defaults"), ("unknown the start `defaults` never answered",)),
    Case(
        "survives-recreation",
        started("port", reuse=None),
        ("unknown no start got the volume of the start `defaults`",),
    ),
    Case(
        "survives-recreation",
        observed("defaults", volume=("tasks.db", "tasks.db-wal"), revisions={}),
        ("pass 1 file on /data kept, answered again after 0.42 s",),
    ),
    Case(
        "survives-recreation",
        observed("defaults", volume=(), revisions={}),
        ("fail /data: the first container kept nothing on /data",),
    ),
    Case(
        "survives-recreation",
        replace(observed("defaults", volume=(), revisions={}), plan=NO_DATABASE.plan),
        ("skip it keeps no files on /data",),
    ),
    Case(
        "read-only-root",
        observed("host", written=("/app/app.log", "/app/x")),
        ("fail /app/app.log: 2 files written outside /data in the start `host`: `/app/app.log`",),
    ),
    Case(
        "read-only-root",
        replace(GOOD, observation=replace(values.OBSERVATION, runs={"port": SILENT})),
        ("unknown no start ever answered",),
    ),
    Case(
        "no-forbidden-files-after-traffic",
        observed("host", written=("/app/app/__pycache__/main.pyc",)),
        ("fail /app/app/__pycache__/main.pyc: `/app/app/__pycache__/main.pyc` appeared in the start `host`",),
    ),
    Case(
        "no-forbidden-files-after-traffic",
        observed("host", volume=("/data/.env",)),
        ("fail /data/.env: `/data/.env` appeared in the start `host`",),
    ),
    Case(
        "sqlite-on-volume",
        stored_at("sqlite:///./tasks.db"),
        ("fail the image: SQLite's path `./tasks.db` is relative, so `/app/tasks.db`, not on /data",),
    ),
    Case(
        "sqlite-on-volume",
        stored_at("sqlite+aiosqlite:////app/data/tasks.db"),
        ("fail the image: SQLite's file `/app/data/tasks.db` is not on /data",),
    ),
    Case(
        "sqlite-on-volume",
        stored_at("sqlite:////data/../app/tasks.db"),
        ("fail the image: SQLite's file `/data/../app/tasks.db` is not on /data",),
    ),
    Case("sqlite-on-volume", stored_at("sqlite://"), ("fail the image: SQLite is in memory, and gone at every stop",)),
    Case(
        "sqlite-on-volume",
        planned(env={**PLAN.env, "OTHER_DB": "sqlite:///other.db?timeout=5"}),
        ("fail the plan: SQLite's path `other.db` is relative, so `/app/other.db`, not on /data",),
    ),
    Case(
        "sqlite-on-volume",
        replace(
            configured(Env=[]), plan=replace(PLAN, env={}, database=replace(values.DATABASE, url="sqlite:///a.db"))
        ),
        ("fail app/settings.py:6: SQLite's path `a.db` is relative, so `/app/a.db`, not on /data",),
    ),
    Case(
        "sqlite-on-volume",
        replace(LINKED, plan=replace(LINKED.plan, app=replace(LINKED.plan.app, links={"data": "/data"}))),
        ("pass SQLite's file is `data/a.db`, by a link /data/a.db, and no container wrote another",),
    ),
    Case(
        "sqlite-on-volume",
        replace(
            LINKED, plan=replace(LINKED.plan, app=replace(LINKED.plan.app, working="src", links={"data": "/data"}))
        ),
        ("fail app/settings.py:6: SQLite's path `data/a.db` is relative, so `/app/src/data/a.db`, not on /data",),
    ),
    Case(
        "sqlite-on-volume",
        observed("host", written=("/app/app.log", "/app/tasks.db-journal")),
        ("fail /app/tasks.db-journal: a container wrote `/app/tasks.db-journal`, which is not on /data",),
    ),
    Case("sqlite-on-volume", NOBODY, ("unknown no container was run",)),
    Case("sqlite-on-volume", NO_DATABASE, ("skip there is no database",)),
    Case("sqlite-on-volume", POSTGRES, ("skip the database is postgresql",)),
    Case(
        "sqlite-on-volume",
        replace(configured(Env=[]), plan=replace(PLAN, env={}, database=replace(values.DATABASE, url=None))),
        ("unknown where SQLite's file is, nothing says",),
    ),
    Case(
        "database-configures",
        observed("database", volume=("/data/tasks.db",)),
        ("fail /data/other.db: with DATABASE_URL set to /data/other.db, that file did not appear",),
    ),
    Case(
        "database-configures",
        observed("database", volume=("other.db", "tasks.db")),
        ("fail /data/tasks.db: with DATABASE_URL set to /data/other.db, /data/tasks.db was written as well",),
    ),
    Case(
        "database-configures",
        silent("database", 1),
        ("fail with another DATABASE_URL it never answered: it ended with status 1",),
    ),
    Case("database-configures", started("database", environment={}), ("unknown no start had `DATABASE_URL` set",)),
    Case(
        "database-configures",
        started("database", environment={"DATABASE_URL": "postgresql://db/x"}),
        ("pass answered on the given DATABASE_URL",),
    ),
    Case(
        "database-configures",
        unobserved("database"),
        ("unknown unshare (user namespace) did not try the start `database`",),
    ),
    Case(
        "database-configures",
        planned(database=replace(values.DATABASE, variable=None)),
        ("fail app/settings.py:6: no variable holds the database's URL",),
    ),
    Case("database-configures", NO_DATABASE, ("skip there is no database",)),
    Case(
        "migrations-in-image",
        containing(without="/app/alembic.ini"),
        ("fail /app/alembic.ini: `/app/alembic.ini` is not in the image",),
    ),
    Case(
        "migrations-in-image",
        containing(without="/app/migrations"),
        (
            "fail /app/migrations/env.py: `/app/migrations/env.py` is not in the image",
            "fail /app/migrations/versions: no revision is in `/app/migrations/versions`",
        ),
    ),
    Case(
        "migrations-in-image",
        containing(without=f"{values.SITE}/alembic"),
        ("fail `alembic` is not installed in the image",),
    ),
    Case(
        "migrations-in-image",
        containing(without=values.SITE),
        ("unknown no distribution's METADATA was found in the image",),
    ),
    Case("migrations-in-image", NO_DATABASE, ("skip there are no migrations",)),
    Case(
        "migrations-in-image",
        containing(without="/app/migrations/versions/0001_tasks.py"),
        (
            "fail /app/migrations/versions/0001_tasks.py: 1 of 2 revisions are not in the image: "
            "`/app/migrations/versions/0001_tasks.py`",
        ),
    ),
    Case(
        "migrations-in-image",
        replace(containing(without="/app/migrations/versions/0001_tasks.py"), tree=()),
        ("pass Alembic 1.17.0, alembic.ini, env.py and 1 revision",),
    ),
    Case(
        "migrations-in-image",
        replace(containing(without="/app/migrations/versions"), tree=()),
        ("fail /app/migrations/versions: no revision is in `/app/migrations/versions`",),
    ),
    Case(
        "migrations-in-image",
        replace(containing(without="/app/migrations/versions"), plan=NO_REVISION, tree=("migrations/env.py",)),
        ("pass Alembic 1.17.0, alembic.ini, env.py and 0 revisions",),
    ),
    Case("migrations-in-image", MADE, (f"skip {TABLES}",)),
    Case("migrations-applied", MADE, (f"skip {TABLES}",)),
    Case("migration-failure-opens-no-port", MADE, (f"skip {TABLES}",)),
    Case(
        "migrations-in-image",
        replace(GOOD, plan=SCRIPT),
        ("fail /app/prestart.sh: `/app/prestart.sh` is not in the image",),
    ),
    Case(
        "migrations-in-image",
        replace(containing(file("/app/prestart.sh")), plan=SCRIPT),
        ("pass prestart.sh, which migrates, is there",),
    ),
    Case(
        "migrations-in-image",
        replace(containing(file("/app/pyproject.toml")), plan=AERICH, tree=("migrations/models/0_init.py",)),
        (
            "fail /app/migrations/models/0_init.py: 1 of 1 revisions are not in the image: "
            "`/app/migrations/models/0_init.py`",
            "fail `aerich` is not installed in the image",
        ),
    ),
    Case(
        "migrations-in-image",
        replace(
            containing(
                file("/app/pyproject.toml"),
                file("/app/migrations/models/0_init.py"),
                metadata("aerich", "0.9.2"),
                without="/app/migrations",
            ),
            plan=AERICH,
            tree=("migrations/models/0_init.py",),
        ),
        ("pass Aerich 0.9.2, pyproject.toml and 1 revision",),
    ),
    Case(
        "migrations-applied",
        replace(observed("defaults", revisions={}), plan=NO_REVISION),
        ("skip `migrations/versions` has no revision",),
    ),
    Case(
        "migrations-applied",
        replace(GOOD, plan=NO_REVISION),
        ("fail /data/tasks.db: `tasks.db` is at 0002, wanted none",),
    ),
    Case(
        "migrations-applied",
        replace(observed("defaults", revisions={}), plan=SCRIPT),
        ("unknown prestart.sh migrates by script, of which no revisions are read",),
    ),
    Case(
        "migrations-applied",
        replace(observed("defaults", revisions={}), plan=AERICH),
        ("fail /data: no `aerich` on /data, wanted 2_c.py",),
    ),
    Case(
        "migrations-applied",
        replace(observed("defaults", revisions={"/data/tasks.db": ("0_a.py", "1_b.py")}), plan=AERICH),
        ("fail /data/tasks.db: `tasks.db` is at 0_a.py, 1_b.py, wanted 2_c.py",),
    ),
    Case(
        "migrations-applied",
        replace(observed("defaults", revisions={"/data/tasks.db": ("0_a.py", "1_b.py", "2_c.py")}), plan=AERICH),
        ("pass tasks.db is at 2_c.py after the first start",),
    ),
    Case(
        "migrations-applied",
        observed("defaults", revisions={}),
        ("fail /data: no `alembic_version` on /data, wanted 0002",),
    ),
    Case(
        "migrations-applied",
        observed("defaults", revisions={"/data/tasks.db": ("0001",)}),
        ("fail /data/tasks.db: `tasks.db` is at 0001, wanted 0002",),
    ),
    Case(
        "migrations-applied",
        observed("defaults", revisions={"/data/tasks.db": ()}),
        ("fail /data/tasks.db: `tasks.db` is at no revision, wanted 0002",),
    ),
    Case(
        "migrations-applied",
        observed("defaults", revisions={"/data/a.db": ("x",), "/data/tasks.db": ("0002",)}),
        ("pass tasks.db is at 0002 after the first start",),
    ),
    Case("migrations-applied", silent("defaults"), ("unknown the start `defaults` never answered",)),
    Case("migrations-applied", NO_ENGINE, ("unknown not run: namespaces are refused",)),
    Case("migrations-applied", POSTGRES, ("unknown the revisions of a postgresql database were not read",)),
    Case("migrations-applied", replace(NOBODY, plan=NO_DATABASE.plan), ("skip there are no migrations",)),
)

_IDS = [f"{number}-{case.check}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=_IDS)
def test_a_check_says_what_it_saw(case: Case) -> None:
    assert said(case.check, case.evidence) == case.said


def test_a_log_is_quoted_without_its_passwords() -> None:
    log = "started\nRuntimeError: cannot reach postgresql://app:hunter22@db/x\n"
    (found,) = evidence.ask(checks.CHECKS["defaults-work"], silent("defaults", 3, log))
    assert found.hint == "its log ends: RuntimeError: cannot reach postgresql://app:…@db/x"


def test_a_time_that_was_measured_goes_with_the_finding() -> None:
    timed = {one.check: one.seconds for one in checks.judge(GOOD) if one.seconds is not None}
    assert timed == {
        "cors-configures": 0.002,
        "cors-safe": 0.002,
        "database-configures": 0.42,
        "defaults-work": 0.42,
        "drains": 0.3,
        "health-answers": 0.003,
        "healthcheck-fails-when-stalled": 8.1,
        "healthcheck-follows-port": 0.04,
        "healthcheck-passes": 0.04,
        "host-configures": 0.42,
        "port-configures": 0.42,
        "port-taken": 1.2,
        "requests-answered": 0.04,
        "rerun-keeps-rows": 0.01,
        "reload-serves-edits": 1.2,
        "stops-in-time": 0.3,
        "survives-recreation": 0.42,
    }


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (URL, "/data/tasks.db"),
        ("sqlite:///tasks.db", "tasks.db"),
        ("sqlite+aiosqlite:///./a/b.db?x=1", "./a/b.db"),
        ("sqlite:///file:/data/a.db?uri=true", "/data/a.db"),
        ("sqlite://", ""),
        ("sqlite:///:memory:", ""),
        ("postgresql://db/tasks", None),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(url: str, path: str | None) -> None:
    assert storage.sqlite_path(url) == path


def test_a_path_that_no_variable_moves_is_kept_where_it_is() -> None:
    fixed = stored_at("sqlite:///data/tasks.db")
    plan = replace(fixed.plan, database=Database(dialect="sqlite", url="sqlite:///data/tasks.db"))
    (finding,) = [one for one in checks.judge(replace(fixed, plan=plan)) if one.check == "sqlite-on-volume"]
    assert finding.hint == "no variable moves it: keep its folder, with `--volume /app/data`"


def test_a_relative_path_that_leads_to_the_volume_is_on_it() -> None:
    fixed = stored_at("sqlite:///data/tasks.db")
    plan = replace(fixed.plan, volume="/app/data", database=Database(dialect="sqlite", url="sqlite:///data/tasks.db"))
    (finding,) = [one for one in checks.judge(replace(fixed, plan=plan)) if one.check == "sqlite-on-volume"]
    assert finding.verdict == "pass"


def test_what_failed_in_a_migration_is_in_the_hint() -> None:
    log = "startup\nlading: 0002 failed: X: y\nlading: the migrations failed, so nothing is started: it is at 0001\n"
    said = running.silence(replace(RUNS["defaults"], ready=None, exited=1, log=log), PLAN)
    wanted = "lading: 0002 failed: X: y / lading: the migrations failed, so nothing is started: it is at 0001"
    assert said.hint == f"its log ends: {wanted}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("  Value error, no key in production", "Value error, no key in production"),
        ("KEY\n  Field required", "KEY Field required"),
    ],
)
def test_what_pydantic_finds_wrong_is_in_the_hint_and_not_the_value(error: str, told: str) -> None:
    counted = "ValidationError: 1 validation error for Config\n"
    log = (
        f"{counted}{error} [type=x, input_value='secret']\n    For further information visit a page\n"
        f"lading: env.py failed: {counted}lading: the migrations failed, so nothing is started\n"
    )
    hint = running.silence(replace(RUNS["defaults"], ready=None, exited=1, log=log), PLAN).hint
    assert hint.startswith(f"its log ends: {told} / lading: env.py failed: ")
    assert "secret" not in hint


def test_a_schema_that_is_asked_in_place_of_a_health_route_is_none() -> None:
    slow = replace(RUNS["defaults"], answers=(Answer(path="/openapi.json", status=200, body="{}", seconds=1.0),))
    plan = replace(PLAN, health=replace(PLAN.health, path="/openapi.json", body=None))
    evidence = replace(
        GOOD, plan=plan, observation=replace(values.OBSERVATION, runs={"defaults": replace(slow, samples=(1.0,))})
    )
    (finding,) = [one for one in checks.judge(evidence) if one.check == "health-answers"]
    assert finding.hint == "a route of its own, like `/health`, has less to say"


def test_what_failed_in_a_start_is_in_the_hint() -> None:
    log = "Traceback\nFileNotFoundError: 'm.bin'\n\nERROR:    Application startup failed. Exiting.\n"
    said = running.silence(replace(RUNS["defaults"], ready=None, exited=3, log=log), PLAN)
    wanted = "FileNotFoundError: 'm.bin' / ERROR:    Application startup failed. Exiting."
    assert said.hint == f"its log ends: {wanted}"


@pytest.mark.parametrize(
    ("log", "locked", "as_of", "told"),
    [
        ("ImportError: cannot import name 'parse_obj_as' from 'pydantic'", False, "", True),
        ("kombu.exceptions.VersionMismatch: Redis transport requires redis-py 6", False, "", True),
        ("ImportError: cannot import name 'parse_obj_as' from 'pydantic'", True, "", False),
        ("ImportError: cannot import name 'parse_obj_as' from 'pydantic'", False, "2024-01-31", False),
        ("ConnectionRefusedError: [Errno 111]", False, "", False),
        ("ModuleNotFoundError: No module named 'pkg_resources'", False, "", False),
        ("ModuleNotFoundError: No module named 'app.core'", False, "", False),
        ("ModuleNotFoundError: No module named 'distutils_extra'", False, "", False),
        ("ImportError: libGL.so.1: cannot open shared object file", False, "", False),
        ("AttributeError: 'NoneType' object has no attribute 'split'", False, "", False),
        ("TypeError: Client.__init__() got an unexpected keyword argument 'proxies'", False, "", True),
        ("AttributeError: module 'bcrypt' has no attribute '__about__'", False, "", True),
    ],
)
def test_where_no_lock_says_which_releases_older_ones_are_offered(
    log: str, locked: bool, as_of: str, told: bool
) -> None:
    plan = replace(PLAN, as_of=as_of or None, dependencies=replace(PLAN.dependencies, locked=locked))
    said = running.silence(replace(RUNS["defaults"], ready=None, exited=1, log=f"started\n{log}\n"), plan)
    assert ("`--as-of`" in said.hint, said.hint.startswith(f"its log ends: {log}")) == (told, True)


@pytest.mark.parametrize(
    ("module", "brings"), [("pkg_resources", "setuptools<82"), ("distutils.version", "setuptools")]
)
def test_what_an_environment_once_had_unasked_is_named(module: str, brings: str) -> None:
    log = f"ModuleNotFoundError: No module named '{module}'"
    said = running.silence(replace(RUNS["defaults"], ready=None, exited=1, log=log), PLAN)
    assert said.hint.startswith(f"its log ends: {log}; ")
    assert f"add `{brings}` to the dependencies" in said.hint


@pytest.mark.parametrize(
    ("folder", "module", "taken"), [(".", "tests.samples", "tests"), ("src", "tests", "src/tests"), (".", "attrs", "")]
)
def test_a_module_that_no_image_has_is_named_with_what_takes_it_back(folder: str, module: str, taken: str) -> None:
    plan = replace(PLAN, app=replace(PLAN.app, folder=folder, exclude=("**/tests", "docs")))
    log = f"ModuleNotFoundError: No module named '{module}'"
    hint = running.silence(replace(RUNS["defaults"], ready=None, exited=1, log=log), plan).hint
    assert hint == f"its log ends: {log}" + (
        f'; `{taken}` is left out of every image: `exclude = ["!{taken}"]` takes it back' if taken else ""
    )


@pytest.mark.parametrize("check", ["port-configures", "host-configures"])
def test_why_a_start_ended_is_said_where_it_is_missed(check: str) -> None:
    evidence = silent(check.partition("-")[0], exited=1, log="INFO: so far, so good\nValueError: Unknown level: 'x'\n")
    found = next(one for one in checks.judge(evidence) if one.check == check)
    assert found.hint == "its log ends: ValueError: Unknown level: 'x'"
