"""The whole way: a text over HTTP, a message through RabbitMQ, a worker in its own process, progress to a WebSocket."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import dramatiq
import pytest
from conftest import ROOT, StartWorker, execute, kill, wait_for
from fastapi.testclient import TestClient
from websockets.sync.client import connect

from app import progress
from app.statistics import STEPS
from app.workers import tasks
from app.workers.broker import broker

TEXTS = "/api/v1/texts"
BODY = "The cat sat. The cat stayed."


def add(client: TestClient) -> int:
    return client.post(TEXTS, json={"title": "Cats", "body": BODY}).raise_for_status().json()["id"]


def status(client: TestClient, text: int) -> str:
    return client.get(f"{TEXTS}/{text}").json()["status"]


@pytest.fixture
def served(client: TestClient) -> Iterator[str]:
    """The service in a process of its own: the test client itself ends all that hangs on a connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)], cwd=ROOT)
    try:
        wait_for(lambda: answers(port))
        yield f"ws://127.0.0.1:{port}"
        server.terminate()
        assert server.wait(timeout=20) in {0, -signal.SIGTERM}  # Uvicorn stops well, then ends by the signal
    finally:
        server.kill()
        server.wait()


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def subscribers(text: int) -> int:
    [(_, number)] = progress.redis.pubsub_numsub(progress.name(text))
    return number


def watch(client: TestClient, text: int) -> list[dict]:
    """Everything that the WebSocket says until it closes."""
    said = []
    with client.websocket_connect(f"/ws/texts/{text}") as stream:
        while (message := stream.receive())["type"] == "websocket.send":
            said.append(json.loads(message["text"]))
    assert message["code"] == 1000
    return said


def test_a_worker_analyses_a_text_and_its_progress_is_seen(client: TestClient, start_worker: StartWorker) -> None:
    text = add(client)
    start_worker(STEP_SECONDS="0.2")
    said = watch(client, text)
    assert [one["step"] for one in said if one["status"] == "running" and one["done"]] == list(STEPS)
    assert [one["status"] for one in (said[0], said[-1])] == ["waiting", "done"]
    found = client.get(f"{TEXTS}/{text}").json()
    assert (found["status"], found["statistics"]["frequent_words"][1]) == ("done", {"word": "cat", "count": 2})
    assert watch(client, text) == said[-1:]


def test_a_worker_that_is_told_to_stop_finishes_what_it_has(client: TestClient, start_worker: StartWorker) -> None:
    text = add(client)
    worker = start_worker(STEP_SECONDS="0.5")
    with client.websocket_connect(f"/ws/texts/{text}") as stream:
        while stream.receive_json()["done"] < 1:
            pass
        worker.terminate()
    assert worker.wait(timeout=20) == 0
    assert status(client, text) == "done"


def test_a_message_outlives_its_worker(client: TestClient, start_worker: StartWorker, tables: str) -> None:
    text = add(client)
    worker = start_worker(STEP_SECONDS="5")
    with client.websocket_connect(f"/ws/texts/{text}") as stream:
        while stream.receive_json()["done"] < 1:
            pass
    kill(worker)
    assert status(client, text) == "waiting"
    start_worker()
    wait_for(lambda: status(client, text) == "done")
    assert execute(tables, "SELECT text_id, words FROM statistics") == [(text, 6)]


def test_a_text_that_cannot_be_analysed_is_given_up_and_may_be_tried_again(
    client: TestClient, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "no such luck"
        raise RuntimeError(message)

    monkeypatch.setattr(tasks, "count", fail)
    monkeypatch.setitem(tasks.analyse.options, "max_retries", 0)
    text = add(client)
    worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=1)
    worker.start()
    try:
        wait_for(lambda: status(client, text) == "failed")
        assert [one["status"] for one in watch(client, text)] == ["failed"]
    finally:
        worker.stop()
    assert client.get(TEXTS, params={"status": "failed"}).json()["total"] == 1
    assert client.post(f"{TEXTS}/{text}/analysis").status_code == 202
    start_worker()
    assert watch(client, text)[-1]["status"] == "done"


def test_nothing_is_to_be_seen_of_a_text_that_is_not_there(client: TestClient) -> None:
    with client.websocket_connect("/ws/texts/2147483647") as stream:
        assert stream.receive() == {"type": "websocket.close", "code": 4404, "reason": "There is no text 2147483647"}


def test_a_client_that_leaves_is_let_go(client: TestClient, served: str) -> None:
    text = add(client)
    with connect(f"{served}/ws/texts/{text}") as stream:
        assert json.loads(stream.recv())["status"] == "waiting"
        assert subscribers(text) == 1
    wait_for(lambda: subscribers(text) == 0)
