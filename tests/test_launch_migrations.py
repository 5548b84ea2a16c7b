"""The launcher with the real Alembic on SQLite: where a project keeps what, and how it configures it."""

import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import replicas
from replicas import Place
from standins import ended

from lading.model import Plan

pytestmark = [pytest.mark.network, pytest.mark.slow]

INI = "[alembic]\nscript_location = %(here)s/migrations\n"
ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine
OPTIONS = {}
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
import time
from alembic import op
revision, down_revision = {revision!r}, {down!r}
def upgrade():
    op.execute("CREATE TABLE t{revision} (id INTEGER)")
    {more}
def downgrade():
    op.execute("DROP TABLE t{revision}")
"""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicas.environment(tmp_path_factory.getbasetemp().parent / "replicas", *replicas.PACKAGES)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return migrations(tmp_path / "app")


def migrations(folder: Path, *, env: str = ENV, more: str = "") -> Path:
    """A project whose two revisions make the tables t1 and t2."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI)
    (folder / "migrations" / "env.py").write_text(env)
    (versions / "1.py").write_text(REVISION.format(revision="1", down=None, more=""))
    (versions / "2.py").write_text(REVISION.format(revision="2", down="1", more=more))
    return folder


def plan(**changes: Any) -> Plan:
    made = replicas.plan("sqlite")
    assert made.migrations
    return replace(made, migrations=replace(made.migrations, heads=("2",), **changes))


def place(root: Path, python: Path, made: Plan | None = None, database: str = "data/x.db") -> Place:
    env = {"DATABASE_URL": f"sqlite:///{root}/{database}"}
    return Place(root=root, python=python, app=root / "app", env=env).install(made or plan())


def tables(root: Path, database: str = "data/x.db") -> set[str]:
    with closing(sqlite3.connect(root / database)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


APPLIED = "lading: the database is at no revision: applying 1, 2\nlading: the database is at 2\n"


def test_what_is_missing_is_said_and_applied_once(tmp_path: Path, python: Path, app: Path) -> None:
    here = place(tmp_path, python)
    assert here.run("migrate") == (0, APPLIED)
    assert tables(tmp_path) == {"alembic_version", "t1", "t2"}
    (app / "migrations" / "env.py").write_text("raise SystemExit('at the newest revision nobody runs this')")
    assert here.run("migrate") == (0, "")


def test_alembic_is_not_hidden_by_a_folder_of_the_project(tmp_path: Path, python: Path, app: Path) -> None:
    """`alembic/` beside `alembic.ini` is what `alembic init alembic` makes; with `__init__.py`, it is a package."""
    (app / "migrations").rename(app / "alembic")
    (app / "alembic" / "__init__.py").touch()
    (app / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    assert place(tmp_path, python).run("migrate") == (0, APPLIED)


ASKS = """\
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_the_url_that_the_projects_code_gives_alembic_is_given_by_us_too(tmp_path: Path, python: Path) -> None:
    app = migrations(tmp_path / "app", env=ASKS)
    status, said = place(tmp_path, python).run("migrate")
    assert (status, "env.py failed: ArgumentError" in said) == (1, True)
    given = plan(url_given=True)
    assert place(tmp_path, python, given, database="data/100%.db").run("migrate") == (0, APPLIED)
    assert tables(tmp_path, "data/100%.db") == {"alembic_version", "t1", "t2"}
    (app / "alembic.ini").write_text(f"{INI}sqlalchemy.url = sqlite:///{tmp_path}/data/ini.db\n")
    assert place(tmp_path, python, given).run("migrate") == (0, APPLIED)
    assert tables(tmp_path, "data/ini.db") == {"alembic_version", "t1", "t2"}


def test_the_application_can_be_imported_by_env_py(tmp_path: Path, python: Path, app: Path) -> None:
    (app / "models.py").write_text("metadata = None\n")
    (app / "migrations" / "env.py").write_text("import models\n" + ENV)
    assert place(tmp_path, python).run("migrate") == (0, APPLIED)


@pytest.mark.parametrize("ini", [INI, "[alembic]\nscript_location = migrations\n"], ids=["here", "relative"])
def test_the_configuration_may_be_in_a_subfolder(tmp_path: Path, python: Path, ini: str) -> None:
    migrations(tmp_path / "app" / "backend")
    (tmp_path / "app" / "backend" / "alembic.ini").write_text(ini)
    here = place(tmp_path, python, plan(config="backend/alembic.ini", folder="backend/migrations"))
    assert here.run("migrate") == (0, APPLIED)


def test_the_configuration_may_be_in_pyproject(tmp_path: Path, python: Path, app: Path) -> None:
    (app / "alembic.ini").unlink()
    (app / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    assert place(tmp_path, python, plan(config="pyproject.toml")).run("migrate") == (0, APPLIED)


def test_the_configuration_may_have_several_sections(tmp_path: Path, python: Path, app: Path) -> None:
    (app / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n[shop]\nscript_location = migrations\n")
    assert place(tmp_path, python, plan(section="shop")).run("migrate") == (0, APPLIED)
    status, said = place(tmp_path, python, database="data/other.db").run("migrate")
    assert (status, "nowhere" in said) == (1, True)


# ── what the look without Alembic cannot see ─────────────────────────────────────────────────────────────────────────

ELSEWHERE = ENV.replace("OPTIONS = {}", "OPTIONS = {'version_table': 'schema_at'}")


def test_a_version_table_of_another_name_is_asked_by_alembic(tmp_path: Path, python: Path) -> None:
    migrations(tmp_path / "app", env=ELSEWHERE)
    here = place(tmp_path, python)
    assert here.run("migrate") == (0, APPLIED)
    assert tables(tmp_path) == {"schema_at", "t1", "t2"}
    assert here.run("migrate") == (0, "")


def test_a_version_table_of_another_name_is_waited_for(tmp_path: Path, python: Path) -> None:
    shutil.copy(replicas.APP / "main.py", migrations(tmp_path / "app", env=ELSEWHERE))
    here = place(tmp_path, python)
    number = replicas.port()
    waiting = here.start("serve", PORT=str(number), LADING_MIGRATE="wait", LADING_WAIT_SECONDS="30")
    time.sleep(1)
    assert (waiting.poll(), here.run("migrate")[0]) == (None, 0)
    assert replicas.answers(number, of=waiting).startswith("/health ")
    said = ended(waiting, signal.SIGTERM)[1]
    assert "waiting until somebody has migrated the database, 30 s at most: the database is not known to be at " in said


def test_who_looks_changes_nothing(tmp_path: Path, python: Path) -> None:
    migrations(tmp_path / "app", env=ELSEWHERE)
    status, said = place(tmp_path, python).run("serve", LADING_MIGRATE="wait", LADING_WAIT_SECONDS="1")
    assert status == 3
    assert said.splitlines()[-1] == (
        "lading: nobody has migrated the database for 1 s: the database is not known to be at 2"
    )
    assert tables(tmp_path) & {"t1", "t2", "schema_at"} == set()


def test_a_file_that_is_no_database_is_said(tmp_path: Path, python: Path, app: Path) -> None:
    here = place(tmp_path, python)
    (tmp_path / "data" / "x.db").write_bytes(b"not a database, but long enough to be looked at as if it were " * 99)
    status, said = here.run("migrate")
    assert status == 1
    assert said.splitlines()[-2:] == [
        "lading: env.py failed: DatabaseError: (sqlite3.DatabaseError) file is not a database",
        "lading: the migrations failed, so nothing is started: the database is not known to be at 2",
    ]


def test_what_env_py_is_told_by_the_project_is_told_it_all_the_same(tmp_path: Path, python: Path) -> None:
    heard = "OPTIONS = {'on_version_apply': lambda *, step, **_: print('applied', step.up_revision_id)}"
    migrations(tmp_path / "app", env=ENV.replace("OPTIONS = {}", heard))
    said = place(tmp_path, python).run("migrate")[1]
    assert ("applied 1" in said, "applied 2" in said) == (True, True)


# ── together, killed, asked to end ───────────────────────────────────────────────────────────────────────────────────


def started(here: Place, root: Path, *arguments: str, until: Callable[[], bool]) -> Any:
    process = here.start(*arguments)
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    return process


def test_who_waits_for_another_replica_says_so(tmp_path: Path, python: Path) -> None:
    migrations(tmp_path / "app", more="time.sleep(3)")
    here = place(tmp_path, python)
    first = started(here, tmp_path, "migrate", until=(tmp_path / "data" / "x.db.lock").exists)
    time.sleep(0.3)
    status, said = here.run("migrate")
    assert (status, said) == (0, "lading: another replica migrates the database: waiting, for 1 s now\n")
    assert ended(first) == (0, APPLIED)


def test_a_signal_that_comes_while_one_waits_for_another_ends_it(tmp_path: Path, python: Path) -> None:
    migrations(tmp_path / "app", more="time.sleep(30)")
    here = place(tmp_path, python)
    first = started(here, tmp_path, "migrate", until=(tmp_path / "data" / "x.db.lock").exists)
    second = here.start("migrate")
    time.sleep(1.5)
    began = time.monotonic()
    assert ended(second, signal.SIGTERM)[0] == 128 + signal.SIGTERM
    assert time.monotonic() - began < 3
    assert ended(first, signal.SIGINT)[0] in {128 + signal.SIGINT, 130}


def test_signals_after_a_look_are_nobodys_that_is_gone(tmp_path: Path, python: Path) -> None:
    """A terminal that is resized between two looks: the process that looked is gone."""
    migrations(tmp_path / "app", env=ELSEWHERE)
    waiting = place(tmp_path, python).start("serve", LADING_MIGRATE="wait", LADING_WAIT_SECONDS="4")
    stop = threading.Event()

    def resize() -> None:
        while not stop.wait(0.01):
            waiting.send_signal(signal.SIGWINCH)

    thread = threading.Thread(target=resize)
    time.sleep(0.5)  # until then, nobody has asked for that signal
    thread.start()
    status = waiting.wait(timeout=20)
    stop.set()
    thread.join()
    said = ended(waiting)[1]
    assert (status, "Traceback" in said) == (3, False), said


# ── the file of the database ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_folder_of_the_database_is_made(tmp_path: Path, python: Path, app: Path) -> None:
    here = place(tmp_path, python, database="data/deep/er/x.db")
    assert here.run("migrate") == (0, APPLIED)
    assert tables(tmp_path, "data/deep/er/x.db") > {"t1"}


def test_a_database_outside_the_volume_is_spoken_of(tmp_path: Path, python: Path, app: Path) -> None:
    status, said = place(tmp_path, python).run("migrate", DATABASE_URL="sqlite:///x.db")
    outside = (
        f"lading: DATABASE_URL: {app}/x.db is not on the volume {tmp_path}/data, and goes when the container goes\n"
    )
    assert (status, said) == (0, outside + APPLIED)


def test_a_folder_that_cannot_be_made_stops_us(tmp_path: Path, python: Path, app: Path) -> None:
    here = place(tmp_path, python, database="data/file/x.db")
    (tmp_path / "data" / "file").touch()
    said = f"lading: DATABASE_URL: the folder {tmp_path}/data/file cannot be made: File exists\n"
    assert here.run("serve") == (1, said)
