"""A container and what to ask it over HTTP → its answer: a whole request, or half of one now and the rest later."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping

from lading.model import Answer
from lading.observe.container import Container

#: Bytes of an answer that are kept.
_LARGEST_BODY = 64_000


def ask(
    container: Container,
    address: tuple[str, int],
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 5.0,
    largest: int = _LARGEST_BODY,
) -> Answer:
    """What a new connection to `address` answers, at most the beginning of it; or why there is none."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.sock = container.connect(address, timeout)
        began = time.monotonic()
        connection.request(method, path, body, {**_OURS, **(headers or {})})
        return _read(connection, path, began, timeout, largest)
    except (OSError, http.client.HTTPException) as error:
        return _none(path, began, error)
    finally:
        connection.close()


def half(
    container: Container, path: str, *, method: str, headers: Mapping[str, str], body: bytes
) -> Callable[[float], Answer]:
    """Send a request but for the second half of its body. What is returned sends that, and waits for the answer."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*container.start.connect, timeout=30)
    try:
        connection.sock = container.connect(container.start.connect, 30)
        connection.putrequest(method, path)
        for name, value in {**_OURS, **headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body[: len(body) // 2])
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        failed = _none(path, began, error)
        return lambda _: failed

    def rest(timeout: float) -> Answer:
        try:
            connection.send(body[len(body) // 2 :])
            return _read(connection, path, began, timeout, _LARGEST_BODY)
        except (OSError, http.client.HTTPException) as error:
            return _none(path, began, error)
        finally:
            connection.close()

    return rest


#: The headers that say whose pages a browser gives an answer to.
_ALLOWS = "access-control-allow-"

_OURS = {"Connection": "close", "User-Agent": "lading"}


def _read(connection: http.client.HTTPConnection, path: str, began: float, timeout: float, largest: int) -> Answer:
    response = connection.getresponse()
    body = b""
    while len(body) < largest and time.monotonic() < began + timeout and (more := response.read1(4096)):
        body += more
    seconds = time.monotonic() - began
    allows = {name.lower(): value for name, value in response.getheaders() if name.lower().startswith(_ALLOWS)}
    return Answer(path=path, status=response.status, body=body.decode(errors="replace"), seconds=seconds, allows=allows)


def _none(path: str, began: float, error: Exception) -> Answer:
    seconds = time.monotonic() - began
    return Answer(path=path, status=None, body="", seconds=seconds, error=str(error) or type(error).__name__)
