"""The project's own files → what stands in /app, owned by the user that runs it, with its bytecode."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lading import ignore
from lading.build import bytecode, runtime
from lading.build.interpreter import Compiler
from lading.build.layers import Recipe
from lading.errors import BadInput
from lading.model import Plan
from lading.oci import layer
from lading.oci.layer import Entry
from lading.oci.tar import parents
from lading.source import Source

File = tuple[str, bool, bytes]  # path, whether it is executable, contents


def files(plan: Plan, source: Source) -> list[File]:
    """The files of `source` that `plan` does not exclude. Raises `BadInput` for a link that leaves the project."""
    ignored = ignore.matcher(plan.app.exclude)
    for path, target in source.escapes.items():
        if not ignored(path):
            raise BadInput(
                f"is a link to `{target}`, which is outside the project or does not exist",
                where=path,
                hint="replace it by what it points to, or leave it out with `[tool.lading] exclude`",
            )
    for path in source.files:
        above = next((link for link in plan.app.links if path == link or path.startswith(f"{link}/")), None)
        if above and not ignored(path):
            raise BadInput(
                f"stands where the code writes: in the image `{above}` is a link to the volume",
                where=path,
                hint="put it into another folder, or leave it out with `[tool.lading] exclude`",
            )
    return [(path, executable, source.read(path)) for path, executable in source.files.items() if not ignored(path)]


def recipe(plan: Plan, found: Sequence[File], *, compiler: Compiler | None, store: Path) -> Recipe:
    """The layer of `found`. Its bytecode is checked, and kept for each file, so that a change compiles one."""
    user = plan.user
    listed = [(path, executable, hashlib.sha256(data).hexdigest()) for path, executable, data in found]

    def entries() -> list[Entry]:
        own = [
            Entry(
                path=f"{runtime.APP}/{path}", kind="file", mode=0o755 if executable else 0o644,
                uid=user.uid, gid=user.gid, data=data,
            )
            for path, executable, data in [*found, *((path, False, b"") for path in plan.app.blanks)]
        ]  # fmt: skip
        own += [
            Entry(path=f"{runtime.APP}/{path}", kind="symlink", link=to, uid=user.uid, gid=user.gid)
            for path, to in plan.app.links.items()
        ]
        folders = {runtime.APP, *(parent for entry in own for parent in parents(entry.path))}
        sources = [{entry.path: entry.data} for entry in own if entry.path.endswith(".py")]
        return [
            *own,
            *(Entry(path=path, kind="directory", mode=0o755, uid=user.uid, gid=user.gid) for path in folders),
            *bytecode.entries(sources, checked=True, compiler=compiler, store=store),
        ]

    return Recipe(
        key=[
            user.uid,
            user.gid,
            compiler and compiler.identity,
            listed,
            sorted(plan.app.links.items()),
            plan.app.blanks,
        ],
        made_by="lading: the application",
        entries=entries,
        level=layer.OFTEN,
    )
