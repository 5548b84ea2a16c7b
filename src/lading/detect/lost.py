"""Files that are about to go → what of a project only they say, as the settings that would go on saying it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence

from lading import views
from lading.detect import detect, override, services, settle
from lading.errors import BadInput
from lading.model import Project
from lading.settings import Settings
from lading.source import Source

#: What is so where nobody says anything; and what decides nothing in the image, or nothing beside `python-image`.
_USUAL = {"server": "uvicorn"}
_IDLE = ("name", "port", "proxy-headers", "python")


def lines(tree: Source, folder: str, project: Project, settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """The lines of `[tool.lading]` without which `project`, found in `tree`, is found otherwise once `paths` are gone.

    `folder` is that of the backend, and `paths` are from the root of `tree`. Nothing where all of it stands elsewhere,
    too.
    """
    rest = views.without(tree, tuple(paths))
    out = []
    # Where a flag said which backend, no file did.
    if folder != "." and _is_chosen(tree, folder, settings) and not _is_chosen(rest, folder, settings):
        out.append(f"service = {json.dumps(folder)}")
    try:
        after = detect(views.below(rest, folder), settings)
    except BadInput:
        after = None
    inner = tuple(posixpath.relpath(path, folder) for path in paths)
    keys = dict.fromkeys(_keys(project, after, inner, settings))
    return (*out, *_image(project, after, settings), *settle.lines(project, tuple(keys)), *_packages(project, after))


def _is_chosen(tree: Source, folder: str, settings: Settings) -> bool:
    """Whether the backend in `folder` is the one that `tree` is taken for."""
    try:
        return services.choose(tree, settings).services[0].value.folder == folder
    except (BadInput, IndexError):
        return False


def _keys(project: Project, after: Project | None, paths: Sequence[str], settings: Settings) -> Iterator[str]:
    """The settings that say something of `project` and something else of what is found afterwards."""
    for field, keys in override.KEYS.items():
        said = [place for fact in settle.facts(project, field) for place in (fact.because, *fact.others)]
        # Where nothing is found any more, what these files have said is missed, as far as anybody can tell.
        if after or any(place.startswith(tuple(f"{path}:" for path in paths)) for place in said):
            for key in keys:
                value, left = settle.value(project, key), settle.value(after, key) if after else None
                if value and key not in _IDLE and not settings.given(key) and value not in {left, _USUAL.get(key)}:
                    yield key


def _image(project: Project, after: Project | None, settings: Settings) -> Iterator[str]:
    """The Python that the authors run."""
    run, left = project.interpreter, after.interpreter if after else None
    if run and not settings.given("python-image") and not (left and left.value == run.value):
        image = f"python:{run.value}-slim"
        yield from [f'python-image = "{image}"'] if image != settings["python-image"].value else []


def _packages(project: Project, after: Project | None) -> Iterator[str]:
    names = [fact.value.name for fact in project.system if fact.value.stage == "run"]
    left = {fact.value.name for fact in after.system} if after else set(names)
    if missing := [name for name in names if name not in left]:
        yield f"packages = {json.dumps(missing)}"
