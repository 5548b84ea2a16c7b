"""An image under Docker and podman, and in a chroot inside a container of Docker's, where namespaces are refused."""

import json
import os
import pickle
import signal
import sys
import time
from pathlib import Path
from typing import Any

import host_python
import pytest
from observe_elsewhere import Request

from lading.command import Command, run
from lading.model import Image, Observation, Run, Start
from lading.observe import ENGINES, beside, docker, observe, podman, probe
from lading.observe.client import Client

pytestmark = pytest.mark.engine

CLIENTS = {"docker": docker.found, "podman": podman.found}
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return host_python.make(tmp_path_factory.mktemp("blobs"))


def left(client: Client) -> list[str]:
    """All that lading has made under an engine and that is there now."""
    ours = "label=lading.observe"
    return [
        *client.ask("ps", "--all", "--quiet", "--filter", ours).split(),
        *client.ask("volume", "ls", "--quiet", "--filter", ours).split(),
        *client.ask("images", "--quiet", "localhost/lading-observe").split(),
    ]


def summary(one: Run) -> dict[str, Any]:
    """What does not depend on the clock or the engine."""
    return {
        "ready": one.ready is not None,
        "exited": one.exited,
        "stopped": one.stopped,
        "refused": len(one.refused),
        "health": one.health and one.health.status,
        "engine": one.engine_health,
        "stalled": one.stalled and one.stalled.output,
        "writes": {folder: outcome.status for folder, outcome in one.writes.items()},
        "written": one.written,
        "revisions": dict(one.revisions),
        "starts": len(one.answers) and min(json.loads(one.answers[0].body)["starts"], 2),
        "who": [(process.pid, process.uid, process.gid, process.argv[-1]) for process in one.processes],
        "log": one.log,
    }


GOOD: dict[str, Any] = {
    "ready": True,
    "exited": None,
    "stopped": 0,
    "refused": 0,
    "health": 0,
    "engine": "healthy",
    "stalled": None,
    "writes": {"/app": 1, "/data": 0, "/tmp": 0},
    "written": (),
    "revisions": {"/data/rows.db": ("0002",)},
    "starts": 1,  # on this volume; 2 or more are 2
    "who": [(1, 1000, 1000, "/app/main.py")],
    "log": "begins\nends\n",
}


@pytest.mark.alone  # what is left on the engine is compared
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_good_image_is_seen_in_every_way_to_start_it(engine: str, image: Image, tmp_path: Path) -> None:
    client = CLIENTS[engine]()
    before = left(client)
    seen = observe(host_python.PLAN, image, engine=engine, cache=tmp_path, progress=lambda _: None)
    assert seen.limits == ()
    assert seen.engine.startswith(f"{engine} ")
    assert {name: summary(one) for name, one in seen.runs.items()} == {
        "defaults": GOOD,
        "port": {**GOOD, "starts": 2, "refused": 1},
        "host": {**GOOD, "starts": 2, "refused": 1},
        "database": {**GOOD, "revisions": {"/data/lading-probe.db": ("0002",)}},
        "tmpfs": {**GOOD, "stalled": "TimeoutError\n"},
    }
    assert (left(client), list(tmp_path.iterdir())) == (before, [])


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("exits", {"ready": False, "exited": 7, "log": "begins\n", "revisions": {}}),
        ("stubborn", {"ready": True, "exited": None, "stopped": None}),
        ("writes", {"ready": False, "exited": 1, "written": ()}),
    ],
    ids=["exits", "stubborn", "writes"],
)
def test_a_bad_one_is_seen_as_it_is(
    engine: str, how: str, expected: dict[str, Any], image: Image, tmp_path: Path
) -> None:
    start = Start(name=how, environment={"HOW": how})
    with (
        ENGINES[engine].host(host_python.PLAN, image, cache=tmp_path, progress=lambda _: None) as host,
        host.start(start) as container,
    ):
        one = probe.probe(container, host_python.PLAN, image.config["config"])
    assert {name: value for name, value in summary(one).items() if name in expected} == expected


@pytest.mark.alone  # what is left on the engine is compared
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=lambda end: end.name)
def test_what_a_killed_lading_left_is_gone_after_the_next_run(
    end: signal.Signals, image: Image, tmp_path: Path
) -> None:
    client = docker.found()
    before = left(client)
    program = f"""
import pickle, sys
from pathlib import Path
from lading import observe
sys.path.insert(0, {str(ROOT / "tests")!r})
import host_python
image = pickle.loads(Path(sys.argv[1]).read_bytes())
observe.observe(host_python.PLAN, image, engine="docker", cache=Path(sys.argv[2]), progress=lambda _: None)
"""
    (tmp_path / "image").write_bytes(pickle.dumps(image))
    cache = tmp_path / "cache"
    pid = beside.start((sys.executable, "-c", program, str(tmp_path / "image"), str(cache)), {})
    while not client.ask("ps", "--quiet", "--filter", "label=lading.observe").split():
        time.sleep(0.05)
    os.kill(pid, end)
    beside.end(pid, 60)
    if end == signal.SIGKILL:
        assert left(client) != before
        with docker.host(host_python.PLAN, image, cache=cache, progress=lambda _: None):
            pass
    assert (left(client), [*cache.iterdir()]) == (before, [])


def test_inside_a_container_of_dockers_there_is_the_chroot(image: Image, tmp_path: Path) -> None:
    request = Request(way="unshare", plan=host_python.PLAN, image=image, cache=tmp_path / "cache")
    (tmp_path / "request").write_bytes(pickle.dumps(request))
    blobs = image.layers[0].blob.parent
    # Its own Python would not do: what is compiled in this checkout's environment is of this machine's.
    folders = {sys.base_prefix, sys.prefix, str(ROOT), str(tmp_path), str(blobs)}
    mounts = [part for folder in sorted(folders) for part in ("--volume", f"{folder}:{folder}")]
    inside = (
        sys.executable,
        str(ROOT / "tests/observe_elsewhere.py"),
        str(tmp_path / "request"),
        str(tmp_path / "seen"),
    )
    client = docker.found()
    done = run(
        Command(
            argv=(
                client.program,
                "run",
                "--rm",
                *mounts,
                "--env",
                "PYTHONDONTWRITEBYTECODE=1",
                "python:3.12-slim",
                *inside,
            )
        )
    )
    assert done.status == 0, done.stderr.decode()
    seen = pickle.loads((tmp_path / "seen").read_bytes())
    assert isinstance(seen, Observation), seen
    assert seen.engine == "unshare (chroot)"
    good = {**GOOD, "engine": None, "writes": {"/app": 0, "/data": 0, "/tmp": 0}}
    assert {name: {**summary(one), "who": GOOD["who"]} for name, one in seen.runs.items()} == {
        "defaults": good,
        "port": {**good, "starts": 2, "refused": 1},
        "host": {**good, "starts": 2, "refused": 1},
        "database": {**good, "revisions": {"/data/lading-probe.db": ("0002",)}},
        "tmpfs": {**good, "stalled": "TimeoutError\n"},
    }
    assert list((tmp_path / "cache").iterdir()) == []
