"""Plan → `compose.override.yaml`, what development adds to the stack: the source mounted, reload, a debugger, ports."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from lading.launch import commands
from lading.model import Plan
from lading.render import compose, stores, yaml
from lading.render.stores import Store
from lading.render.yaml import Flow

PATH = "compose.override.yaml"

#: The variable that says where the debugger's port is published.
DEBUGGER = "PUBLISH_DEBUGGER"

_HEAD = """\
# What development adds to compose.yaml. `docker compose up` reads both; `docker compose -f compose.yaml up` does not
# read this one. Every port is open to this machine alone, and PUBLISH_… in .env moves it.
"""


def render(plan: Plan, /) -> Mapping[str, str]:
    """`compose.override.yaml`."""
    return {PATH: _HEAD + "\n" + yaml.dump({"services": _services(plan)})}


def _services(plan: Plan) -> dict[str, Any]:
    services: dict[str, Any] = {compose.API: _api(plan)}
    for name in compose.programs(plan):
        services |= {" " * len(services): None, name: _program(plan, name)}
    for store in stores.stores(plan):
        services |= {" " * len(services): None, store.name: _store(store)}
    return services


def _api(plan: Plan) -> dict[str, Any]:
    return {
        "image": f"{compose.image(plan)}:dev",
        "build": {"target": "dev"},
        "restart": "no",
        "# Your source in place of the image's: an edit is served as soon as it is saved.": None,
        "volumes": [_source(plan)],
        "# A debugger attaches here. What attaches may run any code: never open it to others.": None,
        "ports": [f"${{{DEBUGGER}:-127.0.0.1:{commands.DEBUGGER}}}:{commands.DEBUGGER}"],
        "mem_limit": "1g",
    }


def _source(plan: Plan) -> str:
    path = posixpath.relpath(plan.layout.code, plan.layout.home)
    return ".:/app" if path == "." else f"./{path}:/app"


def _program(plan: Plan, name: str) -> dict[str, Any]:
    return {
        "restart": "no",
        f"# Your source; after an edit: docker compose restart {name}": None,
        "volumes": [_source(plan)],
    }


def _store(store: Store) -> dict[str, Any]:
    out: dict[str, Any] = {"restart": "no"}
    if store.develop:
        out |= {"command": Flow(store.develop), "environment": dict(store.develop_environment)}
    return out | {"ports": [f"${{{name}:-127.0.0.1:{port}}}:{port}" for name, port in ports(store)]}


def ports(store: Store) -> tuple[tuple[str, int], ...]:
    """The variables that say where the ports of a service are published, each with its port."""
    return ((f"PUBLISH_{store.name.upper()}", store.port), *store.more)
