"""A Start → the one that can be made where a container shares the machine's network, on ports that are free there."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace

from lading.errors import Outside
from lading.model import Plan, Start


def start(plan: Plan, asked: Start) -> Start:
    """`asked`, with the server on a loopback port that nobody uses.

    The start with the defaults stays what it is. Raises `Outside` when its port is taken.
    """
    address, port = asked.connect
    if asked.name == "defaults":
        if not free(port):
            raise Outside(f"port {port} is in use on this machine", hint="stop what listens there, and try again")
        return asked
    chosen = port if plan.port.variable in asked.environment and free(port) else unused()
    environment = {
        **asked.environment,
        plan.port.variable: str(chosen),
        plan.host.variable: asked.environment.get(plan.host.variable, "127.0.0.1"),
    }
    moved = tuple((one, chosen if number == port else number) for one, number in asked.refused)
    quiet = tuple((one, number) for one, number in moved if number == chosen or free(number))
    return replace(asked, environment=environment, connect=(address, chosen), refused=quiet)


def free(port: int) -> bool:
    """Whether nobody listens on `port` of this machine, on any address."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("", port))
        except OSError as error:  # a port that we may not bind is nobody's for all that
            return error.errno != errno.EADDRINUSE
        return True


def unused() -> int:
    """A port that nobody uses now."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])
