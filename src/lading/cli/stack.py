"""The stack that `lading init` wrote: its secret files, and the Compose that drives it."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from lading import command
from lading.cli import arguments
from lading.command import Command, Runner
from lading.errors import BadInput, Outside
from lading.model import Plan

FILE, DEVELOPMENT = "compose.yaml", "compose.override.yaml"


def secret_files(plan: Plan, root: Path) -> list[str]:
    """Write the secret files that are not there yet, and return their paths. What is there stays as it is."""
    from lading import render

    folder = render.secrets.FOLDER
    paths = (render.secrets.IGNORE, *(f"{folder}/{name}" for name in render.secrets.templates(plan)))
    there = {path: (root / path).read_text() if (root / path).is_file() else None for path in paths}
    wanted = render.secrets.missing(plan, there, lambda: secrets.token_hex(24))
    if wanted:
        (root / folder).mkdir(mode=0o700, exist_ok=True)
    for path, text in wanted.items():
        # Readable by everybody who is in the folder, which on this machine is its owner alone: see render.secrets.
        handle = os.open(root / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w") as file:
            os.fchmod(file.fileno(), 0o644)  # whatever the umask
            file.write(text)
    return [path for path in wanted if path != render.secrets.IGNORE]


def read(args: argparse.Namespace) -> tuple[Plan, Path]:
    """The plan and the folder of the backend that `args` name. Raises `BadInput` where it has no stack."""
    from lading import stages

    stage = stages.start(args.dir, arguments.flags(args))
    if not (stage.home / FILE).is_file():
        raise BadInput(f"there is no {FILE}", where=str(stage.home), hint="write it with `lading init`")
    return stage.plan, stage.home


def files(root: Path, *, development: bool) -> tuple[str, ...]:
    """The files of the stack, as Compose takes them."""
    both = development and (root / DEVELOPMENT).is_file()
    return ("--file", FILE, *(("--file", DEVELOPMENT) if both else ()))


def compose(root: Path, *argv: str, run: Runner = command.run) -> Command:
    """The command of Compose with these arguments, in the folder of the stack. Raises `Outside` without a Compose."""
    return Command(
        argv=(*find(run=run), *argv),
        cwd=root,
        # What Docker 20.10 and docker-compose 1 need to be told, and later ones know.
        env={"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"},
    )


def find(*, run: Runner = command.run) -> tuple[str, ...]:
    """The Compose of this machine: Docker's plug-in, else the program docker-compose. Raises `Outside` without one."""
    from lading.build import docker

    for program in docker.programs("docker"):
        if run(Command(argv=(program, "compose", "version"), timeout=30)).status == 0:
            return program, "compose"
    for program in docker.programs("docker-compose"):
        return (program,)
    raise Outside("there is no Docker Compose on the PATH", hint="install the package docker-compose-plugin")
