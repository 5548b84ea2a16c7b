from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import execute, migrate

from app.database import engine
from app.models import Base

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def empty(database: str) -> Iterator[str]:
    migrate("base")
    yield database
    migrate("base")


def test_the_migrations_make_the_tables_of_the_models(empty: str) -> None:
    migrate("head")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_statistics_from_before_frequent_words_are_kept(empty: str) -> None:
    migrate("0001")
    execute(empty, "INSERT INTO texts (title, body, status) VALUES ('Old', 'Old text.', 'done')")
    execute(empty, "INSERT INTO statistics SELECT id, 9, 2, 1, 2, 1 FROM texts")
    migrate("head")
    assert execute(empty, "SELECT words, frequent_words FROM statistics") == [(2, [])]


def test_the_migrations_can_be_undone(empty: str) -> None:
    migrate("head")
    migrate("base")
    assert execute(empty, TABLES) == [("alembic_version",)]
