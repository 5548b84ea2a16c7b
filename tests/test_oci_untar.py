"""A tar of anybody's → its members: the same as the standard library reads, but for what nobody should have to read."""

import gzip
import io
import os
import random
import re
import shutil
import tarfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

from lading import model
from lading.errors import Error, Outside, Untrusted
from lading.oci import compress, digest, layer, tar, untar
from lading.oci.member import Member
from lading.oci.unpack import unpack

pytestmark = pytest.mark.slow

Read = tuple[Member, bytes]
FORMATS: dict[str, Literal[0, 1, 2]] = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def ours(data: bytes, step: int = 1 << 18) -> list[Read]:
    """What is under test, given `data` in pieces of `step` bytes."""
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return [(member, b"".join(content)) for member, content in untar.read(pieces, "the tar")]


def theirs(data: bytes) -> list[Read]:
    """The same by the standard library, which lading used before."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|", encoding="utf-8") as file:
        for info in file:
            kind: Literal["file", "directory", "symlink", "hardlink", "other"] = (
                "file" if info.isreg() else "directory" if info.isdir() else "symlink" if info.issym()
                else "hardlink" if info.islnk() else "other"
            )  # fmt: skip
            content = file.extractfile(info) if info.isreg() else None
            member = Member(
                path=tar.inside(info.name, "the tar"),
                kind=kind,
                mode=info.mode & 0o7777,
                uid=info.uid,
                gid=info.gid,
                size=info.size if info.isreg() else 0,
                mtime=int(info.mtime),
                link=tar.inside(info.linkname, "the tar") if info.islnk() else info.linkname,
            )
            found.append((member, content.read() if content else b""))
        if any(data[file.offset : file.offset + 512]):
            raise tarfile.ReadError("it takes a damaged header for the end")
    return found


def member(path: str, kind: bytes = b"0", data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    info.type, info.size, info.mode, info.mtime = kind, len(data), 0o644, 1_700_000_000
    for name, value in fields.items():
        setattr(info, name, value)
    return info, data


def written(format: int, *members: tuple[tarfile.TarInfo, bytes], **options: dict[str, str]) -> bytes:  # noqa: A002
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format, encoding="utf-8", **options) as file:  # type: ignore[call-overload]
        for info, data in members:
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


PLAIN = (
    member("./", b"5", mode=0o755),
    member("etc/passwd", data=b"root:x:0:0\n" * 100),
    member("empty"),
    member("/absolute", data=bytes(512)),
    member("old", b"\0", b"1" * 513),
    member("old-directory/", b"\0"),
    member("contiguous", b"7", b"2"),
    member("set", data=b"3", mode=0o4755, uid=0o7777777, gid=1000),
    member("hard", b"1", linkname="./etc/passwd"),
    member("soft", b"2", linkname="../../etc/passwd", mode=0o777),
    member("dev/null", b"3", devmajor=1, devminor=3),
    member("dev/sda", b"4"),
    member("pipe", b"6"),
    member("d/" * 60 + "a-name-and-a-prefix" * 4, data=b"4"),
    member("etc/passwd", data=b"a second one\n"),
    member("é/ü.py", data=b"5"),
    member("not\udce9utf8", data=b"6"),
)
WIDE = (
    member("l" * 101, data=b"7"),
    member("x/" * 150 + "y", data=b"8" * 1000),
    member("x/" * 150, b"5", mode=0o1777),
    member("link", b"2", linkname="ö" * 90),
    member("link2", b"1", linkname="x/" * 150 + "y"),
    member("p" * 130, b"2", linkname="q" * 140),
    member("owned", data=b"9", uid=4_000_000_000, gid=0o10000000),
)
TARS = {
    **{name: written(FORMATS[name], *PLAIN) for name in FORMATS},
    **{f"{name}, wide": written(FORMATS[name], *PLAIN, *WIDE) for name in ("gnu", "pax")},
    "pax with a global header": written(
        FORMATS["pax"], *PLAIN, *WIDE, pax_headers={"comment": "0" * 600, "uid": "77", "mtime": "1700000000"}
    ),
    "before 1970": written(FORMATS["gnu"], member("a", data=b"1", mtime=-5)),
}


@pytest.mark.parametrize("step", [1, 511, 512, 4096, 1 << 18])
@pytest.mark.parametrize("data", TARS.values(), ids=TARS)
def test_it_reads_what_the_standard_library_reads(data: bytes, step: int) -> None:
    assert ours(data, step) == theirs(data)


def test_eight_gibibytes_are_announced() -> None:
    for name in ("gnu", "pax"):
        found = untar.read([member("big", size=8 << 30)[0].tobuf(FORMATS[name])], "the tar")
        assert next(found)[0] == Member("big", "file", 0o644, 0, 0, 8 << 30, 1_700_000_000, "")
        with pytest.raises(Untrusted, match="the tar is damaged: it ends early"):
            next(found)


def test_data_that_nobody_reads_is_passed_over() -> None:
    data = TARS["pax, wide"]
    assert [one for one, _ in untar.read([data], "the tar")] == [one for one, _ in theirs(data)]


def test_the_blocks_of_zeros_may_be_missing() -> None:
    data = written(FORMATS["ustar"], member("a", data=b"1"))
    assert ours(data[:1024]) == ours(data[:1536]) == ours(data) == theirs(data)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


def block(path: str = "a", kind: bytes = b"0", size: int = 0) -> bytes:
    return member(path, kind, size=size)[0].tobuf(tarfile.GNU_FORMAT)


def raw(kind: bytes, data: bytes) -> bytes:
    """A header of headers, which holds `data`."""
    return block("special", kind, size=len(data)) + data + tar.padding(len(data))


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """A header with other bytes in it, and its checksum made right again."""
    new = data[:at] + value + data[at + len(value) :]
    total = sum(new[:148]) + 8 * 32 + sum(new[156:512])
    return new[:148] + b"%06o\0 " % total + new[156:]


A = block()
REFUSED: dict[str, tuple[bytes, type[Error], str]] = {
    "nothing": (b"", Untrusted, "is damaged: it ends early"),
    "half a header": (A[:300], Untrusted, "is damaged: it ends early"),
    "half a header later": (A + A[:300], Untrusted, "is damaged: it ends early"),
    "no padding": (block(size=5) + b"12345", Untrusted, "is damaged: it ends early"),
    "text": (b"hello\n" * 200, Untrusted, r"is damaged: b'o\nhello\n' in a header is not a number"),
    "a checksum": (A[:9] + b"x" + A[10:], Untrusted, "is damaged: the checksum of a header is wrong"),
    "a later checksum": (A + b"b" + A[1:], Untrusted, "is damaged: the checksum of a header is wrong"),
    "a name without a member": (raw(b"L", b"name") + tar.END, Untrusted,
                                "is damaged: it ends where a member should be"),
    "a name at the end": (raw(b"L", b"name"), Untrusted, "is damaged: it ends early"),
    "two pax headers": (raw(b"x", b"") + raw(b"x", b"9 uid=12\n") + A, Untrusted,
                        "is damaged: a member is described twice"),
    "two long names": (raw(b"L", b"b") + raw(b"L", b"c") + A, Untrusted,
                       "is damaged: a member is described twice"),
    "a long name and pax's": (raw(b"L", b"b") + raw(b"x", b"10 path=c\n") + A, Untrusted,
                              "is damaged: a member is described twice"),
    "one name for all": (raw(b"g", b"10 path=c\n") + A, Untrusted, "is damaged: a member is described twice"),
    "a name of 2 MiB": (raw(b"L", b"a" * (2 << 20)) + A, Untrusted, "is damaged: a header is 2097152 bytes"),
    "a path of 5000 bytes": (raw(b"L", b"a/" * 2500) + A, Untrusted, "is damaged: it holds a path that is none"),
    "a link with a zero": (raw(b"x", b"16 linkpath=a\0b\n") + block(kind=b"2"), Untrusted,
                           "is damaged: it holds a path that is none"),
    "a path with a zero": (raw(b"x", b"12 path=a\0b\n") + A, Untrusted, "holds `a\0b`, which leaves"),
    "pax without a length": (raw(b"x", b"path=c\n") + A, Untrusted, "is damaged: an extended header is none"),
    "pax that is too long": (raw(b"x", b"99 path=c\n") + A, Untrusted, "is damaged: an extended header is none"),
    "pax that is too short": (raw(b"x", b"8 path=c\n") + A, Untrusted, "is damaged: an extended header is none"),
    "pax without a key": (raw(b"x", b"4 c\n") + A, Untrusted, "is damaged: an extended header is none"),
    "pax's size": (raw(b"x", b"10 size=-1\n") + A, Untrusted, "is damaged: an extended header is none"),
    "pax's negative size": (raw(b"x", b"11 size=-1\n") + A, Untrusted, "is damaged: `size` is not a number"),
    "pax's owner": (raw(b"x", b"18 uid=4294967295\n") + A, Untrusted, "is damaged: `uid` is out of range"),
    "a negative size": (patched(A, 124, b"\xff" * 12), Untrusted, "is damaged: `size` is out of range"),
    "a negative owner": (patched(A, 108, b"-000001\0"), Untrusted, "is damaged: `uid` is out of range"),
    "a huge time": (patched(A, 136, b"\x80" + b"\xff" * 11), Untrusted,
                    "is damaged: a number in a header is too large"),
    "a mode of letters": (patched(A, 100, b"rw-r--r-"), Untrusted,
                          "is damaged: b'rw-r--r-' in a header is not a number"),
    "GNU's sparse file": (block(kind=b"S"), Outside, "holds a sparse file, `a`, which lading does not read"),
    "pax's sparse file": (raw(b"x", b"22 GNU.sparse.major=1\n") + A, Outside,
                          "holds a sparse file, which lading does not read"),
    "an unknown kind": (block(kind=b"V"), Outside,
                        "holds `a`, which is of the unknown kind b'V', which lading does not read"),
    "out of the root by a long name": (raw(b"L", b"../a") + A, Untrusted, "holds `../a`, which leaves"),
    "out of the root by pax": (raw(b"x", b"13 path=../a\n") + A, Untrusted, "holds `../a`, which leaves"),
    "out of the root by a long link": (raw(b"K", b"../a") + block(kind=b"1"), Untrusted,
                                       "holds `../a`, which leaves"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(data: bytes, kind: type[Error], message: str) -> None:
    with pytest.raises(Error, match="^the tar " + re.escape(message)) as error:
        ours(data)
    assert type(error.value) is kind


def test_a_record_without_a_value_leaves_the_header_as_it_is() -> None:
    assert [one.path for one, _ in ours(raw(b"x", b"8 path=\n") + A)] == ["a"]


# ── whatever happens to the bytes ────────────────────────────────────────────────────────────────────────────────────


def mutations(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """`data` with bytes changed, blocks moved, and its end cut off; checksums made right again half of the time."""
    chance = random.Random(seed)
    for _ in range(count):
        new = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 3))):
            at = chance.randrange(len(new) // 512) * 512
            match chance.randrange(8):
                case 0:
                    new[at : at + 512] = b""
                case 1:
                    new[at:at] = new[(start := chance.randrange(len(new) // 512) * 512) : start + 512]
                case 2:
                    del new[chance.randrange(512, len(new)) :]
                case _:
                    start, some = at + chance.randrange(512), bytes(chance.choices(b"\0 /.019=\x80\xff\nLKxgS5", k=4))
                    new[start : start + chance.randrange(1, 4)] = some[: chance.randrange(1, 4)]
                    new = new[: len(new) // 512 * 512]
                    if chance.random() < 0.7 and new[at + 257 : at + 262] == b"ustar":
                        new[at : at + 512] = patched(bytes(new[at : at + 512]), 0, b"")
            if len(new) < 1024:
                break
        yield bytes(new)


@pytest.mark.parametrize("name", TARS)
def test_damage_is_told_or_read_as_the_standard_library_reads_it(name: str) -> None:
    accepted = refused = 0
    for data in mutations(TARS[name], seed=len(name), count=300):
        try:
            found = ours(data)
        except Error:
            refused += 1
            continue
        try:
            expected = theirs(data)
        except (tarfile.TarError, ValueError):
            continue
        # Pax's own times, with fractions, are not read.
        assert [(one._replace(mtime=0), content) for one, content in found] == [
            (one._replace(mtime=0), content) for one, content in expected
        ]
        accepted += 1
    assert min(accepted, refused) > 15


def image(blob: Path) -> model.Image:
    one = model.Layer(
        digest=digest.of(b""), diff_id=digest.of(b""), size=0, unpacked=0, media_type=layer.GZIP, made_by="", blob=blob
    )
    return model.Image(digest=digest.of(b""), platform="linux/amd64", config={}, layers=(one,))


@pytest.mark.slow
def test_damage_leaves_nothing_outside_of_the_folder(tmp_path: Path) -> None:
    reaching = written(
        FORMATS["gnu"],
        member("d", b"5"),
        member("d/up", b"2", linkname="../../outside"),
        member("d/up/x", data=b"1"),
        member("there", b"2", linkname="../outside/there"),
        member("hard", b"1", linkname="there"),
        member("there", data=b"2"),
        member("d/.wh.up"),
        member(".wh..wh..opq"),
        member("long" * 40, b"2", linkname="/outside/" * 20),
    )
    blob, root, outside = tmp_path / "layer", tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "there").write_text("ours")
    for data in mutations(reaching, seed=7, count=100):
        blob.write_bytes(data)
        with suppress(Error):
            unpack(image(blob), root, owners=False)
        assert {path.name for path in tmp_path.iterdir()} <= {"layer", "root", "outside"}
        assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("there", "ours")]
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(0o700)
        shutil.rmtree(root)


# ── gzip around it ───────────────────────────────────────────────────────────────────────────────────────────────────


def unzipped(data: bytes, folder: Path) -> bytes:
    (folder / "blob").write_bytes(data)
    return b"".join(compress.ahead(compress.plain(folder / "blob")))


def exactly(size: int) -> tuple[bytes, bytes]:
    """Bytes, and the gzip member of `size` bytes that holds them: stored blocks, whose lengths can be told."""
    content = os.urandom(size - 18 - 5 * 5)
    made = zlib.compressobj(0, wbits=31)
    out = made.compress(content) + made.flush()
    while len(out) != size:
        content = content[: len(content) + size - len(out)] + bytes(max(0, size - len(out)))
        made = zlib.compressobj(0, wbits=31)
        out = made.compress(content) + made.flush()
    return content, out


def test_members_of_gzip_may_end_where_a_read_ends(tmp_path: Path) -> None:
    content, packed = exactly(1 << 18)
    assert unzipped(packed + gzip.compress(b"second"), tmp_path) == content + b"second"


def test_zeros_may_stand_between_and_after_members_of_gzip(tmp_path: Path) -> None:
    for count in (1, 1 << 18, 600_000):
        data = gzip.compress(b"first") + bytes(count) + gzip.compress(b"second") + bytes(count)
        assert unzipped(data, tmp_path) == b"firstsecond"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"first") + b"garbage",
        gzip.compress(b"first")[:-1],
        gzip.compress(b"first")[:-8] + bytes(8),
        gzip.compress(b"first")[:5],
        gzip.compress(b"first") + gzip.compress(b"second")[:-3],
    ],
    ids=["garbage after", "a byte short", "a wrong checksum", "half a header", "half a second"],
)
def test_damaged_gzip_is_told(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(Untrusted, match=r"^layer `blob` is damaged: "):
        unzipped(data, tmp_path)


def test_a_layer_is_read_to_the_checksum_behind_its_tar(tmp_path: Path) -> None:
    data = gzip.compress(TARS["ustar"] + bytes(1 << 20))
    (tmp_path / "blob").write_bytes(data[:-8] + bytes(8))
    one = image(tmp_path / "blob").layers[0]
    with pytest.raises(Untrusted, match=r"^layer `blob` is damaged: "):
        list(layer.read(one))


def test_a_reader_that_stops_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(gzip.compress(os.urandom(4 << 20), 1))
    before = threading.active_count()
    pieces = compress.ahead(compress.plain(tmp_path / "blob"))
    assert len(next(pieces)) > 0
    assert threading.active_count() == before + 1
    del pieces
    until = time.monotonic() + 10  # it ends by itself: nobody waits for it
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before


# ── on a disk ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_are_the_bytes_of_the_tar(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(TARS["pax"])
    unpack(image(tmp_path / "blob"), tmp_path / "root", owners=False)
    names = set(os.listdir(os.fsencode(tmp_path / "root")))
    assert {b"not\xe9utf8", "é".encode()} <= names
    assert (tmp_path / "root" / "etc" / "passwd").read_bytes() == b"a second one\n"
    assert (tmp_path / "root" / "hard").read_bytes() == b"root:x:0:0\n" * 100


@pytest.mark.slow
def test_a_path_deeper_than_python_recurses_is_made_and_taken_away(tmp_path: Path) -> None:
    deep, layers = "d/" * 1010 + "f", []
    for number, members in enumerate(((member(deep, data=b"1"),), (member(".wh.d"),))):
        blob = tmp_path / str(number)
        blob.write_bytes(written(FORMATS["gnu"], *members))
        layers.append(image(blob).layers[0])
    one = image(tmp_path / "0")
    both = model.Image(digest=one.digest, platform=one.platform, config={}, layers=tuple(layers))
    unpack(both, tmp_path / "root", owners=False)
    assert list((tmp_path / "root").iterdir()) == []
