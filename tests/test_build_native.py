"""The image that is assembled: what is in each layer, what is made again when something changes, and its digest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import wheels

from lading import detect, launch, settings
from lading import plan as plans
from lading.build import app, install, native
from lading.build.install import Wheel
from lading.build.interpreter import Compiler
from lading.build.layers import Recipe, each, make, once, sweep
from lading.build.lock import Distribution
from lading.debian import Package, mirror
from lading.errors import BadInput, Error, Outside, Untrusted
from lading.model import Fact, Image, Plan
from lading.oci import contents, layout
from lading.oci.layer import Entry
from lading.source import Directory, Memory, Source

pytestmark = pytest.mark.slow

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
TAG = sys.implementation.cache_tag

#: The launcher's modules.
LAUNCHER = sorted(path.name for path in launch.PROGRAMS.glob("*.py"))
HERE = Compiler(argv=(sys.executable, "-I", "-S", "-B"), identity="here", tag=TAG)
SITE = f"/opt/venv/lib/python{MINOR}/site-packages"
PACKAGES = (
    Package(
        name=f"python{MINOR}-minimal", version=f"{MINOR}.5-2", architecture="amd64", filename="p", sha256="a" * 64,
        size=1,
    ),
)  # fmt: skip
BASE = (
    Entry(path="etc/group", kind="file", data=b"root:x:0:\n"),
    Entry(path="etc/passwd", kind="file", data=b"root:x:0:0:root:/root:/usr/sbin/nologin\n"),
    Entry(path=f"usr/bin/python{MINOR}", kind="file", mode=0o755, data=b"program"),
    Entry(path=f"usr/lib/python{MINOR}/that.py", kind="symlink", link="this.py"),
    Entry(path=f"usr/lib/python{MINOR}/this.py", kind="file", data=b"x = 1\n"),
)
SOURCE = Memory({"app/main.py": "app = 1\n", "app/README.md": "no", "alembic.ini": "[alembic]\n", "secret": "no"})


def quiet(_: str) -> None:
    """Progress that nobody watches."""


def never() -> Sequence[Entry]:
    raise AssertionError("the base was asked for again")


def kept(folder: Path, *packages: tuple[str, bytes]) -> tuple[Wheel, ...]:
    """Wheels as if they had been fetched."""
    found = []
    for number, (name, data) in enumerate(packages):
        version = f"1.{len(data)}"
        sha256 = f"{wheels.digest(data)}"
        path = folder / f"{sha256}-{number}.whl"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        one = Distribution(name=name, version=version, filename=wheels.filename(name), url="", sha256=sha256)
        found.append(Wheel(one, path))
    return tuple(found)


def assembled(
    store: Path,
    *packages: tuple[str, bytes],
    plan: Plan | None = None,
    source: Source = SOURCE,
    base: Callable[[], Sequence[Entry]] = lambda: BASE,
    compiler: Compiler | None = HERE,
) -> Image:
    decided = plan or wheels.plan(python=MINOR)
    return native.assemble(
        decided, app.files(decided, source), PACKAGES, base, kept(store / "wheels", *packages), platform="linux/amd64",
        compiler=compiler, store=store, progress=quiet,
    )  # fmt: skip


def refused(store: Path, *packages: tuple[str, bytes]) -> Error:
    with pytest.raises(Error) as caught:
        assembled(store, *packages)
    return caught.value


LEAF = ("leaf", wheels.wheel("leaf", files={"leaf/__init__.py": b"x = 1\n", "leaf/page.html": b"<p>"}))
TOP = (
    "top",
    wheels.wheel("top", files={"top.py": b"import leaf\n"}, entry_points="[console_scripts]\ntop = top:main\n"),
)


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_layer_holds_what_changes_together(tmp_path: Path) -> None:
    image = assembled(tmp_path, LEAF, TOP)
    held = contents.load(image, lambda _: False)
    files = [[one.path for one in layer if one.kind != "directory"] for layer in held.layers]
    assert [layer.made_by for layer in image.layers] == [
        "lading: Debian trixie",
        f"lading: bytecode of Python {MINOR}",
        "lading: user, volume, launcher",
        "lading: dependencies: 2 of 4",
        "lading: dependencies: 4 of 4",
        "lading: the application",
    ]
    assert files == [
        [
            "/etc/group", "/etc/passwd", f"/usr/bin/python{MINOR}", f"/usr/lib/python{MINOR}/that.py",
            f"/usr/lib/python{MINOR}/this.py",
        ],
        [f"/opt/pycache/usr/lib/python{MINOR}/{name}.{TAG}.pyc" for name in ("that", "this")],  # a link, too
        [
            "/etc/group",
            "/etc/passwd",
            *sorted(f"/opt/lading/{name}" for name in (*LAUNCHER, "launch.json")),
            *sorted(f"/opt/pycache/opt/lading/{name[:-3]}.{TAG}.pyc" for name in LAUNCHER),
            "/opt/venv/bin/python",
            "/opt/venv/bin/python3",
            f"/opt/venv/bin/python{MINOR}",
            "/opt/venv/pyvenv.cfg",
        ],
        [
            f"/opt/pycache{SITE}/top.{TAG}.pyc",
            "/opt/venv/bin/top",
            *(f"{SITE}/top-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
            f"{SITE}/top-1.0.dist-info/entry_points.txt",
            f"{SITE}/top.py",
        ],
        [
            f"/opt/pycache{SITE}/leaf/__init__.{TAG}.pyc",
            *(f"{SITE}/leaf-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
            f"{SITE}/leaf/__init__.py",
            f"{SITE}/leaf/page.html",
        ],
        ["/app/alembic.ini", "/app/app/main.py", f"/opt/pycache/app/app/main.{TAG}.pyc"],
    ]  # fmt: skip


def test_owners_modes_and_accounts(tmp_path: Path) -> None:
    held = contents.load(assembled(tmp_path, LEAF), lambda path: path.startswith(("/etc/", "/opt/venv/pyvenv")))
    files = {path: (one.kind, oct(one.mode), one.uid, one.gid, one.link) for path, one in held.files.items()}
    assert {path: files[path] for path in files if not path.startswith(("/usr", "/opt/pycache", SITE))} == {
        "/app": ("directory", "0o755", 1000, 1000, ""),
        "/app/alembic.ini": ("file", "0o644", 1000, 1000, ""),
        "/app/app": ("directory", "0o755", 1000, 1000, ""),
        "/app/app/main.py": ("file", "0o644", 1000, 1000, ""),
        "/data": ("directory", "0o1777", 1000, 1000, ""),
        "/etc": ("directory", "0o755", 0, 0, ""),
        "/etc/group": ("file", "0o644", 0, 0, ""),
        "/etc/passwd": ("file", "0o644", 0, 0, ""),
        "/home": ("directory", "0o755", 0, 0, ""),
        "/home/appuser": ("directory", "0o755", 1000, 1000, ""),
        "/opt": ("directory", "0o755", 0, 0, ""),
        "/opt/lading": ("directory", "0o755", 0, 0, ""),
        "/opt/lading/launch.json": ("file", "0o644", 0, 0, ""),
        **{f"/opt/lading/{name}": ("file", "0o644", 0, 0, "") for name in LAUNCHER},
        "/opt/venv": ("directory", "0o755", 0, 0, ""),
        "/opt/venv/bin": ("directory", "0o755", 0, 0, ""),
        "/opt/venv/bin/python": ("symlink", "0o777", 0, 0, f"/usr/bin/python{MINOR}"),
        "/opt/venv/bin/python3": ("symlink", "0o777", 0, 0, "python"),
        f"/opt/venv/bin/python{MINOR}": ("symlink", "0o777", 0, 0, "python"),
        "/opt/venv/lib": ("directory", "0o755", 0, 0, ""),
        f"/opt/venv/lib/python{MINOR}": ("directory", "0o755", 0, 0, ""),
        "/opt/venv/pyvenv.cfg": ("file", "0o644", 0, 0, ""),
    }
    assert {path: one.data for path, one in held.files.items() if one.data is not None} == {
        "/etc/group": b"root:x:0:\nappuser:x:1000:\n",
        "/etc/passwd": b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
        b"appuser:x:1000:1000::/home/appuser:/usr/sbin/nologin\n",
        "/opt/venv/pyvenv.cfg": b"home = /usr/bin\ninclude-system-site-packages = false\n"
        + f"version = {MINOR}.5\n".encode(),
    }


def test_an_executable_file_of_the_project_stays_one(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "project/run.sh").chmod(0o700)
    (tmp_path / "project/plain").write_text("")
    (tmp_path / "project/plain").chmod(0o600)
    held = contents.load(assembled(tmp_path, source=Directory(tmp_path / "project")), lambda _: False)
    assert [oct(held.files[f"/app/{name}"].mode) for name in ("run.sh", "plain")] == ["0o755", "0o644"]


def test_only_what_the_application_is_made_of_is_checked_when_it_runs(tmp_path: Path) -> None:
    held = contents.load(assembled(tmp_path, LEAF), lambda path: path.endswith(".pyc"))
    checked = {path: one.data[4] == 3 for path, one in held.files.items() if one.data}
    assert checked == {path: path.startswith("/opt/pycache/app/") for path in checked}
    assert len(checked) == 4 + len(LAUNCHER)


def test_without_a_compiler_there_is_no_bytecode_and_all_else(tmp_path: Path) -> None:
    image = assembled(tmp_path, LEAF, compiler=None)
    assert [path for path in contents.load(image, lambda _: False).files if "pyc" in path] == []
    assert len(image.layers) == 4


def test_the_image_can_be_found_by_its_digest(tmp_path: Path) -> None:
    image = assembled(tmp_path, LEAF)
    assert layout.load(tmp_path, image.digest).config == image.config


def test_a_link_that_leaves_the_project(tmp_path: Path) -> None:
    source = Memory({"main.py": ""}, escapes={"config/host": "/etc/passwd"})
    with pytest.raises(BadInput) as caught:
        assembled(tmp_path, source=source)
    assert (caught.value.where, caught.value.message, caught.value.hint) == (
        "config/host", "is a link to `/etc/passwd`, which is outside the project or does not exist",
        "replace it by what it points to, or leave it out with `[tool.lading] exclude`",
    )  # fmt: skip
    assembled(tmp_path, source=Memory({"main.py": ""}, escapes={"secret/host": "/etc/passwd"}))


def test_a_python_that_no_debian_has(tmp_path: Path) -> None:
    made = wheels.plan()
    none = replace(made, base=replace(made.base, suite="", python=""), because={"base.python": "pyproject.toml:3"})
    with pytest.raises(BadInput) as caught:
        native.build(none, SOURCE, platform="linux/amd64", cache=tmp_path, mirror="", security=None, progress=quiet)
    assert (caught.value.where, caught.value.message) == (
        "pyproject.toml:3",
        "no release of Debian has a Python that the project allows: trixie has 3.13.5, bookworm has 3.11.2",
    )


def test_a_platform_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        native.build(
            wheels.plan(), SOURCE, platform="linux/s390x", cache=tmp_path, mirror="", security=None, progress=quiet
        )
    assert (caught.value.message, caught.value.hint) == (
        "no image can be built for `linux/s390x`", "the platforms are linux/amd64 and linux/arm64"
    )  # fmt: skip


# ── wheels together ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_wheels_that_differ_at_one_path(tmp_path: Path) -> None:
    one = ("one", wheels.wheel("one", files={"tests/__init__.py": b"1"}))
    two = ("two", wheels.wheel("two", files={"tests/__init__.py": b"2"}))
    error = refused(tmp_path, one, two)
    assert (type(error), error.message, error.hint) == (
        BadInput, "`one` and `two` install different files at `tests/__init__.py`",
        "one of them overwrites the other wherever they are installed: choose versions that do not, or drop one",
    )  # fmt: skip
    assert refused(tmp_path, one, two).message == error.message  # it is not forgotten


@pytest.mark.parametrize(("path", "read"), [("CHANGELOG.md", False), ("LICENSE", False), ("notes.py", True)])
def test_documents_of_two_wheels_are_no_conflict(tmp_path: Path, path: str, read: bool) -> None:
    one, two = ((name, wheels.wheel(name, files={path: name.encode()})) for name in ("one", "two"))
    if read:
        assert f"install different files at `{path}`" in refused(tmp_path, one, two).message
    else:
        assert f"{SITE}/{path}" in contents.load(assembled(tmp_path, one, two), lambda _: False).files


def test_two_wheels_that_agree_at_one_path(tmp_path: Path) -> None:
    names = ("one", "two", "three", "four", "five")  # more than there are layers, so that two share one
    same = [(name, wheels.wheel(name, files={"shared/__init__.py": b"1", f"{name}.py": b""})) for name in names]
    held = contents.load(assembled(tmp_path, *same), lambda _: False)
    for layer in held.layers:
        paths = [one.path for one in layer]
        assert sorted(set(paths)) == sorted(paths)
    assert f"{SITE}/shared/__init__.py" in held.files


@pytest.mark.parametrize("script", ["python", "python3", f"python{MINOR}"])
def test_a_wheel_that_would_replace_the_interpreter(tmp_path: Path, script: str) -> None:
    error = refused(tmp_path, ("leaf", wheels.wheel("leaf", files={f"leaf-1.0.data/scripts/{script}": b""})))
    assert error.message == f"`leaf` would replace `/opt/venv/bin/{script}` of the virtual environment"


def test_where_a_wheel_goes_depends_on_itself_alone(tmp_path: Path) -> None:
    def sized(*sizes: tuple[str, int]) -> dict[str, list[str]]:
        found = []
        for name, size in sizes:
            path = tmp_path / f"{name}.whl"
            with path.open("wb") as file:
                file.truncate(size)
            found.append(Wheel(Distribution(name=name, version="1", filename="", url="", sha256=name), path))
        return {label: [one.distribution.name for one in group] for label, group in install.buckets(found)}

    small = [(f"s{number}", 10) for number in range(12)]
    alone = sized(*small)
    assert [len(group) for group in alone.values()] == [4, 1, 2, 5]
    assert sized(*small, ("big", 5_000_000)) == {"big": ["big"], **alone}
    assert sized(*reversed(small)) == alone
    many = sized(*small, *((name, 5_000_000) for name in ("numpy", "pandas", "pyarrow", "scipy", "torch")))
    assert {label: many[label] for label in alone} == alone
    assert {label: group for label, group in many.items() if label not in alone} == {
        "large ones, 1 of 2": ["numpy", "pandas", "scipy"],
        "large ones, 2 of 2": ["pyarrow", "torch"],
    }


def test_a_wheel_is_fetched_once_and_checked(tmp_path: Path) -> None:
    with wheels.serving() as index:
        sha256 = index.add("leaf")
        one = Distribution(
            name="leaf", version="1.0", filename=wheels.filename("leaf"), sha256=sha256,
            url=f"{index.url}/files/{wheels.filename('leaf')}",
        )  # fmt: skip
        lines: list[str] = []
        for _ in range(2):
            (fetched,) = install.fetch([one], store=tmp_path, progress=lines.append)
            assert fetched.file.read_bytes() == index.files[one.filename]
        assert (len(index.asked), lines) == (1, ["downloading 1 wheel"])
        with pytest.raises(Untrusted):
            install.fetch([replace(one, sha256="0" * 64)], store=tmp_path, progress=quiet)
        assert [path.name for path in (tmp_path / "wheels").iterdir()] == [f"{sha256}.whl"]


def test_a_wheel_that_the_disk_spoilt_is_fetched_again(tmp_path: Path) -> None:
    with wheels.serving() as index:
        sha256 = index.add("leaf")
        url = f"{index.url}/files/{wheels.filename('leaf')}"
        one = Distribution(name="leaf", version="1.0", filename=wheels.filename("leaf"), sha256=sha256, url=url)
        (fetched,) = install.fetch([one], store=tmp_path, progress=quiet)
        fetched.file.write_bytes(wheels.wheel("leaf", files={"evil.py": b""}))
        made = install.recipes(
            [fetched], python=MINOR, strip=True, compiler=None, store=tmp_path, progress=quiet
        )  # fmt: skip
        assert [entry.path for entry in made[0].entries() if entry.path.endswith(".py")] == [
            f"{SITE[1:]}/leaf/__init__.py"
        ]
        assert len(index.asked) == 2


# ── what is made again ───────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_made_twice(tmp_path: Path) -> None:
    first = assembled(tmp_path, LEAF, TOP)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "wheels" not in path.parts}
    broken = Compiler(argv=("false",), identity=HERE.identity, tag=TAG)
    assert assembled(tmp_path, LEAF, TOP, base=never, compiler=broken) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "wheels" not in path.parts} == before


def changed(old: Image, new: Image) -> list[str]:
    return [layer.made_by for layer in new.layers if layer.digest not in {one.digest for one in old.layers}]


def test_a_line_of_the_application_changes_its_layer(tmp_path: Path) -> None:
    first = assembled(tmp_path, LEAF, TOP)
    second = assembled(tmp_path, LEAF, TOP, source=Memory({**SOURCE.tree, "app/main.py": "app = 2\n"}), base=never)
    assert changed(first, second) == ["lading: the application"]


def test_a_new_version_changes_the_layer_of_its_wheel(tmp_path: Path) -> None:
    newer = ("leaf", wheels.wheel("leaf", files={"leaf/__init__.py": b"x = 2\n"}))
    assert changed(assembled(tmp_path, LEAF, TOP), assembled(tmp_path, newer, TOP, base=never)) == [
        "lading: dependencies: 4 of 4"
    ]


def test_a_setting_of_the_plan_changes_the_runtime_bits(tmp_path: Path) -> None:
    decided = wheels.plan(python=MINOR)
    assert changed(assembled(tmp_path), assembled(tmp_path, plan=replace(decided, volume="/var/lib/app"))) == [
        "lading: user, volume, launcher"
    ]


@pytest.mark.parametrize("damage", ["gone", "cut", "record"])
def test_a_layer_whose_blob_is_damaged_is_made_again(tmp_path: Path, damage: str) -> None:
    first = assembled(tmp_path, LEAF)
    match damage:
        case "gone":
            first.layers[-1].blob.unlink()
        case "cut":
            os.truncate(first.layers[-1].blob, 10)
        case _:
            for record in (tmp_path / "layers").iterdir():
                record.write_bytes(b"{}")
    assert assembled(tmp_path, LEAF) == first
    assert first.layers[-1].blob.stat().st_size == first.layers[-1].size


def test_the_digest_does_not_depend_on_this_machine(tmp_path: Path) -> None:
    """Another day is in the report: no time is read, and this test would not see one that is."""
    program = (
        "import sys; from pathlib import Path; import test_build_native as t; "
        "print(t.assembled(Path(sys.argv[1]), t.LEAF, t.TOP).digest)"
    )
    tests, source = Path(__file__).parent, Path(__file__).parent.parent / "src"
    digests = set()
    for name, umask, env in (
        ("a", "000", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "HOME": "/"}),
        ("some/where else", "077", {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "USER": "me"}),
    ):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        run = subprocess.run(
            ["sh", "-c", f'umask {umask}; exec "$0" "$@"', sys.executable, "-c", program, str(folder)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{source}:{tests}", **env}, cwd=folder,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        digests.add(run.stdout)
    assert digests == {assembled(tmp_path / "c", LEAF, TOP).digest + "\n"}


def test_the_base_is_asked_once_however_many_layers_need_it(tmp_path: Path) -> None:
    asked: list[float] = []

    def base() -> Sequence[Entry]:
        asked.append(time.monotonic())
        time.sleep(0.05)
        return BASE

    assembled(tmp_path, LEAF, base=once(base))
    assert len(asked) == 1


# ── what stops half way ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_error_is_raised_and_the_rest_is_left() -> None:
    begun: list[int] = []

    def one(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise BadInput("no")
        time.sleep(0.05)

    with pytest.raises(BadInput, match="no"):
        each(one, range(20), workers=2)
    assert len(begun) < 5


def test_a_layer_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def entries() -> Sequence[Entry]:
        raise Outside("the mirror failed")

    with pytest.raises(Outside, match="the mirror failed"):
        make([Recipe(key=["x"], made_by="x", entries=entries)], store=tmp_path, progress=quiet)
    assert list(tmp_path.rglob("*")) == []


def test_what_a_killed_build_left_is_swept_a_day_later(tmp_path: Path) -> None:
    leftovers = [
        ".new-1/requirements.txt", "wheels/.new-2", "blobs/.new-3", "blobs/incoming-4", "python/.new-5/usr/bin/python",
        "locks/key/.new-6",
    ]  # fmt: skip
    others = ["wheels/a.whl", "blobs/sha256/b", "python/3.13/usr/bin/python", "layers/key.json"]
    for name in (*leftovers, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path)
    everything = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert everything == {*leftovers, *others}
    for path in tmp_path.rglob("*"):
        os.utime(path, (time.time() - 90_000,) * 2)
    sweep(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(others)


def test_a_killed_build_leaves_only_what_is_swept(tmp_path: Path) -> None:
    program = (
        "import sys, os; from pathlib import Path; import test_build_native as t; from lading.oci.layer import Entry; "
        "big = lambda: (*t.BASE, Entry(path='big', kind='file', data=os.urandom(1 << 26))); "
        "t.assembled(Path(sys.argv[1]), t.LEAF, base=big)"
    )
    tests, source = Path(__file__).parent, Path(__file__).parent.parent / "src"
    build = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], env={**os.environ, "PYTHONPATH": f"{source}:{tests}"}
    )
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in tmp_path.glob("blobs/.new-*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    build.send_signal(signal.SIGKILL)
    build.wait()
    left = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file() and path.parent.name != "sha256"]
    assert left != []
    assert [path.name for path in left if not path.name.startswith(".new-")] == []
    fresh = assembled(tmp_path / "fresh", LEAF)
    assert assembled(tmp_path, LEAF).digest == fresh.digest


@pytest.mark.namespaces
def test_a_full_disk(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import test_build_native as t; from lading.errors import Outside\n"
        "try: t.assembled(Path(sys.argv[1]), t.LEAF)\n"
        "except Outside as error: print(error.message, '|', error.hint, '|', sorted(Path(sys.argv[1]).rglob('.new-*')))"
    )
    tests, source = Path(__file__).parent, Path(__file__).parent.parent / "src"
    run = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec",
         'mount -t tmpfs -o size=32k none "$2" && exec "$0" -c "$1" "$2"', sys.executable, program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{source}:{tests}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.replace(str(tmp_path), "CACHE").partition("`: ")[0].endswith("| []\n")
    assert run.stdout.startswith(f"no space left on the disk of `{tmp_path}/")
    assert "| free some, or put the cache elsewhere with `--cache DIR` |" in run.stdout


# ── the real thing ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.network
def test_the_example_is_the_same_twice_and_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = Path(__file__).parent.parent / "examples" / "task-list"
    images = []
    for name, umask, env in (
        ("a", 0o022, {"TZ": "UTC", "LC_ALL": "C"}),
        ("b/c", 0o077, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}),
    ):
        images.append(_example(example, tmp_path / name, umask, env, monkeypatch))
    assert images[0].digest == images[1].digest
    assert images[0].size < 105_000_000
    assert len(images[0].layers) <= 10
    files = contents.load(images[0], lambda _: False).files
    assert [path for path in files if "__pycache__" in path] == []
    python = ("/app/", "/opt/", "/usr/lib/python")
    sources = [
        path for path, one in files.items() if path.endswith(".py") and path.startswith(python) and one.kind == "file"
    ]
    compiled = {path for path in files if path.startswith("/opt/pycache/")}
    rest = {path for path in sources if f"/opt/pycache{path.removesuffix('.py')}.cpython-313.pyc" not in compiled}
    # What no server imports.
    assert {path.partition("/testing/")[0] for path in rest} == {
        f"/opt/venv/lib/python3.13/site-packages/{name}" for name in ("sqlalchemy", "alembic")
    }


def _example(example: Path, store: Path, umask: int, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Image:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    source = Directory(example)
    decided = settings.load(source, {}, {})
    plan = plans.make(detect.detect(source, decided), decided)
    found = mirror.find(Fact(None, "default"), os.environ)
    before = os.umask(umask)
    try:
        return native.build(
            plan, source, platform="linux/amd64", cache=store, mirror=found.value,
            security=mirror.security(found).value, progress=quiet,
        )  # fmt: skip
    finally:
        os.umask(before)
