"""Containers for tests: started, asked, and gone afterwards."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from lading.command import Command, Done, output, run
from lading.errors import Outside
from lading.observe import docker

T = TypeVar("T")


def until(ask: Callable[[], T], *, seconds: float = 60) -> T:
    """What `ask` returns once it raises no `Outside`. Raises the last one when time is up."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Outside:
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


@dataclass(frozen=True)
class Container:
    """A container of Docker's, by its identity. A missing engine raises `Outside`."""

    program: str
    identity: str

    def ask(self, *argv: str) -> str:
        """What a command inside prints, without the last line's end."""
        return output(Command(argv=(self.program, "exec", self.identity, *argv), timeout=30)).strip()

    def port(self, inside: int) -> str:
        """The port of 127.0.0.1 that leads to the published one."""
        # One line for IPv4 and one for IPv6, whose ports may differ.
        lines = self.docker("port", self.identity, str(inside)).splitlines()
        return next((line.rpartition(":")[2] for line in lines if line.startswith("0.0.0.0:")), "")

    def log(self) -> str:
        """Both of its outputs."""
        done = run(Command(argv=(self.program, "logs", self.identity)))
        return (done.stdout + done.stderr).decode()

    def wait(self, seconds: float = 10) -> int:
        """Its exit status. Raises `Outside` when it has not ended by then."""
        return int(output(Command(argv=(self.program, "wait", self.identity), timeout=seconds)))

    def docker(self, *argv: str) -> str:
        """What a command of the engine prints."""
        return output(Command(argv=(self.program, *argv)))


@contextmanager
def container(image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
    """A container of `image`, its ports published on loopback, removed with its unnamed volumes at the end."""
    program = docker.found().program
    argv = (program, "run", "--detach", "--publish-all", *options, image, *command)
    made = Container(program, output(Command(argv=argv)).strip())
    try:
        yield made
    finally:
        remove(program, made.identity)


def remove(program: str, identity: str) -> None:
    """Remove a container, and see that it is gone: with `--force` some engines keep one and report that all is well."""
    for _ in range(20):
        run(Command(argv=(program, "rm", "--force", "--volumes", identity)))
        if run(Command(argv=(program, "container", "inspect", identity))).status:
            return
        time.sleep(0.5)
    pytest.fail(f"the engine does not remove {identity}")


@contextmanager
def volume() -> Iterator[str]:
    """A named volume, removed at the end."""
    program = docker.found().program
    name = output(Command(argv=(program, "volume", "create"))).strip()
    try:
        yield name
    finally:
        run(Command(argv=(program, "volume", "rm", "--force", name)))


def told(*argv: str, **env: str) -> Done:
    """How a command of this machine ended, whatever its status."""
    return run(Command(argv=argv, env=env, timeout=30))


def asked(*argv: str, **env: str) -> str:
    """What a command of this machine prints. Raises `Outside` when it fails."""
    return output(Command(argv=argv, env=env, timeout=30)).strip()
