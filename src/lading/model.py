"""The nouns: frozen values that one stage hands to the next. Standard library only; nothing here does anything.

Length: the nouns are read together, and each is a few lines.

`Source` lives in `source.py`, because it alone can read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

T_co = TypeVar("T_co", covariant=True)

#: Raised when a plan written by one version of lading can no longer be read by another.
PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """A value and what told us: `Fact("app.main:app", "app/main.py:18")`."""

    value: T_co
    because: str


# ── what we found ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The production dependencies, as the project declares them."""

    manager: str  # a key of dependencies.MANAGERS
    files: tuple[str, ...]  # every file that decides, the entry file first
    requirements: tuple[str, ...]  # PEP 508, direct ones only
    locked: bool  # every distribution, transitive ones too, is pinned by hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an ASGI server is given."""

    target: str  # module:attribute
    factory: bool = False  # the attribute is called to get the application
    folder: str = "."  # the folder that must be importable, from the project's root


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable that the project reads."""

    name: str
    default: str | None = None  # None: there is none, or it is not a constant
    required: bool = False  # read in a way that fails when it is unset, and has no default
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The store that the project keeps its rows in."""

    dialect: str  # SQLAlchemy's name: sqlite, postgresql, mysql …
    variable: str | None = None  # the variable that holds the URL
    url: str | None = None  # the default in the code


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """How the schema is brought to its newest revision."""

    tool: Literal["alembic"]
    config: str  # alembic.ini, from the project's root
    folder: str  # script_location, from the project's root
    heads: tuple[str, ...]  # revisions that no other revision follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a source tree is, each fact with the place that told us."""

    name: Fact[str]
    dependencies: Fact[Dependencies]
    application: Fact[Application]
    python: Fact[str] | None = None  # a version specifier, PEP 440
    server: Fact[str] | None = None  # uvicorn, when the project declares it
    health: Fact[str] | None = None  # the path of a GET route
    environment: tuple[Fact[Variable], ...] = ()
    host: Fact[str] | None = None  # names of the variables that bind the server
    port: Fact[str] | None = None
    log_level: Fact[str] | None = None
    database: Fact[Database] | None = None
    migrations: Fact[Migrations] | None = None


# ── what must be in the image ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the image stands on: an image for Docker's builder, Debian packages for ours."""

    image: str
    suite: str
    python: str  # the minor version of the suite's interpreter: "3.13"
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The project's own code, under /app."""

    target: str
    factory: bool
    folder: str
    exclude: tuple[str, ...]  # patterns of .dockerignore, in order


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
    """Docker's HEALTHCHECK; times in seconds. `path` None asks only whether the port accepts."""

    path: str | None
    interval: int = 30
    timeout: int = 10
    start_period: int = 10
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the image must contain and how it is run: contents, not commands; the only input of every later stage."""

    version: int = PLAN_VERSION
    name: str
    base: Base
    dependencies: Dependencies
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
    health: Healthcheck
    stop_seconds: int = 10  # the grace between SIGTERM and SIGKILL
    size_limit: int = 200_000_000  # bytes of uncompressed layers
    because: Mapping[str, str] = field(default_factory=dict)  # dotted field → what decided it


# ── what was made ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: its digests and sizes in bytes, and the blob when it is on this machine."""

    digest: str  # of the blob as stored, sha256:…
    diff_id: str  # of the uncompressed tar
    size: int  # compressed
    unpacked: int  # of the uncompressed tar
    media_type: str
    made_by: str  # one line for `docker history`
    blob: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image for one platform, whichever builder made it."""

    digest: str  # of the manifest; the identifier that an engine gave it, where an engine made it
    platform: str  # linux/amd64
    config: Mapping[str, Any]  # OCI image configuration, with Docker's Healthcheck
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes of the uncompressed layers: the one size that every engine agrees on."""
        return sum(layer.unpacked for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One entry of an image's file system, or of one layer of it."""

    path: str  # absolute
    kind: Literal["file", "directory", "symlink", "hardlink", "other"]
    mode: int
    uid: int
    gid: int
    size: int = 0
    link: str = ""
    data: bytes | None = None  # only where it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in an image: each layer's own entries, and the file system that they add up to."""

    layers: tuple[tuple[File, ...], ...]  # whiteouts included, as `other`
    files: Mapping[str, File]


# ── what a container did ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start to try. A scenario is a value, so that what was asked stands beside what was seen."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    mount: Literal["volume", "bind", "tmpfs"] = "volume"
    reuse: str | None = None  # the name of an earlier start whose volume this one gets
    connect: tuple[str, int] = ("127.0.0.1", 8000)  # where the server is expected
    refused: tuple[tuple[str, int], ...] = ()  # where nobody may answer
    stall: bool = False  # stop the server's process and ask the health check
    samples: int = 0  # how many times the health path is timed
    paths: tuple[str, ...] = ()  # what else is asked, by GET


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, or why there was none."""

    path: str
    status: int | None
    body: str
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A program that was run inside the container: what it said and how it ended."""

    argv: tuple[str, ...]
    status: int | None  # None: it did not end in time
    output: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the container, with its numeric identity."""

    pid: int  # inside the container
    uid: int
    gid: int
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one start did."""

    start: Start
    ready: float | None  # seconds from start to the first answer; None: never
    exited: int | None  # the status, where it ended by itself
    answers: tuple[Answer, ...]  # the first is the one that made it ready
    samples: tuple[float, ...]  # seconds
    refused: tuple[tuple[str, int], ...]  # of the start's, those where indeed nobody answered
    processes: tuple[Process, ...]
    health: Outcome | None  # the image's own HEALTHCHECK, while all was well
    engine_health: str | None  # what the engine itself reports: healthy, unhealthy
    stalled: Outcome | None  # the same, with the server stopped by SIGSTOP
    writes: Mapping[str, Outcome]  # directory → what trying to write there gave
    written: tuple[str, ...]  # files of the root that appeared or changed, the volume and /tmp left out
    volume: tuple[str, ...]  # files under the volume afterwards
    revisions: Mapping[str, tuple[str, ...]]  # SQLite file in the volume → its alembic_version rows
    stopped: int | None  # exit status after SIGTERM; None: it had to be killed
    stop_seconds: float | None
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What containers of one image did, under one engine."""

    engine: str  # as a person would name it: "unshare (user namespace)"
    image: str  # digest
    runs: Mapping[str, Run]
    limits: tuple[str, ...] = ()  # what this engine cannot show, in sentences


# ── what we have to say ──────────────────────────────────────────────────────────────────────────────────────────────

Verdict = Literal["pass", "fail", "skip", "unknown", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check has to say. A skip and an unknown always carry their reason as the message."""

    check: str  # kebab-case, stable
    verdict: Verdict
    message: str  # the evidence: what was seen, against what was wanted
    where: str = ""  # path, path:line or path in the image
    hint: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A promise, and the checks that prove it together."""

    id: str
    title: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of the above in one value."""

    project: Project | None
    plan: Plan
    image: Image | None
    observation: Observation | None
    criteria: Sequence[Criterion]
    findings: Sequence[Finding]
    seconds: Mapping[str, float] = field(default_factory=dict)  # stage → wall time


#: Told what a long step is doing, one line at a time; the command line shows it on standard error.
Progress = Callable[[str], None]
