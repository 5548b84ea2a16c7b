"""The address of an archive → its verified releases and indexes; what is kept is verified as often as what comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from lading import cache as files
from lading import http
from lading.debian import release
from lading.debian.release import Release
from lading.errors import BadInput, Outside, Untrusted
from lading.model import Progress

#: Seconds that a verified release is used without asking for a newer one.
FRESH = 3600

KEYS = Path(__file__).parent / "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite of one archive, and whose signature it must have."""

    archive: str  # debian or debian-security
    address: str
    name: str  # trixie-updates
    keys: tuple[bytes, ...]

    @property
    def url(self) -> str:
        return f"{self.address}/dists/{self.name}"


def suites(codename: str, mirror: str, security: str | None, *, keys: Path = KEYS) -> tuple[Suite, ...]:
    """Where the packages of a release of Debian come from: itself, its updates and its security fixes.

    Raises `BadInput` for a release whose keys are not in `keys`.
    """
    try:
        main = tuple((keys / f"{codename}-{which}.pgp").read_bytes() for which in ("automatic", "stable"))
        fixes = ((keys / f"{codename}-security-automatic.pgp").read_bytes(),)
    except FileNotFoundError as error:
        known = sorted({path.name.partition("-")[0] for path in keys.glob("*.pgp")})
        raise BadInput(
            f"there are no keys for Debian `{codename}`", hint=f"there are for {', '.join(known)}"
        ) from error
    rows = [("debian", mirror, codename, main), ("debian", mirror, f"{codename}-updates", main)]
    if security:
        rows.append(("debian-security", security, f"{codename}-security", fixes))
    return tuple(Suite(archive=row[0], address=row[1], name=row[2], keys=row[3]) for row in rows)


def current(suite: Suite, *, cache: Path, now: datetime, dated: bool, progress: Progress) -> Release | None:
    """The newest verified release of `suite`; None where the archive does not carry it and never did.

    A kept one is used without asking when it is younger than `FRESH`, and when the archive cannot be reached, does not
    have it any more or offers an older one. Raises `Outside` when there is neither, `Untrusted` for anything that is
    not signed as it must be: that is never kept, and never a reason to use the kept one.
    """
    url = f"{suite.url}/InRelease"

    def accept(data: bytes) -> Release:
        found = release.read(data, suite.keys, where=url)
        return release.check(found, suite.name, now=now, dated=dated, where=url)

    found = _newest(suite, accept, url, cache=cache, now=now, progress=progress)
    if found and (said := release.stale(found, now=now, dated=dated)):
        progress(f"`{url}` {said}")
    return found


def _newest(
    suite: Suite, accept: Callable[[bytes], Release], url: str, *, cache: Path, now: datetime, progress: Progress
) -> Release | None:
    path = cache / "releases" / f"{suite.name}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
    kept = _kept(path)
    try:
        old = accept(kept.data) if kept else None
    except Outside:
        kept = old = None  # spoilt on the disk, or past its time: as if it were not there
    if kept and old and 0 <= now.timestamp() - kept.asked < FRESH:
        return old
    try:
        answer = http.get(url, headers=kept.headers if kept else {})
    except Outside as error:
        if old is None:
            raise
        progress(f"{error.message}: the release of {old.date:%Y-%m-%d} that was verified before is used")
        return old
    if answer.status == 404:
        if old:
            progress(f"`{url}` is gone: the release of {old.date:%Y-%m-%d} that was verified before is used")
        return old
    if answer.status == 304 and kept and old:
        _keep(path, _Kept(asked=now.timestamp(), headers=kept.headers, data=kept.data))
        return old
    new = accept(answer.body)
    if old and new.date < old.date:
        progress(f"`{url}` is older than the release of {old.date:%Y-%m-%d} that was verified before, which is used")
        return old
    _keep(path, _Kept(asked=now.timestamp(), headers=_conditions(answer.headers), data=answer.body))
    return new


def index(suite: Suite, found: Release, architecture: str, *, cache: Path) -> bytes:
    """The text of the Packages file of `suite`, by the hash that its release has for it."""
    import lzma

    name = f"main/binary-{architecture}/Packages.xz"
    digest, size = digest_of(suite, found, architecture)
    where = f"main/binary-{architecture}/by-hash/SHA256/{digest}" if found.by_hash else name
    return lzma.decompress(fetch(f"{suite.url}/{where}", cache / "lists" / f"{digest}.xz", sha256=digest, size=size))


def digest_of(suite: Suite, found: Release, architecture: str) -> tuple[str, int]:
    """The SHA-256 and the size of the Packages file. Raises `Outside` when the archive has none."""
    try:
        return found.indexes[f"main/binary-{architecture}/Packages.xz"]
    except KeyError as error:
        raise Outside(f"`{suite.url}` has no packages for {architecture}") from error


def fetch(url: str, path: Path, *, sha256: str, size: int) -> bytes:
    """The bytes of the hash, out of the cache at `path` or from `url`; a file spoilt on the disk is fetched again."""
    for _ in range(2):
        try:
            data = http.download(url, path, sha256=sha256, size=size).read_bytes()
        except OSError as error:
            raise Outside(f"`{path}` cannot be read: {error.strerror}") from error
        if len(data) == size and hashlib.sha256(data).hexdigest() == sha256:
            return data
        path.unlink(missing_ok=True)
    raise Untrusted(f"`{path}` changes while it is read", hint="is the disk in order?")


def address(base: str, filename: str) -> str:
    """The URL of a file in a pool. Some stores read a bare `+` as a space, so it is quoted, as apt does."""
    return f"{base}/{quote(filename)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    asked: float  # when the archive last said that this is its newest
    headers: Mapping[str, str]  # what to send, so that it answers 304
    data: bytes


def _keep(path: Path, kept: _Kept) -> None:
    head = json.dumps({"asked": kept.asked, "headers": dict(kept.headers)})
    files.store(path, head.encode() + b"\n" + kept.data)


def _kept(path: Path) -> _Kept | None:
    try:
        head, _, data = path.read_bytes().partition(b"\n")
        said = json.loads(head)
        headers = {str(name): str(value) for name, value in said["headers"].items()}
        return _Kept(asked=float(said["asked"]), headers=headers, data=data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    asks = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
    said = {name.lower(): value for name, value in headers.items()}
    return {ask: said[name] for name, ask in asks if name in said}
