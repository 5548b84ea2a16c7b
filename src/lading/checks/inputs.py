"""What the builder is sent → whether a build back end finds what it reads, and data stays here."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from lading import ignore as ignores
from lading.checks import storage
from lading.checks.evidence import Check, Said, counted, failed, passed, skipped
from lading.model import Plan, Project

_DATABASES = ("app.db", "app.sqlite3", "app.sqlite", "app.db-wal", "data/app.db", "app/data/app.sqlite3-wal")


def build_inputs_in_context(ignore: str, tree: tuple[str, ...], plan: Plan, project: Project) -> Said:
    """What the project's build back end reads is in the tree and reaches the builder: readme, licence files, hooks.

    hatchling ends a build whose `readme` is missing, and `*.md` in an ignore file makes it so. Where the project itself
    is not installed no back end runs. Source: S2-1; PEP 621, `readme`; PEP 639, `license-files`.
    """
    packaging = project.packaging.value if project.packaging else None
    if packaging is None or not plan.dependencies.install:
        return skipped("the project itself is not installed, so that no build back end reads anything")
    ignored = ignores.matcher(ignores.parse(ignore))
    files = [path for path in packaging.files if not path.startswith("../")]
    reads = f"and {packaging.backend} reads it"
    out = [failed(f"`{path}` is not in the tree, {reads}", where=path) for path in files if path not in tree]
    out += [
        failed(f"`{path}` is left out, {reads}", where=".dockerignore", hint=f"a later pattern `!{path}` takes it back")
        for path in (*files, *plan.dependencies.files)
        if path in tree and ignored(path)
    ]
    for member in packaging.members:
        below = [path for path in tree if path.startswith(member.rstrip("/") + "/")]
        if below and all(ignored(path) for path in below):
            out.append(failed(f"`{member}` is left out, and is a part of it", where=".dockerignore"))
    return out or passed(f"{packaging.backend} reads {', '.join(files) or 'pyproject.toml alone'}: sent")


def data_not_in_context(ignore: str, tree: tuple[str, ...], plan: Plan, project: Project) -> Said:
    """What the application keeps at run time does not reach the builder: its data folders, and any SQLite database.

    A folder counts whose variable the plan has put on the volume: in the container nobody reads it from the code's
    folder. Each is tried with a file and a folder below it, whether or not this tree has any. Source: S1-5; S0's AC4.
    """
    ignored = ignores.matcher(ignores.parse(ignore))
    out = []
    folders = dict(_kept(plan, project))
    for folder, variable in folders.items():
        samples = (folder,) if "." in posixpath.basename(folder) else (f"{folder}/clip.bin", f"{folder}/a/b.json")
        there = [path for path in tree if path == folder or path.startswith(folder + "/")]
        sent = [path for path in (*there, *samples) if not ignored(path)]
        if sent:
            said = f"`{sent[0]}` would reach the builder, and `{variable}` keeps data there"
            out.append(failed(said, where=".dockerignore", hint=f"add the pattern `{folder}`"))
    for sample in _DATABASES:
        if not ignored(sample):
            hint = f"add the pattern `**/*{posixpath.splitext(sample)[1]}`"
            out.append(failed(f"a database, `{sample}`, would reach the builder", where=".dockerignore", hint=hint))
    named = ", ".join(f"`{folder}`" for folder in folders)
    return out or passed(f"{counted(len(_DATABASES), 'database')} tried{f', and {named}' if named else ''}: left out")


def _kept(plan: Plan, project: Project) -> Iterator[tuple[str, str]]:
    """The folders and files of the tree that variables name and the image has on the volume, each with the variable."""
    for fact in project.environment:
        name, default = fact.value.name, fact.value.default or ""
        path = storage.sqlite_path(default)
        given = plan.env.get(name, "")
        there = storage.sqlite_path(given)
        moved = given if path is None else (there or "")
        if default and moved.startswith(plan.volume) and not default.startswith(("/", "~")):
            place = posixpath.normpath(default if path is None else path)
            if not place.startswith(("/", "..")) and place != ".":
                yield place, name


def ignore_is_read(plan: Plan, files: Mapping[str, str], context: tuple[str, ...]) -> Said:
    """The ignore file stands where builders look for it, and says the same wherever it stands.

    BuildKit reads the one that is named after the Dockerfile, and else that of the context's root; other builders know
    the second alone; where several backends share that root, it can be no one's. One that lies beside a Dockerfile in
    a folder is read by nobody. Source: S4-1; Docker's "Build context, .dockerignore files".
    """
    dockerfile = plan.layout.dockerfile
    named, root = f"{dockerfile}.dockerignore", ".dockerignore"
    shared = plan.layout.home != "."
    beside = posixpath.join(posixpath.dirname(dockerfile), ".dockerignore")
    there = [path for path in dict.fromkeys((named, named if shared else root)) if path in files]
    if beside != root and (beside in context or beside in files):
        said = f"`{beside}` is read by no builder"
        return failed(said, where=beside, hint=f"name it `{named}`, and have the same at the root")
    if not there:
        return failed(f"neither `{named}` nor `{root}` is there", where=dockerfile, hint="`lading init` writes them")
    if dockerfile != "Dockerfile" and len(there) < 2 and not shared:
        missing = named if root in there else root
        who = "BuildKit would read the one of another image" if root in there else "builders but BuildKit read none"
        return failed(f"`{missing}` is not there: {who}", where=dockerfile, hint="`lading init` writes both")
    patterns = {path: ignores.parse(files[path]) for path in there}
    if len({*patterns.values()}) > 1:
        return failed(f"`{named}` and `{root}` differ", where=named, hint="which one counts depends on the builder")
    return passed(f"{' and '.join(f'`{path}`' for path in there)}, {counted(len(patterns[there[0]]), 'pattern')}")


CHECKS: tuple[Check, ...] = (build_inputs_in_context, data_not_in_context, ignore_is_read)
