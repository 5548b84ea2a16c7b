"""From packages to the files of a base: what is in it, what is not, and what stops it."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import debian_mirror
import pytest
from debian_mirror import File, Made, Mirror, directory, hardlink, symlink

from lading import debian, http
from lading.debian import Package, deb, made, packages
from lading.errors import BadInput, Error, Outside, Untrusted
from lading.oci.layer import Entry

pytestmark = pytest.mark.slow


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with debian_mirror.serving() as served:
        yield served


def published(mirror: Mirror, built: Sequence[Made]) -> list[Package]:
    """`built` on the mirror, and their lock."""
    mirror.files.update({f"/debian/{one.filename}": one.deb for one in built})
    return [packages.candidate("debian", one.paragraph).package for one in built]


def entries(
    mirror: Mirror,
    locked: Sequence[Package],
    cache: Path,
    *,
    architecture: str = "amd64",
    said: list[str] | None = None,
) -> dict[str, Entry]:
    found = debian.entries(
        locked,
        architecture=architecture,
        mirror=mirror.debian,
        security=None,
        cache=cache,
        progress=(said if said is not None else []).append,
    )
    assert [entry.path for entry in found] == sorted({entry.path for entry in found}), "each path once, in order"
    return {entry.path: entry for entry in found}


def base(mirror: Mirror, built: Sequence[Made], cache: Path) -> dict[str, Entry]:
    return entries(mirror, published(mirror, built), cache)


def own(found: dict[str, Entry]) -> dict[str, Entry]:
    """What came from the packages: neither the folders, nor what every base has, nor the records for scanners."""
    always = {entry.path for entry in made.files("amd64")}
    return {
        path: entry
        for path, entry in found.items()
        if entry.kind != "directory" and path not in always and "status.d" not in path
    }


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_base_of_nothing_is_what_maintainer_scripts_would_have_made(mirror: Mirror, tmp_path: Path) -> None:
    found = entries(mirror, [], tmp_path, architecture="arm64")
    assert {path: entry.link or entry.data.decode() or oct(entry.mode) for path, entry in found.items()} == {
        "bin": "usr/bin",
        "etc": "0o755",
        "etc/group": "root:x:0:\nnogroup:x:65534:\n",
        "etc/hostname": "0o644",
        "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
        "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
        "etc/nsswitch.conf": made.NSSWITCH,
        "etc/passwd": made.ACCOUNTS,
        "etc/resolv.conf": "0o644",
        "home": "0o755",
        "lib": "usr/lib",
        "root": "0o700",
        "run": "0o755",
        "run/lock": "0o1777",
        "sbin": "usr/sbin",
        "tmp": "0o1777",
        "var": "0o755",
        "var/lock": "/run/lock",
        "var/run": "/run",
        "var/tmp": "0o1777",
    }
    assert entries(mirror, [], tmp_path)["lib64"].link == "usr/lib64"


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_a_packages_files_land_in_usr_with_their_modes(mirror: Mirror, tmp_path: Path, compression: str) -> None:
    package = Made(
        name="a",
        compression=compression,
        files=[
            directory("./lib"),
            directory("./lib/private", mode=0o750),
            File(name="./lib/private/liba.so.1.0", data=b"ELF"),
            symlink("./lib/private/liba.so.1", "liba.so.1.0"),
            File(name="./bin/a", data=b"run", mode=0o4755),
            hardlink("./usr/bin/b", "./bin/a"),
            File(name="./opt/" + "long/" * 40 + "name", data=b"far"),
        ],
    )
    found = base(mirror, [package], tmp_path)
    far = "opt/" + "long/" * 40 + "name"
    assert own(found) == {
        far: Entry(path=far, kind="file", data=b"far"),
        "usr/bin/a": Entry(path="usr/bin/a", kind="file", mode=0o755, data=b"run"),
        "usr/bin/b": Entry(path="usr/bin/b", kind="file", mode=0o755, data=b"run"),
        "usr/lib/private/liba.so.1": Entry(
            path="usr/lib/private/liba.so.1", kind="symlink", mode=0o777, link="liba.so.1.0"
        ),
        "usr/lib/private/liba.so.1.0": Entry(path="usr/lib/private/liba.so.1.0", kind="file", data=b"ELF"),
    }
    assert found["usr/lib/private"] == Entry(path="usr/lib/private", kind="directory", mode=0o750)
    assert found["lib"].link == "usr/lib"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("usr/share/doc/a/copyright", True),
        ("usr/share/doc/a/changelog.Debian.gz", False),
        ("usr/share/doc/a/examples/copyright", False),
        ("usr/share/man/man1/a.1.gz", False),
        ("usr/share/locale/de/LC_MESSAGES/a.mo", False),
        ("usr/lib/locale/C.utf8/LC_CTYPE", True),
        ("usr/share/zoneinfo/Europe/Berlin", True),
        ("usr/share/zoneinfo/tzdata.zi", False),
        ("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", True),
        ("usr/lib/x86_64-linux-gnu/gconv/gconv-modules.d/gconv-modules-extra.conf", True),
        ("usr/lib/aarch64-linux-gnu/gconv/BIG5.so", False),
        ("usr/lib/python3.13/test/support/__init__.py", False),
        ("usr/lib/python3.13/unittest/mock.py", True),
        ("usr/lib/python3.13/lib-dynload/_testcapi.cpython-313-x86_64-linux-gnu.so", False),
        ("usr/lib/python3.13/lib-dynload/_ssl.cpython-313-x86_64-linux-gnu.so", True),
        ("usr/lib/python3.13/lib-dynload/_dbm.cpython-313-x86_64-linux-gnu.so", False),
        ("usr/lib/python3.13/__pycache__/os.cpython-313.pyc", False),
        ("usr/lib/python3.13/EXTERNALLY-MANAGED", True),
        ("etc/mime.types", True),
        ("usr/share/common-licenses/GPL-3", True),
    ],
)
def test_what_no_image_needs_is_left_out(mirror: Mirror, tmp_path: Path, path: str, kept: bool) -> None:
    found = base(mirror, [Made(name="a", files=[File(name=f"./{path}", data=b"x")])], tmp_path)
    assert (path in found) is kept
    records = found["var/lib/dpkg/status.d/a.md5sums"].data.decode()
    assert records == (f"{hashlib.md5(b'x').hexdigest()}  {path}\n" if kept else "")


def test_scanners_find_every_package(mirror: Mirror, tmp_path: Path) -> None:
    package = Made(name="a", version="1:2-3", fields={"Source": "src", "Description": "short\n long"})
    found = base(mirror, [package], tmp_path)
    assert found["var/lib/dpkg/status.d/a"].data.decode() == (
        "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\n"
        "Source: src\nDescription: short\n long\n"
    )


def test_the_certificates_are_one_bundle_where_openssl_looks(mirror: Mirror, tmp_path: Path) -> None:
    folder = "./usr/share/ca-certificates/mozilla"
    package = Made(
        name="ca-certificates",
        files=[File(name=f"{folder}/B.crt", data=b"bbb"), File(name=f"{folder}/A.crt", data=b"aaa\n\n")],
    )
    found = own(base(mirror, [package], tmp_path))
    assert {path: entry.link or entry.data.decode() for path, entry in found.items()} == {
        "etc/ssl/certs/ca-certificates.crt": "aaa\nbbb\n",
        "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
        "usr/lib/ssl/certs": "/etc/ssl/certs",
    }


def test_alternatives_are_linked_by_their_priority(mirror: Mirror, tmp_path: Path) -> None:
    def provider(name: str, priority: int, *, target: str = "") -> Made:
        path = f"/usr/lib/{name}/libblas.so.3"
        script = (
            "#!/bin/sh\nset -e\nupdate-alternatives --install \\\n"
            f"    /usr/lib/libblas.so.3 libblas.so.3 {target or path} {priority} \\\n"
            f"    --slave /usr/share/blas blas /usr/share/{name}\n"
            'update-alternatives --install "$link" name "$target" 99\n'
        )
        return Made(
            name=name,
            files=[File(name=f".{path}"), File(name=f"./usr/share/{name}", data=b"x")],
            scripts={"postinst": script},
        )

    built = [provider("atlas", 10), provider("openblas", 100), provider("ghost", 900, target="/nowhere")]
    found = base(mirror, built, tmp_path)
    assert found["usr/lib/libblas.so.3"].link == "/usr/lib/openblas/libblas.so.3"
    assert found["usr/share/blas"].link == "/usr/share/openblas"


def test_a_package_takes_a_path_only_from_one_that_it_replaces(mirror: Mirror, tmp_path: Path) -> None:
    older = Made(name="b", files=[File(name="./usr/x", data=b"old")])
    newer = Made(name="a", fields={"Replaces": "b (<< 2), c"}, files=[File(name="./usr/x", data=b"new")])
    assert base(mirror, [older, newer], tmp_path)["usr/x"].data == b"new"
    found = base(mirror, [older, Made(name="c", fields={"Replaces": "b"}, files=newer.files)], tmp_path)
    assert found["usr/x"].data == b"new"
    same = Made(name="d", files=older.files)
    assert base(mirror, [older, same], tmp_path)["usr/x"].data == b"old"


def test_the_same_packages_give_the_same_entries_in_any_order_cache_and_umask(mirror: Mirror, tmp_path: Path) -> None:
    locked = published(mirror, debian_mirror.python())
    first = entries(mirror, locked, tmp_path / "one")
    before = os.umask(0o077)
    try:
        second = entries(mirror, locked[::-1], tmp_path / "two")
    finally:
        os.umask(before)
    assert hashlib.sha256(repr(first).encode()).digest() == hashlib.sha256(repr(second).encode()).digest()


def test_a_second_time_nothing_is_fetched(mirror: Mirror, tmp_path: Path) -> None:
    said: list[str] = []
    locked = published(mirror, debian_mirror.python())
    first = entries(mirror, locked, tmp_path, said=said)
    assert said == ["fetching 6 Debian packages, 0.0 MB"]
    mirror.asked.clear()
    assert entries(mirror, locked, tmp_path, said=said) == first
    assert (len(said), mirror.asked) == (1, [])


# ── what stops it ────────────────────────────────────────────────────────────────────────────────────────────────────

PACKAGE = Made(name="a", files=[File(name="./usr/x", data=b"x" * 4096)])
URL = "`http://mirror/debian/pool/main/a/a/a_1.0_amd64.deb`"


def plain(error: Error, mirror: Mirror) -> str:
    return error.message.replace(mirror.address, "http://mirror")


def test_a_package_of_another_hash_is_refused_and_not_kept(mirror: Mirror, tmp_path: Path) -> None:
    locked = published(mirror, [PACKAGE])
    wrong = PACKAGE.deb[:-1] + b"!"
    mirror.files[f"/debian/{PACKAGE.filename}"] = wrong
    with pytest.raises(Untrusted) as error:
        entries(mirror, locked, tmp_path)
    digest = hashlib.sha256(wrong).hexdigest()
    assert plain(error.value, mirror) == (
        f"{URL} is not the file that was promised: its SHA-256 is {digest}, not {locked[0].sha256}"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    published(mirror, [PACKAGE])
    assert entries(mirror, locked, tmp_path)["usr/x"].data == b"x" * 4096


def test_a_mirror_that_stops_half_way_leaves_nothing_and_the_next_run_works(mirror: Mirror, tmp_path: Path) -> None:
    locked = published(mirror, [PACKAGE, Made(name="b"), Made(name="c")])
    path = f"/debian/{PACKAGE.filename}"
    mirror.cut.add(path)
    with pytest.raises(Outside) as error:
        entries(mirror, locked, tmp_path)
    assert type(error.value) is Outside
    length = len(PACKAGE.deb)
    assert plain(error.value, mirror) == (
        f"{URL} cannot be reached: it broke off after {length // 2} of {length} bytes"
    )
    assert locked[0].sha256 not in "".join(path.name for path in tmp_path.rglob("*"))
    assert list(tmp_path.rglob(".new-*")) == []
    mirror.cut.clear()
    assert entries(mirror, locked, tmp_path)["usr/x"].data == b"x" * 4096


@pytest.mark.parametrize("spoil", ["flipped", "cut", "empty"])
def test_a_package_spoilt_on_the_disk_is_fetched_again(mirror: Mirror, tmp_path: Path, spoil: str) -> None:
    locked = published(mirror, [PACKAGE])
    first = entries(mirror, locked, tmp_path)
    path = tmp_path / "debs" / f"{locked[0].sha256}.deb"
    data = path.read_bytes()
    path.write_bytes({"flipped": data[:100] + b"?" + data[101:], "cut": data[:100], "empty": b""}[spoil])
    assert entries(mirror, locked, tmp_path) == first
    assert path.read_bytes() == data


def special(kind: bytes) -> File:
    return File(name="./dev/x", kind=kind)


@pytest.mark.parametrize(
    ("built", "kind", "message"),
    [
        (
            [Made(name="a", files=[File(name="./../x")])],
            Untrusted,
            "the package `a` has the path `./../x`, which leaves the root",
        ),
        (
            [Made(name="a", files=[File(name="/etc/x")])],
            Untrusted,
            "the package `a` has the path `/etc/x`, which leaves the root",
        ),
        ([Made(name="a", files=[special(tarfile.CHRTYPE)])], BadInput, "the package `a` has the special file `/dev/x`"),
        (
            [Made(name="a", files=[special(tarfile.FIFOTYPE)])],
            BadInput,
            "the package `a` has the special file `/dev/x`",
        ),
        (
            [Made(name="a", files=[File(name="./x", data=b"1")]), Made(name="b", files=[File(name="./x", data=b"2")])],
            BadInput,
            "the packages `a` and `b` both have `/x`",
        ),
        (
            [Made(name="a", files=[symlink("./opt", "/etc")]), Made(name="b", files=[File(name="./opt/passwd")])],
            BadInput,
            "`/opt/passwd` is inside `/opt`, which is not a folder in another package",
        ),
    ],
    ids=["above the root", "absolute", "device", "pipe", "two owners", "through a link"],
)
def test_a_package_that_cannot_be_in_a_layer_is_an_error(
    mirror: Mirror, tmp_path: Path, built: list[Made], kind: type[Error], message: str
) -> None:
    with pytest.raises(kind) as error:
        base(mirror, built, tmp_path)
    assert (type(error.value), error.value.message) == (kind, message)


def test_zstd_is_an_error_where_this_python_has_none(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(deb._DECOMPRESS, ".zst", raising=False)
    with pytest.raises(BadInput) as error:
        base(mirror, [Made(name="a", compression="zst")], tmp_path)
    assert error.value.message == (
        "the package `a` cannot be read: there is no control.tar in it that this Python can decompress, but "
        "debian-binary, control.tar.zst, data.tar.zst"
    )
    assert error.value.hint == "zstd needs Python 3.14"


def test_a_security_fix_without_its_archive_is_an_error(mirror: Mirror, tmp_path: Path) -> None:
    fix = packages.candidate("debian-security", PACKAGE.paragraph).package
    with pytest.raises(Outside) as error:
        entries(mirror, [fix], tmp_path)
    assert error.value.message == "`a` 1.0 is in the security archive, and none is known"
