"""The launcher, run as what it is: a program in a container's place, with stand-ins for the server and for Alembic."""

import ast
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from values import PROJECT

from lading import launch, plan, settings
from lading.launch import launch as launcher
from lading.model import Healthcheck, Plan
from lading.source import Memory

pytestmark = pytest.mark.slow

PLAN = plan.make(PROJECT, settings.load(Memory({}), {}, {}))
LEVELS = "critical, error, warning, info, debug, trace"

#: What `uvicorn` and `alembic` are here: each writes down that it was called, how, and with which path.
STAND_IN = """\
import json, os, sys
def main(prog="uvicorn"):
    with open(os.environ["CALLS"], "a") as file:
        print(json.dumps({"program": prog, "argv": sys.argv[1:], "path": sys.path[:1], "cwd": os.getcwd()}), file=file)
    if prog == "alembic" and os.environ.get("ALEMBIC_SLEEPS"):
        import time
        time.sleep(60)
    sys.exit(int(os.environ.get("ALEMBIC_STATUS", "0")) if prog == "alembic" else 0)
"""


class Container:
    """A folder laid out as the image is: an environment, the launcher, the application, the volume."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = root / "calls"
        self.environment: dict[str, str] = {}
        site = root / "venv" / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
        for name in ("uvicorn", "alembic"):
            (site / name).mkdir(parents=True)
            (site / name / "__init__.py").touch()
            (site / name / "config.py").write_text(STAND_IN)
        (site / "uvicorn" / "__main__.py").write_text("from uvicorn.config import main\nmain()\n")
        (root / "venv" / "bin").mkdir()
        self.python = root / "venv" / "bin" / "python"
        self.python.symlink_to(sys.executable)
        (root / "venv" / "pyvenv.cfg").write_text(f"home = {Path(os.path.realpath(sys.executable)).parent}\n")
        (root / "app").mkdir()
        (root / "lading").mkdir()
        (root / "data").mkdir()
        self.install(PLAN)

    def install(self, plan: Plan) -> None:
        """Put the launcher of `plan` where the image has it, with the paths of this folder."""
        for name, data in launch.files(plan).items():
            text = data.decode().replace('"/app', f'"{self.root}/app').replace('"/data', f'"{self.root}/data')
            (self.root / "lading" / name).write_text(text)
        url = plan.env.get("DATABASE_URL", "").replace("/data", f"{self.root}/data")
        self.environment = {"PYTHONPATH": f"{self.root}/app", "CALLS": str(self.calls), "DATABASE_URL": url}

    def start(self, *roles: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-S", self.root / "lading" / "launch.py", *roles],
            env={**self.environment, **env},
            cwd=self.root / "app",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *roles: str, **env: str) -> tuple[int, str]:
        with self.start(*roles, **env) as process:
            stdout, stderr = process.communicate(timeout=30)
        assert stdout == ""
        return process.returncode, stderr.replace(str(self.root), "")

    def called(self) -> list[dict[str, Any]]:
        if not self.calls.exists():
            return []
        return [json.loads(line.replace(str(self.root), "")) for line in self.calls.read_text().splitlines()]


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def migrated(path: Path, *revisions: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.executemany("INSERT INTO alembic_version VALUES (?)", [(revision,) for revision in revisions])
    connection.commit()
    connection.close()


# ── serve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_serve_migrates_and_becomes_the_server(container: Container) -> None:
    assert container.run() == (0, "lading: the migrations are applied\n")
    assert container.called() == [
        {"program": "alembic", "argv": ["-c", "alembic.ini", "upgrade", "head"], "path": ["/app"], "cwd": "/app"},
        {
            "program": "uvicorn",
            "argv": [
                "app.main:app", "--host", "0.0.0.0", "--port", "8000", "--log-level", "info",
                "--timeout-graceful-shutdown", "8",
            ],
            "path": ["/app"],
            "cwd": "/app",
        },
    ]  # fmt: skip


def test_the_server_has_the_process_of_the_launcher(container: Container) -> None:
    (container.root / "venv/lib" / f"python3.{sys.version_info[1]}" / "site-packages/uvicorn/__main__.py").write_text(
        "import os\nprint(os.getpid())\n"
    )
    with container.start() as process:
        stdout, _ = process.communicate(timeout=30)
    assert int(stdout) == process.pid


@pytest.mark.parametrize(
    ("env", "host", "port", "level"),
    [
        ({"HOST": "::", "PORT": "9000", "LOG_LEVEL": "debug"}, "::", "9000", "debug"),
        ({"HOST": "", "PORT": "", "LOG_LEVEL": ""}, "0.0.0.0", "8000", "info"),
        ({"PORT": "0"}, "0.0.0.0", "0", "info"),
        ({"PORT": "65535"}, "0.0.0.0", "65535", "info"),
        ({"PORT": "08080"}, "0.0.0.0", "8080", "info"),
        ({"LOG_LEVEL": "INFO"}, "0.0.0.0", "8000", "info"),
        ({"LOG_LEVEL": "Warn"}, "0.0.0.0", "8000", "warning"),
        ({"LOG_LEVEL": "FATAL"}, "0.0.0.0", "8000", "critical"),
    ],
    ids=str,
)
def test_the_environment_has_the_last_word(
    container: Container, env: Mapping[str, str], host: str, port: str, level: str
) -> None:
    container.install(replace(PLAN, migrations=None))
    assert container.run("serve", **env) == (0, "")
    assert container.called()[0]["argv"][1:7] == ["--host", host, "--port", port, "--log-level", level]


def test_the_variables_have_the_projects_own_names(container: Container) -> None:
    port = replace(PLAN.port, variable="SDLC_LENS_PORT")
    factory = replace(PLAN.app, target="app:make", factory=True)
    container.install(replace(PLAN, port=port, app=factory, migrations=None, stop_seconds=2))
    container.run(PORT="1", SDLC_LENS_PORT="9000")
    assert container.called()[0]["argv"] == [
        "app:make", "--host", "0.0.0.0", "--port", "9000", "--log-level", "info",
        "--timeout-graceful-shutdown", "1", "--factory",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "env", "said"),
    [
        ((), {"PORT": "http"}, "PORT is `http`, and must be a port from 0 to 65535"),
        ((), {"PORT": "65536"}, "PORT is `65536`, and must be a port from 0 to 65535"),
        ((), {"PORT": "-1"}, "PORT is `-1`, and must be a port from 0 to 65535"),
        ((), {"PORT": '"8000"'}, 'PORT is `"8000"`, and must be a port from 0 to 65535'),
        ((), {"PORT": "٣"}, "PORT is `٣`, and must be a port from 0 to 65535"),
        (
            (),
            {"PORT": "tcp://10.0.0.1:80"},
            (
                "PORT is `tcp://10.0.0.1:80`, and must be a port from 0 to 65535: a Service of Kubernetes sets it, "
                "`enableServiceLinks: false` stops that"
            ),
        ),
        ((), {"LOG_LEVEL": "loud"}, f"LOG_LEVEL is `loud`, and must be one of {LEVELS}"),
        (("bash",), {}, "`bash` is not a role: say serve, migrate, healthcheck"),
        (("serve", "--reload"), {}, "`serve --reload` is not a role: say serve, migrate, healthcheck"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    container: Container, roles: tuple[str, ...], env: Mapping[str, str], said: str
) -> None:
    assert container.run(*roles, **env) == (2, f"lading: {said}\n")
    assert container.called() == []


# ── migrations ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_at_its_newest_revision_starts_without_alembic(container: Container) -> None:
    migrated(container.root / "data/tasks.db", "0002")
    assert container.run() == (0, "")
    assert [call["program"] for call in container.called()] == ["uvicorn"]


@pytest.mark.parametrize("revisions", [(), ("0001",), ("0002", "0003")], ids=str)
def test_a_database_at_another_revision_is_migrated(container: Container, revisions: tuple[str, ...]) -> None:
    migrated(container.root / "data/tasks.db", *revisions)
    assert container.run()[0] == 0
    assert [call["program"] for call in container.called()] == ["alembic", "uvicorn"]


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be looked at as if it were one" * 9])
def test_a_file_that_says_no_revision_is_migrated(container: Container, content: bytes) -> None:
    (container.root / "data/tasks.db").write_bytes(content)
    assert container.run("migrate")[0] == 0
    assert [call["program"] for call in container.called()] == ["alembic"]


def test_another_database_is_always_migrated(container: Container) -> None:
    migrated(container.root / "data/tasks.db", "0002")
    assert container.run("migrate", DATABASE_URL="postgresql://db/tasks")[0] == 0
    assert [call["program"] for call in container.called()] == ["alembic"]


def test_two_heads_are_both_applied(container: Container) -> None:
    assert PLAN.migrations
    container.install(replace(PLAN, migrations=replace(PLAN.migrations, heads=("b", "a"))))
    container.run("migrate")
    assert container.called()[0]["argv"] == ["-c", "alembic.ini", "upgrade", "heads"]
    migrated(container.root / "data/tasks.db", "a", "b")
    assert container.run("migrate") == (0, "")


def test_a_failed_migration_starts_no_server(container: Container) -> None:
    said = "lading: the migrations failed, so the server is not started\n"
    assert container.run(ALEMBIC_STATUS="3") == (3, said)
    assert [call["program"] for call in container.called()] == ["alembic"]


def test_alembic_is_not_hidden_by_the_projects_own_folder_of_that_name(container: Container) -> None:
    (container.root / "app/alembic").mkdir()
    (container.root / "app/alembic/__init__.py").touch()
    assert container.run("migrate") == (0, "lading: the migrations are applied\n")


def test_alembic_runs_where_its_configuration_is(container: Container) -> None:
    assert PLAN.migrations
    (container.root / "app/backend").mkdir()
    container.install(replace(PLAN, migrations=replace(PLAN.migrations, config="backend/alembic.ini")))
    container.run("migrate")
    call = container.called()[0]
    assert (call["cwd"], call["argv"][:2], call["path"]) == ("/app/backend", ["-c", "alembic.ini"], ["/app"])


def test_a_signal_during_the_migrations_ends_them_and_us(container: Container) -> None:
    with container.start(ALEMBIC_SLEEPS="1") as process:
        deadline = time.monotonic() + 20
        while not container.called() and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert (process.returncode, time.monotonic() - began < 10) == (143, True)
    assert [call["program"] for call in container.called()] == ["alembic"]


def test_there_may_be_no_migrations(container: Container) -> None:
    container.install(replace(PLAN, migrations=None, database=None))
    assert container.run("migrate") == (0, "")
    assert container.called() == []


def test_the_folder_of_the_database_is_made(container: Container) -> None:
    url = f"sqlite+aiosqlite:///{container.root}/data/deep/er/tasks.db?timeout=5"
    assert container.run("migrate", DATABASE_URL=url) == (0, "lading: the migrations are applied\n")
    assert (container.root / "data/deep/er").is_dir()


def test_a_database_outside_the_volume_is_spoken_of(container: Container) -> None:
    assert container.run("migrate", DATABASE_URL="sqlite:///tasks.db") == (
        0,
        (
            "lading: DATABASE_URL: /app/tasks.db is not on the volume /data, and goes when the container goes\n"
            "lading: the migrations are applied\n"
        ),
    )


def test_a_folder_that_cannot_be_made_stops_us(container: Container) -> None:
    (container.root / "data/file").touch()
    url = f"sqlite:///{container.root}/data/file/tasks.db"
    said = "lading: DATABASE_URL: the folder /data/file cannot be made: File exists\n"
    assert container.run(DATABASE_URL=url) == (1, said)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////data/tasks.db", "/data/tasks.db"),
        ("sqlite+aiosqlite:////data/tasks.db?x=1", "/data/tasks.db"),
        ("sqlite:////data/../a.db", "/a.db"),
        ("sqlite://", ""),
        ("sqlite:///", ""),
        ("sqlite:///:memory:", ""),
        ("sqlite:///file:a.db?uri=true", ""),
        ("sqlite://tasks.db", ""),
        ("postgresql://me@db/tasks", ""),
        ("", "/data/default.db"),
    ],
)
def test_the_file_of_a_url(url: str, path: str) -> None:
    config = {"database": {"variable": "DATABASE_URL", "url": "sqlite:////data/default.db"}}
    assert launcher.sqlite_file(config, {"DATABASE_URL": url}) == path


# ── healthcheck ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server() -> Iterator[Callable[..., int]]:
    """Starts a server that sends `answer` to each request, or byte by byte with a pause; returns its port."""
    listening: list[socket.socket] = []

    def start(answer: bytes, *, host: str = "127.0.0.1", pause: float = 0, heard: list[bytes] | None = None) -> int:
        listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    request = connection.recv(4096)
                    if heard is not None:
                        heard.append(request)
                    try:
                        for byte in answer if pause else ():
                            connection.sendall(bytes([byte]))
                            time.sleep(pause)
                        connection.sendall(b"" if pause else answer)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listening:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "307 Temporary Redirect", "399"])
def test_a_good_answer_is_healthy(container: Container, server: Callable[..., int], status: str) -> None:
    port = server(f"HTTP/1.1 {status}\r\n\r\n".encode())
    assert container.run("healthcheck", PORT=str(port)) == (0, "")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 404 Not Found"),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "HTTP/1.1 500 Internal Server Error"),
        (b"HTTP/1.1 199 Odd\r\n\r\n", "HTTP/1.1 199 Odd"),
        (b"SSH-2.0-200 hello\r\n", "SSH-2.0-200 hello"),
        (b"", ""),
    ],
)
def test_any_other_answer_is_not(container: Container, server: Callable[..., int], answer: bytes, line: str) -> None:
    port = server(answer)
    said = f"lading: GET /health on port {port} of 127.0.0.1 answers `{line}`\n"
    assert container.run("healthcheck", PORT=str(port)) == (1, said)


def test_the_request_is_one_that_every_server_understands(container: Container, server: Callable[..., int]) -> None:
    heard: list[bytes] = []
    port = server(b"HTTP/1.1 200 OK\r\n\r\n", heard=heard)
    container.run("healthcheck", PORT=str(port))
    assert heard == [b"GET /health HTTP/1.1\r\nHost: localhost\r\nUser-Agent: lading\r\nConnection: close\r\n\r\n"]


@pytest.mark.parametrize(("answer", "pause"), [(b"H", 60), (b"HTTP/1.1 200 OK" * 9, 0.1)], ids=["silent", "slow"])
def test_the_check_gives_up_by_itself(
    container: Container, server: Callable[..., int], answer: bytes, pause: float
) -> None:
    port = server(answer, pause=pause)
    began = time.monotonic()
    status, said = container.run("healthcheck", PORT=str(port), LADING_HEALTH_TIMEOUT="0.5")
    assert (status, said) == (1, f"lading: port {port} of 127.0.0.1 does not answer: timed out\n")
    assert time.monotonic() - began < 4


def test_a_closed_port_is_not_healthy(container: Container) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = f"lading: port {port} of 127.0.0.1 does not answer: [Errno 111] Connection refused\n"
    assert container.run("healthcheck", PORT=str(port)) == (1, said)


@pytest.mark.parametrize(
    ("listens", "host"),
    [("127.0.0.1", "0.0.0.0"), ("127.0.0.5", "127.0.0.5"), ("127.0.0.1", "localhost"), ("::1", "::"), ("::1", "::1")],
)
def test_the_check_asks_where_the_server_listens(
    container: Container, server: Callable[..., int], listens: str, host: str
) -> None:
    port = server(b"HTTP/1.1 200 OK\r\n\r\n", host=listens)
    assert container.run("healthcheck", PORT=str(port), HOST=host) == (0, "")


def test_without_a_path_an_open_port_will_do(container: Container, server: Callable[..., int]) -> None:
    container.install(replace(PLAN, health=Healthcheck(path=None)))
    assert container.run("healthcheck", PORT=str(server(b""))) == (0, "")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PORT": "x"}, "PORT is `x`, and must be a port from 0 to 65535"),
        (
            {"LADING_HEALTH_TIMEOUT": "soon"},
            "LADING_HEALTH_TIMEOUT is `soon`, and must be a number of seconds, more than 0",
        ),
    ],
)
def test_a_check_that_cannot_be_made_is_not_healthy(container: Container, env: Mapping[str, str], said: str) -> None:
    assert container.run("healthcheck", **env) == (1, f"lading: {said}\n")


def test_the_check_imports_next_to_nothing(container: Container, server: Callable[..., int]) -> None:
    port = server(b"HTTP/1.1 200 OK\r\n\r\n")
    program = container.root / "lading/launch.py"
    done = subprocess.run(
        [container.python, "-S", "-X", "importtime", program, "healthcheck"],
        env={"PORT": str(port)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "_socket" in imported
    assert imported & {"re", "json", "socket", "enum", "typing", "subprocess", "sqlite3", "site", "signal"} == set()


# ── the file itself, and what stands beside it ───────────────────────────────────────────────────────────────────────

TEXT = launch.files(PLAN)["launch.py"].decode()


def test_the_launcher_is_python_3_8_and_its_standard_library() -> None:
    tree = ast.parse(TEXT, feature_version=(3, 8))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in names if name not in sys.stdlib_module_names] == []
    assert TEXT.count("\n") < 260


def test_the_decisions_read_the_same_as_json_and_as_python() -> None:
    odd = replace(PLAN, health=Healthcheck(path='/gesund/ü?q="\\n\u2028😀'), database=None)
    text = launch.files(odd)["launch.json"].decode()
    assert eval(text, {"true": True, "false": False, "null": None}) == json.loads(text) == launch.decisions(odd)


def test_a_password_in_a_default_does_not_reach_the_image() -> None:
    assert PLAN.database
    database = replace(PLAN.database, dialect="postgresql", url="postgresql://me:secret@localhost/tasks")
    assert "secret" not in launch.files(replace(PLAN, database=database))["launch.json"].decode()


def test_the_configuration_of_the_image() -> None:
    assert launch.config(PLAN) == {
        "User": "1000:1000",
        "ExposedPorts": {"8000/tcp": {}},
        "Env": [f"{name}={value}" for name, value in PLAN.env.items()],
        "Entrypoint": ["/opt/venv/bin/python", "-S", "/opt/lading/launch.py"],
        "Cmd": ["serve"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/app",
        "Labels": {},
        "StopSignal": "SIGTERM",
        "Healthcheck": {
            "Test": ["CMD", "/opt/venv/bin/python", "-S", "/opt/lading/launch.py", "healthcheck"],
            "Interval": 30_000_000_000,
            "Timeout": 10_000_000_000,
            "StartPeriod": 10_000_000_000,
            "Retries": 3,
        },
    }


def test_only_a_name_that_the_project_declares_is_a_label() -> None:
    declared = replace(PLAN, name="todo", because={**PLAN.because, "name": "pyproject.toml:2"})
    assert launch.labels(declared) == {"org.opencontainers.image.title": "todo"}
    assert launch.labels(replace(declared, because={"name": "the folder's name"})) == {}
