"""The project's own requests, asked of every start → whether each container answers them as it is to."""

from __future__ import annotations

from collections.abc import Iterable

from lading.checks import secrets
from lading.checks.evidence import (
    Check,
    Said,
    counted,
    failed,
    limit,
    never_answered,
    not_started,
    passed,
    skipped,
    unknown,
)
from lading.checks.running import silence
from lading.model import Finding, Observation, Plan, Reply, Run
from lading.plan import services

_NONE = "the settings have no `[[requests]]`"


def wrong(reply: Reply) -> str:
    """What makes an answer another than the one that is wanted; empty where nothing does."""
    request, answer = reply.request, reply.answer
    if answer.status is None:
        return f"got no answer: {answer.error}"
    if answer.status != request.status:
        return f"answered {answer.status}, wanted {request.status}"
    missing = next((text for text in request.contains if text not in answer.body), None)
    if missing is not None:
        return f"answered without `{missing}`"
    return f"answered {answer.status}, but {reply.wrong}" if reply.wrong else ""


def _asked(runs: Iterable[Run], plan: Plan) -> Finding:
    """Whether each of `runs`, to which the requests of its start were put, answered all of them."""
    count, seconds, names = 0, 0.0, []
    for run in runs:
        if run.ready is None:
            return silence(run, plan)
        for reply in run.replies:
            if said := wrong(reply):
                named = f"{reply.request.method} {reply.request.path} in the start `{run.start.name}`"
                shown = " ".join(secrets.redact(reply.answer.body).split())[:200]
                return failed(f"{named} {said}", hint=f"it answered: {shown}" if shown else "")
        if len(run.replies) < len(run.start.requests):
            return unknown(f"the start `{run.start.name}` ended before every request was asked")
        count += len(run.replies)
        seconds += sum(reply.answer.seconds for reply in run.replies)
        names.append(run.start.name)
    return passed(f"{counted(count, 'request')} answered as wanted, in {', '.join(names)}", seconds=seconds)


def requests_answered(plan: Plan, defaults: Run | None, observation: Observation | None) -> Said:
    """Every start with a volume and a database of its own answers the project's own requests, all in the same way.

    They are the rows `[[requests]]` of lading.toml: an upload that the final user's ffmpeg must read, a limit that
    several processes keep together, a message that a worker beside it takes. Source: S1-1, S3-6 and S4-2 of the
    criteria.
    """
    if defaults is None or observation is None:
        return not_started("defaults", observation)
    if not defaults.start.requests:
        return skipped(_NONE)
    if observation.absent:
        return unknown(limit(observation, "could not be started"))
    # Another database is another check's, and so is what an earlier container kept.
    asked = [run for run in observation.runs.values() if run.start.requests and run.start.reuse is None]
    return _asked((run for run in asked if run.start.name != "postgresql"), plan)


def rerun_keeps_rows(plan: Plan, defaults: Run, port: Run, observation: Observation) -> Said:
    """A second container on the same volume and database answers with what the first one was told.

    It is asked the requests that are marked `again`, with the values that the first container gave. Source: S0's
    constraint "Volume mount required for persistence"; S2's edge case 1.
    """
    if not any(request.again for request in defaults.start.requests):
        return skipped("no request of the settings is marked `again`")
    if port.start.reuse != "defaults" or not port.start.requests:
        return unknown("no start got the volume of the start `defaults`")
    if defaults.ready is None:
        return never_answered(defaults)
    if observation.absent:
        return unknown(limit(observation, "could not be started"))
    return _asked((port,), plan)


def database_switches(plan: Plan, postgresql: Run | None, observation: Observation | None) -> Said:
    """The database's variable switches from SQLite to a real PostgreSQL, migrated from empty, with the same answers.

    Judged where the project declares a driver for it. Source: S1-3 of the criteria.
    """
    if services.switch(plan) is None:
        return skipped("no driver is declared for another database than its own")
    if postgresql is None:
        return not_started("postgresql", observation)
    if postgresql.ready is None:
        return silence(postgresql, plan)
    rows = next((rows for name, rows in postgresql.revisions.items() if name.startswith("postgresql:")), ())
    wanted = set(plan.migrations.heads) if plan.migrations and plan.migrations.tool == "alembic" else set(rows)
    if set(rows) != wanted:
        there = ", ".join(rows) or "no revision"
        return failed(f"PostgreSQL is at {there}, wanted {', '.join(sorted(wanted))}: the rows go elsewhere")
    at = f"at {', '.join(rows)}, " if rows else ""
    if not postgresql.start.requests:
        return passed(f"PostgreSQL {at}answered after {postgresql.ready:.2f} s", seconds=postgresql.ready)
    said = _asked((postgresql,), plan)
    if said.verdict != "pass":
        return said
    return passed(
        f"PostgreSQL {at}{counted(len(postgresql.replies), 'request')} answered as on SQLite", seconds=said.seconds
    )


def drains(observation: Observation, plan: Plan) -> Said:
    """A request that is in flight when SIGTERM comes is answered, and the container ends well within its grace.

    Half of a request with a body is sent, then the signal, then the other half: any server is slow for a slow client.
    Source: S3-4 of the criteria; Kubernetes' "Termination of Pods".
    """
    run = next((run for run in observation.runs.values() if run.start.drain), None)
    if not observation.runs.keys() & {"bind", "database"}:
        return not_started("bind", observation)
    if run is None or run.start.drain is None:
        asked = any(run.start.requests for run in observation.runs.values())
        return skipped("no request of the settings has a body" if asked else _NONE)
    if run.ready is None:
        return never_answered(run)
    named = f"{run.start.drain.method} {run.start.drain.path}"
    if run.drained is None:
        return unknown(f"{named} was not sent to the start `{run.start.name}`")
    hint = "the server must be process 1, and finish what it has begun before it ends"
    if run.drained.status is None or run.drained.status >= 500:
        how = f"answered {run.drained.status}" if run.drained.status else f"cut off: {run.drained.error or 'no answer'}"
        return failed(f"{named}, in flight at SIGTERM, was {how}", hint=hint)
    if run.stopped not in {0, 143} or run.stop_seconds is None:
        ended = f"ended with status {run.stopped}" if run.stopped is not None else "had to be killed"
        return failed(f"{named} was answered, but the container {ended}, within {plan.stop_seconds} s", hint=hint)
    said = f"{named}, in flight at SIGTERM: {run.drained.status}, then status {run.stopped}"
    return passed(f"{said} after {run.stop_seconds:.2f} s", seconds=run.stop_seconds)


CHECKS: tuple[Check, ...] = (requests_answered, rerun_keeps_rows, database_switches, drains)
