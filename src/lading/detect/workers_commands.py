"""A command that the project starts → the worker or the scheduler that it is: its object and its queues."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile, takewhile

from lading.detect.evidence_servers import Start
from lading.detect.workers_code import Role
from lading.model import Fact, Worker


def _celery(start: Start) -> Fact[Worker] | None:
    app = _option(start.argv, "-A", "--app")
    words = start.argv
    scheduler = "beat" in words
    if not scheduler and "worker" not in words:
        return None  # flower, inspect, control
    return _said(start, "celery", app or "", "scheduler" if scheduler else "worker", queues("celery", words))


def _dramatiq(start: Start) -> Fact[Worker] | None:
    """`dramatiq jobs:broker jobs.mail jobs.bills --queues high low`: every module with actors is a part of it."""
    modules = list(takewhile(_MODULE.fullmatch, dropwhile(lambda word: not _MODULE.fullmatch(word), start.argv[1:])))
    named = queues("dramatiq", start.argv[1:])
    return _said(start, "dramatiq", " ".join(modules), "worker", named) if modules else None


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
    named = [
        word
        for before, word in zip(("", *rest), rest, strict=False)
        if not word.startswith("-") and before not in {"--url", "-u"}
    ]
    named = [word for word in named if re.fullmatch(r"[\w-]+", word)]
    return _said(start, "rq", " ".join(named) or "default", "worker", tuple(named))


PROGRAMS: Mapping[str, Callable[[Start], Fact[Worker] | None]] = {
    "celery": _celery, "taskiq": _taskiq, "rq": _rq, "rqworker": _rq, "arq": _positional("arq", r"\."),
    "dramatiq": _dramatiq, "faststream": _positional("faststream", ":"),
    "huey_consumer": _positional("huey", r"\."), "huey_consumer.py": _positional("huey", r"\."),
}  # fmt: skip


def queues(kind: str, words: Sequence[str]) -> tuple[str, ...]:
    """The queues that an option of a command names."""
    if kind == "celery":
        return tuple(filter(None, (_option(apart(words), "-Q", "--queues") or "").split(",")))
    groups = _groups(words) if kind == "dramatiq" else ()
    return next((group[1:] for group in groups if group[0] in {"-Q", "--queues"}), ())


def _option(given: Iterable[str], *wanted: str) -> str | None:
    words = list(given)
    for word, after in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name in wanted:
            return value if equals else after
    return None


#: What says where the program is, and not how it runs; what only a service of the system asks for; what is an address.
DROPPED: Mapping[str, frozenset[str]] = {
    "celery": frozenset({"-A", "--app", "-b", "--broker", "-D", "--detach", "--pidfile", "-f", "--logfile",
                         "--workdir", "--uid", "--gid"}),
    "rq": frozenset({"-u", "--url", "--path", "-P", "--pid"}),
    "dramatiq": frozenset({"--pid-file", "--path", "-P"}),
    "taskiq": frozenset({"--app-dir"}),
    "faststream": frozenset({"--app-dir"}),
    "huey": frozenset({"-l", "--logfile"}),
}  # fmt: skip
#: Only who develops wants it: whatever stands beside it is for developing, too.
DEVELOPS = frozenset({"--reload", "--reload-dir", "--watch", "--watch-use-polling", "--reload-ext", "--dev"})
OPERATORS = re.compile(r"[&|;]+|\d?>.*|<.*")
_MODULE = re.compile(r"[A-Za-z_][\w.]*:?[\w.]*")
#: One letter with its value in the same word: `-c4`, `-Qmail`.
_GLUED = re.compile(r"-[A-Za-z][\w,.]+")


def _arguments(kind: str, start: Start, known: Collection[str]) -> tuple[str, ...]:
    """What a command says beside the program, the words of `known`, and what the container decides itself."""
    groups = list(_groups(start.argv[1:]))
    if start.reload or any(group[0].partition("=")[0] in DEVELOPS for group in groups):
        return ()
    found: list[str] = []
    for option, *values in groups:
        name = option.partition("=")[0]
        held = " ".join((option, *values))
        unknown = "$" in held or "://" in held or option.endswith("=") or "" in values  # a variable of the shell
        if not option or name in DROPPED.get(kind, ()) or unknown:
            continue
        found += [option, *(value for value in values if value not in known)]
    return tuple(found)


def _groups(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each option with the words that follow it; the words before the first one have an empty option."""
    group = [""]
    for word in takewhile(lambda word: not OPERATORS.fullmatch(word), apart(words)):
        if word.startswith("-") and len(word) > 1 and not word[1:2].isdecimal():
            yield tuple(group)
            group = []
        group.append(word)
    yield tuple(group)


def apart(words: Sequence[str]) -> Iterator[str]:
    """`words`, an option of one letter apart from the value that is written with it."""
    for word in words:
        yield from (word[:2], word[2:]) if _GLUED.fullmatch(word) else (word,)


def _said(start: Start, kind: str, target: str, role: Role, queues: tuple[str, ...] = ()) -> Fact[Worker]:
    known = {*target.split(), "worker", "worker-pool", "beat", "scheduler", "run", *(queues if kind == "rq" else ())}
    arguments = _arguments(kind, start, known)
    worker = Worker(kind=kind, target=target, role=role, queues=queues, arguments=arguments)
    return Fact(worker, start.where, "sure" if start.weight >= 60 else "likely", key="workers")
