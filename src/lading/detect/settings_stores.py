"""The names of variables, and their defaults → the database that they are of, its URL's variable or its parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import settings_drivers, settings_examples
from lading.detect.code import Code
from lading.detect.settings_drivers import Declared
from lading.model import Database, Fact, Variable

#: What a variable with a database's URL is called, without the project's own prefix; the likeliest first.
_NAMES = (
    "DATABASE_URL", "DATABASE_URI", "DATABASE_DSN", "SQLALCHEMY_DATABASE_URL", "SQLALCHEMY_DATABASE_URI",
    "SQLALCHEMY_URL", "DB_URL", "DB_URI", "DB_DSN", "DB_CONNECTION_STRING", "DATABASE_CONNECTION_STRING",
    "POSTGRES_URL",
    "POSTGRES_URI", "POSTGRES_DSN", "PG_DSN", "PG_URL", "MYSQL_URL", "SQLITE_URL", "MONGODB_URL", "MONGODB_URI",
    "MONGO_URL", "MONGO_URI", "MONGO_DSN",
)  # fmt: skip

#: What the variables of the parts of a URL begin and end with.
_PART = re.compile(
    r"(?P<group>.*(?:^|_)(?:POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB)?|MSSQL|ORACLE|DB|DATABASE|SQL))_*"
    r"(?:HOST(?:NAME)?|SERVER|ADDRESS|PORT|USER(?:NAME)?|PASS(?:WORD)?|PWD|NAME|DB|DATABASE|BASE|CREDENTIALS|SCHEMA)"
)
_SWITCH = re.compile(
    r"(?:^|_)(?:DB|DATABASE)_?(?:ENGINE|TYPE|KIND|DIALECT|BACKEND|PROVIDER|DRIVER|CONNECTION)$"
)  # fmt: skip

#: The dialects of a database that holds the project's rows, and not a cache of them.
MAIN = frozenset({"postgresql", "mysql", "mssql", "oracle", "sqlite", "mongodb", "cockroachdb"})


@dataclass(frozen=True, slots=True)
class Known:
    """What an answer is made of."""

    code: Code
    reached: Collection[str]
    variables: Mapping[str, Fact[Variable]]
    has: Declared

    def default(self, name: str) -> str:
        """The default of a variable; empty for none."""
        return (self.variables[name].value.default or "") if name in self.variables else ""


def guessed(known: Known, name: str) -> str | None:
    """The dialect of a variable: by its default, its name, or what the project's own example files give it."""
    told = settings_drivers.dialect(known.default(name)) or settings_drivers.named(name)
    return told or settings_drivers.dialect(settings_examples.value(known.code.source, name))


def parts(known: Known, names: Sequence[str], dialect: str | None) -> tuple[str, ...]:
    """The variables among `names` that must be given: not a scheme's, nor a cache's credentials that may be empty."""
    found = []
    for name in names:
        fact = known.variables.get(name)
        if fact is None or known.default(name).endswith("://"):
            continue
        optional = re.search(r"USER|PASS|PWD|CREDENTIALS|SSL|TLS|(?:_|^)DB$|INDEX|BASE$", name) is not None
        if dialect == "redis" and optional and not fact.value.required and known.default(name) in {"", "0"}:
            continue
        found.append(name)
    return tuple(found)


def by_name(known: Known, before: Fact[Database] | None) -> Fact[Database] | None:
    """The database by its variables' names: one for the URL, or several for its parts; with what `before` knew."""
    opened = before.value if before else None
    for name in _candidates(known):
        fact, default = known.variables[name], known.default(name)
        said = opened.dialect if opened else guessed(known, name)
        found = _database(known, said or settings_drivers.only(known.has, asynchronous=False), opened, default)
        if found:
            url = default if settings_drivers.dialect(default) else None
            return Fact(replace(found, variable=name, url=url), fact.because, "likely")
    return _of_parts(known, opened)


def _of_parts(known: Known, opened: Database | None) -> Fact[Database] | None:
    switch = _switch(known)
    for group, names in _groups(known).items():
        said, because = settings_drivers.named(group), known.variables[names[0]].because
        if switch and said and said != switch.value.dialect:
            return replace(switch, others=(f"{said} by {', '.join(names)} at {because}",))
        chosen = opened.dialect if opened else switch.value.dialect if switch else said
        if chosen == "sqlite":  # it has none: they are of another one that may be chosen
            base = opened or Database(dialect="sqlite")
            return Fact(base, because, "likely", others=(f"a server by {', '.join(names)} at {because}",))
        found = _database(known, chosen or settings_drivers.only(known.has, asynchronous=False), opened, "")
        if found and len(names) > 1:
            return Fact(replace(found, parts=names), because, "likely")
    return None


def _database(known: Known, dialect: str | None, opened: Database | None, url: str) -> Database | None:
    """A database of a dialect that rows are kept in, with the driver that a URL of it would take."""
    if dialect is None or dialect not in MAIN:
        return None
    if opened:
        return replace(opened, dialect=dialect)
    driver = settings_drivers.driver(dialect, url, known.has, asynchronous=False)
    driver = driver or settings_drivers.driver(dialect, "", known.has, asynchronous=True)
    return Database(dialect=dialect, driver=driver, is_async=settings_drivers.asynchronous(driver))


def _switch(known: Known) -> Fact[Database] | None:
    """The database that a variable chooses by its kind: `DB_ENGINE` with the default `sqlite`."""
    for name, fact in known.variables.items():
        chosen = settings_drivers.dialect(f"{known.default(name).lower()}://") if _SWITCH.search(name) else None
        if chosen and (found := _database(known, chosen, None, known.default(name))):
            return Fact(found, fact.because, "likely")
    return None


def _candidates(known: Known) -> Iterator[str]:
    """The variables that may hold the URL, the likeliest first; none that holds an address of something else."""
    for wanted in _NAMES:
        for name in known.variables:
            default = known.default(name)
            other = "://" in default and settings_drivers.dialect(default) is None
            if not other and (name.upper() == wanted or name.upper().endswith("_" + wanted)):
                yield name
    yield from (name for name in known.variables if settings_drivers.dialect(known.default(name)) in MAIN)


def _groups(known: Known) -> dict[str, tuple[str, ...]]:
    """The parts of URLs by what their names begin with, the fullest group first."""
    found: dict[str, tuple[str, ...]] = {}
    for name in known.variables:
        if match := _PART.fullmatch(name.upper()):
            group = match["group"].rstrip("_")
            found[group] = (*found.get(group, ()), name)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def redis(known: Known) -> Iterator[Fact[Database]]:
    """Redis, where a client is installed and variables are called so, or an extra of a cache's library asks for it."""
    if settings_drivers.client(known.has, ("redis", "arq")):
        start = r"(?:^|_)REDIS(?:_\w+)?_"
        urls = [name for name in known.variables if re.search(f"{start}(?:URL|URI|DSN)$", name)]
        hosts = [name for name in known.variables if re.search(f"{start}(?:HOST|HOSTNAME|PORT|SERVER)$", name)]
        if urls:
            yield Fact(Database(dialect="redis", variable=urls[0]), known.variables[urls[0]].because, "likely")
            return
        if hosts:
            yield Fact(Database(dialect="redis", parts=tuple(hosts)), known.variables[hosts[0]].because, "likely")
            return
    extras = sorted(name for name in known.has.names if name.endswith("[redis]"))
    if extras:
        yield Fact(Database(dialect="redis"), f"the dependency {extras[0]}", "guess")
