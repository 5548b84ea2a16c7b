"""What we found: the facts about a source tree, each with the place that told us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T_co = TypeVar("T_co", covariant=True)


Confidence = Literal["sure", "likely", "guess"]


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """A value and what told us: `Fact("app.main:app", "app/main.py:18")`.

    `confidence` is `sure` where a file says it, `likely` where several things point to it, `guess` where it is only the
    usual way. `others` are the candidates that lost, each with its own place and reason, best first; `key` is the
    setting that settles it.
    """

    value: T_co
    because: str
    confidence: Confidence = "sure"
    others: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A backend of a repository that may hold several."""

    name: str
    folder: str  # from the repository's root; "." for the root itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A package index beside the usual one. Its credentials are never kept, only that it needs some."""

    name: str
    url: str  # without user and password
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The production dependencies, as the project declares them."""

    manager: str  # a key of dependencies.MANAGERS
    files: tuple[str, ...]  # every file that decides, the entry file first
    requirements: tuple[str, ...]  # PEP 508, direct ones only
    locked: bool  # every distribution, transitive ones too, is pinned by hash
    pinned: tuple[str, ...] = ()  # `name==version ; marker --hash=…`: the closure that a lock of another format holds
    extras: tuple[str, ...] = ()  # of the project's own that production needs
    indexes: tuple[Index, ...] = ()
    local: tuple[str, ...] = ()  # folders and archives, from the project's root, that are installed after the others
    install: bool = False  # the project itself must be installed: it asks for its metadata, entry points or plug-ins


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaging:
    """What building the project's own distribution needs. Paths are from the project's root."""

    backend: str  # hatchling.build …
    files: tuple[str, ...] = ()  # readme, licence files, version files, build hooks: they must reach the builder
    version: str = "static"  # static, attr, file, vcs
    members: tuple[str, ...] = ()  # workspace members and path dependencies
    git: bool = False  # a dependency or the version comes out of git


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an ASGI server is given."""

    target: str  # module:attribute
    factory: bool = False  # the attribute is called to get the application
    folder: str = "."  # the folder that must be importable, from the project's root
    folders: tuple[str, ...] = ()  # others that must be too: modules in them are imported by their bare names
    kept: tuple[str, ...] = ()  # what it imports from folders that an image has not, such as those of tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The program that serves the application, and how the project starts it."""

    kind: str  # uvicorn, gunicorn (with uvicorn workers), hypercorn, granian
    declared: bool = True  # among the dependencies
    workers: int | None = None
    root_path: str | None = None
    proxy_headers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A GET route that says how the application is."""

    path: str
    kind: Literal["liveness", "readiness", "metrics", "schema"] = "liveness"
    guarded: bool = False  # it asks for authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable that the project reads."""

    name: str
    default: str | None = None  # None: there is none, or it is not a constant
    required: bool = False  # read in a way that fails when it is unset, and has no default
    secret: bool = False
    type: str = "str"  # str, int, float, bool, list, url, path, json, enum, account (`user:password`)
    allowed: tuple[str, ...] = ()  # where only some values are taken
    least: int | None = None  # characters that a value must have
    example: str | None = None  # of one that is required: what the project's own `.env.example` gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """The variable that says from which origins a browser may call, and how it holds them."""

    variable: str
    written: Literal["json", "comma", "one"] = "one"  # a JSON list; with commas between them; one, or by other marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The store that the project keeps its rows in."""

    dialect: str  # SQLAlchemy's name: sqlite, postgresql, mysql …; mongodb, redis
    variable: str | None = None  # the variable that holds the URL
    url: str | None = None  # the default in the code
    parts: tuple[str, ...] = ()  # the variables that the URL is put together from: host, port, user, password, name
    driver: str | None = None  # asyncpg, psycopg, aiosqlite, motor …
    is_async: bool = False
    missing: str | None = None  # a distribution that the URL's scheme needs and nothing declares
    pool: int | None = None  # pool_size + max_overflow of one process
    plain: bool = False  # the driver itself is given the URL, and knows no `postgresql+driver://`


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """How the schema is brought to its newest revision."""

    tool: Literal["alembic", "aerich", "script", "create_all"]
    config: str  # alembic.ini, from the project's root; the script; the file that calls create_all
    folder: str  # script_location, from the project's root
    heads: tuple[str, ...]  # revisions that no other revision follows
    is_async: bool = False
    variable: str | None = None  # the variable that its URL comes from
    section: str = "alembic"  # of Alembic's ini file
    url_given: bool = False  # whoever runs Alembic gives it the URL: the ini file has none, and env.py asks for one
    table: str = "alembic_version"  # where the database says what was applied, in its schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process beside the server that takes work from a queue, or starts it on time."""

    kind: str  # celery, dramatiq, arq, rq, taskiq, huey, faststream, apscheduler
    target: str  # module:object, as its own command takes it
    role: Literal["worker", "scheduler", "in-process"] = "worker"
    queues: tuple[str, ...] = ()
    broker: str | None = None  # the variable of the broker's URL
    arguments: tuple[str, ...] = ()  # what the project's own command says beside the target


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """A Debian package that something in the locked set needs."""

    name: str
    stage: Literal["build", "run"]
    needed_by: str  # the distribution, or the call in the code


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file or folder that the code reads or writes at run time."""

    path: str
    use: Literal["templates", "static", "data", "certificates", "uploads", "logs", "cache", "settings"]
    written: bool = False
    present: bool = True  # in the tree; one that is not must be built or given before the start
    variable: str | None = None  # the environment variable that it is the default of, or is below
    made: bool = False  # the code makes the folder itself
    opened: bool = False  # the code writes it as a file
    needed: bool = False  # the start fails without it
    relative: bool = False  # to the folder that the server is started in
    at: str | None = None  # where it is then, from the root; None where the tree has what is written, or it is outside
    lacks: str | None = None  # what of that, from the root, the tree does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the files of `lading init` stand. Paths are from the root of what the builder is sent."""

    dockerfile: str = "Dockerfile"
    code: str = "."  # the backend's own folder: `backend` where the repository's root is sent
    home: str = "."  # the folder of all but the Dockerfile: `code` where several backends share that root

    @property
    def ignore(self) -> str:
        """The ignore file that holds for this backend; the root's is nobody's where several share it."""
        return ".dockerignore" if self.home == "." else f"{self.dockerfile}.dockerignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a source tree is, each fact with the place that told us."""

    name: Fact[str]
    dependencies: Fact[Dependencies]
    application: Fact[Application]
    python: Fact[str] | None = None  # a version specifier, PEP 440
    interpreter: Fact[str] | None = None  # the minor version that the authors run: "3.11"
    newest: Fact[str] | None = None  # the newest minor version that the lock has all wheels for, where not the last
    server: Fact[Server] | None = None
    health: Fact[str] | None = None  # the path of a GET route
    routes: tuple[Fact[Route], ...] = ()  # liveness, readiness, metrics, schema
    environment: tuple[Fact[Variable], ...] = ()
    host: Fact[str] | None = None  # names of the variables that bind the server
    port: Fact[str] | None = None
    log_level: Fact[str] | None = None
    cors: Fact[Cors] | None = None
    listens: Fact[int] | None = None  # the port that the project's own start command binds
    database: Fact[Database] | None = None
    stores: tuple[Fact[Database], ...] = ()  # others beside it: a cache, a document store
    migrations: Fact[Migrations] | None = None
    workers: tuple[Fact[Worker], ...] = ()
    packaging: Fact[Packaging] | None = None
    system: tuple[Fact[SystemPackage], ...] = ()
    paths: tuple[Fact[Place], ...] = ()
    working: Fact[str] | None = None  # the folder that the server is started in, where that is not the root
    starts_programs: Fact[bool] | None = None  # the code starts programs of its own; the first place that does
    front_end: Fact[str] | None = None  # a folder of built files that the application serves itself
    layout: Fact[Layout] | None = None  # where the Dockerfile stands, where that is not in the backend's own folder
    services: tuple[Fact[Service], ...] = ()  # every backend of the repository, this one among them
    notes: tuple[Fact[str], ...] = ()  # sentences that the user should know, each with its place
