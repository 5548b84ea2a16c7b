"""Checks of requests, replicas, workers and metrics: each is silent on the good ones, and bites."""

from dataclasses import replace

import pytest
from test_checks_running import NO_ENGINE, NOBODY, Case, said, started
from values import (
    CREATE,
    GOOD,
    MIGRATIONS,
    ORIGIN,
    READ,
    REPLIES,
    RUNS,
    STRANGER,
    foreign,
    observed,
    planned,
    reply,
    unobserved,
)
from values_stack import (
    SEND,
    STACK,
    STACK_RUNS,
    SWITCHING,
    WAIT,
    WORKER,
    handed,
    in_parts,
    scrape,
    silent,
    stacked,
    switching,
    with_run,
    without,
)

from lading.checks import Evidence, journey
from lading.model import Answer, Migrations, Outcome, Scrape, Serving

#: What `unshare` says where the plan has services.
NOT_STARTED = "PostgreSQL could not be started under unshare, so nothing is known of the starts `defaults`"


LATE = replace(reply(READ), answer=silent("timed out"))
BUSY, LOST = reply(WAIT, status=429), replace(reply(WAIT), answer=silent("timed out"))
NOTHING_ASKED = "skip the settings have no `[[requests]]`"

NOT_THERE = "Kafka could not be started under docker 29: lading knows no image of such a service"
assert GOOD.observation is not None
ABSENT = replace(GOOD, observation=replace(GOOD.observation, absent=("kafka",), limits=(NOT_THERE,)))

NAMED = f"with CORS_ORIGINS={ORIGIN}"
UNANSWERED = f"{NAMED} a page of {ORIGIN} was answered"
WHERE = "app/main.py:20"


def crossing(named: str | None, stranger: str | None, status: int = 200) -> Evidence:
    """The start whose variable names an origin, and which one pages of it and of another were allowed."""
    asked = ((ORIGIN, named), (STRANGER, stranger))
    return observed("host", foreign=tuple((one, foreign(one, allowed, status=status)) for one, allowed in asked))


CASES = (
    # ── requests-answered ──
    Case("requests-answered", GOOD, ("pass 4 requests answered as wanted, in defaults, tmpfs",)),
    Case(
        "requests-answered",
        observed("tmpfs", replies=(reply(CREATE, status=500, body="Internal Server Error"),)),
        ("fail POST /tasks in the start `tmpfs` answered 500, wanted 201",),
    ),
    Case(
        "requests-answered",
        observed("defaults", replies=(REPLIES[0], reply(READ, body='{"title": "Bread"}'))),
        ("fail GET /tasks/{task} in the start `defaults` answered without `Milk`",),
    ),
    Case(
        "requests-answered",
        observed("defaults", replies=(REPLIES[0], LATE)),
        ("fail GET /tasks/{task} in the start `defaults` got no answer: timed out",),
    ),
    Case(
        "requests-answered",
        observed("defaults", replies=(replace(REPLIES[0], wrong="it has no `id` to keep"),)),
        ("fail POST /tasks in the start `defaults` answered 201, but it has no `id` to keep",),
    ),
    Case(
        "requests-answered",
        observed("tmpfs", replies=()),
        ("unknown the start `tmpfs` ended before every request was asked",),
    ),
    Case(
        "requests-answered",
        observed("tmpfs", ready=None, exited=3, answers=()),
        ("fail did not answer, and ended with status 3, with no variable set",),
    ),
    Case("requests-answered", started("defaults", requests=()), (NOTHING_ASKED,)),
    Case("requests-answered", without(STACK, "defaults", NOT_STARTED), (f"unknown {NOT_STARTED}",)),
    # ── rerun-keeps-rows ──
    Case("rerun-keeps-rows", GOOD, ("pass 1 request answered as wanted, in port",)),
    Case(
        "rerun-keeps-rows",
        observed("port", replies=(reply(READ, status=404, body="There is no task 1"),)),
        ("fail GET /tasks/{task} in the start `port` answered 404, wanted 200",),
    ),
    Case(
        "rerun-keeps-rows",
        started("port", reuse=None),
        ("unknown no start got the volume of the start `defaults`",),
    ),
    Case(
        "rerun-keeps-rows",
        started("defaults", requests=(CREATE,)),
        ("skip no request of the settings is marked `again`",),
    ),
    # ── database-switches ──
    Case("database-switches", SWITCHING, ("pass PostgreSQL at 0002, 2 requests answered as on SQLite",)),
    Case(
        "database-switches",
        switching(ready=None, exited=1, answers=(), log="No module named 'psycopg'\n"),
        ("fail did not answer, and ended with status 1, with no variable set",),
    ),
    Case(
        "database-switches",
        switching(revisions={"/data/tasks.db": ("0002",)}),
        ("fail PostgreSQL is at no revision, wanted 0002: the rows go elsewhere",),
    ),
    Case(
        "database-switches",
        switching(replies=(reply(CREATE, status=500),)),
        ("fail POST /tasks in the start `postgresql` answered 500, wanted 201",),
    ),
    Case(
        "database-switches",
        without(SWITCHING, "postgresql", "the start `postgresql` could not be made: unshare starts no services"),
        ("unknown the start `postgresql` could not be made: unshare starts no services",),
    ),
    Case("database-switches", GOOD, ("skip no driver is declared for another database than its own",)),
    # ── drains ──
    Case("drains", GOOD, ("pass POST /tasks, in flight at SIGTERM: 201, then status 0 after 0.30 s",)),
    Case(
        "drains",
        observed("database", drained=silent()),
        ("fail POST /tasks, in flight at SIGTERM, was cut off: connection reset by peer",),
    ),
    Case(
        "drains",
        observed("database", drained=Answer(path="/tasks", status=503, body="", seconds=0.1)),
        ("fail POST /tasks, in flight at SIGTERM, was answered 503",),
    ),
    Case(
        "drains",
        observed("database", stopped=None, stop_seconds=None),
        ("fail POST /tasks was answered, but the container had to be killed, within 10 s",),
    ),
    Case("drains", observed("database", ready=None), ("unknown the start `database` never answered",)),
    Case("drains", started("database", drain=None), ("skip no request of the settings has a body",)),
    Case(
        "drains",
        unobserved("database", "bind", limits=("nothing is known of the starts `database`, `bind`",)),
        ("unknown nothing is known of the starts `database`, `bind`",),
    ),
    # ── where a service is not there ──
    Case("requests-answered", ABSENT, (f"unknown {NOT_THERE}",)),
    Case("rerun-keeps-rows", ABSENT, (f"unknown {NOT_THERE}",)),
    # ── migration-failure-opens-no-port ──
    Case(
        "migration-failure-opens-no-port",
        GOOD,
        ("pass with its database at `no_such_revision`: status 1, and no answer on its port before that",),
    ),
    Case(
        "migration-failure-opens-no-port",
        observed("newer", ready=0.4, exited=None),
        ("fail with its database at `no_such_revision` it answered all the same, after 0.40 s",),
    ),
    Case(
        "migration-failure-opens-no-port",
        observed("newer", exited=0),
        ("fail with its database at `no_such_revision` it ended with status 0, as if all were well",),
    ),
    Case(
        "migration-failure-opens-no-port",
        observed("newer", exited=None),
        ("fail with its database at `no_such_revision` it neither answered nor ended",),
    ),
    Case(
        "migration-failure-opens-no-port",
        unobserved("newer", limits=("the start `newer` could not be made: the image's ENTRYPOINT is another",)),
        ("unknown the start `newer` could not be made: the image's ENTRYPOINT is another",),
    ),
    # ── port-taken ──
    Case(
        "port-taken", GOOD, ("pass a second server ended with status 1: [Errno 98] address already in use",)
    ),
    Case(
        "port-taken",
        observed("database", second=Outcome(argv=(), status=None, output="", seconds=30)),
        ("fail a second server on the same port did not end",),
    ),
    Case(
        "port-taken",
        observed("database", second=Outcome(argv=(), status=0, output="in use", seconds=1)),
        ("fail a second server on the same port ended with status 0, as if all were well",),
    ),
    Case(
        "port-taken",
        observed("database", second=Outcome(argv=(), status=1, output="Oh no", seconds=1)),
        ("fail a second server on the same port ended with 1, and did not say why",),
    ),
    Case("port-taken", unobserved("database"), ("unknown no start was made where the port was taken",)),
    # ── log-level-configures ──
    Case("log-level-configures", GOOD, ("pass LOG_LEVEL=WARNING logs no INFO, and LOG_LEVEL=debug starts",)),
    Case(
        "log-level-configures",
        observed("host", ready=None),
        ("fail with LOG_LEVEL=debug it never answered",),
    ),
    Case(
        "log-level-configures",
        observed("port", log="INFO:     Started server process [1]\n"),
        ("fail with LOG_LEVEL=WARNING it logged 1 line as INFO: INFO: Started server process [1]",),
    ),
    Case(
        "log-level-configures",
        observed("defaults", log="quiet\n"),
        ("unknown the start `defaults` logged nothing as INFO, so that less cannot be seen",),
    ),
    Case(
        "log-level-configures", observed("defaults", ready=None), ("unknown the start `defaults` never answered",)
    ),
    # ── cors-configures, cors-safe ──
    Case("cors-configures", GOOD, (f"pass CORS_ORIGINS={ORIGIN}: its pages may call, those of {STRANGER} not",)),
    Case("cors-configures", crossing(None, None), (f"fail {WHERE}: {UNANSWERED} with no Access-Control-Allow-Origin",)),
    Case(
        "cors-configures",
        crossing(f"{ORIGIN}/", None),
        (f"fail {WHERE}: {UNANSWERED} with `{ORIGIN}/` alone",),
    ),
    Case("cors-configures", crossing("*", "*"), (f"fail {WHERE}: {NAMED} a page of {STRANGER} was let in too",)),
    Case(
        "cors-configures",
        crossing(None, None, status=404),
        (f"fail {WHERE}: {UNANSWERED} with no Access-Control-Allow-Origin",),
    ),
    Case(
        "cors-configures",
        crossing(None, None, status=401),
        (f"unknown {NAMED}, GET /health answered 401, which says nothing of origins",),
    ),
    Case(
        "cors-configures",
        observed("host", foreign=()),
        ("unknown nobody asked the start `host` as a page of another origin does",),
    ),
    Case("cors-configures", observed("host", ready=None), ("unknown the start `host` never answered",)),
    Case(
        "cors-configures",
        started("host", origins=()),
        ("skip the starts set `CORS_ORIGINS` to something else, so that none had an origin in it",),
    ),
    Case("cors-configures", started("host", environment={}), ("unknown no start had `CORS_ORIGINS` set",)),
    Case("cors-configures", unobserved("host"), ("unknown unshare (user namespace) did not try the start `host`",)),
    Case(
        "cors-configures",
        planned(server=Serving()),
        ("skip no variable was found that decides who may call from a browser; name one with `cors-variable`",),
    ),
    Case("cors-safe", GOOD, (f"pass a page of {ORIGIN}, which nobody named, is not let in",)),
    Case(
        "cors-safe",
        observed("defaults", foreign=((ORIGIN, foreign(ORIGIN, ORIGIN, cookies=True)),)),
        (f"fail a page of {ORIGIN}, which nobody named, may call with the user's cookies",),
    ),
    Case(
        "cors-safe",
        observed("defaults", foreign=((ORIGIN, foreign(ORIGIN, "*", cookies=True)),)),
        (f"pass a page of {ORIGIN} gets what anybody gets: `*`, without cookies",),
    ),
    Case(
        "cors-safe",
        observed("defaults", foreign=((ORIGIN, foreign(ORIGIN, status=None)),)),
        (f"unknown GET /health from a page of {ORIGIN} got no answer: timed out, which says nothing of origins",),
    ),
    Case(
        "cors-safe",
        observed("defaults", foreign=()),
        ("unknown nobody asked the start `defaults` as a page of another origin does",),
    ),
    Case("cors-safe", observed("defaults", ready=None), ("unknown the start `defaults` never answered",)),
    # ── replicas-serve ──
    Case(
        "replicas-serve", STACK, ("pass 4 at once on an empty database: all answered within 5.0 s, at 0002",)
    ),
    Case(
        "replicas-serve",
        stacked("replica-3", ready=None, exited=1, answers=(), log="relation exists\n"),
        (
            "fail did not answer, and ended with status 1, with no variable set but DATABASE_URL, which must be",
        ),
    ),
    Case(
        "replicas-serve",
        stacked("replica-1", revisions={"postgresql:replicas": ("0001",)}),
        ("fail 4 replicas answered, but their database is at 0001, wanted 0002",),
    ),
    Case(
        "replicas-serve",
        replace(
            stacked("replica-1", revisions={}),
            plan=replace(
                STACK.plan, migrations=Migrations(tool="create_all", config="app/main.py", folder="app", heads=())
            ),
        ),
        ("pass 4 at once on an empty database: all answered within 5.0 s",),
    ),
    Case("replicas-serve", GOOD, ("skip its database is a file, which one container has",)),
    # ── worker-healthy and worker-stops ──
    Case("worker-healthy", STACK, ("pass worker-dramatiq well after 2.5 s, 1 process",)),
    Case("worker-healthy", stacked("worker-dramatiq", ready=None), ("fail `worker-dramatiq` was never well",)),
    Case(
        "worker-healthy",
        stacked("worker-dramatiq", engine_health="unhealthy"),
        ("fail `worker-dramatiq` is well, but the engine reports unhealthy",),
    ),
    Case(
        "worker-healthy",
        stacked("worker-dramatiq", exited=2, log="it has no worker\n"),
        ("fail `worker-dramatiq` ended with status 2, with no variable set",),
    ),
    Case(
        "worker-healthy",
        without(STACK, "worker-dramatiq", "`worker-dramatiq` could not be started beside the server"),
        ("unknown `worker-dramatiq` could not be started beside the server",),
    ),
    Case("worker-healthy", GOOD, ("skip nothing runs beside the server",)),
    Case("worker-stops", STACK, ("pass 1 stop with status 0, in 0.30 s",)),
    Case(
        "worker-stops",
        stacked("worker-dramatiq", stopped=None),
        ("fail `worker-dramatiq` had to be killed",),
    ),
    Case(
        "worker-stops",
        stacked("worker-dramatiq", stopped=1),
        ("fail `worker-dramatiq` ended with status 1 on SIGTERM, wanted 0 or 143",),
    ),
    Case(
        "worker-stops",
        stacked("worker-dramatiq", exited=4),
        ("fail `worker-dramatiq` ended with status 4, with no variable set",),
    ),
    Case("worker-stops", GOOD, ("skip nothing runs beside the server",)),
    # ── worker-drains ──
    Case(
        "worker-drains",
        STACK,
        (
            "pass 32 messages, 20 just before SIGTERM: ended with 0 in 0.3 s, 25 done; the next did 7, none "
            "was lost",
        ),
    ),
    Case(
        "worker-drains",
        handed(sent=20, done=20),
        ("pass 20 messages, 20 just before SIGTERM: ended with 0 in 0.3 s, 20 done; none was left",),
    ),
    Case(
        "worker-drains",
        handed(held=3, sent=3, done=1, refused=reply(SEND, status=429)),
        (
            "pass 3 messages, 3 just before SIGTERM: ended with 0 in 0.3 s, 1 done; the next did 2, none was "
            "lost. POST /texts, asked once more, answered 429, wanted 201",
        ),
    ),
    Case(
        "worker-drains",
        handed(lost=(reply(WAIT, body="waiting"),) * 3),
        (
            "fail of 32 messages, 20 just before SIGTERM, 3 were lost: GET /texts/{text} answered without "
            "`done`",
        ),
    ),
    Case(
        "worker-drains",
        handed(lost=(reply(WAIT, status=404), BUSY, LOST)),
        (
            "fail of 32 messages, 20 just before SIGTERM, 1 was lost: GET /texts/{text} answered 404, wanted 200; of "
            "2 nothing is known: GET /texts/{text} answered 429, wanted 200",
        ),
    ),
    Case(
        "worker-drains",
        handed(lost=(BUSY, BUSY, LOST)),
        (
            "unknown of 32 messages, 20 just before SIGTERM, of 3 nothing is known: GET /texts/{text} answered 429, "
            "wanted 200",
        ),
    ),
    *(
        Case(
            "worker-drains",
            handed(lost=(refused,)),
            (
                "unknown of 32 messages, 20 just before SIGTERM, of 1 nothing is known: "
                f"GET /texts/{{text}} {journey.wrong(refused)}",
            ),
        )
        for refused in (LOST, *(reply(WAIT, status=status) for status in (401, 403, 408, 425, 429, 500, 503)))
    ),
    Case(
        "worker-drains",
        with_run(handed(lost=(reply(WAIT, body=""),)), "worker-dramatiq-next", ready=None, exited=1, log="no room\n"),
        ("fail `worker-dramatiq-next`, in the place of one that had ended, was never well",),
    ),
    Case(
        "worker-drains",
        stacked("worker-dramatiq", stopped=None),
        ("fail `worker-dramatiq`, told to end in the midst of its work, had to be killed",),
    ),
    Case(
        "worker-drains",
        stacked("worker-dramatiq", exited=4),
        ("fail `worker-dramatiq` ended with status 4, with no variable set",),
    ),
    Case(
        "worker-drains",
        handed(held=0, sent=0, done=0, refused=reply(SEND, status=409)),
        ("unknown POST /texts, asked once more, answered 409, wanted 201",),
    ),
    Case(
        "worker-drains",
        handed(held=0, sent=0, done=0, refused=replace(reply(SEND), wrong="the message was there before")),
        ("unknown POST /texts, asked once more, answered 201, but the message was there before",),
    ),
    Case(
        "worker-drains",
        stacked("defaults", handover=None),
        ("unknown GET /texts/{text} was not answered as wanted, so nothing was sent as the workers ended",),
    ),
    Case(
        "worker-drains",
        without(STACK, "worker-dramatiq", "`worker-dramatiq` could not be started beside the server"),
        ("unknown `worker-dramatiq` could not be started beside the server",),
    ),
    Case(
        "worker-drains",
        handed(early=True),
        (
            "skip GET /texts/{text} is answered as wanted while every worker stands still: no worker has a part in it",
        ),
    ),
    Case(
        "worker-drains",
        stacked("defaults", start=replace(STACK_RUNS["defaults"].start, handover=())),
        ("skip nothing is sent: lading.toml needs a request that keeps an id, and one with `until` that asks for it",),
    ),
    Case("worker-drains", GOOD, ("skip no worker runs beside the server",)),
    # ── metrics-coherent ──
    Case("metrics-coherent", STACK, ("pass 3 readings of /metrics, 1 counter: none fell",)),
    Case(
        "metrics-coherent",
        stacked("defaults", scrapes=(scrape(0, 7), scrape(0.2, 3), scrape(1, 6))),
        ('fail /metrics: requests_total{path="/"} was 7 and fell to 6',),
    ),
    Case(
        "metrics-coherent",
        stacked("defaults", scrapes=(scrape(0, 7), replace(scrape(1, 6), counters={"other": 1.0}))),
        ('fail /metrics: requests_total{path="/"} was 7 and was gone',),
    ),
    Case(
        "metrics-coherent",
        stacked("defaults", scrapes=(scrape(0, 7), Scrape(began=1, ended=2, counters={}))),
        ("fail 1 of 2 readings of /metrics held no counter",),
    ),
    Case("metrics-coherent", stacked("defaults", scrapes=()), ("unknown nobody read /metrics",)),
    Case("metrics-coherent", GOOD, ("skip no route for metrics was found",)),
    # ── what others say where services are beside ──
    Case(
        "database-configures",
        STACK,
        ("pass 3 starts, each with another database in DATABASE_URL: each migrated its own",),
    ),
    Case(
        "database-configures",
        stacked("bind", revisions={}),
        ("fail the start `bind` wrote nothing to the database that DATABASE_URL says",),
    ),
    *(
        Case(
            "database-configures",
            replace(stacked("bind", revisions={}), plan=replace(STACK.plan, migrations=migrations)),
            ("skip no migrations leave a trace in the database that a start was told of",),
        )
        for migrations in (None, replace(MIGRATIONS, tool="script", heads=()), replace(MIGRATIONS, heads=()))
    ),
    Case(
        "database-configures",
        in_parts(host="DB_HOST", database="DB_NAME", password="DB_PASSWORD"),
        ("pass 7 starts, each with another database in DB_HOST, DB_NAME: each migrated its own",),
    ),
    Case(
        "database-configures",
        in_parts(host="DB_HOST"),
        ("skip DB_HOST say where the server is, and the code what its database is called: it has only one",),
    ),
    Case("migrations-applied", STACK, ("pass postgresql:defaults is at 0002 after the first start",)),
    Case(
        "migrations-applied",
        stacked("defaults", revisions={}),
        ("fail its own database: no `alembic_version` on its own database, wanted 0002",),
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.said[0]}")
def test_each_check_bites_and_only_where_it_should(case: Case) -> None:
    assert said(case.check, case.evidence) == case.said


@pytest.mark.parametrize("check", sorted({case.check for case in CASES}))
@pytest.mark.parametrize("nothing", [NOBODY, NO_ENGINE], ids=["not run", "no engine"])
def test_without_a_container_nothing_passes(check: str, nothing: object) -> None:
    plan = SWITCHING.plan if check == "database-switches" else STACK.plan
    assert isinstance(nothing, type(GOOD))
    assert {line.partition(" ")[0] for line in said(check, replace(nothing, plan=plan))} == {"unknown"}


def test_a_worker_is_not_held_to_the_servers_grace() -> None:
    slow = replace(WORKER, stop_seconds=30.0)
    assert said("stops-in-time", stacked("worker-dramatiq", stop_seconds=slow.stop_seconds))[0].startswith("pass ")
    assert set(STACK_RUNS) > set(RUNS) - {"database"}
