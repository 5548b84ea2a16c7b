"""A base and the archives → the packages it is made of, each by its hash."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from lading import cache as files
from lading.debian import archive, packages, resolve
from lading.debian.archive import Suite
from lading.debian.packages import Package
from lading.debian.release import Release
from lading.errors import BadInput, Outside
from lading.model import Base, Progress

ARCHITECTURES = ("amd64", "arm64")

#: What every base has beside `Base.packages`: os-release, the C.UTF-8 locale, the one library that a manylinux wheel
#: may count on (PEP 513) and Python itself does not need, the interpreter.
ALWAYS = ("base-files", "libc-bin", "libstdc++6", "python{python}-minimal", "libpython{python}-stdlib")


def lock(
    base: Base,
    *,
    architecture: str,
    mirror: str,
    security: str | None,
    cache: Path,
    progress: Progress,
    dated: bool = True,
    keys: Path = archive.KEYS,
    clock: Callable[[], float] = time.time,
) -> tuple[Package, ...]:
    """The packages of `base` for `architecture`, by name: what it asks for and all that those need.

    The newest of the suite, its updates and its security fixes are taken. With a release verified within the hour and
    a base that was locked before, nothing is asked over the network and no index is read. `dated` is
    `mirror.dated()`. Raises `BadInput` for a package or a suite that there is not, `Untrusted` for what is not signed
    or not what was signed, `Outside` when the mirror fails.
    """
    wanted = _wanted(base, architecture)
    now = datetime.fromtimestamp(clock(), UTC)
    suites = archive.suites(base.suite, mirror, security, keys=keys)

    def current(suite: Suite) -> Release | None:
        return archive.current(suite, cache=cache, now=now, dated=dated, progress=progress)

    with ThreadPoolExecutor(len(suites)) as pool:
        releases = list(pool.map(current, suites))
    if releases[0] is None:
        raise Outside(f"`{suites[0].url}/InRelease` is not there", hint="is that the address of a Debian mirror?")
    found = [(suite, release) for suite, release in zip(suites, releases, strict=True) if release is not None]
    if not any(suite.archive == "debian-security" for suite, _ in found):
        where = f"at `{security}`" if security else "known"
        progress(f"no security archive is {where}: the base has Debian's fixes up to {releases[0].date:%Y-%m-%d} only")

    digests = [archive.digest_of(suite, release, architecture)[0] for suite, release in found]
    asked = json.dumps([recipe(), base.suite, architecture, digests, wanted])
    path = cache / "closures" / hashlib.sha256(asked.encode()).hexdigest()
    if kept := _kept(path):
        return kept
    progress(f"reading the packages of Debian {base.suite} for {architecture}")
    texts = [(suite.archive, archive.index(suite, release, architecture, cache=cache)) for suite, release in found]
    catalogue = packages.catalogue(texts, architecture=architecture, suite=base.suite)
    return _keep(path, resolve.closure(wanted, catalogue))


def recipe() -> str:
    """What changes when lading makes something else of the same packages: the hash of this folder's own code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _wanted(base: Base, architecture: str) -> tuple[str, ...]:
    if architecture not in ARCHITECTURES:
        raise BadInput(f"there is no base for `{architecture}`", hint=f"there is for {' and '.join(ARCHITECTURES)}")
    for name in base.packages:
        # Policy 5.6.1
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
            raise BadInput(f"`{name}` is not the name of a Debian package", hint="a name has no version and no spaces")
    always = (name.format(python=base.python) for name in ALWAYS)
    return tuple(dict.fromkeys((*always, *sorted(base.packages))))


def _keep(path: Path, chosen: Sequence[Package]) -> tuple[Package, ...]:
    text = json.dumps([asdict(one) for one in chosen]).encode()
    files.store(path, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    return tuple(chosen)


def _kept(path: Path) -> tuple[Package, ...]:
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return ()
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return ()  # spoilt on the disk
    return tuple(Package(**row) for row in json.loads(text))
