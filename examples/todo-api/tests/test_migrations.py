import asyncio
from collections.abc import Iterator
from typing import Any

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
    async def differences() -> list[Any]:
        async with engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: compare_metadata(
                    MigrationContext.configure(sync, opts={"compare_server_default": True}), Base.metadata
                )
            )
        await engine.dispose()
        return found

    migrate("head")
    assert asyncio.run(differences()) == []
    assert [row["tablename"] for row in execute(empty, TABLES)[0]] == ["alembic_version", "api_keys", "tasks", "users"]


def test_tasks_from_before_due_dates_are_kept(empty: str) -> None:
    migrate("0002")
    execute(
        empty,
        "INSERT INTO users (email, password_hash) VALUES ('ada@example.com', '')",
        "INSERT INTO tasks (user_id, title) SELECT id, 'milk' FROM users",
    )
    migrate("head")
    [rows] = execute(empty, "SELECT title, notes, done, due_on FROM tasks")
    assert [tuple(row) for row in rows] == [("milk", "", False, None)]


def test_the_migrations_can_be_undone(empty: str) -> None:
    migrate("head")
    migrate("base")
    assert [row["tablename"] for row in execute(empty, TABLES)[0]] == ["alembic_version"]
