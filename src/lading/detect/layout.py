"""Dockerfiles and compose files that are there → where the backend's Dockerfile stands, and what its builder is sent.

Only what differs from the usual is told: a `Dockerfile` in the backend's own folder, which is sent.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lading import written
from lading.dependencies import installs
from lading.detect import evidence_docker, evidence_images
from lading.model import Fact, Layout
from lading.source import Source
from lading.views import Below

_COMPOSE = re.compile(r"(?:[\w.-]+/){0,2}(?:docker-)?compose(?:[.-]([\w.-]+))?\.ya?ml")

#: Folders that hold what describes an image, and nothing of it.
_FOLDERS = frozenset(
    {"docker", ".docker", "deploy", "deployment", "container", "containers", "containerization", "infra", "ops"}
)
_SERVES = re.compile(r"uvicorn|gunicorn|hypercorn|granian|fastapi|python|serve|start")
_LARGEST = 200_000

#: Names of Dockerfiles that are for developing: `Dockerfile.dev`, `DockerfileDev`, `local.Dockerfile`.
_DEVELOPS = re.compile(
    r"dockerfile[._-]?(?:dev(?:el\w*)?|local|debug|tests?|ci)|(?:dev(?:el\w*)?|local|debug|tests?|ci)[._-]dockerfile",
    re.IGNORECASE,
)


class _Found(NamedTuple):
    layout: Layout
    because: str
    serves: bool  # its command may be a server's


def detect(source: Source) -> Fact[Layout] | None:
    """The layout that the project has; None for the usual one. The compose file decides, then where Dockerfiles are."""
    whole, folder = (source.whole, source.folder) if isinstance(source, Below) else (source, ".")
    found = list(_composed(whole, folder)) or list(_moved(whole, folder)) or list(_standing(whole, folder))
    if not found:
        return None
    first = next((one for one in found if one.serves), found[0])
    if first.layout == Layout():
        return None
    others = dict.fromkeys(
        f"{one.because}: `{one.layout.dockerfile}`" for one in found if one.layout.dockerfile != first.layout.dockerfile
    )
    return Fact(first.layout, first.because, "likely" if others else "sure", tuple(others), "dockerfile")


def _composed(whole: Source, folder: str) -> Iterator[_Found]:
    """The Dockerfiles that compose files name for an image which the backend may be in."""
    paths = [path for path in whole.files if (found := _COMPOSE.fullmatch(path)) and not installs.aside(found[1] or "")]
    for path in sorted(paths, key=lambda path: (path.count("/"), len(path), path)):
        for service in evidence_docker.composed(_text(whole, path)):
            context = posixpath.normpath(posixpath.join(posixpath.dirname(path), service.context or "."))
            named = service.dockerfile or "Dockerfile"
            file = posixpath.normpath(posixpath.join(context, named))
            if not service.built or file not in whole.files or context not in {".", folder}:
                continue
            if _DEVELOPS.fullmatch(posixpath.basename(file)) and _plain(file) in whole.files:
                continue  # the one that is for production stands beside it
            stages = evidence_docker.stages(_text(whole, file))
            command = service.command or service.entrypoint
            if evidence_images.foreign(stages) or not _holds(whole, folder, context, stages):
                continue
            if (file, folder == ".") == ("Dockerfile", False):
                continue  # in the root of a repository: of what else is in it, as likely
            yield _Found(_layout(file, context, folder), f"{path}:{service.build_line}", _serving(stages, command))


def _moved(whole: Source, folder: str) -> Iterator[_Found]:
    """The Dockerfile that we wrote for the backend, where somebody put it elsewhere, as it was."""
    for home, places in written.moved(whole).items():
        for path in places.values() if home in {".", folder} else ():
            code = written.copied(_text(whole, path))
            if code == folder or (code == "." and home == folder):
                inside = code == "." and (folder == "." or path.startswith(f"{folder}/"))
                yield _Found(_layout(path, folder if inside else ".", folder), f"{path}:1", serves=True)


def _plain(file: str) -> str:
    return posixpath.join(posixpath.dirname(file), "Dockerfile")


def _standing(whole: Source, folder: str) -> Iterator[_Found]:
    """Dockerfiles in folders of their own, which copy from the root, where the backend's folder has none."""
    if posixpath.normpath(posixpath.join(folder, "Dockerfile")) in whole.files:
        return
    for path in installs.dockerfiles(whole):
        if _FOLDERS.isdisjoint(path.split("/")[:-1]):
            continue
        text = _text(whole, path)
        stages = evidence_docker.stages(text)
        if not evidence_images.foreign(stages) and _holds(whole, folder, ".", stages):
            lines = enumerate(text.splitlines(), 1)
            line = next((number for number, one in lines if re.match(r"\s*(?:COPY|ADD)\s(?!.*--from)", one)), 1)
            yield _Found(_layout(path, ".", folder), f"{path}:{line}", _serving(stages, None))


def _layout(file: str, context: str, folder: str) -> Layout:
    if context == folder:
        return Layout(dockerfile=posixpath.relpath(file, context))
    return Layout(dockerfile=file, code=folder)


def _holds(whole: Source, folder: str, context: str, stages: Sequence[evidence_docker.Stage]) -> bool:
    """Whether what the stages copy is there, seen from `context`, and some of it is the backend's."""
    copied = dict.fromkeys(source for stage in stages for source, _ in stage.copies)
    plain = [posixpath.normpath(posixpath.join(context, one)) for one in copied if not re.search(r"[*?\[$]", one)]
    there = [one for one in plain if one == "." or one in whole.files or _is_folder(whole, one)]
    # Everything, seen from the root, may as well be everything that is in the backend's folder.
    sure = [one for one in there if one != "." or folder in {".", context} or len(plain) > 1]
    return len(there) == len(plain) and any(
        one == "." or folder == "." or f"{folder}/".startswith(f"{one}/") or one.startswith(f"{folder}/")
        for one in sure
    )


def _is_folder(whole: Source, path: str) -> bool:
    return any(one.startswith(f"{path}/") for one in whole.files)


def _serving(stages: Sequence[evidence_docker.Stage], command: evidence_docker.Written | None) -> bool:
    said = [command] if command else [stages[-1].entrypoint, stages[-1].command]
    return any(_SERVES.search(f"{' '.join(one.words)} {one.shell}") for one in said if one)


def _text(whole: Source, path: str) -> str:
    data = whole.read(path)
    return data.decode(errors="replace") if len(data) <= _LARGEST else ""
