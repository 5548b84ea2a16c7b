"""A database server in a container → databases of its own for each start, and what migrations say in them."""

from __future__ import annotations

import re

from lading.errors import Outside
from lading.model import Migrations
from lading.observe import sqlite
from lading.observe.client import Client
from lading.render.stores import ACCOUNT

#: How the client inside is asked to run SQL. Both servers know us on their own machine.
_POSTGRESQL = ("psql", "-h", "127.0.0.1", "-U", ACCOUNT, "-v", "ON_ERROR_STOP=1", "-qAt", "-c")
_MYSQL = """\
client=$(command -v mariadb || command -v mysql)
MYSQL_PWD=$(cat /run/secrets/mysql_password) exec "$client" --user=root --batch --skip-column-names --execute="$0"
"""


def name(owner: str) -> str:
    """What the database of the start `owner` is called."""
    return "lading_" + re.sub(r"[^a-z0-9]", "_", owner.lower())


def make(client: Client, container: str, kind: str, database: str) -> None:
    """Make an empty database, where a server must be told to. Raises `Outside` where that fails."""
    if kind == "postgresql":
        _ask(client, container, kind, f"CREATE DATABASE {database}", ACCOUNT)
    elif kind == "mysql":
        _ask(client, container, kind, f"CREATE DATABASE {database}; GRANT ALL ON {database}.* TO '{ACCOUNT}'@'%'", "")


def revisions(client: Client, container: str, kind: str, owner: str, migrations: Migrations | None) -> tuple[str, ...]:
    """The rows of the table of what was applied, sorted; none where there is no such table, or the server has none."""
    if kind not in {"postgresql", "mysql"}:
        return ()
    place = _place(kind, owner, migrations)
    try:
        said = _ask(client, container, kind, sqlite.query(migrations, place), name(owner))
    except Outside:
        return ()
    return tuple(sorted(said.split()))


def stamp(  # noqa: PLR0917 - what is known goes along
    client: Client, container: str, kind: str, owner: str, revision: str, migrations: Migrations | None
) -> None:
    """Make Alembic's table with one row, where a server has tables. Raises `Outside` where that fails."""
    if kind not in {"postgresql", "mysql"}:
        return
    place = _place(kind, owner, migrations)
    schema = place.rpartition(".")[0] if kind == "postgresql" else ""
    first = f"CREATE SCHEMA IF NOT EXISTS {schema}; " if schema else ""
    row = f"INSERT INTO {place} VALUES ('{revision}')"  # noqa: S608 - ours, all of it
    made = f"CREATE TABLE {place} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    _ask(client, container, kind, f"{first}{made}; {row}", name(owner))


def _place(kind: str, owner: str, migrations: Migrations | None) -> str:
    """The table of what was applied to the database of `owner`: what PostgreSQL calls a schema is MySQL's database."""
    table = sqlite.table(migrations)
    return f"{name(owner)}.{table}" if kind == "mysql" else migrations.table if migrations else table


def _ask(client: Client, container: str, kind: str, sql: str, database: str) -> str:
    argv = (*_POSTGRESQL, sql, database) if kind == "postgresql" else ("sh", "-c", _MYSQL, sql)
    return client.ask("exec", container, *argv)
