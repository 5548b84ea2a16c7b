"""What a wheel installs, and which wheels are refused: the formats of the Python Packaging User Guide, by example."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import stat
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
import wheels

from lading.build import wheel
from lading.errors import BadInput, Error, Untrusted
from lading.oci.layer import Entry

SITE = "opt/venv/lib/python3.13/site-packages"
INFO = "leaf-1.0.dist-info"


def install(data: bytes, folder: Path, *, name: str = "leaf", strip: bool = True) -> dict[str, Entry]:
    path = folder / "x.whl"
    path.write_bytes(data)
    return {one.path: one for one in wheel.entries(path, wheels.filename(name), python="3.13", strip=strip)}


def refused(data: bytes, folder: Path) -> Error:
    with pytest.raises(Error) as caught:
        install(data, folder)
    return caught.value


def raw(files: Mapping[str, bytes], modes: Mapping[str, int] | None = None, **changed: bytes | None) -> bytes:
    """A wheel of `leaf`, with METADATA, WHEEL and RECORD as `changed` has them; None leaves one out."""
    given = {"METADATA": b"Metadata-Version: 2.1\nName: leaf\nVersion: 1.0\n", "WHEEL": b"Wheel-Version: 1.0\n"}
    given |= {name: data for name, data in changed.items() if data is not None}
    held = {**files, **{f"{INFO}/{name}": data for name, data in given.items() if name not in changed or changed[name]}}
    if "RECORD" not in changed:
        held[f"{INFO}/RECORD"] = wheels.record(held, f"{INFO}/RECORD")
    return wheels.archive(held, modes)


# ── what is installed ────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_scheme_has_its_place(tmp_path: Path) -> None:
    data = wheels.wheel(
        "leaf",
        files={
            "leaf/__init__.py": b"",
            "leaf.pth": b"",
            "leaf-1.0.data/purelib/pure.py": b"",
            "leaf-1.0.data/platlib/plat.py": b"",
            "leaf-1.0.data/headers/leaf.h": b"",
            "leaf-1.0.data/data/share/man/leaf.1": b"",
            "leaf-1.0.data/scripts/run": b"#!python\n",
        },
    )
    assert sorted(install(data, tmp_path)) == [
        "opt/venv/bin/run",
        "opt/venv/include/site/python3.13/leaf/leaf.h",
        f"{SITE}/{INFO}/INSTALLER",
        f"{SITE}/{INFO}/METADATA",
        f"{SITE}/{INFO}/RECORD",
        f"{SITE}/{INFO}/WHEEL",
        f"{SITE}/leaf.pth",
        f"{SITE}/leaf/__init__.py",
        f"{SITE}/plat.py",
        f"{SITE}/pure.py",
        "opt/venv/share/man/leaf.1",
    ]


@pytest.mark.parametrize(
    ("given", "installed"),
    [
        (0o100644, 0o644),
        (0o100600, 0o644),
        (0o100664, 0o644),
        (0o100755, 0o755),
        (0o100700, 0o755),
        (0o104755, 0o755),
        (0, 0o644),
    ],
    ids=oct,
)
def test_modes_are_two(tmp_path: Path, given: int, installed: int) -> None:
    data = wheels.wheel("leaf", files={"leaf.py": b""}, modes={"leaf.py": given})
    entry = install(data, tmp_path)[f"{SITE}/leaf.py"]
    assert (entry.mode, entry.uid, entry.gid) == (installed, 0, 0)


def test_the_modes_of_another_system_mean_nothing(tmp_path: Path) -> None:
    data = wheels.wheel("leaf", files={"leaf.py": b""}, modes={"leaf.py": 0o100755})
    # The byte that says which system wrote the entry, in the central directory: 0 is MS-DOS.
    data = data.replace(b"PK\x01\x02\x14\x03", b"PK\x01\x02\x14\x00")
    assert install(data, tmp_path)[f"{SITE}/leaf.py"].mode == 0o644


@pytest.mark.parametrize(
    ("script", "installed"),
    [
        (b"#!python\nx", b"#!/opt/venv/bin/python\nx"),
        (b"#!pythonw\nx", b"#!/opt/venv/bin/python\nx"),
        (b"#!python -O\r\nx", b"#!/opt/venv/bin/python -O\r\nx"),
        (b"#!/bin/sh\n#!python\n", b"#!/bin/sh\n#!python\n"),
        (b"\x7fELF", b"\x7fELF"),
    ],
)
def test_scripts_are_run_by_the_environment(tmp_path: Path, script: bytes, installed: bytes) -> None:
    data = wheels.wheel("leaf", files={"leaf-1.0.data/scripts/run": script})
    entry = install(data, tmp_path, strip=False)["opt/venv/bin/run"]
    assert (entry.mode, entry.data) == (0o755, installed)


def test_entry_points_become_scripts(tmp_path: Path) -> None:
    points = """
        [console_scripts]
        Leaf-Run = leaf.cli:app.main [extra]
        [gui_scripts]
        leaf.gui=leaf:gui
        [leaf.plugins]
        x = leaf:no
    """
    data = wheels.wheel("leaf", entry_points="\n".join(line.strip() for line in points.splitlines()))
    found = {
        path: one.data.decode() for path, one in install(data, tmp_path).items() if path.startswith("opt/venv/bin")
    }
    assert found == {
        "opt/venv/bin/Leaf-Run": "#!/opt/venv/bin/python\nimport sys\n\nfrom leaf.cli import app\n\n"
        'if __name__ == "__main__":\n    sys.exit(app.main())\n',
        "opt/venv/bin/leaf.gui": "#!/opt/venv/bin/python\nimport sys\n\nfrom leaf import gui\n\n"
        'if __name__ == "__main__":\n    sys.exit(gui())\n',
    }


def test_the_record_is_true_of_what_is_installed(tmp_path: Path) -> None:
    data = wheels.wheel(
        "leaf",
        files={"leaf/__init__.py": b"x = 1\n", "leaf-1.0.data/scripts/run": b"#!python\n", "leaf/a,b.txt": b""},
        entry_points="[console_scripts]\nleaf = leaf:main\n",
    )
    found = install(data, tmp_path)
    for path, entry in found.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(entry.data)
    distribution = importlib.metadata.PathDistribution(tmp_path / SITE / INFO)
    files = distribution.files or []
    recorded = {str((tmp_path / SITE / one).resolve().relative_to(tmp_path)) for one in files}
    assert recorded == set(found)
    rows = list(csv.reader(io.StringIO(found[f"{SITE}/{INFO}/RECORD"].data.decode())))
    assert rows == sorted(rows)
    sizes = {row[0]: row[2] for row in rows}
    assert (sizes["../../../bin/run"], sizes[f"{INFO}/RECORD"]) == (str(len(b"#!/opt/venv/bin/python\n")), "")
    assert [one.hash.value for one in files if one.name == "__init__.py" and one.hash] == [
        "nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q"
    ]
    assert found[f"{SITE}/{INFO}/INSTALLER"].data == b"lading\n"


def test_packed_bytecode_is_left_out(tmp_path: Path) -> None:
    data = wheels.wheel("leaf", files={"leaf/__init__.py": b"", "leaf/__pycache__/x.cpython-313.pyc": b"x"})
    assert [path for path in install(data, tmp_path) if "pycache" in path] == []


def test_a_wheel_whose_record_was_signed(tmp_path: Path) -> None:
    data = raw({"leaf.py": b"", f"{INFO}/RECORD.jws": b"{}"})
    assert f"{SITE}/{INFO}/RECORD.jws" not in install(data, tmp_path)


def test_what_the_record_forgot_is_installed_and_recorded(tmp_path: Path) -> None:
    found = install(raw({"leaf.py": b""}, RECORD=f"gone.py,sha256=x,1\n{INFO}/RECORD,,\n".encode()), tmp_path)
    assert b"leaf.py,sha256=" in found[f"{SITE}/{INFO}/RECORD"].data
    assert b"gone.py" not in found[f"{SITE}/{INFO}/RECORD"].data


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

NAME = "the wheel `leaf-1.0-py3-none-any.whl`"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../evil.py", f"{NAME} holds `'../evil.py'`, which leaves its folder"),
        ("leaf/../../evil.py", f"{NAME} holds `'leaf/../../evil.py'`, which leaves its folder"),
        ("/etc/passwd", f"{NAME} holds `'/etc/passwd'`, which leaves its folder"),
        ("leaf//x.py", f"{NAME} holds `'leaf//x.py'`, which leaves its folder"),
        ("./leaf.py", f"{NAME} holds `'./leaf.py'`, which leaves its folder"),
        ("leaf\\..\\evil.py", f"{NAME} holds `'leaf\\\\..\\\\evil.py'`, which leaves its folder"),
        ("C:/evil.py", f"{NAME} holds `'C:/evil.py'`, which leaves its folder"),
        ("leaf-1.0.data/data/../../x", f"{NAME} holds `'leaf-1.0.data/data/../../x'`, which leaves its folder"),
        ("leaf-1.0.data/sbin/x", f"{NAME} holds `leaf-1.0.data/sbin/x`, whose scheme is not known"),
        ("leaf-1.0.data/x", f"{NAME} holds `leaf-1.0.data/x`, whose scheme is not known"),
        ("o-1.dist-info/x", f"{NAME} must hold one folder of metadata of its own name, not {INFO}, o-1.dist-info"),
    ],
)  # fmt: skip
def test_a_path_that_leaves_its_place(tmp_path: Path, path: str, message: str) -> None:
    error = refused(raw({path: b"x"}), tmp_path)
    assert (type(error), error.message, error.hint) == (BadInput, message, "choose another version of it")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no zip", f"{NAME} cannot be read: File is not a zip file"),
        (raw({"leaf.py": b"x"})[:-30], f"{NAME} cannot be read: File is not a zip file"),
        (raw({"link": b"/etc/passwd"}, {"link": stat.S_IFLNK | 0o777}), f"{NAME} holds `link`, a symbolic link"),
        (raw({"leaf.py": b"x"}, RECORD=None), f"{NAME} has no RECORD or no WHEEL"),
        (raw({"leaf.py": b"x"}, WHEEL=None), f"{NAME} has no RECORD or no WHEEL"),
        (raw({}, WHEEL=b"Wheel-Version: 2.0\n"), f"{NAME} is of a version of the wheel format that is not known"),
        (raw({}, WHEEL=b"Generator: x\n"), f"{NAME} is of a version of the wheel format that is not known"),
        (
            raw({"leaf.py": b"x"}, RECORD=b"leaf.py,md5=x,1\n"),
            f"{NAME} has a RECORD with hashes of `md5`, which proves nothing",
        ),
        (
            raw({f"{INFO}/entry_points.txt": b"[console_scripts]\n../x = leaf:main\n"}),
            f"{NAME} asks for a script `../x = leaf:main`, which is none",
        ),
        (
            raw({f"{INFO}/entry_points.txt": b"[console_scripts]\nx = os; evil()\n"}),
            f"{NAME} asks for a script `x = os; evil()`, which is none",
        ),
        (raw({f"{INFO}/entry_points.txt": b"no section = x"}), f"{NAME} has an entry_points.txt that cannot be read"),
        (raw({"zeros": bytes(80_000_000)}), f"{NAME} unpacks to more than 100 times its size"),
    ],
    ids=["no-zip", "cut", "link", "no-record", "no-wheel", "version", "no-version", "md5", "script-path", "script-code",
         "entry-points", "bomb"],
)  # fmt: skip
def test_what_is_no_wheel(tmp_path: Path, data: bytes, message: str) -> None:
    error = refused(data, tmp_path)
    assert (type(error), error.message) == (BadInput, message)


def test_a_file_that_is_not_the_one_of_the_record(tmp_path: Path) -> None:
    record = wheels.record({"leaf.py": b"good"}, f"{INFO}/RECORD")
    error = refused(raw({"leaf.py": b"evil"}, RECORD=record), tmp_path)
    assert (type(error), error.message) == (
        Untrusted, "`leaf.py` in `leaf-1.0-py3-none-any.whl` is not the file that its RECORD promises"
    )  # fmt: skip


def test_a_path_that_is_there_twice(tmp_path: Path) -> None:
    data = raw({"leaf/aa.py": b"1", "leaf/bb.py": b"2"}).replace(b"leaf/bb.py", b"leaf/aa.py")
    assert refused(data, tmp_path).message == f"{NAME} holds `leaf/aa.py` twice"


def test_an_encrypted_file(tmp_path: Path) -> None:
    data = raw({"leaf.py": b"x"})
    at = data.index(b"PK\x01\x02") + 8
    data = data[:at] + struct.pack("<H", 1) + data[at + 2 :]
    assert refused(data, tmp_path).message == f"{NAME} holds `leaf.py`, which is encrypted"


def test_damaged_contents(tmp_path: Path) -> None:
    text = b"".join(bytes([number % 251]) for number in range(4000))
    data = raw({"leaf.py": text})
    at = data.index(b"leaf.py") + 20
    error = refused(data[:at] + bytes(20) + data[at + 20 :], tmp_path)
    assert (type(error), error.message.partition(": ")[0]) == (BadInput, f"{NAME} cannot be read")
