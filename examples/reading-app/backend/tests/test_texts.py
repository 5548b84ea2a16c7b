from typing import Any

import pytest
from conftest import execute
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import create_async_engine

from app.database import new_async_session
from app.progress import async_redis
from app.routers import health
from app.workers import broker
from app.workers.tasks import analyse

TEXTS = "/api/v1/texts"
NOBODY = "127.0.0.1:1"  # a port at which nothing answers


def add(client: TestClient, title: str = "Cats", body: str = "The cat sat.") -> int:
    answer = client.post(TEXTS, json={"title": title, "body": body})
    assert answer.status_code == 201
    return answer.json()["id"]


def titles(client: TestClient, **query: Any) -> list[str]:
    return [text["title"] for text in client.get(TEXTS, params=query).json()["items"]]


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    away = broker.RabbitmqBroker(url=f"amqp://{NOBODY}")
    away.declare_actor(analyse)
    monkeypatch.setattr(analyse, "broker", away)


def test_a_new_text_waits_for_a_worker(client: TestClient) -> None:
    answer = client.post(TEXTS, json={"title": "  Cats ", "body": "The cat sat."})
    text = answer.json()
    assert answer.status_code == 201
    assert (text["title"], text["status"], text["statistics"]) == ("Cats", "waiting", None)
    assert client.get(f"{TEXTS}/{text['id']}").json() == {**text, "body": "The cat sat."}


@pytest.mark.parametrize(
    "changes",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"body": ""},
        {"body": "a\0b"},
        {"body": "x" * 1_000_001},
    ],
)
def test_a_text_that_cannot_be_kept_is_refused(client: TestClient, changes: dict[str, str]) -> None:
    assert client.post(TEXTS, json={"title": "Cats", "body": "The cat sat."} | changes).status_code == 422
    assert titles(client) == []


def test_the_list_comes_page_by_page_without_bodies(client: TestClient) -> None:
    for title in ("one", "two", "three"):
        add(client, title)
    assert titles(client) == ["three", "two", "one"]
    assert titles(client, limit=1, offset=1) == ["two"]
    assert titles(client, status="done") == []
    page = client.get(TEXTS, params={"status": "waiting", "limit": 1}).json()
    assert page["total"] == 3
    assert "body" not in page["items"][0]
    assert client.get(TEXTS, params={"limit": 501}).status_code == 422
    assert client.get(TEXTS, params={"status": "lost"}).status_code == 422


def test_a_text_can_be_worked_on_once_and_again(client: TestClient, tables: str) -> None:
    text = add(client)
    for _ in range(2):  # RabbitMQ may deliver a message twice
        analyse.fn(text)
    assert execute(tables, "SELECT text_id, words FROM statistics") == [(text, 3)]
    found = client.get(f"{TEXTS}/{text}").json()
    assert (found["status"], found["statistics"]["words"], found["statistics"]["reading_seconds"]) == ("done", 3, 1)
    assert client.post(f"{TEXTS}/{text}/analysis").status_code == 409


def test_a_deleted_text_is_gone_and_its_message_harmless(client: TestClient, tables: str) -> None:
    text, done = add(client), add(client)
    analyse.fn(done)
    for one in (text, done):
        assert client.delete(f"{TEXTS}/{one}").status_code == 204
    analyse.fn(text)
    assert execute(tables, "SELECT count(*) FROM statistics") == [(0,)]
    for answer in (
        client.get(f"{TEXTS}/{text}"),
        client.post(f"{TEXTS}/{text}/analysis"),
        client.delete(f"{TEXTS}/{text}"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": f"There is no text {text}"})


@pytest.mark.usefixtures("no_broker")
def test_a_text_that_no_worker_can_be_told_of_is_not_kept(client: TestClient) -> None:
    answer = client.post(TEXTS, json={"title": "Cats", "body": "The cat sat."})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert titles(client) == []


def test_health_and_readiness(client: TestClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})
    answer = client.get("/ready")
    stores = {"postgresql": "answers", "rabbitmq": "answers", "redis": "answers"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", **stores})


@pytest.mark.parametrize("store", ["postgresql", "rabbitmq", "redis"])
def test_without_a_store_it_lives_and_is_not_ready(
    client: TestClient, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = create_async_engine(f"postgresql+psycopg://{NOBODY}/postgres")
    if store == "postgresql":
        monkeypatch.setattr(health, "async_engine", away)
        monkeypatch.setitem(new_async_session.kw, "bind", away)
        assert client.get(TEXTS).status_code == 503
    elif store == "rabbitmq":
        monkeypatch.setattr(broker.settings, "rabbitmq_url", f"amqp://{NOBODY}")
    else:
        monkeypatch.setattr(health, "async_redis", type(async_redis).from_url(f"redis://{NOBODY}"))
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert answer.status_code == 503
    said = answer.json()
    assert said.pop("status") == "not ready"
    assert [name for name, word in said.items() if word == "does not answer"] == [store]
