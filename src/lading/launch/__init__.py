"""Plan → what ships beside the application, the launcher and its decisions, and the image's OCI configuration."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lading.launch import commands
from lading.model import Backing, Migrations, Plan, Program, Variable

#: Where the launcher stands in the image.
FOLDER = "/opt/lading"

#: The launcher: every module of `lading.launcher`.
PROGRAMS = Path(__file__).parent.with_name("launcher")

#: `-S`: the launcher imports nothing of the virtual environment, and the health check is to be cheap. What it starts
#: is started without.
ENTRYPOINT = ("/opt/venv/bin/python", "-S", FOLDER)

SECOND = 1_000_000_000

#: What a service is called in the log.
LABELS: Mapping[str, str] = {
    "postgresql": "PostgreSQL", "mysql": "MySQL", "mongodb": "MongoDB", "redis": "Redis", "amqp": "RabbitMQ",
    "kafka": "Kafka", "nats": "NATS",
}  # fmt: skip


def files(plan: Plan) -> Mapping[str, bytes]:
    """The files of `FOLDER`: the programs, as they are, and `launch.json`, what `plan` decides for them."""
    programs = {path.name: path.read_bytes() for path in sorted(PROGRAMS.glob("*.py"))}
    return {**programs, "launch.json": _text(decisions(plan))}


def development(plan: Plan) -> bytes:
    """`launch.json` of the development stage: one process, which reloads and waits for a debugger."""
    return _text({**decisions(plan), "server": commands.development(plan), "workers": 1, "metrics": False})


def _text(decided: Mapping[str, Any]) -> bytes:
    # Not escaped to ASCII: the launcher reads these literals as Python's, which know no surrogate pairs.
    return (json.dumps(decided, indent=2, ensure_ascii=False) + "\n").encode()


def decisions(plan: Plan) -> dict[str, Any]:
    """What the launcher has to know, with every path absolute. No default that may hold a secret is in it."""
    database, migrations = plan.database, plan.migrations
    return {
        "target": plan.app.target,
        "factory": plan.app.factory,
        "folder": plan.env["PYTHONPATH"],
        "volume": plan.volume,
        "folders": list(plan.app.folders),
        "host": {"variable": plan.host.variable, "default": plan.host.default},
        "port": {"variable": plan.port.variable, "default": plan.port.default},
        "log_level": {"variable": plan.log_level.variable, "default": plan.log_level.default},
        "variables": [_variable(one) for one in plan.variables],
        "env_files": [posixpath.join("/app", path) for path in plan.env_files],
        "services": [_service(one) for one in plan.backing],
        # Only an SQLite URL is looked at, and any other may hold a password.
        "database": database
        and {
            "dialect": database.dialect,
            "variable": database.variable,
            "url": database.url if database.dialect == "sqlite" else None,
        },
        # Tables that the application makes at its start are its own business.
        "migrations": None if migrations is None or migrations.tool == "create_all" else _migrations(migrations, plan),
        "server": commands.server(plan),
        "workers": plan.server.workers,
        "memory_per_process": plan.server.memory,
        # The others heed no second signal, and but for gunicorn wait for no process that lost its parent.
        "stays": plan.server.starts_programs or plan.server.kind != "uvicorn",
        "stop_seconds": plan.stop_seconds,
        "metrics": plan.server.metrics,
        "programs": [_program(one, plan) for one in plan.programs],
        # The engine kills the check at its timeout, and then nobody hears why: ours comes first.
        "health": {"path": plan.health.path, "ready": plan.health.ready, "timeout": max(plan.health.timeout - 2, 1)},
    }


def _migrations(one: Migrations, plan: Plan) -> dict[str, Any]:
    return {
        "tool": one.tool,
        "config": posixpath.join("/app", one.config),
        "folder": posixpath.join("/app", one.folder),
        "section": one.section,
        "heads": list(one.heads),
        "table": one.table,
        "url": plan.database.variable if one.url_given and plan.database else None,
    }


def _variable(one: Variable) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "required": one.required,
        "secret": one.secret,
        "allowed": list(one.allowed),
        "default": None if one.secret or "://" in (one.default or "") else one.default,
    }


def _service(one: Backing) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "label": LABELS[one.kind],
        "role": one.role,
        "variable": one.variable,
        "parts": dict(one.parts),
        "default": dict(one.default),
        "driver": one.driver,
    }


def _program(one: Program, plan: Plan) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "argv": commands.program(one, plan),
        # A URL on a command line would stand in the process list: RQ takes it from a variable, too.
        "url_in": ["RQ_REDIS_URL"] if one.kind == "rq" else [],
        "broker": one.broker,
        "processes": "auto",
        "hurries": one.kind in commands.HURRYING,
        "health": commands.health(one),
    }


def config(plan: Plan) -> dict[str, Any]:
    """The `config` of the OCI image configuration, with Docker's Healthcheck; the Dockerfile says the same.

    Source: OCI image specification 1.1, "Image configuration, Properties"; Docker image specification 1.3 for
    Healthcheck, whose times are nanoseconds.
    """
    return {
        "User": f"{plan.user.uid}:{plan.user.gid}",
        "ExposedPorts": {f"{plan.port.default}/tcp": {}},
        "Env": [f"{name}={value}" for name, value in plan.env.items()],
        "Entrypoint": list(ENTRYPOINT),
        "Cmd": ["serve"],
        "Volumes": {plan.volume: {}},
        "WorkingDir": posixpath.normpath(posixpath.join("/app", plan.app.working)),
        "Labels": labels(plan),
        "StopSignal": "SIGTERM",
        "Healthcheck": {
            "Test": ["CMD", *ENTRYPOINT, "healthcheck"],
            "Interval": plan.health.interval * SECOND,
            "Timeout": plan.health.timeout * SECOND,
            "StartPeriod": plan.health.start_period * SECOND,
            "Retries": plan.health.retries,
        },
    }


def labels(plan: Plan) -> dict[str, str]:
    """The image's labels. Source: OCI image specification 1.1, "Annotations".

    A name that no line of the project gives is the folder's: left out, so that a copy of the folder is the same image.
    """
    declared = ":" in plan.because.get("name", "")
    return {"org.opencontainers.image.title": plan.name} if declared else {}
