"""Migrations that are not Alembic's: a prestart script of the project's own, and Aerich."""

import os
import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import replicas
from replicas import Place
from standins import PLAN, Container, ended

from lading.model import Database, Migrations, Plan, Program

pytestmark = pytest.mark.slow


def scripted(name: str, **changes: Any) -> Plan:
    return replace(
        PLAN,
        migrations=Migrations(tool="script", config=name, folder=".", heads=()),
        database=Database(dialect="sqlite", variable="DATABASE_URL"),
        **changes,
    )


@pytest.fixture
def env(container: Container) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{container.root}/data/x.db"}


PYTHON = """\
import os, settings
print("prestart", os.getcwd(), os.path.basename(os.environ["DATABASE_URL"]))
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prestart.sh", 'set -e\necho "prestart $PWD ${DATABASE_URL##*/}"\n'),
        ("scripts/prestart.sh", '#!/bin/sh\necho "prestart $PWD ${DATABASE_URL##*/}"\n'),
        ("prestart.sh", '#! /usr/bin/env bash\nset -o pipefail\n[[ 1 ]] && echo "prestart $PWD ${DATABASE_URL##*/}"\n'),
        ("app/prestart.py", PYTHON),
    ],
    ids=["sh", "in a folder", "bash", "python"],
)  # fmt: skip
def test_a_prestart_script_runs_before_the_server(
    container: Container, env: dict[str, str], name: str, text: str
) -> None:
    container.install(scripted(name))
    (container.app / name).parent.mkdir(exist_ok=True)
    (container.app / name).write_text(text)
    (container.app / "settings.py").touch()
    assert container.run(**env) == (0, "prestart /app x.db\nlading: the database is migrated\n")
    assert [call["program"] for call in container.called()] == ["uvicorn"]


def test_a_prestart_script_that_fails_starts_nothing(container: Container, env: dict[str, str]) -> None:
    container.install(scripted("prestart.sh"))
    (container.app / "prestart.sh").write_text("echo no database >&2; exit 4")
    assert container.run(**env) == (
        1,
        (
            "no database\n"
            "lading: prestart.sh ended with 4\n"
            "lading: the migrations failed, so nothing is started: "
            "the database is not known to be at its newest revision\n"
        ),
    )
    assert container.called() == []


def test_prestart_scripts_of_replicas_run_one_after_the_other(container: Container, env: dict[str, str]) -> None:
    """From the first start on, when the database's file is not there yet."""
    container.install(scripted("prestart.sh"))
    journal = container.root / "journal"
    (container.app / "prestart.sh").write_text(f"echo in >> {journal}; sleep 0.3; echo out >> {journal}")
    started = [container.start("migrate", first=False, **env) for _ in range(5)]
    results = [ended(one) for one in started]
    assert {status for status, _ in results} == {0}, results
    assert journal.read_text().split() == ["in", "out"] * 5
    assert "no lock" not in "".join(said for _, said in results)


def test_where_there_is_no_lock_it_is_said(container: Container) -> None:
    container.install(replace(scripted("prestart.sh"), database=None))
    (container.app / "prestart.sh").touch()
    status, said = container.run("migrate")
    assert status == 0
    assert said.startswith("lading: no lock on the database, so only one replica may start at a time: ")


def test_a_signal_reaches_the_prestart_script_and_nothing_is_started(container: Container, env: dict[str, str]) -> None:
    container.install(scripted("prestart.sh"))
    script = "trap 'echo asked to end; exit 9' TERM; echo runs; while :; do sleep 0.1; done"
    (container.app / "prestart.sh").write_text(script)
    process = container.start("serve", first=False, **env)
    assert process.stdout
    assert process.stdout.readline() == "runs\n"
    status, said = ended(process, signal.SIGTERM)
    assert (status, said.splitlines()) == (128 + signal.SIGTERM, ["asked to end", "lading: prestart.sh ended with 9"])
    assert container.called() == []


def test_nobody_waits_for_what_nobody_can_tell(container: Container, env: dict[str, str]) -> None:
    """A worker never migrates; but of a script, nobody knows that it has run."""
    mail = Program(name="mail", kind="celery", role="worker", target="jobs:app")
    container.install(scripted("prestart.sh", programs=(mail,)))
    (container.app / "prestart.sh").write_text("echo never here")
    said = "lading: nobody can tell whether prestart.sh has run: not waited for\n"
    assert container.run("worker", WEB_CONCURRENCY="1", **env) == (0, said)
    assert container.run("serve", LADING_MIGRATE="wait", **env) == (0, said)
    assert container.run("worker", WEB_CONCURRENCY="1", LADING_MIGRATE="off", **env) == (0, "")
    assert [call["program"] for call in container.called()] == ["celery", "uvicorn", "celery"]


# ── Aerich ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = """\
import os
TORTOISE_ORM = {"connections": {"default": os.environ["DATABASE_URL"]},
                "apps": {"models": {"models": ["models", "aerich.models"], "default_connection": "default"}}}
"""
MODELS = """\
from tortoise import Model, fields
class User(Model):
    id = fields.IntField(primary_key=True)
"""
AERICH = replace(
    PLAN,
    migrations=Migrations(tool="aerich", config="pyproject.toml", folder="migrations", heads=(), table="aerich"),
    database=Database(dialect="sqlite", variable="DATABASE_URL"),
)


@pytest.fixture(scope="session")
def aerich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp().parent / "replicas-aerich"
    return replicas.environment(folder, "aerich[toml]", "aiosqlite", "uvicorn")


@pytest.fixture
def tortoise(tmp_path: Path, aerich: Path) -> Place:
    """A project with two migrations, made by Aerich itself."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "settings.py").write_text(SETTINGS)
    (app / "models.py").write_text(MODELS)
    (app / "pyproject.toml").write_text(
        '[tool.aerich]\ntortoise_orm = "settings.TORTOISE_ORM"\nlocation = "./migrations"\nsrc_folder = "./."\n'
    )
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/draft.db", "PATH": os.defpath, "PYTHONPATH": str(app)}
    for command in (["init-db"], ["migrate", "--name", "more"]):
        subprocess.run([aerich.parent / "aerich", *command], cwd=app, env=env, check=True, capture_output=True)
        (app / "models.py").write_text(MODELS + "    name = fields.CharField(max_length=9, null=True)\n")
    env = {"DATABASE_URL": f"sqlite://{tmp_path}/data/x.db"}  # three slashes: to Tortoise, this is absolute
    return Place(root=tmp_path, python=aerich, app=app, env=env).install(AERICH)


def versions(place: Place) -> list[str]:
    with closing(sqlite3.connect(place.root / "data" / "x.db")) as connection:
        return [row[0] for row in connection.execute("SELECT version FROM aerich")]


@pytest.mark.network
def test_aerich_applies_what_is_missing_once(tortoise: Place) -> None:
    status, said = tortoise.run("migrate")
    assert (status, said.splitlines()[-1]) == (0, "lading: the database is migrated"), said
    assert re.sub(r"\d{5,}", "…", " ".join(versions(tortoise))) == "0_…_init.py 1_…_more.py"
    assert "no lock" not in said
    assert not (tortoise.app / str(tortoise.root)[1:]).exists()  # no folder is made in the working directory
    (tortoise.app / "pyproject.toml").write_text("no TOML: at the newest revision nobody reads this")
    assert tortoise.run("migrate") == (0, "")
    assert tortoise.run("migrate", DATABASE_URL=f"sqlite:///{tortoise.root}/data/x.db") == (0, "")


@pytest.mark.network
def test_replicas_with_aerich_that_start_at_once_migrate_once(tortoise: Place) -> None:
    results = [ended(one) for one in [tortoise.start("migrate") for _ in range(4)]]
    assert {status for status, _ in results} == {0}, results
    assert len(versions(tortoise)) == 2
    assert "".join(said for _, said in results).count("Success upgrading") == 2


@pytest.mark.network
def test_aerich_is_waited_for(tortoise: Place) -> None:
    process = tortoise.start("serve", LADING_MIGRATE="wait", LADING_WAIT_SECONDS="20", PORT=str(replicas.port()))
    time.sleep(1)
    assert (process.poll(), tortoise.run("migrate")[0]) == (None, 0)
    began = time.monotonic()
    said = ended(process)[1]  # there is no application, which the server finds out: it is started
    assert time.monotonic() - began < 10
    assert ("nobody has migrated" in said, "No module named 'app'" in said) == (False, True), said
