"""A client of Docker's kind → a host that starts containers of an image, and the container that a start gives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock

from lading.errors import Outside
from lading.model import Image, Plan, Progress, Start
from lading.observe import beside, scratch
from lading.observe.box import Box
from lading.observe.client import MOVE, Client
from lading.observe.container import Host
from lading.oci import archive

#: On everything that is made, with the name of the folder that is locked for as long as it is needed.
LABEL = "lading.observe"

#: Seconds that a relay may take to see that its container is gone.
_PATIENCE = 10.0


@contextmanager
def host(client: Client, kind: str, plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Take `image` in, unless the engine has made it, and remove in the end whatever was made."""
    from lading.observe import services

    with scratch.folder(cache, kind, partial(_sweep, client)) as folder:
        begun = services.begin(client, plan, folder, f"{LABEL}={folder.name}", progress)
        name = image.digest
        if client.tell("image", "inspect", name).status:
            name = _image(folder)
            progress(f"loading the image into {client.name}")
            archive.write(image, folder / "image.tar", format="docker", name=name)
            client.ask("load", "--input", str(folder / "image.tar"), timeout=MOVE)
            (folder / "image.tar").unlink()
        ready = services.ready(begun, progress)
        making = Making(
            client=client, plan=plan, image=image, name=name, folder=folder, options=ready.options if ready else ()
        )
        at_once = min(3, os.cpu_count() or 1)
        try:
            yield Host(name=client.name, limits=(), at_once=at_once, start=partial(_start, making), services=ready)
        finally:
            with making.lock:  # a thread that has waited for it makes nothing any more
                making.closed.set()


def _image(folder: Path) -> str:
    return f"localhost/lading-observe:{folder.name.lower()}"


def _sweep(client: Client, folder: Path) -> None:
    """Remove whatever was made for `folder`."""
    ours = f"label={LABEL}={folder.name}"
    with suppress(Outside):  # an engine that does not answer any more keeps what it has
        for what, remove in (
            (("ps", "--all"), ("rm", "--force", "--volumes")),
            (("volume", "ls"), ("volume", "rm")),
            (("network", "ls"), ("network", "rm")),
        ):
            found = client.ask(*what, "--quiet", "--filter", ours).split()
            if found:
                client.tell(*remove, *found)
        client.tell("image", "rm", "--force", _image(folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What every start of one observation needs."""

    client: Client
    plan: Plan
    image: Image
    name: str  # of the image, for the engine
    folder: Path
    options: tuple[str, ...] = ()  # of every container, that it reaches the services
    lock: Lock = field(default_factory=Lock)
    closed: Event = field(default_factory=Event)


@contextmanager
def _start(making: Making, start: Start) -> Iterator[Box]:
    """Start a container and remove it afterwards; its volume stays, for a later start that reuses it."""
    client, plan = making.client, making.plan
    name = f"{making.folder.name}-{start.name}"
    ports = sorted({number for _, number in (start.connect, *start.refused)})
    began = time.monotonic()
    with making.lock:
        if making.closed.is_set():
            raise Outside("the observation was ended")
        client.ask("create", "--name", name, *_options(making, start, ports), making.name, *start.command)
    pids: list[int] = []
    try:
        client.ask("start", name)
        # A line is like `8000/tcp -> 127.0.0.1:49153`.
        lines = [line.split() for line in client.ask("port", name).splitlines()]
        published = {int(line[0].partition("/")[0]): int(line[-1].rpartition(":")[2]) for line in lines}
        yield Box(
            start=start, began=began, client=client, name=name, place=plan.volume, published=published, relays=pids,
        )  # fmt: skip
    finally:
        client.tell("rm", "--force", "--volumes", name)
        for pid in pids:
            beside.end(pid, _PATIENCE)


def _options(making: Making, start: Start, ports: Sequence[int]) -> Iterator[str]:
    """The options of `create`: what Compose and Kubernetes will ask for too."""
    client, plan, label = making.client, making.plan, f"{LABEL}={making.folder.name}"
    yield from ("--label", label, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108
    yield from ("--security-opt", "no-new-privileges", *client.options, *making.options)
    for port in ports:
        yield from ("--publish", f"127.0.0.1::{port}")
    for name, value in start.environment.items():
        yield from ("--env", f"{name}={value}")
    if _checked(making.image):
        yield from client.checking
    match start.mount:
        case "tmpfs":
            yield from ("--tmpfs", plan.volume)
        case "bind":
            yield from ("--volume", f"{_bound(making, start)}:{plan.volume}")
        case "volume":
            volume = f"{making.folder.name}-{start.reuse or start.name}"
            if not start.reuse:
                client.ask("volume", "create", "--label", label, volume)
            yield from ("--volume", f"{volume}:{plan.volume}")


def _bound(making: Making, start: Start) -> Path:
    """A folder of this machine that belongs to the image's user, as far as we may give it away."""
    folder = making.folder / start.name
    folder.mkdir()
    uid, _, gid = str(making.image.config.get("config", {}).get("User") or "0").partition(":")
    if os.geteuid() == 0 and uid.isdecimal():
        os.chown(folder, int(uid), int(gid) if gid.isdecimal() else int(uid))
    else:
        folder.chmod(0o777)
    return folder


def _checked(image: Image) -> bool:
    test = (image.config.get("config", {}).get("Healthcheck") or {}).get("Test") or ["NONE"]
    return bool(test[0] != "NONE")
