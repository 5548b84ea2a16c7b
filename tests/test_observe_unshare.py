"""An image under the engine that needs none: as root, as an ordinary user, in a chroot; and what stays afterwards."""

import json
import os
import pickle
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import host_python
import pytest
from observe_elsewhere import Request

import lading
from lading.command import Command, run
from lading.model import Image, Observation, Outcome, Run, Start
from lading.observe import beside, loopback, procfs

pytestmark = pytest.mark.namespaces

#: Whoever runs the tests can do this; only root can be root, be another, or change its root.
ROOT = os.geteuid() == 0
WAYS = ("root", "user", "chroot") if ROOT else ("user",)
NOBODY = "65534"

TESTS = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A folder that any user can read, with all that a process of another needs, and an image that is made once."""

    folder: Path
    image: Image

    def command(self, way: str, request: Request, name: str) -> tuple[tuple[str, ...], Path]:
        """What to run for `request`, and where its result will be; `way` decides as whom."""
        cache = self.folder / f"cache-{way}"
        result = cache / f"{name}.result"
        asked = self.folder / f"{way}-{name}.request"
        kind = "chroot" if way == "chroot" else "namespaces"
        asked.write_bytes(pickle.dumps(replace(request, way=kind, cache=cache)))
        program = str(self.folder / "observe_elsewhere.py")
        if not (ROOT and way == "user"):
            return (sys.executable, program, str(asked), str(result)), result
        python = sys.executable if _open(Path(os.path.realpath(sys.executable))) else "/usr/bin/python3"
        drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        return (*drop, python, program, str(asked), str(result)), result

    def see(
        self, way: str, *, start: Start | None = None, execute: tuple[str, ...] = (), seconds: float = 10, **image: Any
    ) -> Any:
        """What another process sees, with other members of the image's configuration, or another `image` at all."""
        made = image.pop("image", self.image)
        made = replace(made, config={**made.config, "config": {**made.config["config"], **image}})
        request = Request(
            way=way,
            plan=host_python.PLAN,
            image=made,
            cache=self.folder,
            start=start,
            execute=execute or None,
            seconds=seconds,
        )
        argv, result = self.command(way, request, start.name if start else "all")
        done = run(Command(argv=argv, env={"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}, timeout=60))
        assert done.status == 0, done.stderr.decode()
        return pickle.loads(result.read_bytes())


def _open(path: Path) -> bool:
    """Whether every user can come to `path`."""
    return all(one.stat().st_mode & 1 for one in (path, *path.parents))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    # Not pytest's own folder, which other users cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="lading-test-"))
    try:
        folder.chmod(0o755)
        copies = {Path(lading.__file__).parent: "lading"}
        copies |= {Path(sysconfig.get_path("platlib"), name): name for name in ("zlib_ng", "packaging")}
        for source, name in copies.items():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("host_python.py", "observe_elsewhere.py"):
            shutil.copy(TESTS / name, folder)
        image = host_python.make(folder / "blobs")
        for path in folder.rglob("*"):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        for way in WAYS:
            (folder / f"cache-{way}").mkdir()
            (folder / f"cache-{way}").chmod(0o777)
        yield Bench(folder=folder, image=image)
    finally:
        shutil.rmtree(folder)


def summary(one: Run) -> dict[str, Any]:
    """What does not depend on the clock or the way."""
    return {
        "ready": one.ready is not None,
        "exited": one.exited,
        "stopped": one.stopped,
        "refused": len(one.refused),
        "health": one.health and one.health.status,
        "stalled": one.stalled and one.stalled.output,
        "data": one.writes["/data"].status if one.writes else None,
        "revisions": dict(one.revisions),
        "starts": len(one.answers) and min(json.loads(one.answers[0].body)["starts"], 2),
        "who": {(process.uid, process.gid, process.argv[-1]) for process in one.processes},
        "log": one.log,
    }


GOOD: dict[str, Any] = {
    "ready": True,
    "exited": None,
    "stopped": 0,
    "refused": 0,
    "health": 0,
    "stalled": None,
    "data": 0,
    "revisions": {"/data/rows.db": ("0002",)},
    "starts": 1,  # on this volume; 2 or more are 2
    "who": {(1000, 1000, "/app/main.py")},
    "log": "begins\nends\n",
}

SLEEP = "import time; time.sleep(600)"

NAMES = {"root": "unshare", "user": "unshare (user namespace)", "chroot": "unshare (chroot)"}


@pytest.mark.parametrize("way", WAYS)
def test_a_good_image_is_seen_in_every_way_to_start_it(way: str, bench: Bench) -> None:
    seen = bench.see(way)
    assert isinstance(seen, Observation), seen
    assert (seen.engine, seen.image) == (NAMES[way], bench.image.digest)
    assert {name: summary(one) for name, one in seen.runs.items()} == {
        "defaults": GOOD,
        "port": {**GOOD, "starts": 2, "refused": 1},
        "host": {**GOOD, "starts": 2, "refused": 1},
        "database": {**GOOD, "revisions": {"/data/lading-probe.db": ("0002",)}},
        "tmpfs": {**GOOD, "stalled": "TimeoutError\n"},
    }
    assert len(seen.runs["defaults"].samples) == 50
    app = {one.writes["/app"].output for one in seen.runs.values()}
    assert app == ({""} if way == "chroot" else {"Read-only file system (1000:1000 755)"})
    assert {process.pid == 1 for one in seen.runs.values() for process in one.processes} == {way != "chroot"}
    assert ("root file system is not read-only" in " ".join(seen.limits)) == (way == "chroot")
    assert ("cannot give files away" in " ".join(seen.limits)) == (way == "user")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("exits", {"ready": False, "exited": 7, "log": "begins\n"}),
        ("stubborn", {"ready": True, "exited": None, "stopped": None, "log": "begins\n"}),
        ("forks", {"ready": True, "stopped": 0, "who": {(1000, 1000, "/app/main.py"), (1000, 1000, SLEEP)}}),
    ],
    ids=["exits", "stubborn", "forks"],
)
def test_a_bad_one_is_seen_as_it_is(way: str, how: str, expected: dict[str, Any], bench: Bench) -> None:
    port = loopback.unused()
    environment = {"HOW": how, "PORT": str(port), "HOST": "127.0.0.1"}
    one = bench.see(way, start=Start(name=how, environment=environment, connect=("127.0.0.1", port)))
    assert {name: value for name, value in summary(one).items() if name in expected} == expected


@pytest.mark.parametrize("way", WAYS)
def test_what_a_file_system_that_can_be_written_was_given_is_listed(way: str, bench: Bench) -> None:
    port = loopback.unused()
    environment = {"HOW": "writes", "PORT": str(port)}
    one = bench.see(way, start=Start(name="writes", environment=environment, connect=("127.0.0.1", port)))
    assert (one.written, one.exited) == ((("/app/cache.txt",), None) if way == "chroot" else ((), 1))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mount", ["volume", "tmpfs", "bind"])
def test_a_volume_that_belongs_to_root_is_one_that_the_user_cannot_write(way: str, mount: Any, bench: Bench) -> None:
    image = host_python.make(bench.folder / "blobs", volume=(0, 0o755))
    for layer in image.layers:
        layer.blob.chmod(0o644)
    port = loopback.unused()
    start = Start(name=f"root-{mount}", mount=mount, environment={"PORT": str(port)}, connect=("127.0.0.1", port))
    one = bench.see(way, start=start, image=image)
    assert one.exited == (None if mount == "bind" else 1), one.log


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("config", "exited", "log"),
    [
        ({"Entrypoint": ["/nothing"]}, 127, "exec /nothing: No such file or directory\n"),
        ({"Entrypoint": ["/app/main.py"]}, 126, "exec /app/main.py: Permission denied\n"),
        (
            {"WorkingDir": "/not/there", "Entrypoint": ["python3", "-c", "import os; print(os.getcwd())"]},
            0,
            "/not/there\n",
        ),
    ],
    ids=["no such program", "not executable", "a folder that is made"],
)
def test_what_an_engine_does_with_an_odd_image(
    way: str, config: dict[str, Any], exited: int, log: str, bench: Bench
) -> None:
    one = bench.see(way, start=Start(name="odd"), **config)
    assert (one.exited, one.log, one.ready) == (exited, log, None)


@pytest.mark.parametrize("way", WAYS)
def test_an_image_that_no_engine_starts_is_one_start_that_could_not_be_made(way: str, bench: Bench) -> None:
    assert bench.see(way, start=Start(name="odd"), User="ghost") == "the image's passwd has no user `ghost`"


LOOK = """
import os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(os.getuid(), os.getgid(), {*os.getgroups()} <= {1000, 65534}, os.getcwd(), os.getppid())
print(*(f"{name} {int(status[name], 16)}" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")))
print(socket.gethostname(), [name for _, name in socket.if_nameindex()], socket.gethostbyname("localhost"))
print(sorted(os.listdir("/dev")), sorted(os.listdir("/tmp")))
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit())[0], os.path.exists("/sys/kernel"))
for path in ("/", "/dev/x", "/proc/sys/kernel/hostname"):
    try:
        open(path + "x" if path == "/" else path, "w")
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.parametrize("way", [way for way in WAYS if way != "chroot"])
def test_a_container_is_alone_and_can_do_little(way: str, bench: Bench) -> None:
    seen = bench.see(way, start=Start(name="look"), execute=("python3", "-c", LOOK))
    assert isinstance(seen, Outcome), seen
    assert seen.output.splitlines() == [
        "1000 1000 True /app 0",
        "CapInh 0 CapPrm 0 CapEff 0 CapBnd 0 CapAmb 0 NoNewPrivs 1",
        "lading ['lo'] 127.0.0.1",
        "['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'] []",
        "1 False",
        "Read-only file system",
        "Read-only file system",
        "Read-only file system",
    ]
    assert seen.status == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_program_that_does_not_end_is_killed(way: str, bench: Bench) -> None:
    sleep = ("python3", "-c", "import time; print('sleeps', flush=True); time.sleep(600)")
    seen = bench.see(way, start=Start(name="sleep"), execute=sleep, seconds=2)
    assert (seen.status, seen.output, 2 <= seen.seconds < 6) == (None, "sleeps\n", True)


# ── and nothing is left ──────────────────────────────────────────────────────────────────────────────────────────────


def marked(marker: str) -> list[int]:
    """The processes whose environment holds `marker`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                environment = Path("/proc", name, "environ").read_bytes()
            except OSError:
                continue
            if marker.encode() in environment:
                found.append(int(name))
    return found


def around(bench: Bench) -> tuple[list[str], list[str]]:
    """What may be left: mounts, and files and folders."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    # Whatever else runs on this machine mounts elsewhere.
    mounts = [place for place in places if place.startswith(("/sys", str(bench.folder)))]
    return mounts, sorted(str(path) for path in bench.folder.rglob("*") if path.suffix not in {".request", ".result"})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda end: end.name)
@pytest.mark.parametrize("moment", ["unpacking", "running"])
def test_nothing_is_left_however_lading_ends(way: str, end: signal.Signals, moment: str, bench: Bench) -> None:
    marker = f"LADING_TEST={way}-{end}-{moment}-{os.getpid()}"
    request = Request(
        way=way, plan=host_python.PLAN, cache=bench.folder,
        image=replace(
            bench.image,
            config={"config": {**bench.image.config["config"], "Env": ["PATH=/usr/bin", "HOW=silent", marker]}},
        ),
    )  # fmt: skip
    argv, _ = bench.command(way, request, f"{end}-{moment}")
    before = around(bench)
    env = ("env", marker, f"PYTHONPATH={bench.folder}", "PYTHONDONTWRITEBYTECODE=1")
    pid = beside.start((*env, *argv), {})
    try:
        # lading, its supervisor and the process that unpacks; or those two, keepers, and what they keep.
        wanted = 3 if moment == "unpacking" else 4
        _until(lambda: len(marked(marker)) >= wanted and (moment == "unpacking" or _runs(marker)))
        os.kill(pid, end)
        beside.end(pid, 20)
        _until(lambda: marked(marker) == [])
        assert around(bench) == before
    finally:
        beside.end(pid, 0)


def _runs(marker: str) -> bool:
    return any("/app/main.py" in argv for *_, argv in procfs.describe(marked(marker)))


def _until(true: Any) -> None:
    limit = time.monotonic() + 20
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.005)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_of_an_observation_that_ends_well(way: str, bench: Bench) -> None:
    before = around(bench)
    one = bench.see(
        way, start=Start(name="well"), Env=["PATH=/usr/bin", "HOW=forks", f"LADING_TEST=well-{os.getpid()}"]
    )
    assert isinstance(one, Run)
    assert (around(bench), marked(f"LADING_TEST=well-{os.getpid()}")) == (before, [])
