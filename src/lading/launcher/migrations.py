"""Bring the database to the image's newest revision before anything is served; in a process of its own."""

from __future__ import annotations

import os
import sys
import time

from . import HERE
from .databases import at_head, database, make_folder, revisions, sqlite_file
from .environment import migrating, waiting
from .lock import lock
from .log import Stop, say
from .processes import attended

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


def migrated(config: dict[str, Any], env: dict[str, str], mode: str = "") -> None:
    """See to it that the database is at the image's newest revision. That it is there costs one query and no lock."""
    mode = mode or migrating(config, env)
    file = sqlite_file(config, env)
    if file:
        make_folder(file, config)
    if not config["migrations"] or mode == "off" or at_head(config, env):
        return
    if mode == "wait" and config["migrations"]["tool"] == "script":
        say(f"nobody can tell whether {os.path.basename(config['migrations']['config'])} has run: not waited for")
        return
    if mode == "wait":
        limit = waiting(config, env)
        until, said = time.monotonic() + limit, False
        while not (at_head(config, env) or child(env, "look") == 0):
            if time.monotonic() > until:
                raise Stop(f"nobody has migrated the database for {limit:g} s: {state(config, env)}", 3)
            if not said:
                say(f"waiting until somebody has migrated the database, {limit:g} s at most: {state(config, env)}")
            said = True
            time.sleep(1)
        return
    status = child(env)
    if status:
        raise Stop(f"the migrations failed, so nothing is started: {state(config, env)}", status)


def state(config: dict[str, Any], env: dict[str, str]) -> str:
    """At which revision the database is, in words."""
    wanted = ", ".join(config["migrations"]["heads"]) or "its newest revision"
    try:
        found = ", ".join(sorted(revisions(config, env))) or "no revision"
    except Exception:  # noqa: BLE001 - whatever a driver raises, all that it means is that nobody can tell
        return f"the database is not known to be at {wanted}"
    return f"the database is at {found}, and this image wants {wanted}"


def child(env: dict[str, str], *arguments: str) -> int:
    """Run `upgrade` as a process of its own, with the virtual environment on its path; its exit status."""
    # The application's folder comes later, and after Alembic: there, a folder `alembic/` would hide it.
    rest = {name: text for name, text in env.items() if name != "PYTHONPATH"}
    argv = [sys.executable, HERE, "_migrate", env.get("PYTHONPATH", ""), *arguments]
    status, asked = attended(argv, rest)
    if asked:
        sys.exit(128 + asked)
    return status


def upgrade(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Migrate, under a lock that belongs to the database; a process of its own, whose memory goes with it.

    With `look` nothing is changed, and the exit status is 1 unless the database is at its newest revision.
    """
    del sys.path[0]
    path, look = (rest[0] or config["folder"]), rest[1:] == ["look"]
    tool, file = config["migrations"]["tool"], config["migrations"]["config"]
    if tool == "alembic":
        from .alembic import alembic

        newest = alembic(config, path.split(os.pathsep), look=look)
        sys.exit(0 if newest or not look else 1)
    if look:
        sys.exit(1)
    rows = sqlite_file(config, env)
    try:
        # Left open until we end, since the lock goes with it; an SQLite file need not be there to be locked.
        query = (lambda _: []) if rows else database(config, env)[0]
        lock(config["database"]["dialect"], query, rows)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises
        say(f"no lock on the database, so only one replica may start at a time: {type(error).__name__}: {error}")
    if tool == "aerich":
        argv = [sys.executable, "-c", "from aerich.cli import main; main()", "upgrade"]
    else:
        argv = [sys.executable if file.endswith(".py") else shell(file), file]
    if not at_head(config, env):
        os.chdir(os.path.dirname(file) if tool == "aerich" else "/app")
        status, asked = attended(argv, {**env, "PYTHONPATH": path})
        if status:
            name = "aerich upgrade" if tool == "aerich" else os.path.basename(file)
            raise Stop(f"{name} ended with {status}", 128 + asked if asked else 1)
        say("the database is migrated")


def shell(path: str) -> str:
    """The shell that the script's first line asks for: bash, where it does and there is one."""
    with open(path, "rb") as file:
        bash = b"bash" in file.readline(200)
    return "/bin/bash" if bash and os.path.exists("/bin/bash") else "/bin/sh"
