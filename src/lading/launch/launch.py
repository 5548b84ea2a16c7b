"""What a container of this image runs: `serve`, unless it is told `migrate` or `healthcheck`.

`launch.json`, beside this file, holds what was decided when the image was made; the environment has the last word.

Nothing but the standard library of Python 3.8 or later, and of that only what the role at hand needs: the health
check runs every half minute for as long as the container lives. Exit status: 0 all is well, 1 it is not, 2 a
variable or an argument cannot be used.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing alone would cost as much as all that is imported here
if TYPE_CHECKING:
    from typing import Any

LEVELS = ("critical", "error", "warning", "info", "debug", "trace")

#: Alembic is imported before the application's folder is on the path, where a folder `alembic/` would hide it.
#: (`-c` puts the working directory first: that is what is taken off.)
ALEMBIC = """
import os, sys
del sys.path[0]
from alembic.config import main
sys.path[:0] = sys.argv.pop(1).split(os.pathsep)
main(prog="alembic")
"""


class Stop(Exception):
    """One sentence for the log, and the status to exit with."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


def main(arguments: list[str]) -> int:
    """Run the role that `arguments` name, and return the exit status."""
    role = " ".join(arguments) or "serve"
    if role not in ROLES:
        say(f"`{role}` is not a role: say {', '.join(ROLES)}")
        return 2
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.json"), encoding="utf-8") as file:
        # Its literals are Python's, but for three names; the module json is a fifth of what a health check may cost.
        config = eval(file.read(), {"true": True, "false": False, "null": None})  # noqa: S307
    try:
        ROLES[role](config, dict(os.environ))
    except Stop as stop:
        say(stop)
        # Docker reserves every status but 0 and 1 of a health check.
        return 1 if role == "healthcheck" else stop.status
    return 0


def serve(config: dict[str, Any], env: dict[str, str]) -> None:
    """Bring the database to its newest revision, then become the server, so that signals reach it."""
    argv = [
        sys.executable, "-m", "uvicorn", config["target"],
        "--host", value(config["host"], env),
        "--port", str(port(config, env)),
        "--log-level", log_level(config, env),
        "--timeout-graceful-shutdown", str(config["graceful_seconds"]),
    ]  # fmt: skip
    if config["factory"]:
        argv.append("--factory")
    migrate(config, env)
    os.execv(sys.executable, argv)  # noqa: S606


def migrate(config: dict[str, Any], env: dict[str, str]) -> None:
    """Make the database's folder, and apply the migrations that it lacks."""
    path = sqlite_file(config, env)
    if path:
        make_folder(path, config)
    migrations = config["migrations"]
    if not migrations:
        return
    if path and revisions(path) == sorted(migrations["heads"]):
        return  # reading one table takes a millisecond, and Alembic half a second
    status = upgrade(migrations, env.pop("PYTHONPATH", config["folder"]), env)
    if status:
        # A child that was killed by a signal has a negative status.
        raise Stop("the migrations failed, so the server is not started", status if status > 0 else 128 - status)
    say("the migrations are applied")


def healthcheck(config: dict[str, Any], env: dict[str, str]) -> None:
    """Ask the server, at the address that it was told to bind, for its health."""
    # The module socket spends more on naming constants than this whole function costs; this is what it wraps.
    import _socket
    import time

    path, limit = config["health"]["path"], seconds("LADING_HEALTH_TIMEOUT", config["health"]["timeout"], env)
    host, number = value(config["host"], env), port(config, env)
    # What stands for every address to a server is no address to ask.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = _socket.socket(_socket.AF_INET6 if ":" in address else _socket.AF_INET, _socket.SOCK_STREAM)
    connection.settimeout(limit)
    end = time.monotonic() + limit
    answer = b""
    try:
        connection.connect((address, number))
        if path is None:
            return
        lines = (f"GET {path} HTTP/1.1", "Host: localhost", "User-Agent: lading", "Connection: close", "", "")
        connection.sendall("\r\n".join(lines).encode())
        while b"\r\n" not in answer:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            received = connection.recv(4096)
            if not received:
                break
            answer += received
    except OSError as error:
        raise Stop(f"port {number} of {address} does not answer: {error}") from None
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    if not (line.startswith("HTTP/1.") and "200" <= line[9:12] <= "399"):
        raise Stop(f"GET {path} on port {number} of {address} answers `{line}`")


ROLES = {"serve": serve, "migrate": migrate, "healthcheck": healthcheck}


# ── what the environment says ────────────────────────────────────────────────────────────────────────────────────────


def value(binding: dict[str, str], env: dict[str, str]) -> str:
    """The value of a variable, or its default where the variable is unset or empty."""
    return env.get(binding["variable"]) or binding["default"]


def port(config: dict[str, Any], env: dict[str, str]) -> int:
    """The port to bind, 0 to 65535."""
    text = value(config["port"], env)
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    name = config["port"]["variable"]
    # Kubernetes sets NAME_PORT to such a URL in every pod beside a Service called `name`.
    why = ": a Service of Kubernetes sets it, `enableServiceLinks: false` stops that" if "://" in text else ""
    raise Stop(f"{name} is `{text}`, and must be a port from 0 to 65535{why}", 2)


def log_level(config: dict[str, Any], env: dict[str, str]) -> str:
    """The log level by Uvicorn's name for it, which is in lower case."""
    text = value(config["log_level"], env)
    level = {"warn": "warning", "fatal": "critical"}.get(text.lower(), text.lower())
    if level in LEVELS:
        return level
    raise Stop(f"{config['log_level']['variable']} is `{text}`, and must be one of {', '.join(LEVELS)}", 2)


def seconds(name: str, default: float, env: dict[str, str]) -> float:
    """A time limit in seconds, more than 0."""
    try:
        number = float(env.get(name) or default)
    except ValueError:
        number = 0
    if number > 0:
        return number
    raise Stop(f"{name} is `{env[name]}`, and must be a number of seconds, more than 0", 2)


# ── the database ─────────────────────────────────────────────────────────────────────────────────────────────────────


def sqlite_file(config: dict[str, Any], env: dict[str, str]) -> str:
    """The absolute path of the file that holds the rows; "" where they are not in an SQLite file."""
    database = config["database"]
    url = (env.get(database["variable"] or "") or database["url"] or "") if database else ""
    scheme, _, rest = url.partition("://")
    path = rest.partition("?")[0]
    if scheme.partition("+")[0] != "sqlite" or path[:1] != "/" or path[1:].partition(":")[0] in ("", "file"):
        return ""
    return os.path.abspath(path[1:])


def make_folder(path: str, config: dict[str, Any]) -> None:
    """Make the folder of the SQLite file at `path`, and say what will go wrong with it."""
    folder, name = os.path.dirname(path), config["database"]["variable"] or "the database"
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Stop(f"{name}: the folder {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        say(f"{name}: user {os.getuid()} may not write in {folder}")
    if not path.startswith(config["volume"] + "/"):
        say(f"{name}: {path} is not on the volume {config['volume']}, and goes when the container goes")


def revisions(path: str) -> list[str]:
    """The revisions that the SQLite file at `path` says it is at, sorted; none where it does not say."""
    import sqlite3

    if not os.path.exists(path):
        return []
    try:
        connection = sqlite3.connect(path)
        try:
            return sorted(row[0] for row in connection.execute("SELECT version_num FROM alembic_version"))
        finally:
            connection.close()
    except sqlite3.Error:
        return []


def upgrade(migrations: dict[str, Any], path: str, env: dict[str, str]) -> int:
    """Run Alembic as a process of its own, whose memory goes with it, and return its exit status."""
    import signal
    import subprocess

    # The first process of a container ignores every signal that it has no handler for.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    folder, config = os.path.split(migrations["config"])
    newest = "heads" if len(migrations["heads"]) > 1 else "head"
    argv = [sys.executable, "-c", ALEMBIC, path, "-c", config, "upgrade", newest]
    with subprocess.Popen(argv, cwd=folder, env=env) as alembic:
        try:
            return alembic.wait()
        except BaseException:
            alembic.terminate()
            raise


def say(sentence: object) -> None:
    """One line on standard error."""
    print(f"lading: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
