"""The plan's workers and schedulers → containers beside the server, and what each of them did."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from lading import launch
from lading.model import Outcome, Plan, Process, Program, Run, Start
from lading.observe.container import Container, Host

#: Seconds: for one health check, between two, until the first good one, and, as the stack has it, SIGTERM to SIGKILL.
_CHECK, _POLL, _PATIENCE, _GRACE = 15.0, 0.3, 180.0, 60.0


def name(program: Program) -> str:
    """What the start of a program is called: `worker-dramatiq`."""
    return f"{program.role}-{program.name}"


Well = tuple[float | None, Outcome]  # when its health check was first content, and what it has said last


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Programs that run beside a server: those that still do, and what those did that have ended."""

    host: Host
    stack: ExitStack  # by which each is removed
    running: dict[str, Container] = field(default_factory=dict)
    well: dict[str, Well] = field(default_factory=dict)
    before: dict[str, tuple[tuple[Process, ...], str | None]] = field(default_factory=dict)  # what `_look` has seen
    runs: dict[str, Run] = field(default_factory=dict)

    def begin(self, start: Start) -> None:
        """Start one more."""
        self.running[start.name] = self.stack.enter_context(self.host.start(start))

    def settle(self) -> None:
        """Wait until each of them is well, or has ended."""
        for name, one in self.running.items():
            if name not in self.well:
                self.well[name] = ready(one)

    def workers(self) -> list[Container]:
        """Those that take messages."""
        return [one for one in self.running.values() if one.start.command[0] == "worker"]

    @contextmanager
    def still(self) -> Iterator[None]:
        """While this lasts no worker does anything; what is to be seen of them at work has been seen before."""
        self._look(self.workers())
        try:
            for one in self.workers():
                one.signal(signal.SIGSTOP, everyone=True)
            yield
        finally:
            for one in self.workers():
                one.signal(signal.SIGCONT, everyone=True)

    def end(self, *roles: str) -> None:
        """Tell those that have one of `roles`, or all, to end, and wait for it."""
        ending = [one for one in self.running.values() if not roles or one.start.command[0] in roles]
        self._look(ending)
        alive = [one for one in ending if one.wait(0) is None]
        began = time.monotonic()
        for one in alive:
            one.signal(signal.SIGTERM)
        with ThreadPoolExecutor(max(len(ending), 1)) as pool:
            over = [pool.submit(self._over, one, began if one in alive else None) for one in ending]
        for done in over:
            run = done.result()
            self.runs[run.start.name] = run
            del self.running[run.start.name]

    def follow(self) -> None:
        """Start another one in the place of each worker that has ended, and wait until it is well."""
        for run in tuple(self.runs.values()):
            if run.start.command[0] == "worker":
                self.begin(replace(run.start, name=f"{run.start.name}-next"))
        self.settle()

    def _look(self, containers: Sequence[Container]) -> None:
        """What is seen of them while they run: their processes, and what the engine says of them."""
        self.settle()
        for one in containers:
            name = one.start.name
            if name not in self.before and one.wait(0) is None:
                self.before[name] = (one.processes(), _reported(one, self.well[name][0]))

    def _over(self, container: Container, told: float | None) -> Run:
        """Wait for its end; what it did from its start on. `told` is when it was told to end, where it still ran."""
        name = container.start.name
        processes, health = self.before.get(name, ((), None))
        exited = container.wait(0) if told is None else None
        stopped = seconds = None
        if told is not None:
            stopped = container.wait(max(_GRACE - (time.monotonic() - told), 0.1))
            seconds = time.monotonic() - told
            if stopped is None:
                container.signal(signal.SIGKILL)
                container.wait(_CHECK)
        return Run(
            start=container.start,
            ready=self.well[name][0],
            exited=exited,
            answers=(),
            samples=(),
            refused=(),
            processes=processes,
            health=self.well[name][1],
            engine_health=health,
            stalled=None,
            writes={},
            written=container.written(),
            volume=(),
            revisions={},
            stopped=stopped,
            stop_seconds=seconds,
            log=container.log(),
        )


@contextmanager
def beside(host: Host, plan: Plan, start: Start) -> Iterator[Beside]:
    """The programs of `plan` that `start` wants beside it, on its volume and with its environment."""
    with ExitStack() as stack:
        made = Beside(host=host, stack=stack)
        for one in plan.programs:
            if one.name in start.beside:
                made.begin(_start(one, start))
        yield made


def _start(program: Program, start: Start) -> Start:
    command = (program.role, program.name)
    return Start(name=name(program), environment=start.environment, reuse=start.reuse or start.name, command=command)


def ready(container: Container) -> Well:
    """Ask the health check until it is content, or the container or the time has ended: when, and its last word."""
    while True:
        asked = container.execute((*launch.ENTRYPOINT, "healthcheck"), {}, _CHECK)
        seconds = time.monotonic() - container.began
        if asked.status == 0:
            return seconds, asked
        if seconds > _PATIENCE or container.wait(0) is not None:
            return None, asked
        time.sleep(_POLL)


def _reported(container: Container, well: float | None) -> str | None:
    """What the engine says, once it has asked again: while a program starts, it counts as unwell."""
    limit = time.monotonic() + (_CHECK if well is not None else 0)
    while (said := container.health()) not in {None, "healthy"} and time.monotonic() < limit:
        time.sleep(_POLL)
    return said
