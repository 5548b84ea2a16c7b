"""The engine that needs none: Linux's own namespaces or, as root where those are refused, a chroot.

This side asks; `supervisor` and `keeper` do, each in a process of its own.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from lading.errors import Outside
from lading.model import Image, Outcome, Plan, Process, Progress, Start
from lading.observe import beside, loopback, sqlite, supervisor, wire
from lading.observe.container import Host
from lading.oci import layer

_OWNERS = """\
an ordinary user cannot give files away, so every file of the image belongs to the user that the container runs as; \
only the volume is as that user would find it"""

_PROCESSES = """\
processes are not isolated: their numbers are the machine's, there is no /proc, and the first is not PID 1, so that it \
ends by a signal which PID 1 would ignore"""

_NETWORK = """\
the network is the machine's: the server listens on loopback ports that its variables give it, except in the start \
with the defaults"""

_LIMITS = {
    "root": (),
    "user": (_OWNERS,),
    "chroot": (
        "the root file system is not read-only: files that were written there are listed instead",
        _PROCESSES,
        _NETWORK,
        "a tmpfs on the volume is a folder that belongs to root and has the mode of the image's",
    ),
}
_EVERYWHERE = "no seccomp profile and no limit of memory, processors or processes is applied"
_NAMES = {"root": "unshare", "user": "unshare (user namespace)", "chroot": "unshare (chroot)"}

#: What the new interpreter runs: our own code, found where this process found it.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from lading.observe import supervisor; supervisor.main()"

#: Seconds that a keeper may take beyond what it was asked to take, and that a supervisor may take to clean up.
_PATIENCE = 30.0

#: How much is read: of a log, from its beginning, and of a database.
_LOG, _DATABASE = 256_000, 64_000_000


@contextmanager
def host(plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Run containers of `image` in namespaces, else in a chroot. Raises `Outside` where both are refused."""
    with ExitStack() as stack:
        found, refusals = None, []
        for way in (namespaces, chroot):
            try:
                found = found or stack.enter_context(way(plan, image, cache=cache, progress=progress))
            except Outside as refusal:
                refusals.append(refusal.message)
        if not found:
            raise Outside("; ".join(refusals), hint="allow user namespaces, or use `--engine docker`")
        yield found


@contextmanager
def namespaces(plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Run containers of `image` in namespaces of their own. Raises `Outside` where that is refused."""
    mode = "root" if _root() else "user"
    with _supervised(mode, plan, image, cache) as channel:
        progress("unpacking the image")
        owner = _owner(image, plan.volume) if mode == "user" else None
        yield _host(mode, plan, channel, owner)


@contextmanager
def chroot(plan: Plan, image: Image, *, cache: Path, progress: Progress) -> Iterator[Host]:
    """Run the programs of `image` in a chroot, one container at a time. Raises `Outside` where this is not root."""
    if not _root():
        raise Outside("a chroot needs root")
    with _supervised("chroot", plan, image, cache) as channel:
        progress("unpacking the image")
        yield _host("chroot", plan, channel, None)


def _root() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


# ── the supervisor ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _supervised(mode: str, plan: Plan, image: Image, cache: Path) -> Iterator[socket.socket]:
    """The channel of a supervisor that has seen that it can isolate, and is unpacking `image`."""
    if sys.platform != "linux":
        raise Outside("only Linux has namespaces", hint="use `--engine docker`")
    channel, theirs = wire.pair()
    with os.fdopen(os.memfd_create("errors"), "r+b") as errors:
        # -I leaves the variables of Python's out, so what one of them may have said is said again.
        options = ("-I", "-S", *(("-B",) if sys.dont_write_bytecode else ()))
        argv = (sys.executable, *options, "-c", _BOOT, *filter(None, sys.path))
        with theirs:
            pid = beside.start(argv, {2: errors.fileno(), supervisor.CHANNEL: theirs.fileno()})
        try:
            request = {
                "mode": mode,
                "cache": str(cache),
                "volume": plan.volume,
                "config": image.config.get("config") or {},
                "layers": [{**asdict(one), "blob": str(one.blob)} for one in image.layers],
            }
            try:
                wire.send(channel, request)
                _ = _heard(channel)
                yield channel
            except EOFError as end:
                errors.seek(0)
                raise RuntimeError(f"the supervisor ended: {errors.read().decode(errors='replace')}") from end
        finally:
            # Not only closed: another thread may be waiting for an answer on it.
            with suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
            beside.end(pid, _PATIENCE)


def _heard(channel: socket.socket) -> list[int]:
    """The files of an answer that only says that all went well. Raises `Outside` when it says otherwise."""
    answer, files = wire.receive(channel)
    if "error" in answer:
        raise Outside(answer["error"], hint=answer.get("hint", ""))
    return files


def _host(mode: str, plan: Plan, channel: socket.socket, owner: tuple[int, int] | None) -> Host:
    _heard(channel)  # the image is unpacked
    lock = Lock()

    @contextmanager
    def start(asked: Start) -> Iterator[Kept]:
        made = loopback.start(plan, asked) if mode == "chroot" else asked
        began = time.monotonic()
        request = {
            "name": asked.reuse or asked.name,
            "mount": asked.mount,
            "environment": dict(made.environment),
            "owner": owner,
            "command": list(made.command),
        }
        with lock:
            wire.send(channel, request)
            (descriptor,) = _heard(channel)
        with socket.socket(fileno=descriptor) as own:
            own.settimeout(_PATIENCE)
            (log,) = _heard(own)
            with os.fdopen(log, "rb") as file:
                kept = Kept(start=made, began=began, channel=own, output=file.fileno(), place=plan.volume)
                with closing(kept):
                    yield kept
            # Not only closed: the volume is another container's only when this one has let go of it.
            own.shutdown(socket.SHUT_WR)
            own.recv(1)

    return Host(
        name=_NAMES[mode],
        limits=(*_LIMITS[mode], _EVERYWHERE),
        at_once=1 if mode == "chroot" else 3,
        start=start,
    )


def _owner(image: Image, folder: str) -> tuple[int, int]:
    """Whose the folder is in the image, which an unpacking by an ordinary user cannot show."""
    for one in reversed(image.layers):
        for file in layer.read(one):
            if file.path == folder:
                return file.uid, file.gid
    return 0, 0  # as an engine makes a folder to mount on


# ── a container ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A container that a keeper holds; each function asks it, one at a time."""

    start: Start
    began: float
    channel: socket.socket
    output: int  # the container's log, open
    place: str  # the folder of the volume in the container
    spare: list[socket.socket] = field(default_factory=list)  # of its network, and refused at their last attempt

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        if not self.spare:
            _, (descriptor,) = self._ask("socket")
            self.spare.append(socket.socket(fileno=descriptor))
        connection = self.spare.pop()
        try:
            connection.settimeout(timeout)
            connection.connect(address)
        except ConnectionRefusedError:  # a hundred times a second while it starts: asking anew would cost more
            self.spare.append(connection)
            raise
        except OSError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        for one in self.spare:
            one.close()

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        answer, _ = self._ask("execute", timeout, argv=argv, environment=dict(environment), seconds=timeout)
        return Outcome(argv=argv, **answer)

    def signal(self, number: int, *, everyone: bool = False) -> None:
        self._ask("signal", number=number, everyone=everyone)

    def processes(self) -> tuple[Process, ...]:
        answer, _ = self._ask("processes")
        return tuple(
            Process(pid=pid, uid=uid, gid=gid, argv=tuple(argv)) for pid, uid, gid, argv in answer["processes"]
        )

    def wait(self, timeout: float) -> int | None:
        status: int | None = self._ask("wait", timeout, seconds=timeout)[0]["status"]
        return status

    def health(self) -> str | None:
        return None

    def volume(self) -> Mapping[str, bytes]:
        answer, _ = self._ask("files")
        return {self.place + path: self._database(path, size) for path, size in answer["files"]}

    def written(self) -> tuple[str, ...]:
        return tuple(self._ask("written")[0]["written"])

    def log(self) -> str:
        return os.pread(self.output, _LOG, 0).decode(errors="replace")

    def _database(self, path: str, size: int) -> bytes:
        if not 100 <= size <= _DATABASE:
            return b""
        _, (descriptor,) = self._ask("read", path=path)
        with os.fdopen(descriptor, "rb") as file:
            start = file.read(len(sqlite.MAGIC))
            return start + file.read(size) if start == sqlite.MAGIC else b""

    def _ask(self, do: str, allowed: float = 0, **request: Any) -> tuple[dict[str, Any], list[int]]:
        self.channel.settimeout(allowed + _PATIENCE)
        wire.send(self.channel, {"do": do, **request})
        return wire.receive(self.channel)
