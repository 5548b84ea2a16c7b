"""A command → how it starts an ASGI server: its target, address, workers and what it makes of a proxy's headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lading.model import Fact

SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "fastapi"})

#: Options that take a value, of any of the servers, beside those that we read: a target is none of their values.
_VALUED = frozenset(
    {
        "--log-level", "--log-config", "--env-file", "--loop", "--http", "--ws", "--lifespan", "--interface", "--name",
        "-n", "--user", "-u", "--group", "-g", "--pid", "-p", "--timeout", "-t", "--threads", "--log-file", "--env",
        "-e", "--access-logfile", "--error-logfile", "--reload-dir", "--worker-tmp-dir", "--pythonpath",
        "--keep-alive", "--graceful-timeout", "--max-requests", "--max-requests-jitter", "--worker-connections",
        "--timeout-keep-alive", "--log-config-json", "--ssl-keyfile", "--ssl-certfile", "--uds", "--fd", "--backlog",
    }
)  # fmt: skip

TARGET = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.\w+)*)(\(.*\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One way that the project starts something, as somebody wrote it down."""

    program: str  # uvicorn, gunicorn …; celery …; python; a program of the project's own
    argv: tuple[str, ...]  # with the program
    where: str
    kind: str  # what wrote it: a key of evidence.WEIGHTS
    target: str | None = None  # module:attribute
    file: str | None = None  # the Python file that is run, or given in place of a target
    factory: bool = False
    folder: str | None = None  # the folder that is on the path, from the root; None: it is not known
    host: str | None = None
    port: int | None = None
    workers: int | None = None
    reload: bool = False
    root_path: str | None = None
    proxy_headers: bool = False
    forwarded: str | None = None  # whom the proxy's headers are taken from
    config: str | None = None  # a configuration file of the server's own
    asgi: bool = True  # False: gunicorn with a worker that is not known to speak ASGI
    name: str = ""  # of a task
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the project says of its starts; the most believable first, once it is weighed."""

    starts: tuple[Start, ...] = ()
    exposed: tuple[Fact[int], ...] = ()  # EXPOSE, and the container's side of compose's ports
    paths: tuple[Fact[str], ...] = ()  # folders of the tree that a PYTHONPATH names
    variables: tuple[Fact[str], ...] = ()  # names that an image or a compose file sets

    @property
    def servers(self) -> tuple[Start, ...]:
        """The starts of a server."""
        return tuple(start for start in self.starts if start.program in SERVERS and start.asgi)


def parse(words: Sequence[str], where: str, kind: str) -> Start:
    """`words`, the program first, as a start. Of a program that is no server only the words are known."""
    program, args = words[0].rpartition("/")[2], words[1:]
    start = Start(program=program, argv=(program, *args), where=where, kind=kind)
    if program == "python":
        return _python(start, args)
    if program not in SERVERS:
        return start
    given, positional = _split(args)
    target = next((found for word in positional if (found := TARGET.fullmatch(word.removeprefix("asgi:")))), None)
    bind = _bind(given.get("--bind") or given.get("-b") or "")
    port = given.get("--port") or (given.get("-p") if program == "daphne" else None)
    worker = given.get("--worker-class") or given.get("-k")
    start = replace(
        start,
        target=f"{target[1]}:{target[2]}" if target else None,
        factory="--factory" in given or bool(target and target[3]),
        folder=given.get("--app-dir") or given.get("--chdir") or given.get("--working-dir"),
        host=given.get("--host") or bind[0],
        port=number(port) or bind[1],
        workers=number(given.get("--workers") or given.get("-w")),
        reload="--reload" in given,
        root_path=given.get("--root-path") or given.get("--url-path-prefix") or None,
        proxy_headers="--proxy-headers" in given or "--forwarded-allow-ips" in given,
        forwarded=given.get("--forwarded-allow-ips") or None,
        config=given.get("--config") or given.get("-c"),
        asgi=program != "gunicorn" or worker is None or "uvicorn" in worker.lower() or "asgi" in worker.lower(),
    )
    return _fastapi(start, given, positional) if program == "fastapi" else start


def _fastapi(start: Start, given: dict[str, str], positional: Sequence[str]) -> Start:
    """`fastapi run|dev [FILE] [--app NAME]`, `--entrypoint module:app`."""
    entrypoint = given.get("--entrypoint") or given.get("-e")
    files = [word for word in positional if word.endswith(".py") or "/" in word]
    name = given.get("--app")
    return replace(
        start,
        target=entrypoint or start.target or (f":{name}" if name else None),
        file=files[0] if files else None,
        reload="dev" in positional[:1],
        proxy_headers="--no-proxy-headers" not in given,
    )


def _python(start: Start, args: Sequence[str]) -> Start:
    """`python FILE` and `python -m MODULE`."""
    if len(args) > 1 and args[0] == "-m":
        return replace(start, file=args[1].replace(".", "/"))
    return replace(start, file=args[0]) if args and args[0].endswith(".py") else start


def _split(args: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options with their values, and the other words."""
    given: dict[str, str] = {}
    positional: list[str] = []
    waiting = ""
    for word in args:
        if waiting and not word.startswith("--"):
            given[waiting], waiting = word, ""
            continue
        waiting = ""
        if not word.startswith("-"):
            positional.append(word)
            continue
        name, equals, value = word.partition("=")
        if re.fullmatch(r"-[bwkcp].+", word) and not equals:  # -w4, -b0.0.0.0:80
            name, value, equals = word[:2], word[2:], "="
        given[name] = value
        waiting = name if not equals and (name in _VALUED or name in _READ) else ""
    return given, positional


_READ = frozenset(
    {
        "--host", "--port", "--bind", "-b", "--workers", "-w", "--worker-class", "-k", "--config", "-c", "--app-dir",
        "--chdir", "--working-dir", "--root-path", "--url-path-prefix", "--forwarded-allow-ips", "--app",
        "--entrypoint",
    }
)  # fmt: skip


def _bind(text: str) -> tuple[str | None, int | None]:
    """`host:port` of gunicorn and hypercorn."""
    host, colon, port = text.rpartition(":")
    return (host.strip("[]") or None, number(port)) if colon and not text.startswith("unix:") else (None, None)


def number(text: str | None) -> int | None:
    """A port or a count; None for what is none."""
    decimal = text and text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if text and decimal and 0 < int(text) <= 65535 else None
