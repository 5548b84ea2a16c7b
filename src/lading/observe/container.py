"""What an engine is to the rest of this folder: functions, which `probe` and `observe` call and each engine has."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lading.model import Image, Outcome, Plan, Process, Progress, Start


class Services(Protocol):
    """The services that the plan needs, running, with databases of its own for each start."""

    @property
    def images(self) -> tuple[str, ...]:
        """What they were started from."""

    def environment(self, owner: str, *, switched: bool = False) -> dict[str, str]:
        """The variables for the start `owner`; `switched`: also those of a database of another kind."""

    def masked(self, text: str) -> str:
        """`text` without the passwords that were made for them."""

    def revisions(self, owner: str) -> dict[str, tuple[str, ...]]:
        """The rows of `alembic_version` in the databases of the start `owner`, by a name of each database."""

    def stamp(self, owner: str, revision: str) -> None:
        """Say in the database of the start `owner` that it is at `revision`. Raises `Outside` where that fails."""


class Container(Protocol):
    """A container that was started, and whose first process may have ended since."""

    @property
    def began(self) -> float:
        """When it was asked for, on the clock of `time.monotonic`."""

    @property
    def start(self) -> Start:
        """What was asked for; an engine that cannot do quite that says here what it did."""

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """A connection to `address`, as the container's own network names it. Raises `OSError`."""

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        """Run a program inside, as the container's user and in its folder."""

    def signal(self, number: int, *, everyone: bool = False) -> None:
        """Send a signal to the first process, or to all of them."""

    def processes(self) -> tuple[Process, ...]:
        """Every process of the container."""

    def wait(self, timeout: float) -> int | None:
        """The exit status, 128 + n after the signal n, or None when it still runs after `timeout` seconds."""

    def health(self) -> str | None:
        """What the engine itself has found with the image's HEALTHCHECK; None where it has no such thing."""

    def volume(self) -> Mapping[str, bytes]:
        """The files of the volume by their path inside, with their bytes where they are an SQLite database."""

    def written(self) -> tuple[str, ...]:
        """Files of the root that appeared or changed, the volume and /tmp left out."""

    def log(self) -> str:
        """What it has printed, on either stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An engine that has taken an image in and can start containers of it."""

    name: str  # as a person would name it: "unshare (user namespace)"
    limits: tuple[str, ...]
    at_once: int  # how many containers may run at the same time
    start: Callable[[Start], AbstractContextManager[Container]]
    services: Services | None = None  # what runs beside them; None where nothing does


class Engine(Protocol):
    """A module of this folder that runs containers."""

    def host(self, plan: Plan, image: Image, *, cache: Path, progress: Progress) -> AbstractContextManager[Host]:
        """Take `image` in, and leave nothing behind afterwards.

        Raises `Outside`, with the reason, where this engine cannot run.
        """
