"""Files that are about to go → what of a project only they say, as the settings that would go on saying it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lading import views
from lading.detect import detect, override, services, settle
from lading.errors import BadInput
from lading.model import Project
from lading.settings import Settings
from lading.source import Source

#: What is so where nobody says anything; and what decides nothing in the image, or nothing beside `python-image`.
_USUAL = {"python-image": "python:3.12-slim", "server": "uvicorn"}
_IDLE = ("name", "port", "proxy-headers", "python")


def lines(tree: Source, project: Project, settings: Settings, paths: Sequence[str]) -> tuple[str, ...]:
    """The lines of `[tool.lading]` without which `project`, found in `tree`, is found otherwise once `paths` are gone.

    `paths` are from the root of `tree`. Nothing where all of it stands elsewhere, too.
    """
    rest = views.without(tree, tuple(paths))
    out = []
    folder = project.services[0].value.folder if project.services else "."
    try:
        same = services.choose(rest, settings).services[0].value.folder == folder
    except (BadInput, IndexError):
        same = False
    if project.services and not same:
        out.append(f'service = "{project.services[0].value.name}"')
    try:
        after = detect(views.below(rest, folder), settings)
    except BadInput:
        after = None
    return (
        *out,
        *settle.lines(project, tuple(dict.fromkeys(_keys(project, after, paths)))),
        *_packages(project, after),
    )


def _keys(project: Project, after: Project | None, paths: Sequence[str]) -> Iterator[str]:
    """The settings that say something of `project` and something else of what is found afterwards."""
    for field, keys in override.KEYS.items():
        said = [place for fact in settle.facts(project, field) for place in (fact.because, *fact.others)]
        # Where nothing is found any more, what these files have said is missed, as far as anybody can tell.
        if after or any(place.startswith(tuple(f"{path}:" for path in paths)) for place in said):
            for key in keys:
                value = settle.value(project, key)
                left = settle.value(after, key) if after else None
                if value and key not in _IDLE and value not in {left, _USUAL.get(key)}:
                    yield key


def _packages(project: Project, after: Project | None) -> Iterator[str]:
    names = [fact.value.name for fact in project.system if fact.value.stage == "run"]
    left = {fact.value.name for fact in after.system} if after else set(names)
    if missing := [name for name in names if name not in left]:
        yield f"packages = [{', '.join(f'{name!r}' for name in missing)}]".replace("'", '"')
