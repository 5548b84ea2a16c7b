"""An ELF file → the same file without what no loader reads: symbol tables for debuggers, debug data, comments.

What is in a segment, or in a section that is allocated, keeps its bytes and its address; only its place in the file
changes, where something was dropped before it. Anything unexpected leaves the file as it is.
Sources: System V gABI, chapters 4 and 5; `elf(5)`; patchelf and auditwheel put new segments after the debug data.

It stands alone, for every Python since 3.9: the Dockerfile runs this file on what it installed, so that both builders
strip in the same way.

Length: it is run alone, so that nothing of it can stand elsewhere.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

_EXECUTABLE, _SHARED = 2, 3  # e_type
_LOAD = 1  # p_type
_NULL, _STRTAB, _RELA, _NOBITS, _REL = 0, 3, 4, 8, 9  # sh_type
_PROCESSOR = range(0x70000000, 0x80000000)  # sh_type: attributes that tools may ask for
_ALLOC = 2  # sh_flags

#: What is not allocated is dropped when it is one of these. Another may be data that its program looks for by itself,
#: as PyInstaller's archives are.
_KNOWN = (
    ".comment", ".ctf", ".debug", ".gdb_index", ".gnu.build.attributes", ".gnu.warning", ".gnu_debugaltlink",
    ".gnu_debugdata", ".gnu_debuglink", ".GCC.command.line", ".line", ".llvm", ".note", ".rel.", ".rela.", ".shstrtab",
    ".stab", ".strtab", ".symtab", ".zdebug",
)  # fmt: skip


class _Header(NamedTuple):
    type: int
    machine: int
    version: int
    entry: int
    phoff: int
    shoff: int
    flags: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


class _Segment(NamedTuple):
    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


class _Section(NamedTuple):
    name: int
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    addralign: int
    entsize: int

    @property
    def stored(self) -> bool:
        """Whether it has bytes in the file."""
        return self.type not in {_NULL, _NOBITS} and self.size > 0


@dataclass(frozen=True)
class _Layout:
    """How the three tables are written, which is a matter of class and byte order."""

    header: struct.Struct
    segment: struct.Struct
    section: struct.Struct
    wide: bool

    def unpack_segment(self, data: bytes, at: int) -> _Segment:
        fields = self.segment.unpack_from(data, at)
        # In the narrow class the flags come last but one.
        return _Segment._make(fields if self.wide else (fields[0], fields[6], *fields[1:6], fields[7]))

    def pack_segment(self, one: _Segment) -> bytes:
        return self.segment.pack(*(one if self.wide else (one[0], *one[2:7], one[1], one[7])))


@dataclass(frozen=True)
class _Elf:
    layout: _Layout
    header: _Header
    segments: tuple[_Segment, ...]
    sections: tuple[_Section, ...]
    names: tuple[bytes, ...]  # of the sections


@dataclass(frozen=True)
class _Piece:
    """Bytes that stay together; its place may change by multiples of `align`."""

    start: int
    end: int
    align: int
    place: int = 0  # where it goes


def strip(data: bytes) -> bytes:
    """`data` without what no loader reads; `data` itself when there is nothing to gain or anything is unexpected.

    Executables and shared objects of every architecture, class and byte order. Bytes after the end of all sections
    belong to programs that read themselves: such files are left alone.
    """
    try:
        elf = _parse(data)
        out = _written(data, elf) if elf else data
        return out if len(out) < len(data) and _same_segments(data, out) else data
    except (struct.error, IndexError, ValueError, OverflowError):
        return data


def _parse(data: bytes) -> _Elf | None:
    if data[:4] != b"\x7fELF" or data[4] not in {1, 2} or data[5] not in {1, 2} or data[6] != 1:
        return None
    order, wide = "<>"[data[5] - 1], data[4] == 2
    layout = _Layout(
        struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")),
        struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII")),
        struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")),
        wide,
    )
    header = _Header(*layout.header.unpack_from(data, 16))
    sizes = (16 + layout.header.size, layout.segment.size, layout.section.size)
    if header.type not in {_EXECUTABLE, _SHARED} or (header.ehsize, header.phentsize, header.shentsize) != sizes:
        return None
    if not 0 < header.phnum < 0xFFFF or not 0 < header.shstrndx < header.shnum < 0xFF00:
        return None
    segments = tuple(
        layout.unpack_segment(data, header.phoff + number * header.phentsize) for number in range(header.phnum)
    )
    sections = tuple(
        _Section(*layout.section.unpack_from(data, header.shoff + number * header.shentsize))
        for number in range(header.shnum)
    )
    strings = sections[header.shstrndx]
    if strings.type != _STRTAB:
        return None
    table = data[strings.offset : strings.offset + strings.size]
    names = tuple(table[one.name : table.index(b"\0", one.name)] for one in sections)
    return _Elf(layout, header, segments, sections, names)


def _written(data: bytes, elf: _Elf) -> bytes:
    dropped = [one.flags & _ALLOC == 0 and one.type not in _PROCESSOR for one in elf.sections]
    known = tuple(name.encode() for name in _KNOWN)
    for number, one in enumerate(elf.sections):
        if dropped[number] and one.stored and not elf.names[number].startswith(known):
            return data
    pieces = list(_placed(_merged(_needed(elf, dropped))))
    if pieces[-1].end > len(data) or _strange(data, elf, dropped, pieces):
        return data
    out = bytearray()
    for piece in pieces:
        out += bytes(piece.place - len(out)) + data[piece.start : piece.end]
    shoff, table = _append_sections(out, elf, dropped, pieces)
    out += table
    _patch(out, elf, pieces, shoff=shoff, shnum=len(table) // elf.layout.section.size)
    return bytes(out)


def _needed(elf: _Elf, dropped: list[bool]) -> Iterator[_Piece]:
    header = elf.header
    yield _Piece(0, header.ehsize, 1)
    yield _Piece(header.phoff, header.phoff + header.phnum * header.phentsize, 8)
    for one in elf.segments:
        align = max(one.align, 1)
        if align & (align - 1) or (one.type == _LOAD and (one.vaddr - one.offset) % align):
            raise ValueError("no loader takes this segment")
        if one.filesz:
            yield _Piece(one.offset, one.offset + one.filesz, align)
        elif one.type == _LOAD and one.offset % align:
            # The loader clears the rest of the page that such a segment begins in, so the file must have that page.
            yield _Piece(one.offset - one.offset % align, one.offset, align)
    for number, section in enumerate(elf.sections):
        if section.stored and not dropped[number]:
            yield _Piece(section.offset, section.offset + section.size, max(section.addralign, 1))


def _merged(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    current: _Piece | None = None
    for piece in sorted(pieces, key=lambda piece: (piece.start, piece.end)):
        if current and piece.start < current.end:
            current = _Piece(current.start, max(current.end, piece.end), max(current.align, piece.align))
        else:
            if current:
                yield current
            current = piece
    if current:
        yield current


def _placed(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    end = 0
    for piece in pieces:
        place = piece.start - (piece.start - end) // piece.align * piece.align
        yield _Piece(piece.start, piece.end, piece.align, place)
        end = place + piece.end - piece.start


def _strange(data: bytes, elf: _Elf, dropped: list[bool], pieces: list[_Piece]) -> bool:
    """Whether there are bytes that neither stay nor belong to what is dropped, and are not zero."""
    header = elf.header
    known = [(piece.start, piece.end) for piece in pieces]
    known.append((header.shoff, header.shoff + header.shnum * header.shentsize))
    known += [
        (one.offset, one.offset + one.size) for number, one in enumerate(elf.sections) if dropped[number] and one.stored
    ]
    end = 0
    for start, stop in [*sorted(known), (len(data), len(data))]:
        if data[end:start].strip(b"\0"):
            return True
        end = max(end, stop)
    return end > len(data)


def _moved(offset: int, pieces: list[_Piece]) -> int:
    """Where the byte at `offset` goes; what lies in no piece goes to the end of the one before it."""
    piece = next(piece for piece in reversed(pieces) if piece.start <= offset)
    return piece.place + min(offset, piece.end) - piece.start


def _append_sections(out: bytearray, elf: _Elf, dropped: list[bool], pieces: list[_Piece]) -> tuple[int, bytes]:
    """Append the sections' names; return where the table goes and the table.

    A dropped section between others becomes an inactive header, so that the numbers in `.dynsym` and in the other
    headers stay right.
    """
    last = max((number for number, drop in enumerate(dropped) if not drop), default=0)
    strings = b"\0"
    rows = []
    for number in range(last + 1):
        one = elf.sections[number]
        if number == 0 or dropped[number]:
            rows.append(_Section(*([0] * 10)))
            continue
        link = 0 if one.link >= len(dropped) or dropped[one.link] else one.link
        info = 0 if one.type in {_REL, _RELA} and (one.info >= len(dropped) or dropped[one.info]) else one.info
        rows.append(one._replace(name=len(strings), offset=_moved(one.offset, pieces), link=link, info=info))
        strings += elf.names[number] + b"\0"
    name = len(strings)
    strings += b".shstrtab\0"
    rows.append(_Section(name, _STRTAB, 0, 0, len(out), len(strings), 0, 0, 1, 0))
    out += strings
    out += bytes(-len(out) % 8)
    return len(out), b"".join(elf.layout.section.pack(*row) for row in rows)


def _patch(out: bytearray, elf: _Elf, pieces: list[_Piece], *, shoff: int, shnum: int) -> None:
    header = elf.header._replace(phoff=_moved(elf.header.phoff, pieces), shoff=shoff, shnum=shnum, shstrndx=shnum - 1)
    elf.layout.header.pack_into(out, 16, *header)
    for number, one in enumerate(elf.segments):
        offset = _moved(one.offset, pieces)
        if one.type == _LOAD and not one.filesz:
            align = max(one.align, 1)
            offset = _moved(one.offset - 1, pieces) + 1 if one.offset % align else one.vaddr % align
        at = header.phoff + number * header.phentsize
        out[at : at + header.phentsize] = elf.layout.pack_segment(one._replace(offset=offset))


def _same_segments(before: bytes, after: bytes) -> bool:
    """Whether a loader would map the same bytes to the same addresses, the tables that say where they are aside."""
    old, new = _parse(before), _parse(after)
    if not old or not new:
        return False
    left, right = _blanked(before, old), _blanked(after, new)
    if len(old.segments) != len(new.segments):
        return False
    pairs = ((one, new.segments[number]) for number, one in enumerate(old.segments))
    return all(
        a._replace(offset=b.offset) == b
        and (a.type != _LOAD or (a.offset - b.offset) % max(a.align, 1) == 0)
        and left[a.offset : a.offset + a.filesz] == right[b.offset : b.offset + b.filesz]
        for a, b in pairs
    )


def _blanked(data: bytes, elf: _Elf) -> memoryview:
    out = bytearray(data)
    header = elf.header
    for start, size in ((0, header.ehsize), (header.phoff, header.phnum * header.phentsize)):
        out[start : start + size] = bytes(size)
    return memoryview(out)


def main(folder: str) -> None:
    """Strip every file below `folder`, in its place."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.islink(path):
                continue
            with open(path, "rb+") as file:
                head = file.read(4)
                if head == b"\x7fELF":
                    data = strip(head + file.read())
                    file.seek(0)
                    file.write(data)
                    file.truncate()


if __name__ == "__main__":
    main(sys.argv[1])
