"""The code, its variables and the dependencies → the database, the stores beside it, and what the user should know."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from lading.detect import settings_drivers, settings_stores, settings_text, stores
from lading.detect.code import Code
from lading.detect.settings_stores import MAIN, Known
from lading.detect.stores import Opened
from lading.model import Confidence, Database, Dependencies, Fact, Migrations, Variable
from lading.settings import Settings
from lading.source import Source

#: Libraries that open a file by its path, and not by a URL.
_FILES = frozenset({"sqlite3", "aiosqlite", "peewee"})

#: Files that processes beside the server may run.
_WORKS = re.compile(r"(?:^|/)env\.py$|worker|task|celery|queue|consumer|job|broker|stream", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Data:
    """The database, the stores beside it, and the sentences about them."""

    main: Fact[Database] | None
    stores: tuple[Fact[Database], ...] = ()
    notes: tuple[Fact[str], ...] = ()


def detect(
    code: Code, reached: Collection[str], variables: Sequence[Fact[Variable]], dependencies: Dependencies
) -> Data:
    """What engines and clients are opened with, else variables that are called like a database's."""
    by_name = {fact.value.name: fact for fact in variables}
    known = Known(code, reached, by_name, settings_drivers.declared(dependencies))
    every = [(one, fact) for one in _ordered(known) if (fact := _fact(known, one))]
    found = list({_identity(fact.value): fact for _, fact in reversed(every)}.values())[::-1]
    # What only a script opens is told, and is none of the backend's stores.
    used = {fact for one, fact in every if one.path in reached or _WORKS.search(one.path)}
    imported = any(one.path in reached for one, _ in every)
    scripts = {fact for _, fact in every if imported and fact not in used}
    main = next((fact for fact in found if fact.value.dialect in MAIN), None)
    if main is None or not _tells(main.value):
        main = settings_stores.by_name(known, main) or main
    beside = [fact for fact in found if fact is not main and not (main and _covered(fact.value, main.value))]
    beside = [fact for fact in beside if fact.value.dialect not in MAIN or _tells(fact.value)]
    if not any(fact.value.dialect == "redis" for fact in beside):
        beside += settings_stores.redis(known)
    if main:
        losers = tuple(f"{_said(fact.value)} at {fact.because}" for fact in beside if fact.value.dialect in MAIN)
        losers += tuple(_unused(known, {fact.value.dialect for fact in (main, *beside)}))
        key = "database-variable" if main.value.variable else "database-dialect"
        main = replace(main, others=(*main.others, *losers), key=key)
    return Data(main, _without_doubles([fact for fact in beside if fact not in scripts]), tuple(_notes(known, main)))


def with_migrations(
    data: Data, migrated: Fact[Migrations] | None, variables: Sequence[Fact[Variable]], dependencies: Dependencies
) -> Data:
    """`data` with the URL that only the migrations open, where it is a variable's: it leads to the same database."""
    name = migrated.value.variable if migrated else None
    fact = next((one for one in variables if one.value.name == name), None)
    facts = [one for one in (data.main, *data.stores) if one]
    told = {name for one in facts for name in (one.value.variable, *one.value.parts)}
    if fact is None or name in told or data.main is None or migrated is None or data.main.value.dialect == "sqlite":
        return data
    dialect, is_async = data.main.value.dialect, migrated.value.is_async
    has = settings_drivers.declared(dependencies)
    driver = settings_drivers.driver(dialect, fact.value.default or "", has, asynchronous=is_async)
    store = Database(dialect=dialect, variable=name, driver=driver, is_async=is_async)
    return replace(data, stores=(*data.stores, Fact(store, fact.because, "likely", key="stores")))


def _ordered(known: Known) -> list[Opened]:
    """The places that open a store, the likeliest to be the database first: relational, imported, with a variable."""

    def rank(one: Opened) -> tuple[bool, ...]:
        given = one.value is not None and (one.value.variable is not None or bool(one.value.parts))
        told = (one.value.variable or "", *one.value.parts) if one.value else ()
        return (
            one.path not in known.reached,
            any(settings_text.OF_TESTS.search(name) for name in told),
            one.dialect == "redis",
            one.library in {"sqlite3", "aiosqlite"} and not given,
            one.value is None,
            not given,
            one.dialect == "mongodb",
        )

    return sorted(stores.opened(known.code), key=lambda one: (rank(one), one.path, one.line))


def _fact(known: Known, one: Opened) -> Fact[Database] | None:
    """What one place that opens a store says; None where it is of no store that the project installs a client of."""
    value, text = one.value, one.value.text if one.value else ""
    variable = value.variable if value and value.variable in known.variables else None
    parts = settings_stores.parts(known, value.parts if value else (), one.dialect)
    dialect, confidence = _dialect(known, one, [variable, *parts])
    if dialect is None or (dialect == "redis" and not settings_drivers.client(known.has, ("redis", "arq", "rq"))):
        return None
    if one.path not in known.reached and not (variable or parts) and one.dialect != dialect:
        return None
    # SQLAlchemy goes by the scheme, whatever the engine; the others know which drivers they can use.
    loose = one.is_async and not (one.library == "sqlalchemy" and settings_drivers.is_plain(text))
    driver = one.driver or settings_drivers.driver(dialect, text, known.has, asynchronous=loose)
    found = Database(
        dialect=dialect,
        # A variable that several are made of is not the URL, whatever it is called.
        variable=None if parts else variable,
        url=_url(one, text, dialect),
        parts=parts,
        driver=driver,
        is_async=one.is_async or settings_drivers.asynchronous(driver),
        missing=settings_drivers.missing(driver, known.has) if "://" in text and one.library != "tortoise" else None,
        pool=one.pool if dialect != "sqlite" else None,
        plain=dialect in {"postgresql", "mysql"} and one.library in stores.DRIVERS and not _shared(known, variable),
    )
    return Fact(found, value.where if value and value.where else f"{one.path}:{one.line}", confidence)


def _shared(known: Known, variable: str | None) -> bool:
    """Whether something that is no driver opens what the variable says, too: that may want a driver in its URL."""
    every = (one for one in stores.opened(known.code) if one.value and one.value.variable == variable)
    return variable is not None and any(one.library not in stores.DRIVERS for one in every)


def _dialect(known: Known, one: Opened, names: Sequence[str | None]) -> tuple[str | None, Confidence]:
    """The dialect that the code says, else the one that its variables do, else the only one that has a driver."""
    if one.dialect:
        return one.dialect, "sure"
    told = next((said for name in names if name and (said := settings_stores.guessed(known, name))), None)
    return told or settings_drivers.only(known.has, asynchronous=one.is_async), "likely"


def _url(one: Opened, text: str, dialect: str) -> str | None:
    """The URL in the code, all of it."""
    if one.value is None or not one.value.whole or not text:
        return None
    if settings_drivers.dialect(text):
        return text
    return f"sqlite:///{text}" if dialect == "sqlite" and one.library in _FILES else None


def _identity(database: Database) -> tuple[object, ...]:
    url = database.url if not database.variable else None
    return database.dialect, database.variable, frozenset(database.parts), url


def _covered(one: Database, main: Database) -> bool:
    """Whether `one` says of the main database what is known already, or less."""
    if one.dialect != main.dialect:
        return False
    mine = {one.variable, *one.parts} - {None}
    return mine <= {main.variable, *main.parts} and one.url in {None, main.url}


def _without_doubles(found: Sequence[Fact[Database]]) -> tuple[Fact[Database], ...]:
    """Those that say something: an opening of the same dialect that tells less than another adds nothing."""
    kept: list[Fact[Database]] = []
    for fact in sorted(found, key=lambda one: not (one.value.variable or one.value.parts)):
        if not any(_covered(fact.value, other.value) for other in kept):
            kept.append(replace(fact, key="stores"))
    return tuple(kept)


def _tells(database: Database) -> bool:
    """Whether it is known what is opened."""
    return bool(database.variable or database.parts or database.url)


def _unused(known: Known, told: Collection[str]) -> Iterator[str]:
    """The dialects beside those of `told` that a driver is installed for: the variable may name one of them."""
    for dialect, brought, _ in settings_drivers.DRIVERS.values():
        name = next((name for name in brought if known.has.any(name)), None)
        if name and dialect in MAIN and dialect not in {"sqlite", *told}:
            told = {*told, dialect}
            yield f"{dialect}: its driver `{name}` is declared, and nothing opens it unless a variable says so"


def _said(database: Database) -> str:
    url = re.sub(r"(?<=://)[^/@]*@", "…@", database.url or "")  # never its password
    return f"{database.dialect} by {database.variable or ', '.join(database.parts) or url or 'what is not known'}"


def _notes(known: Known, main: Fact[Database] | None) -> Iterator[Fact[str]]:
    """What the user should know of the database before it is put in a container."""
    if main is None:
        return
    value, where, has = main.value, main.because, known.has
    url = value.url or ""
    if value.missing:
        told = f"the database's URL needs the driver {value.driver}: nothing declares `{value.missing}`"
        yield Fact(told, where, main.confidence if has.locked else "likely")
    new = has.any("sqlalchemy", "sqlmodel") and has.versions.get("sqlalchemy", (2,)) >= (1, 4)
    if url.startswith("postgres://") and new:
        yield Fact("SQLAlchemy refuses `postgres://` since 1.4: write `postgresql://`", where)
    blocking = value.driver in {"psycopg2", "mysqldb"}
    if value.is_async and settings_drivers.is_plain(url) and blocking:
        told = "an asynchronous engine needs an asynchronous driver in its URL, like `postgresql+asyncpg://`"
        yield Fact(told, where, "likely")
    asyncio = known.code.holding(b"create_async_engine", b"AsyncEngine", b"AsyncSession", b"async_engine_from_config")
    if value.is_async and asyncio and has.locked and has.any("sqlalchemy") and not has.any("greenlet"):
        yield Fact("SQLAlchemy's asyncio needs greenlet, which nothing locks: declare `sqlalchemy[asyncio]`", where)
    if value.dialect == "sqlite" and url:
        yield from _file(value, url, where)


def _file(value: Database, url: str, where: str) -> Iterator[Fact[str]]:
    """Where SQLite keeps its file, and that a container loses it."""
    path = re.sub(r"^[\w+]+:(?://)?/?", "", url).partition("?")[0]
    if ":memory:" in url or not path:
        yield Fact("the database is in memory: it is empty at every start", where)
    elif not path.startswith("/") and value.variable:  # what no variable moves is led there by a link
        by = f"set {value.variable} to a file on one"
        yield Fact(f"SQLite keeps `{path}` in the working directory, and not on a volume: {by}", where)


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every place that opens a store, in the order of likelihood, and what it opens it with."""
    from lading import dependencies
    from lading.detect import application, environment, reach

    code = Code(source)
    chosen = application.detect(code, settings)
    reached = reach.reach(code, chosen.path)
    needs = dependencies.find(source).value
    by_name = {fact.value.name: fact for fact in environment.variables(code, reached, "", needs)}
    known = Known(code, reached, by_name, settings_drivers.declared(needs))
    told = []
    for one in _ordered(known):
        fact = _fact(known, one)
        imported = "imported by the application" if one.path in reached else "not imported by the application"
        what = _said(fact.value) if fact else f"{one.dialect or 'a dialect that nothing tells'}, without a client"
        told.append(f"{one.path}:{one.line}: {one.library} opens {what}; {imported}")
    if not told:
        told.append("no call that opens a store is in the code; its variables' names decide")
    drivers = sorted(
        name for name, (_, brought, _) in settings_drivers.DRIVERS.items() if brought and known.has.any(*brought)
    )
    told.append(f"drivers that are declared: {', '.join(drivers) or 'none, so that only SQLite works'}")
    return tuple(told)
