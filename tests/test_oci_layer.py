"""Entries → a layer with the same bytes everywhere; and layers of anybody's, hostile ones among them → entries."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from lading import model
from lading.errors import BadInput, Outside, Untrusted
from lading.oci import blobs, compress, digest, layer, tar
from lading.oci.layer import Entry

pytestmark = pytest.mark.slow

ENTRIES = (
    Entry(path="app/main.py", kind="file", data=b"print('hello')\n", uid=1000, gid=1000),
    Entry(path="app", kind="directory", mode=0o755, uid=1000, gid=1000),
    Entry(path="tmp", kind="directory", mode=0o1777),
    Entry(path="usr/bin/python3", kind="symlink", link="python3.13"),
    Entry(path="usr/bin/python3.13", kind="file", mode=0o755, data=b"\x7fELF" + bytes(3_000_000)),
)


def tarred(*members: tuple[str, bytes, str, bytes]) -> bytes:
    """A tar of (path, type, link, data), made by the standard library, which refuses nothing."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for path, kind, link, data in members:
            info = tarfile.TarInfo(path)
            info.type, info.linkname, info.size, info.mode = kind, link, len(data), 0o755
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def kept(data: bytes, folder: Path) -> model.Layer:
    """`data` as a layer, as if an engine had handed it to us."""
    path = folder / "layer"
    path.write_bytes(data)
    return model.Layer(
        digest=digest.of(data), diff_id=digest.of(data), size=len(data), unpacked=len(data),
        media_type=layer.PLAIN, made_by="", blob=path,
    )  # fmt: skip


def test_a_layer_has_these_bytes_on_every_machine(tmp_path: Path) -> None:
    made = layer.write(ENTRIES, tmp_path, made_by="the test")
    assert made == model.Layer(
        digest="sha256:aa6e900db239570be550195b31fc3fb571132c8908bf82768d016561d0354d24",
        diff_id="sha256:0fabb9b4cf12bb5744aac4cf93e862531ba20fe48fb6e68677c363c39580589f",
        size=3212,
        unpacked=3_005_440,
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
        made_by="the test",
        blob=tmp_path / "blobs" / "sha256" / "aa6e900db239570be550195b31fc3fb571132c8908bf82768d016561d0354d24",
    )


@pytest.mark.parametrize("cpus", [1, 2, 8])
@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[::-1], (*ENTRIES, *ENTRIES)], ids=["sorted", "reversed", "twice"])
def test_neither_order_nor_cores_change_the_bytes(
    entries: tuple[Entry, ...], cpus: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layer.write(ENTRIES, tmp_path, made_by="")
    monkeypatch.setattr(os, "cpu_count", lambda: cpus)
    assert layer.write(entries, tmp_path, made_by="") == first
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest.encoded(first.digest)]


@pytest.mark.parametrize("size", [0, 1, 511, 512, compress.BLOCK - 1024, compress.BLOCK, 5 * compress.BLOCK + 7])
@pytest.mark.parametrize("level", [layer.OFTEN, layer.KEPT])
def test_the_standard_library_reads_what_was_written(size: int, level: int, tmp_path: Path) -> None:
    data = os.urandom(size // 2) + bytes(size - size // 2)
    made = layer.write([Entry(path="a/b", kind="file", data=data)], tmp_path, made_by="", level=level)
    raw = made.blob.read_bytes()
    assert raw[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    plain = gzip.decompress(raw)
    assert (len(plain), digest.of(plain), digest.of(raw)) == (made.unpacked, made.diff_id, made.digest)
    with tarfile.open(fileobj=io.BytesIO(plain)) as file:
        found = file.extractfile("a/b")
        assert found
        assert found.read() == data
    assert layer.measure(made.blob) == made


@pytest.mark.parametrize(
    "entry",
    [
        Entry(path="a" * 100, kind="file"),
        Entry(path="a" * 101, kind="file"),
        Entry(path="b/" * 70 + "c" * 100, kind="file"),
        Entry(path="b/" * 90 + "c" * 200, kind="file"),
        Entry(path="d" * 99, kind="directory"),
        Entry(path="d" * 100, kind="directory"),
        Entry(path="e/" * 60 + "f" * 99, kind="directory", mode=0o755),
        Entry(path="é/ü.py", kind="file", data=b"1"),
        Entry(path="link", kind="symlink", link="x" * 100),
        Entry(path="link", kind="symlink", link="x" * 101),
        Entry(path="link", kind="symlink", link="ü"),
        Entry(path="owned", kind="file", uid=0o7777777, gid=0o7777777),
        Entry(path="owned", kind="file", uid=0o10000000, gid=4_000_000_000),
        Entry(path="mode", kind="file", mode=0o4755),
    ],
    ids=lambda entry: f"{entry.path[:6]}{len(entry.path)}-{entry.kind}-{len(entry.link)}-{entry.uid}",
)
def test_every_entry_comes_back(entry: Entry, tmp_path: Path) -> None:
    made = layer.write([entry], tmp_path, made_by="")
    assert list(layer.read(made, lambda _: True))[-1] == model.File(
        path="/" + entry.path,
        kind=entry.kind,
        mode=0o777 if entry.kind == "symlink" else entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        size=len(entry.data),
        link=entry.link,
        data=entry.data if entry.kind == "file" else None,
    )


def test_a_file_of_eight_gibibytes_has_a_header_that_others_read() -> None:
    info = tarfile.TarFile(fileobj=io.BytesIO(tar.header("big", tar.FILE, size=8 << 30)), mode="r").next()
    assert info
    assert (info.name, info.size, info.mtime) == ("big", 8 << 30, 1)


def test_parents_are_there_first_and_root_owned(tmp_path: Path) -> None:
    made = layer.write([Entry(path="opt/venv/lib/a.py", kind="file", uid=5)], tmp_path, made_by="")
    assert [(one.path, one.kind, one.mode, one.uid) for one in layer.read(made)] == [
        ("/opt", "directory", 0o755, 0),
        ("/opt/venv", "directory", 0o755, 0),
        ("/opt/venv/lib", "directory", 0o755, 0),
        ("/opt/venv/lib/a.py", "file", 0o644, 5),
    ]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [Entry(path="a/x.py", kind="file", data=b"1"), Entry(path="a/x.py", kind="file", data=b"2")],
            "`/a/x.py` would be in the layer twice, with different contents",
        ),
        (
            [Entry(path="a", kind="symlink", link="b"), Entry(path="a/x.py", kind="file")],
            "`/a/x.py` would be in the layer, below `/a`, which is a symlink",
        ),
        (
            [Entry(path="lib/x.so", kind="file")],
            "`/lib/x.so` would replace the link `/lib` of the base: put it below `/usr/lib`",
        ),
        (
            [Entry(path="bin", kind="directory", mode=0o755)],
            "`/bin` would replace the link `/bin` of the base: put it below `/usr/bin`",
        ),
        ([Entry(path="/etc/passwd", kind="file")], "`/etc/passwd` cannot be a path in a layer"),
        ([Entry(path="../etc/passwd", kind="file")], "`../etc/passwd` cannot be a path in a layer"),
        ([Entry(path="a//b", kind="file")], "`a//b` cannot be a path in a layer"),
        ([Entry(path="", kind="file")], "`` cannot be a path in a layer"),
        ([Entry(path="a\0b", kind="file")], "`a\0b` cannot be a path in a layer"),
    ],
)
def test_what_no_image_may_hold_is_refused_and_nothing_is_kept(
    entries: list[Entry], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as error:
        layer.write(entries, tmp_path, made_by="")
    assert str(error.value) == message
    assert list(tmp_path.rglob("*")) == []


def test_the_links_of_a_merged_usr_may_be_in_a_layer(tmp_path: Path) -> None:
    made = layer.write([Entry(path="bin", kind="symlink", link="usr/bin")], tmp_path, made_by="")
    assert [(one.path, one.link) for one in layer.read(made)] == [("/bin", "usr/bin")]


def test_each_kind_of_member_is_told(tmp_path: Path) -> None:
    data = tarred(
        ("./", b"5", "", b""),
        ("./a", b"0", "", b"data"),
        ("/b", b"0", "", b"other"),
        ("c", b"1", "./a", b""),
        ("d", b"2", "../../etc/passwd", b""),
        ("dev/null", b"3", "", b""),
        ("pipe", b"6", "", b""),
        ("e/.wh.f", b"0", "", b""),
        ("e/.wh..wh..opq", b"0", "", b""),
    )
    found = layer.read(kept(data, tmp_path), lambda path: path == "/a")
    assert [(one.path, one.kind, one.size, one.link, one.data) for one in found] == [
        ("/", "directory", 0, "", None),
        ("/a", "file", 4, "", b"data"),
        ("/b", "file", 5, "", None),
        ("/c", "hardlink", 0, "/a", None),
        ("/d", "symlink", 0, "../../etc/passwd", None),
        ("/dev/null", "other", 0, "", None),
        ("/pipe", "other", 0, "", None),
        ("/e/.wh.f", "other", 0, "", None),
        ("/e/.wh..wh..opq", "other", 0, "", None),
    ]


@pytest.mark.parametrize(
    ("member", "path"),
    [
        (("../outside", b"0", "", b""), "../outside"),
        (("a/../../outside", b"0", "", b""), "a/../../outside"),
        (("a/../b", b"0", "", b""), "a/../b"),
        (("link", b"1", "../outside", b""), "../outside"),
        ((".wh...", b"0", "", b""), ".."),
    ],
)
def test_a_member_that_leaves_the_root_is_refused(
    member: tuple[str, bytes, str, bytes], path: str, tmp_path: Path
) -> None:
    with pytest.raises(Untrusted, match="leaves the image's root"):
        list(layer.read(kept(tarred(member), tmp_path)))


@pytest.mark.parametrize(("magic", "name"), [(b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"BZh9", "bzip2")])
def test_another_compression_is_named(magic: bytes, name: str, tmp_path: Path) -> None:
    with pytest.raises(Outside) as error:
        list(layer.read(kept(magic + bytes(100), tmp_path)))
    assert str(error.value) == f"layer `layer` is compressed with {name}, which lading does not read"


def test_gzip_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    data = tarred(("a", b"0", "", b"1" * 5000), ("b", b"0", "", b"2"))
    parts = gzip.compress(data[:3000]) + gzip.compress(data[3000:])
    assert [one.path for one in layer.read(kept(parts, tmp_path))] == ["/a", "/b"]


@pytest.mark.parametrize("where", [12, 200, 2000])
def test_a_damaged_layer_is_told(where: int, tmp_path: Path) -> None:
    made = layer.write([Entry(path="a", kind="file", data=os.urandom(4000))], tmp_path, made_by="")
    data = bytearray(made.blob.read_bytes())
    data[where] ^= 0xFF
    with pytest.raises(Untrusted, match="is damaged"):
        layer.measure(kept(bytes(data), tmp_path).blob)
    with pytest.raises(Untrusted, match="is damaged"):
        layer.measure(kept(bytes(data[:where]), tmp_path).blob)


@pytest.mark.parametrize("cut", [100, 700, 1500])
def test_a_tar_that_ends_early_is_told(cut: int, tmp_path: Path) -> None:
    data = tarred(("a", b"0", "", b"1" * 600), ("b", b"0", "", b"2" * 600))
    with pytest.raises(Untrusted, match="is damaged"):
        list(layer.read(kept(data[:cut], tmp_path), lambda _: True))


def test_a_blob_that_is_not_the_promised_one_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(Untrusted, match="not the one that was promised"):
        blobs.add(tmp_path, [b"something"], expected=digest.of(b"else"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha512:" + "0" * 64, "sha256:" + "A" * 64, "sha256:../" + "0" * 61, None]
)
def test_only_a_sha256_names_a_blob(text: object, tmp_path: Path) -> None:
    with pytest.raises(Untrusted):
        blobs.path(tmp_path, text)
