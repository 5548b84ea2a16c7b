"""The engine that most people have: Docker's, by its command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.errors import Outside
from lading.model import Image, Plan, Progress
from lading.observe import client, engine
from lading.observe.client import Client
from lading.observe.container import Host

#: Seconds that the engine's own health check, which is asked each second, may take to say something.
_PATIENCE = 15.0
_CHECKING = ("--health-interval", "1s", "--health-retries", "1")


@contextmanager
def host(plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Run containers of `image` under Docker Engine. Raises `Outside` where no client of it reaches one."""
    with engine.host(found(), "docker", plan, image, cache=cache, progress=progress) as made:
        yield made


def found() -> Client:
    """The first client on the PATH that reaches an engine. Raises `Outside` where none does."""
    refusals = []
    for program in client.programs("docker"):
        one = Client(program=program, name="", checking=_CHECKING, health=_health)
        try:
            version = one.ask("version", "--format", "{{.Server.Version}}", timeout=10)
        except Outside as refusal:
            refusals.append(refusal.message.splitlines()[-1])
            continue
        return Client(program=program, name=f"docker {version.strip()}", checking=_CHECKING, health=_health)
    raise Outside(
        f"Docker cannot be used: {refusals[-1]}" if refusals else "Docker is not installed",
        hint="start Docker, or allow this user to use it",
    )


def _health(one: Client, name: str) -> str | None:
    limit = time.monotonic() + _PATIENCE
    while time.monotonic() < limit:
        status = one.ask("inspect", "--format", "{{if .State.Health}}{{.State.Health.Status}}{{end}}", name).strip()
        if status != "starting":
            return status or None
        time.sleep(0.1)
    return "starting"
