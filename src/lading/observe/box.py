"""A container that an engine's client has started → what it does, by the client's commands."""

from __future__ import annotations

import io
import json
import os
import socket
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from lading.errors import Outside
from lading.model import Outcome, Process, Start
from lading.observe import beside, sqlite
from lading.observe.client import ASK, MOVE, Client

#: Seconds after which a published port that nobody holds is taken for one that cannot be reached from here.
_PUBLISHED = 3.0

#: How often a busy engine is asked what runs in a container.
_ATTEMPTS = 3

#: Every process as its container sees it, this one left out.
_LIST = """
import json, os
found = []
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        try:
            status = dict(line.rstrip().split(":\\t", 1) for line in open(f"/proc/{name}/status") if ":\\t" in line)
            argv = open(f"/proc/{name}/cmdline", "rb").read().decode(errors="replace").split("\\0")[:-1]
            state, parent, uid, gid = (status[key].split()[0] for key in ("State", "PPid", "Uid", "Gid"))
        except (OSError, KeyError):  # it has just ended
            continue
        # A process from outside, as a health check is, has no parent in here.
        if state != "Z" and (name == "1" or parent != "0"):
            found.append([int(name), int(uid), int(gid), argv])
print(json.dumps(sorted(found)))
"""

_KILL = "import os, sys; os.kill(-1, int(sys.argv[1]))"

_PACK = "import sys, tarfile; tarfile.open(fileobj=sys.stdout.buffer, mode='w|').add(sys.argv[1], arcname='.')"

#: What joins the two standard streams to a connection inside.
_RELAY = """
import os, select, socket, sys
inside = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
while True:
    for one in select.select([0, inside], [], [])[0]:
        data = os.read(0, 65536) if one == 0 else inside.recv(65536)
        if not data:
            sys.exit()
        inside.sendall(data) if one == 0 else os.write(1, data)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A container of such an engine; each function is a command of its client."""

    start: Start
    began: float
    client: Client
    name: str
    place: str  # the folder of the volume in the container
    published: Mapping[int, int]  # port inside → port on this machine's loopback
    relays: list[int]  # the programs that connections go through

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        if address[0] == "127.0.0.1" and address[1] in self.published:
            try:
                return socket.create_connection(("127.0.0.1", self.published[address[1]]), timeout)
            except ConnectionRefusedError:
                if time.monotonic() < self.began + _PUBLISHED:
                    raise
        # An address that no port can be published of; or an engine whose loopback is not ours.
        ours, theirs = socket.socketpair()
        argv = ("python3", "-I", "-S", "-c", _RELAY, address[0], str(address[1]), str(timeout))
        with theirs:
            pid = beside.start(
                (self.client.program, "exec", "--interactive", self.name, *argv),
                {0: theirs.fileno(), 1: theirs.fileno()},
            )
        self.relays.append(pid)
        ours.settimeout(timeout)
        return ours

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        began = time.monotonic()
        options = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        try:
            done = self.client.tell("exec", *options, self.name, *argv, timeout=timeout)
        except Outside as late:
            return Outcome(argv=argv, status=None, output=late.message, seconds=time.monotonic() - began)
        said = (done.stdout + done.stderr).decode(errors="replace")
        return Outcome(argv=argv, status=done.status, output=said, seconds=time.monotonic() - began)

    def signal(self, number: int, *, everyone: bool = False) -> None:
        self.client.tell("kill", "--signal", str(number), self.name)
        if everyone and len(self.processes()) > 1:
            self.execute(("python3", "-I", "-S", "-c", _KILL, str(number)), {}, ASK)

    def processes(self) -> tuple[Process, ...]:
        rows: list[tuple[int, int, int, list[str]]] = []
        for _ in range(_ATTEMPTS):
            listed = self.execute(("python3", "-I", "-S", "-c", _LIST), {}, ASK)
            if listed.status == 0:
                rows = json.loads(listed.output)
                break
        return tuple(Process(pid=pid, uid=uid, gid=gid, argv=tuple(argv)) for pid, uid, gid, argv in rows)

    def wait(self, timeout: float) -> int | None:
        if timeout:
            with suppress(Outside):  # it did not end in time
                self.client.ask("wait", self.name, timeout=timeout)
        # While it starts, and once it is created, it has an exit code too.
        state, code = self.client.ask("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", self.name).split()
        return int(code) if state in {"exited", "dead", "stopped"} else None

    def health(self) -> str | None:
        return self.client.health(self.client, self.name)

    def volume(self) -> Mapping[str, bytes]:
        if self.start.mount == "tmpfs":  # which `cp` does not see
            argv: tuple[str, ...] = ("exec", self.name, "python3", "-I", "-S", "-c", _PACK, self.place)
        else:
            argv = ("cp", f"{self.name}:{self.place}/.", "-")
        packed = self.client.tell(*argv, timeout=MOVE)
        if packed.status:
            return {}
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            files = {
                f"{self.place}/{member.name.removeprefix('./')}": tar.extractfile(member)
                for member in tar
                if member.isfile()
            }
            read = {path: file.read() for path, file in files.items() if file}
        return {path: data if data.startswith(sqlite.MAGIC) else b"" for path, data in read.items()}

    def written(self) -> tuple[str, ...]:
        lines = [line.partition(" ") for line in self.client.ask("diff", self.name).splitlines()]
        paths = {path for kind, _, path in lines if kind in {"A", "C"}}
        apart = tuple(f"{folder}/" for folder in (self.place, "/tmp", "/proc", "/dev", "/run", "/etc"))  # noqa: S108
        parents = {os.path.dirname(path) for path in paths} | {folder.rstrip("/") for folder in apart}
        return tuple(sorted(path for path in paths - parents if not path.startswith(apart)))

    def log(self) -> str:
        done = self.client.tell("logs", self.name)
        return (done.stdout + done.stderr).decode(errors="replace")
