"""Files in which somebody wrote how the backend is started → their commands: all but Dockerfiles, compose and code."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lading.detect.evidence_servers import Start, parse
from lading.detect.evidence_shell import LONGEST, Command, commands, expand

#: A line that is worth reading as a command.
_SERVERS = re.compile(r"\b(?:uvicorn|gunicorn|hypercorn|granian|daphne|fastapi\s+(?:run|dev))\b")
_WORKERS = re.compile(
    r"\b(?:celery|dramatiq|arq|rq\s+worker|rqscheduler|rqworker|taskiq|huey_consumer(?:\.py)?|faststream\s+run)\b"
)
_PYTHON = re.compile(r"\bpython[\d.]*\s")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_LEAD = re.compile(
    r"""^\s*(?:(?:[-*]\s+)?(?:run|command|cmd|script|startCommand|start)\s*[:=]\s*)?(?:[$>%#]\s+|RUN\s+|-\s+)?[@'"]?"""
)

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("procfile", re.compile(r"(?:.*/)?Procfile(?:\.\w+)?")),
    ("systemd", re.compile(r".*\.service")),
    ("supervisor", re.compile(r"(?:.*/)?supervisor[\w.-]*\.(?:conf|ini)|.*supervisor.*/[^/]+\.(?:conf|ini)")),
    ("platform", re.compile(r"(?:.*/)?(?:fly\.toml|render\.ya?ml|railway\.(?:json|toml)|nixpacks\.toml|app\.ya?ml"
                            r"|heroku\.yml|koyeb\.ya?ml|zeabur\.json|startup\.txt|vercel\.json)")),
    ("script", re.compile(r".*\.(?:sh|bash|zsh)")),
    ("task", re.compile(r"(?:.*/)?(?:[Mm]akefile|GNUmakefile|.*\.mk|[Jj]ustfile|\.justfile|[Tt]askfile\.ya?ml|tox\.ini"
                        r"|Pipfile|package\.json)")),
    ("ci", re.compile(r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|azure-pipelines\.yml"
                      r"|bitbucket-pipelines\.yml|\.travis\.yml|Jenkinsfile")),
    ("editor", re.compile(r"(?:.*/)?\.vscode/launch\.json")),
    ("readme", re.compile(r"(?i:(?:.*/)?readme[\w.-]*)|[A-Z][A-Z_]+\.(?:md|rst)|(?i:docs?/[^/]+\.(?:md|rst))")),
)  # fmt: skip


def kind(path: str, *, executable: bool = False) -> str | None:
    """What a path is called like: a key of `evidence.WEIGHTS`; None: nobody writes a start there."""
    for name, pattern in _KINDS:
        if pattern.fullmatch(path):
            return name
    return "script" if executable and "." not in posixpath.basename(path) else None


def starts(path: str, kind: str, text: str) -> Iterator[Start]:
    """The starts that the file says, in order. No text makes this fail."""
    match kind:
        case "editor":
            yield from _launch(path, text)
        case "procfile":
            for number, line in enumerate(text.splitlines(), start=1):
                name, colon, said = line.partition(":")
                if colon and re.fullmatch(r"[\w-]+", name.strip()):
                    yield from _commands(said, {"PORT": ""}, "", f"{path}:{number}", kind)
        case "systemd" | "supervisor":
            yield from _units(path, kind, text)
        case "platform":
            yield from _lines(path, kind, text, python=True)
        case "script":
            yield from _lines(path, kind, text, python=True)
        case "readme":
            yield from _lines(path, kind, "\n".join(_fenced(text)), python=False)
        case _:
            yield from _lines(path, kind, text, python=False)


def _commands(said: str, known: Mapping[str, str], folder: str, where: str, kind: str) -> Iterator[Start]:
    for command in commands(said, known, folder):
        yield start(command, where, kind)


def start(command: Command, where: str, kind: str) -> Start:
    """A command as a start; the folder that `cd` went to is on its path."""
    from dataclasses import replace

    found = parse(command.words, where, kind)
    return replace(found, folder=found.folder or command.folder) if command.folder else found


def _lines(path: str, kind: str, text: str, *, python: bool) -> Iterator[Start]:
    """Commands line by line, with what `cd` and assignments of the lines before say."""
    known: dict[str, str] = {}
    folder = ""
    for number, line in _joined(text):
        if found := re.match(r"\s*(?:export\s+)?([A-Z_]\w*)\s*[:?]?=\s*[\"']?(\$\{[^{}]*\}|[^\s\"';&|]*)", line):
            known[found[1]] = expand(re.sub("[\"']", "", found[2]), known)
        if found := re.match(r"\s*(?:[$>]\s+)?(?:cd|pushd)\s+[\"']?([\w./-]+)[\"']?\s*(?:\|\||$|;)", line):
            folder = posixpath.normpath(posixpath.join(folder, found[1]))
        if line.lstrip().startswith(("#", "//")) or len(line) > LONGEST:
            continue
        if not (_SERVERS.search(line) or _WORKERS.search(line) or (python and _PYTHON.search(line))):
            continue
        said = _LEAD.sub("", line, count=1).replace("$(", "${").replace("{{", "${")
        for one in _commands(said, known, "" if folder.startswith("..") else folder, f"{path}:{number}", kind):
            if _is_one(one):
                yield one


def _is_one(found: Start) -> bool:
    """Whether a line of some text is a command after all, and no sentence: a server needs a target, or an option."""
    if found.program in {"uvicorn", "hypercorn", "granian", "daphne"}:
        return found.target is not None
    if found.program == "gunicorn":
        return found.target is not None or found.config is not None
    if found.program == "fastapi":
        return found.argv[1:2] in {("run",), ("dev",)}
    if found.program == "python":
        return found.file is not None
    # `celery = "^5"`, `dramatiq[redis]>=1`: a dependency and no command.
    return len(found.argv) > 1 and found.argv[1][:1] not in {*"=<>~^{["} and bool(_WORKERS.match(" ".join(found.argv)))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with the number of the first physical one, continued ones joined."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        parts.append(line.rstrip())
        if parts[-1].endswith("\\") and len(parts) < 200:
            parts[-1] = parts[-1][:-1] + " "
            continue
        yield first, "".join(parts)
        parts, first = [], 0
    if parts:
        yield first, "".join(parts)


def _fenced(text: str) -> Iterator[str]:
    """The lines of code blocks, the others empty, so that numbers stay what they are."""
    inside = False
    for line in text.splitlines():
        if _FENCE.match(line):
            inside = not inside
            yield ""
        else:
            yield line if inside or line.startswith(("    ", "\t", "$ ")) else ""


def _units(path: str, kind: str, text: str) -> Iterator[Start]:
    """`ExecStart=` of systemd, `command=` of supervisor, each with its working directory."""
    folder = re.search(r"^\s*(?:WorkingDirectory|directory)\s*=\s*(\S+)", text, re.MULTILINE)
    for number, line in _joined(text):
        if found := re.match(r"\s*(?:ExecStart|command)\s*=\s*[-@:+!]*(.*)", line):
            for one in _commands(found[1], {}, "", f"{path}:{number}", kind):
                yield _in(one, folder[1] if folder else "")


def _in(found: Start, folder: str) -> Start:
    from dataclasses import replace

    # Where the unit's machine keeps the tree is not where it is here.
    return replace(found, folder=found.folder or (None if folder.startswith("/") else folder) or None)


def _launch(path: str, text: str) -> Iterator[Start]:
    """Configurations of an editor: `"module": "uvicorn", "args": ["app.main:app"]`."""
    cleaned = re.sub(r"^\s*//[^\n]*", "", text, flags=re.MULTILINE)
    try:
        said: Any = json.loads(re.sub(r",(\s*[\]}])", r"\1", cleaned))
    except (ValueError, RecursionError):
        return
    listed = said.get("configurations") if isinstance(said, dict) else None
    for one in listed if isinstance(listed, list) else ():
        module = one.get("module") if isinstance(one, dict) else None
        args = one.get("args") if isinstance(one, dict) else None
        if isinstance(module, str) and isinstance(args, list):
            line = text[: max(text.find(f'"{module}"'), 0)].count("\n") + 1
            folder = (
                str(one.get("cwd") or "").replace("${workspaceFolder}", "").replace("${workspaceRoot}", "").strip("/")
            )
            words = [module, *(str(argument) for argument in args)]
            yield _in(parse(words, f"{path}:{line}", "editor"), folder)
