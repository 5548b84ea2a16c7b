"""A URL of a service → where it is, and what else the launcher has to know of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from lading.launcher import addresses


def service(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "variable": "AT", "parts": {}, "default": {}, **more}


@pytest.mark.parametrize(
    ("kind", "url", "found"),
    [
        ("postgresql", "postgresql://db/x", [("db", 5432)]),
        ("postgresql", "postgresql://me:a/b?c#d@db:1/x", [("db", 1)]),
        ("postgresql", "postgresql://me:12/34@db/x", [("db", 5432)]),
        ("postgresql", "postgresql://me:p@ss@db:1/x", [("db", 1)]),
        ("postgresql", "postgresql://db/x?options=a@b", [("db", 5432)]),
        ("postgresql", "postgresql://a:1,b:2,c/x", [("a", 1), ("b", 2), ("c", 5432)]),
        ("postgresql", "postgresql://[::1]:5,[fe80::2]/x", [("::1", 5), ("fe80::2", 5432)]),
        ("postgresql", "postgresql://[::1]/x", [("::1", 5432)]),
        ("postgresql", "postgresql:///x?host=/run/postgresql", []),
        ("postgresql", "postgresql://%2Frun%2Fpostgresql/x", []),
        ("postgresql", "postgresql:///x?host=db&port=6", [("db", 6)]),
        ("postgresql", "sqlite:////data/x.db", []),
        ("postgresql", "", []),
        ("mysql", "mysql+pymysql://me@db:3307/x?charset=utf8mb4", [("db", 3307)]),
        ("mongodb", "mongodb://a,b:2/x?replicaSet=r", [("a", 27017), ("b", 2)]),
        ("mongodb", "mongodb+srv://cluster.example/x", []),
        ("redis", "redis://:p%40ss@cache", [("cache", 6379)]),
        ("redis", "unix:///run/redis.sock", []),
        ("amqp", "amqp://guest:guest@broker//", [("broker", 5672)]),
        ("kafka", "a:9093,b:9094", [("a", 9093), ("b", 9094)]),
        ("kafka", "a", [("a", 9092)]),
        ("nats", "nats://a:4222,nats://b:4223", [("a", 4222), ("b", 4223)]),
    ],
)
def test_the_addresses_of_a_url(kind: str, url: str, found: list[tuple[str, int]]) -> None:
    assert addresses.addresses(service(kind), {"AT": url}) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (
            "postgresql+psycopg://m%65:a/b?c@db:1/x?sslmode=require",
            {
                "scheme": "postgresql+psycopg", "user": "me", "password": "a/b?c", "host": "db", "port": "1",
                "database": "x", "sslmode": "require",
            },
        ),
        ("redis://:p@ss@cache/0", {"scheme": "redis", "password": "p@ss", "host": "cache", "database": "0"}),
        ("redis://cache", {"scheme": "redis", "host": "cache"}),
    ],
)  # fmt: skip
def test_the_parts_of_a_url(url: str, found: Mapping[str, str]) -> None:
    assert addresses.place(service("x"), {"AT": url}) == found


def test_a_user_and_a_password_may_be_in_one_variable() -> None:
    parted = {**service("postgresql", parts={"host": "H", "credentials": "C"}), "variable": None}
    found = {"host": "db", "user": "me", "password": "a:b"}
    assert addresses.place(parted, {"H": "db", "C": "me:a:b"}) == found
    assert addresses.url(parted, {"H": "db", "C": "me:a:b"}) == "postgresql://me:a%3Ab@db:5432/"


FILE = {"database": {"variable": "AT"}, "services": []}
SERVER = {"database": {"variable": "AT"}, "services": [service("postgresql", role="database", label="PostgreSQL")]}


@pytest.mark.parametrize(
    ("config", "url", "found"),
    [
        (FILE, "postgresql+asyncpg://db/x", [("postgresql", "PostgreSQL")]),
        (FILE, "postgres://db/x", [("postgresql", "PostgreSQL")]),
        (FILE, "mariadb+pymysql://db/x", [("mysql", "MariaDB")]),
        (FILE, "sqlite:////data/x.db", []),
        (FILE, "", []),
        (SERVER, "postgresql://db/x", [("postgresql", "PostgreSQL")]),
        (SERVER, "mysql://db/x", [("mysql", "MySQL")]),
        (SERVER, "sqlite:////data/x.db", [("postgresql", "PostgreSQL")]),
        ({"database": None, "services": []}, "postgresql://db/x", []),
    ],
)
def test_a_url_may_name_another_database_than_the_plan_knows(
    config: dict[str, Any], url: str, found: list[tuple[str, str]]
) -> None:
    services = addresses.services(config, {"AT": url})
    assert [(one["kind"], one["label"]) for one in services] == found
