"""The good backend of `values` with services beside it: PostgreSQL, a worker, four replicas; and one that switches."""

from dataclasses import replace
from typing import Any

from values import DEPENDENCIES, GOOD, OBSERVATION, PLAN, RUNS, SERVER

from lading.checks import Evidence
from lading.model import Answer, Backing, Database, Handover, Outcome, Process, Program, Request, Run, Scrape, Start

POSTGRESQL = Database(dialect="postgresql", variable="DATABASE_URL", driver="psycopg", pool=5)
STACK_PLAN = replace(
    PLAN,
    database=POSTGRESQL,
    backing=(Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="psycopg"),),
    programs=(Program(name="dramatiq", kind="dramatiq", role="worker", target="app.workers"),),
    server=replace(PLAN.server, workers=4, metrics=True, metrics_path="/metrics"),
)


def scrape(began: float, value: float) -> Scrape:
    return Scrape(began=began, ended=began + 0.5, counters={'requests_total{path="/"}': value})


def _own(name: str) -> Run:
    """A start that went well, with a database of its own."""
    run = RUNS[name]
    owner = run.start.reuse or name
    environment = {**run.start.environment, "DATABASE_URL": f"postgresql+psycopg://app:of-ours@postgres/{owner}"}
    return replace(
        run, start=replace(run.start, environment=environment), volume=(), revisions={f"postgresql:{owner}": ("0002",)}
    )


def _replica(number: int) -> Run:
    run = _own("tmpfs")
    start = replace(run.start, name=f"replica-{number}", requests=(), stall=False)
    return replace(run, start=start, ready=1.0 + number, replies=(), revisions={"postgresql:replicas": ("0002",)})


WORKER = replace(
    RUNS["bind"],
    start=Start(name="worker-dramatiq", command=("worker", "dramatiq"), reuse="defaults"),
    ready=2.5,
    answers=(),
    processes=(Process(pid=1, uid=1000, gid=1000, argv=("python", "-m", "dramatiq")),),
    health=Outcome(argv=("healthcheck",), status=0, output="", seconds=0.1),
    engine_health="healthy",
    writes={},
    volume=(),
    revisions={},
)

STACK_RUNS = {
    **{name: _own(name) for name in ("defaults", "port", "host", "bind", "tmpfs")},
    "newer": RUNS["newer"],
    **{f"replica-{number}": _replica(number) for number in (1, 2, 3, 4)},
    "worker-dramatiq": WORKER,
}

#: Of what the worker is sent, which another request waits for.
SEND = Request(method="POST", path="/texts", body="{}", status=201, keep={"text": "id"})
WAIT = Request(path="/texts/{text}", contains=("done",), until=30)
STACK_RUNS["worker-dramatiq-next"] = replace(WORKER, start=replace(WORKER.start, name="worker-dramatiq-next"))
STACK_RUNS["defaults"] = replace(
    STACK_RUNS["defaults"],
    start=replace(STACK_RUNS["defaults"].start, beside=("dramatiq",), handover=(SEND, WAIT)),
    scrapes=(scrape(0, 3), scrape(0.2, 5), scrape(1, 5)),
    handover=Handover(held=20, sent=32, done=25),
)

STACK: Evidence = replace(
    GOOD,
    plan=STACK_PLAN,
    observation=replace(OBSERVATION, runs=STACK_RUNS, services=("postgres:16",), engine="docker 29"),
)

SWITCHING_PLAN = replace(
    PLAN, dependencies=replace(DEPENDENCIES, requirements=(*DEPENDENCIES.requirements, "psycopg[binary]>=3"))
)
ON_POSTGRESQL = replace(
    RUNS["defaults"],
    start=replace(RUNS["defaults"].start, name="postgresql"),
    revisions={"postgresql:lading_postgresql": ("0002",)},
)
SWITCHING: Evidence = replace(
    GOOD,
    plan=SWITCHING_PLAN,
    observation=replace(OBSERVATION, runs={**RUNS, "postgresql": ON_POSTGRESQL}, services=("postgres:16",)),
)

#: What says nothing of a backend that has no services: the evidence on which each check passes.
BESIDE = {
    "replicas-serve": STACK, "worker-healthy": STACK, "worker-stops": STACK, "worker-drains": STACK,
    "metrics-coherent": STACK, "connections-fit": STACK,
    "database-switches": SWITCHING,
}  # fmt: skip


def in_parts(**parts: str) -> Evidence:
    """`STACK`, whose database several variables say one by one; each start has a database of its own."""
    found = STACK
    for name, run in STACK_RUNS.items():
        said = {variable: f"{part} of {name}" for part, variable in parts.items()}
        found = with_run(found, name, start=replace(run.start, environment={**run.start.environment, **said}))
    backing = Backing(kind="postgresql", role="database", parts=parts, driver="psycopg")
    database = Database(dialect="postgresql", parts=tuple(parts.values()), driver="psycopg", pool=5)
    return replace(found, plan=replace(STACK_PLAN, database=database, backing=(backing,)))


def stacked(name: str, **changes: Any) -> Evidence:
    """`STACK`, with one start that did other things."""
    return with_run(STACK, name, **changes)


def switching(**changes: Any) -> Evidence:
    """`SWITCHING`, with a start on PostgreSQL that did other things."""
    return with_run(SWITCHING, "postgresql", **changes)


def without(evidence: Evidence, name: str, *limits: str) -> Evidence:
    """`evidence`, without a start, and with the reasons."""
    assert evidence.observation is not None
    runs = {one: run for one, run in evidence.observation.runs.items() if one != name}
    return replace(evidence, observation=replace(evidence.observation, runs=runs, limits=limits))


def with_run(evidence: Evidence, name: str, **changes: Any) -> Evidence:
    """`evidence`, with one start that did other things."""
    assert evidence.observation is not None
    runs = evidence.observation.runs
    return replace(
        evidence, observation=replace(evidence.observation, runs={**runs, name: replace(runs[name], **changes)})
    )


def silent(error: str = "connection reset by peer") -> Answer:
    return Answer(path="/tasks", status=None, body="", seconds=0.1, error=error)


def handed(**changes: Any) -> Evidence:
    """`STACK`, whose messages had another fate."""
    return stacked("defaults", handover=Handover(**{"held": 20, "sent": 32, "done": 25, **changes}))


__all__ = [
    "BESIDE",
    "SEND",
    "SERVER",
    "STACK",
    "SWITCHING",
    "WAIT",
    "handed",
    "scrape",
    "silent",
    "stacked",
    "switching",
    "with_run",
    "without",
]
