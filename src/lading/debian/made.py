"""The files that Debian's maintainer scripts would have made, as values: no script is ever run."""

from __future__ import annotations

from lading.oci.layer import Entry

ACCOUNTS = "root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\n"
NSSWITCH = """\
passwd:    files
group:     files
hosts:     files dns
networks:  files
protocols: files
services:  files
"""


def files(architecture: str) -> tuple[Entry, ...]:
    """What every base has, whatever its packages: a package's own file at the same path goes first."""
    links = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}
    if architecture == "amd64":
        links["lib64"] = "usr/lib64"  # where the loader of this architecture is by its ABI; arm64's is in /lib
    return (
        *(Entry(path=path, kind="symlink", mode=0o777, link=link) for path, link in links.items()),
        # base-passwd's script. Only who must have a name; the builder adds the user that the image runs as.
        Entry(path="etc/passwd", kind="file", data=ACCOUNTS.encode()),
        Entry(path="etc/group", kind="file", data=GROUPS.encode()),
        # libc-bin's script. Without it the C library asks DNS before /etc/hosts.
        Entry(path="etc/nsswitch.conf", kind="file", data=NSSWITCH.encode()),
        # tzdata's script and its default. A cluster may mount its own over it.
        Entry(path="etc/localtime", kind="symlink", mode=0o777, link="/usr/share/zoneinfo/Etc/UTC"),
        # netbase's script. Engines mount their own over it and over the next two: they are there to be mounted over.
        Entry(path="etc/hosts", kind="file", data=b"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"),
        Entry(path="etc/hostname", kind="file"),
        Entry(path="etc/resolv.conf", kind="file"),
        Entry(path="root", kind="directory", mode=0o700),
        Entry(path="home", kind="directory", mode=0o755),
        Entry(path="tmp", kind="directory", mode=0o1777),
        Entry(path="var/tmp", kind="directory", mode=0o1777),
        # base-files' script.
        Entry(path="run", kind="directory", mode=0o755),
        Entry(path="run/lock", kind="directory", mode=0o1777),
        Entry(path="var/run", kind="symlink", mode=0o777, link="/run"),
        Entry(path="var/lock", kind="symlink", mode=0o777, link="/run/lock"),
    )
