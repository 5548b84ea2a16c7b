"""Starts of scripts, modules and programs of the project's own → the starts of a server that those lead to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import evidence_tasks, evidence_tree, reach, values
from lading.detect.code import Code
from lading.detect.evidence_servers import SERVERS, Start, number, parse

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class _Known:
    """What leads on: the starts in each file, and of each task, and the project's own programs."""

    starts: Mapping[str, Sequence[Start]]
    programs: Mapping[str, str]


def followed(code: Code, starts: Sequence[Start]) -> Iterator[Start]:
    """What a script, `python main.py`, `python -m shop`, a task and the project's own programs start in their turn."""
    by_file: dict[str, list[Start]] = {}
    for one in starts:
        by_file.setdefault(one.where.partition(":")[0], []).append(one)
        if one.name:
            by_file.setdefault(f"task {one.name}", []).append(one)
    known = _Known(by_file, evidence_tasks.scripts(code))
    for start in starts:
        if start.kind not in {"code", "readme", "editor"} and start.program not in SERVERS:
            yield from _next(code, start, start, known, set())


def _next(code: Code, first: Start, start: Start, known: _Known, seen: set[str]) -> Iterator[Start]:
    """The servers that `start` leads to, as heavy as `first`, from which it was come to; each file is gone to once."""
    task = f"task {start.argv[1] if start.program == 'poe' and len(start.argv) > 1 else start.program}"
    file = task if task in known.starts else _leads_to(code, start, known.programs)
    if file is None or len(seen) > _DEEPEST or file in seen:
        return
    seen.add(file)
    inner = known.starts.get(file, [])
    if file.endswith(".py"):
        inner = [one for one in inner if one.kind == "code"] or _reached(code, file, known)
    for one in inner:
        if one.program in SERVERS:
            port = number(_option(start.argv, "--port") or _option(start.argv, "-p"))
            yield replace(
                one,
                weight=max(first.weight - 4 * one.reload - 1, one.weight),
                kind=first.kind,
                folder=one.folder or start.folder,
                port=port or one.port,
                host=_option(start.argv, "--host") or one.host,
            )
        else:
            yield from _next(code, first, one, known, seen)


def _option(argv: Sequence[str], name: str) -> str | None:
    """The value of an option of a program of the project's own."""
    for word, after in zip(argv, (*argv[1:], ""), strict=True):
        if word == name or word.startswith(f"{name}="):
            return after if word == name else word[len(name) + 1 :]
    return None


def _reached(code: Code, file: str, known: _Known) -> list[Start]:
    """The starts in what a file imports, when only one file has some: `from shop.cli import main; main()`."""
    found = [known.starts[path] for path in reach.reach(code, file) if path in known.starts]
    called = [[one for one in starts if one.kind == "code"] for starts in found]
    some = [starts for starts in called if starts]
    return some[0] if len(some) == 1 else []


def _leads_to(code: Code, start: Start, own: Mapping[str, str]) -> str | None:
    """The file of the tree that a command runs."""
    if start.program == "python" and start.file:
        stem = start.file.removesuffix(".py")
        ends = (f"{stem}.py",) if start.file.endswith(".py") else (f"{stem}/__main__.py", f"{stem}.py")
        return next((found for end in ends if (found := evidence_tree.nearest(code, end, start))), None)
    if start.program in own:
        stem = own[start.program].partition(":")[0].replace(".", "/")
        return evidence_tree.nearest(code, f"{stem}.py", start) or evidence_tree.nearest(
            code, f"{stem}/__init__.py", start
        )
    if start.program not in SERVERS and (
        start.program.endswith((".sh", ".bash")) or "/" in start.argv[0] or "." not in start.program
    ):
        return evidence_tree.nearest(code, start.program, start)
    return None


def configured(code: Code, start: Start) -> Start:
    """A start with what its server's configuration file adds: gunicorn's is Python, `gunicorn.conf.py` by default."""
    if start.program != "gunicorn" or start.kind == "code":
        return start
    said = (start.config or "gunicorn.conf.py").removeprefix("file:").removeprefix("python:")
    path = evidence_tree.nearest(code, said, start)
    tree = code.tree(path) if path and path.endswith(".py") else None
    if tree is None or path is None:
        return start
    bindings = tree.bindings

    def text(name: str) -> str | None:
        binding = bindings.get(name, (None,))[-1]
        value = values.fold(code, path, binding) if isinstance(binding, ast.expr) else None
        return value.text if value and value.whole else None

    bind = parse(("gunicorn", "-b", text("bind") or ""), start.where, start.kind)
    worker = text("worker_class")
    return replace(
        start,
        target=start.target or text("wsgi_app"),
        host=start.host or bind.host,
        port=start.port or bind.port,
        workers=start.workers or number(text("workers")),
        forwarded=start.forwarded or text("forwarded_allow_ips"),
        asgi="uvicorn" in worker.lower() or "asgi" in worker.lower() if worker else start.asgi,
    )


def serves(code: Code, start: Start, servers: Sequence[Start]) -> bool:
    """Whether a command of the project's own comes down to one of `servers`."""
    file = _leads_to(code, start, evidence_tasks.scripts(code))
    return file is not None and any(one.where.partition(":")[0] == file for one in servers)
