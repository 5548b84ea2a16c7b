"""`.dockerignore` and the source tree → whether the builder gets what it needs and nothing that must stay here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lading import ignore as ignores
from lading.checks import forbidden, instructions
from lading.checks.evidence import Check, Said, failed, passed
from lading.model import Plan

#: A pattern of .dockerignore is anchored at the root, so each example is tried there and below.
_FOLDERS = ("", "app/", "app/api/")

#: Names that nothing but a credential has; what a file holds is judged in the image.
_CREDENTIALS = frozenset({".git-credentials", ".netrc", ".pypirc", "id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"})


def ignore_covers(ignore: str) -> Said:
    """`.dockerignore` leaves out tests, caches, `.git`, `*.md`, `.env*`, `.venv` and editors' folders, at every depth.

    Each kind of file is tried at the root and in two folders below it, by the rules of Docker's own matcher: a
    pattern without `**/` matches at the root only, unlike in .gitignore, so `.env*` leaks `app/.env`. Source: S0's AC4
    read with AC3; Docker's "Dockerfile reference".
    """
    ignored = ignores.matcher(ignores.parse(ignore))
    probes = [(kind, folder + sample) for kind in forbidden.KINDS for sample in kind.samples for folder in _FOLDERS]
    leaks: dict[str, str] = {}
    for kind, probe in probes:
        if not ignored(probe):
            leaks.setdefault(kind.glob, probe)
    return [
        failed(f"`{probe}` would reach the builder", where=".dockerignore", hint=f"add the pattern `**/{glob}`")
        for glob, probe in leaks.items()
    ] or passed(f"{len(forbidden.KINDS)} kinds of files, {len(probes)} paths tried, all left out")


def ignore_leaks_nothing(ignore: str, tree: tuple[str, ...]) -> Said:
    """No file of this project that must stay here reaches the builder.

    The same kinds as `ignore-covers`, and files that are credentials by their name, over the files that are really
    there. A file that a pattern with `!` takes back by name is wanted. Source: S0's AC3 and AC4.
    """
    patterns = ignores.parse(ignore)
    ignored, wanted = ignores.matcher(patterns), forbidden.spared(patterns)
    sent = [path for path in tree if not ignored(path)]
    leaks: dict[str, list[str]] = {}
    for path in sent:
        kind, name = forbidden.in_context(path), path.rpartition("/")[2]
        if (kind or name in _CREDENTIALS) and not wanted(path):
            leaks.setdefault(kind.glob if kind else name, []).append(path)
    return [
        failed(
            f"`{paths[0]}` reaches the builder" + (f", and {len(paths) - 1} more like it" if len(paths) > 1 else ""),
            where=paths[0],
            hint=f"add the pattern `**/{glob}` to .dockerignore",
        )
        for glob, paths in leaks.items()
    ] or passed(f"{len(sent)} of {len(tree)} files reach the builder, none of them unwanted")


def ignore_keeps_needed(ignore: str, dockerfile: str, plan: Plan, tree: tuple[str, ...]) -> Said:
    """The builder gets the application, the dependency files, the migrations and all that the Dockerfile copies.

    Source: S0's AC1 and AC10's files; BuildKit's CopyIgnoredFile, without its blindness to `!`.
    """
    ignored = ignores.matcher(ignores.parse(ignore))
    there = frozenset(tree)
    needed = dict.fromkeys(path for path in _needed(plan, tree) if path in there)
    lost = [path for path in needed if ignored(path)]
    for path in _copied(dockerfile):
        below = [file for file in tree if file == path or file.startswith(path + "/")]
        if all(ignored(file) for file in below) and (below or ignored(path)):
            lost.append(path)
    hint = "a later pattern `!{}` in .dockerignore takes it back"
    return [
        failed(f"`{path}` is left out, and the build needs it", where=".dockerignore", hint=hint.format(path))
        for path in dict.fromkeys(lost)
    ] or passed(f"{len(needed)} needed files reach the builder: {_some(list(needed))}")


def _needed(plan: Plan, tree: tuple[str, ...]) -> Iterator[str]:
    yield from plan.dependencies.files
    module = PurePosixPath(plan.app.folder, *plan.app.target.partition(":")[0].split("."))
    yield f"{module}.py"
    yield f"{module}/__init__.py"
    if plan.migrations:
        yield plan.migrations.config
        yield f"{plan.migrations.folder}/env.py"
        yield from (path for path in tree if path.startswith(f"{plan.migrations.folder}/versions/"))


def _copied(dockerfile: str) -> Iterator[str]:
    """What the Dockerfile copies out of the context by a plain name."""
    for stage in instructions.parse(dockerfile):
        for one in stage.instructions:
            if one.name in {"COPY", "ADD"} and one.flag("from") is None and not one.heredocs:
                for word in one.words[:-1]:
                    path = str(PurePosixPath(word.lstrip("/")))
                    if path != "." and not set("*?[$") & set(path) and "://" not in word:
                        yield path


def _some(paths: list[str], most: int = 3) -> str:
    return ", ".join(paths[:most]) + (f" and {len(paths) - most} more" if len(paths) > most else "")


CHECKS: tuple[Check, ...] = (ignore_covers, ignore_leaks_nothing, ignore_keeps_needed)
