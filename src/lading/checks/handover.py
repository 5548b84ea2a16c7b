"""Work that workers had when they were told to end → whether all of it was done, by them or by those after them."""

from __future__ import annotations

from collections.abc import Sequence

from lading.checks import journey, programs
from lading.checks.evidence import Check, Said, counted, failed, not_started, passed, skipped, unknown
from lading.checks.running import end, silence
from lading.model import Finding, Handover, Observation, Plan, Reply, Request, Run

#: Below 500, what is answered to one who may not ask, not now or not so often. Source: RFC 9110, RFC 6585, RFC 8470.
_REFUSALS = {401, 403, 408, 425, 429}


def refuses(reply: Reply) -> bool:
    """Whether a server that is asked for a message says nothing of it: it is busy, or gives no answer."""
    status = reply.answer.status
    return status is None or status >= 500 or status in _REFUSALS


def worker_drains(plan: Plan, defaults: Run | None, observation: Observation | None) -> Said:
    """Workers that are told to end in the midst of their work lose no message: they finish it, or others do it.

    Requests of the project's own that give a worker something to do are sent again while every worker stands still, so
    that there is work in hand. Then the workers go on and get SIGTERM, more is sent as they end, and others take their
    place. Each message must be answered as the request with `until` says; of one that the server says nothing of,
    because it is asked too often or fails, nothing is known. Source: S4-2 of the criteria, "SIGTERM finishes the
    message in hand".
    """
    if all(one.role != "worker" for one in plan.programs):
        return skipped("no worker runs beside the server")
    if defaults is None:
        return not_started("defaults", observation)
    if not defaults.start.handover:
        return skipped(
            "nothing is sent: lading.toml needs a request that keeps an id, and one with `until` that asks for it"
        )
    workers = []
    for run in programs.runs(plan, observation):
        if isinstance(run, Finding):
            return run
        if run.start.command[:1] == ("worker",):
            workers.append(run)
    said = _unable(defaults) or _unended(workers, plan)
    if said or defaults.handover is None or observation is None:
        return said or unknown("nothing was sent as the workers ended")
    nexts = [observation.runs.get(f"{run.start.name}-next") for run in workers]
    return _kept(defaults, defaults.handover, workers, [run for run in nexts if run])


def _unable(defaults: Run) -> Finding | None:
    """Why nothing can be said of the messages, if that is so."""
    waits, seen = _named(defaults.start.handover[-1]), defaults.handover
    if seen is None:
        return unknown(f"{waits} was not answered as wanted, so nothing was sent as the workers ended")
    if not seen.sent:
        return unknown(_refused(seen), hint="put `{number}` where it must differ: it is another number each time")
    if seen.early:
        return skipped(f"{waits} is answered as wanted while every worker stands still: no worker has a part in it")
    return None


def _unended(workers: Sequence[Run], plan: Plan) -> Finding | None:
    """Which of `workers` did not end as it was told to, with work in hand."""
    for run in workers:
        if run.exited is not None:
            return silence(run, plan)
        if run.stopped is None or run.stop_seconds is None:
            hint = "let it take nothing more at SIGTERM, and end when it has finished what it has"
            return failed(f"`{run.start.name}`, told to end in the midst of its work, had to be killed", hint=hint)
    return None


def _kept(defaults: Run, seen: Handover, workers: Sequence[Run], nexts: Sequence[Run]) -> Finding:
    """Whether each message was done, by `workers` as they ended or by those that were started in their place."""
    messages = f"{counted(seen.sent, 'message')}, {seen.held} just before SIGTERM"
    if seen.lost:
        for run in nexts:
            if run.exited is not None or run.ready is None:
                return failed(f"`{run.start.name}`, in the place of one that had ended, was never well", hint=end(run))
        return _missed(seen, messages, _named(defaults.start.handover[-1]))
    seconds = max(run.stop_seconds or 0 for run in workers)
    statuses = " or ".join(sorted({str(run.stopped) for run in workers}))
    rest = seen.sent - seen.done
    others = f"the next did {rest}, none was lost" if rest else "none was left"
    said = f"{messages}: ended with {statuses} in {seconds:.1f} s, {seen.done} done; {others}"
    return passed(f"{said}. {_refused(seen)}" if seen.refused else said, seconds=seconds)


def _missed(seen: Handover, messages: str, waits: str) -> Finding:
    """What is to be said of messages that nobody is known to have done: `waits` is what asked for them."""
    lost = [reply for reply in seen.lost if not refuses(reply)]
    untold = [reply for reply in seen.lost if refuses(reply)]
    rest = f"of {len(untold)} nothing is known: {waits} {journey.wrong(untold[0])}" if untold else ""
    if not lost:
        hint = "let it be asked as often as that; or give it an `until` that is longer than its limit counts"
        return unknown(f"of {messages}, {rest}", hint=hint)
    said = f"{len(lost)} {'was' if len(lost) == 1 else 'were'} lost: {waits} {journey.wrong(lost[0])}"
    hint = "acknowledge a message when it is done and not before, and let a worker finish or give back what it has"
    return failed(f"of {messages}, {said}" + (f"; {rest}" if rest else ""), hint=hint)


def _refused(seen: Handover) -> str:
    """The answer after which no more was sent."""
    return f"{_named(seen.refused.request)}, asked once more, {journey.wrong(seen.refused)}" if seen.refused else ""


def _named(request: Request) -> str:
    return f"{request.method} {request.path}"


CHECKS: tuple[Check, ...] = (worker_drains,)
