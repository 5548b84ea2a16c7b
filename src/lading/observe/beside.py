"""A program that runs beside us for a while, with files of ours; `command` waits for the end of what it starts."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress


def start(argv: Sequence[str], files: Mapping[int, int]) -> int:
    """Start `argv[0]`, a path or a name on the PATH, and return its pid. `files`: its descriptor → ours.

    The standard ones that are not given are the null device. Raises `OSError` when it cannot be started.
    """
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    # Above all targets, so that setting one never closes the source of another.
    sources = {
        target: fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, 10)
        for target, source in {0: null, 1: null, 2: null, **files}.items()
    }
    try:
        actions = [(os.POSIX_SPAWN_DUP2, source, target) for target, source in sources.items()]
        return os.posix_spawnp(argv[0], list(argv), os.environ, file_actions=actions)
    finally:
        for descriptor in (null, *sources.values()):
            os.close(descriptor)


def end(pid: int, patience: float) -> None:
    """Wait for the end of a program that was started here, and kill it when it does not come in time."""
    limit = time.monotonic() + patience
    with suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
