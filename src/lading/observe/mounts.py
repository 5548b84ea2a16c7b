"""An unpacked image → the root file system of one container: read-only, with what every engine adds to it.

Source of what is added, and with which options: OCI runtime specification, config-linux.md, "Default Filesystems" and
"Default Devices"; Docker's `--tmpfs`, which takes over the mode of the image's folder, owned by root.
"""

from __future__ import annotations

import os
import stat

from lading.observe import entry, linux, tree

_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_NODES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}  # minor numbers of major 1
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_SAFE = linux.NO_SUID | linux.NO_DEV | linux.NO_EXEC

#: Where `/proc` shows or changes the machine rather than the container: Docker's defaults, of those that there are.
_PROC_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_PROC_HIDDEN = ("kcore", "keys", "timer_list")


def furnish(root: str, *folders: str) -> None:
    """Give the unpacked image at `root` what it may lack: `folders`, those to mount on, and the names of its host."""
    usual = {"/proc": 0o555, "/sys": 0o555, "/dev": 0o755, "/tmp": 0o1777}  # noqa: S108
    for folder, mode in {**dict.fromkeys(folders, 0o755), **usual}.items():
        place = tree.inside(root, folder)
        if not os.path.isdir(place):
            os.makedirs(place)
            os.chmod(place, mode)
    etc = tree.inside(root, "/etc")
    os.makedirs(etc, exist_ok=True)
    for name, text in (
        ("hosts", f"127.0.0.1\tlocalhost {entry.HOSTNAME}\n::1\tlocalhost ip6-localhost\n"),
        ("hostname", f"{entry.HOSTNAME}\n"),
        ("resolv.conf", ""),
    ):
        path = os.path.join(etc, name)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)


def devices(root: str) -> None:
    """Mount `/dev` under `root`, with this machine's harmless devices in it."""
    dev = tree.inside(root, "/dev")
    linux.mount("tmpfs", dev, "tmpfs", linux.NO_SUID | linux.NO_EXEC, "mode=755,size=64k")
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            _touch(f"{dev}/{name}")
            linux.bind(f"/dev/{name}", f"{dev}/{name}")
    for name, target in _LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    os.mkdir(f"{dev}/shm")
    linux.mount("none", dev, flags=linux.REMOUNT | linux.READ_ONLY | linux.NO_SUID | linux.NO_EXEC)


def nodes(root: str) -> None:
    """Make the devices in `/dev` under `root`, where nothing can be mounted. Raises `OSError` where that is refused."""
    dev = tree.inside(root, "/dev")
    for name, minor in _NODES.items():
        path = f"{dev}/{name}"
        if not os.path.lexists(path):
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            os.chmod(path, 0o666)  # noqa: S103 - as every device of this kind
    os.makedirs(f"{dev}/shm", exist_ok=True)
    os.chmod(f"{dev}/shm", 0o1777)  # noqa: S103


def container(root: str, at: str, *, volume: str, folder: str | None, mode: int) -> None:
    """Mount the image that is unpacked at `root` read-only at `at`, with a `/tmp`, shared memory and the volume.

    `folder` becomes the volume; None makes it a tmpfs of `mode`.
    """
    linux.mount(root, at, flags=linux.BIND | linux.RECURSIVE)
    linux.mount("none", at, flags=linux.BIND | linux.REMOUNT | linux.READ_ONLY | linux.NO_SUID | linux.NO_DEV)
    linux.mount("tmpfs", tree.inside(at, "/tmp"), "tmpfs", _SAFE, "mode=1777")  # noqa: S108
    linux.mount("tmpfs", tree.inside(at, "/dev/shm"), "tmpfs", _SAFE, "mode=1777,size=64m")  # noqa: S108
    if folder is None:
        linux.mount("tmpfs", tree.inside(at, volume), "tmpfs", _SAFE, f"mode={mode:o}")
    else:
        linux.bind(folder, tree.inside(at, volume), linux.NO_SUID | linux.NO_DEV)


def enter(at: str) -> None:
    """Make `at` the root of this process, alone in its mount namespace, with the `/proc` of its own processes."""
    linux.unshare(linux.NEW_NS)
    proc = tree.inside(at, "/proc")
    linux.mount("proc", proc, "proc", _SAFE)
    for name in _PROC_READ_ONLY:
        if os.path.exists(f"{proc}/{name}"):
            linux.bind(f"{proc}/{name}", f"{proc}/{name}", linux.READ_ONLY | _SAFE)
    for name in _PROC_HIDDEN:
        if os.path.exists(f"{proc}/{name}"):
            linux.bind("/dev/null", f"{proc}/{name}")
    linux.pivot(at)


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
