"""A process of ours → a process of the image: its identity, no capability, no way back, and its program."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from lading.observe import linux
from lading.observe.entry import Entry


def nest(entry: Entry) -> None:
    """Enter a user namespace in which this process, and nobody else, has the identity that `entry` names.

    Source: user_namespaces(7): a process may map its own identity, one line, when `setgroups` is denied first.
    """
    linux.unshare(linux.NEW_USER)
    map_identity(entry.uid, entry.gid, 0, 0)


def map_identity(uid: int, gid: int, outer_uid: int, outer_gid: int) -> None:
    """Map the one identity of this process, which has just entered a user namespace of its own."""
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", f"{gid} {outer_gid} 1"),
        ("uid_map", f"{uid} {outer_uid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def execute(argv: tuple[str, ...], entry: Entry, log: int, *, nested: bool) -> NoReturn:
    """Become `argv`, as an engine starts it with no capability and no new privileges. Never returns.

    Ends with 126 or 127 and a line in `log`, as engines do, when the program cannot be started.
    """
    linux.drop_bounding_capabilities()
    if not nested:
        os.setgroups([])
        os.setresgid(entry.gid, entry.gid, entry.gid)
        os.setresuid(entry.uid, entry.uid, entry.uid)
    linux.drop_capabilities()
    linux.forbid_new_privileges()
    linux.die_with_parent(signal.SIGKILL)  # again: a change of identity had cleared it
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):  # which the interpreter had changed
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.umask(0o022)
    try:
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.chdir(entry.folder)
        os.execvpe(argv[0], argv, dict(entry.environment))  # noqa: S606
    except OSError as error:
        os.write(log, f"exec {argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
