"""The bytes of an SQLite file → what its migrations wrote of themselves, Alembic's or Aerich's.

Source of the format: sqlite.org/fileformat.html.
"""

from __future__ import annotations

from lading.model import Migrations

MAGIC = b"SQLite format 3\0"


def table(migrations: Migrations | None) -> str:
    """Where Alembic or Aerich keeps what it applied, in a database that has no schemas."""
    return migrations.table.rpartition(".")[2] if migrations else "alembic_version"


def query(migrations: Migrations | None, place: str) -> str:
    """What asks the table `place` what Alembic or Aerich applied."""
    column = "version" if migrations and migrations.tool == "aerich" else "version_num"
    return f"SELECT {column} FROM {place}"  # noqa: S608 - a name


def revisions(data: bytes, migrations: Migrations | None = None) -> tuple[str, ...]:
    """The revisions that the database is at, sorted; none where it has no such table, or is not one.

    Read from a copy in memory. What an unfinished write-ahead log holds is not seen: migrations close their connection,
    which empties it.
    """
    if not data.startswith(MAGIC) or len(data) < 100:
        return ()
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            # Bytes 18 and 19 say that a log is in use, which a database in memory cannot have.
            connection.deserialize(data[:18] + b"\1\1" + data[20:])
            rows = connection.execute(query(migrations, table(migrations))).fetchall()
        except sqlite3.DatabaseError:
            return ()
    return tuple(sorted(str(row[0]) for row in rows))
