"""`/proc` → the processes of a container, found by whose children they are. Source: proc(5)."""

from __future__ import annotations

import os
from collections.abc import Iterator


def descendants(pid: int) -> list[int]:
    """The living processes that come from `pid`, itself left out, parents before their children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (parent := _parent(int(name))):
            children.setdefault(parent, []).append(int(name))
    found, waiting = [], [pid]
    while waiting:
        young = sorted(children.get(waiting.pop(0), ()))
        found += young
        waiting += young
    return found


def describe(pids: Iterator[int] | list[int]) -> Iterator[tuple[int, int, int, list[str]]]:
    """The number inside its own namespace, real uid, real gid and arguments of each of `pids` that still runs."""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as file:
                status = dict(line.rstrip("\n").partition(":\t")[::2] for line in file)
            with open(f"/proc/{pid}/cmdline", "rb") as binary:
                argv = binary.read().decode(errors="replace").split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not status["State"].startswith("Z"):
            inner = status.get("NSpid", str(pid)).split()[-1]
            yield int(inner), int(status["Uid"].split()[0]), int(status["Gid"].split()[0]), argv


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    # The name of the program stands in brackets and may hold anything, brackets and spaces too.
    state, parent = stat[stat.rindex(b")") + 2 :].split()[:2]
    return 0 if state == b"Z" else int(parent)
