"""A client that talks to the application over a PostgreSQL database of its own, made by the migrations, and Redis.

Without the two servers the tests would mean nothing: where one is missing they fail, and are not skipped.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient
from redis import Redis

# The application reads its settings when it is imported.
os.environ.setdefault("TEST_DATABASE_URL", "postgresql://postgres:postgres@localhost:5432/postgres")
os.environ["DATABASE_URL"] = f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/todo_test_{secrets.token_hex(4)}"
os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL", "redis://localhost:6379/15")
os.environ["SECRET_KEY"] = secrets.token_urlsafe()
os.environ["CORS_ORIGINS"] = '["https://app.example"]'
os.environ["RATE_LIMIT_PER_MINUTE"] = "20"

from app.main import app

SERVER, DATABASE, REDIS = (os.environ[name] for name in ("TEST_DATABASE_URL", "DATABASE_URL", "REDIS_URL"))
NAME = DATABASE.rpartition("/")[2]
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
ROOT = Path(__file__).parent.parent


def execute(url: str, *statements: str) -> list[list[asyncpg.Record]]:
    """Run statements outside the application, and give the rows of each."""

    async def run() -> list[list[asyncpg.Record]]:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return [await connection.fetch(statement) for statement in statements]
        finally:
            await connection.close()

    return asyncio.run(run())


def migrate(revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    (command.downgrade if revision == "base" else command.upgrade)(config, revision)


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of an empty database."""
    execute(SERVER, f'CREATE DATABASE "{NAME}"')
    yield DATABASE
    execute(SERVER, f'DROP DATABASE "{NAME}" WITH (FORCE)')


@pytest.fixture
def tables(database: str) -> str:
    """The same, with the tables of the application and nothing in them."""
    migrate("head")
    execute(database, "TRUNCATE users RESTART IDENTITY CASCADE")
    return database


@pytest.fixture
def counts() -> Iterator[Redis]:
    """What the application counts in: nothing yet."""
    with Redis.from_url(REDIS, decode_responses=True) as redis:
        redis.flushdb()
        yield redis


@pytest.fixture
def client(tables: str, counts: Redis) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


type SignUp = Callable[[str], dict[str, str]]


@pytest.fixture
def sign_up(client: TestClient) -> SignUp:
    """Make a user and a key, and give the headers to use it with."""

    def make(email: str = EMAIL) -> dict[str, str]:
        client.post("/api/v1/users", json={"email": email, "password": PASSWORD}).raise_for_status()
        made = client.post("/api/v1/keys", json={"name": "tests"}, auth=(email, PASSWORD)).raise_for_status()
        return {"X-API-Key": made.json()["key"]}

    return make


@pytest.fixture
def ada(client: TestClient, sign_up: SignUp) -> TestClient:
    """The client, with the key of a user."""
    client.headers.update(sign_up(EMAIL))
    return client
