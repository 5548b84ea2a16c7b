from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import migrate
from sqlalchemy import Engine, inspect, text

from app.models import Base


def test_the_migrations_make_the_tables_of_the_models(engine: Engine) -> None:
    migrate(engine, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_tasks_from_before_positions_keep_their_order(engine: Engine) -> None:
    migrate(engine, "0001")
    with engine.begin() as connection:
        for title in ("first", "second"):
            connection.execute(
                text(
                    "INSERT INTO tasks (title, notes, done, created_at) VALUES (:title, '', 0, '2026-01-23 10:00:00')"
                ),
                {"title": title},
            )
    migrate(engine, "head")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT title, position FROM tasks ORDER BY position")).all()
    assert [tuple(row) for row in rows] == [("first", 1), ("second", 2)]


def test_the_migrations_can_be_undone(engine: Engine) -> None:
    migrate(engine, "head")
    migrate(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
