"""Plan → `compose.yaml`, the stack in production: the server, its workers, and the services that they need.

It keeps to what `docker compose` 2 and `docker-compose` 1.29 both read: no `name`, no `start_interval`, no long tmpfs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lading import launch
from lading.model import Plan, Program
from lading.render import layout, secrets, stores, yaml
from lading.render.stores import Store
from lading.render.yaml import Alias, Anchor, Flow

PATH = "compose.yaml"

#: The service that serves.
API = "api"

#: What the launcher itself reads.
LAUNCHER = ("WEB_CONCURRENCY", "LADING_MIGRATE", "LADING_WAIT_SECONDS", "LADING_HEALTH_TIMEOUT", "LOG_FORMAT")

#: Variables that a shell has of its own, so that Compose would take them from there.
_SHELLS = {"HOST", "HOSTNAME", "USER", "HOME", "PATH", "LANG", "PWD", "SHELL", "TERM", "TMPDIR", "EDITOR"}

_HEAD = """\
# The stack of {name} in production, written by lading from its plan. Edit it as you like: it is yours from then on.
#
#   docker compose -f compose.yaml up -d --build    this file alone: production
#   docker compose up --build                       with compose.override.yaml: development
#
# Passwords are files in {folder}/, which `lading init` made and git does not see. What else can be set is in
# .env.example: copy it to .env, which Compose reads by itself.
"""


def render(plan: Plan, /) -> Mapping[str, str]:
    """`compose.yaml`."""
    return {PATH: _HEAD.format(name=plan.name, folder=secrets.FOLDER) + "\n" + yaml.dump(document(plan))}


def document(plan: Plan) -> dict[str, Any]:
    """The file as a value."""
    needed = stores.stores(plan)
    services: dict[str, Any] = {API: _api(plan)}
    for name, program in programs(plan).items():
        services |= {" " * len(services): None, name: _program(plan, program)}
    for store in needed:
        services |= {" " * len(services): None, store.name: _store(store)}
    out: dict[str, Any] = {
        "# What holds for every container: only volumes and a tmpfs are written, no privilege can be gained, and\n"
        "# the log does not fill the disk.": None,
        "x-hardened": Anchor("hardened", _hardened()),
        " ": None,
        "# What holds for every process of the application.": None,
        "x-app": Anchor("app", _app(plan, needed)),
        "  ": None,
        "services": services,
        "   ": None,
        "# Only what stands in this file is reached by these names.": None,
        "networks": {"backend": {}},
        "    ": None,
        "volumes": {"data": {}, **{f"{store.name}_data": {} for store in needed}},
    }
    files = secrets.templates(plan)
    if files:
        out |= {
            "     ": None,
            "# Files: the environment of a container is shown by `docker inspect`, and inherited by every child.": None,
            "secrets": {name: {"file": f"./{secrets.FOLDER}/{name}"} for name in files},
        }
    return out


def _hardened() -> dict[str, Any]:
    return {
        "restart": "unless-stopped",
        "read_only": True,
        "cap_drop": Flow(["ALL"]),
        "security_opt": Flow(["no-new-privileges:true"]),
        "pids_limit": 512,
        "# More than the machine has is refused, so that this holds everywhere.": None,
        "cpus": 1.0,
        "networks": Flow(["backend"]),
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }


def _app(plan: Plan, needed: tuple[Store, ...]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "<<": Alias("hardened"),
        "# Numbers as in the image. /tmp is memory, and empty at every start.": None,
        "user": f"{plan.user.uid}:{plan.user.gid}",
        "tmpfs": ["/tmp"],  # noqa: S108 - of the container
        "volumes": [f"data:{plan.volume}"],
        "environment": _environment(plan),
    }
    files = secrets.given(plan)
    if files:
        out["secrets"] = list(dict.fromkeys(files.values()))
    if needed:
        out["# The launcher waits for them, too, also when they come back after a failure."] = None
        out["depends_on"] = {store.name: {"condition": "service_healthy"} for store in needed}
    return out


def _environment(plan: Plan) -> dict[str, Any]:
    """What the application gets: files for secrets, addresses of this stack, and what `.env` says of the rest."""
    files, parts = secrets.given(plan), _parts(plan)
    bound = {plan.host.variable, plan.port.variable}
    out: dict[str, Any] = {}
    if files:
        out["# NAME_FILE: the launcher reads the file, and gives the application NAME."] = None
        out |= {f"{name}_FILE": f"/run/secrets/{secret}" for name, secret in files.items()}
    out |= parts
    rest = [one for one in plan.variables if one.name not in {*files, *parts, *bound}]
    required = [one for one in rest if one.required]
    if required:
        out["# Required, and known to you alone: in .env."] = None
        out |= {one.name: f"${{{one.name}:?say it in .env}}" for one in required}
    held = [one for one in rest if not one.required and one.name in plan.env]
    out |= {one.name: f"${{{one.name}:-{_literal(plan.env[one.name])}}}" for one in held}
    others = [one for one in rest if not one.required and one not in held and one.name not in _SHELLS]
    out["# Without a value: what .env or your shell says, and nothing where neither does."] = None
    out |= {one.name: None for one in others}
    out |= dict.fromkeys(LAUNCHER)
    return out


def _parts(plan: Plan) -> dict[str, str]:
    """The parts of an address, where the application takes no URL."""
    out: dict[str, str] = {}
    for one in plan.backing:
        store = None if one.variable else stores.of(one, plan)
        if store:
            known = {"host": store.name, "port": str(store.port), "database": stores.ACCOUNT}
            known["user"] = stores.account(one.kind)
            if one.kind == "redis":
                known["database"] = one.default.get("database", "0")
            out |= {name: known[part] for part, name in one.parts.items() if part in known}
    return out


def _api(plan: Plan) -> dict[str, Any]:
    port = plan.port.default
    workers = plan.server.workers if isinstance(plan.server.workers, int) else 2
    migrates = plan.migrations is not None and plan.migrations.tool != "create_all"
    out: dict[str, Any] = {
        "<<": Alias("app"),
        "image": f"{image(plan)}:latest",
        "build": _build(plan, "runtime"),
        "# Only this machine reaches it: put a proxy with TLS before it. PUBLISH=8000 opens it to everybody.": None,
        "ports": [f"${{PUBLISH:-127.0.0.1:{port}}}:{port}"],
    }
    if migrates:
        out["# Several replicas may start together: one of them migrates, under a lock of the database."] = None
        out["command"] = Flow(["serve"])
    out |= {
        "mem_limit": f"{max(512, workers * plan.server.memory * 3 // 2_000_000)}m",
        "# Requests in hand are finished in this time; then it is killed.": None,
        "stop_grace_period": f"{plan.stop_seconds}s",
        "healthcheck": check(plan),
    }
    return out


def _program(plan: Plan, program: Program) -> dict[str, Any]:
    scheduler = program.role == "scheduler"
    comment = (
        "# Starts work on time. Of these there is to be one: two would start everything twice."
        if scheduler
        else "# Takes work from the queue: --scale worker=3 runs three. It waits until the database is migrated."
    )
    return {
        "<<": Alias("app"),
        "image": f"{image(plan)}-worker:latest",
        "build": _build(plan, "worker"),
        comment: None,
        "command": Flow([program.role, program.name]),
        "mem_limit": "512m" if scheduler else "1g",
        "# The work in hand is finished in this time.": None,
        "stop_grace_period": "60s",
        "healthcheck": check(plan),
    }


def _build(plan: Plan, stage: str) -> dict[str, str]:
    named = {"dockerfile": plan.layout.dockerfile} if plan.layout.dockerfile != "Dockerfile" else {}
    return {"context": layout.up(plan), **named, "target": stage}


def check(plan: Plan) -> dict[str, Any]:
    """The image's own health check, more often than there: whoever waits for it at a start waits for the first one."""
    return {
        "test": Flow(["CMD", *launch.ENTRYPOINT, "healthcheck"]),
        "interval": "10s",
        "timeout": f"{plan.health.timeout}s",
        "retries": plan.health.retries,
        "start_period": f"{max(plan.health.start_period, 30)}s",
    }


def _store(store: Store) -> dict[str, Any]:
    out: dict[str, Any] = {"<<": Alias("hardened"), "image": store.image}
    if store.hostname:
        out["hostname"] = store.hostname
    out |= {
        "user": store.user,
        "tmpfs": list(store.tmpfs),
        "volumes": [f"{store.name}_data:{store.folder}"],
    }
    if store.why:
        out[store.why] = None
    if store.command:
        out["command"] = Flow(store.command)
    if store.environment:
        out["environment"] = dict(store.environment)
    if store.secrets:
        out["secrets"] = [{"source": name, "target": path} if path else name for name, path in store.secrets.items()]
    test = store.check if store.check[0] == "CMD-SHELL" else ("CMD", *store.check)
    return out | {
        "mem_limit": store.memory,
        "stop_grace_period": f"{store.grace}s",
        "healthcheck": {
            "test": Flow(test),
            "interval": f"{store.interval}s",
            "timeout": "10s",
            "retries": 5,
            "start_period": f"{store.start_period}s",
        },
    }


def programs(plan: Plan) -> dict[str, Program]:
    """The services of the processes beside the server, by name: that of the role, where there is one of it."""
    roles = [one.role for one in plan.programs]
    named: Iterator[tuple[str, Program]] = (
        (one.role if roles.count(one.role) == 1 else f"{one.role}-{one.name}", one) for one in plan.programs
    )
    return dict(named)


def image(plan: Plan) -> str:
    """What the image is called: the plan's name, as a name of an image may be."""
    return re.sub(r"[^a-z0-9]+", "-", plan.name.lower()).strip("-") or "app"


def _literal(text: str) -> str:
    """`text` where Compose would take a dollar for a variable."""
    return text.replace("$", "$$")
