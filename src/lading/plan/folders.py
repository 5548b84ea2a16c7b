"""The files and folders that the code writes → the variables that put them on the volume."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

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


def left_out(
    names: Iterable[str], environment: Iterable[Fact[Variable]], application: Application, migrations: Migrations | None
) -> tuple[str, ...]:
    """The folders and files of the tree that the variables `names` were on before: in the image nobody looks there.

    What rows or uploads a developer has is no part of the image. A folder that holds code, too, stays.
    """
    code = [posixpath.join(application.folder, *application.target.partition(":")[0].split("."))]
    code += [migrations.folder, migrations.config] if migrations else []
    moved = frozenset(names)
    paths = (posixpath.normpath(one.value.default or ".") for one in environment if one.value.name in moved)
    return tuple(path for path in paths if not path.startswith(".") and not any(_holds(path, one) for one in code))


def _holds(folder: str, path: str) -> bool:
    return f"{posixpath.normpath(path)}/".startswith(f"{folder}/")


def _moved(default: str, volume: str) -> str:
    parts = [part for part in default.split("/") if part not in {".", ".."}]
    if parts[:1] in (["data"], [posixpath.basename(volume)]):
        parts = parts[1:]
    return posixpath.join(volume, *parts)
