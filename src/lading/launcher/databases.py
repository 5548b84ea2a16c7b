"""Which revision the database is at: one query by the project's own driver, without all that is built upon it."""

from __future__ import annotations

import os
import sys

from . import SITE
from .addresses import PORTS, place, services
from .log import Stop, say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def at_head(config: dict[str, Any], env: dict[str, str]) -> bool:
    """Whether the database is known to be at the image's newest revision: one query, without the migration tool."""
    tool = config["migrations"]["tool"]
    if tool == "script":
        return False
    try:
        found = revisions(config, env)
        wanted = aerich_versions(config) if tool == "aerich" else set(config["migrations"]["heads"])
    except Exception:  # noqa: BLE001 - no database, no table, no driver: the tool itself finds out, and says it
        return False
    return bool(wanted) and (wanted <= found if tool == "aerich" else wanted == found)


def aerich_versions(config: dict[str, Any]) -> set[str]:
    """The names of the files that Aerich would apply, which is what its table holds of those that it has."""
    folder = config["migrations"]["folder"]
    apps = [os.path.join(folder, app) for app in os.listdir(folder)]
    return {name for app in apps if os.path.isdir(app) for name in os.listdir(app) if name[:1].isdigit()}


def revisions(config: dict[str, Any], env: dict[str, str]) -> set[str]:
    """The revisions that the database says it is at. Raises whatever the database's driver raises."""
    column = "version" if config["migrations"]["tool"] == "aerich" else "version_num"
    query, close = database(config, env)
    try:
        found = query(f"SELECT {column} FROM {config['migrations']['table']}")  # noqa: S608 - a name, by the plan
        return {str(row[0]) for row in found}
    finally:
        close()


def database(config: dict[str, Any], env: dict[str, str]) -> tuple[Callable[[str], list[Any]], Callable[[], None]]:
    """A connection by the project's own driver, without all that is built upon it: how to query, how to close."""
    file = sqlite_file(config, env)
    if file:
        import sqlite3

        if not os.path.exists(file):
            raise LookupError(file)
        connection: Any = sqlite3.connect(file)
        return lambda sql: connection.execute(sql).fetchall(), connection.close
    service = next(one for one in services(config, env) if one["role"] == "database")
    found = place(service, env)
    scheme = found.pop("scheme", "")
    driver = scheme.partition("+")[2] or service["driver"] or ""
    if SITE not in sys.path:
        sys.path.append(SITE)
    account = {"host": found["host"], "port": int(found.get("port") or PORTS[service["kind"]]),
               "user": found.get("user", ""), "password": found.get("password", ""),
               "database": found.get("database", "")}  # fmt: skip
    if service["kind"] == "mysql":
        module = __import__("MySQLdb" if driver == "mysqldb" else "pymysql")
        connection = module.connect(**account, connect_timeout=5)
        cursor = connection.cursor()
        return lambda sql: (cursor.execute(sql), cursor.fetchall())[1], connection.close
    if service["kind"] == "postgresql" and driver == "asyncpg":
        return asyncpg_connection(account, found)
    if service["kind"] == "postgresql":
        return libpq_connection(found)
    raise LookupError(service["kind"])


def asyncpg_connection(account: dict[str, Any], found: dict[str, str]) -> tuple[Any, Any]:
    """`database` by asyncpg, on an event loop of its own that turns only for a query."""
    import asyncio

    import asyncpg

    loop = asyncio.new_event_loop()
    secure = found.get("ssl") or found.get("sslmode")
    opened = asyncpg.connect(**account, timeout=5, **({"ssl": secure} if secure else {}))
    connection = loop.run_until_complete(opened)

    def close() -> None:
        loop.run_until_complete(connection.close())
        loop.close()

    return lambda sql: loop.run_until_complete(connection.fetch(sql)), close


def libpq_connection(found: dict[str, str]) -> tuple[Any, Any]:
    """`database` by the libpq that psycopg brings or the image has: to import psycopg 3 takes 0.15 s, this 0.02 s."""
    import ctypes

    bundled = [
        os.path.join(SITE, folder, name)
        for folder in ("psycopg_binary.libs", "psycopg2_binary.libs")
        if os.path.isdir(os.path.join(SITE, folder))
        for name in os.listdir(os.path.join(SITE, folder))
        if name.startswith("libpq")
    ]
    pq = ctypes.CDLL((bundled or ["libpq.so.5"])[0])
    for name in ("PQconnectdb", "PQexec"):
        getattr(pq, name).restype = ctypes.c_void_p
    for name in ("PQgetvalue", "PQerrorMessage", "PQresultErrorMessage"):
        getattr(pq, name).restype = ctypes.c_char_p
    names = {"database": "dbname"}
    quoted = {names.get(key, key): text.replace("\\", "\\\\").replace("'", "\\'") for key, text in found.items()}
    asked = " ".join(f"{key}='{text}'" for key, text in {"connect_timeout": "5", **quoted}.items())
    connection = ctypes.c_void_p(pq.PQconnectdb(asked.encode()))
    if pq.PQstatus(connection):
        text = pq.PQerrorMessage(connection).decode(errors="replace")
        pq.PQfinish(connection)
        raise ConnectionError(text)

    def query(sql: str) -> list[tuple[str, ...]]:
        result = ctypes.c_void_p(pq.PQexec(connection, sql.encode()))
        try:
            if pq.PQresultStatus(result) != 2:  # PGRES_TUPLES_OK
                raise LookupError(pq.PQresultErrorMessage(result).decode(errors="replace"))
            size = range(pq.PQntuples(result)), range(pq.PQnfields(result))
            return [tuple(pq.PQgetvalue(result, row, column).decode() for column in size[1]) for row in size[0]]
        finally:
            pq.PQclear(result)

    return query, lambda: pq.PQfinish(connection)


def sqlite_file(config: dict[str, Any], env: dict[str, str]) -> str:
    """The absolute path of the file that holds the rows; "" where they are not in an SQLite file."""
    found = config["database"]
    url = (env.get(found["variable"] or "") or found["url"] or "") if found else ""
    scheme, _, rest = url.partition("://")
    path = rest.partition("?")[0]
    if scheme.partition("+")[0] != "sqlite" or path[:1] != "/" or path[1:].partition(":")[0] in ("", "file"):
        return ""
    # To SQLAlchemy the first slash only ends the host, to Tortoise it is the root.
    tortoise = (config["migrations"] or {}).get("tool") == "aerich"
    # A link leads to the volume, where what stands beside the file is, too.
    return "/" + os.path.realpath(path if tortoise else path[1:]).lstrip("/")


def make_folder(path: str, config: dict[str, Any]) -> None:
    """Make the folder of the SQLite file at `path`, and say what will go wrong with it."""
    folder, name = os.path.dirname(path), config["database"]["variable"] or "the database"
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Stop(f"{name}: the folder {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        say(f"{name}: user {os.getuid()} may not write in {folder}")
    if not path.startswith(config["volume"] + "/"):
        say(f"{name}: {path} is not on the volume {config['volume']}, and goes when the container goes")
