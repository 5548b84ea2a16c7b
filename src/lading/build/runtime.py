"""A plan → the image's own bits: the user, the virtual environment's skeleton, the volume, the launcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lading.model import Plan, User
from lading.oci.layer import Entry

APP = "app"
VENV = "opt/venv"
LAUNCHER = "opt/lading"


def site(python: str) -> str:
    """Where the packages of the virtual environment are; `python` is a minor version."""
    return f"{VENV}/lib/python{python}/site-packages"


def entries(plan: Plan, version: str, launcher: Mapping[str, bytes], accounts: Mapping[str, bytes]) -> list[Entry]:
    """The entries, given the base's own `accounts`, path → bytes of its passwd and group.

    The volume is writable for everybody and sticky, as that of Debian's `/tmp`, because the engine decides who the
    container's user is there: a named volume takes the directory's mode, a bind mount and an arbitrary uid do not
    match its owner.
    """
    user, python = plan.user, plan.base.python
    links = {"python": f"/usr/bin/python{python}", "python3": "python", f"python{python}": "python"}
    # Debian's 3.13.5-2+deb13u1 is CPython's 3.13.5.
    release = version.partition("-")[0]
    config = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {release}\n"
    return [
        Entry(path="etc/passwd", kind="file", data=_with(accounts["etc/passwd"], _passwd(user))),
        Entry(path="etc/group", kind="file", data=_with(accounts["etc/group"], f"{user.name}:x:{user.gid}:")),
        _folder(user.home.strip("/"), 0o755, user),
        _folder(APP, 0o755, user),
        _folder(plan.volume.strip("/"), 0o1777, user),
        Entry(path=f"{VENV}/pyvenv.cfg", kind="file", data=config.encode()),
        *(Entry(path=f"{VENV}/bin/{name}", kind="symlink", link=to) for name, to in links.items()),
        *(Entry(path=f"{LAUNCHER}/{name}", kind="file", data=data) for name, data in launcher.items()),
    ]


def _passwd(user: User) -> str:
    return f"{user.name}:x:{user.uid}:{user.gid}::{user.home}:/usr/sbin/nologin"


def _folder(path: str, mode: int, user: User) -> Entry:
    return Entry(path=path, kind="directory", mode=mode, uid=user.uid, gid=user.gid)


def _with(accounts: bytes, line: str) -> bytes:
    """`accounts` with `line` at its end, and without whoever had its name; passwd(5), group(5)."""
    name = line.partition(":")[0].encode() + b":"
    kept: Iterable[bytes] = (one for one in accounts.splitlines() if not one.startswith(name))
    return b"\n".join([*kept, line.encode(), b""])
