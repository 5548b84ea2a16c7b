"""The evidence and the dependencies → the program that serves the application, how it is started, where it listens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lading.dependencies import requirement
from lading.detect import evidence, evidence_servers, services
from lading.detect.code import Code
from lading.detect.evidence_servers import Start
from lading.model import Dependencies, Fact, Server
from lading.settings import Settings
from lading.source import Source

#: What each program is, as far as we serve with it: the others are uvicorn by another name, or WSGI.
_KINDS = {"uvicorn": "uvicorn", "fastapi": "uvicorn", "gunicorn": "gunicorn", "hypercorn": "hypercorn",
          "granian": "granian", "daphne": "uvicorn"}  # fmt: skip

#: The distributions that bring a server.
_BRINGS = {"uvicorn": "uvicorn", "fastapi-cli": "uvicorn", "uvicorn-worker": "uvicorn", "hypercorn": "hypercorn",
           "granian": "granian", "gunicorn": "gunicorn"}  # fmt: skip

#: What each listens on when nothing says so, and the options that say something else.
_PORT = 8000
_BINDS = re.compile(r"--(?:port|bind|config|fd|uds)|-[bcp]")


def detect(code: Code, declared: Dependencies, starts: Sequence[Start]) -> Fact[Server]:
    """The server that the project starts its application with, when it is declared; else the one that is declared.

    `starts` are those of the chosen application, the weightiest first. Where nothing is declared it is uvicorn, which
    is then `declared=False`: it has to be added.
    """
    brought = dict(_brought(code, declared))
    serious = [start for start in starts if not start.reload or start.weight >= evidence.SURE] or list(starts)
    best = next((start for start in serious if _usable(_KINDS[start.program], brought)), None)
    others = tuple(_others(starts, best, brought))
    if best:
        kind = _KINDS[best.program]
        return Fact(
            _started(kind, starts, best),
            best.where,
            # A note about a start is enough where the dependencies leave no other.
            "sure" if best.weight >= evidence.SURE or set(brought) == {kind} else "likely",
            others,
            "server",
        )
    for kind in ("uvicorn", "hypercorn", "granian"):
        if kind in brought:
            return Fact(
                _started(kind, starts, None), brought[kind], "sure" if len(brought) == 1 else "likely", others, "server"
            )
    where = starts[0].where if starts else declared.files[0] if declared.files else "default"
    return Fact(Server(kind="uvicorn", declared=False), where, "likely", others, "server")


def _usable(kind: str, brought: dict[str, str]) -> bool:
    """Whether it can be served with: gunicorn takes ASGI only with uvicorn's worker, so both must be there."""
    return kind in brought and (kind != "gunicorn" or "uvicorn" in brought)


def _started(kind: str, starts: Sequence[Start], best: Start | None) -> Server:
    """How it is started: each question is answered by the weightiest start that says something about it."""
    same = [start for start in starts if _KINDS[start.program] == kind and start.weight >= evidence.SURE]
    serious = [best, *same] if best else same
    # In a container the workers are a matter of its size; those of a start that reloads say nothing.
    workers = next((start.workers for start in serious if start.workers and not start.reload), None)
    return Server(
        kind=kind,
        workers=workers,
        root_path=next((start.root_path for start in serious if start.root_path), None),
        proxy_headers=any(start.proxy_headers for start in serious[:1]),
    )


def _brought(code: Code, declared: Dependencies) -> Iterator[tuple[str, str]]:
    """The servers that the dependencies bring, each with the line that declares it; the first line counts."""
    found: dict[str, str] = {}
    for text in (*declared.requirements, *declared.pinned):
        name, extras = requirement.name(text)
        if name == "fastapi" and extras & {"standard", "all", "standard-no-fastapi-cloud-cli"}:
            found.setdefault("uvicorn", _place(code, declared, name))
        elif name in _BRINGS and _BRINGS[name] not in found:
            found[_BRINGS[name]] = _place(code, declared, name)
    yield from found.items()


def _place(code: Code, declared: Dependencies, name: str) -> str:
    """The line of the first declaring file that names the distribution `name`."""
    # Normalised names (PEP 503): any run of `-`, `_` and `.` is the same.
    written = re.escape(name).replace(r"\-", "[-_.]+")
    patterns = (rf"""[\s\ufeff"']*{written}(?![\w.-])""", rf"""[^#]*["']{written}(?![\w.-])""")
    for pattern in (re.compile(one, re.IGNORECASE) for one in patterns):
        for path in declared.files:
            for number, line in enumerate(code.data(path).decode(errors="replace").splitlines(), start=1):
                if len(line) < 5000 and pattern.match(line):
                    return f"{path}:{number}"
    return declared.files[0] if declared.files else ""


def _others(starts: Sequence[Start], best: Start | None, brought: dict[str, str]) -> Iterator[str]:
    taken = _KINDS[best.program] if best else None
    said: set[str] = set()
    for start in starts:
        kind = _KINDS[start.program]
        if kind != taken and kind not in said:
            said.add(kind)
            reason = (
                "which is less than the start that was taken" if _usable(kind, brought) else "which nothing declares"
            )
            yield f"{kind}: {start.where} starts it, {reason}"
    for kind, where in brought.items():
        if kind != taken and kind not in said and best:
            yield f"{kind}: {where} declares it, and nothing starts it"


def listens(code: Code, settings: Settings, starts: Sequence[Start]) -> Fact[int] | None:
    """The port that the project's own start binds: what a start says, what an image exposes, what is usual."""
    if settings.given("port"):
        return settings["port"]
    found = evidence.read(code)
    # A start whose target the tree does not have may well be of the image's own layout: its port is as good.
    every = list(starts) or [start for start in found.servers if start.target is None]
    said = [(start.port, start.where, start.weight) for start in every if start.port]
    exposed = [(fact.value, fact.because, 58) for fact in found.exposed]
    ranked = sorted((*said, *exposed), key=lambda one: -one[2])
    if ranked:
        port, where, weight = ranked[0]
        others = tuple(
            f"{other}: {place}"
            for other, place in {other: place for other, place, _ in reversed(ranked) if other != port}.items()
        )
        rivals = any(other != port and points > weight - 10 for other, _, points in ranked)
        # Where a note says what would hold without it, the two agree.
        sure = not rivals and (weight >= evidence.SURE or port == _PORT)
        return Fact(port, where, "sure" if sure else "likely", others[::-1], "port")
    if starts:
        asked = any(_BINDS.match(word) for word in starts[0].argv) or starts[0].kind == "code"
        return Fact(_PORT, starts[0].where, "likely" if asked else "sure", key="port")
    return None


def notes(server: Fact[Server], starts: Sequence[Start]) -> Iterator[Fact[str]]:
    """What the user should know of the server."""
    if not server.value.declared:
        yield Fact("nothing declares a server: uvicorn is added", server.because, "sure", key="server")
    if starts and all(start.reload for start in starts):
        yield Fact("every start that was found reloads: in the image it does not", starts[0].where, key="server")
    everyone = next((start for start in starts if start.forwarded == "*"), None)
    if everyone:
        yield Fact(
            "it believes the proxy's headers from anybody (`--forwarded-allow-ips='*'`): only right behind a proxy",
            everyone.where,
            key="proxy-headers",
        )
    for start in starts:
        if start.program == "gunicorn" and not start.asgi:
            yield Fact("gunicorn is started without a worker that speaks ASGI", start.where, "likely", key="server")
            break


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every start of a server that was found, the weightiest first, with all that it says."""
    lines = []
    for start in evidence.read(services.choose(source, settings).code).starts:
        if start.program in evidence_servers.SERVERS:
            said = {
                "target": start.target or start.file, "host": start.host, "port": start.port,
                "workers": start.workers, "root path": start.root_path, "reloads": start.reload or None,
                "proxy headers": start.proxy_headers or None,
            }  # fmt: skip
            told = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
            lines.append(f"{start.weight:5}  {start.where} {start.program}: {told or 'nothing more'}")
    return tuple(lines) or ("nothing says how it is started",)
