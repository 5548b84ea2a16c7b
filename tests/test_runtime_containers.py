"""The runtime contract in real containers of real backends, with real PostgreSQL, Redis and RabbitMQ beside them."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from containers import Container, asked, container, remove, told, until, volume

from lading.errors import Outside
from lading.observe import docker

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parent.parent / "examples"
PASSWORD = "of-the-test"
SECRET = "0123456789abcdef0123456789abcdef"


@cache
def image(example: str) -> str:
    """The image of an example, by our own builder, in the engine."""
    return asked_long(sys.executable, "-m", "lading", "build", "--quiet", str(EXAMPLES / example), "--load", "docker")


def asked_long(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def get(box: Container, path: str, *, seconds: float = 30, inside: int = 8000) -> tuple[int, str]:
    """Status and body of the first answer on the published port. Raises `Outside` when there is none in time."""
    number = int(until(lambda: published(box, inside), seconds=seconds))

    def ask() -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", number, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Outside(f"{path}: {error}\n{box.log()}") from error
        finally:
            connection.close()

    return until(ask, seconds=seconds)


def published(box: Container, inside: int) -> str:
    found = box.port(inside)
    if not found:
        raise Outside(f"no port is published\n{box.log()}")
    return found


# ── S2: one container, SQLite ────────────────────────────────────────────────────────────────────────────────────────

HEALTH = "/api/v1/system/health"
FILE = "/data/sdlc_lens.db"


def test_s2_6_1_a_first_start_makes_the_database() -> None:
    with volume() as name, container(image("sdlc-lens"), options=("--volume", f"{name}:/data")) as box:
        assert get(box, HEALTH)[0] == 200
        code = f"import sqlite3; print(sqlite3.connect('{FILE}').execute('SELECT * FROM alembic_version').fetchall())"
        assert re.fullmatch(r"\[\('\w+',\)\]", box.ask("python", "-c", code))


def test_s2_6_2_a_failed_migration_ends_the_container_and_opens_no_port() -> None:
    with volume() as name:
        spoil = f"import sqlite3; sqlite3.connect('{FILE}').execute('CREATE TABLE documents (id)')"
        mounted = ("--volume", f"{name}:/data")
        with container(image("sdlc-lens"), "run", "--", "python", "-c", spoil, options=mounted) as box:
            assert box.wait() == 0, box.log()
        with container(image("sdlc-lens"), options=mounted) as box:
            with pytest.raises(Outside):
                get(box, HEALTH, seconds=2)
            assert box.wait(20) == 1
            log = box.log()
    assert "failed: OperationalError" in log
    assert "this database takes no half of a revision back" in log
    assert "lading: the migrations failed, so nothing is started: the database is " in log
    assert "Uvicorn running" not in log


def test_s2_6_3_without_a_volume_it_serves_all_the_same() -> None:
    with container(image("sdlc-lens")) as box:
        assert get(box, HEALTH)[0] == 200
        assert box.ask("python", "-c", f"import os; print(os.path.exists('{FILE}'))") == "True"


def test_s2_6_4_a_port_that_is_taken_ends_the_container_with_the_reason() -> None:
    with container(image("sdlc-lens")) as first:
        assert get(first, HEALTH)[0] == 200
        program = docker.found().program
        made = asked(program, "run", "--detach", "--network", f"container:{first.identity}", image("sdlc-lens"))
        second = Container(program, made)
        try:
            assert second.wait(30) != 0
            assert "address already in use" in second.log()
        finally:
            remove(program, made)


def test_s2_6_5_sigterm_ends_it_well() -> None:
    with container(image("sdlc-lens")) as box:
        assert get(box, HEALTH)[0] == 200
        began = time.monotonic()
        box.docker("stop", "--time", "10", box.identity)
        assert (box.wait(), time.monotonic() - began < 8) == (0, True)
        assert "Application shutdown complete" in box.log()


def test_s2_6_6_a_change_of_the_code_leaves_the_dependencies_as_they_are(tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(EXAMPLES / "sdlc-lens"), str(tmp_path)], check=True)
    copy = tmp_path / "sdlc-lens"

    def layers() -> dict[str, str]:
        built = json.loads(asked_long(sys.executable, "-m", "lading", "build", "--quiet", str(copy), "--json"))
        return {layer["made_by"]: layer["digest"] for layer in built["layers"]}

    before = layers()
    main = copy / "src" / "sdlc_lens" / "main.py"
    main.write_text(main.read_text() + "\nX = 1\n")
    after = layers()
    assert {name for name in before if before[name] != after.get(name)} == {"lading: the application"}


@pytest.mark.parametrize("user", ["1000:1000", "12345:0"])
def test_it_serves_with_no_rights_and_little_room(user: str) -> None:
    options = (
        "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--user", user, "--pids-limit", "64", "--memory", "128m",
    )  # fmt: skip
    with volume() as name, container(image("sdlc-lens"), options=(*options, "--volume", f"{name}:/data")) as box:
        assert get(box, HEALTH)[0] == 200
        assert get(box, "/api/v1/system/ready")[0] == 200
        box.ask("/opt/venv/bin/python", "-S", "/opt/lading", "healthcheck")


# ── S3: four workers, several replicas, PostgreSQL and Redis ─────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stack:
    """A network with a PostgreSQL and a Redis, and the options that a container of the backend needs to reach them."""

    network: str
    database: Container
    options: tuple[str, ...]

    def query(self, sql: str) -> str:
        return self.database.ask("psql", "-U", "app", "-h", "127.0.0.1", "-At", "-c", sql, "app")


@contextmanager
def network() -> Iterator[str]:
    program = docker.found().program
    name = f"lading-test-{os.urandom(4).hex()}"
    asked(program, "network", "create", name)
    try:
        yield name
    finally:
        told(program, "network", "rm", name)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    url = tmp_path / "database_url"
    url.write_text(f"postgresql://app:{PASSWORD}@database:5432/app\n")
    url.chmod(0o644)
    with ExitStack() as opened:
        name = opened.enter_context(network())
        beside = ("--network", name)
        given = (
            "--env",
            "POSTGRES_USER=app",
            "--env",
            f"POSTGRES_PASSWORD={PASSWORD}",
            "--env",
            "PGPASSWORD=" + PASSWORD,
        )
        database = opened.enter_context(
            container("postgres:16", options=(*beside, "--network-alias", "database", *given))
        )
        opened.enter_context(container("redis:7", options=(*beside, "--network-alias", "redis")))
        options = (
            *beside, "--env", "DATABASE_URL_FILE=/run/secrets/database_url", "--env", f"SECRET_KEY={SECRET}",
            "--env", "REDIS_URL=redis://redis:6379/0", "--volume", f"{url}:/run/secrets/database_url:ro",
        )  # fmt: skip
        yield Stack(name, database, options)


def migrated(stack: Stack) -> tuple[str, list[str]]:
    """The revision, and the tables."""
    tables = stack.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return stack.query("SELECT version_num FROM alembic_version"), tables.splitlines()


def test_s3_3_four_replicas_that_start_at_once_all_serve(stack: Stack) -> None:
    """On an empty database, and on one that is a revision behind."""
    versions = sorted(path.name.partition("_")[0] for path in (EXAMPLES / "todo-api/alembic/versions").glob("0*.py"))
    for _ in range(2):
        with ExitStack() as opened:
            boxes = [opened.enter_context(container(image("todo-api"), options=stack.options)) for _ in range(4)]
            assert [get(box, "/ready", seconds=90)[0] for box in boxes] == [200] * 4
            applied = [box.log().count("applying") for box in boxes]
            assert sum(applied) == 1, [box.log() for box in boxes]
            assert all(PASSWORD not in box.log() for box in boxes)
        revision, tables = migrated(stack)
        assert tables == ["alembic_version", "api_keys", "tasks", "users"]
        assert revision.startswith(versions[-1])
        argv = ("run", "--", "python", "-m", "alembic", "downgrade", "-1")
        with container(image("todo-api"), *argv, options=stack.options) as back:
            assert back.wait(60) == 0, back.log()
        assert not migrated(stack)[0].startswith(versions[-1])


def test_s3_4_and_s3_5_four_workers_end_well_and_count_together(stack: Stack) -> None:
    with container(image("todo-api"), options=stack.options) as box:
        assert get(box, "/ready", seconds=90)[0] == 200
        counts = []
        for _ in range(20):
            assert get(box, "/health")[0] == 200
            text = get(box, "/metrics")[1]
            counts.append(
                sum(float(n) for n in re.findall(r'^http_requests_total\{.*"/health".*\} ([\d.]+)', text, re.MULTILINE))
            )
        assert counts == sorted(counts), counts
        assert counts[-1] - counts[0] == 19
        files = box.ask("python", "-c", "import os; print(os.listdir('/tmp/prometheus'))")
        assert len(set(re.findall(r"_(\d+)\.db", files))) == 4, files
        connections = int(stack.query("SELECT count(*) FROM pg_stat_activity WHERE datname = 'app'"))
        assert connections <= 4 * 5 + 1
        began = time.monotonic()
        box.docker("stop", "--time", "10", box.identity)
        assert (box.wait(), time.monotonic() - began < 9) == (0, True), box.log()
        assert box.log().count("Application shutdown complete") == 4
