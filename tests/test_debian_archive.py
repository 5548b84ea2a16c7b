"""From a mirror to a lock: what is trusted, what is kept, and what is said when it cannot be."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import debian_mirror
import pytest
from debian_mirror import NOW, Made, Mirror, python

from lading import debian, http
from lading.debian import Package
from lading.errors import BadInput, Error, Outside, Untrusted
from lading.model import Base

pytestmark = pytest.mark.slow

BASE = Base(image="", suite="trixie", python="3.13", packages=("tzdata",))
TZDATA = Made(name="tzdata", version="2029b-1", architecture="all")
NAMES = ("base-files", "libc-bin", "libc6", "libpython3.13-stdlib", "libstdc++6", "python3.13-minimal", "tzdata")


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A whole mirror: the suite, its updates and its security archive. A failure is final, to save the test's time."""
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with debian_mirror.serving() as served:
        served.files = dict(whole())
        yield served


@functools.cache
def whole() -> dict[str, bytes]:
    made = Mirror()
    made.publish([*python(), TZDATA])
    made.publish([], suite="trixie-updates")
    made.publish([], suite="trixie-security", archive="debian-security", signer="security")
    return made.files


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def lock(
    mirror: Mirror, cache: Path, *, said: list[str] | None = None, base: Base = BASE, later: float = 0, **more: object
) -> tuple[Package, ...]:
    """The lock of `base`, `later` seconds after NOW."""
    arguments: dict[str, object] = {
        "architecture": "amd64",
        "mirror": mirror.debian,
        "security": mirror.security,
        **more,
    }
    return debian.lock(
        base,
        cache=cache,
        progress=(said if said is not None else []).append,
        keys=debian_mirror.keys(cache.parent / "keys"),
        clock=lambda: NOW.timestamp() + later,
        **arguments,  # type: ignore[arg-type]
    )


def files(cache: Path) -> list[str]:
    """What is kept, by folder."""
    return sorted({str(path.parent.relative_to(cache)) for path in cache.rglob("*") if path.is_file()})


def plain(error: Error, mirror: Mirror) -> tuple[type[Error], str, str]:
    """The error as a person reads it, with the mirror's port and the keys made for the test left out."""
    text = error.message.replace(mirror.address, "http://mirror")
    return type(error), re.sub(r"`[0-9A-F]{40}`", "`KEY`", text), error.hint


# ── what is taken ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_names_every_package_by_its_hash(mirror: Mirror, cache: Path) -> None:
    found = lock(mirror, cache)
    assert tuple(one.name for one in found) == NAMES
    deb = TZDATA.deb
    import hashlib

    assert found[-1] == Package(
        name="tzdata",
        version="2029b-1",
        architecture="all",
        filename="pool/main/t/tzdata/tzdata_2029b-1_all.deb",
        sha256=hashlib.sha256(deb).hexdigest(),
        size=len(deb),
        archive="debian",
    )


def test_security_fixes_and_updates_are_taken(mirror: Mirror, cache: Path) -> None:
    fix = Made(name="libc6", version="2.41-12+deb13u1")
    mirror.publish([fix], suite="trixie-security", archive="debian-security", signer="security")
    mirror.publish([Made(name="tzdata", version="2029c-1", architecture="all")], suite="trixie-updates")
    found = {one.name: (one.version, one.archive) for one in lock(mirror, cache)}
    assert found["libc6"] == ("2.41-12+deb13u1", "debian-security")
    assert found["tzdata"] == ("2029c-1", "debian")


@pytest.mark.parametrize("there", [True, False], ids=["gone", "not known"])
def test_without_a_security_archive_the_lock_is_made_and_says_so(mirror: Mirror, cache: Path, there: bool) -> None:
    said: list[str] = []
    del mirror.files["/debian-security/dists/trixie-security/InRelease"]
    assert lock(mirror, cache, said=said, security=mirror.security if there else None)
    where = f"at `{mirror.security}`" if there else "known"
    assert said[0] == f"no security archive is {where}: the base has Debian's fixes up to 2030-01-01 only"


def test_an_index_without_by_hash_is_found_by_its_name(mirror: Mirror, cache: Path) -> None:
    mirror.files.clear()
    mirror.publish([*python(), TZDATA], by_hash=False)
    assert tuple(one.name for one in lock(mirror, cache, security=None)) == NAMES


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_within_the_hour_a_second_lock_asks_nothing(mirror: Mirror, cache: Path) -> None:
    first, said = lock(mirror, cache), list[str]()
    mirror.asked.clear()
    assert lock(mirror, cache, later=3599, said=said) == first
    assert (mirror.asked, said) == ([], [])


def test_after_an_hour_only_releases_are_asked_and_what_did_not_change_is_not_sent(mirror: Mirror, cache: Path) -> None:
    first = lock(mirror, cache)
    for later in (3601, 7203):
        mirror.asked.clear()
        assert lock(mirror, cache, later=later) == first
        assert sorted(mirror.asked) == [
            "304 /debian-security/dists/trixie-security/InRelease",
            "304 /debian/dists/trixie-updates/InRelease",
            "304 /debian/dists/trixie/InRelease",
        ]


def test_another_request_reads_the_kept_index(mirror: Mirror, cache: Path) -> None:
    lock(mirror, cache)
    mirror.asked.clear()
    found = lock(mirror, cache, base=Base(image="", suite="trixie", python="3.13", packages=()))
    assert [one.name for one in found] == [name for name in NAMES if name != "tzdata"]
    assert mirror.asked == []


def test_without_a_network_the_verified_release_is_used_and_said(mirror: Mirror, cache: Path) -> None:
    first, said = lock(mirror, cache, security=None), list[str]()
    gone = Mirror(address="http://127.0.0.1:9")
    for path in (cache / "releases").iterdir():  # as if it had been kept from there
        name = path.name.rpartition("-")[0]
        path.rename(path.with_name(_release(gone, name)))
    assert lock(gone, cache, security=None, later=3601, said=said) == first
    assert sorted(line for line in said if "verified" in line) == [
        f"`{gone.debian}/dists/trixie{suite}/InRelease` cannot be reached: Connection refused: "
        "the release of 2030-01-01 that was verified before is used"
        for suite in ("-updates", "")
    ]


def _release(mirror: Mirror, suite: str) -> str:
    import hashlib

    return f"{suite}-{hashlib.sha256(f'{mirror.debian}/dists/{suite}/InRelease'.encode()).hexdigest()[:16]}"


def test_a_mirror_that_goes_back_in_time_is_not_followed(mirror: Mirror, cache: Path) -> None:
    first, said = lock(mirror, cache), list[str]()
    mirror.publish([*python(), Made(name="tzdata", version="2020a-1")], date="Sun, 30 Dec 2029 12:00:00 UTC")
    assert lock(mirror, cache, later=3601, said=said) == first
    url = f"{mirror.debian}/dists/trixie/InRelease"
    assert said == [f"`{url}` is older than the release of 2030-01-01 that was verified before, which is used"]


@pytest.mark.parametrize("folder", ["releases", "lists", "closures"])
def test_what_is_spoilt_on_the_disk_is_got_again(mirror: Mirror, cache: Path, folder: str) -> None:
    first = lock(mirror, cache)
    kept = list((cache / folder).iterdir())
    assert kept
    for path in kept:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    if folder == "lists":
        for path in (cache / "closures").iterdir():
            path.unlink()
    assert lock(mirror, cache) == first


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


def tampered(mirror: Mirror) -> None:
    path = "/debian/dists/trixie/InRelease"
    mirror.files[path] = mirror.files[path].replace(b"Suite: stable", b"Suite: stablr")


def unknown(mirror: Mirror) -> None:
    mirror.publish([*python(), TZDATA], signer="somebody else")


def security_key(mirror: Mirror) -> None:
    mirror.publish([*python(), TZDATA], signer="security")


def unsigned(mirror: Mirror) -> None:
    mirror.files["/debian/dists/trixie/InRelease"] = b"<html>Please log in</html>"


def another(mirror: Mirror) -> None:
    mirror.publish([*python(), TZDATA], codename="bookworm")


def expired(mirror: Mirror) -> None:
    mirror.publish([], suite="trixie-updates", until="Mon, 03 Dec 2029 11:59:59 UTC")


def early(mirror: Mirror) -> None:
    mirror.publish([*python(), TZDATA], date="Thu, 03 Jan 2030 12:00:00 UTC")


def odd(mirror: Mirror) -> None:
    mirror.files["/debian/dists/trixie/InRelease"] = debian_mirror.sign("Suite: stable\nCodename: trixie\n", "archive")


def wrong_index(mirror: Mirror) -> None:
    for path in list(mirror.files):
        if "/debian/dists/trixie/main/binary-amd64" in path:
            mirror.files[path] = mirror.files[path][:-1] + b"!"


def no_architecture(mirror: Mirror) -> None:
    text = "Codename: trixie\nDate: Tue, 01 Jan 2030 12:00:00 UTC\nSHA256:\n"
    mirror.files["/debian/dists/trixie/InRelease"] = debian_mirror.sign(text, "archive")


def empty(mirror: Mirror) -> None:
    mirror.files.clear()


RELEASE = "`http://mirror/debian/dists/trixie/InRelease`"
DISTRUST = "a proxy may have changed it, or a login page answered: open the address, or choose another mirror"
FROZEN = (
    "the mirror is no longer updated, or this machine's clock is wrong; for an archive that is frozen on purpose, have "
    '`Acquire::Check-Valid-Until "false";` in apt\'s configuration'
)
STRANGER = "which is none of Debian's archive keys for this suite"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (tampered, (Untrusted, f"{RELEASE} cannot be trusted: the signature does not match", DISTRUST)),
        (unknown, (Untrusted, f"{RELEASE} is signed by `KEY`, {STRANGER}", "is this a mirror of Debian itself?")),
        (security_key, (Untrusted, f"{RELEASE} is signed by `KEY`, {STRANGER}", "is this a mirror of Debian itself?")),
        (unsigned, (Untrusted, f"{RELEASE} cannot be trusted: there is no signature in it", DISTRUST)),
        (
            another,
            (
                Untrusted,
                f"{RELEASE} is the release of `bookworm`, not of `trixie`",
                "the mirror gives one suite under the name of another: choose a different mirror",
            ),
        ),
        (
            expired,
            (
                Untrusted,
                "`http://mirror/debian/dists/trixie-updates/InRelease` was valid until 2029-12-03 11:59 UTC",
                FROZEN,
            ),
        ),
        (
            early,
            (
                Untrusted,
                f"{RELEASE} was made in the future, on 2030-01-03 12:00 UTC",
                "set this machine's clock",
            ),
        ),
        (odd, (Outside, f"{RELEASE} is not a Release file that we understand: KeyError('Date')", "")),
        (no_architecture, (Outside, "`http://mirror/debian/dists/trixie` has no packages for amd64", "")),
        (empty, (Outside, f"{RELEASE} is not there", "is that the address of a Debian mirror?")),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_not_debians_is_refused_and_nothing_of_it_is_kept(
    mirror: Mirror, cache: Path, spoil: Callable[[Mirror], None], said: tuple[type[Error], str, str]
) -> None:
    good = dict(mirror.files)
    spoil(mirror)
    with pytest.raises(Error) as error:
        lock(mirror, cache)
    assert plain(error.value, mirror) == said
    assert "closures" not in files(cache)
    mirror.files = good
    assert tuple(one.name for one in lock(mirror, cache, later=7200)) == NAMES


def test_an_index_of_another_hash_is_refused_and_not_kept(mirror: Mirror, cache: Path) -> None:
    good = dict(mirror.files)
    wrong_index(mirror)
    with pytest.raises(Untrusted, match=r"Packages|by-hash") as error:
        lock(mirror, cache)
    assert re.sub(r"[0-9a-f]{64}", "HASH", plain(error.value, mirror)[1]) == (
        "`http://mirror/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/HASH` is not the file that was promised: "
        "its SHA-256 is HASH, not HASH"
    )
    assert files(cache) == ["releases"]
    mirror.files = good
    assert tuple(one.name for one in lock(mirror, cache)) == NAMES


def test_a_bad_release_is_refused_although_a_good_one_is_kept(mirror: Mirror, cache: Path) -> None:
    lock(mirror, cache)
    tampered(mirror)
    with pytest.raises(Untrusted):
        lock(mirror, cache, later=3601)


def test_text_around_what_is_signed_is_not_read(mirror: Mirror, cache: Path) -> None:
    path = "/debian/dists/trixie/InRelease"
    mirror.files[path] = b"Codename: bookworm\n\n" + mirror.files[path] + b"\nCodename: bookworm\n"
    assert tuple(one.name for one in lock(mirror, cache)) == NAMES


def test_an_archive_that_vanishes_is_answered_from_what_was_verified(mirror: Mirror, cache: Path) -> None:
    fix = Made(name="libc6", version="2.41-12+deb13u1")
    mirror.publish([fix], suite="trixie-security", archive="debian-security", signer="security")
    first, said = lock(mirror, cache), list[str]()
    del mirror.files["/debian-security/dists/trixie-security/InRelease"]
    assert lock(mirror, cache, later=3601, said=said) == first
    url = f"{mirror.security}/dists/trixie-security/InRelease"
    assert said == [f"`{url}` is gone: the release of 2030-01-01 that was verified before is used"]


def test_a_mirror_that_stands_still_is_used_for_a_month_and_that_is_said(mirror: Mirror, cache: Path) -> None:
    mirror.publish([], suite="trixie-updates", until="Wed, 02 Jan 2030 11:59:59 UTC")
    said: list[str] = []
    assert lock(mirror, cache, said=said)
    url = f"{mirror.debian}/dists/trixie-updates/InRelease"
    assert said[:1] == [
        f"`{url}` was valid until 2030-01-02 11:59 UTC: the mirror stands still, and newer fixes are not in the image"
    ]


def test_an_archive_frozen_on_purpose_can_be_used(mirror: Mirror, cache: Path) -> None:
    expired(mirror)
    assert lock(mirror, cache, dated=False, later=timedelta(days=900).total_seconds())


def test_an_unreachable_security_archive_is_an_error_and_not_a_base_without_fixes(mirror: Mirror, cache: Path) -> None:
    with pytest.raises(Outside) as error:
        lock(mirror, cache, security="http://127.0.0.1:9/debian-security")
    assert error.value.message == (
        "`http://127.0.0.1:9/debian-security/dists/trixie-security/InRelease` cannot be reached: Connection refused"
    )


@pytest.mark.parametrize(
    ("base", "architecture", "said"),
    [
        (
            Base(image="", suite="bookworm", python="3.11", packages=()),
            "amd64",
            ("there are no keys for Debian `bookworm`", "there are for trixie"),
        ),
        (
            Base(image="", suite="trixie", python="3.13", packages=("tzdata=1",)),
            "amd64",
            ("`tzdata=1` is not the name of a Debian package", "a name has no version and no spaces"),
        ),
        (BASE, "x86_64", ("there is no base for `x86_64`", "there is for amd64 and arm64")),
        (
            Base(image="", suite="trixie", python="3.12", packages=()),
            "amd64",
            (
                "there is no package `python3.12-minimal` in Debian trixie for amd64",
                "did you mean `python3.13-minimal`?",
            ),
        ),
    ],
    ids=["suite", "package", "architecture", "python"],
)
def test_a_base_that_cannot_be_is_the_users_to_mend(
    mirror: Mirror, cache: Path, base: Base, architecture: str, said: tuple[str, str]
) -> None:
    with pytest.raises(BadInput) as error:
        lock(mirror, cache, base=base, architecture=architecture)
    assert (error.value.message, error.value.hint) == said


# ── the keys that are shipped ────────────────────────────────────────────────────────────────────────────────────────


def test_the_keys_are_those_of_the_decision_note() -> None:
    import hashlib

    import pysequoia

    from lading.debian import archive
    from lading.plan import SUITES

    note = (Path(__file__).parent.parent / "docs/decisions/0003-debian-base.md").read_text()
    shipped = sorted(archive.KEYS.glob("*.pgp"))
    whose = [
        f"{suite}-{name}.pgp" for suite in sorted(SUITES) for name in ("automatic", "security-automatic", "stable")
    ]
    assert [path.name for path in shipped] == whose
    for path in shipped:
        certificate = pysequoia.Cert.from_file(str(path))
        assert certificate.fingerprint.upper() in note
        assert hashlib.sha256(path.read_bytes()).hexdigest() in note
