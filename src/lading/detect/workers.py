"""The code and the evidence → the processes beside the server: what takes work from a queue, what starts it on time."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from lading.detect import evidence, evidence_follow, evidence_tasks, names, reach, services, values
from lading.detect.code import Code, Function
from lading.detect.evidence_servers import SERVERS
from lading.detect.workers_code import WORDS, Made, made
from lading.detect.workers_commands import PROGRAMS
from lading.model import Fact, Variable, Worker
from lading.settings import Settings
from lading.source import Source

#: A variable with a broker's address, without the project's own prefix, by what reads it; the likeliest first.
_BROKERS = (
    "CELERY_BROKER_URL", "CELERY_BROKER", "BROKER_URL", "BROKER", "RABBITMQ_URL", "AMQP_URL", "RABBITMQ_URI",
    "REDIS_URL", "REDIS_URI", "REDIS_DSN", "REDIS_HOST", "REDIS_QUEUE_HOST", "RABBITMQ_HOST", "KAFKA_URL",
    "KAFKA_BOOTSTRAP_SERVERS", "NATS_URL",
)  # fmt: skip

#: Of the variables that an address is put together of, the one that says where it is.
_HOST = re.compile(r"HOST(?:_?NAME)?$|SERVER$|ADDR(?:ESS)?$")


def detect(
    code: Code, folder: str, reached: Collection[str], variables: Sequence[Fact[Variable]]
) -> tuple[Fact[Worker], ...]:
    """Every worker and scheduler. `folder` is the application's, from which modules are named; `reached` its files.

    One that a Dockerfile, a compose file or a script starts is surer than one that the code only makes.
    """
    objects = [one for path in code.holding(*WORDS) if (tree := code.tree(path)) for one in made(code, tree, reached)]
    commands = [start for start in evidence.read(code).starts if start.program in PROGRAMS]
    found: dict[tuple[str, str, str], Fact[Worker]] = {}
    for start in commands:
        fact = PROGRAMS[start.program](start)
        if fact:
            fact = _matched(code, folder, fact, objects)
            same = (fact.value.kind, str(fact.value.role), fact.value.target)
            before = found.setdefault(same, _agreed(code, folder, fact, objects))
            if not before.value.arguments and fact.value.arguments and not before.value.queues:
                # The weightier start is one for developing, or says nothing of how it runs.
                found[same] = replace(before, value=replace(before.value, arguments=fact.value.arguments))
    started = {(kind, role) for kind, role, _ in found}
    for one in objects:
        fact = _fact(code, folder, one)
        if (fact.value.kind, fact.value.role) not in started:
            found.setdefault((fact.value.kind, fact.value.role, fact.value.target), fact)
    for key, fact in found.items():
        broker = fact.value.broker or _broker(code, fact.value, objects, variables)
        takes = fact.value.role == "worker"
        queues = fact.value.queues or (_takes(code, fact.value.kind) if takes else ())
        found[key] = replace(fact, value=replace(fact.value, broker=broker, queues=queues))
    return tuple(_once(found.values()))


def _once(facts: Collection[Fact[Worker]]) -> Iterator[Fact[Worker]]:
    """Each kind and role once where one process does it all: dramatiq is given every module with actors."""
    seen: set[tuple[str, str]] = set()
    modules = " ".join(dict.fromkeys(one.value.target for one in facts if one.value.kind == "dramatiq"))
    for fact in facts:
        if fact.value.kind == "dramatiq" and fact.confidence == "likely":
            fact = replace(fact, value=replace(fact.value, target=modules[:500]))  # noqa: PLW2901
        key = (fact.value.kind, fact.value.role)
        code_only = fact.confidence == "likely" and fact.value.kind in {"dramatiq", "rq"}
        if code_only or fact.value.role == "in-process":
            if key in seen:
                continue
            seen.add(key)
        yield fact


def _fact(code: Code, folder: str, one: Made) -> Fact[Worker]:
    top = folder if one.path.startswith(f"{folder}/") or folder in {"", "."} else reach.importable(code, one.path)
    module = reach.dotted(one.path, "" if top == "." else top)
    dot = "." if one.kind in {"arq", "huey"} else ":"
    target = f"{module}{dot}{one.name}" if one.name else module
    worker = Worker(kind=one.kind, target=target, role=one.role)
    return Fact(worker, f"{one.path}:{one.line}", "likely" if one.role == "worker" else "sure", key="workers")


def _agreed(code: Code, folder: str, fact: Fact[Worker], objects: Sequence[Made]) -> Fact[Worker]:
    """A command of a note is sure where the code makes what it starts."""
    mine = {_fact(code, folder, one).value.target for one in objects if one.kind == fact.value.kind}
    wanted = set(fact.value.target.split())
    return replace(fact, confidence="sure") if mine and (fact.value.kind == "rq" or wanted & mine) else fact


def _matched(code: Code, folder: str, fact: Fact[Worker], objects: Sequence[Made]) -> Fact[Worker]:
    """`celery -A shop` is of `shop:celery_app`, when that is what the code makes; a README's folder may be another."""
    mine = [
        _fact(code, folder, one)
        for one in objects
        if (one.kind, one.role) in {(fact.value.kind, fact.value.role), (fact.value.kind, "worker")}
    ]
    targets = list(dict.fromkeys(one.value.target for one in mine))
    said = fact.value.target.replace(":", ".")
    for target in targets:
        plain = target.replace(":", ".")
        if (
            plain == said
            or plain.startswith(f"{said}.")
            or f".{said}".endswith(f".{plain}")
            or f".{plain}".endswith(f".{said}")
        ):
            return replace(fact, value=replace(fact.value, target=target))
    if (not said and targets) or (len(targets) == 1 and fact.value.kind == "celery"):
        return replace(fact, value=replace(fact.value, target=targets[0]))
    return fact


def _broker(code: Code, worker: Worker, objects: Sequence[Made], variables: Sequence[Fact[Variable]]) -> str | None:
    """The variable of the broker's address: what the object is made with, else by its name."""
    for one in objects:
        if one.kind == worker.kind and one.call is not None:
            given = {keyword.arg: keyword.value for keyword in one.call.keywords}
            first = one.call.args[0] if one.call.args and one.kind != "celery" else None
            for node in (given.get("broker"), given.get("url"), given.get("broker_url"), first):
                value = values.fold(code, one.path, node)
                if value and value.variable:
                    return value.variable
                if value and value.parts:
                    return next((name for name in value.parts if _HOST.search(name.upper())), value.parts[0])
    found = _dramatiq(code) if worker.kind == "dramatiq" else None
    return found if found or worker.role == "in-process" else _by_name(variables)


def _by_name(variables: Sequence[Fact[Variable]]) -> str | None:
    known = {fact.value.name.upper(): fact.value.name for fact in variables}
    for wanted in _BROKERS:
        for upper, name in known.items():
            if upper == wanted or upper.endswith(f"_{wanted}"):
                return name
    return None


def _dramatiq(code: Code) -> str | None:
    """What `RabbitmqBroker(url=…)` is given, wherever it is made: actors find the broker without naming it."""
    for path in code.holding(b"RabbitmqBroker(", b"RedisBroker("):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            meaning = names.resolve(code, path, node.func, within) if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(meaning, str) and meaning.startswith("dramatiq."):
                for keyword in node.keywords:
                    value = values.fold(code, path, keyword.value, within) if keyword.arg in {"url", "host"} else None
                    if value and (value.variable or value.parts):
                        return value.variable or value.parts[0]
    return None


def _takes(code: Code, kind: str) -> tuple[str, ...]:
    """The queues that a worker has to take from, where its command names none."""
    found = tuple(dict.fromkeys(_queues(code, kind)))
    # A task without a queue of its own goes to Celery's default one, which nobody would take from.
    unnamed = kind == "celery" and found and not code.holding(b"task_default_queue")
    return ("celery", *(name for name in found if name != "celery")) if unnamed else found


def _queues(code: Code, kind: str) -> Iterator[str]:
    """Names of queues that the code gives: `queue="x"`, `queue_name="x"`, kombu's `Queue("x")`, celery's routes."""
    if kind not in {"celery", "dramatiq", "rq", "arq", "taskiq"}:
        return
    for path in code.holding(b"queue", b"Queue", b"task_routes"):
        data = code.data(path)
        tree = code.tree(path) if kind.encode() in data.lower() or b"kombu" in data else None
        for stmt in tree.statements if tree else ():
            match stmt:
                case ast.Assign(targets=[ast.Attribute(attr="task_default_queue") | ast.Name(id="task_default_queue")]):
                    yield from _name(code, path, stmt.value, None)
                case _:
                    pass
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg in {"queue", "queue_name", "task_default_queue"}:
                        yield from _name(code, path, keyword.value, within)
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == "Queue" and node.args:
                    yield from _name(code, path, node.args[0], within)


def _name(code: Code, path: str, node: ast.expr, within: Function | None) -> Iterator[str]:
    value = values.fold(code, path, node, within)
    if value and value.whole and re.fullmatch(r"[\w.:-]{1,80}", value.text):
        yield value.text


def notes(code: Code, workers: Sequence[Fact[Worker]]) -> Iterator[Fact[str]]:
    """What the user should know: schedulers in the server's process, and commands of the project's own beside it."""
    for fact in workers:
        if fact.value.role == "in-process":
            yield Fact(
                f"{fact.value.kind} runs in the server's process: one replica with one worker, or all is done twice",
                fact.because,
                key="server-workers",
            )
    own = evidence_tasks.scripts(code)
    starts, servers = evidence.read(code).starts, evidence.read(code).servers
    serving = {start.where for start in starts if start.program in SERVERS}
    seen: set[str] = set()
    for start in starts:
        said = " ".join(start.argv)
        beside = start.kind in {"procfile", "compose", "systemd", "supervisor"} and start.where not in serving
        if beside and start.program in own and said not in seen and not evidence_follow.serves(code, start, servers):
            seen.add(said)
            yield Fact(f"`{said[:200]}` is started beside the server", start.where, "likely", key="workers")


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every command that was found beside the server's, and every object of a queue's library."""
    code = services.choose(source, settings).code
    started = [start for start in evidence.read(code).starts if start.program in PROGRAMS]
    lines = [f"{start.weight:5}  {start.where} {' '.join(start.argv)[:120]}" for start in started]
    for path in code.holding(*WORDS):
        tree = code.tree(path)
        lines += [
            f"    -  {one.path}:{one.line} makes {one.kind}" for one in (made(code, tree, code.files) if tree else ())
        ]
    return tuple(lines) or ("no command and no code of a queue was found",)
