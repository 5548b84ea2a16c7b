"""An image's configuration → what an engine starts of it: arguments, environment, working directory, identity.

Source of the rules: OCI image specification, config.md, `User`, `Env`, `Entrypoint`, `Cmd`, `WorkingDir`; and for what
an engine adds, runc's and Docker's own behaviour: a PATH, a HOME from the image's passwd, a HOSTNAME.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: The name of every container's host: a name that resolves, as an engine gives one.
HOSTNAME = "lading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is executed, and as whom."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    uid: int
    gid: int


def read(config: Mapping[str, Any], root: str, environment: Mapping[str, str]) -> Entry:
    """What the image that is unpacked at `root` starts, with `environment` given to the container.

    `config` is the `config` member of the image's configuration. Raises `ValueError`, as a sentence, for an image
    that no engine starts.
    """
    argv = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    if not argv:
        raise ValueError("the image has neither Entrypoint nor Cmd")
    uid, gid, home = _identity(config.get("User") or "0", root)
    image = dict(line.partition("=")[::2] for line in config.get("Env") or ())
    return Entry(
        argv=argv,
        environment={"PATH": _PATH, "HOSTNAME": HOSTNAME, "HOME": home, **image, **environment},
        folder=config.get("WorkingDir") or "/",
        uid=uid,
        gid=gid,
    )


def _identity(user: str, root: str) -> tuple[int, int, str]:
    """The numbers behind `user`, which is `uid`, `user`, `uid:gid` or `user:group`, and the home folder."""
    name, _, group = user.partition(":")
    uid, gid, home = None, 0, "/"
    for row in _rows(root, "etc/passwd", 7):
        if row[0] == name or row[2] == name:
            uid, gid, home = int(row[2]), int(row[3]), row[5]
            break
    if uid is None:
        if not name.isdecimal():
            raise ValueError(f"the image's passwd has no user `{name}`")
        uid = int(name)
    if group:
        numbers = [int(row[2]) for row in _rows(root, "etc/group", 3) if row[0] == group]
        if not numbers and not group.isdecimal():
            raise ValueError(f"the image has no group `{group}`")
        gid = numbers[0] if numbers else int(group)
    return uid, gid, home


def _rows(root: str, path: str, columns: int) -> list[list[str]]:
    try:
        descriptor = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return []
    with os.fdopen(descriptor, errors="replace") as file:
        rows = [line.rstrip("\n").split(":") for line in file]
    return [row for row in rows if len(row) >= columns and row[2].isdecimal()]
