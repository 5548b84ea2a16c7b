"""The project's stores and workers → what must answer before the start, and what runs beside the server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from lading.dependencies import requirement
from lading.model import Backing, Database, Fact, Plan, Program, Variable, Worker

#: A URL's scheme, or a dialect, without its driver → the kind of service.
KINDS: Mapping[str, str] = {
    "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql", "mongodb": "mongodb",
    "redis": "redis", "rediss": "redis", "amqp": "amqp", "amqps": "amqp", "pyamqp": "amqp", "kafka": "kafka",
    "nats": "nats",
}  # fmt: skip

#: What the name of a variable says of the service whose address it holds, where nothing else does.
_NAMED = (("RABBIT", "amqp"), ("AMQP", "amqp"), ("REDIS", "redis"), ("KAFKA", "kafka"), ("NATS", "nats"),
          ("MONGO", "mongodb"), ("POSTGRES", "postgresql"), ("CELERY_BROKER", "amqp"))  # fmt: skip

#: What the end of a variable's name says of the part of an address that it holds.
_PARTS = (
    ("password", re.compile(r"(?:PASS(?:WORD|WD)?|PWD|PW)$")),
    ("host", re.compile(r"(?:HOST(?:_?NAME)?|SERVER(?:_?NAME)?|ADDR(?:ESS)?|ENDPOINT)$")),
    ("port", re.compile(r"PORT$")),
    ("user", re.compile(r"(?:USER(?:_?NAME)?|LOGIN)$")),
    ("database", re.compile(r"(?:DB|NAME|DATABASE|BASE)$")),
    ("credentials", re.compile(r"CRED(?:ENTIAL)?S?$")),
)

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - somebody's default, which nobody binds


def backing(
    database: Database | None,
    stores: Iterable[Fact[Database]],
    workers: Iterable[Fact[Worker]],
    environment: Iterable[Fact[Variable]],
) -> tuple[Backing, ...]:
    """Every service that something in the image connects to, once each, the database first."""
    variables = {fact.value.name: fact.value for fact in environment}
    found: dict[str, Backing] = {}
    if database is not None and (kind := KINDS.get(database.dialect)):
        found[_key(database)] = _of(database, kind, "database", variables)
    brokers = {fact.value.broker for fact in workers if fact.value.broker}
    for fact in stores:
        store = fact.value
        if kind := KINDS.get(store.dialect):
            role = "broker" if store.variable in brokers or brokers & set(store.parts) else "cache"
            found.setdefault(_key(store), _of(store, kind, role, variables))
    for fact_ in workers:
        name = fact_.value.broker
        held = {one.variable for one in found.values()} | {
            part for one in found.values() for part in one.parts.values()
        }
        if name and name not in held and (kind := _kind(name, variables)):
            default = variables[name].default if name in variables else None
            beside = _beside(name, kind, variables)
            store = (
                Database(dialect=kind, parts=beside) if beside else Database(dialect=kind, variable=name, url=default)
            )
            found[name] = _of(store, kind, "broker", variables)
    return tuple(found.values())


def _beside(name: str, kind: str, variables: Mapping[str, Variable]) -> tuple[str, ...]:
    """A host's variable and those of the other parts of its address, `QUEUE_HOST` and `QUEUE_PORT`; none of a URL's."""
    patterns = dict(_PARTS)
    start = patterns["host"].sub("", name)
    wanted = ("port", "password") if kind == "redis" else ("port", "user", "password")
    others = [one for one in variables if one.startswith(start) and start != name]
    found = (one for part in wanted for one in others if patterns[part].fullmatch(one, len(start)))
    return (name, *found) if start != name else ()


def _key(store: Database) -> str:
    return store.variable or ",".join(store.parts) or store.dialect


def _kind(name: str, variables: Mapping[str, Variable]) -> str | None:
    """What a broker's variable points to: its default says so, or its name."""
    default = variables[name].default if name in variables else None
    scheme = (default or "").partition(":")[0].partition("+")[0]
    return KINDS.get(scheme) or next((kind for word, kind in _NAMED if word in name.upper()), None)


def _of(store: Database, kind: str, role: str, variables: Mapping[str, Variable]) -> Backing:
    parts = dict(_parts(store.parts, variables))
    default = {
        part: variables[name].default or ""
        for part, name in parts.items()
        if name in variables and part not in {"password", "credentials"} and not variables[name].secret
    }
    if store.url and "://" in store.url:
        default = dict(_address(store.url))
    # What is on the loopback is this container itself, where nothing else runs.
    if default.get("host") in _LOOPBACK:
        del default["host"]
    return Backing(
        kind=kind,
        role="database" if role == "database" else "broker" if role == "broker" else "cache",
        variable=store.variable,
        parts=parts,
        default={part: text for part, text in default.items() if text},
        driver=store.driver,
        plain=store.plain,
    )


def _parts(names: Sequence[str], variables: Mapping[str, Variable]) -> Iterator[tuple[str, str]]:
    """Each part of an address with its variable: by what the code does with it, else by its name.

    No address is without a host: where no name is one's, it is the one variable that no other part is called like.
    """
    found: dict[str, str] = {}
    others = []
    for name in names:
        part = next((part for part, pattern in _PARTS if pattern.search(name.upper())), None)
        if name in variables and variables[name].type == "account":
            part = "credentials"
        if part:
            found[part] = name
        else:
            others.append(name)
    if "host" not in found and len(others) == 1:
        found["host"] = others[0]
    yield from found.items()
    yield from _password(names, found.get("host"), variables)


def _password(names: Sequence[str], host: str | None, variables: Mapping[str, Variable]) -> Iterator[tuple[str, str]]:
    """The variable of a password that may be unset, beside those that say where a service is: ours wants one."""
    patterns = dict(_PARTS)
    if any(patterns[part].search(name.upper()) for name in names for part in ("password", "credentials")):
        return
    for name in names:
        start = patterns["host"].sub("", name.upper())
        start = re.sub(r"UR[LI]$", "", start) if name == host else start
        beside = (one for one in variables if one.upper().startswith(start) and one not in names)
        if start != name.upper() and (
            found := next((one for one in beside if patterns["password"].fullmatch(one.upper(), len(start))), None)
        ):
            yield "password", found
            return


def _address(url: str) -> Iterator[tuple[str, str]]:
    """The parts of a default that are no secret."""
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return
    yield "scheme", split.scheme
    yield "host", split.hostname or ""
    yield "port", str(port or "")
    yield "user", split.username or ""
    yield "database", split.path.lstrip("/")


def programs(workers: Iterable[Fact[Worker]]) -> tuple[Program, ...]:
    """The processes beside the server, each with the name that `worker NAME` takes: its library's, then numbered."""
    found: list[Program] = []
    for fact in workers:
        one = fact.value
        if one.role == "in-process" or not one.target:
            continue
        same = sum(1 for other in found if (other.kind, other.role) == (one.kind, one.role))
        found.append(
            Program(
                name=f"{one.kind}-{same + 1}" if same else one.kind,
                kind=one.kind,
                role=one.role,
                target=one.target,
                queues=one.queues,
                broker=one.broker,
                arguments=one.arguments,
            )
        )
    return tuple(found)


#: By which a backend on SQLite reaches PostgreSQL, too: distribution → SQLAlchemy's name, asynchronous, synchronous.
_DRIVERS: Mapping[str, tuple[str, bool, bool]] = {
    "psycopg": ("psycopg", True, True),
    "asyncpg": ("asyncpg", True, False),
    "psycopg2": ("psycopg2", False, True),
    "psycopg2-binary": ("psycopg2", False, True),
}


def switch(plan: Plan) -> Backing | None:
    """PostgreSQL, where a variable switches a database that is a file by default and a driver for it is declared."""
    database = plan.database
    if database is None or database.dialect != "sqlite" or database.variable is None:
        return None
    declared = {requirement.name(text)[0] for text in (*plan.dependencies.requirements, *plan.dependencies.pinned)}
    for distribution, (driver, asynchronous, synchronous) in _DRIVERS.items():
        if distribution in declared and (asynchronous if database.is_async else synchronous):
            return Backing(kind="postgresql", role="database", variable=database.variable, driver=driver)
    return None
