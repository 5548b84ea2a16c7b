"""What a container did: what was asked of it, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


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
class Development:
    """What a container of the development stage did, with a copy of the source mounted over its code."""

    engine: str
    ready: float | None = None  # seconds from start to the first answer; None: never
    edited: str = ""  # the file of the copy that was changed, from the project's root
    before: Answer | None = None  # what the path that the edit adds answered before it
    served: tuple[float | None, ...] = ()  # of each edit: seconds to the first answer that shows it; None: not in time
    capabilities: tuple[str, ...] = ()  # what the debugger says that it can, as it answers `initialize`
    attached: bool = False  # whether it then took an `attach`
    debugger: str = ""  # what went wrong with it
    log: str = ""
    limit: str = ""  # why there was no container


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What containers of one image did, under one engine."""

    engine: str  # as a person would name it: "unshare (user namespace)"
    image: str  # digest
    runs: Mapping[str, Run]
    limits: tuple[str, ...] = ()  # what this engine cannot show, in sentences
