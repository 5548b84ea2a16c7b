"""An ELF file loses what no loader reads, and nothing else: made-up files of every class, and wheels off the index."""

import io
import platform
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from lading.oci import elf

pytestmark = pytest.mark.slow

LAYOUTS = [(wide, order) for wide in (True, False) for order in "<>"]
IDS = ["64-little", "64-big", "32-little", "32-big"]

PROGBITS, SYMTAB, STRTAB, NOBITS, NOTE = 1, 2, 3, 8, 7


def made(
    wide: bool = True,
    order: str = "<",
    *,
    kind: int = 3,
    debug: tuple[tuple[str, int, bytes], ...] = (
        (".comment", PROGBITS, b"GCC: some version"),
        (".debug_info", PROGBITS, b"d" * 20_000),
        (".symtab", SYMTAB, b"s" * 48),
        (".strtab", STRTAB, b"\0some\0names\0"),
    ),
    second: bytes | None = b"second segment" * 100,
    bss_only: bool = False,
    gap: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """An ELF file: a segment, sections that are not allocated, and a segment behind them, as patchelf leaves it."""
    header_size, segment_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    header = struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"))
    count = 2 + (second is not None) + bss_only
    out = bytearray(header_size + count * segment_size)
    rows: list[tuple[str, int, int, int, int, int]] = [("", 0, 0, 0, 0, 0)]  # name, type, flags, addr, offset, size

    def section(name: str, type_: int, flags: int, data: bytes) -> None:
        rows.append((name, type_, flags, len(out) if flags else 0, len(out), len(data)))
        out.extend(data)

    section(".text", PROGBITS, 2, b"text" * 500)
    rows.append((".bss", NOBITS, 2, len(out), len(out), 4096))
    segments = [(1, 5, 0, 0, len(out), len(out) + 4096, 0x1000)]
    for name, type_, data in debug:
        section(name, type_, 0, data)
    out += gap
    if bss_only:
        # A segment of zeros only, which begins in the middle of a page of the file.
        segments.append((1, 6, len(out), 0x40000 + len(out) % 0x1000, 0, 256, 0x1000))
    if second is not None:
        out += bytes(-len(out) % 0x1000)
        start, address = len(out), 0x80000
        rows.append((".dynstr", STRTAB, 2, address, start, len(second)))
        out += second
        segments.append((1, 6, start, address, len(second), len(second), 0x1000))
    segments.append((0x6474E551, 6, 0, 0, 0, 0, 16))  # the stack
    names = b"".join(row[0].encode() + b"\0" for row in rows) + b".shstrtab\0"
    rows.append((".shstrtab", STRTAB, 0, 0, len(out), len(names)))
    out += names
    out += bytes(-len(out) % 8)
    table, at = len(out), 0
    for number, (name, type_, flags, address, offset, size) in enumerate(rows):
        strings = number + 1 if type_ == SYMTAB else 0
        form = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
        out += struct.pack(form, at, type_, flags, address, offset, size, strings, 0, 1, 24)
        at += len(name) + 1
    for number, (type_, flags, offset, address, stored, size, align) in enumerate(segments):
        fields = (
            (type_, flags, offset, address, address, stored, size, align)
            if wide
            else (type_, offset, address, address, stored, size, flags, align)
        )
        struct.pack_into(
            order + ("IIQQQQQQ" if wide else "IIIIIIII"), out, header_size + number * segment_size, *fields
        )
    out[:7] = b"\x7fELF" + bytes([2 if wide else 1, "<>".index(order) + 1, 1])
    header.pack_into(
        out, 16, kind, 62, 1, 0, header_size, table, 0, header_size, segment_size, count, section_size, len(rows),
        len(rows) - 1,
    )  # fmt: skip
    return bytes(out) + tail


def segments(data: bytes) -> list[tuple[object, ...]]:
    """What a loader sees: each segment's fields but its place, and its bytes but the header and the tables."""
    file = ELFFile(io.BytesIO(data))
    blank = bytearray(data)
    tables = file.header.e_phoff + file.header.e_phnum * file.header.e_phentsize
    blank[: file.header.e_ehsize] = bytes(file.header.e_ehsize)
    blank[file.header.e_phoff : tables] = bytes(tables - file.header.e_phoff)
    found: list[tuple[object, ...]] = []
    for one in file.iter_segments():
        at, size = one["p_offset"], one["p_filesz"]
        if one["p_type"] == "PT_LOAD":
            assert (one["p_vaddr"] - at) % one["p_align"] == 0
            assert at + size <= len(data)
        fields = {key: value for key, value in one.header.items() if key != "p_offset"}
        found.append((fields, bytes(blank[at : at + size])))
    return found


def linked(data: bytes) -> dict[str, object]:
    """What tools read: dynamic section, exported symbols with their sections' names, relocations."""
    file = ELFFile(io.BytesIO(data))
    found: dict[str, object] = {}
    for section in file.iter_sections():
        if not section["sh_flags"] & 2:
            continue
        found[section.name] = (section["sh_type"], section["sh_addr"], section["sh_size"])
        if isinstance(section, DynamicSection):
            found["dynamic"] = [(tag.entry.d_tag, tag.entry.d_val) for tag in section.iter_tags()]
        elif isinstance(section, SymbolTableSection):
            found["symbols"] = [
                (
                    one.name,
                    dict(one["st_info"]),
                    one["st_value"],
                    one["st_shndx"] if isinstance(one["st_shndx"], str) else file.get_section(one["st_shndx"]).name,
                )
                for one in section.iter_symbols()
            ]
        elif isinstance(section, RelocationSection):
            table = file.get_section(section["sh_link"])
            found[section.name + " symbols"] = table.name
            found[section.name + " rows"] = [tuple(one.entry.values()) for one in section.iter_relocations()]
    return found


def names(data: bytes) -> list[str]:
    return [section.name for section in ELFFile(io.BytesIO(data)).iter_sections()]


@pytest.mark.parametrize(("wide", "order"), LAYOUTS, ids=IDS)
@pytest.mark.parametrize("kind", [2, 3], ids=["executable", "shared"])
def test_debug_data_goes_and_the_gap_is_closed(wide: bool, order: str, kind: int) -> None:
    data = made(wide, order, kind=kind)
    out = elf.strip(data)
    assert (len(data) > 26_000, len(out) < 6_500) == (True, True)
    assert segments(out) == segments(data)
    # The inactive headers keep the numbers of the sections behind them.
    assert names(out) == ["", ".text", ".bss", "", "", "", "", ".dynstr", ".shstrtab"]
    assert linked(out) == linked(data)
    assert elf.strip(out) == out


@pytest.mark.parametrize(("wide", "order"), LAYOUTS, ids=IDS)
def test_what_an_ordinary_linker_made_ends_after_its_last_segment(wide: bool, order: str) -> None:
    data = made(wide, order, second=None)
    out = elf.strip(data)
    assert segments(out) == segments(data)
    assert names(out) == ["", ".text", ".bss", ".shstrtab"]
    assert len(out) < 3000


def test_the_page_that_a_segment_of_zeros_begins_in_stays_in_the_file() -> None:
    data = made(bss_only=True)
    out = elf.strip(data)
    assert len(out) < len(data)
    assert segments(out) == segments(data)
    zeros = next(one for one in ELFFile(io.BytesIO(out)).iter_segments() if one["p_vaddr"] // 0x1000 == 0x40)
    assert zeros["p_offset"] <= len(out)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF",
        b"\x7fELF" + bytes(200),
        made(kind=1),
        made(kind=4),
        made(tail=b"an archive that its own program looks for"),
        made(gap=b"bytes that no section claims"),
        made(debug=(("pydata", PROGBITS, b"an archive" * 1000), (".comment", PROGBITS, b"c" * 5000))),
        made(debug=()),
        made().replace(b"\x7fELF\x02\x01\x01", b"\x7fELF\x03\x01\x01"),
        made()[:-100],
        made()[:20_000],
        made()[:3000],
        elf.strip(made()),
    ],
    ids=[
        "nothing", "a script", "a magic number", "an empty header", "a relocatable file", "a core dump", "a tail",
        "bytes between sections", "data of a program's own", "nothing to drop", "a class that is none",
        "a cut table", "a cut section", "a cut segment", "what is stripped already",
    ],
)  # fmt: skip
def test_anything_else_stays_as_it_is(data: bytes) -> None:
    assert elf.strip(data) is data


@pytest.mark.parametrize(("wide", "order"), LAYOUTS, ids=IDS)
def test_a_header_that_lies_never_makes_another_file(wide: bool, order: str) -> None:
    """Each byte of the header and the tables is changed, one at a time: the result maps the same, or is no other."""
    data = made(wide, order)
    section = ELFFile(io.BytesIO(data)).header.e_shoff
    for at in [*range(16, 250, 2), *range(section, len(data), 7)]:
        changed = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        out = elf.strip(changed)
        if out is not changed:
            assert len(out) < len(changed)
            assert _mapped(out) == _mapped(changed)


def _mapped(data: bytes) -> list[tuple[object, ...]]:
    return [row for row in segments(data) if row[1]]


#: Wheels as people have them: from gcc, clang and rustc, as they came, and repaired by auditwheel.
WHEELS = ("uvloop", "httptools", "pydantic-core", "greenlet", "watchfiles", "sqlalchemy", "orjson", "numpy")
MODULES = {
    "uvloop": "uvloop", "httptools": "httptools", "pydantic-core": "pydantic_core._pydantic_core",
    "greenlet": "greenlet", "watchfiles": "watchfiles._rust_notify", "sqlalchemy": "sqlalchemy.engine._row_cy",
    "orjson": "orjson", "numpy": "numpy.linalg",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of both architectures, each unpacked in a folder `ARCHITECTURE/NAME`."""
    root = tmp_path_factory.mktemp("wheels")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for machine in ("x86_64", "aarch64"):
        for name in WHEELS:
            subprocess.run(
                [uv.find_uv_bin(), "pip", "install", "-q", "--only-binary", ":all:", "--python-version", version,
                 "--python-platform", f"{machine}-manylinux_2_40", "--target", str(root / machine / name), name],
                check=True,
            )  # fmt: skip
    return root


def shared(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.so*")) if path.is_file() and path.suffix != ".py")


@pytest.mark.network
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_keeps_all_that_a_loader_and_a_linker_read(name: str, machine: str, wheels: Path) -> None:
    before = after = 0
    for path in shared(wheels / machine / name):
        data = path.read_bytes()
        out = elf.strip(data)
        before, after = before + len(data), after + len(out)
        assert segments(out) == segments(data), path
        assert linked(out) == linked(data), path
        assert elf.strip(out) == out, path
    assert 0 < after <= before


@pytest.mark.engine  # it needs binutils, which a machine with nothing but Python lacks
@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_is_about_as_small_as_binutils_makes_it(name: str, wheels: Path, tmp_path: Path) -> None:
    ours = theirs = 0
    for path in shared(wheels / "x86_64" / name):
        subprocess.run(["strip", "--strip-unneeded", "-o", tmp_path / "theirs", path], check=True)
        ours += len(elf.strip(path.read_bytes()))
        theirs += (tmp_path / "theirs").stat().st_size
    # binutils also drops the copies of tables that patchelf left in segments of their own.
    assert 0 < ours <= theirs * 1.05


@pytest.mark.network
@pytest.mark.skipif(platform.machine() != "x86_64", reason="loads shared objects for x86-64")
@pytest.mark.parametrize("name", WHEELS)
def test_a_stripped_wheel_loads(name: str, wheels: Path) -> None:
    for path in shared(wheels / "x86_64" / name):
        out = elf.strip(path.read_bytes())
        path.unlink()  # the installer may have linked it to its cache
        path.write_bytes(out)
        path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", f"import {MODULES[name]}"], env={"PYTHONPATH": str(wheels / "x86_64" / name)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
