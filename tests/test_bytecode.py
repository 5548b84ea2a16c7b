"""Bytecode that the interpreter takes, whose bytes depend on the source alone, and the interpreters that make it."""

from __future__ import annotations

import importlib.util
import marshal
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lading import command
from lading.build import bytecode, interpreter
from lading.build.interpreter import Compiler
from lading.command import Command, Done
from lading.errors import Outside
from lading.oci.layer import Entry

pytestmark = pytest.mark.slow

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
TAG = sys.implementation.cache_tag
HERE = Compiler(argv=(sys.executable, "-I", "-S", "-B"), identity="here", tag=TAG)


def compiled(
    *groups: bytecode.Group,
    store: Path,
    checked: bool = False,
    compiler: Compiler | None = HERE,
    run: command.Runner = command.run,
) -> dict[str, bytes]:
    made = bytecode.entries(groups, checked=checked, compiler=compiler, store=store, run=run)
    assert {(one.kind, one.mode, one.uid, one.gid) for one in made} <= {("file", 0o644, 0, 0)}
    return {one.path: one.data for one in made}


@pytest.mark.parametrize("source", ["app/main.py", "usr/lib/python3/re/__init__.py", "app/a.b.py"])
def test_the_path_is_where_the_interpreter_looks(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", "/opt/pycache")
    assert "/" + bytecode.path(source, TAG) == importlib.util.cache_from_source("/" + source)


@pytest.mark.parametrize(("checked", "flags"), [(True, 0b11), (False, 0b01)])
def test_the_header_is_that_of_pep_552(tmp_path: Path, checked: bool, flags: int) -> None:
    source = b"def f():\n    return 42\n"
    (data,) = compiled({"app/x.py": source}, store=tmp_path, checked=checked).values()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(data[4:8], "little") == flags
    assert data[8:16] == importlib.util.source_hash(source)
    code = marshal.loads(data[16:])
    assert (code.co_filename, code.co_names) == ("/app/x.py", ("f",))


def test_the_interpreter_uses_it_and_writes_none(tmp_path: Path) -> None:
    """Checked bytecode gives way to a source that changed; unchecked does not, and is never compared."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for checked, printed in ((True, "new"), (False, "old")):
        (tree / "x.py").write_text("print('old')")
        source = str(tree / "x.py").lstrip("/")
        made = compiled({source: (tree / "x.py").read_bytes()}, store=tmp_path / "store", checked=checked)
        for path, data in made.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(data)
        ask = (sys.executable, "-X", f"pycache_prefix={tmp_path / bytecode.PREFIX}", "-B", "-c", "import x")
        assert command.output(Command(argv=ask, cwd=tree)) == "old\n"
        (tree / "x.py").write_text("print('new')")
        assert command.output(Command(argv=ask, cwd=tree)) == f"{printed}\n"
    assert [path.name for path in tree.iterdir()] == ["x.py"]


@pytest.mark.parametrize(
    "source",
    [
        b"print 'Python 2'\n",
        b"{{ cookiecutter.name }} = 1 = 2\n",
        b"x = '\0'\n",
        b"# coding: no-such-codec\n",
        b"x = '\xff'\n",
        b"(" * 500,
        b"-" * 200_000 + b"1\n",
    ],
    ids=["python-2", "template", "null", "codec", "not-utf-8", "nested", "deep"],
)
def test_what_does_not_compile_has_none(tmp_path: Path, source: bytes) -> None:
    made = compiled({"a.py": b"", "b.py": source}, {"c.py": b""}, store=tmp_path)
    assert [path for path in made if path != bytecode.path("a.py", TAG)] == [bytecode.path("c.py", TAG)]


def test_a_warning_is_not_an_error(tmp_path: Path) -> None:
    assert len(compiled({"a.py": b"x = '\\d' is 'y'\n"}, store=tmp_path)) == 1


def test_the_bytes_depend_on_the_group_alone(tmp_path: Path) -> None:
    """Whatever was compiled before, wherever, and with whatever environment."""
    shared = b"def f(key, value=('shared', 'constants')):\n    return {'shared': key, 'constants': {1, 2, 'x'}}\n"
    group = {"app/one.py": shared, "app/two.py": shared + b"class C:\n    key = f\n"}
    others = [{f"app/{number}.py": shared * number} for number in range(1, 6)]
    alone = compiled(group, store=tmp_path / "1")
    among = compiled(*others, group, store=tmp_path / "2")
    elsewhere = Compiler(
        argv=HERE.argv, identity="x", tag=TAG,
        env={"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo", "HOME": str(tmp_path), "shared": "constants"},
    )  # fmt: skip
    assert {path: among[path] for path in alone} == alone
    assert compiled(dict(reversed(group.items())), store=tmp_path / "3", compiler=elsewhere) == alone


def test_what_was_compiled_is_kept(tmp_path: Path) -> None:
    runs: list[Command] = []

    def run(asked: Command) -> Done:
        runs.append(asked)
        return command.run(asked)

    first = compiled({"a.py": b"1"}, {"b.py": b"2"}, store=tmp_path, run=run)
    assert compiled({"a.py": b"1"}, {"b.py": b"2"}, store=tmp_path, run=run) == first
    assert len(runs) == 1
    compiled({"a.py": b"1"}, {"b.py": b"3"}, store=tmp_path, run=run)
    assert isinstance(runs[1].stdin, bytes)
    assert runs[1].stdin == b'[[["/b.py", 1, false]]]\n3'
    for changed in ({"a.py": b"11"}, {"aa.py": b"1"}):
        compiled(changed, store=tmp_path, run=run)
    compiled({"a.py": b"1"}, store=tmp_path, run=run, checked=True)
    compiled({"a.py": b"1"}, store=tmp_path, run=run, compiler=Compiler(argv=HERE.argv, identity="other", tag=TAG))
    assert len(runs) == 6


@pytest.mark.parametrize("damage", [b"", b"[", b'[["/a.py", 3]]\n12', b"[]\nmore"])
def test_a_damaged_record_is_made_again(tmp_path: Path, damage: bytes) -> None:
    first = compiled({"a.py": b"1"}, store=tmp_path)
    (record,) = (tmp_path / "bytecode").iterdir()
    record.write_bytes(damage)
    assert compiled({"a.py": b"1"}, store=tmp_path) == first


def test_without_a_compiler_there_is_none(tmp_path: Path) -> None:
    assert compiled({"a.py": b"1"}, store=tmp_path, compiler=None) == {}


def test_a_compiler_that_fails(tmp_path: Path) -> None:
    broken = Compiler(argv=("sh", "-c", "echo broken >&2; exit 3"), identity="x", tag=TAG)
    with pytest.raises(Outside) as caught:
        compiled({"a.py": b"1"}, store=tmp_path, compiler=broken)
    assert caught.value.message == "the compiler `echo broken >&2; exit 3` failed: broken"
    assert list(tmp_path.rglob("*")) == []


# ── who compiles ─────────────────────────────────────────────────────────────────────────────────────────────────────


def uv(answers: Mapping[tuple[str, ...], str]) -> command.Runner:
    """A machine where uv answers as given, and where interpreters run."""

    def run(asked: Command) -> Done:
        if asked.argv[1] == "python":
            answer = answers.get(asked.argv[2:])
            return Done(status=0 if answer is not None else 1, stdout=(answer or "").encode(), stderr=b"")
        return command.run(asked)

    return run


FIND = ("find", "--no-project", "--no-python-downloads")
EXACT = platform.python_version()


@pytest.mark.parametrize(
    ("answers", "identity", "said"),
    [
        ({(*FIND, EXACT): sys.executable}, f"CPython {EXACT}", []),
        ({("install", "--quiet", "--no-bin", EXACT): "", (*FIND, MINOR): sys.executable}, f"CPython {EXACT}", []),
        ({(*FIND, EXACT): "/no/such/python", (*FIND, MINOR): sys.executable}, f"CPython {EXACT}", []),
        ({}, None, [f"no Python {MINOR} is here to compile with: the image will start slower, without bytecode"]),
    ],
    ids=["exact", "minor", "broken", "none"],
)
def test_without_debians_uv_is_asked(
    tmp_path: Path, answers: dict[tuple[str, ...], str], identity: str | None, said: list[str]
) -> None:
    lines: list[str] = []
    found = interpreter.find(
        MINOR, f"{EXACT}-2+deb", lambda _: (), store=tmp_path, progress=lines.append, run=uv(answers)
    )
    assert (found and found.identity, lines) == (identity, said)


def test_another_patch_version_is_said(tmp_path: Path) -> None:
    lines: list[str] = []
    answers: dict[tuple[str, ...], str] = {(*FIND, MINOR): sys.executable}
    found = interpreter.find(
        MINOR, f"{MINOR}.99-1", lambda _: (), store=tmp_path, progress=lines.append, run=uv(answers)
    )
    assert found == Compiler(argv=HERE.argv, identity=f"CPython {EXACT}", tag=TAG)
    assert lines == [f"compiling with CPython {EXACT}: the digest may differ from that of a build on Linux"]


def test_another_minor_version_does_not_compile(tmp_path: Path) -> None:
    lines: list[str] = []
    answers: dict[tuple[str, ...], str] = {(*FIND, "3.99.1"): sys.executable}
    assert (
        interpreter.find("3.99", "3.99.1-1", lambda _: (), store=tmp_path, progress=lines.append, run=uv(answers))
        is None
    )


def test_only_what_the_interpreter_needs_is_unpacked_and_at_once(tmp_path: Path) -> None:
    triplet = f"usr/lib/{platform.machine()}-linux-gnu"
    entries = [
        Entry(path=f"usr/bin/python{MINOR}", kind="file", mode=0o755, data=b"program"),
        Entry(path=f"{triplet}/ld-linux-x.so.2", kind="file", mode=0o644, data=b"loader"),
        Entry(path="usr/lib64/ld-linux-x.so.2", kind="symlink", link="../lib/ld-linux-x.so.2"),
        Entry(path=f"{triplet}/libm.so.6", kind="symlink", link="libm-2.so"),
        Entry(path=f"usr/lib/python{MINOR}", kind="directory", mode=0o755),
        Entry(path=f"usr/lib/python{MINOR}/re/__init__.py", kind="file", data=b"re"),
        Entry(path="usr/bin/sh", kind="file", mode=0o755, data=b"shell"),
        Entry(path="etc/passwd", kind="file", data=b""),
    ]
    lines: list[str] = []
    found = interpreter.find(MINOR, "9-1", lambda _: entries, store=tmp_path, progress=lines.append, run=uv({}))
    assert found is None  # what was unpacked does not run
    (folder,) = (tmp_path / "python").iterdir()
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    assert {str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777) for path in files} == {
        f"usr/bin/python{MINOR}": "0o755",
        f"{triplet}/ld-linux-x.so.2": "0o755",
        f"{triplet}/libm.so.6": "0o777",
        f"usr/lib/python{MINOR}/re/__init__.py": "0o644",
    }  # fmt: skip
    assert os.readlink(folder / triplet / "libm.so.6") == "libm-2.so"
