"""The loader's cache, as glibc's own ldconfig reads it."""

import shutil
from pathlib import Path

import pytest

from lading.command import Command, output
from lading.debian import loader
from lading.oci.layer import Entry

FOLDER = "usr/lib/x86_64-linux-gnu"


def tree(*names: str, **links: str) -> dict[str, Entry]:
    files = {f"{FOLDER}/{name}": Entry(path=f"{FOLDER}/{name}", kind="file") for name in names}
    made = {name.replace("_", "."): to for name, to in links.items()}
    return files | {f"{FOLDER}/{n}": Entry(path=f"{FOLDER}/{n}", kind="symlink", link=to) for n, to in made.items()}


def read(entry: Entry, folder: Path) -> list[str]:
    program = shutil.which("ldconfig", path="/usr/sbin:/sbin")
    assert program, "glibc's ldconfig is not on this machine"
    path = folder / "ld.so.cache"
    path.write_bytes(entry.data)
    return output(Command(argv=(program, "-p", "-C", str(path)), timeout=10)).splitlines()


@pytest.mark.slow
def test_ldconfig_reads_it(tmp_path: Path) -> None:
    found = tree("libpq.so.5.17", "libc.so.6", "libicudata.so.9", "libicudata.so.76", "ld-linux-x86-64.so.2", "nss.txt",
                 libpq_so_5="libpq.so.5.17")  # fmt: skip
    lines = read(loader.cache(found, "amd64"), tmp_path)
    assert lines[0].startswith("5 libs found in cache")
    # In the order that the loader searches by, which ldconfig prints from its end.
    assert [line.split(" (")[0].strip() for line in lines[1:6]] == [
        "libpq.so.5",
        "libicudata.so.76",
        "libicudata.so.9",
        "libc.so.6",
        "ld-linux-x86-64.so.2",
    ]
    assert f"\tlibpq.so.5 (libc6,x86-64) => /{FOLDER}/libpq.so.5" in lines


def test_the_order_is_that_of_the_loader() -> None:
    names = ["lib1.so", "liba.so", "libab.so", "liba.so.9", "liba.so.10", "liba1.so"]
    # As _dl_cache_libcmp has it: a digit is above any other character, and numbers count as numbers.
    assert sorted(names, key=loader._order) == ["liba.so", "liba.so.9", "liba.so.10", "libab.so", "liba1.so", "lib1.so"]


def test_another_architecture_has_its_own_folder_and_flags() -> None:
    entry = loader.cache({"usr/lib/aarch64-linux-gnu/libc.so.6": Entry(path="x", kind="file")}, "arm64")
    assert b"/usr/lib/aarch64-linux-gnu/libc.so.6\0" in entry.data
    assert entry.data[48:52] == (0x0A03).to_bytes(4, "little")
