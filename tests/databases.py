"""A fresh database on each real server, and what is asked of it behind the launcher's back."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
import services

#: scheme of the URL → dialect and driver
SCHEMES = {
    "sqlite": ("sqlite", None),
    "sqlite+aiosqlite": ("sqlite", "aiosqlite"),
    "postgresql+psycopg": ("postgresql", "psycopg"),
    "postgresql+psycopg2": ("postgresql", "psycopg2"),
    "postgresql+asyncpg": ("postgresql", "asyncpg"),
    "mysql+pymysql": ("mysql", "pymysql"),
}


@dataclass(frozen=True, kw_only=True)
class Base:
    """A database of its own for one test."""

    url: str
    dialect: str
    driver: str | None

    def query(self, sql: str) -> list[Any]:
        """The rows of `sql`, or none where it gives none."""
        connection = _connect(self.url)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            connection.commit()
            return rows
        finally:
            connection.close()

    def revisions(self) -> list[str]:
        return [row[0] for row in self.query("SELECT version_num FROM alembic_version")]

    def ran(self) -> list[str]:
        """Every revision that ran, as often as it ran."""
        return sorted(row[0] for row in self.query("SELECT revision FROM ran"))


def _connect(url: str) -> Any:
    parts = urlsplit(url)
    match parts.scheme.partition("+")[0]:
        case "sqlite":
            return sqlite3.connect(url.partition(":///")[2])
        case "postgresql":
            return psycopg.connect(parts._replace(scheme="postgresql").geturl())
        case _:
            return pymysql.connect(
                host=parts.hostname, port=parts.port or 3306, user=parts.username, password=parts.password or "",
                database=parts.path.lstrip("/"),
            )  # fmt: skip


@contextmanager
def fresh(scheme: str, folder: Path) -> Iterator[Base]:
    """An empty database, reached by the driver of `scheme`, gone afterwards."""
    dialect, driver = SCHEMES[scheme]
    name = f"lading_{uuid.uuid4().hex[:12]}"
    if dialect == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield Base(url=f"{scheme}:///{folder}/{name}.db", dialect=dialect, driver=driver)
        return
    server = services.POSTGRESQL if dialect == "postgresql" else services.MARIADB
    _tell(server, f"CREATE DATABASE {name}")
    try:
        parts = urlsplit(server)
        yield Base(url=parts._replace(scheme=scheme, path=f"/{name}").geturl(), dialect=dialect, driver=driver)
    finally:
        _tell(server, f"DROP DATABASE {name} WITH (FORCE)" if dialect == "postgresql" else f"DROP DATABASE {name}")


def _tell(server: str, sql: str) -> None:
    connection = _connect(server)
    if isinstance(connection, psycopg.Connection):
        connection.autocommit = True
    connection.cursor().execute(sql)
    connection.close()
