"""Plan → the starts to try: what a user may do with the container, one value each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lading.checks import storage
from lading.model import Plan, Request, Start, Variable
from lading.observe import sqlite
from lading.plan import services

#: How many containers are started at once on one empty database.
REPLICAS = 4

#: How many times the metrics are read.
_SCRAPES = 24

#: The origin that a variable names, and one that nobody does. Source: RFC 2606, which keeps `.example` for such.
ORIGIN, STRANGER = "https://lading.example", "https://stranger.example"

#: A revision that no project has.
UNKNOWN = "lading_no_such_revision"

_STAMP = """
import os, sqlite3, sys
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with sqlite3.connect(sys.argv[1]) as database:
    database.execute(f"CREATE TABLE {sys.argv[3]} (version_num VARCHAR(32) NOT NULL)")
    database.execute(f"INSERT INTO {sys.argv[3]} VALUES (?)", (sys.argv[2],))
"""

#: For a variable that must be set and has no default: long enough for a key, and plainly nobody's.
GENERATED = "lading-probe-0123456789abcdef0123456789abcdef"


def starts(plan: Plan, requests: Sequence[Request] = ()) -> tuple[Start, ...]:
    """The starts that an observation tries, a start that reuses another's volume after all that do not.

    Each kind of mount is tried once on an empty volume, and what asks nothing of the volume gets one that is up to
    date: to bring a new one there is half of what a start costs. The stall takes a second of nobody's time: it is in a
    start of the first batch, beside others that are busy. The project's own requests are put to every start on an
    empty volume; where programs beside the server have a part in them, to the one that has them beside it.
    """
    port, other = int(plan.port.default), 9000 if plan.port.default != "9000" else 9001
    given = generated(plan)
    named = _named(plan)
    here = ("127.0.0.1", port)
    asked = tuple(requests)
    alone = () if plan.programs else asked
    again = tuple(one for one in asked if one.again)
    drain = drained(asked)
    found = [
        Start(
            name="defaults", environment=given, connect=here, samples=50, requests=asked,
            scrapes=_SCRAPES if plan.server.metrics_path else 0, beside=tuple(one.name for one in plan.programs),
            origins=(ORIGIN,),
            handover=handed(asked) if any(one.role == "worker" for one in plan.programs) else (),
        )
    ]  # fmt: skip
    database = plan.database
    if database and database.dialect == "sqlite" and database.variable:
        # The driver stays the project's: an application that is asynchronous needs an asynchronous one.
        scheme = (plan.env.get(database.variable) or database.url or "sqlite:").partition(":")[0]
        url = f"{scheme}:///{plan.volume}/lading-probe.db"
        name, given_there = "database", {**given, database.variable: url}
    else:
        name, given_there = "bind", given
    found += [
        Start(
            name=name, environment=given_there, connect=here, mount="bind", requests=alone, drain=drain, twice=True
        ),
        Start(name="tmpfs", environment=given, connect=here, mount="tmpfs", stall=True, requests=alone),
        Start(
            name="port",
            environment={**given, plan.port.variable: str(other), plan.log_level.variable: "WARNING"},
            reuse="defaults",
            connect=("127.0.0.1", other),
            refused=(here,),
            requests=again,
        ),
        Start(
            name="host",
            environment={**given, plan.host.variable: "127.0.0.2", plan.log_level.variable: "debug", **named},
            reuse="defaults",
            connect=("127.0.0.2", port),
            refused=(here,),
            origins=(ORIGIN, STRANGER) if named else (),
        ),
    ]  # fmt: skip
    if services.switch(plan):
        # Its volume is its own: what the application keeps in files is there beside the database.
        found.append(Start(name="postgresql", environment=given, connect=here, requests=alone))
    if plan.database and plan.migrations and plan.migrations.tool == "alembic":
        found.append(Start(name="newer", environment=given, connect=here, stamp=UNKNOWN))
    return tuple(found)


def _named(plan: Plan) -> dict[str, str]:
    """The variable of the origins with one in it, as the code takes it; none where the start has it for another use."""
    cors = plan.server.cors
    used = {plan.host.variable, plan.port.variable, plan.log_level.variable, plan.database and plan.database.variable}
    used |= {name for one in plan.backing for name in (one.variable, *one.parts.values())}
    if cors is None or cors.variable in used:
        return {}
    return {cors.variable: json.dumps([ORIGIN]) if cors.written == "json" else ORIGIN}


def replicas(plan: Plan) -> tuple[Start, ...]:
    """Starts that are to be made at once, on one empty database: none where that is a file."""
    if plan.migrations is None or not any(one.role == "database" for one in plan.backing):
        return ()
    here = ("127.0.0.1", int(plan.port.default))
    return tuple(
        Start(name=f"replica-{number}", environment=generated(plan), connect=here, mount="tmpfs")
        for number in range(1, REPLICAS + 1)
    )


def drained(requests: Sequence[Request]) -> Request | None:
    """The first request with a body that asks for nothing that an earlier one kept."""
    names = {name for one in requests for name in one.keep}
    for one in requests:
        texts = (one.path, one.body or "", *one.headers.values(), *one.form.values())
        if (one.body or one.form or one.file) and not any(f"{{{name}}}" in text for name in names for text in texts):
            return one
    return None


def handed(requests: Sequence[Request]) -> tuple[Request, ...]:
    """The first request that waits for a worker, and before it those that give the worker its work.

    They begin with the last one that changes something and keeps what the waiting one is about: without that nobody
    could tell one message from another. None where no request waits so.
    """
    for place, one in enumerate(requests):
        for first in range(place - 1, -1, -1) if one.until else ():
            if _changes(requests[first]) and any(about(one, name) for name in requests[first].keep):
                steps = requests[first:place]
                return (*(step for step in steps if _changes(step) or step.keep), one)
    return ()


def about(request: Request, name: str) -> bool:
    """Whether what was kept as `name` is what `request` asks for, or wants to hear; headers say who asks."""
    texts = (request.path, request.body or "", *request.form.values(), *request.contains)
    return any(f"{{{name}}}" in text for text in texts)


def _changes(request: Request) -> bool:
    return request.method not in {"GET", "HEAD", "OPTIONS"}


def spoiled(plan: Plan, start: Start) -> Start | None:
    """A start that writes what `start` stamps into SQLite's file, on a volume that `start` then reuses."""
    database = plan.database
    url = plan.env.get(database.variable or "") or database.url or "" if database else ""
    path = storage.sqlite_path(url)
    if start.stamp is None or database is None or database.dialect != "sqlite" or not (path or "").startswith("/"):
        return None
    command = ("run", "--", "python", "-c", _STAMP, path or "", start.stamp, sqlite.table(plan.migrations))
    return Start(name=f"{start.name}-before", environment=start.environment, connect=start.connect, command=command)


def generated(plan: Plan) -> dict[str, str]:
    """A harmless value, or the project's own example, of each variable that it needs and the image does not set.

    Where that is the address of a service, and no service runs beside the start, nothing is there, and the launcher
    need not wait a minute for it.
    """
    given = {one.name: _value(plan, one) for one in plan.variables if one.required and one.name not in plan.env}
    absent = any(one.variable in given for one in plan.backing)
    return given | ({"LADING_WAIT_SECONDS": "1"} if absent else {})


#: A value of each type that anybody can read.
_TYPED = {"int": "1", "float": "1", "bool": "false", "list": "[]", "json": "{}", "account": f"lading:{GENERATED}"}


def _value(plan: Plan, one: Variable) -> str:
    if one.name in {plan.host.variable, plan.port.variable, plan.log_level.variable}:
        bindings = (plan.host, plan.port, plan.log_level)
        return next(binding.default for binding in bindings if binding.variable == one.name)
    if plan.database and plan.database.variable == one.name:
        if plan.database.dialect == "sqlite":
            return f"sqlite:///{plan.volume}/lading.db"
        return f"{plan.database.dialect}://lading:lading@127.0.0.1:1/lading"
    # One may be required in spite of its default: that leads to what is not in the tree, and only another word starts.
    if one.allowed or one.default is not None:
        return one.allowed[0] if one.allowed else one.default or ""
    if one.example is not None or one.type in _TYPED:
        return _TYPED[one.type] if one.example is None else one.example
    if one.name.upper().endswith(("URL", "URI")):
        return "http://127.0.0.1:1/"
    if one.name.upper().endswith(("PORT", "COUNT", "SIZE", "SECONDS", "LIMIT")):
        return "1"
    return GENERATED.ljust(one.least or 0, "0")
