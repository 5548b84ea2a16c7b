"""Plan → what ships beside the application, the launcher and its decisions, and the image's OCI configuration."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lading.model import Plan

#: Where the launcher stands in the image.
FOLDER = "/opt/lading"

#: `-S`: the launcher imports nothing of the virtual environment, and the health check is to be cheap. What it starts
#: is started without.
ENTRYPOINT = ("/opt/venv/bin/python", "-S", f"{FOLDER}/launch.py")

SECOND = 1_000_000_000


def files(plan: Plan) -> Mapping[str, bytes]:
    """The files of `FOLDER`: `launch.py`, as it is, and `launch.json`, what `plan` decides for it."""
    program = Path(__file__).with_name("launch.py").read_bytes()
    # Not escaped to ASCII: the launcher reads these literals as Python's, which know no surrogate pairs.
    text = json.dumps(decisions(plan), indent=2, ensure_ascii=False) + "\n"
    return {"launch.py": program, "launch.json": text.encode()}


def decisions(plan: Plan) -> dict[str, Any]:
    """What the launcher has to know, with every path absolute."""
    database, migrations = plan.database, plan.migrations
    return {
        "target": plan.app.target,
        "factory": plan.app.factory,
        "folder": plan.env["PYTHONPATH"],
        "volume": plan.volume,
        "host": {"variable": plan.host.variable, "default": plan.host.default},
        "port": {"variable": plan.port.variable, "default": plan.port.default},
        "log_level": {"variable": plan.log_level.variable, "default": plan.log_level.default},
        # Only an SQLite URL is looked at, and any other may hold a password.
        "database": database
        and {"variable": database.variable, "url": database.url if database.dialect == "sqlite" else None},
        "migrations": migrations
        and {"config": posixpath.join("/app", migrations.config), "heads": list(migrations.heads)},
        # The engine kills the check at its timeout, and then nobody hears why: ours comes first.
        "health": {"path": plan.health.path, "timeout": max(plan.health.timeout - 2, 1)},
        # Uvicorn gives up waiting before the engine gives up on Uvicorn, so that the shutdown of the lifespan runs.
        "graceful_seconds": max(plan.stop_seconds - 2, 1),
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
        "WorkingDir": "/app",
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
