"""What workers, schedulers and the metrics of several processes did → whether they do their work beside the server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lading.checks.evidence import Check, Said, counted, failed, not_started, passed, skipped, unknown
from lading.checks.running import silence
from lading.model import Finding, Observation, Plan, Run, Scrape

_NONE = "nothing runs beside the server"


def runs(plan: Plan, observation: Observation | None) -> Iterator[Run | Finding]:
    """The run of each program, or why there is none."""
    for one in plan.programs:
        name = f"{one.role}-{one.name}"
        run = observation.runs.get(name) if observation else None
        yield run or not_started(name, observation)


def worker_healthy(plan: Plan, observation: Observation | None) -> Said:
    """Each worker and scheduler runs beside the server, and its own health check says that it is well.

    The image is told its role, and the check is the image's: it asks by what the queue's library offers. Source: S4-2
    of the criteria.
    """
    if not plan.programs:
        return skipped(_NONE)
    good = []
    for run in runs(plan, observation):
        if isinstance(run, Finding):
            return run
        if run.exited is not None:
            return silence(run, plan)
        if run.ready is None:
            said = run.health.output.strip().splitlines() if run.health else []
            return failed(f"`{run.start.name}` was never well", hint=said[-1] if said else "its check said nothing")
        if run.engine_health not in {None, "healthy"}:
            return failed(f"`{run.start.name}` is well, but the engine reports {run.engine_health}")
        good.append(f"{run.start.name} well after {run.ready:.1f} s, {counted(len(run.processes), 'process')}")
    return passed("; ".join(good))


def worker_stops(plan: Plan, observation: Observation | None) -> Said:
    """SIGTERM ends each worker and scheduler with status 0 or 143, within the grace that the stack gives it.

    Source: S4-2 of the criteria, "SIGTERM finishes the message in hand".
    """
    if not plan.programs:
        return skipped(_NONE)
    slowest, statuses = 0.0, set()
    for run in runs(plan, observation):
        if isinstance(run, Finding):
            return run
        if run.exited is not None:
            return silence(run, plan)
        if run.stopped is None or run.stop_seconds is None:
            return failed(f"`{run.start.name}` had to be killed", hint="let it end when it has finished its message")
        if run.stopped not in {0, 143}:
            return failed(f"`{run.start.name}` ended with status {run.stopped} on SIGTERM, wanted 0 or 143")
        slowest = max(slowest, run.stop_seconds)
        statuses.add(str(run.stopped))
    count = f"{len(plan.programs)} stop" + "s" * (len(plan.programs) != 1)
    return passed(f"{count} with status {' or '.join(sorted(statuses))}, in {slowest:.2f} s", seconds=slowest)


def _fallen(scrapes: tuple[Scrape, ...]) -> str:
    """Which counter was lower in a reading that began after another had ended; empty where none was."""
    for before, after in itertools.product(scrapes, repeat=2):
        if before.ended < after.began:
            for series, value in before.counters.items():
                later = after.counters.get(series)
                if later is None or later < value:
                    return f"{series} was {value:g} and " + ("was gone" if later is None else f"fell to {later:g}")
    return ""


def metrics_coherent(defaults: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """Counters that are scraped again and again never fall, whichever process of the server answers.

    Each process that counts by itself answers with its own numbers: they jump. Readings that overlap are not compared.
    Source: S3-5 of the criteria; Prometheus' "Metric types", on counters.
    """
    path = plan.server.metrics_path
    if path is None:
        return skipped("no route for metrics was found")
    if defaults is None:
        return not_started("defaults", observation)
    if defaults.ready is None:
        return silence(defaults, plan)
    if not defaults.scrapes:
        return unknown(f"nobody read {path}")
    blank = sum(not one.counters for one in defaults.scrapes)
    if blank:
        return failed(f"{blank} of {len(defaults.scrapes)} readings of {path} held no counter")
    if said := _fallen(defaults.scrapes):
        hint = "let the processes add up: a PROMETHEUS_MULTIPROC_DIR that the route reads"
        return failed(f"{path}: {said}", hint=hint)
    count = len(defaults.scrapes[-1].counters)
    return passed(f"{counted(len(defaults.scrapes), 'reading')} of {path}, {counted(count, 'counter')}: none fell")


CHECKS: tuple[Check, ...] = (worker_healthy, worker_stops, metrics_coherent)
