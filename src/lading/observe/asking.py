"""The project's own requests → what a ready container answers, one after the other."""

from __future__ import annotations

import json
import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lading.checks import journey
from lading.model import Answer, Reply, Request
from lading.observe import web
from lading.observe.container import Container

#: Seconds for one answer, and between two attempts: at first, so that what is done soon is seen soon, and at most.
_ANSWER, _SOON, _POLL = 30.0, 0.02, 0.2

#: What `{number}` is in a request, and another number where it is sent once more.
NUMBER = "number"

_BOUNDARY = "lading-0123456789abcdef"


def ask(
    container: Container, requests: Sequence[Request], uploads: Mapping[str, bytes], kept: Mapping[str, str]
) -> Iterator[Reply]:
    """Ask in order, up to the first that is not answered as wanted. `kept` holds values of an earlier container."""
    held = {NUMBER: "0", **kept}
    for request in requests:
        reply = _asked(container, request, uploads, held)
        yield reply
        if journey.wrong(reply):
            return
        held |= reply.kept


def once(container: Container, request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str]) -> Reply:
    """What `request` is answered now, with the values `held` in it."""
    return _asked(container, replace(request, until=0, times=1), uploads, held)


def half(container: Container, request: Request, uploads: Mapping[str, bytes]) -> Callable[[float], Answer]:
    """Send half of `request`; what is returned sends the rest, and waits for the answer."""
    held = {NUMBER: "1"}  # it may have been asked before
    headers, body = _body(request, uploads, held)
    path = _filled(request.path, held)
    return web.half(container, path, method=request.method, headers=headers, body=body or b"")


def _asked(container: Container, request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str]) -> Reply:
    headers, body = _body(request, uploads, held)
    path = _filled(request.path, held)
    wanted = replace(request, contains=tuple(_filled(text, held) for text in request.contains))
    pause = _SOON
    for _ in range(request.times - 1):
        web.ask(container, container.start.connect, path, method=request.method, headers=headers, body=body)
    began = time.monotonic()
    while True:
        answer = web.ask(
            container, container.start.connect, path, method=request.method, headers=headers, body=body, timeout=_ANSWER
        )
        waited = time.monotonic() - began
        reply = _kept(Reply(request=wanted, answer=answer, waited=waited))
        if not journey.wrong(reply) or waited > request.until:
            return reply
        time.sleep(pause)
        pause = min(2 * pause, _POLL)


def _kept(reply: Reply) -> Reply:
    """`reply` with the values that are to be kept of it."""
    kept = {}
    for name, path in reply.request.keep.items():
        try:
            value = json.loads(reply.answer.body)
            for part in path.split(".") if path else ():
                value = value[int(part)] if isinstance(value, list) else value[part]
        except (ValueError, KeyError, IndexError, TypeError):
            return replace(reply, wrong=f"it has no `{path}` to keep")
        kept[name] = value if isinstance(value, str) else json.dumps(value)
    return replace(reply, kept=kept)


def _body(
    request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str]
) -> tuple[dict[str, str], bytes | None]:
    """The headers and the body. Source of the form: RFC 7578, multipart/form-data."""
    headers = {name: _filled(value, held) for name, value in request.headers.items()}
    if request.file is None and not request.form:
        return headers, None if request.body is None else _filled(request.body, held).encode()
    parts: list[tuple[str, bytes]] = [
        (f'form-data; name="{name}"', _filled(value, held).encode()) for name, value in request.form.items()
    ]
    if request.file is not None:
        named = f'form-data; name="file"; filename="{posixpath.basename(request.file)}"'
        parts.append((f"{named}\r\nContent-Type: application/octet-stream", uploads[request.file]))
    body = b"".join(
        f"--{_BOUNDARY}\r\nContent-Disposition: {about}\r\n\r\n".encode() + data + b"\r\n" for about, data in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **headers}
    return headers, body + f"--{_BOUNDARY}--\r\n".encode()


def _filled(text: str, held: Mapping[str, Any]) -> str:
    for name, value in held.items():
        text = text.replace(f"{{{name}}}", value)
    return text
