"""Programs beside the server, each a fake container: when they are well, and how they end."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from test_observe_asking import Thread
from values import LAUNCH, PLAN

from lading.model import Outcome, Process, Program, Start
from lading.observe import programs
from lading.observe.container import Container, Host

WORKER = Program(name="rq", kind="rq", role="worker", target="jobs")
CLOCK = Program(name="celery", kind="celery", role="scheduler", target="app")


@dataclass
class Fake(Thread):
    """It is well from the nth question on, and ends as it is told to."""

    began: float = field(default_factory=time.monotonic)
    well: int = 1
    ends: int | None = 0
    ended: int | None = None
    reports: list[str] = field(default_factory=lambda: ["healthy"])
    asked: list[str] = field(default_factory=list)

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        self.asked.append(argv[-1])
        return Outcome(argv=argv, status=int(len(self.asked) < self.well), output="not yet", seconds=0.1)

    def signal(self, number: int, *, everyone: bool = False) -> None:
        self.asked.append(signal.Signals(number).name)
        if number == signal.SIGTERM:
            self.ended = self.ends

    def processes(self) -> tuple[Process, ...]:
        return (Process(pid=1, uid=1000, gid=1000, argv=("python", "-m", "rq")),)

    def wait(self, timeout: float) -> int | None:
        return self.ended

    def health(self) -> str | None:
        return self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]

    def volume(self) -> Mapping[str, bytes]:
        return {}

    def written(self) -> tuple[str, ...]:
        return ()

    def log(self) -> str:
        return "works\n"


def test_a_start_has_the_programs_that_it_names_on_its_volume_and_with_its_environment() -> None:
    made: list[Start] = []

    @contextmanager
    def start(one: Start) -> Iterator[Container]:
        made.append(one)
        yield Fake(port=1, start=one)

    host = Host(name="docker", limits=(), at_once=2, start=start)
    plan = replace(PLAN, programs=(WORKER, CLOCK))
    serving = Start(name="defaults", environment={"A": "b"}, beside=("rq", "celery"))
    with programs.beside(host, plan, serving) as found:
        assert list(found.running) == ["worker-rq", "scheduler-celery"]
    assert made == [
        Start(name="worker-rq", environment={"A": "b"}, reuse="defaults", command=("worker", "rq")),
        Start(name="scheduler-celery", environment={"A": "b"}, reuse="defaults", command=("scheduler", "celery")),
    ]
    with programs.beside(host, plan, replace(serving, beside=())) as found:
        assert found.running == {}


@contextmanager
def beside(*containers: Fake) -> Iterator[programs.Beside]:
    """Programs that run; others that are started in their place are well."""

    @contextmanager
    def start(one: Start) -> Iterator[Container]:
        yield Fake(port=1, start=one)

    with ExitStack() as stack:
        host = Host(name="docker", limits=(), at_once=2, start=start)
        yield programs.Beside(host=host, stack=stack, running={one.start.name: one for one in containers})


def worker(name: str = "worker-rq", role: str = "worker", **given: Any) -> Fake:
    return Fake(port=1, start=Start(name=name, command=(role, name)), **given)


def test_it_is_asked_until_it_is_well_and_then_told_to_end() -> None:
    container = worker(well=3, reports=["unhealthy", "healthy"])
    with beside(container) as found:
        found.settle()
        found.end()
        seconds, last = found.well["worker-rq"]
    run = found.runs["worker-rq"]
    assert (run.ready, run.health, last.argv) == (seconds, last, (*LAUNCH, "healthcheck"))
    assert container.asked == ["healthcheck"] * 3 + ["SIGTERM"]
    assert (run.exited, run.stopped, run.engine_health, run.log) == (None, 0, "healthy", "works\n")
    assert [process.uid for process in run.processes] == [1000]


@pytest.mark.parametrize(
    ("container", "ready", "exited", "stopped", "asked"),
    [
        (worker(well=9, ended=2), False, 2, None, ["healthcheck"]),
        (worker(ends=None), True, None, None, ["healthcheck", "SIGTERM", "SIGKILL"]),
    ],
    ids=["ends by itself", "does not end"],
)
def test_one_that_ends_or_does_not_is_seen_as_it_is(
    container: Fake, ready: bool, exited: int | None, stopped: int | None, asked: list[str]
) -> None:
    with beside(container) as found:
        found.end()
    run = found.runs["worker-rq"]
    assert (run.ready is not None, run.exited, run.stopped) == (ready, exited, stopped)
    assert container.asked == asked


def test_workers_stand_still_and_are_replaced_and_schedulers_go_on() -> None:
    one, other, clock = worker(), worker("worker-celery"), worker("scheduler-celery", "scheduler")
    with beside(one, other, clock) as found:
        with found.still():
            assert one.asked == other.asked == ["healthcheck", "SIGSTOP"]
            # What is seen of it at work is not seen of one that stands still.
            assert set(found.before) == {"worker-rq", "worker-celery"}
        found.end("worker")
        assert one.asked == other.asked == ["healthcheck", "SIGSTOP", "SIGCONT", "SIGTERM"]
        assert (list(found.running), clock.asked) == (["scheduler-celery"], ["healthcheck"])
        found.follow()
        assert list(found.running) == ["scheduler-celery", "worker-rq-next", "worker-celery-next"]
        assert found.running["worker-rq-next"].start == replace(one.start, name="worker-rq-next")
        found.end()
    assert [(name, run.ready is not None, run.stopped) for name, run in found.runs.items()] == [
        (name, True, 0)
        for name in ("worker-rq", "worker-celery", "scheduler-celery", "worker-rq-next", "worker-celery-next")
    ]
