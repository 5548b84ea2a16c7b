"""A worker beside its server, from one image: the reading app with real PostgreSQL, RabbitMQ and Redis."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from containers import Container, container, until
from test_runtime_containers import PASSWORD, get, image, network

from lading.errors import Outside

pytestmark = pytest.mark.engine

LAUNCHER = ("/opt/venv/bin/python", "-S", "/opt/lading")


@dataclass(frozen=True)
class Running:
    """The server, and the options that its workers need."""

    server: Container
    options: tuple[str, ...]

    def add(self, words: int) -> int:
        """Send a text; its id."""
        answer = self.tell("POST", {"title": "Cats", "body": "cat " * words})
        return int(answer["id"])

    def status(self, text: int) -> str:
        return str(json.loads(get(self.server, f"/api/v1/texts/{text}")[1])["status"])

    def tell(self, method: str, body: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.server.port(8000)), timeout=20)
        connection.request(method, "/api/v1/texts", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 300, said
        return json.loads(said)


@pytest.fixture
def running() -> Iterator[Running]:
    with ExitStack() as opened:
        name = opened.enter_context(network())

        def beside(image: str, alias: str, **env: str) -> None:
            given = tuple(part for pair in env.items() for part in ("--env", "=".join(pair)))
            options = ("--network", name, "--network-alias", alias, *given)
            opened.enter_context(container(image, options=options))

        beside("postgres:16", "database", POSTGRES_USER="app", POSTGRES_PASSWORD=PASSWORD)
        beside("rabbitmq:4", "broker", RABBITMQ_DEFAULT_USER="app", RABBITMQ_DEFAULT_PASS=PASSWORD)
        beside("redis:7", "redis")
        urls = {
            "DATABASE_URL": f"postgresql://app:{PASSWORD}@database:5432/app",
            "RABBITMQ_URL": f"amqp://app:{PASSWORD}@broker:5672/",
            "REDIS_URL": "redis://redis:6379/0",
        }
        options = ("--network", name, *(part for pair in urls.items() for part in ("--env", "=".join(pair))))
        server = opened.enter_context(container(image("reading-app"), options=options))
        assert get(server, "/ready", seconds=120)[0] == 200
        yield Running(server, options)


def done(running: Running, texts: list[int], seconds: float = 60) -> None:
    def ask() -> None:
        left = [text for text in texts if running.status(text) != "done"]
        if left:
            raise Outside(f"not done: {left}")

    until(ask, seconds=seconds)


def test_s4_2_a_worker_takes_what_the_server_sends_and_finishes_what_it_has(running: Running) -> None:
    slow = ("--env", "STEP_SECONDS=1")
    with container(image("reading-app"), "worker", options=(*running.options, *slow)) as worker:
        done(running, [running.add(10)])
        worker.ask(*LAUNCHER, "healthcheck")
        assert PASSWORD not in worker.ask("python", "-c", "print(*open('/proc/1/cmdline'))")
        in_hand = running.add(10)
        time.sleep(1.5)
        assert running.status(in_hand) == "waiting"
        began = time.monotonic()
        worker.docker("stop", "--time", "20", worker.identity)
        assert (worker.wait(), time.monotonic() - began < 15) == (0, True), worker.log()
        assert running.status(in_hand) == "done"


def test_s4_2_workers_are_scaled_on_their_own(running: Running) -> None:
    slow = ("--env", "STEP_SECONDS=0.3")
    with ExitStack() as opened:
        options = (*running.options, *slow)
        workers = [opened.enter_context(container(image("reading-app"), "worker", options=options)) for _ in range(3)]
        for worker in workers:
            until(partial(worker.ask, *LAUNCHER, "healthcheck"))
        done(running, [running.add(10) for _ in range(12)])


def test_a_worker_waits_until_somebody_has_migrated(running: Running) -> None:
    argv = ("run", "--", "python", "-m", "alembic", "downgrade", "base")
    with container(image("reading-app"), *argv, options=running.options) as back:
        assert back.wait(60) == 0, back.log()
    with container(image("reading-app"), "worker", options=running.options) as worker:
        until(lambda: "waiting until somebody has migrated" in worker.log() or _missing(worker))
        with container(image("reading-app"), "migrate", options=running.options) as job:
            assert job.wait(60) == 0, job.log()
        until(lambda: worker.ask(*LAUNCHER, "healthcheck"))


def _missing(worker: Container) -> bool:
    raise Outside(worker.log())
