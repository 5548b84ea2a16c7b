import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from alembic import command
from alembic.config import Config


def test_the_migrations_make_the_tables_of_the_models(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


def test_documents_from_before_the_search_are_found(config: Config) -> None:
    command.upgrade(config, "0002")
    with database() as connection:
        connection.execute("INSERT INTO documents VALUES ('US0001', 'a.md', 'story', 'Old', 'done', 'long ago')")
    command.upgrade(config, "head")
    with database() as connection:
        rows = connection.execute("SELECT key FROM document_search WHERE document_search MATCH 'long'").fetchall()
    assert rows == [("US0001",)]


def test_the_migrations_can_be_undone(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    with database() as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [
            ("alembic_version",)
        ]


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """The database that the environment names, committed at the end."""
    with closing(sqlite3.connect(os.environ["SDLC_LENS_DATABASE_URL"].partition("///")[2])) as connection, connection:
        yield connection
