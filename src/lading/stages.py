"""A folder of code → a report: every stage in order, each a function from one noun to the next."""

from __future__ import annotations

import os
import platform as machine
import posixpath
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lading import cache, ignore, settings, views, written
from lading.errors import BadInput, Outside
from lading.model import Development, Image, Layout, Plan, Progress, Project, Report
from lading.settings import Settings
from lading.source import Directory, Source


def silent(_line: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is known before anything is built. `project` is None where the plan was given."""

    source: Source  # the backend's own folder
    context: Source  # what a builder is sent: that folder, or the whole repository
    root: Path  # of `context`, on disk: where the paths of the files of `lading init` start
    settings: Settings
    project: Project | None
    plan: Plan

    @property
    def home(self) -> Path:
        """The folder of the stack: of `compose.yaml` and its secrets."""
        return self.root / self.plan.layout.home


def inspect(directory: str | Path, flags: Mapping[str, Any]) -> Project:
    """What the backend in `directory` is. Raises `BadInput` when that cannot be told."""
    from lading import detect

    source = Directory(directory)
    return detect.detect(source, settings.load(source, flags, os.environ))


def start(directory: str | Path, flags: Mapping[str, Any], *, plan: Path | None = None) -> Stage:
    """Read `directory` and decide what its image must contain, or take the decisions from the file `plan`.

    Raises `BadInput` for a project, a flag or a configuration that cannot be used.
    """
    from lading import checks, detect, render
    from lading import plan as plans

    tree = Directory(directory)
    asked = decided = settings.load(tree, flags, os.environ)
    source, folder, alone = _service(tree, decided)
    if folder != ".":
        inner = settings.load(source, {**flags, "service": None}, os.environ)
        # What nobody says in the backend's own folder is what the whole repository says.
        decided = replace(inner, criteria=inner.criteria or asked.criteria)
        if not inner.requests:
            decided = replace(decided, requests=asked.requests, uploads=asked.uploads)
    checks.criteria.require_known(decided.criteria, checks.CHECKS)
    # Said for the whole repository, it is of the whole repository.
    whole = asked.given("dockerfile")
    placed = (asked if whole else decided)["dockerfile"]
    layout = render.layout.of(placed.value, folder if whole else ".", placed.because)
    if plan is not None:
        try:
            data = plan.read_bytes()
        except OSError as error:
            raise BadInput(f"`{plan}` cannot be read: {error.strerror}") from error
        project, made = None, plans.load(data, str(plan))
    else:
        project = detect.detect(source, decided)
        made = plans.make(project, decided)
        told = placed.because if whole else made.because["layout"]
        if not whole and not decided.given("dockerfile") and project.layout:
            layout, told = project.layout.value, project.layout.because
        made = replace(made, because={**made.because, "layout": told})
        made = replace(made, layout=_at_home(_spanning(made, layout, folder), tree, alone=alone))
    inside = made.layout.code == "."
    return Stage(
        source=source,
        context=source if inside else tree,
        root=tree.root / folder if inside else tree.root,
        settings=decided,
        project=project,
        plan=made,
    )


def _spanning(plan: Plan, layout: Layout, folder: str) -> Layout:
    """`layout`, of the whole repository where the backend depends on folders outside of its own.

    Raises `BadInput` for one that is outside of the repository.
    """
    for path in plan.dependencies.local:
        inner = posixpath.normpath(posixpath.join(folder, path))
        if inner.startswith("../"):
            raise BadInput(
                f"depends on `{path}`, which is outside of the folder that was given",
                where=plan.because["dependencies"],
                hint="give the folder around both, and say which backend with `--service`",
            )
        if path.startswith("../") and layout.code == ".":
            placed = posixpath.join(folder, layout.dockerfile)
            return Layout(dockerfile=placed, code=folder)
    return layout


def _at_home(layout: Layout, tree: Source, *, alone: bool) -> Layout:
    """`layout`, with the files beside the Dockerfile in the backend's own folder where it is one of several that share
    the root. What stands in the root already stays there.
    """
    shared = not alone and layout.code != "." and written.root(tree) != layout.code
    return replace(layout, home=layout.code) if shared else layout


def _service(tree: Directory, decided: Settings) -> tuple[Source, str, bool]:
    """The backend that is meant, as a tree of its own, its folder, and whether it is the only one of the repository."""
    from lading.detect import services

    chosen = services.choose(tree, decided)
    folder = chosen.services[0].value.folder if chosen.services else "."
    return views.below(tree, folder), folder, len(chosen.services) < 2


def build(stage: Stage, *, progress: Progress = silent) -> Image:
    """Build the image of `stage` with the builder that its settings name, and keep it in the cache.

    A file that is a secret as a whole is left out, and that is said. Raises `BadInput` for what the project must
    change, `Outside` for what failed around us.
    """
    store = cache.folder(stage.settings["cache"].value, os.environ)
    platform = stage.settings["platform"].value or here()
    stage = _careful(stage, progress)
    match stage.settings["builder"].value:
        case "native":
            from lading.build import native
            from lading.debian import mirror

            found = mirror.find(stage.settings["mirror"], os.environ)
            image = native.build(
                stage.plan,
                stage.source,
                platform=platform,
                cache=store,
                mirror=found.value,
                security=mirror.security(found).value,
                progress=progress,
            )
        case "docker":
            from lading.build import docker

            image = docker.build(
                stage.plan, stage.context, files(stage), tag=None, platform=platform, store=store, progress=progress
            )
        case other:
            raise BadInput(f"there is no builder `{other}`", hint="the builders are native and docker")
    return image


def _careful(stage: Stage, progress: Progress) -> Stage:
    """`stage`, whose image has no file that is a secret as a whole; code that holds one stays, and is judged."""
    from lading import render
    from lading.checks import sent

    every = sent.leaks(stage.source, stage.plan.app.exclude)
    found = [leak for leak in every if not leak.line and not leak.path.endswith(".py")]
    for leak in found:
        progress(f"left out {leak.path}: it holds {leak.what}")
    out = tuple(leak.path for leak in found)
    whole = tuple(render.layout.code(stage.plan, path) for path in out)
    return replace(stage, source=views.without(stage.source, out), context=views.without(stage.context, whole))


def lost(stage: Stage, directory: str | Path, paths: Sequence[str]) -> tuple[str, ...]:
    """What of the project in `directory` only its files `paths` say, from the root of the context: lines of TOML."""
    from lading.detect import lost

    if not paths or stage.project is None:
        return ()
    tree = Directory(directory)
    whole = [posixpath.normpath(os.path.relpath(stage.root / path, tree.root)) for path in paths]
    folder = stage.source.folder if isinstance(stage.source, views.Below) else "."
    return lost.lines(tree, folder, stage.project, stage.settings, whole)


def here() -> str:
    """The platform of the images that run on this machine: linux, on the machine's own architecture."""
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    found = names.get(machine.machine().lower())
    if found is None:
        raise BadInput(f"no image can be built for `{machine.machine()}`", hint="say `--platform linux/amd64`")
    return f"linux/{found}"


def files(stage: Stage) -> dict[str, str]:
    """What `lading init` writes for `stage`; a file that it wrote and somebody edited since stands as edited."""
    from lading import render

    rendered = dict(render.files(stage.plan))
    if render.layout.beside(stage.plan, written.RECORD) in stage.context.files:
        there = stage.context.files
        rendered |= {path: stage.context.read(path).decode() for path in rendered if path in there}
    return rendered


def verify(stage: Stage, image: Image, *, progress: Progress = silent) -> Report:
    """Run `image` in every way that the criteria ask for, look into it, and judge.

    Raises `Outside` where an engine that was asked for by name is missing. Where none can run, the criteria that need
    one are unknown.
    """
    from lading import checks, observe, render
    from lading.oci import contents

    clock = time.monotonic()
    store = cache.folder(stage.settings["cache"].value, os.environ)
    engine = stage.settings["engine"].value
    with ThreadPoolExecutor(1) as beside:  # while the engine unpacks the image, which takes one processor
        loading = beside.submit(contents.load, image, checks.keep)
        observation = observe.observe(
            stage.plan,
            image,
            engine=engine,
            cache=store,
            progress=progress,
            requests=stage.settings.requests,
            uploads=stage.settings.uploads,
        )
        inside = loading.result()
    developed = _develop(stage, observation.engine, store, progress)
    observed = time.monotonic()
    progress("judging")
    rendered, locks = files(stage), stage.plan.dependencies.files
    evidence = checks.Evidence(
        project=stage.project,
        plan=stage.plan,
        dockerfile=rendered[stage.plan.layout.dockerfile],
        # Of what the ignore file says, what it says of the backend's own folder.
        ignore="\n".join(render.layout.inner(stage.plan, ignore.parse(rendered[stage.plan.layout.ignore]))),
        tree=tuple(stage.source.files),
        context=tuple(stage.context.files),
        files=checks.around.texts(
            stage.context, rendered, (render.layout.code(stage.plan, one) for one in locks), stage.plan.layout.home
        ),
        development=developed,
        image=image,
        contents=inside,
        observation=observation,
    )
    findings = checks.judge(evidence)
    return Report(
        project=stage.project,
        plan=stage.plan,
        image=image,
        observation=observation,
        criteria=stage.settings.criteria or checks.CRITERIA,
        findings=findings,
        seconds={"observe": observed - clock, "judge": time.monotonic() - observed},
    )


def _develop(stage: Stage, engine: str, store: Path, progress: Progress) -> Development | None:
    """What a container of the development stage does; None where no criterion asks for that, which takes a build."""
    from lading.build import docker
    from lading.observe import development

    asked = {check for criterion in stage.settings.criteria for check in criterion.checks}
    if asked.isdisjoint({"reload-serves-edits", "debugger-attaches"}):
        return None
    if not engine.startswith("docker"):
        return Development(engine=engine, limit="the development stage is run by Docker alone: `--engine docker`")
    stage = _careful(stage, silent)
    try:
        name = docker.stage(stage.plan, stage.context, files(stage), "dev", progress=progress)
        try:
            return development.observe(stage.plan, stage.source, name, cache=store, progress=progress)
        finally:
            development.forget(name)
    except Outside as error:
        return Development(engine=engine, limit=f"the development stage was not run: {error.message}")


def ship(directory: str | Path, flags: Mapping[str, Any] | None = None, *, progress: Progress = silent) -> Report:
    """The whole job: from the folder of a backend to a proven image. Raises what its stages raise."""
    clock = time.monotonic()
    stage = start(directory, flags or {})
    planned = time.monotonic()
    image = build(stage, progress=progress)
    built = time.monotonic()
    report = verify(stage, image, progress=progress)
    return replace(report, seconds={"plan": planned - clock, "build": built - planned, **report.seconds})
