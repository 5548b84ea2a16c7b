"""What each role does, in the order in which it does it."""

from __future__ import annotations

import os
import sys

from . import HERE
from .addresses import addresses, broker_of, services, url
from .environment import environment
from .log import Stop
from .migrations import migrated
from .processes import become
from .services import wait
from .serving import command, concurrency, metrics

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


def serve(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Bring the database to its newest revision, then become the server."""
    no_more("serve", rest)
    environment(config, env)
    count = concurrency(config, env, config["workers"])
    metrics(config, env, count)
    argv = command(config["server"], config, env, count)
    wait(config, env)
    migrated(config, env)
    stays = config["stays"] or count > 1
    if not stays and argv[1:3] == ["-m", "uvicorn"]:  # in development it is below a debugger
        argv[1:3] = [HERE, "_uvicorn"]
    become(env, "serve", argv, stay=stays)


def worker(config: dict[str, Any], env: dict[str, str], rest: list[str], role: str = "worker") -> None:
    """Become the program that takes work from a queue, or with `role` scheduler starts it on time."""
    named = {program["name"]: program for program in config["programs"] if program["role"] == role}
    name = rest[0] if len(rest) == 1 else next(iter(named)) if not rest and len(named) == 1 else ""
    if name not in named:
        known = f"its {role}s are {', '.join(named)}" if named else f"it has no {role}"
        raise Stop(f"`{' '.join([role, *rest])}` is nothing that this image runs: {known}", 2)
    program = named[name]
    environment(config, env)
    # Some know no processes: RQ has one job in hand, arq as many as its settings say.
    count = concurrency(config, env, program["processes"]) if "{count}" in program["argv"] else 1
    argv = command(program["argv"], config, env, count)
    broker = broker_of(program, config)
    address = url(broker, env) if broker else ""
    for variable in program["url_in"] if address else ():
        env.setdefault(variable, address)
    wait(config, env)
    migrated(config, env, "off" if env.get("LADING_MIGRATE") == "off" else "wait")
    # Until they have set their handlers, as process 1 they would ignore a signal, and some never set one.
    become(env, f"{role} {name}", argv, stay=True, hurries=program["hurries"])


def scheduler(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Become the program that starts work on time. Of these there is to be one."""
    worker(config, env, rest, "scheduler")


def migrate(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Bring the database to its newest revision, and end."""
    no_more("migrate", rest)
    environment(config, env)
    wait(config, env)
    migrated(config, env, "start")


def run(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Become any program, in the environment that the application gets."""
    if rest[:1] != ["--"] or len(rest) < 2:
        raise Stop("say what to run: `run -- PROGRAM ARGUMENT…`", 2)
    environment(config, env)
    for folder in [""] if "/" in rest[1] else env.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, rest[1])
        if os.path.isfile(program) and os.access(program, os.X_OK):
            become(env, "run", [program, *rest[2:]], stay=config["stays"])
    raise Stop(f"there is no program `{rest[1]}` in this image", 2)


def check(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Import the application as the server would, and print what of the environment it reads."""
    no_more("check", rest)
    environment(config, env)
    os.execve(sys.executable, [sys.executable, HERE, "_checked"], env)  # noqa: S606


def checked(config: dict[str, Any], env: dict[str, str], _rest: list[str]) -> None:
    """The rest of `check`, with the virtual environment on the path."""
    import importlib

    sys.path[:1] = config["folder"].split(os.pathsep)
    module, _, attribute = config["target"].partition(":")
    found: Any = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise Stop(f"{config['target']} is a {type(found).__name__}, which no server can call")
    out = [f"{config['target']}: {type(found).__module__}.{type(found).__name__}"]
    for one in config["variables"]:
        shown = "a secret" if one["secret"] else unaccounted(env.get(one["name"], ""))
        unset = f"not set, {one['default']} by default" if one["default"] else "not set"
        out.append(f"{one['name']}: {one['type']}, {shown if one['name'] in env else unset}")
    out += [f"{one['label']}: {host}:{port}" for one in services(config, env) for host, port in addresses(one, env)]
    if config["migrations"]:
        out.append(f"{config['migrations']['tool']}: {', '.join(config['migrations']['heads']) or 'no revision'}")
    print("\n".join(out))  # noqa: T201


def unaccounted(text: str) -> str:
    """`text`, without what a URL in it says of user, password and options."""
    scheme, is_url, rest = text.partition("://")
    account, at, rest = rest.rpartition("@")
    if is_url:
        return f"{scheme}://{'…' if account else ''}{at}{rest.partition('?')[0]}"
    return "a secret" if "password=" in text.lower() else text


def no_more(role: str, rest: list[str]) -> None:
    """Refuse arguments that nobody would heed."""
    if rest:
        raise Stop(f"`{' '.join([role, *rest])}` says too much: `{role}` takes no arguments", 2)
