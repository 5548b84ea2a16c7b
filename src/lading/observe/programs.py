"""The plan's workers and schedulers → containers beside the server, and what each of them did."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from lading import launch
from lading.model import Outcome, Plan, Program, Run, Start
from lading.observe.container import Container, Host

#: Seconds: for one health check, between two, until the first good one, and, as the stack has it, SIGTERM to SIGKILL.
_CHECK, _POLL, _PATIENCE, _GRACE = 15.0, 0.3, 180.0, 60.0


def name(program: Program) -> str:
    """What the start of a program is called: `worker-dramatiq`."""
    return f"{program.role}-{program.name}"


@contextmanager
def beside(host: Host, plan: Plan, start: Start) -> Iterator[Mapping[str, Container]]:
    """Containers of the programs that `start` wants beside it, on its volume and with its environment."""
    with ExitStack() as stack:
        yield {
            name(one): stack.enter_context(host.start(_start(one, start)))
            for one in plan.programs
            if one.name in start.beside
        }


def _start(program: Program, start: Start) -> Start:
    command = (program.role, program.name)
    return Start(name=name(program), environment=start.environment, reuse=start.reuse or start.name, command=command)


def ready(container: Container) -> tuple[float | None, Outcome]:
    """Ask the health check until it is content, or the container or the time has ended: when, and its last word."""
    while True:
        asked = container.execute((*launch.ENTRYPOINT, "healthcheck"), {}, _CHECK)
        seconds = time.monotonic() - container.began
        if asked.status == 0:
            return seconds, asked
        if seconds > _PATIENCE or container.wait(0) is not None:
            return None, asked
        time.sleep(_POLL)


def ended(container: Container, well: tuple[float | None, Outcome]) -> Run:
    """Tell the program to end; what it did from its start on. `well` is what `ready` has said."""
    exited = container.wait(0)
    facts: dict[str, Any] = {"processes": (), "engine_health": None, "stopped": None, "stop_seconds": None}
    if exited is None:
        facts |= {"processes": container.processes(), "engine_health": _reported(container, well[0])}
        began = time.monotonic()
        container.signal(signal.SIGTERM)
        facts["stopped"] = container.wait(_GRACE)
        facts["stop_seconds"] = time.monotonic() - began
        if facts["stopped"] is None:
            container.signal(signal.SIGKILL)
            container.wait(_CHECK)
    return Run(
        start=container.start,
        ready=well[0],
        exited=exited,
        answers=(),
        samples=(),
        refused=(),
        health=well[1],
        stalled=None,
        writes={},
        written=container.written(),
        volume=(),
        revisions={},
        log=container.log(),
        **facts,
    )


def _reported(container: Container, well: float | None) -> str | None:
    """What the engine says, once it has asked again: while a program starts, it counts as unwell."""
    limit = time.monotonic() + (_CHECK if well is not None else 0)
    while (said := container.health()) not in {None, "healthy"} and time.monotonic() < limit:
        time.sleep(_POLL)
    return said
