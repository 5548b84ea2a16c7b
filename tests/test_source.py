"""A tree on disk is listed whole, in order, and never left."""

import os
from pathlib import Path

import pytest

from lading.errors import BadInput
from lading.source import Directory, Memory


def write(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def test_files_are_listed_by_path_with_their_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "a/z.py", "a.py", "run.sh").joinpath("run.sh").chmod(0o755)
    source = Directory(tmp_path)
    assert list(source.files.items()) == [("a.py", False), ("a/z.py", False), ("b.py", False), ("run.sh", True)]
    assert source.read("a/z.py") == b"a/z.py"
    assert source.name == tmp_path.name


def test_what_tools_make_is_not_walked(tmp_path: Path) -> None:
    write(tmp_path, "main.py", ".git/config", "app/__pycache__/x.pyc", "web/node_modules/x.py", "my-env/pyvenv.cfg")
    write(tmp_path, "my-env/lib/x.py", ".env")
    assert list(Directory(tmp_path).files) == [".env", "main.py"]


def test_a_link_within_the_tree_is_followed(tmp_path: Path) -> None:
    write(tmp_path, "lib/x.py").joinpath("linked").symlink_to("lib")
    (tmp_path / "y.py").symlink_to(tmp_path / "lib" / "x.py")
    source = Directory(tmp_path)
    assert (list(source.files), dict(source.escapes)) == (["lib/x.py", "linked/x.py", "y.py"], {})
    assert source.read("y.py") == b"lib/x.py"


def test_a_link_out_of_the_tree_is_named_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.py", "root/main.py")
    root = tmp_path / "root"
    (root / "file.py").symlink_to("../outside/secret.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "nowhere").symlink_to("missing")
    source = Directory(root)
    assert list(source.files) == ["main.py"]
    assert source.escapes == {
        "file.py": "../outside/secret.py",
        "folder": str(tmp_path / "outside"),
        "nowhere": "missing",
    }


def test_a_virtual_environment_that_is_a_link_is_no_escape(tmp_path: Path) -> None:
    write(tmp_path, "outside/x.py", "root/main.py")
    (tmp_path / "root" / ".venv").symlink_to(tmp_path / "outside")
    assert Directory(tmp_path / "root").escapes == {}


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, "a/x.py", "b/y.py")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "b").symlink_to("../b")
    (tmp_path / "b" / "a").symlink_to("../a")
    (tmp_path / "self").symlink_to("self")
    source = Directory(tmp_path)
    assert list(source.files) == ["a/b/y.py", "a/x.py", "b/a/x.py", "b/y.py"]
    assert source.escapes == {
        "a/b/a": "../a",
        "a/up": str(tmp_path),
        "b/a/b": "../b",
        "b/a/up": str(tmp_path),
        "self": "self",
    }


def test_pipes_and_sockets_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(write(tmp_path, "main.py") / "pipe.py")
    assert list(Directory(tmp_path).files) == ["main.py"]


def test_what_is_no_directory_is_said(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    for path in (tmp_path / "missing", tmp_path / "main.py"):
        with pytest.raises(BadInput) as caught:
            Directory(path)
        assert str(caught.value) == f"`{path}` is not a directory"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    source = Directory(write(tmp_path, "main.py"))
    assert list(source.files) == ["main.py"]
    (tmp_path / "main.py").unlink()
    with pytest.raises(BadInput) as caught:
        source.read("main.py")
    assert str(caught.value) == "main.py: cannot be read: No such file or directory"
    assert caught.value.hint


def test_memory_reads_text_and_bytes() -> None:
    source = Memory({"b": "text", "a": b"\xff"})
    assert (list(source.files), source.read("a"), source.read("b")) == (["a", "b"], b"\xff", b"text")
