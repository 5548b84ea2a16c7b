"""A request → a process in a container, isolated by namespaces or a chroot: its first, or one executed beside that."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn

from lading.observe import entry as entries
from lading.observe import linux, mounts, privileges, tree
from lading.observe.entry import Entry

#: How much of a program's output is kept, from its end.
_OUTPUT = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the supervisor keeps things, and how it isolates containers."""

    mode: str  # "root" or "user" namespaces, or "chroot"
    path: str  # a folder: `root` is the unpacked image, `volumes` holds volumes, `at` is there to mount on
    volume: str  # the folder in the container
    config: Mapping[str, Any]  # of the image


@dataclass(slots=True)
class Children:
    """How those processes ended that this one had started or adopted."""

    ended: dict[int, int] = field(default_factory=dict)  # pid → status as engines give it: 128 + the signal

    def wait(self, pid: int, seconds: float) -> int | None:
        """The status of `pid`, or None when it does not end within `seconds`. SIGCHLD must be blocked."""
        limit = time.monotonic() + seconds
        while True:
            self._reap()
            left = limit - time.monotonic()
            if pid in self.ended or left <= 0:
                return self.ended.get(pid)
            signal.sigtimedwait({signal.SIGCHLD}, left)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            self.ended[pid] = code if code >= 0 else 128 - code


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A container whose first process runs or has run."""

    home: Home
    root: str  # its file system, as seen from here
    volume: str
    entry: Entry
    pid: int
    log: int
    spaces: tuple[tuple[int, int], ...]  # open namespaces with their kinds, in the order to enter them
    before: tree.Snapshot  # empty where the root cannot be written
    children: Children = field(default_factory=Children)


def first(
    home: Home, *, name: str, mount: str, environment: Mapping[str, str], owner: tuple[int, int] | None,
    command: Sequence[str] = (),
) -> Held:  # fmt: skip
    """Start what the image starts, on the volume called `name`, which is made when there is none of that name.

    `command` takes the place of the image's own.
    `owner` is whose the folder of the volume is in the image, where the unpacked one does not show it.
    Raises `OSError` when that cannot be isolated; a program that cannot be started is an exit status and a log.
    """
    config = {**home.config, "Cmd": list(command)} if command else home.config
    entry = entries.read(config, f"{home.path}/root", environment)
    folder = _volume(home, entry, name, mount, owner)
    if home.mode == "chroot":
        root = _copied(home, name, folder, entry)
        enter: Callable[[], None] = partial(_change_root, root)
    else:
        root = _mounted(home, folder, entry)
        enter = partial(_namespaces, root, entry if home.mode == "user" else None)
    before = tree.snapshot(root) if home.mode == "chroot" else {}
    log = os.memfd_create("log")
    fcntl.fcntl(log, fcntl.F_SETFL, os.O_APPEND)
    said, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        _child(enter, lambda: _announce(said[1], go), entry.argv, entry, log, nested=home.mode == "user")
    os.close(said[1])
    os.close(go[0])
    with os.fdopen(said[0], "rb") as file:
        if not file.read():
            raise OSError(_text(log) or "the first process ended before it began")
    held = Held(
        home=home, root=root, volume=tree.inside(root, home.volume), entry=entry, pid=pid, log=log,
        spaces=_spaces(home.mode, pid), before=before,
    )  # fmt: skip
    os.write(go[1], b"!")
    os.close(go[1])
    return held


def another(held: Held, argv: tuple[str, ...], environment: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """Execute `argv` in the container as its own user: status, None when it had to be killed; output; seconds."""
    began = time.monotonic()
    log = os.memfd_create("output")
    entry = replace(held.entry, environment={**held.entry.environment, **environment})
    try:
        pid = os.fork()
    except OSError as error:  # the container has ended, and its process namespace takes nobody in
        os.close(log)
        return {"status": None, "output": f"not started: {error.strerror}", "seconds": 0.0}
    if not pid:
        enter = partial(_join, held.spaces) if held.spaces else partial(_change_root, held.root)
        _child(enter, lambda: None, argv, entry, log, nested=held.home.mode == "user")
    status = held.children.wait(pid, seconds)
    if status is None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        held.children.wait(pid, 5)
    output = _text(log)
    os.close(log)
    return {"status": status, "output": output, "seconds": time.monotonic() - began}


def _child(
    enter: Callable[[], None], announce: Callable[[], None], argv: tuple[str, ...], entry: Entry, log: int,
    *, nested: bool,
) -> NoReturn:  # fmt: skip
    """The new process: into the container, and then the program. Never returns."""
    try:
        os.setsid()
        linux.die_with_parent(signal.SIGKILL)
        enter()
        announce()
        privileges.execute(argv, entry, log, nested=nested)
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as its parent
        os.write(log, f"{error}\n".encode())
    os._exit(125)


def _announce(said: int, go: tuple[int, int]) -> None:
    """Say that this process is where it should be, and wait until its parent has seen that, or is gone."""
    os.close(go[1])
    os.write(said, b"!")
    os.close(said)
    if not os.read(go[0], 1):
        os._exit(125)
    os.close(go[0])


# ── where a process is put ───────────────────────────────────────────────────────────────────────────────────────────


def _mounted(home: Home, folder: str | None, entry: Entry) -> str:
    """Move this process into namespaces of its own, with the container's file system mounted; where it is."""
    linux.unshare(linux.NEW_NS | linux.NEW_PID | linux.NEW_IPC | linux.NEW_UTS | linux.NEW_NET)
    linux.raise_loopback()
    socket.sethostname(entries.HOSTNAME)
    mode = stat.S_IMODE(os.stat(tree.inside(f"{home.path}/root", home.volume)).st_mode)
    mode = _felt(mode, (0, 0), entry) if home.mode == "user" else mode
    at = f"{home.path}/at"
    mounts.container(f"{home.path}/root", at, volume=home.volume, folder=folder, mode=mode)
    return at


def _namespaces(at: str, nested: Entry | None) -> None:
    mounts.enter(at)
    if nested:
        privileges.nest(nested)


def _spaces(mode: str, pid: int) -> tuple[tuple[int, int], ...]:
    """The namespaces of `pid` that this process is not in, opened."""
    kinds = {"root": {"mnt": linux.NEW_NS}, "user": {"mnt": linux.NEW_NS, "user": linux.NEW_USER}, "chroot": {}}[mode]
    return tuple((os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), kind) for name, kind in kinds.items())


def _join(spaces: tuple[tuple[int, int], ...]) -> None:
    for descriptor, kind in spaces:
        linux.setns(descriptor, kind)


def _copied(home: Home, name: str, folder: str | None, entry: Entry) -> str:
    """A copy of the image's files for one container that cannot be given a root of its own otherwise; where it is."""
    root = f"{home.path}/{name}.{os.getpid()}"
    tree.copy(f"{home.path}/root", root, owners=True, link=entry.uid)
    if folder is not None:
        place = tree.inside(root, home.volume)
        shutil.rmtree(place)
        os.rename(folder, place)
    return root


def _change_root(root: str) -> None:
    os.chroot(root)
    os.chdir("/")


def give_back(held: Held) -> None:
    """Keep the volume of a container that has ended for the next one, and remove the copy of its files."""
    if held.home.mode == "chroot":
        os.rename(held.volume, f"{held.home.path}/volumes/{os.path.basename(held.root).rpartition('.')[0]}")
        shutil.rmtree(held.root)


def _felt(mode: int, owner: tuple[int, int], entry: Entry) -> int:
    """The mode that gives a folder's owner what `mode` gives the container's user when it belongs to `owner`."""
    if entry.uid in {0, owner[0]}:
        return mode
    bits = mode >> (3 if entry.gid == owner[1] else 0) & 7
    return mode & ~0o770 | bits << 6 | bits << 3


def _volume(home: Home, entry: Entry, name: str, mount: str, owner: tuple[int, int] | None) -> str | None:
    """The folder that becomes the volume, made as an engine makes it; None where it is to be a tmpfs."""
    image, path = tree.inside(f"{home.path}/root", home.volume), f"{home.path}/volumes/{name}"
    owners = home.mode != "user"
    if os.path.exists(path):
        return path
    if mount == "volume":
        tree.copy(image, path, owners=owners)
        if owner:
            os.chmod(path, _felt(stat.S_IMODE(os.stat(path).st_mode), owner, entry))
        return path
    if mount == "tmpfs" and home.mode != "chroot":
        return None
    os.mkdir(path)
    os.chmod(path, 0o755 if mount == "bind" else stat.S_IMODE(os.stat(image).st_mode))
    if mount == "bind" and owners:
        os.chown(path, entry.uid, entry.gid)
    return path


def _text(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, _OUTPUT, max(0, size - _OUTPUT)).decode(errors="replace")
