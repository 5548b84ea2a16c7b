"""Packages → the files of a base image, each path once, in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lading.debian import alternatives, archive, certificates, deb, leftout, loader, made, resolve
from lading.debian.deb import Deb
from lading.debian.packages import Package
from lading.errors import BadInput, Outside
from lading.model import Progress
from lading.oci.layer import Entry

#: Downloads at a time.
CONNECTIONS = 8


def entries(
    packages: Sequence[Package],
    *,
    architecture: str,
    mirror: str,
    security: str | None,
    cache: Path,
    progress: Progress,
) -> tuple[Entry, ...]:
    """The files of `packages` without what no image needs, and those that their scripts would have made, by path.

    `mirror` and `security` are where the archives are. The same packages give the same entries, and nothing is asked
    over the network for a package that is in `cache` with its hash. Raises `Untrusted` for a file that is not of its
    hash, `Outside` when the mirror fails, `BadInput` for packages that a base cannot be made of.
    """
    bases = {"debian": mirror, "debian-security": security}

    def load(package: Package) -> Deb:
        path = _file(package, cache)
        base = bases[package.archive]
        if base is None and not path.exists():
            raise Outside(f"`{package.name}` {package.version} is in the security archive, and none is known")
        url = archive.address(base or mirror, package.filename)
        data = archive.fetch(url, path, sha256=package.sha256, size=package.size)
        return deb.read(data, package.name)

    missing = [package for package in packages if not _file(package, cache).exists()]
    if missing:
        size = sum(package.size for package in missing)
        progress(f"fetching {len(missing)} Debian packages, {size / 1e6:.1f} MB")
    workers = CONNECTIONS if missing else os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        try:
            debs = dict(zip((package.name for package in packages), pool.map(load, packages), strict=True))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return _tree(debs, architecture)


def _file(package: Package, cache: Path) -> Path:
    return cache / "debs" / f"{package.sha256}.deb"


def _tree(debs: Mapping[str, Deb], architecture: str) -> tuple[Entry, ...]:
    tree: dict[str, Entry] = {}
    owners: dict[str, str] = {}
    for name in sorted(debs):
        for entry in debs[name].entries:
            if leftout.out(entry.path):
                continue
            other = owners.get(entry.path)
            if other is None or _takes(debs, name, other, entry, tree[entry.path]):
                tree[entry.path], owners[entry.path] = entry, name
    records = [entry for name in sorted(debs) for entry in _record(name, debs[name], owners)]
    links = alternatives.links({name: debs[name].postinst for name in sorted(debs)}, tree)
    for entry in (*made.files(architecture), *certificates.bundle(tree), *links, *records):
        tree.setdefault(entry.path, entry)
    for path in [path for path in tree if certificates.bundled(path)]:
        del tree[path]
    tree |= loader.cached(tree, architecture)
    for path in list(tree):
        for parent in _parents(path):
            if tree.setdefault(parent, Entry(path=parent, kind="directory", mode=0o755)).kind != "directory":
                raise BadInput(f"`/{path}` is inside `/{parent}`, which is not a folder in another package")
    return tuple(tree[path] for path in sorted(tree))


def _takes(debs: Mapping[str, Deb], name: str, other: str, mine: Entry, theirs: Entry) -> bool:
    """Whether `name` takes a path from `other`: only what it says it replaces, Policy 7.6.1. Folders are shared."""
    if mine == theirs or mine.kind == theirs.kind == "directory":
        return False
    if _replaces(debs[name], other):
        return True
    if _replaces(debs[other], name):
        return False
    raise BadInput(
        f"the packages `{other}` and `{name}` both have `/{mine.path}`", hint="leave one of them out of `packages`"
    )


def _replaces(package: Deb, other: str) -> bool:
    lines = (line for line in package.control.splitlines() if line.startswith("Replaces: "))
    return any(one.name == other for line in lines for group in resolve.relations(line[10:]) for one in group)


def _record(name: str, package: Deb, owners: Mapping[str, str]) -> Iterator[Entry]:
    """What scanners read: a paragraph and checksums for each package, where distroless images have them too."""
    head, _, rest = package.control.partition("\n")
    status = f"{head}\nStatus: install ok installed\n{rest}"
    lines = (f"{digest}  {path}\n" for path, digest in sorted(package.checksums.items()) if owners.get(path) == name)
    yield Entry(path=f"var/lib/dpkg/status.d/{name}", kind="file", data=status.encode())
    yield Entry(path=f"var/lib/dpkg/status.d/{name}.md5sums", kind="file", data="".join(lines).encode())


def _parents(path: str) -> Iterable[str]:
    return (path[:at] for at, char in enumerate(path) if char == "/")
