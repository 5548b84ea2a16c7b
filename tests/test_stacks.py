"""The stacks that `lading init` writes for the examples, by a real engine: up, healthy, serving, and down again."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from debugger import Debugger
from test_ignore import docker

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parent.parent / "examples"
PROJECTS = Path(__file__).parent / "projects"
#: Ports of this machine that are moved out of the way of whatever else runs here.
PORTS = {
    "PUBLISH": 27050, "PUBLISH_DEBUGGER": 27051, "PUBLISH_POSTGRES": 27052, "PUBLISH_REDIS": 27053,
    "PUBLISH_RABBITMQ": 27054, "PUBLISH_RABBITMQ_UI": 27055,
}  # fmt: skip
URL = f"http://127.0.0.1:{PORTS['PUBLISH']}"


@dataclass(frozen=True)
class Stack:
    """A stack that is up, in a folder."""

    root: Path
    development: bool

    def compose(self, *argv: str, **env: str) -> str:
        files = ("-f", "compose.yaml", *(("-f", "compose.override.yaml") if self.development else ()))
        return ran(docker(), "compose", *files, *argv, cwd=self.root, **env)

    def image(self, service: str) -> str:
        """The identity of the image that a container of the service runs, whatever its name has come to mean since."""
        container = self.compose("ps", "--quiet", service).split()[0]
        return ran(docker(), "inspect", "--format", "{{.Image}}", container).strip()

    def states(self) -> dict[str, str]:
        """The health of each container, by its name."""
        listed = self.compose("ps", "--all", "--format", "json").splitlines()
        return {one["Name"]: one["Health"] for one in map(json.loads, listed)}


def ran(*argv: object, cwd: Path | None = None, **env: str) -> str:
    ports = {name: f"127.0.0.1:{port}" for name, port in PORTS.items()}
    done = subprocess.run(
        [str(one) for one in argv], cwd=cwd, env={**os.environ, **ports, **env}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def stack(example: str, folder: Path, *, development: bool = False, within: Path = EXAMPLES) -> Iterator[Stack]:
    """A copy of an example's backend, with what `lading init` writes for it, up; down and gone at the end."""
    root = folder / f"lading-test-{example.removesuffix('/source')}"
    shutil.copytree(within / example, root, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    ran(sys.executable, "-m", "lading", "init", root)
    made = Stack(root, development)
    more = ("--dev",) if development else ()
    try:
        printed = ran(sys.executable, "-m", "lading", "up", "--quiet", root, *more)
        assert printed == f"{URL}\n"
        yield made
    finally:
        ran(sys.executable, "-m", "lading", "down", "--volumes", root)
    left = ran(docker(), "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={root.name}")
    assert left == ""


def get(path: str) -> tuple[int, str]:
    with urllib.request.urlopen(URL + path, timeout=20) as answer:
        return answer.status, answer.read().decode()


def post(path: str, body: object, **headers: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        URL + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status, json.load(answer)


def published(one: Stack) -> dict[str, list[int]]:
    """The ports of each service that this machine has."""
    listed = map(json.loads, one.compose("ps", "--format", "json").splitlines())
    return {
        row["Service"]: sorted({port["PublishedPort"] for port in row["Publishers"] if port["PublishedPort"]})
        for row in listed
    }


def test_todo_api_in_production(tmp_path: Path) -> None:
    with stack("todo-api", tmp_path) as one:
        assert set(one.states().values()) == {"healthy"}
        assert len(one.states()) == 3
        assert get("/ready")[0] == 200
        assert published(one) == {"api": [PORTS["PUBLISH"]], "postgres": [], "redis": []}
        tables = "SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'"
        listed = one.compose("exec", "-T", "postgres", "psql", "-U", "app", "-h", "/run/postgresql", "-Atc", tables)
        assert {"alembic_version", "api_keys", "tasks", "users"} <= set(listed.strip().split(","))
        for service in ("api", "postgres", "redis"):
            status = one.compose("exec", "-T", service, "cat", "/proc/1/status")
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            assert facts["NoNewPrivs"] == "1"
            assert facts["CapBnd"] == "0" * 16
            assert "0" not in facts["Uid"].split()
        # Replicas that start together on an empty database: one migrates.
        one.compose("down", "--volumes")
        first = PORTS["PUBLISH"] + 10
        one.compose("up", "-d", "--wait", "--scale", "api=3", PUBLISH=f"127.0.0.1:{first}-{first + 2}")
        assert sorted(one.states().values()) == ["healthy"] * 5
        assert one.compose("logs", "api").count("applying 0001") == 1


def test_reading_app_with_three_workers(tmp_path: Path) -> None:
    with stack("reading-app", tmp_path) as one:
        one.compose("up", "-d", "--wait", "--no-recreate", "--scale", "worker=3")
        assert sorted(one.states().values()) == ["healthy"] * 7
        status, made = post("/api/v1/texts", {"title": "A text", "body": "One sentence. And another one."})
        assert status == 201
        end = time.monotonic() + 30
        while (found := json.loads(get(f"/api/v1/texts/{made['id']}")[1]))["status"] != "done":
            assert time.monotonic() < end, found
            time.sleep(0.2)
        assert found["statistics"]["words"] == 5
        # What differs between the images is what they run: every layer is the same.
        server, worker = (
            ran(docker(), "image", "inspect", "--format", "{{json .RootFS.Layers}} {{json .Config.Cmd}}", image)
            .strip()
            .split("] ", 1)
            for image in (one.image("api"), one.image("worker"))
        )
        assert server[0] == worker[0]
        assert (server[1], worker[1]) == ('["serve"]', '["worker"]')


def test_todo_api_in_development_reloads_and_stops_at_a_breakpoint(tmp_path: Path) -> None:
    with stack("todo-api", tmp_path, development=True) as one:
        assert published(one) == {
            "api": [PORTS["PUBLISH"], PORTS["PUBLISH_DEBUGGER"]],
            "postgres": [PORTS["PUBLISH_POSTGRES"]],
            "redis": [PORTS["PUBLISH_REDIS"]],
        }
        health = one.root / "app" / "routers" / "health.py"
        text = health.read_text()
        assert json.loads(get("/health")[1]) == {"status": "healthy"}
        health.write_text(text.replace('status="healthy"', 'status="edited"'))
        began = time.monotonic()
        while "edited" not in answered("/health"):
            assert time.monotonic() - began < 3, one.compose("logs", "api")
            time.sleep(0.05)
        line = next(number for number, said in enumerate(health.read_text().splitlines(), 1) if "edited" in said)
        assert stopped(line) == ("/app/app/routers/health.py", line)


@pytest.mark.parametrize(("project", "store"), [("stack-beanie", "mongo"), ("stack-mysqlconnector", "mysql")])
def test_a_row_is_written_and_read_by_the_stores_own_driver(project: str, store: str, tmp_path: Path) -> None:
    with stack(f"{project}/source", tmp_path, within=PROJECTS) as one:
        assert set(one.states().values()) == {"healthy"}
        assert published(one) == {"api": [PORTS["PUBLISH"]], store: []}
        assert post("/notes", {"text": "kept"})[0] == 201
        # In new containers it is there: the volume has it, and the account that was made with it still holds.
        one.compose("up", "-d", "--wait", "--force-recreate")
        assert [row["text"] for row in json.loads(get("/notes")[1])] == ["kept"]
        container = one.compose("ps", "--quiet", store).strip()
        mounts = ran(docker(), "inspect", "--format", "{{range .Mounts}}{{.Type}} {{.Name}}\n{{end}}", container)
        named = f"{one.root.name}_{store}_data"
        assert [line for line in mounts.split("\n") if line.startswith("volume ")] == [f"volume {named}"]


def answered(path: str) -> str:
    """The answer, or why there is none: the server may be between two lives."""
    try:
        return get(path)[1]
    except OSError as error:
        return str(error)


def stopped(line: int) -> tuple[str, int]:
    """Attach as an editor does, to each process that the first one started; where a request then stops, at `line`."""
    port = PORTS["PUBLISH_DEBUGGER"]
    with Debugger(port) as first, ExitStack() as held:
        first.attach()
        first.answer(first.send("configurationDone"))
        sessions = []
        for one in first.events("debugpyAttach", 3):
            session = held.enter_context(Debugger(port))
            session.attach(subProcessId=one["subProcessId"])
            session.stop_at("/app/app/routers/health.py", line)
            sessions.append(session)
        asking = threading.Thread(target=answered, args=("/health",))
        asking.start()
        (serving,) = [one for one in sessions if one.events("stopped", 3)]
        thread = serving.event("stopped")["threadId"]
        frame = serving.answer(serving.send("stackTrace", threadId=thread, levels=1))["stackFrames"][0]
        serving.answer(serving.send("continue", threadId=thread))
        asking.join(20)
    return frame["source"]["path"], frame["line"]


@pytest.mark.parametrize(("example", "health"), [("sdlc-lens", "/api/v1/system/health"), ("video-events", "/health")])
def test_a_stack_of_one_keeps_its_rows(example: str, health: str, tmp_path: Path) -> None:
    with stack(example, tmp_path) as one:
        assert one.states() == {f"{one.root.name}-api-1": "healthy"}
        assert get(health)[0] == 200
        first = one.compose("exec", "-T", "api", "ls", "/data").split()
        assert any(name.endswith(".db") for name in first)
        one.compose("up", "-d", "--wait", "--force-recreate")
        assert "applying" not in one.compose("logs", "api")
