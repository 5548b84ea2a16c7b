"""A request to start a container → the process that holds it: starts it, looks at it, signals it, ends with it.

A keeper is a fork of the supervisor with one thread, and answers one request at a time on its own channel until that
closes. Its main process is the container's first; what is executed later is a child of it too, as it is of an engine.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn

from lading.observe import execution, linux, procfs, tree, wire
from lading.observe.execution import Held, Home

#: How many files of a volume are named.
_FILES = 1000


def keep(channel: socket.socket, home: Home, request: dict[str, Any]) -> NoReturn:
    """Start the container of `request` and answer on `channel` until it closes. Never returns."""
    status = 1
    held = None
    try:
        linux.die_with_parent(signal.SIGKILL)
        linux.adopt_orphans()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            held = execution.first(home, **request)
        except (OSError, ValueError) as error:
            wire.send(channel, {"error": str(error)})
        else:
            wire.send(channel, {}, [held.log])
            while True:
                asked, _ = wire.receive(channel)
                answer, files = _answer(held, **asked)
                wire.send(channel, answer, files)
                for file in files:
                    os.close(file)
    except (EOFError, ConnectionError):
        status = 0  # lading has seen enough, or is gone
    except BaseException:  # noqa: BLE001 - a fork must never run on into what its parent was doing
        sys.excepthook(*sys.exc_info())
    finally:
        end()
        if held:
            with suppress(OSError):
                execution.give_back(held)
        os._exit(status)


def end() -> None:
    """Kill every process that comes from this one, and wait until none is left."""
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        pids = procfs.descendants(os.getpid())
        if not pids:
            return
        for pid in pids:
            _kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _answer(held: Held, do: str, **request: Any) -> tuple[dict[str, Any], list[int]]:
    match do:
        case "socket":
            with socket.socket() as fresh:  # of this process's network, which is the container's
                return {}, [fresh.detach()]
        case "execute":
            return execution.another(held, **request), []
        case "signal":
            for pid in (held.pid, *procfs.descendants(os.getpid())) if request["everyone"] else (held.pid,):
                _kill(pid, request["number"])
            return {}, []
        case "processes":
            return {"processes": list(_processes(held))}, []
        case "wait":
            return {"status": held.children.wait(held.pid, request["seconds"])}, []
        case "files":
            return {"files": list(_files(held))}, []
        case "read":
            # What the container left there may be a link to anywhere, or a pipe that nobody writes to.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return {}, [os.open(held.volume + request["path"], flags)]
        case "written":
            apart = (held.home.volume, "/tmp", "/dev", "/proc")  # noqa: S108
            after = tree.snapshot(held.root) if held.before else {}
            return {"written": tree.changed(held.before, after, apart=apart)}, []
        case _:
            raise AssertionError(do)


def _processes(held: Held) -> Iterator[tuple[int, int, int, list[str]]]:
    for pid, uid, gid, argv in procfs.describe(procfs.descendants(os.getpid())):
        if held.home.mode == "user":
            # Seen from here, outside of the user namespace, its one identity is our own, and any other is nobody's.
            yield (
                pid,
                held.entry.uid if uid == os.getuid() else uid,
                held.entry.gid if gid == os.getgid() else gid,
                argv,
            )
        else:
            yield pid, uid, gid, argv


def _files(held: Held) -> Iterator[tuple[str, int]]:
    for number, (path, about) in enumerate(tree.walk(held.volume)):
        if number == _FILES:
            return
        yield path, about.st_size if stat.S_ISREG(about.st_mode) else 0


def _kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
