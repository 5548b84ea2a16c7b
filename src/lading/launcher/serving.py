"""The server's command line: where it binds, how many processes, and where they add their metrics up."""

from __future__ import annotations

import _socket
import os
import sys

from .environment import log_level, port, value
from .log import Stop, say
from .releases import known

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


def command(line: list[str], config: dict[str, Any], env: dict[str, str], count: int) -> list[str]:
    """A command line of the plan, its marks replaced by what the environment says."""
    host, number_, level = value(config["host"], env), port(config, env), log_level(config, env)
    marks = {
        "{host}": host,
        "{port}": str(number_),
        "{bind}": f"[{host}]:{number_}" if ":" in host else f"{host}:{number_}",
        "{level}": level,
        "{plain}": level.replace("trace", "debug"),  # for programs that know no `trace`
        "{count}": str(count),
        "{unique}": f"{_socket.gethostname()}-{os.urandom(3).hex()}",
    }
    return known([sys.executable, *(marks.get(word, word) for word in line)])


def concurrency(config: dict[str, Any], env: dict[str, str], planned: int | str | None) -> int:
    """How many processes: the variable, else the plan's number, else one; `auto` is what the cgroup allows."""
    text = env.get("WEB_CONCURRENCY") or str(planned or 1)
    if text == "auto":
        count, why = allowed(config["memory_per_process"])
        say(f"{count} {'process' if count == 1 else 'processes'}: {why}")
    elif text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) < 1000:
        count = int(text)
    else:
        raise Stop(f"WEB_CONCURRENCY is `{text}`, and must be a number of processes, 1 or more, or auto", 2)
    env["WEB_CONCURRENCY"] = str(count)  # which servers read too, and know no `auto`
    return count


def allowed(memory: int, root: str = "/sys/fs/cgroup") -> tuple[int, str]:
    """How many processes the cgroup has room for, and why; never as many as the host has processors.

    `memory` is what one takes, in bytes. Without a limit it is one, for nobody said what else the host has to do.
    Source: Linux, "Control Group v2", cpu.max and memory.max; version 1's files where there is no version 2.
    """
    quota, period = (words(f"{root}/cpu.max") or words(f"{root}/cpu/cpu.cfs_quota_us")
                     + words(f"{root}/cpu/cpu.cfs_period_us") or ["max", "1"])  # fmt: skip
    limit = (words(f"{root}/memory.max") or words(f"{root}/memory/memory.limit_in_bytes") or ["max"])[0]
    count, why = 1, "the cgroup limits no processor"
    if quota.isdigit():
        count, why = max(int(quota) // int(period), 1), f"the cgroup allows {int(quota) / int(period):g} processors"
    elif (mine := len(os.sched_getaffinity(0))) < (os.cpu_count() or 1):
        count, why = mine, f"{mine} processors may be used"
    if limit.isdigit() and int(limit) < 1 << 60 and int(limit) // memory < count:
        count, why = max(int(limit) // memory, 1), f"the cgroup allows {int(limit) >> 20} MiB, {memory >> 20} for each"
    return count, why


def words(path: str) -> list[str]:
    """The words in a small file; none where there is no file."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def metrics(config: dict[str, Any], env: dict[str, str], count: int) -> None:
    """Give the processes of the server a place where they add their metrics up, empty, as the start needs it.

    Source: prometheus_client, "Multiprocess Mode": the directory must be wiped between runs.
    """
    folder = env.get("PROMETHEUS_MULTIPROC_DIR") or ("/tmp/prometheus" if config["metrics"] and count > 1 else "")  # noqa: S108
    if not folder:
        return
    try:
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if name.endswith(".db"):
                os.unlink(os.path.join(folder, name))
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise Stop(f"PROMETHEUS_MULTIPROC_DIR: {folder} cannot be emptied: {error.strerror}", 2) from None
    env["PROMETHEUS_MULTIPROC_DIR"] = folder
