"""Podman, by its command line: an engine of Docker's kind without a daemon."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.errors import Outside
from lading.model import Image, Plan, Progress
from lading.observe import client, engine
from lading.observe.client import Client
from lading.observe.container import Host

#: It leaves asking regularly to systemd, which need not be there, so we ask.
_CHECKING = ("--health-interval", "disable")


@contextmanager
def host(plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Run containers of `image` under podman. Raises `Outside` where it cannot run."""
    with engine.host(found(), "podman", plan, image, cache=cache, progress=progress) as made:
        yield made


def found() -> Client:
    """The first podman on the PATH that can run. Raises `Outside` where there is none."""
    refusals = []
    for program in client.programs("podman"):
        one = Client(program=program, name="", checking=_CHECKING, health=_health)
        try:
            version = one.ask("version", "--format", "{{.Client.Version}}", timeout=10)
            one.ask("info", "--format", "{{.Host.Arch}}")
        except Outside as refusal:
            refusals.append(refusal.message.splitlines()[-1])
            continue
        return Client(
            program=program, name=f"podman {version.strip()}", options=_options(), checking=_CHECKING, health=_health
        )
    raise Outside(f"podman cannot be used: {refusals[-1]}" if refusals else "podman is not installed")


def _options() -> tuple[str, ...]:
    # Without these it asks for more than a root that is itself confined may give.
    pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    files, processes = _most(resource.RLIMIT_NOFILE, 1 << 20), _most(resource.RLIMIT_NPROC, pids)
    # Its read-only root has tmpfs mounts that Docker's has not.
    return (
        "--read-only-tmpfs=false",
        "--ulimit",
        f"nofile={files}:{files}",
        "--ulimit",
        f"nproc={processes}:{processes}",
    )


def _most(limit: int, wanted: int) -> int:
    _, hard = resource.getrlimit(limit)
    return wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)


def _health(one: Client, name: str) -> str | None:
    """What podman finds when it is asked."""
    done = one.tell("healthcheck", "run", name)
    if b"no defined healthcheck" in done.stderr:
        return None
    return "healthy" if done.status == 0 else "unhealthy"
