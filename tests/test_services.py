"""The servers that `.ci/services` starts on this machine: each answers, on loopback alone, and is started once."""

import os
import socket
from pathlib import Path

import pytest
import services
from containers import asked, told, until

from lading.errors import Outside

pytestmark = [pytest.mark.engine, pytest.mark.alone]

ROOT = Path(__file__).parent.parent
NAME, PASSWORD = services.NAME, services.PASSWORD
PORTS = {"postgresql": 5432, "mariadb": 3306, "redis": 6379, "rabbitmq": 5672}


def psql(statement: str, url: str = services.POSTGRESQL) -> str:
    return asked("psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", url, "-c", statement)


def mariadb(statement: str) -> str:
    return asked("mariadb", "-h", "127.0.0.1", "-u", NAME, "-N", "-B", "-e", statement, MYSQL_PWD=PASSWORD)


def test_postgresql_makes_a_database_and_keeps_rows() -> None:
    psql("DROP DATABASE IF EXISTS services_test")
    psql("CREATE DATABASE services_test")
    url = services.POSTGRESQL.rpartition("/")[0] + "/services_test"
    psql("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)", url)
    assert psql("SELECT sum(n) FROM t", url) == "3"
    psql("DROP DATABASE services_test")


def test_postgresql_takes_the_connections_of_fifty_replicas() -> None:
    assert int(psql("SHOW max_connections")) >= 300


def test_postgresql_wants_the_password() -> None:
    with pytest.raises(Outside, match="password authentication failed"):
        psql("SELECT 1", services.POSTGRESQL.replace(PASSWORD, "wrong"))


def test_mariadb_makes_a_database_and_keeps_rows() -> None:
    mariadb("CREATE OR REPLACE DATABASE services_test")
    mariadb("CREATE TABLE services_test.t (n int); INSERT INTO services_test.t VALUES (1), (2)")
    assert mariadb("SELECT sum(n) FROM services_test.t") == "3"
    mariadb("DROP DATABASE services_test")
    with pytest.raises(Outside, match="Access denied"):
        asked("mariadb", "-h", "127.0.0.1", "-u", NAME, "-e", "SELECT 1", MYSQL_PWD="wrong")


def test_redis_keeps_a_key_for_who_has_the_password() -> None:
    def redis(*command: str, password: str = PASSWORD) -> str:
        return asked("redis-cli", "-h", "127.0.0.1", *command, REDISCLI_AUTH=password)

    assert redis("SET", "services-test", "kept") == "OK"
    assert redis("GETDEL", "services-test") == "kept"
    assert "NOAUTH" in redis("GET", "services-test", password="")


def test_rabbitmq_gives_back_a_message() -> None:
    url = f"--url={services.RABBITMQ}"
    asked("amqp-declare-queue", url, "--queue=services-test")
    asked("amqp-publish", url, "--routing-key=services-test", "--body=brought")
    assert asked("amqp-get", url, "--queue=services-test") == "brought"
    asked("amqp-delete-queue", url, "--queue=services-test")
    refused = told("amqp-get", url.replace(PASSWORD, "wrong"), "--queue=services-test")
    assert b"ACCESS_REFUSED" in refused.stderr, refused


@pytest.mark.parametrize("server", PORTS)
def test_nothing_listens_beyond_loopback(server: str) -> None:
    socket.create_connection(("127.0.0.1", PORTS[server]), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((asked("hostname", "-I").split()[0], PORTS[server]), timeout=5)


def test_the_script_does_nothing_the_second_time() -> None:
    def state() -> list[str]:
        """The processes that listen, each with its start, and the images."""
        # Of this machine, and not of a container that another test has beside it.
        mine = os.readlink("/proc/self/ns/pid")
        servers = ("dockerd", "mariadbd", "redis-server", "beam.smp")
        rows = [line for name in servers for line in asked("ps", "-o", "pid=,lstart=", "-C", name).splitlines()]
        processes = [line for line in rows if os.readlink(f"/proc/{line.split()[0]}/ns/pid") == mine]
        names = ("python:3.12-slim", "postgres:16", "redis:7", "rabbitmq:4", "mariadb:11", "mysql:8.4", "mongo:7")
        images = [asked("docker", "image", "inspect", "--format", "{{.Id}}", name) for name in names]
        return [*processes, psql("SELECT pg_postmaster_start_time()"), *images]

    before = state()
    assert asked(str(ROOT / ".ci" / "services")) == ""
    assert state() == before


@pytest.mark.parametrize("compose", [("docker", "compose"), ("docker-compose",)], ids=["compose-2", "compose-1"])
def test_compose_waits_for_health_and_for_a_migration(compose: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from-a-file\n")
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    command = (*compose, "--file", str(tmp_path / "compose.yaml"), "--project-name", "services-test")
    try:
        asked(*command, "up", "--detach")
        # The cache starts only when the migration has ended well, and that only when the database is healthy.
        shown = asked(*command, "logs", "--no-color", "migrate")
        assert "migrated" in shown
        assert until(lambda: asked(*command, "exec", "-T", "cache", "redis-cli", "ping")) == "PONG"
    finally:
        told(*command, "down", "--volumes", "--timeout", "5")


COMPOSE = """\
services:
  database:
    image: postgres:16
    environment: {POSTGRES_USER: app, POSTGRES_PASSWORD_FILE: /run/secrets/password}
    secrets: [password]
    read_only: true
    tmpfs: [/tmp, /run/postgresql]
    healthcheck: {test: [CMD, pg_isready, -U, app, -h, 127.0.0.1], interval: 1s, timeout: 3s, retries: 30}
  migrate:
    image: postgres:16
    command: [psql, -h, database, -U, app, -c, "CREATE TABLE rows (n int); SELECT 'migrated'"]
    environment: {PGPASSWORD: from-a-file}
    depends_on: {database: {condition: service_healthy}}
  cache:
    image: redis:7
    depends_on: {migrate: {condition: service_completed_successfully}}
secrets: {password: {file: ./password}}
"""
