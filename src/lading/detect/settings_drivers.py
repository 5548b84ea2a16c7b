"""A database's URL and the declared distributions → its driver, and the distribution that it needs and nobody declares.

Sources: SQLAlchemy's "Dialects" (which driver a scheme without one means; 1.4 dropped `postgres://`, 2.1 makes
psycopg 3 the driver of `postgresql://`, and asyncio needs greenlet), Tortoise's and databases' own lists of schemes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lading.dependencies import requirement
from lading.model import Dependencies

#: Drivers as a URL names them: the dialect, the distributions that bring one, and whether it is asynchronous.
DRIVERS: Mapping[str, tuple[str, tuple[str, ...], bool]] = {
    "asyncpg": ("postgresql", ("asyncpg",), True),
    "psycopg": ("postgresql", ("psycopg", "psycopg-binary", "psycopg-c"), False),
    "psycopg_async": ("postgresql", ("psycopg", "psycopg-binary", "psycopg-c"), True),
    "psycopg2": ("postgresql", ("psycopg2-binary", "psycopg2"), False),
    "psycopg2cffi": ("postgresql", ("psycopg2cffi",), False),
    "aiopg": ("postgresql", ("aiopg",), True),
    "pg8000": ("postgresql", ("pg8000",), False),
    "mysqldb": ("mysql", ("mysqlclient",), False),
    "pymysql": ("mysql", ("pymysql",), False),
    "aiomysql": ("mysql", ("aiomysql",), True),
    "asyncmy": ("mysql", ("asyncmy",), True),
    "mysqlconnector": ("mysql", ("mysql-connector-python", "mysql-connector"), False),
    "mariadbconnector": ("mysql", ("mariadb",), False),
    "aiosqlite": ("sqlite", ("aiosqlite",), True),
    "pysqlite": ("sqlite", (), False),
    "pysqlcipher": ("sqlite", ("sqlcipher3", "sqlcipher3-binary"), False),
    "pyodbc": ("mssql", ("pyodbc",), False),
    "aioodbc": ("mssql", ("aioodbc",), True),
    "pymssql": ("mssql", ("pymssql",), False),
    "oracledb": ("oracle", ("oracledb",), False),
    "oracledb_async": ("oracle", ("oracledb",), True),
    "cx_oracle": ("oracle", ("cx-oracle",), False),
    "motor": ("mongodb", ("motor",), True),
    "pymongo": ("mongodb", ("pymongo", "beanie", "mongoengine"), False),
}

#: Names of a URL's scheme that SQLAlchemy's dialects go by other names of.
ALIASES = {
    "postgres": "postgresql", "pg": "postgresql", "asyncpg": "postgresql", "psycopg": "postgresql", "mariadb": "mysql",
    "mongo": "mongodb", "mongodb+srv": "mongodb", "rediss": "redis", "amqps": "amqp",
}  # fmt: skip
DIALECTS = frozenset({"postgresql", "mysql", "sqlite", "mssql", "oracle", "mongodb", "redis", "amqp", "cockroachdb",
                      "clickhouse", "snowflake", "duckdb", "elasticsearch", "neo4j", "memcached", "bolt"})  # fmt: skip

#: What brings a driver along, by itself or with the extra.
_BRINGS = {
    ("beanie", ""): ("pymongo",), ("mongoengine", ""): ("pymongo",), ("odmantic", ""): ("motor",),
    ("motor", ""): ("motor", "pymongo"), ("tortoise-orm", ""): ("aiosqlite",),
    ("databases", "postgresql"): ("asyncpg",), ("databases", "mysql"): ("aiomysql",),
    ("databases", "sqlite"): ("aiosqlite",), ("gino", ""): ("asyncpg",), ("piccolo", "postgres"): ("asyncpg",),
    ("sqlalchemy", "postgresql"): ("psycopg2",), ("sqlalchemy", "mysql"): ("mysqlclient",),
    ("sqlalchemy", "postgresql-asyncpg"): ("asyncpg",), ("sqlalchemy", "postgresql-psycopg"): ("psycopg",),
    ("sqlalchemy", "postgresql-psycopg2binary"): ("psycopg2-binary",), ("sqlalchemy", "aiosqlite"): ("aiosqlite",),
    ("sqlalchemy", "aiomysql"): ("aiomysql",), ("sqlalchemy", "asyncmy"): ("asyncmy",),
    ("sqlalchemy", "pymysql"): ("pymysql",), ("sqlalchemy", "postgresql-asyncpg "): ("asyncpg",),
}  # fmt: skip


#: The newest release below a bound, where a rule of ours asks for it.
_LAST = {("fastapi", "0.110.0"): (0, 109, 2), ("fastapi", "0.110.1"): (0, 110, 0)}


@dataclass(frozen=True, slots=True)
class Declared:
    """The distributions that the project installs, by normalised name, with their versions where a lock has them."""

    names: frozenset[str]
    versions: Mapping[str, tuple[int, ...]]
    locked: bool
    ranges: Mapping[str, str] = field(default_factory=dict)  # of those that nothing pins

    def any(self, *wanted: str) -> bool:
        """Whether one of them is among these."""
        return not self.names.isdisjoint(wanted)

    def newest(self, name: str) -> tuple[int, ...] | None:
        """The version that is pinned, else the newest that an upper bound lets in, one below it; None: any."""
        if name in self.versions:
            return self.versions[name]
        # `<0.110` lets in 0.109's last release, which of all of FastAPI's is known to matter here.
        bound = re.search(r"<\s*(\d{1,9}(?:\.\d{1,9})*)(?!\d)", self.ranges.get(name, ""))
        upper = tuple(int(part) for part in bound[1].split(".")) if bound else ()
        below = ".".join(map(str, (*upper, 0, 0)[:3]))
        return _LAST.get((name, below)) if upper else None


#: Of a project whose dependencies nobody asked for.
NOTHING = Declared(frozenset(), {}, locked=False)


def declared(dependencies: Dependencies) -> Declared:
    """What the requirements and the lock say."""
    names: set[str] = set()
    versions: dict[str, tuple[int, ...]] = {}
    ranges: dict[str, str] = {}
    for text in (*dependencies.requirements, *dependencies.pinned):
        name, extras = requirement.name(text)
        names |= {name, *(f"{name}[{extra}]" for extra in extras)}
        for extra in ("", *extras):
            names |= set(_BRINGS.get((name, extra), ()))
            names |= {extra} if name in {"databases", "tortoise-orm", "sqlalchemy"} else set()
        ranges.setdefault(name, text.partition(";")[0])
        if found := re.search(r"==\s*v?(\d{1,9}(?:\.\d{1,9})*)(?![\d.*])", text.partition(";")[0]):
            versions[name] = tuple(int(part) for part in found[1].split(".")[:4])
    return Declared(frozenset(names - {""}), versions, bool(dependencies.pinned) or dependencies.locked, ranges)


def dialect(url: str) -> str | None:
    """The dialect of a URL: `sqlite+aiosqlite:///x.db` is of sqlite; None for another scheme."""
    found = re.match(r"([a-z][a-z0-9]*)(?:\+\w+)?:(?://)?", url) or re.match(r"([a-z][a-z0-9]*)\+\w+$", url)
    scheme = ALIASES.get(found[1], found[1]) if found else ""
    return scheme if scheme in DIALECTS else None


def named(name: str) -> str | None:
    """The dialect that a variable's name says: `POSTGRES_URL`."""
    found = re.search(r"(?:^|_)(postgres(?:ql)?|pg|mysql|mariadb|sqlite|mongo(?:db)?|mssql|oracle|redis)", name.lower())
    return ALIASES.get(found[1], found[1]) if found else None


def only(has: Declared, *, asynchronous: bool) -> str | None:
    """The one dialect that the declared drivers are for; sqlite needs none, so that none means sqlite."""
    dialects = {of for of, brought, _ in DRIVERS.values() if brought and has.any(*brought)}
    others = dialects - {"sqlite"}
    if len(others) == 1:
        return others.pop()
    libraries = has.any("sqlalchemy", "sqlmodel", "databases", "peewee", "tortoise-orm")
    return (
        "sqlite" if not others and libraries and (not asynchronous or "sqlite" in dialects or not has.locked) else None
    )


def driver(of: str, url: str, has: Declared, *, asynchronous: bool) -> str | None:
    """The driver that a URL of the dialect `of` means: the one it names, else the one that SQLAlchemy would take."""
    found = re.match(r"[a-z]+\+(\w+)", url)
    if found and found[1] in DRIVERS:
        return found[1].removesuffix("_async") if found[1] != "oracledb_async" else "oracledb"
    some = [name for name, (dialects, brought, is_async) in DRIVERS.items()
            if dialects == of and is_async is asynchronous and brought and has.any(*brought)]  # fmt: skip
    if of == "postgresql" and not asynchronous and re.match(r"postgres(?:ql)?://", url):
        return "psycopg" if has.versions.get("sqlalchemy", (0,)) >= (2, 1) else "psycopg2"
    if of == "mysql" and not asynchronous and re.match(r"(?:mysql|mariadb)://", url):
        return "mysqldb"
    return some[0].removesuffix("_async") if some else None


def is_plain(url: str) -> bool:
    """Whether a URL names no driver: `postgresql://` and not `postgresql+asyncpg://`."""
    return re.match(r"(?:postgres(?:ql)?|mysql|mariadb)://", url) is not None


def missing(name: str | None, has: Declared) -> str | None:
    """The distribution that brings the driver `name`, where nothing declares one."""
    brought = DRIVERS[name][1] if name and name in DRIVERS else ()
    return brought[0] if brought and not has.any(*brought) else None


def asynchronous(name: str | None) -> bool:
    """Whether a driver is one of asyncio's."""
    return name is not None and name in DRIVERS and DRIVERS[name][2]


def client(has: Declared, of: Sequence[str]) -> bool:
    """Whether a distribution, or an extra of one, is a client of what is called one of `of`."""
    return any(word in name for name in has.names for word in of)
