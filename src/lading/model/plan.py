"""What must be in the image: contents, not commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lading.model.project import Cors, Database, Dependencies, Layout, Migrations, Packaging, Variable

#: Raised when a plan written by one version of lading can no longer be read by another.
PLAN_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the image stands on: an image for Docker's builder, Debian packages for ours."""

    image: str
    suite: str  # of Debian; empty where none has an interpreter that the project allows
    python: str  # the minor version of the suite's interpreter: "3.13"
    packages: tuple[str, ...]  # of the image
    build: tuple[str, ...] = ()  # of the stage alone that compiles what has no wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The project's own code, under /app."""

    target: str
    factory: bool
    folder: str
    exclude: tuple[str, ...]  # patterns of .dockerignore, in order
    working: str = "."  # the folder that every role is started in
    links: Mapping[str, str] = field(
        default_factory=dict
    )  # what the code writes where nothing moves it → on the volume
    folders: tuple[str, ...] = ()  # on the volume, which those links lead to
    blanks: tuple[str, ...] = ()  # empty files that the code fails without: `.env`, whose values the environment has


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who the container runs as."""

    name: str = "appuser"
    uid: int = 1000
    gid: int = 1000
    home: str = "/home/appuser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A setting of the server: the variable that gives it, and what holds when the variable is unset."""

    variable: str
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """Docker's HEALTHCHECK; times in seconds. `path` None takes any answer to HTTP for a sign of life."""

    path: str | None  # says that the server is alive, whatever its database does
    ready: str | None = None  # says that what the server needs is there, too
    body: str | None = None  # JSON that the answer must hold
    interval: int = 30
    timeout: int = 10
    start_period: int = 10
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The server and how it is run. Times in seconds, memory in bytes."""

    kind: str = "uvicorn"  # uvicorn, gunicorn (with uvicorn's worker), hypercorn, granian
    workers: int | Literal["auto"] = 1  # processes; auto: what the cgroup allows
    root_path: str | None = None
    keep_alive: int = 65  # longer than a load balancer keeps an idle connection, which is 60 as a rule
    memory: int = 200_000_000  # that one process takes, for `auto`
    starts_programs: bool = False  # so that somebody has to wait for those that lose their parent
    metrics: bool = False  # prometheus_client's, which several processes add up in a directory
    metrics_path: str | None = None  # where they are read, without asking for who asks
    cors: Cors | None = None  # the variable of the origins that a browser may call from


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """A service that must answer before the start: a database, a cache, a broker. No value of a secret is in it."""

    kind: str  # postgresql, mysql, mongodb, redis, amqp, kafka, nats
    role: Literal["database", "cache", "broker"]
    variable: str | None = None  # of its URL
    parts: Mapping[str, str] = field(
        default_factory=dict
    )  # host, port, user, password, credentials, database → variable
    default: Mapping[str, str] = field(default_factory=dict)  # the same, where the code has a default
    driver: str | None = None
    plain: bool = False  # its URL's scheme names no driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process beside the server, from the same image."""

    name: str  # as in `worker NAME`
    kind: str  # celery, dramatiq …
    role: Literal["worker", "scheduler"]
    target: str  # as its own command takes it
    queues: tuple[str, ...] = ()
    broker: str | None = None  # the variable of the broker's URL
    arguments: tuple[str, ...] = ()  # the project's own, beside the target


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the image must contain and how it is run: contents, not commands; the only input of every later stage."""

    version: int = PLAN_VERSION
    name: str
    base: Base
    dependencies: Dependencies
    packaging: Packaging | None = None  # how the project itself is built, where it is installed
    as_of: str | None = None  # an ISO 8601 date: resolve what is not locked as on that day
    strip: bool = True  # drop what no loader reads from shared objects
    app: App
    user: User = field(default_factory=User)
    volume: str = "/data"
    env: Mapping[str, str] = field(default_factory=dict)  # set in the image
    variables: tuple[Variable, ...] = ()  # the environment contract, for .env.example
    host: Binding
    port: Binding
    log_level: Binding
    database: Database | None = None
    migrations: Migrations | None = None
    server: Serving = field(default_factory=Serving)
    backing: tuple[Backing, ...] = ()
    programs: tuple[Program, ...] = ()
    env_files: tuple[str, ...] = ()  # files like `.env` that the application reads by itself, below /app
    health: Healthcheck
    layout: Layout = field(default_factory=Layout)
    stop_seconds: int = 10  # the grace between SIGTERM and SIGKILL
    size_limit: int | None = None  # bytes of uncompressed layers
    because: Mapping[str, str] = field(default_factory=dict)  # dotted field → what decided it
