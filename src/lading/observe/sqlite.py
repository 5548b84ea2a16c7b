"""The bytes of an SQLite file → what its migrations wrote of themselves, Alembic's or Aerich's.

Source of the format: sqlite.org/fileformat.html.
"""

from __future__ import annotations

#: Where Alembic and Aerich say what was applied; the database's name may go before the table's.
QUERIES = ("SELECT version_num FROM {}alembic_version", "SELECT version FROM {}aerich")

MAGIC = b"SQLite format 3\0"


def revisions(data: bytes) -> tuple[str, ...]:
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
        except sqlite3.DatabaseError:
            return ()
        for query in QUERIES:
            try:
                rows = connection.execute(query.format("")).fetchall()
            except sqlite3.DatabaseError:
                continue
            return tuple(sorted(str(row[0]) for row in rows))
    return ()
