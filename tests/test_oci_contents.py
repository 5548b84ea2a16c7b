"""Layers → the file system that they add up to, as values and on a disk: both by the same table, so that they agree."""

import gzip
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from lading import model
from lading.errors import BadInput, Error, Outside, Untrusted
from lading.oci import contents, digest, layer
from lading.oci.unpack import unpack


def image(folder: Path, *layers: tuple[str, ...]) -> model.Image:
    """An image whose layers hold these members: `a/` a directory, `a -> b` a link, `a = b` a hard link, `a` a file.

    A file's data is its layer's number, so that it shows where it is from.
    """
    made = []
    for number, members in enumerate(layers):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as file:
            for member in members:
                info, data = tarfile.TarInfo(), b""
                if " -> " in member:
                    info.name, info.linkname = member.split(" -> ")
                    info.type = tarfile.SYMTYPE
                elif " = " in member:
                    info.name, info.linkname = member.split(" = ")
                    info.type = tarfile.LNKTYPE
                elif member.endswith("/"):
                    info.name, info.type, info.mode = member, tarfile.DIRTYPE, 0o755
                else:
                    info.name, data = member, str(number).encode()
                    info.size = 1
                info.mtime = 1_000_000
                file.addfile(info, io.BytesIO(data))
        blob = folder / f"layer{number}"
        blob.write_bytes(gzip.compress(out.getvalue()))
        made.append(layer.measure(blob))
    return model.Image(digest=digest.of(b""), platform="linux/amd64", config={}, layers=tuple(made))


def described(file: model.File) -> str:
    match file.kind:
        case "directory":
            return "directory"
        case "symlink":
            return f"-> {file.link}"
        case "file":
            return (file.data or b"?").decode()
        case other:
            return other


def on_disk(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found["/" + str(path.relative_to(root))] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found["/" + str(path.relative_to(root))] = "directory"
        else:
            found["/" + str(path.relative_to(root))] = path.read_text()
    return found


LAYERS: dict[str, tuple[tuple[tuple[str, ...], ...], dict[str, str]]] = {
    "a file above replaces one below": ((("a", "b"), ("a",)), {"/a": "1", "/b": "0"}),
    "parents that no layer names are directories": (
        (("x/y/z",),), {"/x": "directory", "/x/y": "directory", "/x/y/z": "0"},
    ),
    "a whiteout takes a file away": ((("a", "b"), (".wh.a",)), {"/b": "0"}),
    "a whiteout takes a directory away with all in it": (
        (("d/", "d/e/", "d/e/f", "d2"), (".wh.d",)), {"/d2": "0"},
    ),
    "a whiteout before or after hides what is below, not what its own layer brings": (
        (("a", "d/x"), ("a", ".wh.a", ".wh.d", "d/", "d/y")), {"/a": "1", "/d": "directory", "/d/y": "1"},
    ),
    "a whiteout after the directory it empties": (
        (("d/x", "d/e/z"), ("d/", "d/y", ".wh.d")), {"/d": "directory", "/d/y": "1"},
    ),
    "a whiteout of what is not there": ((("a",), (".wh.b", "c/.wh.d")), {"/a": "0"}),
    "a whiteout, and then the same path again": ((("a",), (".wh.a",), ("a",)), {"/a": "2"}),
    "an opaque directory hides what is below it": (
        (("d/x", "d/e/y", "dz"), ("d/", "d/.wh..wh..opq", "d/n")), {"/d": "directory", "/d/n": "1", "/dz": "0"},
    ),
    "an opaque mark after what its own layer brings": (
        (("d/x", "d/e/y"), ("d/", "d/e/", "d/e/n", "d/.wh..wh..opq")),
        {"/d": "directory", "/d/e": "directory", "/d/e/n": "1"},
    ),
    "an opaque root": ((("a", "d/b"), (".wh..wh..opq", "c")), {"/c": "1"}),
    "a directory above keeps what is in it": (
        (("d/", "d/x"), ("d/", "d/y")), {"/d": "directory", "/d/x": "0", "/d/y": "1"},
    ),
    "a file above replaces a directory and all in it": ((("d/x", "dx"), ("d",)), {"/d": "1", "/dx": "0"}),
    "a link above replaces a directory": ((("d/x",), ("d -> e",)), {"/d": "-> e"}),
    "a directory above replaces a link, which is not followed": (
        (("e/", "d -> e"), ("d/x",)), {"/d": "directory", "/d/x": "1", "/e": "directory"},
    ),
    "a hard link is a file with the same data": ((("a", "b = a"),), {"/a": "0", "/b": "0"}),
    "a hard link to a layer below": ((("a",), ("b = a",)), {"/a": "0", "/b": "0"}),
    "a hard link keeps its data when its target is replaced": ((("a", "b = a"), ("a",)), {"/a": "1", "/b": "0"}),
    "leading slashes and dots do not count": ((("/a", "./d/./b"),), {"/a": "0", "/d": "directory", "/d/b": "0"}),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), LAYERS.values(), ids=LAYERS)
def test_layers_add_up(layers: tuple[tuple[str, ...], ...], expected: dict[str, str], tmp_path: Path) -> None:
    one = image(tmp_path, *layers)
    merged = contents.load(one, lambda _: True).files
    assert {path: described(file) for path, file in merged.items()} == expected
    unpack(one, tmp_path / "root", owners=False)
    assert on_disk(tmp_path / "root") == expected


def test_data_is_there_for_what_was_asked_only(tmp_path: Path) -> None:
    one = image(tmp_path, ("a", "b = a", "c"))
    found = contents.load(one, lambda path: path == "/b")
    assert [(file.path, file.kind, file.size, file.data) for file in found.layers[0]] == [
        ("/a", "file", 1, None),
        ("/b", "hardlink", 0, b"0"),
        ("/c", "file", 1, None),
    ]
    assert [(file.path, file.kind, file.size, file.data) for file in found.files.values()] == [
        ("/a", "file", 1, None),
        ("/b", "file", 1, b"0"),
        ("/c", "file", 1, None),
    ]


def test_each_layer_shows_what_a_later_one_hides(tmp_path: Path) -> None:
    found = contents.load(image(tmp_path, ("secret",), (".wh.secret",)), lambda path: path == "/secret")
    assert [[(file.path, file.kind, file.data) for file in files] for files in found.layers] == [
        [("/secret", "file", b"0")],
        [("/.wh.secret", "other", None)],
    ]
    assert found.files == {}


HOSTILE: dict[str, tuple[tuple[tuple[str, ...], ...], dict[str, str] | type[Error]]] = {
    "through a link to outside": ((("a -> ../outside",), ("a/x",)), {"/a": "directory", "/a/x": "1"}),
    "through a link in the same layer": ((("a -> ../outside", "a/x"),), {"/a": "directory", "/a/x": "0"}),
    "through two links": ((("a -> b", "b -> ../outside", "a/x", "b/y"),),
                          {"/a": "directory", "/a/x": "0", "/b": "directory", "/b/y": "0"}),
    "over a link to an outside file": ((("a -> ../outside/there",), ("a",)), {"/a": "1"}),
    "a directory over a link to outside": ((("a -> ../outside", "a/"),), {"/a": "directory"}),
    "a whiteout through a link": ((("a -> ../outside",), ("a/.wh.there",)), {"/a": "-> ../outside"}),
    "an opaque mark through a link": ((("a -> ../outside",), ("a/.wh..wh..opq",)), {"/a": "-> ../outside"}),
    "a hard link to a link to outside": ((("a -> ../outside/there", "b = a"),),
                                         {"/a": "-> ../outside/there", "/b": "-> ../outside/there"}),
    "a hard link through a link": ((("a -> ../outside", "b = a/there"),), Untrusted),
    "a hard link to itself": ((("a = a",),), Untrusted),
    "a hard link to a directory": ((("d/", "b = d"),), Untrusted),
    "a hard link to nothing": ((("b = c",),), Untrusted),
    "an absolute path": ((("/outside/x",),), {"/outside": "directory", "/outside/x": "0"}),
    "a path with two dots": ((("../outside/x",),), Untrusted),
    "a hard link with two dots": ((("a = ../outside/there",),), Untrusted),
    "a whiteout of two dots": (((".wh...",),), Untrusted),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_nothing_outside_is_read_or_written(
    layers: tuple[tuple[str, ...], ...], expected: dict[str, str] | type[Error], tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "there").write_text("ours")
    one = image(tmp_path, *layers)
    if isinstance(expected, dict):
        unpack(one, tmp_path / "root", owners=False)
        assert on_disk(tmp_path / "root") == expected
    else:
        with pytest.raises(expected):
            unpack(one, tmp_path / "root", owners=False)
    assert on_disk(tmp_path / "outside") == {"/there": "ours"}
    assert (tmp_path / "outside" / "there").stat().st_nlink == 1


def test_modes_and_times_are_kept_and_set_id_bits_are_not_given_to_us(tmp_path: Path) -> None:
    entries = (
        layer.Entry(path="closed", kind="directory", mode=0o555),
        layer.Entry(path="closed/tool", kind="file", mode=0o4755, data=b"1"),
        layer.Entry(path="none", kind="file", mode=0),
        layer.Entry(path="tmp", kind="directory", mode=0o1777),
    )
    made = layer.write(entries, tmp_path / "store", made_by="")
    one = model.Image(digest=made.digest, platform="linux/amd64", config={}, layers=(made,))
    before = os.umask(0o077)
    try:
        unpack(one, tmp_path / "root", owners=False)
    finally:
        os.umask(before)
    found = {path.name: path.lstat() for path in (tmp_path / "root").rglob("*")}
    assert {name: stat.S_IMODE(status.st_mode) for name, status in found.items()} == {
        "closed": 0o555,
        "tool": 0o755,
        "none": 0,
        "tmp": 0o1777,
    }
    assert {status.st_mtime for status in found.values()} == {1}
    (tmp_path / "root" / "closed").chmod(0o755)


@pytest.mark.engine  # it needs root, as the engines do
def test_owners_are_given_when_asked(tmp_path: Path) -> None:
    entries = (
        layer.Entry(path="data", kind="directory", mode=0o755, uid=1000, gid=1001),
        layer.Entry(path="data/tool", kind="file", mode=0o4755, uid=1002, gid=1003),
        layer.Entry(path="link", kind="symlink", link="data", uid=1004, gid=1005),
    )
    made = layer.write(entries, tmp_path / "store", made_by="")
    one = model.Image(digest=made.digest, platform="linux/amd64", config={}, layers=(made,))
    unpack(one, tmp_path / "root", owners=True)
    found = {path.name: path.lstat() for path in (tmp_path / "root").rglob("*")}
    assert {name: (each.st_uid, each.st_gid, stat.S_IMODE(each.st_mode)) for name, each in found.items()} == {
        "data": (1000, 1001, 0o755),
        "tool": (1002, 1003, 0o4755),
        "link": (1004, 1005, 0o777),
    }


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not empty"):
        unpack(image(tmp_path, ("a",)), tmp_path, owners=False)


def test_what_the_disk_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(Outside) as error:
        unpack(image(tmp_path, ("a" * 300,)), tmp_path / "root", owners=False)
    assert str(error.value) == f"`{tmp_path / 'root'}` cannot be filled with the image: File name too long"
