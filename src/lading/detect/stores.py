"""The code → the stores that it opens: where, with what URL or parts of one, and how large a pool."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lading.detect import files_paths, names, settings_drivers, settings_objects, values
from lading.detect.code import Code, Function
from lading.detect.names import Place
from lading.detect.values import Value

#: What opens a store, by the last part of its name: the packages that it is of, the dialect that it is for where it is
#: for one only, its driver, and whether it is asynchronous.
_OPENS: Mapping[str, tuple[tuple[str, ...], str | None, str | None, bool]] = {
    "create_engine": (("sqlalchemy", "sqlmodel"), None, None, False),
    "create_async_engine": (("sqlalchemy", "sqlmodel", "sqlalchemy_utils"), None, None, True),
    "engine_from_config": (("sqlalchemy",), None, None, False),
    "async_engine_from_config": (("sqlalchemy",), None, None, True),
    "Database": (("databases",), None, None, True),
    "DatabaseConnection": (("ormar",), None, None, True),
    "SQLAlchemyAsyncConfig": (("advanced_alchemy",), None, None, True),
    "SQLAlchemySyncConfig": (("advanced_alchemy",), None, None, False),
    "DBSessionMiddleware": (("fastapi_sqlalchemy",), None, None, False),
    "SQLAlchemyMiddleware": (("fastapi_async_sqlalchemy",), None, None, True),
    "AsyncIOMotorClient": (("motor",), "mongodb", "motor", True),
    "AsyncMongoClient": (("pymongo",), "mongodb", "pymongo", True),
    "MongoClient": (("pymongo",), "mongodb", "pymongo", False),
    "register_tortoise": (("tortoise",), None, None, True),
    "RegisterTortoise": (("tortoise",), None, None, True),
    "init": (("tortoise",), None, None, True),
    "Command": (("aerich",), None, None, True),
    "Gino": (("gino",), "postgresql", "asyncpg", True),
    "set_bind": (("gino",), "postgresql", "asyncpg", True),
    "PostgresEngine": (("piccolo",), "postgresql", "asyncpg", True),
    "PostgresqlDatabase": (("peewee",), "postgresql", "psycopg2", False),
    "PooledPostgresqlDatabase": (("playhouse",), "postgresql", "psycopg2", False),
    "MySQLDatabase": (("peewee",), "mysql", "pymysql", False),
    "PooledMySQLDatabase": (("playhouse",), "mysql", "pymysql", False),
    "SqliteDatabase": (("peewee",), "sqlite", None, False),
    "create_pool": (("asyncpg", "aiomysql", "asyncmy", "aiopg"), None, None, True),
    "connect": (("asyncpg", "psycopg", "psycopg2", "pymysql", "MySQLdb", "aiomysql", "aiosqlite", "sqlite3",
                 "playhouse",                 "mysql"), None, None, False),
    "ConnectionPool": (("psycopg_pool", "redis", "aioredis"), None, None, False),
    "AsyncConnectionPool": (("psycopg_pool",), "postgresql", "psycopg", True),
    "Redis": (("redis", "aioredis", "coredis", "fakeredis"), "redis", None, False),
    "StrictRedis": (("redis", "aioredis"), "redis", None, False),
    "RedisCluster": (("redis", "aioredis"), "redis", None, False),
    "from_url": (("redis", "aioredis"), "redis", None, False),
    "create_redis_pool": (("aioredis",), "redis", None, True),
    "RedisSettings": (("arq",), "redis", None, True),
    "from_dsn": (("arq",), "redis", None, True),
    "connect_robust": (("aio_pika",), "amqp", None, True),
    "AsyncElasticsearch": (("elasticsearch",), "elasticsearch", None, True),
    "Elasticsearch": (("elasticsearch",), "elasticsearch", None, False),
}  # fmt: skip

_PACKAGES = {"asyncpg": ("postgresql", "asyncpg", True), "aiomysql": ("mysql", "aiomysql", True),
             "asyncmy": ("mysql", "asyncmy", True), "psycopg": ("postgresql", "psycopg", False),
             "psycopg2": ("postgresql", "psycopg2", False), "psycopg_pool": ("postgresql", "psycopg", False),
             "pymysql": ("mysql", "pymysql", False), "MySQLdb": ("mysql", "mysqldb", False),
             "mysql": ("mysql", "mysqlconnector", False), "aiopg": ("postgresql", "aiopg", True),
             "aiosqlite": ("sqlite", "aiosqlite", True), "sqlite3": ("sqlite", None, False),
             "redis": ("redis", None, False), "aioredis": ("redis", None, True)}  # fmt: skip

#: The packages that speak to a relational database themselves, and are given what every library of it takes.
DRIVERS = frozenset(_PACKAGES) - {"redis", "aioredis"}

_URLS = ("url", "host", "dsn", "conninfo", "db_url", "connection_string", "uri", "name_or_url", "database_url", "hosts")
PARTS = ("host", "port", "user", "username", "password", "passwd", "database", "db", "dbname", "hostname", "server")


@dataclass(frozen=True, slots=True)
class Opened:
    """One place that opens a store."""

    path: str
    line: int
    within: Function | None
    value: Value | None  # what it is opened with, where that is known
    dialect: str | None
    driver: str | None
    is_async: bool
    library: str
    node: ast.Call
    pool: int | None = None


def opened(code: Code) -> Iterator[Opened]:
    """Every place in the backend's own files that opens a store."""
    for path in code.holding(*(f"{name}(".encode() for name in sorted(_OPENS)), b"engine_from_config"):
        tree = code.tree(path)
        wrapped: set[ast.expr] = set()  # `AsyncEngine(create_engine(…))`
        for node, within in tree.nodes if tree else ():
            if not isinstance(node, ast.Call):
                continue
            if _last(node.func) == "AsyncEngine":
                wrapped |= {*node.args, *(keyword.value for keyword in node.keywords)}
            elif _last(node.func) in _OPENS:
                found = _opened(code, path, node, within)
                if found:
                    yield replace(found, is_async=True) if node in wrapped else found


def _opened(code: Code, path: str, node: ast.Call, within: Function | None) -> Opened | None:
    meaning = names.resolve(code, path, node.func, within)
    if not isinstance(meaning, str) or "." not in meaning:
        return None
    name, package = meaning.rpartition(".")[2], meaning.partition(".")[0]
    packages, dialect, driver, is_async = _OPENS.get(name, ((), None, None, False))
    if package not in packages:
        return None
    if package in _PACKAGES and dialect is None:
        dialect, driver, is_async = _PACKAGES[package]
    if package in {"tortoise", "aerich"}:
        value, driver = _tortoise(code, path, node, within)
    else:
        value = _value(code, path, node, within)
    text = value.text if value else ""
    dialect = dialect or settings_drivers.dialect(text)
    is_async = is_async or ".asyncio." in meaning
    pool = _pool(code, path, node, within) if package in {"sqlalchemy", "sqlmodel"} else None
    return Opened(path, node.lineno, within, value, dialect, driver, is_async, package, node, pool)


def _value(code: Code, path: str, node: ast.Call, within: Function | None) -> Value | None:
    """What a store is opened with: its URL, or its host, port, user, password and name as one value of parts."""
    given = _given(code, path, node, within)
    url = values.fold(code, path, node.args[0] if node.args else None, within)
    url = url or next((v for key in _URLS if (v := values.fold(code, path, given.get(key), within))), None)
    parts = [values.fold(code, path, given[key], within) for key in PARTS if key in given]
    every = [value for value in ([url] if node.args else []) + parts if value]
    found = tuple(dict.fromkeys(name for value in every for name in (value.variable, *value.parts) if name))
    if len(found) > 1 and (len(parts) > 1 or url is None):
        where = next((value.where for value in every if value.where), "")
        start = url.text if url and settings_drivers.dialect(url.text) else ""
        return Value(start, whole=False, where=where, parts=found)
    return url


def _given(code: Code, path: str, node: ast.Call, within: Function | None) -> dict[str, ast.expr]:
    """The arguments by name, those of `**options` too."""
    found: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        if keyword.arg:
            found[keyword.arg] = keyword.value
            continue
        place = names.resolve(code, path, keyword.value, within)
        inner = place.node if isinstance(place, Place) else keyword.value
        if isinstance(inner, ast.Dict):
            pairs = zip(inner.keys, inner.values, strict=True)
            found |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
        elif isinstance(inner, ast.Call):
            found |= {one.arg: one.value for one in inner.keywords if one.arg}
    return found


def _pool(code: Code, path: str, node: ast.Call, within: Function | None) -> int | None:
    """`pool_size + max_overflow`, SQLAlchemy's own 5 and 10 where one of them is not said; None where neither is."""
    given = _given(code, path, node, within)
    found = [_number(values.fold(code, path, given.get(key), within)) for key in ("pool_size", "max_overflow")]
    if "poolclass" in given or not {"pool_size", "max_overflow"} & given.keys():
        return None
    sizes = [one if one is not None else usual for one, usual in zip(found, (5, 10), strict=True)]
    return None if sizes[1] < 0 or sizes[0] <= 0 else sum(sizes)


def _number(value: Value | None) -> int | None:
    known = value and value.whole and re.fullmatch(r"-?\d{1,9}", value.text)
    return int(value.text) if value and known else None


#: Tortoise's back ends, by the last part of their module's name, and the driver of each.
_BACKENDS = {"asyncpg": "asyncpg", "psycopg": "psycopg", "mysql": "asyncmy", "sqlite": "aiosqlite", "mssql": "aioodbc",
             "oracle": "aioodbc"}  # fmt: skip
_SCHEMES = {"asyncpg": "postgresql", "psycopg": "postgresql"}


def _tortoise(code: Code, path: str, node: ast.Call, within: Function | None) -> tuple[Value | None, str | None]:
    """What Tortoise is given: `db_url=`, or the first of the connections of `config=`; and the driver."""
    given = _given(code, path, node, within)
    value = values.fold(code, path, given.get("db_url"), within)
    if value is None:
        said = given.get("config") or given.get("tortoise_config") or (node.args[0] if node.args else None)
        where, config = _dict(code, path, said, within)
        for connections in _items(config, "connections"):
            file, inner = _dict(code, where, connections, None)
            first = inner.values[0] if inner and inner.values else None
            value = values.fold(code, file, first, None)
            engine = values.fold(code, file, next(_items(first, "engine"), None), None)
            if engine:
                backend = engine.text.rpartition(".")[2]
                credentials = next(_items(first, "credentials"), None)
                parts = [values.fold(code, file, one, None) for key in PARTS for one in _items(credentials, key)]
                found = tuple(part.variable for part in parts if part and part.variable)
                at = next((part.where for part in parts if part and part.where), "")
                scheme = _SCHEMES.get(backend, backend)
                if file_path := next(_items(credentials, "file_path"), None):
                    located = files_paths.locate(code, file, file_path)
                    return Value(
                        f"sqlite:///{located.path}" if located else "sqlite://", located is not None
                    ), "aiosqlite"
                return Value(f"{scheme}://", whole=False, where=at, parts=found), _BACKENDS.get(backend)
    scheme = value.text.partition(":")[0] if value else ""
    return value, _BACKENDS.get(ALIASES.get(scheme, scheme))


ALIASES = {"postgres": "asyncpg", "postgresql": "asyncpg"}


def _dict(
    code: Code, path: str, node: ast.expr | None, within: Function | None, depth: int = 0
) -> tuple[str, ast.Dict | None]:
    """The dictionary that an expression is: a name's, an attribute's, or the one that a function returns."""
    if isinstance(node, ast.Dict) or depth > settings_objects.DEEPEST:
        return path, node if isinstance(node, ast.Dict) else None
    target = node.func if isinstance(node, ast.Call) else node
    match names.resolve(code, path, target, within):
        case Place(path=file, node=ast.FunctionDef(body=body) as made):
            returned = next((stmt.value for stmt in body if isinstance(stmt, ast.Return)), None)
            return _dict(code, file, returned, made, depth + 1)
        case Place(path=file, node=ast.expr() as value) if value is not node:
            return _dict(code, file, value, within if file == path else None, depth + 1)
        case _:
            pass
    owner = settings_objects.instance(code, path, target.value, within) if isinstance(target, ast.Attribute) else None
    match settings_objects.member(code, owner, target.attr) if owner and isinstance(target, ast.Attribute) else None:
        case (file, ast.expr() as value, function):
            return _dict(code, file, value, function, depth + 1)
        case _:
            return path, None


def _items(node: ast.expr | None, key: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.Dict):
        for one, value in zip(node.keys, node.values, strict=True):
            if isinstance(one, ast.Constant) and one.value == key:
                yield value


def _last(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
