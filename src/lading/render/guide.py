"""Plan → `DOCKER.md`: how to run, configure, develop and mend what the other files describe.

Every command, variable, check and message in it is one that there is: a test looks each up.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from lading.launch import LABELS, commands
from lading.model import Plan
from lading.render import compose, guide_tables, layout, override, secrets, stores

PATH = "DOCKER.md"

#: Compose, for production; every command of the guide begins with it.
RUN = "docker compose -f compose.yaml"


def render(plan: Plan, /) -> Mapping[str, str]:
    """`DOCKER.md`."""
    blocks = (
        _head(plan), _start(plan), _stack(plan), guide_tables.configuration(plan), _development(plan),
        _production(plan), guide_tables.hardening(plan), guide_tables.trouble(plan),
    )  # fmt: skip
    return {PATH: "\n".join(block.strip() + "\n" for block in blocks)}


def _head(plan: Plan) -> str:
    return f"""
# {plan.name} in containers

Written by lading from what it found in the code. `lading init` keeps this file up to date for as long as nobody edits
it; `lading verify --engine docker` proves what the table under [Hardening](#hardening) says, and prints the evidence.
"""


def _start(plan: Plan) -> str:
    port, path = plan.port.default, plan.health.path or "/"
    required = _asked(plan)
    first = f"lading init{_which(plan)}"
    if secrets.templates(plan):
        first += f"          # makes the passwords in {secrets.FOLDER}/, where they are not there yet"
    env = f"cp .env.example .env # and fill in {', '.join(required)}\n" if required else ""
    return f"""
## Quick start

```sh
{first}
{env}{RUN} up -d --build --wait
curl http://127.0.0.1:{port}{path}
{RUN} down          # what it keeps stays; with --volumes it goes
```

`lading up`, `lading logs` and `lading down` do the same in fewer words{_whose(plan)}.{_alone(plan)}
"""


def _alone(plan: Plan) -> str:
    if stores.stores(plan) or _asked(plan) or secrets.templates(plan):
        return ""
    name, port, volume = compose.image(plan), plan.port.default, plan.volume
    file = "" if plan.layout.dockerfile == "Dockerfile" else f" -f {_seen(plan, plan.layout.dockerfile)}"
    return f""" It also runs by itself:

```sh
docker build -t {name}{file} {layout.up(plan)}
docker run -p 127.0.0.1:{port}:{port} -v {name}:{volume} {name}
```"""


def _which(plan: Plan) -> str:
    """What our own commands are told where this file is beside one of several backends of a repository."""
    return "" if plan.layout.home == "." else f" {layout.up(plan)} --service {plan.layout.code}"


def _whose(plan: Plan) -> str:
    return f",\neach with `{_which(plan).strip()}`" if _which(plan) else ""


def _seen(plan: Plan, path: str) -> str:
    return posixpath.relpath(path, plan.layout.home)


def _asked(plan: Plan) -> list[str]:
    """The required variables that nobody but the user knows."""
    given = set(secrets.given(plan))
    return [one.name for one in plan.variables if one.required and one.name not in given]


def _stack(plan: Plan) -> str:
    return f"""
## The stack

```mermaid
{chr(10).join(_picture(plan))}
```

| service | image | keeps | well when |
|---|---|---|---|
{chr(10).join(_rows(plan))}

Only `{compose.API}` is published, to this machine: the others are reached by these names, from within.
"""


def _picture(plan: Plan) -> Iterator[str]:
    needed, workers = stores.stores(plan), compose.programs(plan)
    count = plan.server.workers
    processes = "" if count == 1 else f", {count} processes"
    yield "flowchart LR"
    server = f'{compose.API}["{compose.API}<br>{plan.server.kind}{processes}"]'
    yield f'  client(["client"]) -- "{plan.port.default}" --> {server}'
    for name, one in workers.items():
        yield f'  {_id(name)}["{name}<br>{one.kind}"]'
    for name in (compose.API, *workers):
        for store in needed:
            yield f'  {_id(name)} --> {store.name}[("{store.image}")]'
    if ((plan.database and plan.database.url) or "").startswith("sqlite"):
        yield f'  {compose.API} --> data[("SQLite, in {plan.volume}")]'


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _rows(plan: Plan) -> Iterator[str]:
    health = plan.health.path or "any path"
    yield f"| `{compose.API}` | `{compose.image(plan)}` | `{plan.volume}` | `GET {health}` answers |"
    for name, one in compose.programs(plan).items():
        well = (
            "its worker answers a ping" if one.kind == "celery" and one.role == "worker" else "its process is at work"
        )
        yield f"| `{name}` | `{compose.image(plan)}-worker` | `{plan.volume}` | {well} |"
    for store in stores.stores(plan):
        test = "redis-cli ping" if store.name == "redis" else " ".join(store.check)
        yield f"| `{store.name}` | `{store.image}` | `{store.folder}` | `{test}` succeeds |"


def _development(plan: Plan) -> str:
    others = (pair for one in stores.stores(plan) for pair in override.ports(one))
    ports = ((override.DEBUGGER, commands.DEBUGGER), *others)
    names = ", ".join(f"`{name}` ({port})" for name, port in ports)
    restart = "".join(
        f"\ndocker compose restart {name}    # after an edit: a worker does not reload by itself"
        for name in compose.programs(plan)
    )
    attach = '`"request": "attach"`'
    where = f'`"connect": {{"host": "127.0.0.1", "port": {commands.DEBUGGER}}}`'
    paths = '`"pathMappings": [{"localRoot": "${workspaceFolder}", "remoteRoot": "/app"}]`'
    editor = f"In VS Code, a configuration with {attach}, {where} and {paths}."
    items = (
        "Your source is mounted over `/app`: an edit is served as soon as it is saved.",
        f"A debugger attaches on port {commands.DEBUGGER}, and follows the process that serves. {editor}",
        f"Ports are open to this machine alone; in `.env`, each of these moves one: {names}.",
    )
    return f"""
## Development

```sh
docker compose up -d --build --wait    # with compose.override.yaml: the same as lading up --dev
docker compose logs -f {compose.API}{restart}
```

{_list(items)}
"""


def _production(plan: Plan) -> str:
    items = (*_migrating(plan), *_scaling(plan), *_keeping(plan), _proxy(plan), *_kept(plan))
    return f"\n## Production\n\n{_list(items)}\n"


def _list(items: Iterable[str]) -> str:
    return "\n".join(guide_tables.wrapped(f"- {one}", "  ") for one in items)


def _migrating(plan: Plan) -> Iterator[str]:
    if plan.migrations is None or plan.migrations.tool == "create_all":
        return
    heads = ", ".join(f"`{one}`" for one in plan.migrations.heads)
    yield (
        f"**Migrations** ({plan.migrations.tool}{', up to ' if heads else ''}{heads}) are applied before the server "
        "starts; a failed one ends the container, and no port opens. Replicas may start together: one migrates, under "
        f"a lock of the database. To migrate apart from that: `{RUN} run --rm {compose.API} migrate`, with "
        "`LADING_MIGRATE=wait` in `.env` for the rest."
    )


def _scaling(plan: Plan) -> Iterator[str]:
    for name, one in compose.programs(plan).items():
        if one.role == "worker":
            yield f"**More workers**: `{RUN} up -d --scale {name}=3`. Each finishes the work in hand when it stops."
    if plan.database and (plan.database.url or "").startswith("sqlite"):
        yield "**One replica**: SQLite is a file on one machine."
    else:
        yield (
            "**More processes**: `WEB_CONCURRENCY=4`, or `auto` for what the container's limits allow. More replicas "
            f"need a range of ports: `PUBLISH=127.0.0.1:8000-8002` and `{RUN} up -d --scale {compose.API}=3`."
        )


def _keeping(plan: Plan) -> Iterator[str]:
    files = secrets.templates(plan)
    if not files:
        return
    listed = ", ".join(f"`{name}`" for name in files)
    yield (
        f"**Secrets** are files in `{secrets.FOLDER}/`, which only you may enter and git does not see: {listed}. A "
        "fresh clone has none, and `lading init` makes them; it never overwrites one. Keep a copy: the databases keep "
        "the passwords that they were made with."
    )
    for one in plan.backing:
        if one.variable and (store := stores.of(one, plan)):
            yield (
                f"**A {LABELS[one.kind]} of your own**: put its URL into `{secrets.FOLDER}/{one.variable.lower()}`, "
                f"and remove the service `{store.name}` from `compose.yaml`, also where something depends on it."
            )


def _proxy(plan: Plan) -> str:
    port = plan.port.default
    return (
        f"**TLS** is the business of a proxy before it, on this machine, at `127.0.0.1:{port}`. `PUBLISH={port}` in "
        "`.env` opens the port to everybody; `PUBLISH=127.0.0.1:9000` moves it."
    )


def _kept(plan: Plan) -> Iterator[str]:
    if any(one.name == "postgres" for one in stores.stores(plan)):
        account = stores.ACCOUNT
        yield f"**A copy of the rows**: `{RUN} exec -T postgres pg_dump -U {account} {account} > rows.sql`."
    yield f"**What it reads**: `{RUN} run --rm {compose.API} check` imports the application and lists its environment."
