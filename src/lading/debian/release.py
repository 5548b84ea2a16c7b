"""An `InRelease` file → what a Debian archive signed: its suite, its dates and the hash of every index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from lading.errors import Outside, Untrusted

if TYPE_CHECKING:
    from pysequoia import Cert

#: How far ahead of this machine's clock an archive may be.
SKEW = timedelta(hours=1)

#: How long after its `Valid-Until` a release is still used, with a warning: a mirror that stands still for a while is
#: common, and the suite itself, which has no `Valid-Until`, may be held back for longer.
GRACE = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What the signature covers, as far as we need it."""

    codename: str
    date: datetime
    valid_until: datetime | None
    by_hash: bool  # an index can be asked for by its hash, so that a mirror in the middle of an update does no harm
    indexes: Mapping[str, tuple[str, int]]  # main/binary-amd64/Packages.xz → its SHA-256 and size


def read(data: bytes, keys: Sequence[bytes], *, where: str) -> Release:
    """The release that `data`, an InRelease, holds, once a signature by one of `keys` is found good.

    Only what is signed is looked at: text before or after it is dropped. `where` names the file in errors. Raises
    `Untrusted` without a good signature, `Outside` when the file is not an InRelease.
    """
    fields = _fields(_verified(data, keys, where).decode(errors="replace"))
    try:
        return Release(
            codename=fields["Codename"][0],
            date=_date(fields["Date"][0]),
            valid_until=_date(fields["Valid-Until"][0]) if "Valid-Until" in fields else None,
            by_hash=fields.get("Acquire-By-Hash", ("no",))[0] == "yes",
            indexes={path: (digest, int(size)) for digest, size, path in map(str.split, fields["SHA256"][1:])},
        )
    except (KeyError, ValueError) as error:
        raise Outside(f"`{where}` is not a Release file that we understand: {error!r}") from error


def check(release: Release, codename: str, *, now: datetime, dated: bool, where: str) -> Release:
    """`release`, if it is the one of `codename` and, where `dated`, its dates agree with `now`; else `Untrusted`."""
    if release.codename != codename:
        raise Untrusted(
            f"`{where}` is the release of `{release.codename}`, not of `{codename}`",
            hint="the mirror gives one suite under the name of another: choose a different mirror",
        )
    if dated and release.date > now + SKEW:
        raise Untrusted(
            f"`{where}` was made in the future, on {_day(release.date)}",
            hint="set this machine's clock",
        )
    if dated and release.valid_until is not None and release.valid_until + GRACE < now:
        raise Untrusted(
            f"`{where}` was valid until {_day(release.valid_until)}",
            hint="the mirror is no longer updated, or this machine's clock is wrong; for an archive that is frozen on "
            'purpose, have `Acquire::Check-Valid-Until "false";` in apt\'s configuration',
        )
    return release


def stale(release: Release, *, now: datetime, dated: bool) -> str:
    """What to say of a release that is past its time, though not so long that it is refused; empty for another."""
    if not dated or release.valid_until is None or release.valid_until >= now:
        return ""
    return f"was valid until {_day(release.valid_until)}: the mirror stands still, and newer fixes are not in the image"


def _verified(data: bytes, keys: Sequence[bytes], where: str) -> bytes:
    import pysequoia

    asked: list[str] = []
    certificates = [pysequoia.Cert.from_bytes(key) for key in keys]

    def store(ids: Iterable[str]) -> list[Cert]:
        asked.extend(ids)
        return certificates

    try:
        signed = pysequoia.verify(data, store)
    except Exception as error:
        # RuntimeError is all that the library raises, with a stack trace of its own in the text.
        if asked and not _ours(asked, keys):
            raise Untrusted(
                f"`{where}` is signed by {' and '.join(f'`{one.upper()}`' for one in asked)}, "
                "which is none of Debian's archive keys for this suite",
                hint="is this a mirror of Debian itself?",
            ) from error
        reason = "the signature does not match" if asked else "there is no signature in it"
        raise Untrusted(
            f"`{where}` cannot be trusted: {reason}",
            hint="a proxy may have changed it, or a login page answered: open the address, or choose another mirror",
        ) from error
    return signed.bytes or b""


def _ours(asked: Iterable[str], keys: Sequence[bytes]) -> bool:
    from pysequoia.packet import PacketPile, Tag

    parts = (Tag.PublicKey, Tag.PublicSubkey)
    ours = {packet.fingerprint for key in keys for packet in PacketPile.from_bytes(key) if packet.tag in parts}
    return any(fingerprint.endswith(one) for one in asked for fingerprint in ours if fingerprint)


def _fields(text: str) -> dict[str, list[str]]:
    """The fields of a control file's first paragraph, each with the lines of its value."""
    fields: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line[:1] in {" ", "\t"}:
            lines.append(line.strip())
        else:
            name, _, value = line.partition(":")
            fields[name] = lines = [value.strip()]
    return fields


def _date(text: str) -> datetime:
    """RFC 5322's date, with the `UTC` that Debian writes instead of `+0000`."""
    return parsedate_to_datetime(text.replace("UTC", "+0000"))


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
