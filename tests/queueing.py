"""Workers of real queue libraries, run by the launcher as in a container, with a broker that can be away."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import replicas
import services
from relay import Relay
from replicas import Place

from lading.model import Backing, Plan, Program

APP = Path(__file__).parent / "queues"
STORE = services.REDIS.removesuffix("/0") + "/9"  # of these tests alone: queues and counts

#: What is installed, by the name of the environment: not all of them go with one redis.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    # taskiq 0.13 with redis 8 does not end at a SIGTERM; setproctitle rewrites what /proc says of a process.
    "queues": ("celery[redis]", "dramatiq[rabbitmq,redis]", "rq", "taskiq<0.13", "taskiq-redis", "redis<8", "huey",
               "faststream[rabbit,cli]", "setproctitle"),
    "queues-arq": ("arq",),
}  # fmt: skip


@dataclass(frozen=True)
class Library:
    """How the launcher is told of a library's application in `queues/`."""

    kind: str
    target: str
    broker: str = "redis"
    named: bool = False  # the command line names the queues
    environment: str = "queues"

    @property
    def module(self) -> str:
        return self.target.partition(":")[0].partition(".")[0]


LIBRARIES: Mapping[str, Library] = {
    "celery": Library("celery", "on_celery:app", "amqp"),
    "celery, Redis": Library("celery", "on_celery:app"),
    "dramatiq": Library("dramatiq", "on_dramatiq", "amqp"),
    "dramatiq, Redis": Library("dramatiq", "on_dramatiq"),
    "arq": Library("arq", "on_arq.WorkerSettings", environment="queues-arq"),
    "rq": Library("rq", "on_rq:queue", named=True),
    "taskiq": Library("taskiq", "on_taskiq:broker"),
    "huey": Library("huey", "on_huey.huey"),
    "faststream": Library("faststream", "on_faststream:app", "amqp"),
}


def redis_cli(*words: str) -> list[str]:
    env = {**os.environ, "REDISCLI_AUTH": services.PASSWORD}
    done = subprocess.run(["redis-cli", "-n", "9", *words], env=env, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it holds within that time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@dataclass
class Started:
    """A launcher as process 1 of a process namespace, with a host name of its own."""

    place: Place
    process: subprocess.Popen[str]
    role: str
    env: Mapping[str, str]
    first: int = 0  # what process 1 is out here
    namespace: str = ""
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first = replicas.inner(self.process)
        self.namespace = os.readlink(f"/proc/{self.first}/ns/pid")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        self.heard.extend(iter(self.process.stdout.readline, ""))

    @property
    def log(self) -> str:
        return "".join(self.heard)

    def processes(self) -> list[int]:
        """All that run in its namespace, by their numbers outside; process 1 first."""
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == self.namespace:
                    found.append(int(name))
            except OSError:
                continue
        return sorted(found)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.first, number)

    def stop(self, seconds: float = 20) -> tuple[int, float]:
        """Its exit status after a SIGTERM, and how long that took."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        return self.process.wait(seconds), time.monotonic() - began

    def health(self, *arguments: str) -> "Health":
        launcher = self.place.root / "lading"
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            ["nsenter", "--target", str(self.first), "--pid", "--mount", "--uts", "--",
             self.place.python, "-S", launcher, "healthcheck", *arguments],
            env={"PATH": os.defpath, **self.place.env, **self.env}, cwd=APP,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Health(done.returncode, done.stdout + done.stderr, time.monotonic() - began, cpu)


@dataclass(frozen=True)
class Health:
    status: int
    said: str
    seconds: float
    cpu: float


@dataclass(frozen=True)
class Queue:
    """A queue of its own on a real broker, and what works on it."""

    name: str
    library: Library
    place: Place
    relay: Relay
    broker: str  # not by the relay
    plan: Plan

    def send(self, count: int, seconds: float = 0, first: int = 1, every: float = 0) -> "subprocess.Popen[bytes]":
        """Sends messages that take so many seconds each, one `every` so often; else all are sent on return."""
        words = [self.library.module, str(first), str(count), str(seconds), str(every)]
        env = {"PATH": os.defpath, **self.place.env, "BROKER_URL": self.broker}
        sending = subprocess.Popen([self.place.python, "send.py", *words], env=env, cwd=APP)
        assert every or sending.wait(30) == 0
        return sending

    def kept(self) -> int:
        """How many jobs RQ keeps aside, for it was stopped between taking them and beginning: it fails them later."""
        aside = redis_cli("LLEN", f"rq:queue:{self.name}:intermediate") + redis_cli("ZCARD", f"rq:failed:{self.name}")
        return sum(map(int, aside))

    def counts(self, what: str) -> dict[int, int]:
        """How often the work on each message was `began` or `done`."""
        words = redis_cli("HGETALL", f"{self.name}:{what}")
        return {int(key): int(value) for key, value in zip(words[::2], words[1::2], strict=True)}

    @contextmanager
    def start(self, role: str = "worker", **env: str) -> Iterator[Started]:
        launcher, host = self.place.root / "lading", f"w-{uuid4().hex[:8]}"
        with subprocess.Popen(
            ["unshare", "--fork", "--pid", "--mount-proc", "--uts", "--kill-child", "--",
             "sh", "-c", 'hostname "$0" && exec "$@"', host, self.place.python, "-S", launcher, *role.split()],
            env={"PATH": os.defpath, **self.place.env, **env}, cwd=APP, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            started = None
            try:
                started = Started(self.place, process, role, env)
                yield started
            finally:
                process.kill()  # and with it all of its namespace
                process.wait()
                if started is not None:
                    sys.stdout.write(started.log)  # which pytest shows of a test that fails


@contextmanager
def queue(name: str, python: Path, root: Path, **changes: Any) -> Iterator[Queue]:
    """A queue of the library `name` of LIBRARIES, gone afterwards."""
    library, key = LIBRARIES[name], f"q{uuid4().hex[:12]}"
    broker = STORE if library.broker == "redis" else services.RABBITMQ
    split = urlsplit(broker)
    relay = Relay((split.hostname or "", split.port or 0))
    through = broker.replace(f":{split.port}/", f":{relay.port}/")
    program = Program(
        name="mail", kind=library.kind, role="worker", target=library.target, broker="BROKER_URL",
        queues=(key,) if library.named else (),
    )  # fmt: skip
    scheduler = replace(program, name="clock", role="scheduler", target=library.target.replace(":broker", ":scheduler"))
    plan = replace(
        replicas.plan("sqlite", **changes),
        database=None, migrations=None, programs=(program, scheduler),
        backing=(Backing(kind=library.broker, role="broker", variable="BROKER_URL"),),
    )  # fmt: skip
    env = {"BROKER_URL": through, "COUNT_URL": STORE, "QUEUE": key, "PYTHONPATH": str(APP),
           "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    place = Place(root=root, python=python, app=APP, env=env).install(plan)
    try:
        with relay:
            yield Queue(key, library, place, relay, broker, plan)
    finally:
        if library.broker == "amqp":
            for one in (key, f"{key}.DQ", f"{key}.XQ"):
                gone = ["amqp-delete-queue", f"--url={broker}", f"--queue={one}"]
                subprocess.run(gone, capture_output=True, check=False)
        for one in redis_cli("--scan", "--pattern", f"*{key}*"):
            redis_cli("DEL", one)


@dataclass(frozen=True)
class Counted:
    """Of the messages, how many nobody finished nor kept, how many were begun again, and how many finished again."""

    lost: int
    kept: int  # by RQ, see `Queue.kept`
    again: int
    twice: int
    seconds: float  # from the first message to the last that was done


def replaced(queue: Queue, count: int, seconds: float = 0.05) -> Counted:
    """Send messages to two workers which are replaced in turn meanwhile. Raises AssertionError where one ends badly."""

    def done() -> int:
        return len(queue.counts("done"))

    with ExitStack() as stack:
        working = [stack.enter_context(queue.start()) for _ in range(2)]
        began = time.monotonic()
        sending = queue.send(count, seconds=seconds, every=seconds / 2)
        for turn in range(1, 4):
            assert until(lambda part=count * turn // 4: done() >= part, 120)  # type: ignore[misc]
            old = working.pop(0)
            working.append(stack.enter_context(queue.start()))
            assert old.stop()[0] == 0, old.log
        assert sending.wait(120) == 0
        until(lambda: done() + queue.kept() >= count, 120)
        took = time.monotonic() - began
        for last in working:
            last.send(signal.SIGTERM)
        for last in working:
            assert last.process.wait(20) == 0, last.log
    again, twice = (sum(many > 1 for many in queue.counts(what).values()) for what in ("began", "done"))
    kept = queue.kept()
    return Counted(count - done() - kept, kept, again, twice, took)
