"""Which processes of this container a role of ours became or started."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator


def running() -> Iterator[tuple[int, str]]:
    """Every process here that a role of ours became or started, with that role; process 1 first."""
    for name in sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                found = (b"\0" + file.read()).partition(b"\0LADING_ROLE=")[2]
            # The containers of a pod may share their processes, but never their files.
            if found and os.readlink(f"/proc/{name}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
                continue
        except OSError:
            continue  # it is gone, or somebody else's
        if found and int(name) != os.getpid():
            yield int(name), found.partition(b"\0")[0].decode(errors="replace")
