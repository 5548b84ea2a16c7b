"""A start → what its container did, and those beside it: with its databases made, its programs started, all asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from lading import launch
from lading.errors import Outside
from lading.model import Backing, Image, Plan, Run, Start
from lading.observe import asking, handover, probe, programs, scenarios, services
from lading.observe.container import Host
from lading.observe.quiet import Quiet

#: Seconds that a program which prepares a volume may take.
_PREPARED = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What every start of one observation needs."""

    host: Host
    plan: Plan
    image: Image
    uploads: Mapping[str, bytes]
    quiet: Quiet = field(default_factory=Quiet)
    numbers: dict[str, asking.Numbers] = field(default_factory=dict)  # by the start whose volume it is

    def make(self, start: Start, earlier: Future[Mapping[str, Run]] | None) -> Mapping[str, Run]:
        """The runs of a start and of the programs beside it, by their names; none where it makes no sense here.

        `earlier` gives the run whose volume it reuses. Raises `Outside` where it cannot be made.
        """
        if earlier:
            wait([earlier])
        before = earlier.result() if earlier and not earlier.exception() else {}
        kept = {name: value for run in before.values() for reply in run.replies for name, value in reply.kept.items()}
        if start.name == "postgresql" and not self.host.services:
            raise Outside(f"{self.host.name} starts no services beside it")
        if start.stamp is None:
            return self._seen(self._served(start), kept)
        if not self._launched():
            raise Outside("the image's ENTRYPOINT is not the launcher, which could prepare its database")
        return self._stamped(start)

    def replicas(self) -> Mapping[str, Run]:
        """The runs of several containers that are started at once on one empty database, where it is a server."""
        wanted = scenarios.replicas(self.plan) if self.host.services else ()
        if not wanted:
            return {}
        served = [self._served(start, owner="replicas") for start in wanted]
        barrier = threading.Barrier(len(served))

        def together() -> None:
            barrier.wait(probe.TOGETHER)

        def one(start: Start) -> Run:
            try:
                with self.host.start(start) as container:
                    return probe.brief(container, self.plan, together)
            except threading.BrokenBarrierError as broken:
                raise Outside("not all of them could be started") from broken
            except BaseException:
                barrier.abort()
                raise

        with ThreadPoolExecutor(len(served)) as pool:
            runs = list(pool.map(one, served))
        rows = self.host.services.revisions("replicas") if self.host.services else {}
        return {run.start.name: replace(run, revisions=rows) for run in runs}

    def _seen(self, start: Start, kept: Mapping[str, str]) -> Mapping[str, Run]:
        config = self.image.config.get("config") or {}
        wanted = start if self._attended(start) else replace(start, beside=())
        numbers = self.numbers.setdefault(start.reuse or start.name, asking.Numbers())
        self.quiet.begin()
        with ExitStack() as stack:
            ending = stack.enter_context(ExitStack())
            ending.callback(self.quiet.end)
            container = stack.enter_context(self.host.start(wanted))
            beside = stack.enter_context(programs.beside(self.host, self.plan, wanted))
            run = probe.probe(
                container, self.plan, config, uploads=self.uploads, kept=kept, numbers=numbers,
                settled=beside.settle, started=ending.close, quiet=self.quiet.hold,
                parting=lambda replies: handover.through(container, replies, self.uploads, beside, numbers),
            )  # fmt: skip
            beside.end()
        if self.host.services:
            found = self.host.services.revisions(start.reuse or start.name)
            run = replace(run, revisions={**run.revisions, **found})
        return {start.name: run, **beside.runs}

    def _stamped(self, start: Start) -> Mapping[str, Run]:
        """A start whose database is said, beforehand, to be where no migration leads from."""
        spoiled = scenarios.spoiled(self.plan, start)
        if spoiled:
            with self.host.start(self._served(spoiled)) as container:
                status = container.wait(_PREPARED)
                if status:
                    last = container.log().strip().splitlines() or ["it said nothing"]
                    raise Outside(f"its database could not be prepared: {last[-1]}")
            return self._seen(replace(self._served(start), reuse=spoiled.name), {})
        if self.plan.database is None or self.plan.database.dialect == "sqlite":
            raise Outside("where its database's file is, nothing says")
        if not self.host.services:
            return {}
        served = self._served(start)
        self.host.services.stamp(start.name, start.stamp or "")
        return self._seen(served, {})

    def _served(self, start: Start, owner: str = "") -> Start:
        """`start` with the addresses of the services, in which it has databases of its own, or its owner's."""
        if not self.host.services:
            return start
        given = self.host.services.environment(owner or start.reuse or start.name, switched=start.name == "postgresql")
        own = {name: value for name, value in start.environment.items() if name != "LADING_WAIT_SECONDS"}
        return replace(start, environment={**own, **given})

    def _attended(self, start: Start) -> bool:
        """Whether the programs can run beside: the launcher makes them of the image, and what they need is there."""
        there = not absent(self.plan, self.host)
        return bool(start.beside and there and self._launched() and self.host.at_once > 1)

    def _launched(self) -> bool:
        config: Mapping[str, Any] = self.image.config.get("config") or {}
        return tuple(config.get("Entrypoint") or ()) == launch.ENTRYPOINT


def absent(plan: Plan, host: Host) -> tuple[Backing, ...]:
    """The services of `plan` that do not run beside: none can under this engine, or no image of their kind is known."""
    files = (one for one in plan.backing if one.default.get("scheme", "").startswith("sqlite"))
    there = (*files, *(services.needed(plan) if host.services else ()))
    return tuple(one for one in plan.backing if one not in there)


def needless(
    plan: Plan, host: Host, runs: Mapping[str, Run], told: Sequence[str]
) -> tuple[dict[str, Run], tuple[str, ...]]:
    """The runs that show something, and in a sentence why the others do not: what they need was not started."""
    missing = absent(plan, host)
    silent = [name for name, run in runs.items() if missing and run.start.stamp is None and not _served(run)]
    lost = [f"`{name}`" for name in silent]
    lost += [f"`{programs.name(one)}`" for one in plan.programs if programs.name(one) not in runs]
    limits = []
    if missing:
        names = " and ".join(dict.fromkeys(launch.LABELS[one.kind] for one in missing))
        why = f" ({'; '.join(told)})" if told else ""
        without = f", so nothing is known of the starts {', '.join(lost)}" if lost else ""
        known = any(one in services.needed(plan) for one in missing)
        hint = "use `--engine docker` or `--engine podman`" if known else "lading knows no image of such a service"
        limits.append(f"{names} could not be started under {host.name}{why}{without}: {hint}")
    elif lost:
        limits.append(f"{', '.join(lost)} could not be started beside the server under {host.name}")
    return {name: run for name, run in runs.items() if name not in silent}, tuple(limits)


def masked(host: Host, run: Run) -> Run:
    """`run` without the passwords of the services, which are gone with them and would differ in every report."""
    beside = host.services
    if beside is None:
        return run
    given = {name: beside.masked(value) for name, value in run.start.environment.items()}
    return replace(run, start=replace(run.start, environment=given), log=beside.masked(run.log))


def _served(run: Run) -> bool:
    status = run.answers[0].status if run.answers else None
    return run.exited is None and status is not None and status < 500
