"""Is a worker or a scheduler alive? By what the kernel knows of its processes."""

from __future__ import annotations

import os
import time

from .addresses import addresses, broker_of
from .log import Stop
from .running import running

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def works(config: dict[str, Any], env: dict[str, str], role: str, until: float) -> None:
    """Ask a worker or a scheduler, by what its library offers, else by what the kernel knows of its processes."""
    kind, _, name = role.partition(" ")
    program = next((one for one in config["programs"] if one["role"] == kind and name in ("", one["name"])), None)
    if program is None:
        raise Stop(f"this image runs no {role}")
    pids = [pid for pid, found in running() if found == f"{kind} {program['name']}"]
    if not pids:
        raise Stop(f"no {program['name']} runs here")
    for pid in (1, *pids):  # the first may be a launcher that stays, without which no signal arrives
        if status(pid)[:1] == ["T"]:
            raise Stop(f"process {pid} of {program['name']} is stopped")
    # A scheduler connects when the first job is due, and its connection may end before the next one is.
    broker = broker_of(program, config) if kind == "worker" else None
    ports = {port for _, port in addresses(broker, env)} if broker else set()
    if ports and not ports & set(reached(pids)):
        raise Stop(f"no process of {program['name']} is connected to {broker and broker['label']}")
    if program["health"] == "celery":
        from .pong import ping

        ping(program, config, env, until)
    elif program["health"] == "turns":
        before = turns(pids)
        while turns(pids) == before:
            if time.monotonic() > until - 0.2:
                raise Stop(f"no thread of {program['name']} has run for a while")
            time.sleep(0.1)


def status(pid: int) -> list[str]:
    """What /proc/PID/stat says behind the name, which may hold anything: the state first; [] where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def turns(pids: list[int]) -> int:
    """How often the threads of these processes have given the processor back, and how long they held it.

    It stands still when they all do. Who computes for long gives nothing back, and works all the same.
    """
    count = 0
    for pid in pids:
        count += sum(map(int, status(pid)[11:13]))  # utime, stime
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
                    count += int(file.read().partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
        except (OSError, IndexError):
            continue
    return count


def reached(pids: list[int]) -> Iterator[int]:
    """The ports that these processes are connected to. Source: proc(5), proc_pid_net(5)."""
    sockets = set()
    for pid in pids:
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                sockets.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}", encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue
        for row in rows:
            if row[3] == "01" and f"socket:[{row[9]}]" in sockets:  # 01: ESTABLISHED
                yield int(row[2].rpartition(":")[2], 16)
