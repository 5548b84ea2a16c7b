"""The services of a plan beside its containers: which, how they are asked for, and real ones under each engine."""

import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import host_python
import pytest
from values import PLAN, RUNS

from lading.command import Command, output
from lading.errors import Outside
from lading.model import Backing, Database, Image, Migrations, Observation, Plan, Program
from lading.observe import attempts, beside, databases, docker, observe, podman, services
from lading.observe.client import Client
from lading.observe.container import Host

POSTGRESQL = Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="psycopg")
MARIADB = Backing(
    kind="mysql", role="database",
    parts={"host": "DB_HOST", "port": "DB_PORT", "user": "DB_USER", "password": "DB_PASSWORD", "database": "DB_NAME"},
)  # fmt: skip
READER = replace(MARIADB, role="cache", variable="READER_URL", parts={}, driver="pymysql")
REDIS = Backing(kind="redis", role="cache", variable="REDIS_URL", default={"scheme": "redis", "database": "0"})
RABBITMQ = Backing(kind="amqp", role="broker", variable="BROKER_URL")
MYSQL = Backing(
    kind="mysql", role="database", variable="DATABASE_URL", driver="mysqlconnector",
    default={"scheme": "mysql+mysqlconnector"},
)  # fmt: skip
MONGODB = Backing(kind="mongodb", role="database", variable="MONGO_URL", driver="pymongo")
KAFKA = Backing(kind="kafka", role="broker", variable="KAFKA_URL")
STACK = replace(
    PLAN, backing=(POSTGRESQL, MARIADB, READER, REDIS, RABBITMQ), database=Database(dialect="postgresql"), variables=()
)
CLIENTS = {"docker": docker.found, "podman": podman.found}


def quietly(_line: str) -> None: ...


@contextmanager
def running(client: Client, plan: Plan, folder: Path) -> Iterator[services.Services]:
    """The services of a plan; whoever makes them removes them."""
    label = f"lading.observe={folder.name}"
    try:
        begun = services.begin(client, plan, folder, label, quietly)
        found = services.ready(begun, quietly)
        assert found is not None
        yield found
    finally:
        ours = f"label={label}"
        for one in client.ask("ps", "--all", "--quiet", "--filter", ours).split():
            client.tell("rm", "--force", "--volumes", one)
        client.tell("network", "rm", folder.name)


# ── which ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_no_image_is_known_of_is_not_started_and_absent() -> None:
    plan = replace(PLAN, backing=(REDIS, KAFKA))
    nobody = Host(name="unshare", limits=(), at_once=3, start=lambda _: pytest.fail("nothing is started"))
    assert services.needed(plan) == (REDIS,)
    assert attempts.absent(plan, nobody) == (REDIS, KAFKA)
    assert (
        attempts.absent(replace(PLAN, backing=(replace(REDIS, default={"scheme": "sqlite+aiosqlite"}),)), nobody) == ()
    )


def test_what_could_not_be_seen_for_want_of_a_service_is_said_in_one_sentence() -> None:
    nobody = Host(name="unshare", limits=(), at_once=3, start=lambda _: pytest.fail("nothing is started"))
    worker = Program(name="rq", kind="rq", role="worker", target="jobs")
    plan = replace(PLAN, backing=(POSTGRESQL, REDIS), programs=(worker,))
    runs = {
        "defaults": replace(RUNS["defaults"], exited=3),
        "host": replace(RUNS["host"], answers=()),
        "port": RUNS["port"],
    }
    kept, limits = attempts.needless(plan, nobody, runs, ("Docker is not installed",))
    assert (list(kept), limits) == (
        ["port"],
        (
            "PostgreSQL and Redis could not be started under unshare (Docker is not installed), so nothing is known of "
            "the starts `defaults`, `host`, `worker-rq`: use `--engine docker` or `--engine podman`",
        ),
    )
    kept, limits = attempts.needless(replace(plan, backing=(KAFKA,), programs=()), nobody, {}, ())
    assert limits == ("Kafka could not be started under unshare: lading knows no image of such a service",)
    kept, limits = attempts.needless(replace(plan, backing=()), nobody, runs, ())
    assert (kept, limits) == (runs, ("`worker-rq` could not be started beside the server under unshare",))


# ── an engine that is a script ───────────────────────────────────────────────────────────────────────────────────────


def scripted(folder: Path, script: str) -> Client:
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Client(program=str(program), name="docker 1", checking=(), health=lambda *_: None)


def test_an_image_that_cannot_be_pulled_is_one_sentence(tmp_path: Path) -> None:
    client = scripted(tmp_path, 'case "$1" in image|pull) echo "dial tcp: no such host" >&2; exit 1;; esac')
    with pytest.raises(Outside) as refused:
        services.begin(client, replace(PLAN, backing=(REDIS,)), tmp_path, "a=b", quietly)
    assert refused.value.message == (
        "the image `redis:7`, which the backend's services need, cannot be pulled: dial tcp: no such host"
    )
    assert refused.value.hint == "`docker pull redis:7` where there is a network, and try again"
    assert refused.value.status == 3


def test_a_service_that_ends_is_one_sentence_with_its_last_words(tmp_path: Path) -> None:
    client = scripted(
        tmp_path,
        'case "$1" in exec) exit 1;; logs) echo "Out of memory" >&2;; inspect) echo "exited 137";; esac',
    )
    begun = services.begin(client, replace(PLAN, backing=(REDIS,)), tmp_path, "a=b", quietly)
    with pytest.raises(Outside) as refused:
        services.ready(begun, quietly)
    assert refused.value.message == "the service redis:7 ended with status 137, and said: Out of memory"


def test_the_options_are_those_of_the_compose_files(tmp_path: Path) -> None:
    client = scripted(tmp_path, f'echo "$@" >> {tmp_path}/calls; test "$1" = inspect && echo 172.18.0.2; true')
    begun = services.begin(client, replace(PLAN, backing=(REDIS,)), tmp_path, "lading.observe=x", quietly)
    assert begun is not None
    network = tmp_path.name
    secret = tmp_path / ".secrets" / "redis.conf"
    assert (tmp_path / "calls").read_text().splitlines()[1:3] == [
        f"network create --label lading.observe=x {network}",
        f"run --detach --name {network}-redis --label lading.observe=x --network {network} --hostname redis "
        "--user 999:999 --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp --volume /data "
        f"--volume {secret}:/run/secrets/redis.conf:ro redis:7 redis-server /run/secrets/redis.conf --databases 64",
    ]
    found = begun.services
    assert found.options == ("--network", network, "--add-host", "redis:172.18.0.2")
    password = found.passwords["redis_password"]
    assert secret.read_text() == f"requirepass {password}\n"
    assert len(password) == 32
    assert found.environment("defaults") == {"REDIS_URL": f"redis://:{password}@redis:6379/0"}
    assert found.environment("bind") == {"REDIS_URL": f"redis://:{password}@redis:6379/1"}
    assert found.environment("defaults") == {"REDIS_URL": f"redis://:{password}@redis:6379/0"}
    assert found.masked(f"redis://:{password}@redis:6379/0") == "redis://:…@redis:6379/0"


def test_a_database_that_several_variables_lead_to_is_made_once(tmp_path: Path) -> None:
    client = scripted(tmp_path, f'case "$*" in *CREATE*) echo "$@" >> {tmp_path}/made;; esac')
    writers = replace(POSTGRESQL, variable="WRITER_URL"), replace(POSTGRESQL, role="cache", variable="REPLICA_URL")
    begun = services.begin(client, replace(STACK, backing=(*writers, MARIADB, READER)), tmp_path, "a=b", quietly)
    assert begun is not None
    found, again = (begun.services.environment("defaults") for _ in range(2))
    asked = (tmp_path / "made").read_text().splitlines()
    assert [line.partition("CREATE ")[2] for line in asked if "CREATE " in line] == [
        "DATABASE lading_defaults app",
        "DATABASE lading_defaults; GRANT ALL ON lading_defaults.* TO 'app'@'%'",
    ]
    assert found == again
    assert found["WRITER_URL"] == found["REPLICA_URL"]
    assert found["READER_URL"].endswith("@mariadb:3306/lading_defaults")
    assert (found["DB_HOST"], found["DB_NAME"]) == ("mariadb", "lading_defaults")


def test_a_user_and_a_password_in_one_are_those_of_the_service(tmp_path: Path) -> None:
    client = scripted(tmp_path, "true")
    parts = {"credentials": "DB_CREDENTIALS", "database": "DB_BASE"}
    cache = replace(REDIS, variable=None, parts={"user": "REDIS_USER", "password": "REDIS_PASS"})
    plan = replace(STACK, backing=(replace(POSTGRESQL, variable=None, parts=parts), cache))
    begun = services.begin(client, plan, tmp_path, "a=b", quietly)
    assert begun is not None
    passwords = begun.services.passwords
    assert begun.services.environment("defaults") == {
        "DB_CREDENTIALS": f"app:{passwords['postgres_password']}", "DB_BASE": "lading_defaults",
        "REDIS_USER": "default", "REDIS_PASS": passwords["redis_password"],
    }  # fmt: skip


# ── real ones ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.engine
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_each_start_has_databases_of_its_own(engine: str, tmp_path: Path) -> None:
    client = CLIENTS[engine]()
    folder = tmp_path / f"verify-{engine}"
    folder.mkdir()
    schema = Migrations(tool="alembic", config="alembic.ini", folder="migrations", heads=(), table="shop._mine")
    plan = replace(STACK, migrations=schema) if engine == "docker" else replace(STACK, backing=(POSTGRESQL, REDIS))
    with ExitStack() as stack:
        for name in ("postgres:16", "redis:7") if engine == "podman" else ():
            stack.enter_context(given(client, name, tmp_path))
        found = stack.enter_context(running(client, plan, folder))
        one, other = found.environment("defaults"), found.environment("newer")
        assert one["DATABASE_URL"].endswith("@postgres:5432/lading_defaults")
        assert other["DATABASE_URL"].endswith("@postgres:5432/lading_newer")
        assert (one["REDIS_URL"][-2:], other["REDIS_URL"][-2:]) == ("/0", "/1")
        assert found.revisions("defaults") == {}
        found.stamp("newer", "0009")
        wanted = {"postgresql:lading_newer": ("0009",)}
        if engine == "docker":
            assert (one["DB_HOST"], one["DB_PORT"], one["DB_USER"]) == ("mariadb", "3306", "app")
            assert (one["DB_NAME"], other["DB_NAME"]) == ("lading_defaults", "lading_newer")
            assert one["READER_URL"].endswith("@mariadb:3306/lading_defaults")
            assert one["BROKER_URL"].endswith("@rabbitmq:5672/")
            wanted["mysql:lading_newer"] = ("0009",)
            # The account that the application has may write there.
            argv = ("mariadb", "-h", "127.0.0.1", "-uapp", f"-p{one['DB_PASSWORD']}", one["DB_NAME"])
            client.ask("exec", f"{folder.name}-mariadb", *argv, "-e", "CREATE TABLE rows_ (id INT)")
        assert found.revisions("newer") == wanted
        ping = f"redis-cli -h redis -a {found.passwords['redis_password']} --no-auth-warning ping"
        reached = client.ask("run", "--rm", *client.options, *found.options, "redis:7", "sh", "-c", ping)
        assert reached.strip() == "PONG"


@pytest.mark.engine
def test_a_redis_without_a_password_answers_who_has_none(tmp_path: Path) -> None:
    client = CLIENTS["docker"]()
    folder = tmp_path / "verify-bare"
    folder.mkdir()
    bare = Backing(kind="redis", role="cache", parts={"host": "CACHE_HOST", "port": "CACHE_PORT"})
    with running(client, replace(STACK, backing=(bare, REDIS)), folder) as found:
        given = found.environment("defaults")
        assert given == {"CACHE_HOST": "redis", "CACHE_PORT": "6379", "REDIS_URL": "redis://redis:6379/0"}
        ping = f"redis-cli -u {given['REDIS_URL']} ping && redis-cli -h redis -n 63 ping"
        reached = client.ask("run", "--rm", *client.options, *found.options, "redis:7", "sh", "-c", ping)
        assert reached.split() == ["PONG", "PONG"]


@pytest.mark.parametrize(
    ("kind", "place", "first"),
    [("postgresql", "shop._mine", "CREATE SCHEMA IF NOT EXISTS shop; "), ("mysql", "lading_newer._mine", "")],
)
def test_what_alembic_keeps_in_a_schema_is_asked_for_there(
    kind: str, place: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    def ask(_client: Client, _container: str, _kind: str, sql: str, _database: str) -> str:
        said.append(sql)
        return "0001\n"

    monkeypatch.setattr(databases, "_ask", ask)
    migrations = Migrations(tool="alembic", config="x", folder="x", heads=(), table="shop._mine")
    client = Client(program="none", name="none", checking=(), health=lambda *_: None)
    databases.stamp(client, "one", kind, "newer", "0001", migrations)
    assert databases.revisions(client, "one", kind, "newer", migrations) == ("0001",)
    assert said == [
        f"{first}CREATE TABLE {place} (version_num VARCHAR(32) NOT NULL PRIMARY KEY); "
        f"INSERT INTO {place} VALUES ('0001')",
        f"SELECT version_num FROM {place}",
    ]


@pytest.mark.engine
def test_mysql_and_mongodb_take_whoever_has_their_urls(tmp_path: Path) -> None:
    client = CLIENTS["docker"]()
    folder = tmp_path / "verify-stores"
    folder.mkdir()
    with running(client, replace(STACK, backing=(MYSQL, MONGODB)), folder) as found:
        one, other = found.environment("defaults"), found.environment("newer")
        password, secret = (found.passwords[name] for name in ("mysql_password", "mongo_password"))
        assert one == {
            "DATABASE_URL": f"mysql+mysqlconnector://app:{password}@mysql:3306/lading_defaults",
            "MONGO_URL": f"mongodb://app:{secret}@mongo:27017/lading_defaults?authSource=admin",
        }
        assert other["MONGO_URL"] == one["MONGO_URL"].replace("defaults", "newer")
        found.stamp("newer", "0009")
        assert (found.revisions("defaults"), found.revisions("newer")) == ({}, {"mysql:lading_newer": ("0009",)})

        def asked(image: str, *argv: str) -> str:
            return client.ask("run", "--rm", *client.options, *found.options, image, *argv).strip()

        at = ("-h", "mysql", "-u", "app", f"-p{password}", "lading_defaults", "-N", "-B")
        rows = "CREATE TABLE rows_ (id INT); INSERT INTO rows_ VALUES (7); SELECT id FROM rows_"
        assert asked("mysql:8.4", "mysql", *at, "-e", rows) == "7"
        script = "db.rows.insertOne({n: 7}); print(db.getName(), db.rows.findOne().n)"
        assert asked("mongo:7", "mongosh", "--quiet", one["MONGO_URL"], "--eval", script) == "lading_defaults 7"


@contextmanager
def given(client: Client, image: str, folder: Path) -> Iterator[None]:
    """Hand an image that Docker has over to another engine, for a while where that has it not."""
    missing = client.tell("image", "inspect", image).status != 0
    if missing:
        archive = folder / "image.tar"
        docker.found().ask("save", "--output", str(archive), image, timeout=600)
        output(Command(argv=(client.program, "load", "--input", str(archive)), timeout=600))
        archive.unlink()
    try:
        yield
    finally:
        if missing:
            client.tell("image", "rm", "--force", image)


@pytest.mark.engine
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=lambda end: end.name)
def test_services_of_a_killed_lading_are_gone_after_the_next_run(end: signal.Signals, tmp_path: Path) -> None:
    client = docker.found()
    image = host_python.make(tmp_path)
    plan = replace(host_python.PLAN, backing=(REDIS,))
    program = """
import pickle, sys
from pathlib import Path
from lading import observe
plan, image = pickle.loads(Path(sys.argv[1]).read_bytes())
observe.observe(plan, image, engine="docker", cache=Path(sys.argv[2]), progress=lambda _: None)
"""
    (tmp_path / "request").write_bytes(pickle.dumps((plan, image)))
    cache = tmp_path / "cache"
    pid = beside.start((sys.executable, "-c", program, str(tmp_path / "request"), str(cache)), {})
    limit = time.monotonic() + 60
    while not (ours := [*cache.glob("observe/docker-*")]) or not made(client, ours[0].name):
        assert time.monotonic() < limit
        time.sleep(0.05)
    os.kill(pid, end)
    beside.end(pid, 60)
    if end == signal.SIGKILL:
        assert made(client, ours[0].name)
        with docker.host(host_python.PLAN, image, cache=cache, progress=quietly) as host:
            assert host.services is None
    assert made(client, ours[0].name) == []


def made(client: Client, name: str) -> list[str]:
    ours = ("--quiet", "--filter", f"label=lading.observe={name}")
    return [one for what in (("ps", "--all"), ("network", "ls")) for one in client.ask(*what, *ours).split()]


@pytest.mark.engine
def test_auto_takes_an_engine_that_can_start_services_and_a_program_runs_with_them(tmp_path: Path) -> None:
    image: Image = host_python.make(tmp_path)
    seen: Observation = observe(
        replace(host_python.PLAN, backing=(REDIS,)), image, engine="auto", cache=tmp_path / "c", progress=quietly
    )
    assert seen.engine.startswith("docker ")
    assert (seen.services, seen.absent) == (("redis:7",), ())
    assert {run.start.environment["REDIS_URL"] for run in seen.runs.values()} == {
        f"redis://:…@redis:6379/{number}" for number in (0, 1, 2)
    }
