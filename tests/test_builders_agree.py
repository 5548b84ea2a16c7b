"""The same plan through Docker and through our own builder gives the same image: files, and how they are run.

Both builders get one base, so that what is compared is what they made themselves. An example costs 20 to 30 s, and
video-events, which is 835 MB, 140 s.
"""

import email
import fnmatch
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import agreement
import pytest
from agreement import Difference, Files, Permitted

from lading import cli, command, render, stages
from lading.build import docker
from lading.build.interpreter import Compiler
from lading.model import File, Image

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("task-list", "sdlc-lens", "todo-api", "reading-app", "video-events", "written")
SITE = "/opt/venv/lib/python3.13/site-packages"

#: Reads the bytes of two compiled modules; ends with 0 where their code is the same. Version 2 of marshal's format has
#: no references, whose marks depend on what the compiling process had loaded.
MEANING = """\
import json, marshal, sys
one, other = (bytes.fromhex(each) for each in json.load(sys.stdin))
sys.exit(marshal.dumps(marshal.loads(one[16:]), 2) != marshal.dumps(marshal.loads(other[16:]), 2))
"""


def code(compiler: Compiler, docker: File, ours: File) -> bool:
    """Whether two compiled modules are checked in the same way, against the same source, and have the same code."""
    one, other = docker.data or b"", ours.data or b""
    asked = json.dumps([one.hex(), other.hex()]).encode()
    done = command.run(command.Command(argv=(*compiler.argv, "-c", MEANING), stdin=asked, env=compiler.env))
    return one[:16] == other[:16] and done.status == 0


def started(docker: File, ours: File) -> bool:
    """Whether two scripts have one interpreter, and call one function of one module."""
    return _called(docker) == _called(ours)


def _called(script: File) -> tuple[str, ...]:
    pattern = r"(#!\S+)\n(?:# .*\n)?import sys\n+from (\S+) import (\S+)\n(?s:.*)\n    sys\.exit\((\S+)\(\)\)\n"
    found = re.fullmatch(pattern, (script.data or b"").decode())
    assert found, script
    return found.groups()


def listed(docker: File, ours: File) -> bool:
    """Whether two accounts of what was installed name the same files, each one's own notes apart."""
    return _rows(docker) == _rows(ours)


def _rows(record: File) -> set[str]:
    paths = {line.rsplit(",", 2)[0] for line in (record.data or b"").decode().splitlines()}
    return {path for path in paths if not path.endswith(("/REQUESTED", "/INSTALLER"))}


def configured(docker: File, ours: File) -> bool:
    """Whether an environment's configuration says all that ours does, with more beside it."""
    return set((ours.data or b"").splitlines()) < set((docker.data or b"").splitlines())


def permitted(compiler: Compiler) -> tuple[Permitted, ...]:
    """Each with its reason. Whatever else differs is a defect of one of the builders."""
    info = re.escape(SITE) + r"/[^/]+\.dist-info/"
    return (
        Permitted(
            r"/opt/pycache/usr/lib/.*\.pyc", "contents",
            "compileall has imported some modules of the library before it compiles them: other marks, the same code",
            partial(code, compiler),
        ),
        Permitted(r"/opt/venv/bin/[\w.-]+", "contents", "uv's words for a console script, and ours", started),
        Permitted(info + "RECORD", "contents", "uv's hashes are of before the stripping, ours of after it", listed),
        Permitted(info + "INSTALLER", "contents", "uv, and lading"),
        Permitted(info + "REQUESTED", "there", "uv's mark of what was asked for, for who would uninstall the rest"),
        Permitted(
            r"/opt/venv/pyvenv\.cfg", "contents", "venv adds the command that it was started with", configured
        ),
        Permitted(
            "/opt/venv/bin/python", "link", "venv links to the name that it was started by",
            lambda docker, ours: (docker.link, ours.link) == ("/usr/bin/python", "/usr/bin/python3.13"),
        ),
    )  # fmt: skip


def described(docker: File, ours: File) -> bool:
    """Whether what ours says of the project is said by the back end's account, too, in whatever words."""
    theirs, own = (_fields(each) for each in (docker, ours))
    return own <= theirs


def _fields(metadata: File) -> set[tuple[str, str]]:
    head = email.message_from_bytes(metadata.data or b"")
    return {(key, re.sub(r"[\s()\"']", "", text)) for key, text in head.items() if key != "Metadata-Version"}


def permitted_of_a_project() -> tuple[Permitted, ...]:
    """What differs beside that where the project itself is installed: its code comes from /app in both."""
    info = r"/opt/project/[^/]+\.dist-info/"
    return (
        Permitted(info + "METADATA", "contents", "a back end's words, and those of the manifest", described),
        Permitted(info + "(INSTALLER|RECORD)", "contents", "uv's account of what it installed, and ours"),
        Permitted(
            info + r"(REQUESTED|WHEEL|direct_url\.json|uv_\w+\.json|licenses.*)", "there",
            "what uv and the back end lay beside the metadata",
        ),
        Permitted("/opt/pycache/opt/project", "there", "an empty folder: there is no code to compile in /opt/project"),
    )  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """What both builders made of one example."""

    stage: stages.Stage
    base: agreement.Base
    docker: Image
    ours: Image
    permitted: tuple[Permitted, ...]

    def differences(self) -> list[Difference]:
        return list(agreement.differences(agreement.files(self.docker), agreement.files(self.ours)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("agree")
    agreement.removed()


def written(store: Path) -> Path:
    """The first example, as one that writes by paths that no variable moves, and fails without an `.env`."""
    copy = store / "copy" / "task-list"
    shutil.copytree(EXAMPLES / "task-list", copy)
    config = copy / "app" / "config.py"
    text = config.read_text()
    moved = 'os.environ.get("DATABASE_URL", "sqlite:///./tasks.db")'
    assert moved in text
    config.write_text(text.replace(moved, '"sqlite:///./tasks.db"') + "\n\nopen('.env').close()\nos.makedirs('logs')\n")
    assert cli.main(["init", str(copy), "--force"]) == 0
    return copy


@pytest.fixture(scope="module")
def pairs(store: Path) -> Callable[[str], Pair]:
    made: dict[str, Pair] = {}

    def pair(name: str) -> Pair:
        if name not in made:
            stage = stages.start(written(store) if name == "written" else EXAMPLES / name, {})
            on, installed = agreement.base(stage.plan, store / name, store), stage.plan.dependencies.install
            made[name] = Pair(
                stage, on, agreement.by_docker(stage, on, "runtime", store), agreement.by_ourselves(stage, on, store),
                (*permitted(on.compiler(store)), *(permitted_of_a_project() if installed else ())),
            )  # fmt: skip
        return made[name]

    return pair


@pytest.mark.parametrize("name", NAMES)
def test_both_builders_make_the_same_files(name: str, pairs: Callable[[str], Pair]) -> None:
    pair = pairs(name)
    assert agreement.unexplained(pair.differences(), pair.permitted) == []


@pytest.mark.parametrize("name", NAMES)
def test_both_images_are_run_in_the_same_way(name: str, pairs: Callable[[str], Pair]) -> None:
    pair = pairs(name)
    docker, ours = agreement.configuration(pair.docker), agreement.configuration(pair.ours)
    # Docker's older mark of Windows' command lines, which it sets on Linux, too.
    assert docker.pop("ArgsEscaped", True) is True
    assert docker == ours
    assert {
        "Env",
        "User",
        "Entrypoint",
        "Cmd",
        "WorkingDir",
        "Volumes",
        "ExposedPorts",
        "Healthcheck",
        "StopSignal",
    } <= (docker.keys())


def test_what_is_written_is_led_to_the_volume_by_both(pairs: Callable[[str], Pair]) -> None:
    pair = pairs("written")
    for image in (pair.docker, pair.ours):
        files = agreement.files(image)
        assert {path: files[path].link for path in ("/app/logs", "/app/tasks.db")} == {
            "/app/logs": "/data/logs", "/app/tasks.db": "/data/tasks.db",
        }  # fmt: skip
        assert (files["/app/.env"].kind, files["/app/.env"].size) == ("file", 0)


def test_every_permitted_difference_is_needed(pairs: Callable[[str], Pair], store: Path) -> None:
    pair = pairs("task-list")
    fresh = permitted(pair.base.compiler(store))
    assert agreement.unexplained(pair.differences(), fresh) == []
    assert [one.reason for one in fresh if not one.used] == []
    pair, own = pairs("sdlc-lens"), permitted_of_a_project()
    assert agreement.unexplained(pair.differences(), (*fresh, *own)) == []
    assert [one.reason for one in own if not one.used] == []


def test_the_worker_is_the_server_with_another_command(pairs: Callable[[str], Pair], store: Path) -> None:
    pair = pairs("reading-app")
    worker = agreement.by_docker(pair.stage, pair.base, "worker", store)
    assert [one.diff_id for one in worker.layers] == [one.diff_id for one in pair.docker.layers]
    server, other = (agreement.configuration(one) for one in (pair.docker, worker))
    assert (server.pop("Cmd"), other.pop("Cmd")) == (["serve"], ["worker"])
    assert server == other


# ── controls: the comparison sees what it is for ─────────────────────────────────────────────────────────────────────

CODE = "/app/app/main.py"
WEAKREF = "/opt/pycache/usr/lib/python3.13/weakref.cpython-313.pyc"

Change = Callable[[File], File]


def fields(**new: Any) -> Change:
    return lambda file: replace(file, **new)


def bytes_(old: bytes, new: bytes) -> Change:
    def change(file: File) -> File:
        assert old in (file.data or b"")
        return replace(file, data=(file.data or b"").replace(old, new))

    return change


def flipped(file: File) -> File:
    """`file` with one bit of its middle changed."""
    data = file.data or b""
    middle = len(data) // 2
    return replace(file, data=data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


def shorter(file: File) -> File:
    """`file` without its first line."""
    return replace(file, data=(file.data or b"").partition(b"\n")[2])


def told(pair: Pair, change: Callable[[Files], Files]) -> list[str]:
    """What is said of Docker's image with that change."""
    found = agreement.differences(change(agreement.files(pair.docker)), agreement.files(pair.ours))
    return [line.rpartition(": ")[0] for line in agreement.unexplained(found, pair.permitted)]


@pytest.mark.parametrize(
    ("path", "change", "what"),
    [
        (CODE, flipped, "contents"),
        (CODE, fields(mode=0o600), "mode"),
        (CODE, fields(uid=0), "owner"),
        (CODE, fields(gid=0), "owner"),
        (CODE, fields(kind="symlink"), "kind"),
        ("/data", fields(mode=0o755), "mode"),
        ("/etc/passwd", flipped, "contents"),
        ("/opt/lading/launch.json", flipped, "contents"),
        ("/opt/pycache/app/app/main.cpython-313.pyc", flipped, "contents"),
        # What is permitted is permitted where it means the same.
        (WEAKREF, bytes_(b"finalize", b"finalise"), "contents"),
        (WEAKREF, bytes_(b"\xf3\r\r\n\x01", b"\xf3\r\r\n\x03"), "contents"),
        ("/opt/venv/bin/uvicorn", bytes_(b"main(", b"mein("), "contents"),
        ("/opt/venv/bin/python", fields(link="/usr/bin/python3"), "link"),
        ("/opt/venv/pyvenv.cfg", bytes_(b"= false", b"= true"), "contents"),
        (f"{SITE}/uvloop/loop.cpython-313-x86_64-linux-gnu.so", flipped, "contents"),
        (f"{SITE}/uvicorn-*.dist-info/RECORD", shorter, "contents"),
    ],
)
def test_one_change_is_seen(path: str, change: Change, what: str, pairs: Callable[[str], Pair]) -> None:
    pair = pairs("task-list")
    (full,) = fnmatch.filter(agreement.files(pair.docker), path)
    assert told(pair, lambda files: {**files, full: change(files[full])}) == [f"{full}: {what}"]


def test_one_file_more_or_less_is_seen(pairs: Callable[[str], Pair]) -> None:
    pair = pairs("task-list")
    assert told(pair, lambda files: {**files, "/app/x": files[CODE]}) == ["/app/x: there"]
    assert told(pair, lambda files: {path: file for path, file in files.items() if path != CODE}) == [f"{CODE}: there"]


@pytest.mark.parametrize(
    ("key", "value"), [("User", "0:0"), ("Env", ["PATH=/bin"]), ("Cmd", ["worker"]), ("Labels", {"a": "b"})]
)
def test_one_word_of_the_configuration_is_seen(key: str, value: object, pairs: Callable[[str], Pair]) -> None:
    image = pairs("task-list").ours
    other = replace(image, config={**image.config, "config": {**image.config["config"], key: value}})
    assert agreement.configuration(other) != agreement.configuration(image)


# ── the project itself, installed ────────────────────────────────────────────────────────────────────────────────────

ASK = """\
import importlib.metadata as m, json, sys
one = m.distribution("shop-window")
points = sorted(f"{p.group}: {p.name} = {p.value}" for p in one.entry_points)
known = ("Name", "Version", "Summary", "Author-email", "License-Expression", "Keywords", "Requires-Python")
requires = sorted(r.replace('"', "'").replace("(", "").replace(")", "").replace(" ", "") for r in one.requires)
print(json.dumps([{key: one.metadata[key] for key in known}, one.metadata.get_all("Project-URL"), requires, points,
                  m.packages_distributions().get("shop_window", ["Shop-Window"]), asked()]))
"""
SERVE = """\
def asked():

    from shop_window.main import health
    return health()
"""


def test_the_project_installed_tells_the_same_of_itself(store: Path) -> None:
    source = Path(__file__).parent / "projects" / "packaging-installed" / "source"
    root = Path(shutil.copytree(source, store / "lading-test-installed"))
    stage = stages.start(root, {})
    for path, text in render.files(stage.plan).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    on = agreement.base(stage.plan, store / "installed", store)
    told = [
        command.output(
            command.Command(
                argv=(docker.find(), "run", "--rm", "--entrypoint", "python", name, "-c", SERVE + ASK), timeout=60
            )
        )
        for name in (
            docker.load(agreement.by_docker(stage, on, "runtime", store), engine="docker", name=agreement.tagged("d")),
            docker.load(agreement.by_ourselves(stage, on, store), engine="docker", name=agreement.tagged("o")),
        )
    ]
    first, second = (json.loads(each) for each in told)
    assert first == second
    assert first[-1] == {"tea": "3 EUR", "version": "1.2.3-beta4"}
