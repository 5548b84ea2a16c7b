"""An image's configuration, layers and files → whether it is small, unprivileged and free of what is not needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lading.checks import forbidden, packages, paths
from lading.checks.evidence import Check, Said, counted, failed, passed, skipped, unknown
from lading.model import Contents, File, Finding, Image, Observation, Plan

_COMPILER = re.compile(
    r"(?:[\w.]+-linux-\w+-)?(?:gcc|g\+\+|cc|c\+\+|cpp|clang|clang\+\+|tcc|ld|as|make|cmake|rustc|cargo|go)(?:-[\d.]+)?"
)
_BIN = re.compile(
    r"/(?:usr/|usr/local/|opt/[^/]+/|root/\.(?:local|cargo)/|home/[^/]+/\.(?:local|cargo)/)?s?bin/([^/]+)"
)
_CACHES = {"pip cache": "/.cache/pip/", "uv cache": "/.cache/uv/", "apt list": "/var/lib/apt/lists/"}


def setting(image: Image) -> Mapping[str, Any]:
    """The part of an image configuration that says how a container starts; empty where there is none."""
    found = image.config.get("config")
    return found if isinstance(found, Mapping) else {}


def environment(image: Image) -> dict[str, str]:
    """The variables that the image sets, by name."""
    return dict(str(pair).partition("=")[::2] for pair in setting(image).get("Env") or ())


def megabytes(size: int) -> str:
    """`84.1 MB`; a megabyte is a million bytes, as in `docker images`."""
    return f"{size / 1e6:.1f} MB".replace(".0 MB", " MB")


def held(contents: Contents) -> int:
    """The bytes of the files of all layers, without what an archive adds: a block for each entry, and filling."""
    return sum(file.size for layer in contents.layers for file in layer if file.kind == "file")


def size(image: Image, plan: Plan, contents: Contents | None) -> Said:
    """The image is smaller than the project wants it: by its `size-limit`, without which the size is only told.

    The size is the sum of the uncompressed layers, as their archives are: what podman shows, and what a diff_id is the
    digest of. Docker shows the files alone, without 512 bytes for each entry and what fills the last block of each:
    3 to 4 % less for a Python backend; with containerd's store it adds the compressed layers (moby issue 53398). A
    megabyte is 1,000,000 bytes. Source: S0's AC8; OCI image specification 1.1, "Layer DiffID".
    """
    files = f"; its files have {megabytes(held(contents))}" if contents else ""
    layers = f"in {counted(len(image.layers), 'layer')}"
    if plan.size_limit is None:
        return skipped(f"no `size-limit` is set: {megabytes(image.size)} {layers}{files}")
    seen = f"{megabytes(image.size)} of {megabytes(plan.size_limit)} {layers}"
    if image.size < plan.size_limit:
        return passed(f"{seen}{files}")
    largest = max(image.layers, key=lambda layer: layer.unpacked)
    return failed(
        f"{seen}, wanted less{files}",
        hint=f"the largest layer has {megabytes(largest.unpacked)}: {largest.made_by[:80]}",
    )


def user_not_root(image: Image, plan: Plan) -> Said:
    """The image names a user who is not root, by number.

    Kubernetes' `runAsNonRoot` cannot tell what a name means, and refuses to start it. Source: S0's AC5; CIS Docker
    Benchmark 4.1; Kubernetes' "Configure a Security Context".
    """
    given = str(setting(image).get("User") or "")
    hint = f"`USER {plan.user.uid}:{plan.user.gid}` in the Dockerfile's last stage"
    user = given.partition(":")[0]
    if user in {"", "root"} or (user.isdecimal() and int(user) == 0):
        return failed(f"the user is `{given or 'root'}`, wanted {plan.user.uid}", hint=hint)
    if not user.isdecimal():
        return failed(f"the user is `{given}`, a name; wanted the number {plan.user.uid}", hint=hint)
    return passed(f"the user is {given}")


def owners(contents: Contents, plan: Plan) -> Said:
    """The application's folder and the volume belong to the user, and nothing is stored twice to make it so.

    An ownership that a later layer changes stores every file again; `COPY --chown` does not. S0's AC5 wants the user
    to be able to write the application's folder, which a read-only root forbids however the folder is owned: the
    owner is what an image can have, and what is judged. Source: S0's AC5; Docker's reference, "COPY --chown".
    """
    mine = (plan.user.uid, plan.user.gid)
    out: list[Finding] = []
    for folder in (forbidden.APP, plan.volume):
        if folder not in contents.files:
            hint = f"make it in the image, owned by {mine[0]}:{mine[1]}: an engine makes it root's"
            out.append(failed(f"`{folder}` is not in the image", where=folder, hint=hint))
            continue
        others = [file for file in paths.below(contents, folder) if (file.uid, file.gid) != mine]
        if others:
            first, count = others[0], f"{len(others)} of `{folder}`" if len(others) > 1 else f"`{others[0].path}`"
            out.append(
                failed(
                    f"{count} belong{'s' * (len(others) == 1)} to {first.uid}:{first.gid}, wanted {mine[0]}:{mine[1]}",
                    where=first.path,
                    hint=f"`COPY --chown={mine[0]}:{mine[1]}`",
                )
            )
    twice = _stored_twice(contents)
    if twice:
        hint = "`COPY --chown=` sets the owner as it copies; `RUN chown -R` stores the files again"
        count = f"{len(twice)} file" + "s" * (len(twice) != 1)
        total = megabytes(sum(file.size for file in twice))
        out.append(failed(f"{count} stored twice, {total}, by a change of owner or mode", hint=hint))
    note = f"; on a read-only root only {plan.volume} is writable"
    return out or passed(f"{forbidden.APP} and {plan.volume} belong to {mine[0]}:{mine[1]}{note}")


def _stored_twice(contents: Contents) -> list[File]:
    """Files of one layer that a later layer has again with the same size, but of another owner or mode.

    What useradd keeps in /etc as a copy of what was there before is not meant.
    """
    seen: dict[str, File] = {}
    out: list[File] = []
    for layer in contents.layers:
        for file in layer:
            before = seen.get(file.path)
            if file.kind == "file" and file.size and not file.path.startswith("/etc/"):
                if before and before != file and _bytes(before) == _bytes(file):
                    out.append(file)
                seen[file.path] = file
    return out


def _bytes(file: File) -> tuple[int, bytes | None]:
    return file.size, file.data


def no_forbidden_files(contents: Contents, plan: Plan) -> Said:
    """No `__pycache__`, `.git` or `.env*` is anywhere in the image, and no tests, `*.md` or editor's folder in /app.

    An empty folder is none of them, nor is an empty file that the plan has, without which the code fails. A file that
    the plan takes back by name, with `!`, is wanted. What a distribution brings to site-packages is its own affair, but
    for `.git`, `.env*` and a `__pycache__` that is not in its wheel. Source: S0's AC3.
    """
    brought = packages.brought(contents)
    wanted = forbidden.spared(plan.app.exclude)
    files = [path for path, file in contents.files.items() if file.kind != "directory"]
    found: dict[str, list[str]] = {}
    for path in files:
        hit = forbidden.in_image(path)
        own = path.startswith(forbidden.APP + "/")
        blank = own and path.removeprefix(forbidden.APP + "/") in plan.app.blanks and not contents.files[path].size
        if blank or (hit and hit[0].glob == "__pycache__" and path in brought):
            continue
        if hit and not (own and wanted(path.removeprefix(forbidden.APP + "/"))):
            found.setdefault(hit[0].glob, []).append(hit[1])
    return [
        failed(
            _counted(glob, list(dict.fromkeys(places))), where=places[0], hint=_HINTS.get(glob, _IGNORE.format(glob))
        )
        for glob, places in found.items()
    ] or passed(f"no __pycache__, .git, .env* in {counted(len(files), 'file')}; no tests or *.md in /app")


_IGNORE = "add the pattern `**/{}` to .dockerignore"
_HINTS = {"__pycache__": "compile into /opt/pycache with PYTHONPYCACHEPREFIX, which is as fast to start"}


def _counted(glob: str, places: Sequence[str]) -> str:
    if len(places) == 1:
        return f"`{places[0]}` is in the image"
    return f"{len(places)} times `{glob}` in the image, the first is `{places[0]}`"


def no_build_tools(contents: Contents) -> Said:
    """The image holds no compiler, no C headers, no uv, no pip or uv cache and no apt lists.

    The headers of the interpreter, which official Python images have under /usr/local/include, are not counted: no
    Dockerfile brought them. Source: S0's AC1; CIS Docker Benchmark 4.3.
    """
    found: dict[str, list[str]] = {}
    for path, file in contents.files.items():
        if file.kind in {"directory", "other"}:
            continue
        what = _tool(path, file.size)
        if what:
            found.setdefault(what, []).append(path)
    return [
        failed(
            f"{len(places)} {what}{'s' * (len(places) != 1)} in the image: `{places[0]}`",
            where=places[0],
            hint="build in an earlier stage, and copy only what it made",
        )
        for what, places in found.items()
    ] or passed("no compiler, headers, uv, installer's cache or apt list")


def _tool(path: str, size: int) -> str:
    if found := _BIN.fullmatch(path):
        if _COMPILER.fullmatch(found[1]):
            return "compiler"
        return "installer" if found[1] in {"uv", "uvx"} else ""
    if path.startswith("/usr/include/") and path.endswith((".h", ".hpp")):
        return "C header"
    return next((what for what, place in _CACHES.items() if size and place in path and "/lock" not in path), "")


def no_forbidden_files_after_traffic(observation: Observation) -> Said:
    """None of the forbidden files has appeared once the containers have answered.

    An interpreter that may write makes `__pycache__` beside the code when it first imports it. Source: S0's AC3,
    whose "given" is a running container.
    """
    answered = [run for run in observation.runs.values() if run.ready is not None]
    if not answered:
        return unknown("no start ever answered")
    out = []
    for run in answered:
        hits = [path for path in (*run.written, *run.volume) if forbidden.in_image(path)]
        if hits:
            hint = "PYTHONPYCACHEPREFIX=/opt/pycache keeps bytecode out of the code's folders"
            more = f", and {len(hits) - 1} more" if len(hits) > 1 else ""
            message = f"`{hits[0]}` appeared in the start `{run.start.name}`{more}"
            out.append(failed(message, where=hits[0], hint=hint))
    return out or passed(f"no forbidden file appeared in {len(answered)} start{'s' * (len(answered) != 1)}")


CHECKS: tuple[Check, ...] = (
    size,
    user_not_root,
    owners,
    no_forbidden_files,
    no_forbidden_files_after_traffic,
    no_build_tools,
)
