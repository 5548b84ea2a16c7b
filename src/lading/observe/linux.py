"""Linux's own calls for namespaces, mounts and privileges, as functions that raise `OSError`.

Python's library has none of them at the versions that we support. Sources: the manual pages named at each function.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct

# linux/sched.h
NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip

# linux/mount.h
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18

# linux/prctl.h
_PARENT_DEATH_SIGNAL, _DROP_BOUNDING, _CHILD_SUBREAPER, _NO_NEW_PRIVILEGES = 1, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Move this process into new namespaces. Source: the manual, unshare, section 2."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Move this process into the namespace that `descriptor` is open on. Source: the manual, setns, section 2."""
    _check(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Attach a file system at `target`. Source: the manual, mount, section 2."""
    done = _libc.mount(
        source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None
    )
    _check(done, target)


def bind(source: str, target: str, flags: int = 0) -> None:
    """Show `source` at `target` as well, with `flags`, which a bind mount only takes in a second step: mount(2)."""
    mount(source, target, flags=BIND)
    if flags:
        mount("none", target, flags=BIND | REMOUNT | flags)


def pivot(root: str) -> None:
    """Make the mount point `root` the root of this mount namespace, and detach the old one: pivot_root(2), NOTES."""
    os.chdir(root)
    _check(_libc.pivot_root(b".", b"."), root)
    _check(_libc.umount2(b".", _DETACH), "/")
    os.chdir("/")


def raise_loopback() -> None:
    """Bring the loopback interface of this network namespace up: netdevice(7), SIOCSIFFLAGS with IFF_UP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))


def die_with_parent(number: int) -> None:
    """Send this process a signal when its parent ends. Lost at a change of identity: PR_SET_PDEATHSIG, prctl(2)."""
    _prctl(_PARENT_DEATH_SIGNAL, number)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: PR_SET_CHILD_SUBREAPER, prctl(2)."""
    _prctl(_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """Let no later execve grant anything: PR_SET_NO_NEW_PRIVS, prctl(2)."""
    _prctl(_NO_NEW_PRIVILEGES, 1)


def drop_bounding_capabilities() -> None:
    """Let no later execve, not even as uid 0, bring a capability back: capabilities(7)."""
    for capability in range(64):
        try:
            _prctl(_DROP_BOUNDING, capability)
        except OSError as error:
            if error.errno == errno.EINVAL:  # the kernel knows no more
                return
            raise


def drop_capabilities() -> None:
    """Give up every capability of this process: capset(2)."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def _prctl(option: int, value: int) -> None:
    unused = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), unused, unused, unused), "prctl")


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
