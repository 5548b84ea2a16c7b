"""What a container of this image runs: it checks the environment, waits for what it needs, migrates, and steps aside.

    serve             (what an image does by itself) the server
    worker [NAME]     a process that takes work from a queue
    scheduler [NAME]  a process that starts work on time
    migrate           bring the database to the image's newest revision, and end
    check             import the application, print the environment that it reads, and end
    run -- PROGRAM    any other program, in the same environment
    healthcheck [--ready] [ROLE]   is what runs here alive? With --ready: and is all that it needs there, too?

The program that a role names replaces this one, so that it is process 1 and has the signals. This one stays only where
somebody has to wait for processes that lost their parent, or to heed a second signal, and the program does not; and
before workers and schedulers.

`launch.json`, beside this file, holds what was decided when the image was made; the environment has the last word:
the application's own variables, each also as NAME_FILE, the path of a file that holds the value, and
    LADING_MIGRATE        start: migrate before serving · wait: until somebody else has migrated · off
    LADING_WAIT_SECONDS   how long to wait for a database, a cache, a broker: 60; 0 does not wait
    WEB_CONCURRENCY       processes of the server or the worker, or auto: what the cgroup allows
    LOG_FORMAT            json: our own lines as JSON
Exit status: 0 all is well · 1 it is not · 2 a variable or an argument cannot be used · 3 a service did not answer.

To read on: `roles`, what each role does; then the modules that it names, one question each.
"""

from __future__ import annotations

import os

from . import HERE
from .log import Stop, say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Role = Callable[[dict[str, Any], dict[str, str], list[str]], None]

ROLES = ("serve", "worker", "scheduler", "migrate", "check", "run", "healthcheck")


def main(arguments: list[str]) -> int:
    """Run the role that `arguments` name, and return the exit status."""
    name, rest = (arguments or ["serve"])[0], arguments[1:]
    if name not in (*ROLES, "_checked", "_migrate", "_uvicorn"):
        say(f"`{name}` is not a role: say {', '.join(ROLES)}")
        return 2
    with open(os.path.join(HERE, "launch.json"), encoding="utf-8") as file:
        # Its literals are Python's, but for three names; the module json is a fifth of what a health check may cost.
        config = eval(file.read(), {"true": True, "false": False, "null": None})  # noqa: S307
    try:
        if name != "healthcheck":
            import signal

            # The first process of a container ignores every signal that it has no handler for.
            signal.signal(signal.SIGTERM, end)
        role(name)(config, dict(os.environ), rest)
    except Stop as stop:
        say(stop)
        # Docker reserves every status but 0 and 1 of a health check.
        return 1 if name == "healthcheck" else stop.status
    except KeyboardInterrupt:
        return 130
    return 0


def role(name: str) -> Role:
    """What does it, with no more imported than that takes."""
    found: Role
    if name == "healthcheck":
        from .health import healthcheck as found
    elif name == "_migrate":
        from .migrations import upgrade as found
    elif name == "_uvicorn":
        from .uvicorn import uvicorn as found
    else:
        from . import roles

        found = getattr(roles, name.lstrip("_"))
    return found


def end(number: int, _frame: object) -> None:
    """Leave, as a program does that a signal ends."""
    raise SystemExit(128 + number)
