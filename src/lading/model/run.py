"""What a container did: what was asked of it, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of the project's own, and the answer that it wants. `{name}` in it is what an earlier one kept."""

    method: str = "GET"
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)  # the fields of a form, beside the file
    file: str | None = None  # sent as the form's `file`: a path from the project's root
    status: int = 200
    contains: tuple[str, ...] = ()  # texts that the answer holds
    keep: Mapping[str, str] = field(default_factory=dict)  # name → where the value is in the JSON: `items.0.id`
    until: int = 0  # seconds for which it is asked again until it is answered so: a worker has work to do
    times: int = 1  # how often it is asked; the last answer counts
    again: bool = False  # asked of the next container on the same volume and database, too


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
    command: tuple[str, ...] = ()  # what the image is told to be; nothing: what it is by itself
    requests: tuple[Request, ...] = ()  # the project's own, in order
    scrapes: int = 0  # how many times the metrics are read, several at once
    beside: tuple[str, ...] = ()  # the programs of the plan that run with it, by name
    drain: Request | None = None  # sent by half before SIGTERM, and to its end afterwards
    handover: tuple[Request, ...] = ()  # sent again as its workers are replaced; the last one waits for their work
    twice: bool = False  # start the server a second time, in the same container
    origins: tuple[str, ...] = ()  # whose pages ask the health path too, each with a cookie, as a browser does
    stamp: str | None = None  # the revision that its database is said to be at, before it starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, or why there was none."""

    path: str
    status: int | None
    body: str
    seconds: float
    error: str = ""
    allows: Mapping[str, str] = field(default_factory=dict)  # its headers `Access-Control-Allow-…`, in small letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one request of the project's own was answered, the last time that it was asked."""

    request: Request
    answer: Answer
    kept: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""  # why a value that was to be kept is not there
    waited: float = 0.0  # seconds from the first time that it was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Messages that were sent while every worker stood still and as they then ended; others came after them."""

    held: int  # how many were sent while every worker stood still, before it was told to end
    sent: int  # in all
    refused: Reply | None = None  # the answer after which no more were sent
    early: bool = False  # whether one was done while every worker stood still
    done: int = 0  # by those that were told to end
    lost: tuple[Reply, ...] = ()  # what was answered last of those that nobody has done


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """The counters of one reading of the metrics."""

    began: float  # seconds, of one clock
    ended: float
    counters: Mapping[str, float]  # the series as it is written, with its labels → its value


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
    ready: float | None  # seconds to the first answer, of a worker to its first good health check; None: never
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
    revisions: Mapping[str, tuple[str, ...]]  # SQLite file in the volume, or database → what was applied
    stopped: int | None  # exit status after SIGTERM; None: it had to be killed
    stop_seconds: float | None
    log: str
    replies: tuple[Reply, ...] = ()
    scrapes: tuple[Scrape, ...] = ()
    foreign: tuple[tuple[str, Answer], ...] = ()  # each of the start's `origins`, with what its page was answered
    drained: Answer | None = None  # to the start's `drain`
    second: Outcome | None = None  # the server, started again where its port is taken
    handover: Handover | None = None  # of its start's messages, from its workers to those that came after them


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
    services: tuple[str, ...] = ()  # images of the backing services that ran beside
    absent: tuple[str, ...] = ()  # kinds of the plan's services that did not
    limits: tuple[str, ...] = ()  # what this engine cannot show, in sentences
