"""What the project itself says about how it is started → `Start`s, the weightiest first, and the ports it exposes.

A Dockerfile, a compose file, a Procfile, a unit, a script, a task, the editor, the README, a call in the code: each
says something, and each is believed as much as it is near to how the backend really runs (`WEIGHTS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lading.detect import (
    evidence_code,
    evidence_files,
    evidence_follow,
    evidence_images,
    evidence_tasks,
    evidence_tree,
)
from lading.detect.code import Code
from lading.detect.evidence_servers import Evidence, Start

#: How much each kind is believed, of 100.
WEIGHTS: Mapping[str, int] = {
    "setting": 100, "dockerfile": 90, "procfile": 88, "compose": 86, "platform": 84, "systemd": 82, "supervisor": 82,
    "code": 70, "script": 66, "task": 60, "ci": 50, "editor": 46, "readme": 44,
}  # fmt: skip

#: A start that weighs so much is of something that runs, and not of a note about it.
SURE = 50

#: Words of a path that is for developing, and not for running.
_DEVELOPING = re.compile(
    r"(?i)(?:^|[._/-])(?:dev|devel|develop|development|local|test|tests|testing|debug|ci|e2e|examples?|sample)(?=[._/-]|$)"
)
#: Images that a name sets apart, `Dockerfile.model_server`, may be of something beside the backend.
_BESIDE = re.compile(r"(?i)(?:.*/)?(?:dockerfile[.-]([\w.-]+)|([\w.-]+)\.dockerfile)")
_SERVING = frozenset(
    {"alpine", "api", "app", "backend", "base", "fastapi", "gunicorn", "main", "prod", "production", "release",
     "server", "slim", "uvicorn", "web"}
)  # fmt: skip
_DOCKERFILE = re.compile(r"(?i)(?:.*/)?(?:[\w.-]*\.)?(?:dockerfile|containerfile)(?:[.-][\w.-]*)?")
_COMPOSE = re.compile(r"(?i)(?:.*/)?(?:(?:[\w-]+\.)?(?:docker-?)?compose[\w.-]*|stack)\.ya?ml")

#: So many files of one kind are read, the nearest to the root first, and so many starts are kept: nobody writes more.
_MOST_FILES = 60
_MOST_STARTS = 2000


def read(code: Code) -> Evidence:
    """The evidence in the whole source, and in what is about it in the repository that it is a part of."""
    if ("evidence",) not in code.memo:
        code.memo["evidence",] = _read(code)
    found: Evidence = code.memo["evidence",]
    return found


def _read(code: Code) -> Evidence:
    parts = [Evidence(tuple(evidence_tasks.starts(code)))]
    for path, kind in _files(code):
        text = evidence_tree.text(code, path)
        if kind == "dockerfile":
            parts.append(evidence_images.dockerfile(code, path, text))
        elif kind == "compose":
            parts.append(evidence_images.compose(code, path, text))
        else:
            parts.append(Evidence(tuple(evidence_files.starts(path, kind, text))))
    parts.append(Evidence(tuple(evidence_code.starts(code))))
    # Each file's share, so that one that is made to be long does not hide the others.
    starts = [start for part in parts for start in part.starts[: _MOST_STARTS // 10]][:_MOST_STARTS]
    weighed = [replace(start, weight=_weight(start)) for start in starts]
    followed = evidence_follow.followed(code, weighed)
    every = [evidence_follow.configured(code, start) for start in (*weighed, *followed)]
    return Evidence(
        starts=tuple(sorted(every, key=lambda start: -start.weight)),
        exposed=tuple(fact for part in parts for fact in part.exposed),
        paths=tuple(fact for part in parts for fact in part.paths),
        variables=tuple(fact for part in parts for fact in part.variables),
    )


def _files(code: Code) -> Iterator[tuple[str, str]]:
    """The files that are worth reading, each with its kind."""
    found: dict[str, list[str]] = {}
    for path, executable in (*code.source.files.items(), *((path, False) for path in evidence_tree.above(code))):
        if path.endswith((".py", ".pyc")):
            continue
        kind = "dockerfile" if _DOCKERFILE.fullmatch(path) else "compose" if _COMPOSE.fullmatch(path) else None
        kind = kind or evidence_files.kind(path, executable=executable)
        if kind:
            found.setdefault(kind, []).append(path)
    for kind, paths in found.items():
        for path in sorted(paths, key=lambda path: (path.count("/"), path))[:_MOST_FILES]:
            yield path, kind


def _weight(start: Start) -> int:
    path = start.where.partition(":")[0]
    weight = WEIGHTS[start.kind] - 12 * bool(_DEVELOPING.search(path)) - 4 * start.reload
    if start.kind == "dockerfile" and (beside := _BESIDE.fullmatch(path)):
        weight -= 8 * ((beside[1] or beside[2]).lower() not in _SERVING)
    return max(weight - min(path.count("/"), 5), 1)
