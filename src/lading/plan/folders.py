"""The files and folders that the code writes → the variables that put them on the volume."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Container, Iterable, Mapping

from lading.model import Application, Fact, Migrations, Place, Variable


def on_volume(
    paths: Iterable[Fact[Place]], environment: Iterable[Fact[Variable]], volume: str
) -> dict[str, tuple[str, str]]:
    """The variables whose relative default is written, each with a place on `volume` for it and what told us.

    `data` is the volume itself and `data/clips` a folder of it. One whose folder nobody makes there stays where it is,
    as does one below which the code reads what the tree has.
    """
    found: dict[str, tuple[str, str]] = {}
    every = [fact.value for fact in paths]
    for fact in environment:
        name, default = fact.value.name, fact.value.default
        mine = [place for place in every if place.variable == name]
        written = [place for place in mine if place.written]
        if not written or not default or default.startswith(("/", "~")) or "://" in default:
            continue
        if any(place.present and not place.written for place in mine):
            continue
        path = _moved(posixpath.normpath(default), volume)
        # A file needs the folder above it, and a folder itself; the volume is there, all else the code must make.
        needed = posixpath.dirname(path) if "." in posixpath.basename(path) else path
        if needed == volume or any(place.made for place in mine):
            found[name] = path, fact.because
    return found


def links(paths: Iterable[Fact[Place]], moved: Container[str], working: str, volume: str) -> dict[str, tuple[str, str]]:
    """What the code writes below /app by paths that no variable in `moved` is for, each with a place on `volume`.

    And with what told us. It is what the tree lacks of the path: the folder, or the file where its folder holds other
    things. `data` is the volume itself, as in `on_volume`.
    """
    found: dict[str, tuple[str, str]] = {}
    for fact in paths:
        place = fact.value
        if place.written and place.lacks and place.variable not in moved:
            inner = place.lacks.removeprefix(f"{working}/")
            found.setdefault(place.lacks, (_moved(inner, volume), fact.because))
    return {path: to for path, to in found.items() if not any(path.startswith(f"{other}/") for other in found)}


def made(paths: Iterable[Fact[Place]], links: Mapping[str, str]) -> tuple[str, ...]:
    """The folders on the volume that `links` need: a link to none is a folder that nobody can make."""
    every = [fact.value for fact in paths]
    inner = {place.lacks for place in every if place.at != place.lacks or place.made}
    opened = {place.lacks for place in every if place.opened} - inner
    dotted = {path for path in links if "." in posixpath.basename(path)} - inner
    alone = opened | dotted  # files, not folders
    return tuple(dict.fromkeys(posixpath.dirname(to) if path in alone else to for path, to in links.items()))


def blanks(paths: Iterable[Fact[Place]], links: Container[str], left: Callable[[str], bool]) -> tuple[str, ...]:
    """The files like `.env` that the code fails without, though the environment has what they would say.

    `left` says what the ignore file leaves out, as it does with such a file that a developer has. Not below one of the
    `links`: there it is to be given, on the volume.
    """
    found = [fact.value for fact in paths if fact.value.use == "settings" and fact.value.needed]
    named = [place.at for place in found if place.at and not place.variable and (not place.present or left(place.at))]
    return tuple(
        path
        for path in named
        if re.fullmatch(r"\.env(\..*)?|.*\.env", posixpath.basename(path)) and not _inside(path, links)
    )


def _inside(path: str, links: Container[str]) -> bool:
    while path:
        if path in links:
            return True
        path = posixpath.dirname(path)
    return False


def left_out(
    names: Iterable[str],
    linked: Iterable[str],
    environment: Iterable[Fact[Variable]],
    application: Application,
    migrations: Migrations | None,
) -> tuple[str, ...]:
    """The folders and files of the tree that the variables `names` were on before, and those that are `linked` now.

    In the image nobody looks there. What rows or uploads a developer has is no part of the image. A folder that holds
    code, too, stays.
    """
    code = [posixpath.join(application.folder, *application.target.partition(":")[0].split("."))]
    code += [migrations.folder, migrations.config] if migrations else []
    moved = frozenset(names)
    paths = [
        posixpath.normpath(one.value.default or ".")
        for one in environment
        if one.value.name in moved and "://" not in (one.value.default or "")
    ]
    left = [path for path in paths if not path.startswith(".") and not any(_holds(path, one) for one in code)]
    return tuple(re.sub(r"([\[\]\\*?]|^!)", r"\\\1", path) for path in (*left, *linked))


def _holds(folder: str, path: str) -> bool:
    return f"{posixpath.normpath(path)}/".startswith(f"{folder}/")


def _moved(default: str, volume: str) -> str:
    parts = [part for part in default.split("/") if part not in {".", ".."}]
    if parts[:1] in (["data"], [posixpath.basename(volume)]):
        parts = parts[1:]
    return posixpath.join(volume, *parts)
