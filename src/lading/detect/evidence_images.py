"""A Dockerfile, a compose file → the starts in it, the ports, the paths and the variables of the backend's image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace

from lading.detect import evidence_docker, evidence_tree
from lading.detect.code import Code, folder
from lading.detect.evidence_servers import SERVERS, Evidence, Start, number, parse
from lading.model import Fact


def dockerfile(code: Code, path: str, text: str) -> Evidence:
    """What a Dockerfile says: the commands of every stage that has one, what the last one exposes and sets."""
    stages = evidence_docker.stages(text)
    if not _about(code, path, stages):
        return Evidence()
    starts: list[Start] = []
    for stage in {id(stage.command or stage.entrypoint): stage for stage in stages}.values():
        if stage.image.lower().startswith("tiangolo/uvicorn-gunicorn") and not stage.command:
            starts.append(_old_image(stage, path))
        for words, place, line in evidence_docker.words(stage.entrypoint, stage.command):
            start = parse(words, f"{path}:{line}", "dockerfile")
            starts.append(replace(start, folder=_mapped(code, path, stage, start.folder or place or stage.folder)))
    last = stages[-1]
    value, line = last.env.get("PYTHONPATH", ("", 0))
    folders = [_mapped(code, path, last, part) for part in value.split(":") if part.strip("/. ")]
    return Evidence(
        starts=tuple(starts),
        exposed=tuple(Fact(port, f"{path}:{there}") for port, there in last.exposed),
        paths=tuple(Fact(inner, f"{path}:{line}") for inner in folders if inner is not None),
        variables=tuple(Fact(name, f"{path}:{there}") for name, (_, there) in last.env.items()),
    )


#: Where debugpy listens, by its own habit: nobody's requests go there.
_DEBUGGER = 5678

#: Images in which no backend of Python runs.
_FOREIGN = re.compile(
    r"(?:.*/)?(?:node|nginx|nginx-unprivileged|bun|caddy|httpd|traefik|postgres|redis|mysql|mariadb)(?:[:@].*)?"
)


def _about(code: Code, path: str, stages: Sequence[evidence_docker.Stage]) -> bool:
    """Whether the image of a Dockerfile may be the backend's: a front end's, and that of another part, is not."""
    if not stages or _FOREIGN.fullmatch(stages[-1].image.lower()):
        return False
    copied = [context for context, _ in stages[-1].copies]
    if not path.startswith("..") or not copied:
        return True
    bases = (folder(path), evidence_tree.up(code))
    return any(evidence_tree.related(code, posixpath.join(base, one)) for one in copied for base in bases)


def _mapped(code: Code, path: str, stage: evidence_docker.Stage, place: str) -> str | None:
    """The folder of the tree that a folder of the container is made of; None where that is not known."""
    full = posixpath.normpath(posixpath.join(stage.folder, place))
    for inner in evidence_docker.mapped(stage.copies, full):
        for base in dict.fromkeys((folder(path), "", posixpath.join(folder(path), ".."))):
            found = evidence_tree.inside(code, posixpath.join(base, inner))
            if found is not None and (not found or found in code.packages):
                return found
    return None


def _old_image(stage: evidence_docker.Stage, path: str) -> Start:
    """An image of tiangolo/uvicorn-gunicorn-fastapi: its variables name the application, else it is in `main`."""
    env = {name: value for name, (value, _) in stage.env.items()}
    module = env.get("MODULE_NAME", "main")
    return Start(
        program="gunicorn", argv=("gunicorn",), where=f"{path}:{stage.line}", kind="dockerfile",
        target=env.get("APP_MODULE") or f"{module}:{env.get('VARIABLE_NAME', 'app')}",
        port=number(env.get("PORT")) or 80, workers=number(env.get("WEB_CONCURRENCY")),
    )  # fmt: skip


def compose(code: Code, path: str, text: str) -> Evidence:
    """What a compose file says of the services that it builds, or starts by a command, out of the backend's folder."""
    starts: list[Start] = []
    exposed: list[Fact[int]] = []
    variables: list[Fact[str]] = []
    for service in evidence_docker.composed(text):
        if service.context and not evidence_tree.related(code, posixpath.join(folder(path), service.context)):
            continue
        said = evidence_docker.words(service.entrypoint, service.command)
        found = [parse(words, f"{path}:{line}", "compose") for words, _, line in said]
        if service.built or any(start.program in SERVERS for start in found):
            exposed += [Fact(port, f"{path}:{line}") for port, line in service.ports if port != _DEBUGGER]
            variables += [Fact(name, f"{path}:{line}") for name, line in service.environment]
        starts += found
    return Evidence(tuple(starts), tuple(exposed), (), tuple(variables))
