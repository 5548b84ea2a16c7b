"""What the service owes to those who run it: health, limits, CORS, metrics, settings."""

import re

import pytest
from conftest import EMAIL, PASSWORD, SignUp
from fastapi.testclient import TestClient
from pydantic import ValidationError
from redis import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from app import limits
from app.config import Settings
from app.database import asyncpg_url, engine, new_session
from app.routers import health

TASKS, KEYS = "/api/v1/tasks", "/api/v1/keys"
NOBODY = "127.0.0.1:1"  # a port at which nothing answers


@pytest.fixture
def no_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    away = create_async_engine(f"postgresql+asyncpg://postgres@{NOBODY}/postgres")
    monkeypatch.setattr(health, "engine", away)
    monkeypatch.setitem(new_session.kw, "bind", away)


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    away = limits.Redis.from_url(f"redis://{NOBODY}")
    monkeypatch.setattr(health, "redis", away)
    monkeypatch.setattr(limits.spend_one, "registered_client", away)


def test_health_and_readiness(client: TestClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "postgresql": "answers", "redis": "answers"},
    )


@pytest.mark.usefixtures("no_postgresql")
def test_without_postgresql_it_lives_and_is_not_ready(client: TestClient) -> None:
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "not ready", "postgresql": "does not answer", "redis": "answers"},
    )
    answer = client.get(TASKS, headers={"X-API-Key": "todo_any"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.usefixtures("no_redis")
def test_without_redis_nothing_is_unlimited(client: TestClient) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["redis"]) == (503, "does not answer")
    assert client.post(KEYS, json={"name": "laptop"}, auth=(EMAIL, PASSWORD)).status_code == 503


def test_a_user_has_so_many_requests_a_minute(ada: TestClient, sign_up: SignUp) -> None:
    answers = [ada.get(TASKS) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[0].headers["RateLimit-Limit"] == "20"
    assert answers[0].headers["RateLimit-Remaining"] == "19"
    assert 50 <= int(answers[20].headers["Retry-After"]) <= 60
    assert answers[20].headers["RateLimit-Remaining"] == "0"
    assert ada.get(TASKS, headers=sign_up("eve@example.com")).status_code == 200


def test_a_minute_later_there_is_a_new_allowance(ada: TestClient, counts: Redis) -> None:
    for _ in range(21):
        last = ada.get(TASKS)
    assert last.status_code == 429
    [key] = counts.keys("todo:limit:user:*")
    assert 50 <= counts.ttl(key) <= 60
    counts.pexpire(key, 0)  # as if the minute were over
    assert ada.get(TASKS).status_code == 200


def test_nobody_tries_many_passwords(client: TestClient) -> None:
    statuses = [client.get(KEYS, auth=(EMAIL, f"guess {number}")).status_code for number in range(21)]
    assert statuses == [401] * 20 + [429]


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://app.example", "https://app.example"), ("https://evil", None)]
)
def test_only_the_origins_of_the_settings_may_call(client: TestClient, origin: str, allowed: str | None) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "X-API-Key"}
    assert client.options(TASKS, headers=asks).headers.get("Access-Control-Allow-Origin") == allowed


def test_requests_are_counted_by_route(ada: TestClient) -> None:
    def count(line: str) -> float:
        found = re.search(rf"^{re.escape(line)} (\S+)$", ada.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0

    missing = 'http_requests_total{method="GET",route="/api/v1/tasks/{task_id}",status="404"}'
    unknown = 'http_requests_total{method="GET",route="none",status="404"}'
    before = count(missing), count(unknown)
    for task in (7, 8, 9):
        ada.get(f"{TASKS}/{task}")
    ada.get("/nowhere")
    assert (count(missing), count(unknown)) == (before[0] + 3, before[1] + 1)
    assert count('http_request_duration_seconds_count{method="GET",route="/api/v1/tasks/{task_id}"}') >= 3


def test_a_wrong_setting_is_refused_without_showing_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://ada:s3cret@localhost/todo")
    monkeypatch.setenv("SECRET_KEY", "short")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert refused.value.error_count() == 2
    assert "s3cret" not in str(refused.value)
    assert "short" not in str(refused.value).replace("too_short", "")


def test_the_url_of_a_hosted_database_is_understood() -> None:
    url = asyncpg_url("postgres://ada:p%40ss@db.example/todo?sslmode=require")
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://ada:p%40ss@db.example/todo?ssl=require"


def test_four_replicas_fit_into_the_connections_of_one_postgresql() -> None:
    assert 4 * 4 * (engine.pool.size() + engine.pool._max_overflow) < 97
