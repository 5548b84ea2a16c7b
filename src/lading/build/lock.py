"""The dependencies that a project declares → the wheels to install, each by URL and hash, as uv resolves them.

Where every input is pinned by hash, the same inputs always give the same answer, and it is kept. Otherwise uv is asked
each time, because the answer may have changed, and the last one serves only when the package index cannot be reached.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lading import cache, command
from lading.build import explain
from lading.dependencies import exported, local, requirement
from lading.errors import BadInput, Error, Outside
from lading.model import Dependencies, Plan, Progress
from lading.source import Source

#: Debian's suite → the minor version of its glibc 2, which says what manylinux its loader can run (PEP 600).
GLIBC = {"bookworm": 36, "trixie": 41}
#: The newest that uv has a name for.
_NAMED = 40

#: The platform of an image → the machine, as wheels' tags and uv name it.
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}

#: Part of every key: changed when the same inputs are asked for, or kept, in another way.
_FORMAT = 1
_ADDED = "lading-added.in"
_EXPORTED = ".lading/requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One wheel that the image needs."""

    name: str  # normalised, PEP 503
    version: str
    filename: str
    url: str
    sha256: str


def resolve(
    plan: Plan, source: Source, *, platform: str, store: Path, progress: Progress, run: command.Runner = command.run
) -> tuple[Distribution, ...]:
    """The wheels of `plan.dependencies` for the image's interpreter and `platform`, by name.

    A requirement of the plan that no file of the project declares, such as the server's, is resolved with the others.

    Raises `BadInput` for what the project must change: a requirement that does not exist, that has no wheel, or that
    contradicts another; `Untrusted` for a wheel that has none of the hashes that the project gives for it; `Outside`
    when the index cannot be reached and the same inputs were never resolved before.
    """
    _installable(plan.dependencies)
    try:
        return _resolved(plan, source, platform=platform, store=store, progress=progress, run=run)
    except Error as error:
        if error.where.startswith(_EXPORTED):
            error.where = plan.dependencies.files[0]  # what it was written from
        raise


def _resolved(
    plan: Plan, source: Source, *, platform: str, store: Path, progress: Progress, run: command.Runner
) -> tuple[Distribution, ...]:
    from lading.build import choose

    exports = exported.text(plan.dependencies)
    if exports is None:
        inputs = {path: _utf8(source.read(path)) for path in plan.dependencies.files}
    else:
        # Beside it lie the files that only constrain, which it names.
        beside = plan.dependencies.files if plan.dependencies.manager == "requirements" else ()
        inputs = {_EXPORTED: exports.encode(), **{path: _utf8(source.read(path)) for path in beside}}
    added = tuple(_undeclared(plan.dependencies, inputs))
    record = store / "locks" / f"{_key(plan, inputs, added, platform)}.json"
    last = _load(record)
    if last and last[1]:
        return last[0]
    progress(f"resolving the dependencies, with {' and '.join(added)} added" if added else "resolving the dependencies")
    try:
        answer = _ask(plan, inputs, added, platform=platform, folder=record.with_suffix(""), run=run)
    except Outside:
        if last is None:
            raise
        progress("the package index cannot be reached: taking what the same requirements gave the last time")
        return last[0]
    given = choose.hashes(inputs)
    found = tuple(choose.wheels(answer, plan, platform, inputs, given))
    loose = [one.name for one in found if one.name not in given]
    if loose and plan.dependencies.locked and not added:
        raise BadInput(
            f"`{loose[0]}` is needed, and is not pinned by a SHA-256 as the others are",
            where=plan.dependencies.files[0],
            hint="lock again for every platform, with `uv pip compile --universal --generate-hashes`",
        )
    kept = {"pinned": not loose, "distributions": [asdict(one) for one in found]}
    cache.store(record, json.dumps(kept, indent=1).encode())
    return found


def _installable(dependencies: Dependencies) -> None:
    """Raises `BadInput` for what only a build back end can install: that is code of the project, or of anybody."""
    for text in (*dependencies.local, *(dependencies.pinned or dependencies.requirements)):
        if dependencies.install and local.place(text) == local.OWN:
            continue  # project.py does it
        place = text.partition(" @ ")[2].strip() or text
        if text in dependencies.local or re.match(r"-e |git\+|file:|/|\.{1,2}(?:[/\[]|$)", place):
            raise BadInput(
                f"`{text}` is no wheel of a package index, and the native builder runs no build back end, because that "
                "would run foreign code on this machine",
                where=dependencies.files[0],
                hint="build with `--builder docker`, which runs it in a container, or depend on a published version",
            )


def _undeclared(dependencies: Dependencies, inputs: Mapping[str, bytes]) -> Iterator[str]:
    for text in dependencies.requirements:
        name, _ = requirement.name(text)
        if name and not explain.place(name, inputs):
            yield text


def _utf8(data: bytes) -> bytes:
    # pip reads what PowerShell's redirection writes; uv does not.
    return data.decode("utf-16").encode() if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else data


def _key(plan: Plan, inputs: Mapping[str, bytes], added: Sequence[str], platform: str) -> str:
    files = [(path, hashlib.sha256(data).hexdigest()) for path, data in inputs.items()]
    parts = [_FORMAT, platform, plan.base.suite, plan.base.python, plan.as_of, plan.dependencies.locked, added, files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _ask(
    plan: Plan, inputs: Mapping[str, bytes], added: Sequence[str], *, platform: str, folder: Path, run: command.Runner
) -> dict[str, Any]:
    """What uv answers, as the mapping of a pylock.toml (PEP 751). It reads `inputs` from `folder`, which keeps them."""
    for path, data in {**inputs, _ADDED: "\n".join(added).encode()}.items():
        cache.store(folder / path, data)
    argv = (*_uv(plan, platform), next(iter(inputs)), *((_ADDED,) if added else ()))
    done = run(command.Command(argv=argv, cwd=folder, env={"NO_COLOR": "1"}))
    if done.status:
        raise explain.error(done.stderr.decode(errors="replace"), inputs, platform=platform, python=plan.base.python)
    return tomllib.loads(done.stdout.decode())


def _uv(plan: Plan, platform: str) -> tuple[str, ...]:
    glibc = min(GLIBC.get(plan.base.suite, min(GLIBC.values())), _NAMED)
    return (
        program(), "pip", "compile", "--format", "pylock.toml", "--no-header", "--no-annotate", "--quiet",
        "--python-version", plan.base.python,
        "--python-platform", f"{MACHINES[platform]}-manylinux_2_{glibc}",
        # To build a source distribution would run its code, and make it for this machine instead of the image's.
        "--only-binary", ":all:",
        # Nothing is built, so that any interpreter will do; unasked, uv would first try to download the one named.
        "--python", sys.executable, "--no-python-downloads",
        *(("--exclude-newer", plan.as_of) if plan.as_of else ()),
    )  # fmt: skip


def program() -> str:
    """Where uv is: in the `uv` package beside us, else on the PATH."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        return "uv"


def _load(record: Path) -> tuple[tuple[Distribution, ...], bool] | None:
    """What was kept, and whether it is for good. A record that cannot be read is as good as none."""
    try:
        kept = json.loads(record.read_bytes())
        return tuple(Distribution(**one) for one in kept["distributions"]), kept["pinned"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
