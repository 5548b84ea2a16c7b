"""The project's own requests → what a ready container answers, one after the other."""

from __future__ import annotations

import itertools
import json
import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lading.checks import journey
from lading.model import Answer, Reply, Request
from lading.observe import web
from lading.observe.container import Container

#: Seconds for one answer, and where it does not count; between two attempts: at first, so that what is done soon is
#: seen soon, and at most.
_ANSWER, _UNHEARD, _SOON, _POLL = 30.0, 5.0, 0.02, 0.2

#: What `{number}` is in a request: of `Numbers`, unless the project keeps one of its own.
NUMBER = "number"

_BOUNDARY = "lading-0123456789abcdef"


@dataclass(slots=True)
class Numbers:
    """What `{number}` is for one volume and database, in all containers that get them one after the other."""

    now: str = "0"  # in the requests that are asked in order
    _given: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fresh(self) -> str:
        """One that was never given."""
        return str(next(self._given))


def ask(
    container: Container,
    requests: Sequence[Request],
    uploads: Mapping[str, bytes],
    kept: Mapping[str, str],
    numbers: Numbers | None = None,
) -> Iterator[Reply]:
    """Ask in order, up to the first that is not answered as wanted. `kept` holds values of an earlier container.

    `numbers` are those of the container's volume: what was sent before gets the next, and what follows it the same.
    """
    numbers = numbers or Numbers()
    held = dict(kept)
    for request in requests:
        # In the next container what only asks is about what the first one was told.
        before = container.start.reuse is not None and request.method not in {"GET", "HEAD", "OPTIONS"}
        if before and _numbered(request):
            numbers.now = numbers.fresh()
        for _ in range(request.times - 1):
            _answer(container, request, uploads, {NUMBER: numbers.now, **held}, _UNHEARD)
            if _numbered(request):
                numbers.now = numbers.fresh()
        reply = _asked(container, request, uploads, {NUMBER: numbers.now, **held})
        yield reply
        if journey.wrong(reply):
            return
        held |= reply.kept


def once(container: Container, request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str]) -> Reply:
    """What `request` is answered now, with the values `held` in it."""
    return _asked(container, replace(request, until=0), uploads, held)


def half(
    container: Container, request: Request, uploads: Mapping[str, bytes], numbers: Numbers
) -> Callable[[float], Answer]:
    """Send half of `request`; what is returned sends the rest, and waits for the answer."""
    held = {NUMBER: numbers.fresh()}  # it may have been asked before
    headers, body = _body(request, uploads, held)
    path = _filled(request.path, held)
    return web.half(container, path, method=request.method, headers=headers, body=body or b"")


def _asked(container: Container, request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str]) -> Reply:
    wanted = replace(request, contains=tuple(_filled(text, held) for text in request.contains))
    pause = _SOON
    began = time.monotonic()
    while True:
        answer = _answer(container, request, uploads, held, _ANSWER)
        waited = time.monotonic() - began
        reply = _kept(Reply(request=wanted, answer=answer, waited=waited))
        if not journey.wrong(reply) or waited > request.until:
            return reply
        time.sleep(pause)
        pause = min(2 * pause, _POLL)


def _answer(
    container: Container, request: Request, uploads: Mapping[str, bytes], held: Mapping[str, str], timeout: float
) -> Answer:
    headers, body = _body(request, uploads, held)
    path, address = _filled(request.path, held), container.start.connect
    return web.ask(container, address, path, method=request.method, headers=headers, body=body, timeout=timeout)


def _numbered(request: Request) -> bool:
    """Whether what is sent has a number in it."""
    texts = (request.path, request.body or "", *request.headers.values(), *request.form.values())
    return any(f"{{{NUMBER}}}" in text for text in texts)


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
