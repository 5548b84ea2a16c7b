"""An image, on a channel → containers of it, each held by a keeper, and nothing left when that channel closes.

A process of its own, with one thread, because namespaces are a process's and only such a process may fork. Its state
is a tmpfs in a mount namespace that nobody else sees and that goes with it; or, where namespaces are refused and only
a chroot is allowed, a folder that it removes, and that a later run removes should this one be killed.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from lading.errors import Error
from lading.model import Image, Layer
from lading.observe import keeper, linux, mounts, privileges, scratch, wire
from lading.observe.execution import Home
from lading.oci import unpack

#: The descriptor on which lading gives a supervisor its channel.
CHANNEL = 3


def main() -> None:
    """Serve the channel that this process was started with, until it closes."""
    os.setsid()  # so that Ctrl-C reaches lading alone, which then closes the channel
    os.umask(0o022)
    linux.adopt_orphans()
    channel = socket.socket(fileno=CHANNEL)
    channel.set_inheritable(False)
    try:
        request, _ = wire.receive(channel)
        with _place(request["mode"], Path(request["cache"])) as place:
            home = Home(mode=request["mode"], path=place, volume=request["volume"], config=request["config"])
            if home.mode != "chroot":
                _try(home)
            wire.send(channel, {})
            _unpack(channel, home, tuple(Layer(**{**one, "blob": Path(one["blob"])}) for one in request["layers"]))
            wire.send(channel, {})
            while True:
                request, _ = wire.receive(channel)
                with _hold(channel, home, request) as held:
                    wire.send(channel, {}, [held.fileno()])
    except (OSError, Error) as error:
        with suppress(OSError):
            wire.send(channel, {"error": str(error), "hint": getattr(error, "hint", "")})
    except EOFError:
        pass
    finally:
        keeper.end()


def _hold(channel: socket.socket, home: Home, request: dict[str, Any]) -> socket.socket:
    """The channel of a new keeper, which starts what `request` asks for."""
    ours, theirs = wire.pair()
    if not os.fork():
        channel.close()
        theirs.close()
        keeper.keep(ours, home, request)
    ours.close()
    return theirs


def _try(home: Home) -> None:
    """Raise `OSError` when a container could not be given all of its namespaces and mounts here."""
    trial = replace(home, path=f"{home.path}/trial", config={"Entrypoint": ["/trial"], "User": "1000"})
    os.makedirs(f"{trial.path}/root")
    _furnish(trial)
    nobody, _ = wire.pair()
    with nobody, _hold(nobody, trial, {"name": "trial", "mount": "tmpfs", "environment": {}, "owner": None}) as held:
        answer, _ = wire.receive(held)
    if "error" in answer:
        raise OSError(answer["error"])


def _unpack(channel: socket.socket, home: Home, layers: tuple[Layer, ...]) -> None:
    """Unpack the image as `root` of `home`. Raises `OSError`, or `EOFError` when the channel closes meanwhile."""
    watched, said = os.pipe()
    if not os.fork():
        told = b""
        try:
            linux.die_with_parent(signal.SIGKILL)
            image = Image(digest="", platform="", config={}, layers=layers)
            unpack.unpack(image, Path(home.path, "root"), owners=home.mode != "user")
        except BaseException as error:  # noqa: BLE001 - a fork must never run on into what its parent was doing
            told = f"{error}".encode() or b"the image could not be unpacked"
        os.write(said, told or b"!")
        os._exit(0)
    os.close(said)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(channel, select.POLLIN)
    with os.fdopen(watched, "rb") as file:
        if watched not in dict(poll.poll()):
            raise EOFError
        answer = file.read().decode()
    if answer != "!":
        raise OSError(answer or "unpacking the image was interrupted")
    _furnish(home)


def _furnish(home: Home) -> None:
    os.mkdir(f"{home.path}/volumes")
    os.mkdir(f"{home.path}/at")
    mounts.furnish(f"{home.path}/root", home.volume, home.config.get("WorkingDir") or "/")
    (mounts.nodes if home.mode == "chroot" else mounts.devices)(f"{home.path}/root")


@contextmanager
def _place(mode: str, cache: Path) -> Iterator[str]:
    """A folder for everything that this process keeps, gone with it."""
    if mode == "chroot":
        with scratch.folder(cache, "chroot", lambda _: keeper.end()) as folder:
            yield str(folder)
        return
    uid, gid = os.getuid(), os.getgid()
    if mode == "user":
        linux.unshare(linux.NEW_USER | linux.NEW_NS)
        privileges.map_identity(0, 0, uid, gid)
    else:
        linux.unshare(linux.NEW_NS)
    linux.mount("none", "/", flags=linux.RECURSIVE | linux.PRIVATE)
    # A folder that every Linux has and that nothing here needs. In this process's own view only.
    linux.mount("tmpfs", "/sys", "tmpfs", linux.NO_SUID | linux.NO_DEV, "mode=711")
    yield "/sys"
