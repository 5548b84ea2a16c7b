"""Workers and schedulers of real libraries on real brokers: whether they are well, how they stop, what is lost."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import queueing
import replicas
import services
from queueing import LIBRARIES, PACKAGES, Queue, Started, until

from lading.launcher import serving

pytestmark = pytest.mark.engine

GRACE = 10  # what the plan has


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The interpreter of an environment of PACKAGES, made once for all processes of the test run."""
    folder = tmp_path_factory.getbasetemp().parent
    return lambda name: replicas.environment(folder / name, *PACKAGES[name])


@pytest.fixture(params=LIBRARIES)
def queue(request: pytest.FixtureRequest, tmp_path: Path, python: Callable[[str], Path]) -> Iterator[Queue]:
    with queueing.queue(request.param, python(LIBRARIES[request.param].environment), tmp_path) as queue:
        yield queue


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("queue", names, indirect=True)


#: Each once: how a worker stops is the library's doing, more than the broker's. `bench/queues.py` runs them all.
each_library = only(*(name for name in LIBRARIES if "," not in name))


def consumes(queue: Queue, first: int = 1) -> None:
    queue.send(3, first=first)
    assert until(lambda: len(queue.counts("done")) == first + 2), "nobody consumes"


def healthy(worker: Started) -> bool:
    return worker.health().status == 0


def sick(worker: Started, *because: str) -> None:
    """The check says so for one of these reasons, in its time, and leaves nothing behind."""
    before = worker.processes()
    found = worker.health()
    assert found.status == 1, found
    assert any(one in found.said for one in because), found
    assert found.seconds < 8.5
    assert set(worker.processes()) <= set(before), "it left an orphan"


def test_a_worker_is_well_until_it_is_stopped_or_has_lost_its_broker(queue: Queue) -> None:
    with queue.start() as worker:
        consumes(queue)
        assert until(lambda: healthy(worker))
        said = "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in worker.processes())
        assert services.PASSWORD not in said

        every = worker.processes()
        for stopped in (every, every[-1:]):
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            sick(worker, "is stopped")
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        assert until(lambda: healthy(worker))

        queue.relay.cut()
        if queue.library.kind == "arq":  # it ends, and whoever runs the container starts it again
            assert worker.process.wait(20) == 1
            queue.relay.open()
            return
        assert until(lambda: not healthy(worker), 5)
        sick(worker, "is connected to")
        queue.relay.open()
        assert until(lambda: healthy(worker), 30)
        consumes(queue, first=4)


@each_library
def test_at_a_sigterm_a_worker_finishes_what_it_has_in_hand(queue: Queue) -> None:
    with queue.start() as worker:
        queue.send(1, seconds=2)
        assert until(lambda: queue.counts("began") == {1: 1})
        assert healthy(worker), "a long job is no fault"
        status, seconds = worker.stop()
        assert status == 0, worker.log
        assert seconds < GRACE
        assert queue.counts("done") == {1: 1}


@only("celery", "dramatiq", "rq", "huey")  # the others are killed as Celery is
def test_a_second_signal_hurries(queue: Queue) -> None:
    with queue.start() as worker:
        queue.send(1, seconds=60)
        assert until(lambda: queue.counts("began") == {1: 1})
        worker.send(signal.SIGTERM)
        time.sleep(1.2)  # RQ takes two within a second for one
        assert worker.process.poll() is None
        worker.stop(5)
        assert queue.counts("done") == {}


@only("celery", "rq")
def test_a_signal_while_it_starts_ends_a_worker(queue: Queue) -> None:
    with queue.start() as worker:
        time.sleep(0.5)
        worker.stop()


@each_library
def test_workers_replaced_in_turn_lose_nothing_and_do_nothing_twice(queue: Queue) -> None:
    found = queueing.replaced(queue, 120, 0.03)
    assert (found.lost, found.twice) == (0, 0), set(range(1, 121)) ^ queue.counts("done").keys()
    assert not found.kept or queue.library.kind == "rq"


def test_where_nothing_runs_nothing_is_well(tmp_path: Path, python: Callable[[str], Path]) -> None:
    with queueing.queue("rq", python("queues"), tmp_path) as queue, queue.start("healthcheck worker") as asked:
        assert asked.process.wait(20) == 1
        assert until(lambda: asked.log == "lading: no mail runs here\n")


@only("celery", "celery, Redis")
def test_a_celery_that_is_configured_otherwise_is_asked_by_its_own_settings(queue: Queue) -> None:
    with queue.start(CONTROL="elsewhere") as worker:
        consumes(queue)
        assert until(lambda: healthy(worker))
        os.kill(worker.first, signal.SIGSTOP)
        sick(worker, "is stopped")


@only("celery, Redis")
def test_a_celery_that_hears_nothing_is_not_well(queue: Queue) -> None:
    """Another host's name is another node: nobody answers the ping, as when its loop hangs."""
    with queue.start(LADING_HEALTH_TIMEOUT="5") as worker:
        consumes(queue)
        subprocess.run(["nsenter", "--target", str(worker.first), "--uts", "hostname", "another"], check=True)
        sick(worker, "celery@another does not answer a ping")


@pytest.mark.parametrize(
    ("queue", "asked"),
    [("celery", "3"), ("dramatiq", "3"), ("taskiq", "3"), ("faststream", "3"), ("dramatiq", "auto")],
    indirect=["queue"],
)
def test_as_many_processes_as_the_environment_asks_for(queue: Queue, asked: str) -> None:
    with queue.start(WEB_CONCURRENCY=asked) as worker:
        consumes(queue)
        count = 3 if asked == "3" else serving.allowed(queue.plan.server.memory)[0]
        beside = 3 if queue.library.kind == "faststream" else 2  # launcher, parent; FastStream spawns with a tracker
        assert until(lambda: len(worker.processes()) == count + beside), worker.processes()
        assert until(lambda: healthy(worker))


@only("celery", "taskiq")
def test_a_scheduler_starts_jobs_on_time_and_shows_that_it_lives(queue: Queue) -> None:
    with queue.start("worker"), queue.start("scheduler") as clock:
        assert until(lambda: queue.counts("done").get(0, 0) >= 2)
        before, began = queue.counts("done")[0], time.monotonic()
        assert until(lambda: queue.counts("done")[0] >= before + 4, 10)
        assert 2 < time.monotonic() - began < 8, "a job a second"
        assert healthy(clock)
        os.kill(clock.processes()[-1], signal.SIGSTOP)
        sick(clock, "is stopped")
        os.kill(clock.processes()[-1], signal.SIGCONT)
        assert healthy(clock)
        status, seconds = clock.stop()
        assert status == 0, clock.log
        assert seconds < GRACE


@only("rq")
def test_the_parts_of_a_url_are_put_together(queue: Queue) -> None:
    host, port, password = "QUEUE_HOST", "QUEUE_PORT", "QUEUE_PASSWORD"
    backing = replace(queue.plan.backing[0], variable=None, parts={"host": host, "port": port, "password": password},
                      default={"database": "9"})  # fmt: skip
    program = replace(queue.plan.programs[0], broker=host)
    queue.place.install(replace(queue.plan, backing=(backing,), programs=(program,)))
    env = {host: "127.0.0.1", port: str(queue.relay.port), password: services.PASSWORD}
    with queue.start(**env) as worker:
        consumes(queue)
        assert healthy(worker)
