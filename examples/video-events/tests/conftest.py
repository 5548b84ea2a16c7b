"""A client over a database and a folder of its own, and clips that ffmpeg makes.

Everything runs on SQLite, and on PostgreSQL too where `TEST_DATABASE_URL` names one: each test makes a schema of its
own in it and drops that again.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateSchema, DropSchema

from main import app
from video_events import config
from video_events.database import make_engine
from video_events.dependencies import get_session

ROOT = Path(__file__).parent.parent
SERVER = os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture(params=["sqlite", "postgresql"] if SERVER else ["sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'events.db'}")
        yield engine
        engine.dispose()
        return
    schema, server = f"test_{uuid4().hex}", make_engine(SERVER)
    with server.begin() as connection:
        connection.execute(CreateSchema(schema))
    engine = make_engine(make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"}))
    yield engine
    engine.dispose()
    with server.begin() as connection:
        connection.execute(DropSchema(schema, cascade=True))
    server.dispose()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "DATA_DIR", tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def client(engine: Engine, data: Path) -> Iterator[TestClient]:
    def session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    migrate(engine, "head")
    app.dependency_overrides[get_session] = session
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds, 320 by 240: a white square crosses a grey wall from the first second to the second."""
    square = "[0][1]overlay=x='if(between(t,1,2),20+(t-1)*200,-100)':y=90"
    return make(tmp_path_factory.mktemp("clips") / "moving.mp4", *wall(4), *colour("white:s=60x60", 4), square)


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a grey wall, in another container."""
    return make(tmp_path_factory.mktemp("clips") / "still.mkv", *wall(2), "null")


def wall(seconds: int) -> tuple[str, ...]:
    return colour("gray:s=320x240", seconds)


def colour(what: str, seconds: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"color={what}:r=10:d={seconds}")


def make(file: Path, *arguments: str) -> Path:
    """Make a clip of ffmpeg's inputs and, last, the filter that puts them together."""
    *inputs, together = arguments
    encoded = ("-filter_complex", together, "-c:v", "mpeg4", "-q:v", "2", str(file))
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *inputs, *encoded], check=True)
    return file


def migrate(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        if revision == "base":
            command.downgrade(alembic_of(connection), revision)
        else:
            command.upgrade(alembic_of(connection), revision)


def alembic_of(connection: object) -> Config:
    """Alembic's configuration, for the database of a test."""
    made = Config(ROOT / "alembic.ini")
    made.attributes["connection"] = connection
    return made
