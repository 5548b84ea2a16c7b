"""The setting `workers` → the processes that it names, and back: a kind, a target, a role, what the command is given.

`celery app.tasks:celery`, `celery app.tasks:celery scheduler`, `rq high low`, `celery app.tasks:celery -Q mail -c 2`.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from lading.detect import workers_commands
from lading.detect.evidence_servers import Start
from lading.errors import BadInput
from lading.model import Worker

KINDS = ("celery", "dramatiq", "arq", "rq", "taskiq", "huey", "faststream", "apscheduler", "repeat_every")
_ROLES = ("worker", "scheduler", "in-process")
#: Objects, modules, names of queues.
_TARGET = re.compile(r"[\w.: -]*")


def worker(text: str, where: str, found: Sequence[Worker]) -> Worker:
    """The process that one text of the setting names; what it does not say is as that of `found` has it.

    `where` is the setting's place. Raises `BadInput` for what is no worker, and for arguments that none can be given.
    """
    kind, target, role, arguments = _parts(text, where)
    if kind not in KINDS or not (target or role == "in-process") or not _TARGET.fullmatch(target):
        raise BadInput(
            f"`{text}` is no worker: it is a kind, `module:object`, and a role where it is not `worker`",
            where=where,
            hint=_meant(text, Worker(kind=kind, target=target, role=role, arguments=arguments)),
        )
    if reason := next(_wrong(kind, role, arguments), ""):
        raise BadInput(f"`{text}`: {reason[0]}", where=where, hint=reason[1])
    same = next((one for one in found if (one.kind, one.target, one.role) == (kind, target, role)), None)
    like = next((one for one in found if one.kind == kind), None)
    queues = tuple(target.split()) if kind == "rq" else workers_commands.queues(kind, arguments)
    made = same or Worker(kind=kind, target=target, role=role, queues=queues, broker=like.broker if like else None)
    return replace(made, arguments=arguments, queues=queues or made.queues) if arguments else made


def said(one: Worker) -> str:
    """What the setting says of a worker."""
    words = (one.kind, one.target, "" if one.role == "worker" else one.role, shlex.join(one.arguments))
    return " ".join(word for word in words if word)


def _parts(text: str, where: str) -> tuple[str, str, Any, tuple[str, ...]]:
    try:
        kind, *words = shlex.split(text) or [""]
    except ValueError as error:
        raise BadInput(
            f"`{text}` has a quote that nothing closes", where=where, hint="close it, or leave it out"
        ) from error
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    named, arguments = words[:first], tuple(workers_commands.apart(words[first:]))
    role = named.pop() if named and named[-1] in _ROLES else "worker"
    return kind, " ".join(named), role, arguments


def _meant(text: str, one: Worker) -> str:
    """The nearest that is one: a command as a shell takes it, too, `celery -A app.tasks:celery worker`."""
    near = difflib.get_close_matches(one.kind, KINDS, n=1)
    if not near:
        return f"the kinds are {', '.join(KINDS)}"
    read = workers_commands.PROGRAMS.get(near[0])
    fact = read(Start(program=near[0], argv=tuple(shlex.split(text)), where="", kind="")) if read else None
    meant = fact.value if fact and not one.target else replace(one, kind=near[0])
    # What no target can be is not said again.
    return (
        f"did you mean `{said(meant)}`?"
        if meant.target and _TARGET.fullmatch(meant.target)
        else "as in `celery app.tasks:celery`"
    )


def _wrong(kind: str, role: str, arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What cannot be an argument, and what to do instead."""
    if arguments and role == "in-process":
        yield "what runs in the server's process has no command, and so no arguments", "leave them out"
    for word in arguments:
        name = word.partition("=")[0]
        if name in workers_commands.DROPPED.get(kind, ()):
            yield (
                f"`{name}` is not the worker's to say",
                "the target says what is run, a variable where the broker is, and the container the rest",
            )
        elif name in workers_commands.DEVELOPS:
            yield f"`{name}` is for developing alone", "leave it out: in the image no code changes"
        elif "://" in word:
            yield "an address is no argument: who lists processes sees it", "give it as the broker's variable"
        elif "$" in word or workers_commands.OPERATORS.fullmatch(word):
            yield f"no shell reads `{word}`", "say the value itself, and leave out what a shell would do"
