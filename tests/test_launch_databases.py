"""The launcher's migrations against real servers: who starts together, who is killed, what is said."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import replicas
from databases import SCHEMES, Base, fresh
from replicas import Place
from values import MIGRATIONS

from lading.model import Migrations

pytestmark = pytest.mark.engine

SERVERS = ("postgresql+psycopg", "postgresql+asyncpg", "mysql+pymysql", "sqlite", "sqlite+aiosqlite")
MYSQL = {"mysql+pymysql"}


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # One for all processes of the test run.
    return replicas.environment(tmp_path_factory.getbasetemp().parent / "replicas", *replicas.PACKAGES)


@pytest.fixture(params=SERVERS)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Base]:
    with fresh(request.param, tmp_path / "data") as base:
        yield base


def place(base: Base, root: Path, python: Path, *, migrations: Migrations | None = None, **env: str) -> Place:
    plan = replicas.plan(base.dialect, base.driver)
    plan = replace(plan, migrations=migrations or plan.migrations)
    return Place(root=root, python=python, env={"DATABASE_URL": base.url, **env}).install(plan)


def together(place: Place, count: int) -> list[tuple[bool, str]]:
    """Start `count` replicas at once; of each whether it served, and its log."""
    ports = [replicas.port() for _ in range(count)]
    started = [place.start(PORT=str(port)) for port in ports]
    served = [bool(replicas.answers(port, timeout=90, of=one)) for one, port in zip(started, ports, strict=True)]
    for one in started:
        one.terminate()
    return [(ok, one.communicate(timeout=30)[0]) for ok, one in zip(served, started, strict=True)]


def alive(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None


@pytest.mark.parametrize("behind", [False, True], ids=["empty", "one behind"])
def test_replicas_that_start_at_once_migrate_once_and_all_serve(
    base: Base, tmp_path: Path, python: Path, behind: bool
) -> None:
    here = place(base, tmp_path, python)
    if behind:
        migrate_to(base, python, "0001")
    results = together(here, 10)
    assert [log for ok, log in results if not ok] == []
    assert (base.ran(), base.revisions()) == (["0001", "0002"], ["0002"])


def migrate_to(base: Base, python: Path, revision: str) -> None:
    subprocess.run(
        [python, "-m", "alembic", "upgrade", revision],
        cwd=replicas.APP,
        env={"DATABASE_URL": base.url, "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "sqlite"])
def test_without_the_lock_they_fail(scheme: str, tmp_path: Path, python: Path) -> None:
    """The control: if this passes without a failure, the test above proves nothing."""
    failed = 0
    for attempt in range(3):
        with fresh(scheme, tmp_path / "data") as base:
            here = place(base, tmp_path / str(attempt), python, MIGRATION_SECONDS="0.3")
            launcher = here.root / "lading" / "alembic.py"
            text = launcher.read_text()
            assert text.count("            lock(kind,") == 1
            launcher.write_text(text.replace("            lock(kind,", "            (kind,"))
            failed += sum(not ok for ok, _ in together(here, 6))
    assert failed > 0


def test_what_is_at_head_starts_without_the_tool(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    assert here.run("migrate")[0] == 0
    # Where Alembic's configuration is not, Alembic would fail: nobody runs it.
    nowhere = replace(MIGRATIONS, config="nowhere/alembic.ini")
    assert place(base, tmp_path, python, migrations=nowhere).run("migrate") == (0, "")


def test_a_replica_that_is_killed_leaves_the_next_one_able_to_go_on_or_says_what_is(
    base: Base, tmp_path: Path, python: Path
) -> None:
    here = place(base, tmp_path, python)
    moment = random.Random(7)
    for _ in range(4):
        process = here.start("migrate", MIGRATION_SECONDS="0.3")
        time.sleep(0.5 + moment.random())
        if alive(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        status, log = here.run("migrate")
        believed(base, status, log)
        if status:
            half(base)


def believed(base: Base, status: int, log: str) -> None:
    """Either all is at head and each revision ran once, or the log says where the database is and what to do."""
    if status == 0:
        assert base.revisions() == ["0002"]
        assert base.ran() == ["0001", "0002"]
        return
    assert base.dialect != "postgresql", log
    assert "this database takes no half of a revision back" in log, log
    assert state(base) in log, log


def state(base: Base) -> str:
    """What the launcher says of a database that is not at its newest revision."""
    if not has(base, "alembic_version"):
        return "the database is not known to be at 0002\n"
    return f"the database is at {', '.join(base.revisions()) or 'no revision'}, and this image wants 0002\n"


def has(base: Base, table: str) -> bool:
    names = {"sqlite": "SELECT name FROM sqlite_master", "postgresql": "SELECT tablename FROM pg_tables"}
    return table in [row[0] for row in base.query(names.get(base.dialect, "SHOW TABLES"))]


def half(base: Base) -> None:
    """Undo what a killed revision left, as the message says."""
    for table in ("ran", "first", "second", "third", "alembic_version"):
        base.query(f"DROP TABLE IF EXISTS {table}")


def test_a_database_that_is_ahead_is_refused_with_both_revisions(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    assert here.run("migrate")[0] == 0
    base.query("UPDATE alembic_version SET version_num = '0009'")
    port = replicas.port()
    status, log = here.run("serve", PORT=str(port))
    assert status == 1
    assert log == (
        "lading: the database is at 0009, which this image does not know, and its newest is 0002: start a newer image, "
        "or downgrade with the one that has it\n"
        "lading: the migrations failed, so nothing is started: the database is at 0009, and this image wants 0002\n"
    )
    assert replicas.answers(port, timeout=0.3) == ""


def test_a_failed_migration_opens_no_port(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    base.query("CREATE TABLE first (id INTEGER)")
    port = replicas.port()
    process = here.start("serve", PORT=str(port))
    opened = False
    while alive(process):
        opened = opened or bool(replicas.answers(port, timeout=0.05))
    log = process.communicate()[0]
    assert (process.returncode, opened) == (1, False)
    assert "0002 failed: " in log
    assert log.endswith(f"lading: the migrations failed, so nothing is started: {state(base)}")


def test_wait_lets_somebody_else_migrate(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    port = replicas.port()
    waiting = here.start("serve", PORT=str(port), LADING_MIGRATE="wait", LADING_WAIT_SECONDS="30")
    assert replicas.answers(port, timeout=2) == ""
    assert alive(waiting)
    assert here.run("migrate")[0] == 0
    assert replicas.answers(port) != ""
    waiting.terminate()
    log = waiting.communicate()[0]
    assert "waiting until somebody has migrated the database, 30 s at most: the database " in log
    assert base.ran() == ["0001", "0002"]


def test_wait_ends_when_nobody_migrates(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    status, log = here.run("serve", LADING_MIGRATE="wait", LADING_WAIT_SECONDS="1")
    assert status == 3
    assert "lading: nobody has migrated the database for 1 s: " in log


def test_off_serves_what_is_there(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    port = replicas.port()
    serving = here.start("serve", PORT=str(port), LADING_MIGRATE="off")
    assert replicas.answers(port) != ""
    serving.terminate()
    serving.communicate()
    assert not has(base, "alembic_version")


def test_a_signal_during_the_migrations_ends_them_and_frees_the_lock(base: Base, tmp_path: Path, python: Path) -> None:
    here = place(base, tmp_path, python)
    process = here.start("serve", MIGRATION_SECONDS="20")
    time.sleep(2)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - asked < 5
    half(base)
    assert here.run("migrate")[0] == 0


def test_every_scheme_is_known() -> None:
    assert set(SERVERS) <= set(SCHEMES)
