"""A wheel → what it installs, as entries of a layer.

Sources of the rules: "Binary distribution format" (PEP 427), "Recording installed projects" (PEP 376, PEP 627) and
"Entry points", of the Python Packaging User Guide. No code of the wheel is run.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import posixpath
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lading.build.runtime import VENV, site
from lading.errors import BadInput, Untrusted
from lading.oci import elf
from lading.oci.layer import Entry

#: A wheel's bytes may grow by this much when they are unpacked, and by this much whatever its size.
_RATIO, _SLACK = 100, 64_000_000

_SCRIPT = """\
#!/{venv}/bin/python
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({attribute}())
"""


def entries(wheel: Path, filename: str, *, python: str, strip: bool) -> tuple[Entry, ...]:
    """What the file `wheel`, which its index calls `filename`, installs into the image's virtual environment.

    Modes become 0644 and 0755, scripts get the environment's interpreter, console scripts are generated, RECORD is
    checked and written anew. With `strip`, shared objects lose what no loader reads.

    Raises `BadInput` for a file that is no wheel, or that would leave its place; `Untrusted` when a file in it does
    not have the hash of its RECORD.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = dict(_read(archive, filename, wheel.stat().st_size))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise _bad(filename, f"cannot be read: {error}") from error
    info = _info(files, filename)
    _check(files, info, filename)
    placed = dict(_place(files, info, filename, python))
    placed |= _generated(files, info, filename)
    if strip:
        placed = {path: (elf.strip(data) if data[:4] == b"\x7fELF" else data, x) for path, (data, x) in placed.items()}
    # The installer is who can uninstall, and nobody can in an image; the name is for those who read it.
    folder = posixpath.join(site(python), info)
    placed[f"{folder}/INSTALLER"] = (b"lading\n", False)
    placed[f"{folder}/RECORD"] = (_record(placed, f"{folder}/RECORD", site(python)), False)
    return tuple(
        Entry(path=path, kind="file", mode=0o755 if executable else 0o644, data=data)
        for path, (data, executable) in sorted(placed.items())
    )


def _read(archive: zipfile.ZipFile, filename: str, size: int) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """Each file of the archive with whether it is executable; nothing of a hostile archive."""
    if sum(item.file_size for item in archive.infolist()) > size * _RATIO + _SLACK:
        raise _bad(filename, f"unpacks to more than {_RATIO} times its size")
    seen: set[str] = set()
    for item in archive.infolist():
        path, mode = item.orig_filename, item.external_attr >> 16
        parts = path.removesuffix("/").split("/")
        if "\\" in path or "\0" in path or not {"", ".", ".."}.isdisjoint(parts) or ":" in parts[0]:
            raise _bad(filename, f"holds `{path!a}`, which leaves its folder")
        if path in seen:
            raise _bad(filename, f"holds `{path}` twice")
        if stat.S_ISLNK(mode):
            raise _bad(filename, f"holds `{path}`, a symbolic link")
        if item.flag_bits & 1:
            raise _bad(filename, f"holds `{path}`, which is encrypted")
        seen.add(path)
        # Bytecode that was packed by mistake is of another interpreter, and would never be read.
        if not path.endswith("/") and "__pycache__" not in parts:
            # 3 is Unix; what another system wrote has no mode, whatever its bits are.
            yield path, (archive.read(item), item.create_system == 3 and bool(mode & 0o111))


def _info(files: Mapping[str, object], filename: str) -> str:
    """The wheel's own folder of metadata, `name-version.dist-info`."""
    found = sorted({path.partition("/")[0] for path in files if re.match(r"[^/]+\.dist-info/", path)})
    names = [_normal(folder.removesuffix(".dist-info").rpartition("-")[0]) for folder in found]
    if names != [_normal(filename.partition("-")[0])]:
        raise _bad(filename, f"must hold one folder of metadata of its own name, not {', '.join(found) or 'none'}")
    return found[0]


def _check(files: Mapping[str, tuple[bytes, bool]], info: str, filename: str) -> None:
    if f"{info}/RECORD" not in files or f"{info}/WHEEL" not in files:
        raise _bad(filename, "has no RECORD or no WHEEL")
    found = re.search(rb"^Wheel-Version:\s*(\d+)", files[f"{info}/WHEEL"][0], re.MULTILINE)
    if not found or found[1] != b"1":
        raise _bad(filename, "is of a version of the wheel format that is not known")
    for row in csv.reader(io.StringIO(files[f"{info}/RECORD"][0].decode("utf-8", "replace"))):
        if len(row) < 2 or not row[1] or row[0] not in files:
            continue  # itself, its signatures, and what tools have left out
        algorithm, _, wanted = row[1].partition("=")
        if algorithm not in {"sha256", "sha384", "sha512"}:
            raise _bad(filename, f"has a RECORD with hashes of `{algorithm}`, which proves nothing")
        if _hash(files[row[0]][0], algorithm) != wanted:
            raise Untrusted(
                f"`{row[0]}` in `{filename}` is not the file that its RECORD promises",
                hint="the wheel was changed after it was built, or built badly: choose another version",
            )


def _place(
    files: Mapping[str, tuple[bytes, bool]], info: str, filename: str, python: str
) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """Each file with its path in the image; `.data` is spread over the environment, as its schemes say."""
    data, name = info.removesuffix(".dist-info") + ".data", info.partition("-")[0]
    schemes = {
        "purelib": site(python), "platlib": site(python), "scripts": f"{VENV}/bin", "data": VENV,
        "headers": f"{VENV}/include/site/python{python}/{name}",
    }  # fmt: skip
    for path, (content, executable) in files.items():
        if path in {f"{info}/RECORD", f"{info}/RECORD.jws", f"{info}/RECORD.p7s", f"{info}/INSTALLER"}:
            continue
        if not path.startswith(data + "/"):
            yield f"{site(python)}/{path}", (content, executable)
            continue
        scheme, _, rest = path.removeprefix(data + "/").partition("/")
        if scheme not in schemes or not rest:
            raise _bad(filename, f"holds `{path}`, whose scheme is not known")
        if scheme == "scripts":
            content, executable = re.sub(rb"\A#!pythonw?\b", f"#!/{VENV}/bin/python".encode(), content), True  # noqa: PLW2901
        yield f"{schemes[scheme]}/{rest}", (content, executable)


def _generated(files: Mapping[str, tuple[bytes, bool]], info: str, filename: str) -> dict[str, tuple[bytes, bool]]:
    """The scripts that entry_points.txt asks for."""
    if f"{info}/entry_points.txt" not in files:
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    try:
        parser.read_string(files[f"{info}/entry_points.txt"][0].decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise _bad(filename, "has an entry_points.txt that cannot be read") from error
    scripts: dict[str, tuple[bytes, bool]] = {}
    for section in ("console_scripts", "gui_scripts"):
        for name, target in parser.items(section) if parser.has_section(section) else ():
            found = re.fullmatch(r"([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?", target.strip())
            if not found or not re.fullmatch(r"[\w.-]+", name) or name in {".", ".."}:
                raise _bad(filename, f"asks for a script `{name} = {target}`, which is none")
            text = _SCRIPT.format(venv=VENV, module=found[1], attribute=found[2], first=found[2].partition(".")[0])
            scripts[f"{VENV}/bin/{name}"] = (text.encode(), True)
    return scripts


def _record(placed: Mapping[str, tuple[bytes, bool]], own: str, start: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    rows = [
        (posixpath.relpath(path, start), "sha256=" + _hash(data, "sha256"), str(len(data)))
        for path, (data, _) in placed.items()
    ]
    writer.writerows(sorted([*rows, (posixpath.relpath(own, start), "", "")]))
    return out.getvalue().encode()


def _hash(data: bytes, algorithm: str) -> str:
    return base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _bad(filename: str, what: str) -> BadInput:
    return BadInput(f"the wheel `{filename}` {what}", hint="choose another version of it")
