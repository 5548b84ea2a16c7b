"""A file of the code → the objects of the queues' libraries in it, of which workers and schedulers are made."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from lading.detect import names
from lading.detect.code import Code, Function, Tree, bound, flat
from lading.detect.names import Place

Role = Literal["worker", "scheduler", "in-process"]

#: What a file holds that is worth parsing for this.
WORDS = (b"celery", b"Celery", b"dramatiq", b"arq", b"WorkerSettings", b"rq", b"taskiq", b"huey", b"Huey",
         b"faststream", b"apscheduler", b"repeat_every")  # fmt: skip


#: Schedulers that run in the process that makes them.
_IN_PROCESS = {"AsyncIOScheduler", "BackgroundScheduler", "AsyncScheduler", "GeventScheduler", "TornadoScheduler"}
_HUEYS = {"RedisHuey", "SqliteHuey", "PriorityRedisHuey", "FileHuey", "MemoryHuey", "RedisExpireHuey", "Huey",
          "PriorityRedisExpireHuey"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """An object, or a class, of a queue's library, where a worker's own command finds it."""

    kind: str
    path: str
    name: str
    line: int
    call: ast.Call | None = None
    role: Role = "worker"


def made(code: Code, tree: Tree, reached: Collection[str]) -> Iterator[Made]:
    for stmt in tree.statements:
        for name, value in bound(stmt):
            if isinstance(value, ast.Call):
                call = _inner(value)
                kind = _kind(code, tree.path, call, None)
                if kind and kind[0] != "apscheduler":
                    yield Made(kind[0], tree.path, name, stmt.lineno, call, kind[1])
            elif isinstance(value, ast.ClassDef) and _is_arq(code, tree.path, value):
                yield Made("arq", tree.path, name, value.lineno)
    for node, within in tree.nodes:
        match node:
            case ast.Call() if (kind := _kind(code, tree.path, node, within)) and kind[0] == "apscheduler":
                role: Role = kind[1] if tree.path in reached or kind[1] != "in-process" else "scheduler"
                yield Made("apscheduler", tree.path, "", node.lineno, node, role)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _decorated(code, tree, node)
            case _:
                pass


def _inner(call: ast.Call) -> ast.Call:
    """`Broker(…).with_result_backend(…)`: the broker."""
    while isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        call = call.func.value
    return call


def _kind(  # noqa: PLR0911 - a table
    code: Code, path: str, call: ast.Call, within: Function | None, depth: int = 0
) -> tuple[str, Role] | None:
    """The library and the role of what a call makes."""
    meaning = names.resolve(code, path, call.func, within)
    if isinstance(meaning, Place):
        return _of_own(code, meaning, depth) if depth < 3 else None
    library, last = meaning.split(".")[0] if meaning else "", meaning.rpartition(".")[2] if meaning else ""
    match library, last:
        case "celery", "Celery":
            return "celery", "worker"
        case "faststream", "FastStream" | "AsgiFastStream":
            return "faststream", "worker"
        case "huey", name if name in _HUEYS:
            return "huey", "worker"
        case "apscheduler", name if name in _IN_PROCESS:
            return "apscheduler", "in-process"
        case "apscheduler", "BlockingScheduler":
            return "apscheduler", "scheduler"
        case "rq", "Queue" | "Worker":
            return "rq", "worker"
        case name, "TaskiqScheduler" if name.startswith("taskiq"):
            return "taskiq", "scheduler"
        case name, broker if name.startswith("taskiq") and broker.endswith("Broker") and broker != "InMemoryBroker":
            return "taskiq", "worker"
        case _:
            return None


def _of_own(code: Code, meaning: Place, depth: int) -> tuple[str, Role] | None:
    """What a class or a function of the project's own makes: `def create_celery(): return Celery(…)`."""
    match meaning.node:
        case ast.ClassDef() as cls:
            for one in names.family(code, meaning.path, cls):
                if names.library(one, "celery", "Celery"):
                    return "celery", "worker"
            return None
        case ast.FunctionDef() as function:
            for stmt in flat(function.body):
                if isinstance(stmt, ast.Return) and stmt.value is not None:
                    value = stmt.value
                    if isinstance(value, ast.Name):
                        last = names.local(code, function).get(value.id, (None,))[-1]
                        value = last if isinstance(last, ast.Call) else value
                    if isinstance(value, ast.Call):
                        return _kind(code, meaning.path, value, function, depth + 1)
            return None
        case _:
            return None


def _is_arq(code: Code, path: str, cls: ast.ClassDef) -> bool:
    """The settings of arq are a class of any name with `functions` or `cron_jobs`, and `redis_settings`."""
    given = {name for stmt in cls.body for name, _ in bound(stmt)}
    if not given & {"functions", "cron_jobs"}:
        return False
    return cls.name == "WorkerSettings" or "redis_settings" in given or b"arq" in code.data(path).split(b"class ")[0]


def _decorated(code: Code, tree: Tree, function: Function) -> Iterator[Made]:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        meaning = names.resolve(code, tree.path, called)
        if meaning == "dramatiq.actor":
            yield Made("dramatiq", tree.path, "", function.lineno)
        elif isinstance(meaning, str) and meaning.rpartition(".")[2] == "repeat_every" and "." in meaning:
            yield Made("repeat_every", tree.path, function.name, function.lineno, role="in-process")
