"""What somebody may put into a tree to harm us, or by accident: an answer or an error, soon, and nothing else read.

The mutations are of the files of tests/projects. `LADING_MUTATIONS=10000` makes as many of them as the house promises;
`LADING_MUTATIONS=4711-4711` repeats one.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import mutations
import pytest

from lading import settings
from lading.detect import detect, syntax
from lading.detect.explain import explain, questions
from lading.errors import Error
from lading.model import Project
from lading.report import backends, project
from lading.source import Directory, Memory, Source

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
REQUIREMENTS = "fastapi\nuvicorn\n"
GOOD: mutations.Tree = {"requirements.txt": REQUIREMENTS, "main.py": APP}
PROJECTS = Path(__file__).parent / "projects"

pytestmark = pytest.mark.slow


class TooSlow(Exception):
    """Not one of ours, so that nothing takes it for an answer."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A hang becomes a failure: more than the seconds of this processor's work, or many more of waiting."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds} s")

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, seconds * 12))
    before = {number: signal.signal(number, stop) for _, number, _ in timers}
    for timer, _, limit in timers:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, number, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def inspect(source: Source, *, seconds: float = 5) -> Project | str:
    """What `lading inspect` finds in `source`, shown in every way; the error's sentence where there is none."""
    with within(seconds):
        try:
            found = detect(source, settings.load(source, {}, {}))
        except Error as error:
            str(error).encode("utf-8", "surrogateescape")
            return str(error)
        assert backends.json(found).encode()
        assert project.text(found, 80, False).encode()
    return found


def target(source: Source, *, seconds: float = 5) -> str:
    found = inspect(source, seconds=seconds)
    return found if isinstance(found, str) else found.application.value.target


# ── what is in a tree ────────────────────────────────────────────────────────────────────────────────────────────────


def write(root: Path, tree: Mapping[str, str | bytes]) -> Path:
    for path, text in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def test_links_in_a_circle(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    (root / "here").symlink_to(".")
    (root / "itself").symlink_to("itself")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "a").mkdir()
    (root / "a" / "up").symlink_to("..")
    assert target(Directory(root)) == "main:app"


def test_folders_full_of_links_to_each_other_cost_no_more_than_their_links(tmp_path: Path) -> None:
    """30 folders, each with a link to each other one: 30! paths, of which the listing has 4 a folder."""
    root = write(tmp_path, GOOD)
    names = [f"d{number}" for number in range(30)]
    for name in names:
        write(root, {f"{name}/x.py": "x = 1\n"})
        for other in names:
            if other != name:
                (root / name / f"to-{other}").symlink_to(f"../{other}")
    with within(5):
        source = Directory(root)
        assert len(source.files) <= 2 + 30 * 4
    assert target(source) == "main:app"


def test_a_chain_of_links_doubles_nothing(tmp_path: Path) -> None:
    """Each folder has two links to the next: 2⁴⁰ paths to the last."""
    root = write(tmp_path, {**GOOD, **{f"l{number}/x.txt": "x" for number in range(41)}})
    for number in range(40):
        for side in ("a", "b"):
            (root / f"l{number}" / side).symlink_to(f"../l{number + 1}")
    with within(5):
        assert len(Directory(root).files) <= 2 + 41 * 4


def test_files_of_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    names = ("big.py", "app/models.py", "README.md", "Dockerfile", "compose.yaml", "Makefile", "Procfile", "run.sh",
             "data.json", "templates/index.html", ".env", "alembic/versions/0001.py")  # fmt: skip
    for name in names:
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        with (root / name).open("wb") as file:
            file.truncate(100_000_000)
    opened: list[str] = []
    with watched(opened):
        assert target(Directory(root), seconds=2) == "main:app"
    assert [name for name in names if str(root / name) in opened] == []


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "pyproject.toml", "lading.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock",
     "setup.py",
     "setup.cfg", "alembic.ini", ".python-version", "pylock.toml"],
)  # fmt: skip
def test_a_file_of_a_hundred_megabytes_that_must_be_read_is_an_error_or_left_out(name: str, tmp_path: Path) -> None:
    root = write(tmp_path, {**GOOD, "pyproject.toml": "[project]\nname = 'x'\n"})
    with (root / name).open("wb") as file:
        file.truncate(100_000_000)
    said = target(Directory(root), seconds=2)
    assert said == "main:app" or said.startswith(f"{name}: has 100,000,000 bytes")


def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    for name in ("pyproject.toml", "app.py", "Dockerfile", "alembic.ini", "README.md"):
        os.mkfifo(root / name)
    (root / "piped.py").symlink_to("app.py")
    (root / "zero.py").symlink_to("/dev/zero")
    (root / "tty.py").symlink_to("/dev/tty")
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(root)  # the name of a socket is short
        listening.bind("server.py")
        os.chdir(before)
        assert target(Directory(root)) == "main:app"


def test_names_that_no_editor_makes(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    for name in (b"\xff\xfe.py", b"new\nline.py", b"\x1b[31mred.py", b"-rf.py", b"a b.py", b"'\".py", b"%s.py",
    b"{x}.py",
                 b"\xe2\x80\xaegnp.py", b"[bold].py", b"$(id).py", b"Dockerfile.\xff",
                 b"requirements-\xff.txt"):  # fmt: skip
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("import os\nos.environ['NEEDED']\n" + APP)
    (root / "main.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/health')\ndef health(): ...\n"
    )
    found = inspect(Directory(root))
    assert isinstance(found, Project)
    assert found.application.value.target == "main:app"
    shown = project.text(found, 80, False)
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []


def test_the_only_application_in_a_file_with_such_a_name(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J"))
    folder.mkdir()
    write(folder, {"main.py": APP})
    write(tmp_path, {"requirements.txt": REQUIREMENTS})
    assert target(Directory(tmp_path)).endswith("main:app")


def test_a_tree_that_is_very_deep(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    folders = [str(root)]
    for _ in range(1500):
        folders.append(folders[-1] + "/d")
        os.mkdir(folders[-1])
    try:
        assert target(Directory(root)) == "main:app"
    finally:
        for folder in reversed(folders[1:]):  # which shutil.rmtree cannot do
            os.rmdir(folder)


def test_a_folder_that_may_not_be_listed_is_named() -> None:
    """As nobody, since root may list everything."""
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        root = write(Path(made), GOOD)
        (root / "locked").mkdir(mode=0)
        root.chmod(0o755)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                os.write(writing, target(Directory(root)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        (root / "locked").chmod(0o700)
    assert said == "locked: cannot be listed: Permission denied"


# ── what is read ─────────────────────────────────────────────────────────────────────────────────────────────────────

_watching: list[list[str]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in {"open", "os.scandir", "os.listdir"} and isinstance(arguments[0], str | bytes):
        _watching[-1].append(os.path.realpath(os.fsdecode(arguments[0])))


@contextmanager
def watched(opened: list[str]) -> Iterator[None]:
    """`opened` gets every file and folder that this process opens meanwhile (PEP 578)."""
    if not getattr(watched, "hooked", False):
        sys.addaudithook(_audit)  # which nothing takes away again
        watched.hooked = True  # type: ignore[attr-defined]
    _watching.append(opened)
    try:
        yield
    finally:
        _watching.pop()


OUTSIDE: Mapping[str, Mapping[str, str]] = {
    "a requirements file": {"requirements.txt": "-r ../secret.txt\n-c /etc/passwd\n-e ../lib\n../lib\nfastapi\n"},
    "a link to a requirements file": {"requirements.txt": "-r linked.txt\nfastapi\n"},
    "a url": {"requirements.txt": "-r file:///etc/passwd\n--find-links /etc\nfastapi\n"},
    "a readme and a licence": {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\nreadme = '../secret.txt'\n"
                          "license = {file = '/etc/passwd'}\n"
        "license-files = ['../*', '/etc/*']\ndependencies = ['fastapi', 'lib @ file:///etc/passwd']\n"
    },
    "a version": {
        "pyproject.toml": "[project]\nname = 'x'\ndynamic = ['version', 'dependencies']\n[tool.hatch.version]\n"
        "path = '../secret.txt'\n[tool.setuptools.dynamic]\nversion = {file = '../secret.txt'}\n"
        "dependencies = {file = ['../secret.txt', '/etc/passwd']}\n"
    },
    "a workspace": {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['fastapi', 'lib']\n"
        "[tool.uv.workspace]\nmembers = ['../*', '/etc/*', '**']\n[tool.uv.sources]\nlib = {path = '../lib'}\n"
    },
    "poetry's paths": {
        "pyproject.toml": "[tool.poetry]\nname = 'x'\nversion = '1'\nreadme = '../secret.txt'\n"
        "packages = [{include = '../lib'}]\n[tool.poetry.dependencies]\npython = '^3.11'\nfastapi = '*'\n"
        "lib = {path = '../lib', develop = true}\n"
    },
    "setup.cfg": {
        "setup.cfg": "[metadata]\nname = x\nversion = file: ../secret.txt\nlong_description = file: /etc/passwd\n"
        "[options]\ninstall_requires = file: ../secret.txt\n"
    },
    "setup.py": {
        "setup.py": "from setuptools import setup\n"
                    "setup(name='x', install_requires=open('../secret.txt').read().splitlines())\n"
    },
    "a Pipfile": {"Pipfile": "[packages]\nfastapi = '*'\nlib = {path = '../lib', editable = true}\n"},
    "alembic": {
        "requirements.txt": REQUIREMENTS,
        "alembic.ini": "[alembic]\nscript_location = ../lib\nversion_locations = ../lib /etc\nprepend_sys_path = ..\n",
    },
    "a Dockerfile": {
        "requirements.txt": REQUIREMENTS,
        "Dockerfile": "FROM python:3.12\nWORKDIR /..\nCOPY ../secret.txt /etc/passwd ./\nENV PYTHONPATH=../lib:/etc\n"
        'RUN pip install -r ../secret.txt\nCMD ["uvicorn", "--app-dir", "../lib", "secret:app"]\n',
    },
    "compose": {
        "requirements.txt": REQUIREMENTS,
        "compose.yaml": "include: [../lib/compose.yaml]\nservices:\n  api:\n"
                        "    build: {context: .., dockerfile: ../secret.txt}\n"
        "    env_file: [../secret.txt, /etc/passwd]\n    extends: {file: ../lib/compose.yaml, service: x}\n"
        "    command: uvicorn --app-dir ../lib secret:app\n",
    },
    "Python": {
        "requirements.txt": REQUIREMENTS,
        "main.py": "from fastapi import FastAPI\nfrom ..lib import secret\nfrom ....... import x\nimport sys\n"
        "sys.path.append('../lib')\nexec(open('../secret.txt').read())\napp = FastAPI()\n"
        "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_file='../secret.txt')\n",
    },
    "a version file": {"requirements.txt": REQUIREMENTS, ".python-version": "../secret.txt\n"},
    "settings": {"requirements.txt": REQUIREMENTS, "lading.toml": "app-folder = '../lib'\n"
        "application = 'secret:app'\n"},
    "a requirements setting": {"lading.toml": "requirements = '../secret.txt'\n"},
    "a service": {"requirements.txt": REQUIREMENTS, "lading.toml": "service = '../lib'\n"},
    "a migrations setting": {"requirements.txt": REQUIREMENTS, "lading.toml": "migrations = '../lib/alembic.ini'\n"},
}  # fmt: skip


@pytest.mark.parametrize("tree", OUTSIDE.values(), ids=OUTSIDE)
def test_nothing_outside_the_root_is_opened(tree: Mapping[str, str], tmp_path: Path) -> None:
    write(tmp_path, {"secret.txt": "starlette\n", "lib/secret.py": APP,
    "lib/pyproject.toml": "[project]\nname = 'lib'\n",
                     "lib/env.py": "", "lib/alembic.ini": "[alembic]\nscript_location = .\n"})  # fmt: skip
    root = write(tmp_path / "root", {"main.py": APP, **tree})
    (root / "linked.txt").symlink_to("../secret.txt")
    (root / "linked").symlink_to("../lib")
    inspect(Directory(root))  # so that what Python imports late is there already
    opened: list[str] = []
    with watched(opened):
        said = inspect(Directory(root))
    assert [path for path in opened if not Path(path).is_relative_to(root)] == []
    assert "starlette" not in (said if isinstance(said, str) else backends.json(said))


# ── what files say ───────────────────────────────────────────────────────────────────────────────────────────────────

DEEP = (90, 250, 950, 10_000)


def _elif(depth: int) -> str:
    return "if x == 0: pass\n" + "".join(f"elif x == {number}: pass\n" for number in range(depth))


def _names(depth: int) -> str:
    return "n0 = app\n" + "".join(f"n{number + 1} = n{number}\n" for number in range(depth))


def _classes(depth: int) -> str:
    return (
        "class C0(FastAPI): ...\n" + "".join(f"class C{n + 1}(C{n}): ...\n" for n in range(depth)) + f"z = C{depth}()\n"
    )


def _functions(depth: int) -> str:
    one = "def f{0}():\n    return f{1}()\n"
    return "".join(one.format(n + 1, n) for n in range(depth)) + f"def f0():\n    return FastAPI()\nz = f{depth}()\n"


def _routers(depth: int) -> str:
    made = "from fastapi import APIRouter\n" + "".join(f"r{n} = APIRouter(prefix='/p')\n" for n in range(depth + 1))
    included = "".join(f"r{n}.include_router(r{n + 1})\n" for n in range(depth))
    return f"{made}{included}app.include_router(r0)\n@r{depth}.get('/health')\ndef health(): ...\n"


PYTHON: Mapping[str, Callable[[int], str]] = {
    "parentheses": lambda depth: "x = " + "(" * depth + ")" * depth + "\n",
    "brackets": lambda depth: "x = " + "[" * depth + "]" * depth + "\n",
    "braces": lambda depth: "x = " + "{1: " * depth + "2" + "}" * depth + "\n",
    "minus": lambda depth: "x = " + "-" * depth + "1\n",
    "not": lambda depth: "x = " + "not " * depth + "1\n",
    "sums": lambda depth: "x = os.getenv('X', " + "'a' + " * depth + "'b')\n",
    "products": lambda depth: "x = os.getenv('X', " + "999999999999 * " * depth + "9)\n",
    "powers": lambda depth: "x = os.getenv('X', " + "9 ** " * depth + "9)\n",
    "shifts": lambda depth: "x = os.getenv('X', 1 << " + "9" * min(depth, 4000) + ")\n",
    "formats": lambda depth: "x = os.getenv('X', '%99999999s' % 'a' * " + str(depth) + ")\n",
    "or": lambda depth: "x = " + "os.getenv('X') or (" * depth + "'a'" + ")" * depth + "\n",
    "attributes": lambda depth: "x = app" + ".x" * depth + "\n",
    "called attributes": lambda depth: "x = app" + ".x()" * depth + "\n",
    "calls": lambda depth: "x = " + "str(" * depth + "os.getenv('X')" + ")" * depth + "\n",
    "settings calls": lambda depth: (
        "x = " + "Field(" * depth + "1" + ")" * depth + "\nclass S(BaseSettings):\n y: int = x\n"
    ),
    "subscripts": lambda depth: "x = os.environ" + "['A']" * depth + "\n",
    "types": lambda depth: "class S(BaseSettings):\n    y: " + "Optional[" * depth + "int" + "]" * depth + "\n",
    "conditions": lambda depth: "x = " + "1 if a else " * depth + "2\n",
    "lambdas": lambda depth: "x = " + "lambda: " * depth + "app\n",
    "wrapped": lambda depth: "app = " + "Middleware(" * depth + "app" + ")" * depth + "\n",
    "walrus": lambda depth: "x = " + "(y := " * depth + "1" + ")" * depth + "\n",
    "await": lambda depth: "async def f():\n    " + "await " * min(depth, 90) + "x\n",
    "strings": lambda depth: "x = os.getenv('X', " + "'a' " * depth + ")\n",
    "formatted": lambda depth: "x = f'" + "{a}" * depth + "'\n",
    "dots": lambda depth: "from " + "." * depth + " x\n" + "from " + "." * depth + " import x\n",
    "spaces": lambda depth: "from x import" + " " * depth * 20 + "(" + "\n" * depth * 20 + "y)\n",
    "statements": lambda depth: "x = 1\n" * depth,
    "elif": _elif,
    "names": _names,
    "classes": _classes,
    "functions": _functions,
    "routers": _routers,
    "decorators": lambda depth: "@app.get('/health')\n" * depth + "def health(): ...\n",
    "parameters": lambda depth: "def f(" + ", ".join(f"a{n}=1" for n in range(depth)) + "): ...\n",
    "indented": lambda depth: (
        "".join("  " * n + "if x:\n" for n in range(min(depth, 99))) + "  " * min(depth, 99) + "pass\n"
    ),
}


@pytest.mark.parametrize("depth", DEEP)
@pytest.mark.parametrize("shape", PYTHON)
def test_code_that_nests_deeply_is_read_or_said_to_be_broken(shape: str, depth: int) -> None:
    text = f"import os\nfrom fastapi import FastAPI\napp = FastAPI()\n{PYTHON[shape](depth)}"
    said = target(Memory({"requirements.txt": REQUIREMENTS, "main.py": text}), seconds=10)
    assert said.endswith(":app") or "cannot be parsed" in said or said.startswith("there are ") or said == "main:z"


@pytest.mark.parametrize(
    "text",
    [
        b"print 'two'\n", b"exec 'x' in y\n", b"raise E, 'x'\n", b"x = 0777\n", b"async = 1\n",
        b"match x:\n  case y: z := 1\n",
        b"def f[T: int = str](x: T) -> T?: ...\n", b"t'{x}'\n", b"x = 1 |> f\n", b"type X = int\nlazy import y\n",
        b"\xff\xfeb\0a\0d\0", b"# coding: utf-16\nx = 1\n", b"# coding: rot13\nx = 1\n", b"# coding: \xff\n",
        b"x = '\xe9'\n",
        b"\0", b"x = 1\0\n", b"\xef\xbb\xbfx = 1\n", b"x = '\\ud800'\n", b"\x0c\x0c\x0c", b"\t x\n  y\n", b"\\",
        b"'''", b"(",
    ],
)  # fmt: skip
def test_a_file_that_python_cannot_read_stops_nothing(text: bytes) -> None:
    assert target(Memory({**GOOD, "other.py": text, "app/models.py": text})) == "main:app"
    said = target(Memory({**GOOD, "main.py": APP.encode() + text}))
    assert said == "main:app" or "main.py" in said


def test_values_that_cannot_be_written_are_shown_all_the_same() -> None:
    text = (
        "import os\nfrom fastapi import FastAPI\napp = FastAPI(root_path='\\ud800')\n"
        "A = os.getenv('A', '\\ud800')\nB = os.getenv('B', '\\x1b[2J')\n"
        f"C = os.getenv('C', 'a' * 10**12)\nD = os.getenv('D', {'9' * 4000})\nE = os.getenv('\\udfff')\n"
        "@app.get('/\\ud800/health')\ndef health(): ...\n"
        "class S(BaseSettings):\n    f: int = 10**10**10\n    g: float = 1e999\n    h: str = '\\0'\n"
        "    i: bytes = b'\\xff'\n"
    )
    found = inspect(Memory({"requirements.txt": REQUIREMENTS, "main.py": text}))
    assert isinstance(found, Project)


def test_a_number_that_python_does_not_print_makes_a_file_that_cannot_be_parsed() -> None:
    text = f"import os\nX = os.getenv('X', 0x{'f' * 6000})\n"
    assert target(Memory({**GOOD, "other.py": text})) == "main:app"
    assert "a number of thousands of digits" in target(Memory({**GOOD, "main.py": APP + text}))


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "from b import app\n", "b.py": "from a import app\n"},
        {"a.py": "from b import *\n", "b.py": "from c import *\n", "c.py": "from a import *\n"},
        {"a.py": "x = y\ny = x\n", "b.py": "from a import x\napp = x\n"},
        {"a.py": "class A(B): ...\nclass B(A): ...\nz = A()\nclass S(S): ...\n"},
        {"a.py": "def f():\n    return g()\ndef g():\n    return f()\nz = f()\n"},
        {"a.py": "from fastapi import APIRouter\nr = APIRouter()\ns = APIRouter()\nr.include_router(s, prefix='/a')\n"
                 "s.include_router(r, prefix='/b')\nr.include_router(r)\n",
         "main.py": APP + "from a import r\napp.include_router(r)\napp.mount('/', app)\n"},
        {"a.py": "import os\nx = os.getenv(x)\ny = os.getenv('Y', y)\nz = f'{z}'\n"},
        {"__init__.py": "from .main import app\nfrom . import *\n", "main.py": APP + "from . import app as other\n"},
    ],
)  # fmt: skip
def test_names_in_a_circle_end(files: dict[str, str]) -> None:
    assert target(Memory({**GOOD, **files})).endswith("app")


def test_routers_that_include_each_other_have_a_bounded_number_of_routes() -> None:
    """20 routers, each included twice in the one before: a million paths."""
    text = "from fastapi import APIRouter\n" + "".join(f"r{n} = APIRouter(prefix='/p{n}')\n" for n in range(21))
    text += "".join(f"r{n}.include_router(r{n + 1}, prefix='/a')\nr{n}.include_router(r{n + 1})\n" for n in range(20))
    text += "app.include_router(r0)\n@r20.get('/health')\ndef health(): ...\n"
    assert target(Memory({"requirements.txt": REQUIREMENTS, "main.py": APP + text})) == "main:app"


NESTED: Mapping[str, str] = {
    "arrays": "x = " + "[" * 10_000 + "]" * 10_000,
    "tables": "x = " + "{a = " * 10_000 + "1" + "}" * 10_000,
    "dotted keys": "x" + ".a" * 10_000 + " = 1",
    "dotted tables": "[x" + ".a" * 10_000 + "]",
    "many dotted keys": "\n".join("x" + ".a" * 200 + f".k{number} = 1" for number in range(2_000)),
    "many tables": "\n".join(f"[x.a{number}]" for number in range(50_000)),
    "many arrays of tables": "[[package]]\nname = 'x'\n" * 50_000,
    "a long number": "x = " + "9" * 100_000,
    "a long string": "x = '" + "a" * 5_000_000 + "'",
    "a date": "x = 9999-99-99",
    "quotes": "x = " + '"' * 100_000,
    "comments": "#" * 5_000_000,
    "a byte order mark": "\ufeffx = 1",
    "spaces": " " * 1_000_000 + "x" + " " * 1_000_000 + "= 1",
}
TOML = ("pyproject.toml", "lading.toml", "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile", "poetry.toml")


@pytest.mark.parametrize("name", TOML)
@pytest.mark.parametrize("shape", NESTED)
def test_toml_that_is_a_trap_is_read_or_refused(shape: str, name: str) -> None:
    known = {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['fastapi']\n[tool.poetry]\n"
        "name = 'x'\n"
    }
    said = target(
        Memory({**GOOD, **known, name: known.get(name, "") + "[a]\n" * (name != "pyproject.toml") + NESTED[shape]})
    )
    assert said == "main:app" or name in said


TRAPS: Sequence[tuple[str, str]] = (
    ("Pipfile.lock", "[" * 100_000),
    ("Pipfile.lock", '{"default": ' * 50_000),
    ("Pipfile.lock", '{"default": {"x": ' + "9" * 10_000 + "}}"),
    ("Pipfile.lock", '{"default": {"x": {"version": "\\ud800"}}}'),
    ("package.json", "[" * 100_000),
    (".vscode/launch.json", '{"configurations": ' + "[" * 100_000),
    ("compose.yaml", "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghij", "bcdefghijk",
     strict=True))),
    ("compose.yaml", "services:\n" + "".join(" " * n + f"k{n}:\n" for n in range(1, 2_000))),
    ("compose.yaml", "services: " + "{a: " * 20_000),
    ("compose.yaml", "services: " + "[" * 20_000),
    ("compose.yaml", "services:\n" + "  api: {command: x}\n" * 50_000),
    ("compose.yaml", "x: |\n" + "  " * 500_000),
    ("compose.yaml", "? " * 100_000),
    ("compose.yaml", "- " * 100_000),
    (".github/workflows/ci.yml", "jobs:\n  x:\n    steps:\n" + "      - run: uvicorn a:b\n" * 20_000),
    ("Dockerfile", "FROM x\nRUN " + "a && \\\n" * 100_000 + "b\n"),
    ("Dockerfile", "FROM x\n" + "".join(f"ENV A{n + 1}=$A{n}$A{n}\n" for n in range(200)) + "CMD uvicorn $A200:app\n"),
    ("Dockerfile", "FROM x\nCMD " + "[" * 100_000),
    ("Dockerfile", "FROM x\n" + "ARG A=${A:-${A:-${A}}}\n" * 500 + "CMD uvicorn $A\n"),
    ("Dockerfile", "FROM a AS a\nFROM a AS a\n" * 20_000),
    ("Dockerfile", "FROM x\nCMD uvicorn " + "'" * 100_001),
    ("Dockerfile", "FROM x\nCMD " + "sh -c '" * 2_000 + "uvicorn a:b" + "'" * 2_000),
    ("run.sh", "A=$A$A\n" * 500 + "uvicorn $A:app\n"),
    ("run.sh", "uvicorn " + "$(" * 20_000),
    ("run.sh", "uvicorn " + "\\\n" * 100_000),
    ("run.sh", "uvicorn " + "a " * 1_000_000),
    ("run.sh", "cat <<EOF\n" * 20_000),
    ("Makefile", "A = $(A)\nrun:\n\tuvicorn $(A)\n" * 5_000),
    ("Procfile", "web: uvicorn main:app\n" * 50_000),
    ("README.md", "```\nuvicorn main:app\n" * 50_000),
    ("README.md", "uvicorn " * 500_000),
    ("requirements.txt", "-r requirements.txt\nfastapi\n"),
    ("requirements.txt", "-r a.txt\nfastapi\n"),
    ("requirements.txt", "fastapi" + "[" * 100_000),
    ("requirements.txt", "fastapi " + "\\\n" * 100_000),
    ("requirements.txt", "fastapi; " + "(" * 5_000 + "python_version > '3'" + ")" * 5_000),
    ("requirements.txt", "fastapi; " + "python_version > '3' and " * 20_000 + "python_version > '3'"),
    ("requirements.txt", "fastapi" + "," * 100_000),
    ("requirements.txt", "fastapi>=" + "9" * 100_000),
    ("requirements.txt", "fastapi>=" + "1." * 50_000 + "1"),
    ("requirements.txt", "fastapi " + " " * 1_000_000 + "#\n"),
    ("requirements.txt", "fastapi\n" * 200_000),
    ("setup.py", "from setuptools import setup\nsetup(install_requires=" + "[" * 150 + "]" * 150 + ")\n"),
    ("setup.py", "from setuptools import setup\nx = x\nsetup(install_requires=x, **setup)\n"),
    ("setup.py", "from setuptools import setup\nsetup(install_requires=" + "'a' + " * 900 + "'b')\n"),
    ("setup.cfg", "[options]\ninstall_requires = %(install_requires)s\n"),
    ("setup.cfg", "[options]\n" + "install_requires =\n  fastapi\n" * 20_000),
    ("alembic.ini", "[alembic]\nscript_location = %(script_location)s\n"),
    ("alembic.ini", "[alembic]\n" * 10_000),
    ("alembic.ini", "[alembic]\nscript_location = " + "a/" * 100_000),
    ("alembic.ini", "[" * 100_000),
    (".python-version", "3." + "1" * 100_000),
    (".python-version", "3.12\n" * 100_000),
    (".env", "A=${A}\n" * 50_000),
    ("environment.yml", "dependencies:\n" + "  - pip:\n" * 50_000),
)  # fmt: skip


@pytest.mark.parametrize(("name", "text"), TRAPS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(TRAPS)])
def test_a_file_that_is_a_trap_is_read_or_refused(name: str, text: str) -> None:
    rest = {} if name == "requirements.txt" else GOOD
    said = target(Memory({"main.py": APP, "a.txt": "-r b.txt\n", "b.txt": "-r a.txt\nuvicorn\n", **rest, name: text}))
    assert said == "main:app" or name in said or "requirements.txt" in said or "dependencies" in said


def test_a_thousand_files_that_include_each_other() -> None:
    files = {f"r{number}.txt": f"-r r{number + 1}.txt\n" for number in range(2_000)}
    said = target(Memory({"main.py": APP, "requirements.txt": "-r r0.txt\n", **files, "r2000.txt": REQUIREMENTS}))
    assert "requirements" in said or ".txt" in said


def test_many_files_of_a_kind_take_time_in_step_with_their_number() -> None:
    def seconds(count: int) -> float:
        files = {f"s{n}/{name}": text for n in range(count) for name, text in (
            ("requirements.txt", REQUIREMENTS), ("main.py", APP), ("Dockerfile", "FROM x\nCMD uvicorn main:app\n"),
            ("compose.yaml", "services:\n  api:\n    command: uvicorn main:app\n"), ("alembic.ini",
             "[alembic]\n"))}  # fmt: skip
        started = time.perf_counter()
        inspect(Memory({**GOOD, **files}), seconds=60)
        return time.perf_counter() - started

    seconds(20)
    assert seconds(400) < max(1.0, 20 * seconds(40))  # ten times as many: a guard against a square


def test_a_large_file_with_many_strings_that_cannot_be_read_costs_a_few_parsings() -> None:
    text = "x = 1\n" * 200_000 + "\n".join(f"""y{n} = f"{{a["b"]}}" + (""" for n in range(200))
    started = time.perf_counter()
    with pytest.raises(SyntaxError):
        syntax.parse(text.encode())
    assert time.perf_counter() - started < 60


@pytest.mark.parametrize(
    "line", ["fastapi=={0}", "fastapi<{0}", "sqlalchemy==1.{0}", "fastapi~={0}"], ids=["is", "below", "minor", "about"]
)
def test_a_version_of_thousands_of_digits_is_no_crash(line: str) -> None:
    inspect(Memory({**GOOD, "requirements.txt": REQUIREMENTS + line.format("9" * 5_000) + "\n"}))


# ── mutations ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers() -> range:
    first, _, last = os.environ.get("LADING_MUTATIONS", "300").rpartition("-")
    return range(int(first), int(last) + 1) if first else range(int(last))


def test_files_that_were_spoilt_are_read_or_refused() -> None:
    trees = [mutations.read(folder / "source") for folder in sorted(PROJECTS.iterdir()) if (folder / "source").is_dir()]
    trees += [mutations.read(folder) for folder in _more()]
    failed = []
    for number in _numbers():
        tree = mutations.mutate(trees, number)
        try:
            inspect(Memory(tree))
        except Exception as error:  # noqa: BLE001 - every one is to be shown, with the number that repeats it
            failed.append(f"{number}: {type(error).__name__}: {error}"[:200])
    assert failed[:20] == []


def _more() -> Sequence[Path]:
    """Trees that only this machine has."""
    given = os.environ.get("LADING_MUTATION_SOURCES")
    return [path for path in sorted(Path(given).iterdir()) if path.is_dir()] if given else []


@pytest.mark.parametrize("question", questions())
def test_every_question_about_a_spoilt_tree_is_answered(question: str) -> None:
    source = Memory({**GOOD, "main.py": APP + "\x00", "lading.toml": "application = 'main:app'\n"})
    with pytest.raises(Error):
        explain(source, settings.load(source, {}, {}), question)
