from alembic import command
from conftest import alembic_of, migrate
from sqlalchemy import Engine, inspect, text


def test_the_migrations_make_the_tables_of_the_models(engine: Engine) -> None:
    migrate(engine, "head")
    with engine.connect() as connection:
        command.check(alembic_of(connection))


def test_clips_from_before_cameras_are_from_an_unknown_one(engine: Engine) -> None:
    migrate(engine, "0002")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO clips (id, name, media_type, size, duration, width, height, recorded_at) VALUES"
                " ('3f0c8b1e5d7a4c2e9b6f1a2d3c4e5f60', 'a.mp4', 'video/mp4', 9, 1.5, 320, 240, '2026-01-23 10:00:00')"
            )
        )
    migrate(engine, "head")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, camera FROM clips")).all() == [("a.mp4", "unknown")]


def test_the_migrations_can_be_undone(engine: Engine) -> None:
    migrate(engine, "head")
    migrate(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
