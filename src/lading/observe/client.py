"""A command line of Docker's kind, as a value: how it is asked, and how `docker` and `podman` differ in that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lading.command import Command, Done, output, run

#: Seconds for a command that only asks, and for one that moves an image or a volume.
ASK, MOVE = 30.0, 600.0

#: Where distributions put such programs, whatever the PATH says.
USUAL = "/usr/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program of Docker's kind and how it differs from others."""

    program: str  # its path
    name: str  # with the engine's version, as a person would name it
    options: tuple[str, ...] = ()  # more of `create`
    checking: tuple[str, ...]  # those where the image has a health check: how often it is asked
    health: Callable[[Client, str], str | None]  # of a container

    def ask(self, *arguments: str, timeout: float = ASK) -> str:
        """What a command prints. Raises `Outside` when it fails."""
        return output(Command(argv=(self.program, *arguments), timeout=timeout))

    def tell(self, *arguments: str, timeout: float = ASK) -> Done:
        """How a command ended, whatever its status."""
        return run(Command(argv=(self.program, *arguments), timeout=timeout))


def programs(name: str) -> Iterator[str]:
    """Every program of this name on the PATH and in the usual place: the first may not work."""
    for folder in (*os.get_exec_path(), USUAL):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            yield path
