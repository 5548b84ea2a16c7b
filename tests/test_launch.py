"""The launcher as a file: what it is written in, what stands beside it in the image, and how it speaks."""

import ast
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import standins
from standins import Container, Server
from values import PLAN, PROJECT

from lading import launch
from lading.launcher import databases
from lading.model import Backing, Healthcheck, Variable

MODULES = {name: data.decode() for name, data in launch.files(PLAN).items() if name.endswith(".py")}


def test_the_launcher_is_python_3_8_and_its_standard_library() -> None:
    trees = [ast.parse(text, feature_version=(3, 8)) for text in MODULES.values()]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    others = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    # Of the virtual environment, by roles that have put it on the path.
    assert {name.partition(".")[0] for name in others} <= {"alembic", "amqp", "asyncpg", "celery", "uvicorn"}


def test_it_imports_at_once_only_what_every_role_needs() -> None:
    first = [node for text in MODULES.values() for node in ast.parse(text).body if isinstance(node, ast.Import)]
    names = {alias.name for node in first for alias in node.names}
    assert names == {"_socket", "os", "sys", "time"}


def test_the_way_of_a_start_is_read_in_ten_minutes() -> None:
    """What a server's start runs through before it is the server, and every module on its way, near 100 lines each."""
    assert max(text.count("\n") for text in MODULES.values()) <= 200
    way = ("launch.py", "roles.py", "environment.py", "processes.py", "serving.py")
    assert sum(MODULES[name].count("\n") for name in way) <= 520


def interpreters() -> list[str]:
    """Every CPython from 3.8 on that is at hand under its usual name, of each version one; ours among them."""
    found = {sys.version_info[:2]: sys.executable}
    folders = (*map(Path, os.get_exec_path()), *Path("~/.pyenv/versions").expanduser().glob("3.*/bin"))
    for path in sorted(path for folder in folders for path in folder.glob("python3.*")):
        version = re.fullmatch(r"python3\.(8|9|1\d)", path.name)
        if version and path.is_file() and path.read_bytes()[:4] == b"\x7fELF":  # a version manager's is a script
            found.setdefault((3, int(version[1])), str(path))
    return [path for _, path in sorted(found.items())]


@pytest.mark.slow
@pytest.mark.parametrize("interpreter", interpreters())
def test_every_interpreter_serves_waits_checks_and_is_asked(tmp_path: Path, interpreter: str) -> None:
    services = (Backing(kind="redis", role="cache", variable="CACHE"),)
    plan = replace(standins.PLAN, variables=(Variable(name="KEY", secret=True),), backing=services)
    container = Container(tmp_path, plan, interpreter)
    (tmp_path / "key").write_text("hush")
    (container.app / "app").mkdir()
    (container.app / "app" / "main.py").write_text("def app(): ...\n")
    with Server(b"-LOADING\r\n", b"+PONG\r\n") as cache, Server(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        env = {"CACHE": f"redis://127.0.0.1:{cache.port}", "KEY_FILE": str(tmp_path / "key"), "PORT": str(server.port)}
        status, said = container.run("serve", **env, WEB_CONCURRENCY="auto")
        assert (status, "Redis answers after" in said, "Traceback" in said) == (0, True, False), said
        assert container.run("check", **env)[0] == 0
        assert container.run("healthcheck", "--ready", "serve", **env) == (0, "")
        assert container.run("run", "--", "true", **env) == (0, "")
        assert container.run("serve", **env | {"PORT": "x"})[0] == 2
    assert container.called()[0]["env"]["KEY"] == "hush"


# ── what stands beside it ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_decisions_read_the_same_as_json_and_as_python() -> None:
    odd = replace(PLAN, health=Healthcheck(path='/gesund/ü?q="\\n\u2028😀'), database=None)
    text = launch.files(odd)["launch.json"].decode()
    assert eval(text, {"true": True, "false": False, "null": None}) == json.loads(text) == launch.decisions(odd)


def test_a_password_in_a_default_does_not_reach_the_image() -> None:
    assert PLAN.database
    database = replace(PLAN.database, dialect="postgresql", url="postgresql://me:s3cr3t@localhost/tasks")
    variables = (
        Variable(name="DATABASE_URL", default="postgresql://me:s3cr3t@localhost/tasks"),
        Variable(name="KEY", default="s3cr3t", secret=True),
    )
    made = replace(PLAN, database=database, variables=variables)
    assert "s3cr3t" not in launch.files(made)["launch.json"].decode()


def test_tables_that_the_application_makes_are_its_own_business() -> None:
    assert PLAN.migrations
    for migrations in (None, replace(PLAN.migrations, tool="create_all")):
        assert launch.decisions(replace(PLAN, migrations=migrations))["migrations"] is None


def test_the_check_ends_before_the_engine_ends_it() -> None:
    for seconds, ours in ((10, 8), (3, 1), (1, 1)):
        assert (
            launch.decisions(replace(PLAN, health=Healthcheck(path="/", timeout=seconds)))["health"]["timeout"] == ours
        )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////data/tasks.db", "/data/tasks.db"),
        ("sqlite+aiosqlite:////data/tasks.db?x=1", "/data/tasks.db"),
        ("sqlite:////data/../a.db", "/a.db"),
        ("sqlite://///data/tasks.db", "/data/tasks.db"),
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
    config = {"database": {"variable": "DATABASE_URL", "url": "sqlite:////data/default.db"}, "migrations": None}
    assert databases.sqlite_file(config, {"DATABASE_URL": url}) == path


def test_the_configuration_of_the_image() -> None:
    assert launch.config(PLAN) == {
        "User": "1000:1000",
        "ExposedPorts": {"8000/tcp": {}},
        "Env": [f"{name}={value}" for name, value in PLAN.env.items()],
        "Entrypoint": ["/opt/venv/bin/python", "-S", "/opt/lading"],
        "Cmd": ["serve"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/app",
        "Labels": {"org.opencontainers.image.title": "task-list"},
        "StopSignal": "SIGTERM",
        "Healthcheck": {
            "Test": ["CMD", "/opt/venv/bin/python", "-S", "/opt/lading", "healthcheck"],
            "Interval": 30_000_000_000,
            "Timeout": 10_000_000_000,
            "StartPeriod": 10_000_000_000,
            "Retries": 3,
        },
    }


def test_only_a_name_that_the_project_declares_is_a_label() -> None:
    assert launch.labels(PLAN) == {"org.opencontainers.image.title": "task-list"}
    assert launch.labels(replace(PLAN, because={"name": PROJECT.name.because})) == {}


# ── how it speaks ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("word", ["json", "JSON"])
def test_its_lines_are_json_where_that_is_wanted(container: Container, word: str) -> None:
    container.install(replace(standins.PLAN, backing=(Backing(kind="redis", role="cache", variable="CACHE"),)))
    with Server(b"-LOADING \xffx\r\n", b"+PONG\r\n") as redis:
        status, said = container.run(CACHE=f"redis://127.0.0.1:{redis.port}", LOG_FORMAT=word)
    lines = [json.loads(line) for line in said.splitlines()]
    assert (status, len(lines)) == (0, 2)
    assert [sorted(line) for line in lines] == [["logger", "message", "time"]] * 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[0]["time"])
    assert lines[0]["logger"] == "lading"
    assert lines[0]["message"].startswith("waiting for Redis, 60 s at most: Redis at 127.0.0.1:")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_line_of_json_is_json_whatever_is_in_it(container: Container, encoding: str) -> None:
    odd = b'"\\ \x01 \n\xc3\xbc\xff'.decode(errors="surrogateescape")
    status, said = container.run(PORT=odd, LOG_FORMAT="json", PYTHONIOENCODING=encoding)
    (line,) = [json.loads(line) for line in said.splitlines()]
    assert (status, line["message"]) == (2, f"PORT is `{odd}`, and must be a port from 0 to 65535")
