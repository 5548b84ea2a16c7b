"""A client that talks to the application over a database and a queue of its own, and workers in processes of theirs.

Without PostgreSQL, RabbitMQ and Redis they would mean nothing: where one is missing they fail, and are not skipped.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import psycopg
import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient

# The application reads its settings when it is imported.
os.environ.setdefault("TEST_DATABASE_URL", "postgresql://postgres:postgres@localhost:5432/postgres")
os.environ["QUEUE"] = f"reading_test_{secrets.token_hex(4)}"
os.environ["DATABASE_URL"] = f"{os.environ['TEST_DATABASE_URL'].rpartition('/')[0]}/{os.environ['QUEUE']}"
os.environ["RABBITMQ_URL"] = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@localhost:5672/")
os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL", "redis://localhost:6379/15")

from app.main import app

SERVER, DATABASE, BROKER, NAME = (
    os.environ[name] for name in ("TEST_DATABASE_URL", "DATABASE_URL", "RABBITMQ_URL", "QUEUE")
)
ROOT = Path(__file__).parent.parent


def execute(url: str, statement: str) -> list[tuple]:
    """Run a statement outside the application, and give its rows."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


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
    execute(database, "TRUNCATE texts CASCADE")  # and no number comes twice: Redis keeps the progress of the last ones
    return database


@pytest.fixture
def queue() -> Iterator[str]:
    """An empty queue."""
    connection = pika.BlockingConnection(pika.URLParameters(BROKER))
    yield NAME
    for name in (NAME, f"{NAME}.DQ", f"{NAME}.XQ"):
        connection.channel().queue_delete(name)
    connection.close()


@pytest.fixture
def client(tables: str, queue: str) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


StartWorker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(client: TestClient) -> Iterator[StartWorker]:
    """Start a worker as the README says, with variables of its own."""
    started = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "dramatiq", "app.workers.tasks", "--processes", "1", "--threads", "2"]
        started.append(subprocess.Popen(argv, cwd=ROOT, env=os.environ | variables, process_group=0))
        return started[-1]

    yield start
    for worker in started:
        if worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(timeout=20)
            finally:
                kill(worker)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker with its processes as a machine that fails would."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "it did not happen within 30 s"
        time.sleep(0.1)
