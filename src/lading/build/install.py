"""The wheels of a lock → the layers that hold them, so that a new version of one of them changes one layer."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lading import cache, http
from lading.build import bytecode, layers, runtime
from lading.build.interpreter import Compiler
from lading.build.layers import Recipe
from lading.build.lock import Distribution
from lading.errors import BadInput, Outside
from lading.model import Progress
from lading.oci.layer import Entry

#: A wheel of more bytes has a layer of its own, while there are no more of them than `_LARGE`.
_ALONE = 4_000_000
#: Layers for the small wheels, and for the large ones: with base, runtime and app, ten at most.
_SMALL, _LARGE = 4, 2


class Wheel(NamedTuple):
    """A distribution and its file."""

    distribution: Distribution
    file: Path


def fetch(distributions: Sequence[Distribution], *, store: Path, progress: Progress) -> tuple[Wheel, ...]:
    """The wheels of `distributions`, downloaded where they are not in `store`, each checked against its hash.

    Raises `Untrusted` for one that does not match, `Outside` for one that does not come.
    """
    wheels = tuple(Wheel(one, store / "wheels" / f"{one.sha256}.whl") for one in distributions)
    missing = [one for one in wheels if not one.file.exists()]
    if missing:
        progress(f"downloading {len(missing)} wheel{'s' * (len(missing) > 1)}")

    def one(wanted: Wheel) -> None:
        try:
            http.download(wanted.distribution.url, wanted.file, sha256=wanted.distribution.sha256)
        except Outside as error:
            if " answered 401 " in error.message or " answered 403 " in error.message:
                hint = "the native builder cannot log in to an index yet: build with `--builder docker`"
                raise Outside(error.message, hint=hint) from error
            raise

    layers.each(one, missing, workers=8)
    return wheels


def recipes(
    wheels: Sequence[Wheel], *, python: str, strip: bool, compiler: Compiler | None, store: Path, progress: Progress
) -> tuple[Recipe, ...]:
    """The layers of `wheels`, with their bytecode. A set of wheels that is new here is unpacked at once, and looked at.

    Raises `BadInput` for a wheel that cannot be installed, and for two that install different files at one path.
    """
    settled = store / "sets" / hashlib.sha256(
        json.dumps([layers.recipe(), python, strip, sorted(one.distribution.sha256 for one in wheels)]).encode()
    ).hexdigest()  # fmt: skip

    def unpack() -> Mapping[str, tuple[Entry, ...]]:
        from lading.build import wheel

        progress(f"unpacking {len(wheels)} wheels")
        found: dict[str, tuple[Entry, ...]] = {}

        def one(of: Wheel) -> None:
            _mend(of, store, progress)
            found[of.distribution.name] = wheel.entries(of.file, of.distribution.filename, python=python, strip=strip)

        layers.each(one, wheels)
        _conflicts({of.distribution.name: found[of.distribution.name] for of in wheels}, python)
        cache.store(settled, b"")
        return found

    unpacked = layers.once(unpack)
    if not settled.exists():
        unpacked()

    def recipe(label: str, group: Sequence[Wheel]) -> Recipe:
        def entries() -> list[Entry]:
            files = [unpacked()[one.distribution.name] for one in group]
            modules = f"{runtime.site(python)}/"  # a script that is called x.py is started, and never imported
            sources = [
                {
                    entry.path: entry.data
                    for entry in each
                    if entry.path.endswith(".py") and entry.path.startswith(modules)
                }
                for each in files
            ]
            made: dict[str, Entry] = {}
            for entry in (entry for each in files for entry in each):
                made.setdefault(entry.path, entry)
            for one in sources:
                for entry in bytecode.entries([one], checked=False, compiler=compiler, store=store):
                    made.setdefault(entry.path, entry)
            return list(made.values())

        return Recipe(
            key=[python, strip, compiler and compiler.identity, [one.distribution.sha256 for one in group]],
            made_by=f"lading: dependencies: {label}",
            entries=entries,
        )

    return tuple(recipe(label, group) for label, group in buckets(wheels))


def buckets(wheels: Sequence[Wheel]) -> list[tuple[str, list[Wheel]]]:
    """Which wheels share a layer, each layer with its name.

    Where a wheel goes depends on itself alone, by its size and the hash of its name, so that a change of another one
    does not move it; only where there are more large wheels than layers for them, they share those by hash too.
    """
    large = [one for one in wheels if one.file.stat().st_size > _ALONE]
    crowd = len(large) > _LARGE
    found: dict[tuple[int, str], list[Wheel]] = {}
    for one in sorted(wheels, key=lambda each: each.distribution.name):
        name = one.distribution.name
        number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
        if one not in large:
            key = (1, f"{number % _SMALL + 1} of {_SMALL}")
        else:
            key = (0, f"large ones, {number % _LARGE + 1} of {_LARGE}" if crowd else name)
        found.setdefault(key, []).append(one)
    return [(label, group) for (_, label), group in sorted(found.items())]


def _mend(one: Wheel, store: Path, progress: Progress) -> None:
    """Fetch `one` again when the disk has not kept what was downloaded."""
    with one.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != one.distribution.sha256:
        one.file.unlink()
        fetch([one.distribution], store=store, progress=progress)


_DOCUMENT = re.compile(r"[A-Za-z_-]+(?:\.(?:md|rst|txt))?")


def _conflicts(found: Mapping[str, Sequence[Entry]], python: str) -> None:
    """Raises `BadInput` where a path would have two contents; which one won would be chance.

    Of documents beside the packages, which no program reads, one stays: aerich and pypika-tortoise both bring theirs.
    """
    own = (
        f"{runtime.VENV}/pyvenv.cfg",
        *(f"{runtime.VENV}/bin/{name}" for name in ("python", "python3", f"python{python}")),
    )
    owners: dict[str, tuple[str, Entry]] = {}
    for name, entries in found.items():
        for entry in entries:
            if entry.path in own:
                raise BadInput(f"`{name}` would replace `/{entry.path}` of the virtual environment")
            other, there = owners.setdefault(entry.path, (name, entry))
            where = posixpath.relpath(entry.path, runtime.site(python))
            if there.data != entry.data and not _DOCUMENT.fullmatch(where):
                raise BadInput(
                    f"`{other}` and `{name}` install different files at `{where}`",
                    hint="one of them overwrites the other wherever they are installed: choose versions that do not, "
                    "or drop one",
                )
