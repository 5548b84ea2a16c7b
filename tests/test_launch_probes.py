"""What the probes say while the database is away, and what the launcher does before it is there."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import replicas
from databases import Base, fresh
from relay import Relay
from replicas import Place

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicas.environment(tmp_path_factory.getbasetemp().parent / "replicas", *replicas.PACKAGES)


@pytest.fixture(params=["postgresql+asyncpg", "mysql+pymysql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with fresh(request.param, tmp_path) as base:
        yield base


def through(base: Base, root: Path, python: Path) -> tuple[Relay, Place]:
    """The database at an address that can be cut, and a place whose DATABASE_URL is that address."""
    parts = urlsplit(base.url)
    relay = Relay((parts.hostname or "", parts.port or 3306))
    url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{relay.port}").geturl()
    place = Place(root=root, python=python, env={"DATABASE_URL": url, "PORT": str(replicas.port())})
    return relay, place.install(replicas.plan(base.dialect, base.driver))


def test_a_database_that_is_late_is_waited_for(base: Base, tmp_path: Path, python: Path) -> None:
    relay, place = through(base, tmp_path, python)
    process = place.start("serve")
    time.sleep(1.5)
    assert process.poll() is None
    assert place.run("healthcheck")[0] == 1
    with relay:
        assert replicas.answers(int(place.env["PORT"]), of=process) != ""
        process.terminate()
        log = process.communicate()[0]
    name = {"postgresql": "PostgreSQL", "mysql": "MySQL"}[base.dialect]
    lines = [line for line in log.splitlines() if line.startswith("lading: ")]
    why = f"{name} at 127.0.0.1:{relay.port} (DATABASE_URL) does not answer: Connection refused"
    assert lines[0] == f"lading: waiting for {name}, 60 s at most: {why}"
    assert lines[1].startswith(f"lading: {name} answers after ")
    assert [line.partition(":")[2] for line in lines[2:]] == [
        " the database is at no revision: applying 0001, 0002",
        " the database is at 0002",
    ]


def test_a_database_that_does_not_come_ends_the_start(base: Base, tmp_path: Path, python: Path) -> None:
    _, place = through(base, tmp_path, python)
    began = time.monotonic()
    status, log = place.run("serve", LADING_WAIT_SECONDS="2")
    assert (status, 1 < time.monotonic() - began < 6) == (3, True)
    assert log.splitlines()[-1].endswith("does not answer: Connection refused, for 2 s")
    password = urlsplit(base.url).password
    assert password
    assert password not in log


def test_liveness_says_nothing_of_the_database_and_readiness_does(base: Base, tmp_path: Path, python: Path) -> None:
    relay, place = through(base, tmp_path, python)
    with relay:
        process = place.start("serve")
        assert replicas.answers(int(place.env["PORT"]), of=process) != ""
        assert probes(place) == (0, 0)
        relay.cut()
        for _ in range(15):  # half a minute
            assert probes(place) == (0, 1)
            time.sleep(2)
        said = place.run("healthcheck", "--ready")[1]
        assert f"127.0.0.1:{relay.port} (DATABASE_URL) does not answer: Connection refused" in said
        relay.open()
        assert probes(place) == (0, 0)
        process.terminate()
        process.communicate()


def probes(place: Place) -> tuple[int, int]:
    """The exit status of the liveness and of the readiness probe."""
    return place.run("healthcheck")[0], place.run("healthcheck", "--ready")[0]
