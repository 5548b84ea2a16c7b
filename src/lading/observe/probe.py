"""A container that was started → the Run that says what it did.

It asks as a user, an engine and an orchestrator would, from outside where they do, and judges nothing. Nothing waits
longer than a time that the plan gives or that stands here.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lading.model import Answer, Handover, Outcome, Plan, Process, Reply, Run
from lading.observe import asking, metrics, sqlite, web
from lading.observe.container import Container

#: Seconds: between two attempts at the first answer, for one answer, for a small program, and beyond the start period.
_POLL, _ANSWER, _PROGRAM, _PATIENCE = 0.01, 5.0, 20.0, 80.0

#: Seconds: for the first answer of one of several that start at once, for a server to give up a port that is taken, and
#: that a request is in flight before a signal and after it.
TOGETHER, _SECOND, _FLIGHT = 180.0, 45.0, 0.5

#: Creating a file is the proof: what access(2) says is not, on a read-only file system or as a mapped user.
_WRITE = """
import os, stat, sys
for folder in sys.argv[1:]:
    path = os.path.join(folder, ".lading-probe")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.unlink(path)
        print("0")
    except OSError as error:
        about = os.stat(folder) if os.path.isdir(folder) else None
        owner = f" ({about.st_uid}:{about.st_gid} {stat.S_IMODE(about.st_mode):o})" if about else ""
        print(f"1{error.strerror}{owner}")
"""


def probe(
    container: Container,
    plan: Plan,
    config: Mapping[str, Any],
    *,
    uploads: Mapping[str, bytes] = MappingProxyType({}),
    kept: Mapping[str, str] = MappingProxyType({}),
    numbers: asking.Numbers | None = None,
    settled: Callable[[], None] = lambda: None,
    started: Callable[[], None] = lambda: None,
    quiet: Callable[[], AbstractContextManager[None]] = nullcontext,
    parting: Callable[[Sequence[Reply]], Handover | None] = lambda _replies: None,
) -> Run:
    """Look at `container` from its start to its end, which this brings about; `config` is the image's own.

    `uploads` are the files that its requests send, `kept` the values that an earlier container gave, and `numbers`
    those of its volume; `settled` is called before they are asked, to wait for what runs beside. `started` is called
    when it has answered or will not; what is timed is asked inside `quiet`. `parting` is called with the replies before
    it is told to end, while it still serves.
    """
    start, numbers = container.start, numbers or asking.Numbers()
    try:
        first, ready = _first_answer(container, plan)
    finally:
        started()
    exited = container.wait(0)
    up = first is not None and exited is None
    if up and start.requests:
        settled()
    replies = tuple(asking.ask(container, start.requests, uploads, kept, numbers)) if up else ()
    answers = [first] if first else []
    samples: list[float] = []
    if up:
        with quiet() if start.samples else nullcontext():
            for answer in _samples(container, plan):
                if answer.status is None:
                    answers.append(answer)
                else:
                    samples.append(answer.seconds)
        answers += [get(container, start.connect, path) for path in start.paths]
    foreign = tuple((origin, _foreign(container, plan, origin)) for origin in start.origins) if up else ()
    measured = metrics.scrape(container, plan.server.metrics_path or "", start.scrapes) if up else ()
    processes = container.processes() if exited is None else ()
    writes = _writes(container, plan, processes) if exited is None else {}
    health = _health(container, config, {}) if up else None
    engine_health = container.health() if up else None
    second = container.execute(_argv(config), {}, _SECOND) if up and start.twice else None
    stalled = _stalled(container, config) if up and start.stall else None
    handover = parting(replies) if up and start.handover else None
    refused = tuple(one for one in start.refused if up and get(container, one, _path(plan)).status is None)
    exited = container.wait(0)
    held = container.volume() if start.mount == "tmpfs" else None  # which goes with the container
    stopped, seconds, drained = _stop(container, plan, uploads, numbers) if exited is None else (None, None, None)
    held = container.volume() if held is None else held
    return Run(
        start=start,
        ready=ready,
        exited=exited,
        answers=tuple(answers),
        samples=tuple(samples),
        refused=refused,
        processes=processes,
        health=health,
        engine_health=engine_health,
        stalled=stalled,
        writes=writes,
        written=container.written(),
        volume=tuple(sorted(held)),
        revisions={
            path: rows for path, data in sorted(held.items()) if (rows := sqlite.revisions(data, plan.migrations))
        },
        stopped=stopped,
        stop_seconds=seconds,
        log=container.log(),
        replies=replies,
        scrapes=measured,
        foreign=foreign,
        drained=drained,
        second=second,
        handover=handover,
    )


def brief(container: Container, plan: Plan, together: Callable[[], None]) -> Run:
    """Of a container that is one of several: its first answer, and how it ends once `together` returns."""
    first, ready = _first_answer(container, plan, TOGETHER)
    together()
    exited = container.wait(0)
    stopped, seconds, _ = _stop(container, plan, {}, asking.Numbers()) if exited is None else (None, None, None)
    return Run(
        start=container.start,
        ready=ready,
        exited=exited,
        answers=(first,) if first else (),
        samples=(),
        refused=(),
        processes=(),
        health=None,
        engine_health=None,
        stalled=None,
        writes={},
        written=(),
        volume=(),
        revisions={},
        stopped=stopped,
        stop_seconds=seconds,
        log=container.log(),
    )


def get(container: Container, address: tuple[str, int], path: str) -> Answer:
    """What a new connection to `address` answers to `GET path`; or why there is none."""
    return web.ask(container, address, path, timeout=_ANSWER)


def _foreign(container: Container, plan: Plan, origin: str) -> Answer:
    """What a page of `origin` is answered: a browser says where it is from, and sends what cookies it has."""
    headers = {"Origin": origin, "Cookie": "lading=1"}
    return web.ask(container, container.start.connect, _path(plan), headers=headers, timeout=_ANSWER)


def _argv(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What the image starts by itself."""
    return (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))


def _path(plan: Plan) -> str:
    """What is asked: where there is no health path, any answer at all shows that the server is up."""
    return plan.health.path or "/"


def _first_answer(container: Container, plan: Plan, patience: float = _PATIENCE) -> tuple[Answer | None, float | None]:
    """The answer that made the container ready, and when; what it answers while it starts, by a 5xx, is not that."""
    answer, seconds = None, None
    look = time.monotonic() + 0.2
    while (asked := time.monotonic()) < container.began + plan.health.start_period + patience:
        fresh = get(container, container.start.connect, _path(plan))
        if fresh.status is not None:
            answer, seconds = fresh, time.monotonic() - container.began
            if fresh.status < 500 or seconds > plan.health.start_period:
                break
        # Asking never takes more than half of the time: under some engines it costs as much as the start itself.
        time.sleep(max(_POLL, time.monotonic() - asked))
        if (now := time.monotonic()) > look:
            if container.wait(0) is not None:
                break
            look = time.monotonic() + max(0.2, 10 * (time.monotonic() - now))
    return answer, seconds


def _samples(container: Container, plan: Plan) -> Iterator[Answer]:
    """The timed answers, up to the first that did not come."""
    for _ in range(container.start.samples):
        answer = get(container, container.start.connect, _path(plan))
        yield answer
        if answer.status is None:
            return


def _writes(container: Container, plan: Plan, processes: tuple[Process, ...]) -> Mapping[str, Outcome]:
    """What trying to write to each folder gives: one program for all, because starting it is what takes the time."""
    python = next((one.argv[0] for one in processes if one.argv and "python" in one.argv[0]), "python3")
    folders = ("/app", plan.volume, "/tmp")  # noqa: S108
    outcome = container.execute((python, "-I", "-S", "-c", _WRITE, *folders), {}, _PROGRAM)
    lines = outcome.output.splitlines()
    if outcome.status != 0 or len(lines) != len(folders):
        return dict.fromkeys(folders, outcome)
    return {
        folder: replace(outcome, status=int(line[0]), output=line[1:])
        for folder, line in zip(folders, lines, strict=True)
    }


def _health(container: Container, config: Mapping[str, Any], environment: Mapping[str, str]) -> Outcome | None:
    """The image's HEALTHCHECK, executed once as an engine does. Source: Docker Engine API, `HealthConfig`."""
    check = config.get("Healthcheck") or {}
    match check.get("Test") or []:
        case ["CMD", *argv] if argv:
            pass
        case ["CMD-SHELL", line]:
            argv = [*(config.get("Shell") or ("/bin/sh", "-c")), line]
        case _:
            return None
    seconds = (check.get("Timeout") or 30_000_000_000) / 1e9
    return container.execute(tuple(argv), environment, seconds)


def _stalled(container: Container, config: Mapping[str, Any]) -> Outcome | None:
    """The same with every process stopped: what a health check says of a server that hangs."""
    container.signal(signal.SIGSTOP, everyone=True)
    try:
        # Ours then gives up sooner; anybody else's has the time that its image gives it.
        return _health(container, config, {"LADING_HEALTH_TIMEOUT": "1"})
    finally:
        container.signal(signal.SIGCONT, everyone=True)


def _stop(
    container: Container, plan: Plan, uploads: Mapping[str, bytes], numbers: asking.Numbers
) -> tuple[int | None, float, Answer | None]:
    """Ask the container to end, as `docker stop` does, and make it when it does not: its status, and how long.

    A request that its start wants in flight is sent by half before, and to its end afterwards: the answer.
    """
    drain = container.start.drain
    rest = asking.half(container, drain, uploads, numbers) if drain else None
    if rest:
        time.sleep(_FLIGHT)  # the server has taken it
    began = time.monotonic()
    container.signal(signal.SIGTERM)
    drained = None
    if rest:
        time.sleep(_FLIGHT)  # the server has heard the signal
        drained = rest(plan.stop_seconds)
    status = container.wait(max(plan.stop_seconds - (time.monotonic() - began), 0.1))
    seconds = time.monotonic() - began
    if status is None:
        container.signal(signal.SIGKILL)
        container.wait(_PROGRAM)
    return status, seconds, drained
