"""Is what runs here alive? Asked every half minute, for as long as the container lives: it imports next to nothing."""

from __future__ import annotations

import _socket
import time

from .environment import from_files, number, port, value
from .log import Stop
from .running import running

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


def healthcheck(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Ask whether what runs here is alive, whatever its database does; with `--ready`, whether that is there, too."""
    ready, named = "--ready" in rest, " ".join(word for word in rest if word != "--ready")
    limit = number("LADING_HEALTH_TIMEOUT", config["health"]["timeout"], env, 0.001)
    until = time.monotonic() + limit
    list(from_files(config, env))
    role = named or next((role for _, role in running()), "serve")
    if role == "serve":
        path = config["health"]["path"]
        if ready and config["health"]["ready"]:
            path = config["health"]["ready"]
        asked(config, env, path, until)
        if ready and not config["health"]["ready"]:
            needed(config, env, ("database", "cache", "broker"), until)
    elif role.partition(" ")[0] in ("worker", "scheduler"):
        from .workers import works

        works(config, env, role, until)
    else:
        raise Stop(f"`{role}` has no health to be asked for: say serve, worker or scheduler")


def asked(config: dict[str, Any], env: dict[str, str], path: str | None, until: float) -> None:
    """Ask the server, at the address that it was told to bind. Without a path any answer will do: it turns."""
    host, number_ = value(config["host"], env), port(config, env)
    # What stands for every address to a server is no address to ask.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = _socket.socket(_socket.AF_INET6 if ":" in address else _socket.AF_INET, _socket.SOCK_STREAM)
    connection.settimeout(max(until - time.monotonic(), 0.001))
    answer = b""
    try:
        connection.connect((address, number_))
        lines = (f"GET {path or '/'} HTTP/1.1", "Host: localhost", "User-Agent: lading", "Connection: close", "", "")
        connection.sendall("\r\n".join(lines).encode())
        while b"\r\n" not in answer:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            received = connection.recv(4096)
            if not received:
                break
            answer += received
    except OSError as error:
        raise Stop(f"port {number_} of {address} does not answer: {error}") from None
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    if not (line.startswith("HTTP/1.") and "200" <= line[9:12] <= ("399" if path else "599")):
        raise Stop(f"GET {path or '/'} on port {number_} of {address} answers `{line}`")


def needed(config: dict[str, Any], env: dict[str, str], roles: tuple[str, ...], until: float) -> None:
    """Ask every service of these roles whether it answers."""
    from .addresses import services
    from .services import unanswered

    for service in services(config, env):
        if service["role"] in roles:
            problem = unanswered(service, env, until)
            if problem:
                raise Stop(problem)
