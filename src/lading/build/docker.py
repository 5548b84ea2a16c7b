"""Plan + Source + rendered files → Image, by the Docker of this machine; and images to engines, and back.

The engine is asked through its own command line, which is there wherever it is, and knows where its daemon listens.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lading import command, ignore
from lading.command import Command, Done, Runner
from lading.errors import BadInput, Outside
from lading.model import Image, Plan, Progress
from lading.oci import archive, reference, tar
from lading.source import Source

Engine = Literal["docker", "podman"]

#: A build compiles and downloads; an hour is more than any needs.
_BUILD_SECONDS = 3600

_INSTEAD = "or build with `--builder native`, which needs no engine"


def build(
    plan: Plan,
    source: Source,
    files: Mapping[str, str | bytes],
    *,
    tag: str | None = None,
    platform: str | None = None,
    store: Path,
    run: Runner = command.run,
    progress: Progress = lambda _: None,
) -> Image:
    """The image that Docker's BuildKit makes of `files`, the Dockerfile among them, and the project's own.

    Its layers go to `store`; its digest is the identifier that Docker gave it. Raises `Outside` when there is no
    Docker that can, with the way to get one, and when the build fails, with its last lines.
    """
    docker = find(run=run)
    with tempfile.TemporaryDirectory(prefix="lading-") as folder:
        identifier, saved = Path(folder, "id"), Path(folder, "image.tar")
        progress(f"building with {docker}")
        sent = context(plan, source, files)
        asked = build_command(
            docker, context=sent, identifier=identifier, file=plan.layout.dockerfile, tag=tag, platform=platform
        )
        done = run(asked)
        if done.status:
            raise Outside(f"the Dockerfile cannot be built\n{_tail(done)}", hint=f"mend what it says, {_INSTEAD}")
        name = identifier.read_text().strip()
        progress("reading the image back")
        command.output(save_command(docker, name, saved), run=run)
        return replace(archive.read(saved, store), digest=name)


def stage(
    plan: Plan,
    source: Source,
    files: Mapping[str, str | bytes],
    target: str,
    *,
    run: Runner = command.run,
    progress: Progress = lambda _: None,
) -> str:
    """The identifier of the image of one stage of the Dockerfile, which stays with Docker. Raises as `build` does."""
    docker = find(run=run)
    with tempfile.TemporaryDirectory(prefix="lading-") as folder:
        identifier = Path(folder, "id")
        progress(f"building the stage `{target}` with {docker}")
        sent = context(plan, source, files)
        done = run(
            build_command(docker, context=sent, identifier=identifier, file=plan.layout.dockerfile, target=target)
        )
        if done.status:
            raise Outside(f"the stage `{target}` cannot be built\n{_tail(done)}")
        return identifier.read_text().strip()


def build_command(
    docker: str,
    *,
    context: bytes,
    identifier: Path,
    file: str = "Dockerfile",
    target: str | None = None,
    tag: str | None = None,
    platform: str | None = None,
) -> Command:
    """`docker build` of a context on standard input, which writes what it made to the file `identifier`."""
    return Command(
        argv=(
            docker, "build", "--progress", "plain", "--iidfile", str(identifier),
            *(("--file", file) if file != "Dockerfile" else ()),
            *(("--target", target) if target else ()),
            *(("--tag", reference.parse(tag).tagged) if tag else ()),
            *(("--platform", platform) if platform else ()),
            "-",
        ),
        stdin=context,
        # An attestation would make an index of the image, with another identifier at each build.
        env={"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
        timeout=_BUILD_SECONDS,
    )  # fmt: skip


def save_command(engine: str, name: str, path: Path) -> Command:
    """The command that writes the image `name` to `path`, as an archive of Docker's format."""
    format_ = ("--format", "docker-archive") if Path(engine).name == "podman" else ()
    return Command(argv=(engine, "save", *format_, "--output", str(path), name))


def load_command(engine: str, path: Path) -> Command:
    """The command that takes the image in the archive `path` into the engine."""
    return Command(argv=(engine, "load", "--input", str(path)))


def context(plan: Plan, source: Source, files: Mapping[str, str | bytes]) -> bytes:
    """A tar of what the ignore file leaves of `source` and of `files`, which stand before it: equal input, equal bytes.

    The daemon heeds an ignore file only in a folder that a client sends it, so what it names is left out here.
    """
    given = files.get(plan.layout.ignore)
    patterns = ignore.parse(given if isinstance(given, str) else given.decode()) if given else plan.app.exclude
    ignored = ignore.matcher(patterns)
    files = {path: content for path, content in files.items() if path == plan.layout.dockerfile or not ignored(path)}
    executable = {path: bits for path, bits in source.files.items() if path not in files and not ignored(path)}
    out = bytearray()
    folders: set[str] = set()
    for path in sorted([*executable, *files]):
        for folder in sorted(set(tar.parents(path)) - folders):
            folders.add(folder)
            out += tar.header(folder, tar.DIRECTORY, mode=0o755)
        content = files[path] if path in files else source.read(path)
        data = content.encode() if isinstance(content, str) else content
        out += tar.header(path, tar.FILE, size=len(data), mode=0o755 if executable.get(path) else 0o644)
        out += data + tar.padding(len(data))
    return bytes(out + tar.END)


def find(*, run: Runner = command.run) -> str:
    """The `docker` of the PATH that can build: its daemon answers, and it has BuildKit.

    Raises `Outside` when there is none, with what was wrong with each one.
    """
    wrong = []
    for program in programs("docker"):
        done = run(
            Command(argv=(program, "version", "--format", "{{.Client.Version}} {{.Server.Version}}"), timeout=30)
        )
        if done.status:
            wrong.append(f"{program}: {_tail(done, 1) or 'its daemon does not answer'}")
            continue
        # BuildKit's client is part of Docker's until version 23, and the plug-in buildx since.
        major = done.stdout.decode(errors="replace").partition(".")[0]
        if major.isdecimal() and int(major) < 23:
            return program
        if run(Command(argv=(program, "buildx", "version"), timeout=30)).status == 0:
            return program
        wrong.append(f"{program}: it lacks the plug-in buildx")
    if not wrong:
        raise Outside("Docker is not installed", hint=f"install Docker Engine 20.10 or newer, {_INSTEAD}")
    raise Outside("\n".join(["no Docker of this machine can build", *wrong]), hint=f"start or mend one, {_INSTEAD}")


def programs(name: str) -> Iterator[str]:
    """Every program of that name on the PATH, the same file once."""
    seen = set()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = shutil.which(name, path=folder)
        if program and (real := os.path.realpath(program)) not in seen:
            seen.add(real)
            yield program


def load(image: Image, *, engine: Engine, name: str | None = None, run: Runner = command.run) -> str:
    """Give `image` to `engine`, and return what to call it there: its name, or its identifier without one.

    Raises `BadInput` for a name that engines refuse, `Outside` when the engine fails.
    """
    with tempfile.TemporaryDirectory(prefix="lading-") as folder:
        path = Path(folder, "image.tar")
        archive.write(image, path, format="docker", name=name)
        said = command.output(load_command(engine, path), run=run)
    for line in reversed(said.splitlines()):
        label, colon, loaded = line.partition(": ")
        if colon and label.startswith("Loaded image"):
            return loaded.strip()
    raise Outside(f"{engine} does not say what it loaded: `{said.strip()}`")


def save(name: str, *, engine: Engine, store: Path, run: Runner = command.run) -> Image:
    """The image that `engine` calls `name`; its layers go to `store`.

    Raises `BadInput` when there is none, `Outside` when the engine fails.
    """
    reference.parse(name)
    with tempfile.TemporaryDirectory(prefix="lading-") as folder:
        path = Path(folder, "image.tar")
        done = run(save_command(engine, name, path))
        said = _tail(done)
        if done.status and any(phrase in said.lower() for phrase in ("no such image", "does not exist", "not known")):
            raise BadInput(f"{engine} has no image `{name}`", hint=f"`{engine} images` lists what it has")
        if done.status:
            raise Outside(f"{engine} cannot save `{name}`\n{said}")
        return archive.read(path, store)


def _tail(done: Done, lines: int = 20) -> str:
    said = (done.stderr or done.stdout).decode(errors="replace").strip()
    return "\n".join(said.splitlines()[-lines:])
