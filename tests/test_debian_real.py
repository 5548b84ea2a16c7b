"""Debian itself: the base of this machine's mirror, unpacked and run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

from lading import cache, command, debian
from lading.command import Command
from lading.debian import Package, mirror
from lading.model import Base, Fact
from lading.oci.layer import Entry

BASE = Base(image="", suite="trixie", python="3.13", packages=("ca-certificates", "netbase", "tzdata"))
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

#: What the interpreter is asked: the modules with a library of Debian's behind them, and the files that made.py makes.
PROGRAM = """\
import bz2, ctypes, curses, decimal, hashlib, lzma, readline, sqlite3, ssl, sys, uuid, zoneinfo
import asyncio, locale, mimetypes, os, pydoc, sysconfig, unittest.mock, venv, xml.etree.ElementTree
assert ctypes.CDLL(None).getpid() == os.getpid()
assert locale.setlocale(locale.LC_ALL, "C.UTF-8") == "C.UTF-8"
print(sys.version_info[:2], sqlite3.connect(":memory:").execute("select 6 * 7").fetchone(), sys.getfilesystemencoding())
print(lzma.decompress(lzma.compress(b"x")), bz2.decompress(bz2.compress(b"x")), uuid.uuid1().version)
print(hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1, dklen=4).hex(), hashlib.new("sha3_256").name)
"""
ANSWER = "(3, 13) (42,) utf-8\nb'x' b'x' 1\n77d65762 sha3_256\n"

#: What can be asked only where the base is the root.
AT_THE_ROOT = """\
import grp, mimetypes, pwd, socket, ssl, time, zoneinfo, datetime, os
os.environ.pop("TZ", None), time.tzset()
print(pwd.getpwuid(0).pw_dir, pwd.getpwnam("nobody").pw_uid, grp.getgrgid(65534).gr_name)
print(len(ssl.create_default_context().get_ca_certs()) > 100, mimetypes.guess_type("x.svg")[0])
print(socket.gethostbyname("localhost"), socket.getservbyname("https"))
print(datetime.datetime(2030, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).isoformat())
print(datetime.datetime.fromtimestamp(0).astimezone().tzname(), oct(os.stat("/tmp").st_mode & 0o7777))
"""
ROOT_ANSWER = """\
/root 65534 nogroup
True image/svg+xml
127.0.0.1 443
2030-07-01T00:00:00+02:00
UTC 0o1777
"""


def made(folder: Path, architecture: str) -> tuple[tuple[Package, ...], tuple[Entry, ...]]:
    found = mirror.find(Fact(None, "default"), os.environ)
    fixes = mirror.security(found).value
    locked = debian.lock(
        BASE,
        architecture=architecture,
        mirror=found.value,
        security=fixes,
        cache=folder,
        progress=lambda _: None,
        dated=mirror.dated(),
    )
    tree = debian.entries(
        locked, architecture=architecture, mirror=found.value, security=fixes, cache=folder, progress=lambda _: None
    )
    return locked, tree


def mine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def kept() -> Path:
    return cache.folder(None, os.environ) / "debian"


def unpack(tree: Sequence[Entry], root: Path) -> Path:
    for entry in tree:
        path = root / entry.path
        if entry.kind == "directory":
            path.mkdir(parents=True)
        elif entry.kind == "symlink":
            path.symlink_to(entry.link)
        else:
            path.write_bytes(entry.data)
        if entry.kind != "symlink":
            path.chmod(entry.mode)
    return root


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Entry, ...]]:
    return {architecture: made(kept(), architecture)[1] for architecture in TRIPLETS}


@pytest.mark.network
@pytest.mark.parametrize("architecture", TRIPLETS)
def test_every_library_that_a_file_needs_is_there(
    trees: Mapping[str, tuple[Entry, ...]], architecture: str, tmp_path: Path
) -> None:
    import io

    places = {f"usr/lib/{TRIPLETS[architecture]}/", "usr/lib/", "usr/lib64/"}
    libraries = {
        entry.path.rpartition("/")[2] for entry in trees[architecture] if entry.path.rpartition("/")[0] + "/" in places
    }
    missing, count = [], 0
    for entry in trees[architecture]:
        if entry.data[:4] == b"\x7fELF":
            dynamic = ELFFile(io.BytesIO(entry.data)).get_section_by_name(".dynamic")
            if isinstance(dynamic, DynamicSection):
                needed: list[str] = [vars(tag)["needed"] for tag in dynamic.iter_tags("DT_NEEDED")]
                missing += [(entry.path, name) for name in needed if name not in libraries]
                count += 1
    assert missing == []
    assert count > 60, "Python's extension modules and their libraries were looked at"


@pytest.mark.network
@pytest.mark.parametrize("architecture", TRIPLETS)
def test_no_link_leads_nowhere(trees: Mapping[str, tuple[Entry, ...]], architecture: str, tmp_path: Path) -> None:
    root = unpack(trees[architecture], tmp_path)
    nowhere = []
    for path in root.rglob("*"):
        if path.is_symlink():
            target = os.readlink(path)
            there = root / target.lstrip("/") if target.startswith("/") else path.parent / target
            nowhere += [] if os.path.lexists(there) else [(str(path.relative_to(root)), target)]
    assert nowhere == []


@pytest.mark.network
@pytest.mark.parametrize("architecture", TRIPLETS)
def test_a_base_stays_under_its_size(trees: Mapping[str, tuple[Entry, ...]], architecture: str) -> None:
    sizes = [len(entry.data) for entry in trees[architecture]]
    assert sum(sizes) < 42_100_000  # a megabyte of it is ldconfig, by which Python finds libraries
    assert sum(512 + -(-size // 512) * 512 for size in sizes) < 43_300_000


@pytest.mark.network
def test_two_caches_give_the_same_base(trees: Mapping[str, tuple[Entry, ...]], tmp_path: Path) -> None:
    assert made(tmp_path, "amd64")[1] == trees["amd64"]


@pytest.mark.network
def test_nothing_is_there_that_runs_as_somebody_else(trees: Mapping[str, tuple[Entry, ...]]) -> None:
    for tree in trees.values():
        assert [entry.path for entry in tree if entry.kind == "file" and entry.mode & 0o7000] == []
        assert {entry.path for entry in tree if entry.mode & 0o002 and entry.kind != "symlink"} == {
            "run/lock",
            "tmp",
            "var/tmp",
        }


@pytest.mark.network
def test_the_interpreter_runs_from_any_folder_through_its_own_loader(
    trees: Mapping[str, tuple[Entry, ...]], tmp_path: Path
) -> None:
    """As the bytecode is compiled: no root, no namespace, and nothing of the machine's own libraries."""
    root = unpack(trees[mine()], tmp_path)
    loader = root / ("lib64/ld-linux-x86-64.so.2" if mine() == "amd64" else "lib/ld-linux-aarch64.so.1")
    libraries = root / "usr/lib" / TRIPLETS[mine()]
    start = (str(loader), "--inhibit-cache", "--library-path", str(libraries), f"{root}/usr/bin/python3.13", "-I", "-c")
    done = command.run(Command(argv=(*start, PROGRAM)))
    assert (done.status, done.stdout.decode(), done.stderr.decode()) == (0, ANSWER, "")
    library = f"{root}/usr/lib/python3"
    assert command.output(Command(argv=(*start, "import sys; print(*sys.path, sep='\\n')"))).split() == [
        f"{library}13.zip",
        f"{library}.13",
        f"{library}.13/lib-dynload",
    ]
    maps = command.output(Command(argv=(*start, "import ssl; print(open('/proc/self/maps').read())")))
    used = {line.split()[-1] for line in maps.splitlines() if ".so" in line}
    assert {path for path in used if not path.startswith(str(root.resolve()))} == set()


@pytest.mark.network
@pytest.mark.namespaces
def test_the_interpreter_runs_with_the_base_as_its_root(trees: Mapping[str, tuple[Entry, ...]], tmp_path: Path) -> None:
    root = unpack(trees[mine()], tmp_path)
    enter = ("chroot",) if os.geteuid() == 0 else ("unshare", "--map-root-user", "--root")
    argv = (*enter, str(root), "/usr/bin/python3.13", "-I", "-c")
    for program, answer in ((PROGRAM, ANSWER), (AT_THE_ROOT, ROOT_ANSWER)):
        done = command.run(Command(argv=(*argv, program), env={"LANG": "C.UTF-8"}))
        assert (done.status, done.stdout.decode(), done.stderr.decode()) == (0, answer, "")
