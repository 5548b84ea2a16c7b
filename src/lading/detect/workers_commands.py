"""A command that the project starts → the worker or the scheduler that it is: its object and its queues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lading.detect.evidence_servers import Start
from lading.detect.workers_code import Role
from lading.model import Fact, Worker


def _celery(start: Start) -> Fact[Worker] | None:
    app = _option(start.argv, "-A", "--app")
    words = start.argv
    scheduler = "beat" in words
    if not scheduler and "worker" not in words:
        return None  # flower, inspect, control
    queues = (_option(words, "-Q", "--queues") or "").split(",")
    return _said(start, "celery", app or "", "scheduler" if scheduler else "worker", tuple(filter(None, queues)))


def _taskiq(start: Start) -> Fact[Worker] | None:
    verb = start.argv[1] if len(start.argv) > 2 else ""
    target = next((word for word in start.argv[2:] if ":" in word and not word.startswith("-")), "")
    role: Role = "scheduler" if verb == "scheduler" else "worker"
    return _said(start, "taskiq", target, role) if verb in {"worker", "scheduler"} and target else None


def _positional(kind: str, sign: str) -> Callable[[Start], Fact[Worker] | None]:
    def read(start: Start) -> Fact[Worker] | None:
        rest = start.argv[2:] if kind == "faststream" else start.argv[1:]
        target = next((word for word in rest if re.fullmatch(rf"[A-Za-z_][\w.]*{sign}[\w.]*", word)), "")
        return _said(start, kind, target, "worker") if target else None

    return read


def _rq(start: Start) -> Fact[Worker] | None:
    if start.program == "rq" and start.argv[1:2] not in {("worker",), ("worker-pool",)}:
        return None
    rest = start.argv[2:] if start.program == "rq" else start.argv[1:]
    queues = [
        word
        for before, word in zip(("", *rest), rest, strict=False)
        if not word.startswith("-") and before not in {"--url", "-u"}
    ]
    queues = [word for word in queues if re.fullmatch(r"[\w-]+", word)]
    return _said(start, "rq", " ".join(queues) or "default", "worker", tuple(queues))


PROGRAMS: Mapping[str, Callable[[Start], Fact[Worker] | None]] = {
    "celery": _celery, "taskiq": _taskiq, "rq": _rq, "rqworker": _rq, "arq": _positional("arq", r"\."),
    "dramatiq": _positional("dramatiq", ":?"), "faststream": _positional("faststream", ":"),
    "huey_consumer": _positional("huey", r"\."), "huey_consumer.py": _positional("huey", r"\."),
}  # fmt: skip


def _option(words: Sequence[str], *wanted: str) -> str | None:
    for word, after in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name in wanted:
            return value if equals else after
    return None


def _said(start: Start, kind: str, target: str, role: Role, queues: tuple[str, ...] = ()) -> Fact[Worker]:
    worker = Worker(kind=kind, target=target, role=role, queues=queues)
    return Fact(worker, start.where, "sure" if start.weight >= 60 else "likely", key="workers")
