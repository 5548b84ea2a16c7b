"""Facts and settings → the plan; the plan → JSON and back, and what a wrong one is told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from values import PROJECT

from lading import ignore, launch, plan, settings, stages
from lading.errors import BadInput
from lading.model import (
    Application,
    Binding,
    Database,
    Dependencies,
    Fact,
    Migrations,
    Place,
    Plan,
    Project,
    SystemPackage,
    Variable,
    Worker,
)
from lading.source import Memory

SCHEMA = Path(__file__).parent.parent / "docs" / "plan.schema.json"


def make(project: Project = PROJECT, **flags: Any) -> Plan:
    return plan.make(project, settings.load(Memory({}), {key.replace("_", "-"): flags[key] for key in flags}, {}))


def test_the_facts_and_the_settings_fill_every_field() -> None:
    made = make(port=9000, volume="/var/lib/tasks/", packages=["libmagic1"], as_of="2026-01-31", strip=False)
    assert made.name == "task-list"
    assert made.dependencies == PROJECT.dependencies.value
    assert (made.base.image, made.base.suite, made.base.python) == ("python:3.12-slim", "trixie", "3.13")
    assert made.base.packages == ("ca-certificates", "netbase", "tzdata", "libmagic1")
    assert (made.app.target, made.app.factory, made.app.folder) == ("app.main:app", False, ".")
    assert (made.as_of, made.strip, made.volume) == ("2026-01-31", False, "/var/lib/tasks")
    assert (made.host, made.port) == (
        Binding(variable="HOST", default="0.0.0.0"),
        Binding(variable="PORT", default="9000"),
    )
    assert made.log_level == Binding(variable="LOG_LEVEL", default="info")
    assert (made.health.path, made.stop_seconds, made.size_limit) == ("/health", 10, None)
    assert made.env == {
        "PATH": "/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/home/appuser",
        "LANG": "C.UTF-8",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
        "PYTHONPATH": "/app",
        "PYTHONPYCACHEPREFIX": "/opt/pycache",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": "sqlite:////var/lib/tasks/tasks.db",
    }


def test_every_decision_says_what_decided_it() -> None:
    because = make(port=9000, exclude=["secret"]).because
    assert because["app.target"] == "app/main.py:18"
    assert because["env.DATABASE_URL"] == "app/settings.py:6, moved on to the volume"
    assert because["health.path"] == "app/main.py:25"
    assert because["host.variable"] == "app/settings.py:7"
    assert because["log_level.variable"] == "default"
    assert because["port.default"] == "--port"
    assert because["app.exclude"] == "--exclude"
    assert because["variables.SECRET_KEY"] == "app/settings.py:9"
    assert because["volume"] == "default"


def test_every_field_of_the_plan_is_explained() -> None:
    made = make()
    unexplained = {
        field for field in json.loads(plan.dump(made)) if not any(key.split(".")[0] == field for key in made.because)
    }
    assert unexplained == {"version", "user", "because"}


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("sqlite:///./tasks.db", "sqlite:////data/tasks.db"),
        ("sqlite:///tasks.db", "sqlite:////data/tasks.db"),
        ("sqlite+aiosqlite:///data/db/tasks.db", "sqlite+aiosqlite:////data/tasks.db"),
        ("sqlite:///../tasks.sqlite3?cache=shared&mode=rwc", "sqlite:////data/tasks.sqlite3?cache=shared&mode=rwc"),
        ("sqlite:////var/tasks.db", "sqlite:////data/tasks.db"),
        ("sqlite:////data/sub/tasks.db", "sqlite:////data/sub/tasks.db"),
        ("sqlite:////data/../etc/tasks.db", "sqlite:////data/tasks.db"),
        ("sqlite:////database/tasks.db", "sqlite:////data/tasks.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///file:tasks.db?uri=true", "sqlite:///file:tasks.db?uri=true"),
        ("postgresql+asyncpg://me@db/tasks", "postgresql+asyncpg://me@db/tasks"),
    ],
)
def test_an_sqlite_file_moves_on_to_the_volume(url: str, moved: str) -> None:
    assert plan.on_volume(url, "/data") == moved


def test_a_url_that_need_not_move_stays_out_of_the_environment() -> None:
    for url in ("postgresql://me:secret@localhost/tasks", "sqlite:////data/tasks.db", None):
        database = Database(dialect="postgresql", variable="DATABASE_URL", url=url)
        assert "DATABASE_URL" not in make(replace(PROJECT, database=Fact(database, "app/db.py:1"))).env


@pytest.mark.parametrize(
    ("default", "place", "moved"),
    [
        ("data", Place(path="data", use="data", written=True), "/data"),
        ("./data", Place(path="data/clips", use="data", written=True, made=True), "/data"),
        ("data/clips", Place(path="data/clips", use="data", written=True, made=True), "/data/clips"),
        ("var/uploads", Place(path="var/uploads", use="uploads", written=True, made=True), "/data/var/uploads"),
        ("../shared", Place(path="../shared", use="data", written=True, made=True), "/data/shared"),
        ("app.log", Place(path="app.log", use="logs", written=True), "/data/app.log"),
        # Nobody makes the folder there, it is only read, it is where the user says, or it is not a path.
        ("data/clips", Place(path="data/clips", use="data", written=True), None),
        ("logs/app.log", Place(path="logs/app.log", use="logs", written=True), None),
        ("documents", Place(path="documents", use="data"), None),
        ("/srv/data", Place(path="/srv/data", use="data", written=True, made=True), None),
        ("s3://bucket", Place(path="data", use="data", written=True, made=True), None),
        (None, Place(path="data", use="data", written=True, made=True), None),
    ],
)
def test_a_folder_that_is_written_moves_on_to_the_volume(default: str | None, place: Place, moved: str | None) -> None:
    variable = Fact(Variable(name="DATA_DIR", default=default, type="path"), "app/settings.py:4")
    written = Fact(replace(place, variable="DATA_DIR"), "app/files.py:7")
    made = make(replace(PROJECT, environment=(*PROJECT.environment, variable), paths=(written,)))
    assert made.env.get("DATA_DIR") == moved
    assert made.because.get("env.DATA_DIR") == (moved and "app/settings.py:4, moved on to the volume")
    assert next(one.default for one in made.variables if one.name == "DATA_DIR") == (moved or default)


def test_a_folder_of_which_the_tree_has_a_part_that_is_read_stays() -> None:
    variable = Fact(Variable(name="DATA_DIR", default="data", type="path"), "app/settings.py:4")
    places = (
        Fact(Place(path="data/words.txt", use="data", variable="DATA_DIR"), "app/words.py:3"),
        Fact(Place(path="data/out", use="data", written=True, made=True, variable="DATA_DIR"), "app/files.py:7"),
    )
    assert "DATA_DIR" not in make(replace(PROJECT, environment=(variable,), paths=places)).env


@pytest.mark.parametrize(
    ("default", "left"),
    [("data", True), ("./var/clips", True), ("app", False), ("app/data", True), ("migrations", False), (".", False)],
)
def test_the_folder_of_data_that_has_moved_stays_out_unless_it_holds_code(default: str, left: bool) -> None:
    variable = Fact(Variable(name="DATA_DIR", default=default), "app/settings.py:3")
    place = Place(path=default, use="data", written=True, variable="DATA_DIR", made=True)
    project = replace(PROJECT, environment=(variable,), paths=(Fact(place, "app/settings.py:3"),))
    made = make(project)
    assert made.env["DATA_DIR"].startswith("/data")
    assert (default.removeprefix("./") in made.app.exclude) is left


def test_the_contract_holds_what_the_image_sets() -> None:
    environment = (
        Fact(Variable(name="SECRET_KEY", required=True, secret=True), "a.py:1"),
        Fact(Variable(name="HOST", default="127.0.0.1"), "a.py:2"),
        Fact(Variable(name="DATABASE_URL", default="sqlite:///./tasks.db"), "a.py:3"),
    )
    assert make(replace(PROJECT, environment=environment)).variables == (
        Variable(name="SECRET_KEY", required=True, secret=True),
        Variable(name="HOST", default="0.0.0.0"),
        Variable(name="DATABASE_URL", default="sqlite:////data/tasks.db"),
        Variable(name="PORT", default="8000"),
        Variable(name="LOG_LEVEL", default="info"),
    )


@pytest.mark.parametrize(("folder", "path"), [(".", "/app"), ("src", "/app/src"), ("./backend/", "/app/backend")])
def test_the_python_path_is_absolute(folder: str, path: str) -> None:
    application = Application(target="main:app", folder=folder)
    assert make(replace(PROJECT, application=Fact(application, "main.py:1"))).env["PYTHONPATH"] == path


def test_a_server_is_added_where_the_project_declares_none() -> None:
    assert make(replace(PROJECT, server=None)).dependencies.requirements[-1] == "uvicorn"


@pytest.mark.parametrize(
    ("python", "image"),
    [
        (None, "python:3.12-slim"),
        (">=3.11", "python:3.12-slim"),
        (">=3.12.4,<4", "python:3.12-slim"),
        (">=3.13", "python:3.13-slim"),
        ("==3.13.*", "python:3.13-slim"),
    ],
)
def test_the_dockerfile_stands_on_a_python_that_the_project_allows(python: str | None, image: str) -> None:
    fact = Fact(python, "pyproject.toml:3") if python else None
    assert make(replace(PROJECT, python=fact)).base.image == image


@pytest.mark.parametrize(
    ("python", "flags", "message"),
    [
        (">=3.13", {"python_image": "python:3.12"}, "the project wants Python >=3.13, and the image is `python:3.12`"),
        ("three", {}, "`three` is not a version specifier"),
        ("==2.7.*", {"builder": "docker"}, "no image is known for Python ==2.7.*"),
    ],
)
def test_a_python_that_the_project_refuses_stops_us(python: str, flags: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        make(replace(PROJECT, python=Fact(python, "pyproject.toml:3")), **flags)
    assert (caught.value.message, caught.value.where) == (message, "pyproject.toml:3")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("python", "suite", "minor"),
    [
        (">=3.11", "trixie", "3.13"),
        ("<3.13", "bookworm", "3.11"),
        ("==3.11.*", "bookworm", "3.11"),
        (">=3.11.4,<3.12", "", ""),
        ("==3.12.*", "", ""),
    ],
)
def test_our_own_base_is_the_newest_debian_whose_python_the_project_allows(python: str, suite: str, minor: str) -> None:
    base = make(replace(PROJECT, python=Fact(python, "pyproject.toml:3"))).base
    assert (base.suite, base.python) == (suite, minor)


@pytest.mark.parametrize(
    ("run", "image", "suite"),
    [
        ("3.11", "python:3.11-slim", "bookworm"),
        ("3.13", "python:3.13-slim", "trixie"),
        ("3.10", "python:3.12-slim", "trixie"),  # gets no fixes any more
        ("3.15", "python:3.12-slim", "trixie"),
    ],
)
def test_the_python_that_the_authors_run_is_taken_where_it_may_be(run: str, image: str, suite: str) -> None:
    found = replace(PROJECT, python=Fact(">=3.10", "pyproject.toml:3"), interpreter=Fact(run, "Dockerfile:1"))
    base = make(found).base
    assert (base.image, base.suite) == (image, suite)
    assert make(found).because["base.image"] == ("Dockerfile:1" if run in image else "default")
    newer = make(replace(found, python=Fact(">=3.12", "pyproject.toml:3"))).base
    assert (newer.image, newer.suite) == ("python:3.12-slim" if run != "3.13" else image, "trixie")
    assert make(found, python_image="python:3.14").base.image == "python:3.14"


@pytest.mark.parametrize(
    ("newest", "run", "wanted", "expected"),
    [
        ("3.11", None, ">=3.9", ("python:3.11-slim", "bookworm", "poetry.lock:7")),
        ("3.12", None, ">=3.9", ("python:3.12-slim", "bookworm", "default")),
        ("3.13", "3.12", ">=3.9", ("python:3.12-slim", "trixie", "Dockerfile:1")),
        ("3.10", "3.12", ">=3.9", ("python:3.12-slim", "trixie", "Dockerfile:1")),  # they can build it
        ("3.10", None, ">=3.9", ("python:3.10-slim", "trixie", "poetry.lock:7")),
        ("3.10", "3.9", ">=3.9", ("python:3.9-slim", "trixie", "Dockerfile:1")),
        ("3.10", "3.8", ">=3.8", ("python:3.8-slim", "trixie", "Dockerfile:1")),
        ("3.10", "3.9", ">=3.11", ("python:3.12-slim", "trixie", "default")),  # somebody has to compile
        ("3.9", None, ">=3.10,<3.12", ("python:3.11-slim", "bookworm", "pyproject.toml:3")),
    ],
)
def test_old_pins_have_no_wheels_for_a_new_python(
    newest: str, run: str | None, wanted: str, expected: tuple[str, str, str]
) -> None:
    found = replace(
        PROJECT,
        python=Fact(wanted, "pyproject.toml:3"),
        newest=Fact(newest, "poetry.lock:7"),
        interpreter=Fact(run, "Dockerfile:1") if run else None,
    )
    made = make(found)
    assert (made.base.image, made.base.suite, made.because["base.image"]) == expected


def test_dockers_builder_does_not_need_the_python_of_ours() -> None:
    old = replace(PROJECT, python=Fact("<3.12", "pyproject.toml:3"))
    assert make(old, builder="docker").base.image == "python:3.11-slim"


@pytest.mark.parametrize(
    ("default", "allowed", "level"),
    [
        ("warning", (), "warning"), ("WARNING", (), "WARNING"), ("20", (), "info"), (None, (), "info"),
        (None, ("debug", "info"), "info"), (None, ("DEBUG", "INFO"), "INFO"), ("Error", ("Info", "Error"), "Error"),
    ],
)  # fmt: skip
def test_a_log_level_is_spelled_as_the_code_takes_it(default: str | None, allowed: tuple[str, ...], level: str) -> None:
    """`logging` knows `INFO` alone, Uvicorn `info`."""
    variable = Fact(Variable(name="LEVEL", default=default, allowed=allowed), "app/log.py:3")
    project = replace(PROJECT, environment=(variable,), log_level=Fact("LEVEL", "app/log.py:3"))
    assert make(project).log_level.default == level


@pytest.mark.parametrize("volume", ["data", "/", "/app", "./data", "/tmp/"])
def test_the_volume_is_a_folder_of_its_own(volume: str) -> None:
    with pytest.raises(BadInput, match="`volume` must be a folder of its own"):
        make(volume=volume)


@pytest.mark.parametrize("port", [0, 65536])
def test_the_port_can_be_bound(port: int) -> None:
    with pytest.raises(BadInput, match="`port` must be 1 to 65535"):
        make(port=port)


# ── what stays out of the image ──────────────────────────────────────────────────────────────────────────────────────

OUT = """
    tests/test_api.py app/tests/test_api.py test/x.py conftest.py app/conftest.py
    __pycache__/a.pyc app/__pycache__/a.pyc app/deep/er/x.pyc .pytest_cache/v app/.mypy_cache/x .coverage htmlcov/i.html
    .git/config sub/.git/config .gitignore .github/workflows/ci.yml .gitlab-ci.yml
    README.md app/NOTES.md docs/index.html docs/templates/a.md
    .env app/.env app/.env.local .env.example deploy/prod.env server.pem app/certs/a.key id_rsa app/id_ed25519.pub
    .venv/bin/python venv/bin/python backend/.venv/x node_modules/x/templates/readme.md .vscode/settings.json
    app/.idea/x.xml .DS_Store tasks.db app/tasks.sqlite3 tasks.db-wal
    Dockerfile docker/Dockerfile.dev .dockerignore compose.yaml docker-compose.override.yml .lading/written.json
""".split()  # noqa: SIM905

IN = """
    app/main.py app/services/tests.py app/routers/test_client.py app/templates/index.html app/templates/mail.md
    app/prompts/answer.md app/static/app.css alembic.ini alembic/env.py alembic/versions/0001_tasks.py
    alembic/script.py.mako requirements.txt pyproject.toml app/data/countries.json app/compose.py app/id_maker.py
    app/environment.py app/docs/openapi.json app/database.py app/env/x.py LICENSE
""".split()  # noqa: SIM905


def test_the_patterns_leave_out_what_no_image_needs_and_nothing_else() -> None:
    ignored = ignore.matcher(make().app.exclude)
    assert [path for path in OUT if not ignored(path)] == []
    assert [path for path in IN if ignored(path)] == []


def test_the_projects_own_patterns_come_last() -> None:
    ignored = ignore.matcher(make(exclude=["app/data", "!certs/ca.pem"]).app.exclude)
    assert [ignored("app/data/countries.json"), ignored("certs/ca.pem"), ignored("certs/key.pem")] == [
        True,
        False,
        True,
    ]


def test_what_is_installed_from_or_migrated_with_is_taken_back() -> None:
    dependencies = Dependencies(
        manager="requirements", files=("docs/requirements.txt", "README.md"), requirements=("fastapi",), locked=False
    )
    migrations = Migrations(tool="alembic", config="test/alembic.ini", folder="alembic", heads=())
    project = replace(PROJECT, dependencies=Fact(dependencies, "x"), migrations=Fact(migrations, "y"))
    assert make(project).app.exclude[-3:] == ("!docs/requirements.txt", "!README.md", "!test/alembic.ini")


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_comes_back_as_it_went() -> None:
    made = make(as_of="2026-01-31")
    data = plan.dump(made)
    assert plan.load(data, "plan.json") == made
    assert plan.dump(plan.load(data, "plan.json")) == data
    assert data.endswith(b"}\n")
    assert list(json.loads(data))[:4] == ["version", "name", "base", "dependencies"]


def test_a_plan_may_leave_out_what_has_a_default() -> None:
    raw = json.loads(plan.dump(make()))
    for key in ("version", "user", "volume", "because"):
        del raw[key]
    assert plan.load(json.dumps(raw).encode(), "plan.json") == replace(make(), because={})


def changed(path: tuple[str | int, ...], value: Any) -> bytes:
    raw = json.loads(plan.dump(make()))
    place: Any = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (changed(("prot",), {}), "a plan has no `prot`", "did you mean `port`?"),
        (changed(("base", "packges"), []), "a plan has no `base.packges`", "did you mean `packages`?"),
        (changed(("variables", 1, "secrt"), True), "a plan has no `variables[1].secrt`", "did you mean `secret`?"),
        (changed(("zzz",), 1), "a plan has no `zzz`", "`lading plan --schema` says what a plan may hold"),
        (
            changed(("port", "default"), 8000),
            "`port.default`: expected `str`, got `int`",
            "`lading plan --schema` says what a plan may hold",
        ),
        (
            changed(("migrations", "tool"), "flyway"),
            "`migrations.tool`: invalid enum value 'flyway'",
            "`lading plan --schema` says what a plan may hold",
        ),
        (
            changed(("version",), 2),
            "is a plan of version 2, and this lading reads version 1",
            "make it anew with `lading plan --json`",
        ),
        (b"[]", "`the plan`: expected `object`, got `array`", "`lading plan --schema` says what a plan may hold"),
        (
            b'{"name": "x"}',
            "`the plan`: object missing required field `base`",
            "`lading plan --schema` says what a plan may hold",
        ),
        (b"{", "is not JSON: Input data was truncated", "make one with `lading plan --json`"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_plan_that_cannot_be_used_is_told_why(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan.load(data, "plan.json")
    assert (caught.value.message, caught.value.hint, caught.value.where) == (message, hint, "plan.json")


def valid(raw: Mapping[str, Any]) -> bool:
    return jsonschema.Draft202012Validator(plan.schema()).is_valid(raw)


def test_the_schema_takes_what_load_takes_and_no_more() -> None:
    jsonschema.Draft202012Validator.check_schema(plan.schema())
    assert valid(json.loads(plan.dump(make())))
    assert not valid(json.loads(changed(("base", "packges"), [])))
    assert not valid(json.loads(changed(("port", "default"), 8000)))
    assert not valid({})


def test_the_schema_in_the_documentation_is_the_one_that_holds() -> None:
    assert SCHEMA.read_bytes() == plan.dump_schema(), "lading plan --schema > docs/plan.schema.json"


def test_the_wanted_body_is_json() -> None:
    with pytest.raises(BadInput) as error:
        plan.make(PROJECT, settings.load(Memory({}), {"health-body": "{'status'}"}, {}))
    assert str(error.value).startswith("--health-body: `health-body` must be JSON, not `{'status'}`: ")
    made = plan.make(PROJECT, settings.load(Memory({}), {"health-body": '{"status": "healthy"}'}, {}))
    assert made.health.body == '{"status": "healthy"}'


@pytest.mark.parametrize(
    ("default", "secret", "shown"),
    [
        ("amqp://guest:guest@localhost:5672/", True, "amqp://guest@localhost:5672/"),
        ("postgresql://u:p:w@h/db?x=1", False, "postgresql://u@h/db?x=1"),
        ("redis://:hidden@cache/0", False, "redis://@cache/0"),
        ("redis://cache/0", False, "redis://cache/0"),
        ("https://user@host/", False, "https://user@host/"),
        ("a-key-for-developers", True, None),
        ("", True, ""),
        ("info", False, "info"),
    ],
)
def test_no_password_of_the_code_is_in_the_plan(default: str, secret: bool, shown: str | None) -> None:
    variable = Fact(Variable(name="X", default=default, secret=secret), "app/settings.py:4")
    database = Fact(Database(dialect="postgresql", variable="X", url=default), "app/settings.py:4")
    made = make(replace(PROJECT, environment=(variable,), database=database))
    assert {one.name: one.default for one in made.variables}["X"] == shown
    assert made.database
    assert ":guest@" not in plan.dump(made).decode()
    assert "hidden" not in plan.dump(made).decode()


@pytest.mark.parametrize(
    ("dialect", "names", "parts"),
    [
        ("postgresql", ("X_DB_HOST", "X_DB_PASS", "X_DB_BASE"),
         {"host": "X_DB_HOST", "password": "X_DB_PASS", "database": "X_DB_BASE"}),
        ("postgresql", ("DB_HOST_NAME", "DB_NAME", "DB_CREDENTIALS"),
         {"host": "DB_HOST_NAME", "database": "DB_NAME", "credentials": "DB_CREDENTIALS"}),
        ("postgresql", ("DB_HOST", "DB_LOGIN"), {"host": "DB_HOST", "user": "DB_LOGIN"}),
        ("postgresql", ("DB_HOST", "DB_AUTH"), {"host": "DB_HOST", "credentials": "DB_AUTH"}),
        ("postgresql", ("A_USER", "A_URL", "A_PORT"), {"host": "A_URL", "user": "A_USER", "port": "A_PORT"}),
        ("postgresql", ("A_USER", "A_URL", "A_PATH"), {"user": "A_USER"}),
        ("redis", ("CACHE_URL",), {"host": "CACHE_URL", "password": "CACHE_PASS"}),
        ("redis", ("CACHE_HOST",), {"host": "CACHE_HOST", "password": "CACHE_PASS"}),
        ("redis", ("QUEUE_HOST", "QUEUE_PORT"), {"host": "QUEUE_HOST", "port": "QUEUE_PORT"}),
    ],
)  # fmt: skip
def test_the_parts_of_an_address_are_known(dialect: str, names: tuple[str, ...], parts: Mapping[str, str]) -> None:
    read = (*(Variable(name=name) for name in names if name != "DB_AUTH"), Variable(name="DB_AUTH", type="account"),
            Variable(name="CACHE_PASS", default=""), Variable(name="QUEUE_PASSAGE", default=""))  # fmt: skip
    known = tuple(Fact(one, "app/settings.py:4") for one in read)
    database = Fact(Database(dialect=dialect, parts=names), "app/settings.py:4")
    [backing] = make(replace(PROJECT, environment=known, database=database)).backing
    assert dict(backing.parts) == parts


def test_a_brokers_host_brings_the_other_parts_of_its_address() -> None:
    names = ("REDIS_QUEUE_HOST", "REDIS_QUEUE_PORT", "REDIS_QUEUE_USERNAME", "REDIS_QUEUE_PASSWORD", "REDIS_PORT")
    known = tuple(Fact(Variable(name=name), "app/settings.py:4") for name in names)
    worker = Fact(Worker(kind="celery", target="jobs:celery", broker="REDIS_QUEUE_HOST"), "jobs.py:3")
    [backing] = make(replace(PROJECT, environment=known, workers=(worker,), database=None)).backing
    assert (backing.kind, backing.role, backing.variable) == ("redis", "broker", None)
    assert dict(backing.parts) == {
        "host": "REDIS_QUEUE_HOST", "port": "REDIS_QUEUE_PORT", "password": "REDIS_QUEUE_PASSWORD"
    }  # fmt: skip


def test_what_the_reading_app_needs_is_in_its_plan_without_a_password() -> None:
    root = Path(__file__).parent.parent / "examples" / "reading-app"
    made = stages.start(root, {}).plan
    assert made.name == "reading-app"
    assert [(one.kind, one.role, one.variable, dict(one.default)) for one in made.backing] == [
        ("postgresql", "database", "DATABASE_URL", {}),
        ("redis", "cache", "REDIS_URL", {"scheme": "redis", "port": "6379", "database": "0"}),
        ("amqp", "broker", "RABBITMQ_URL", {"scheme": "amqp", "port": "5672", "user": "guest"}),
    ]
    [program] = made.programs
    assert (program.kind, program.target, program.queues, program.broker, program.arguments) == (
        "dramatiq", "app.workers.tasks", ("reading",), "RABBITMQ_URL", ("--processes", "4", "--threads", "8")
    )  # fmt: skip
    for text in (plan.dump(made).decode(), json.dumps(launch.decisions(made))):
        assert "guest:guest" not in text
        assert ":guest" not in text


def test_a_compiler_comes_with_the_headers_of_the_c_library() -> None:
    def building(*names: str) -> tuple[str, ...]:
        system = tuple(Fact(SystemPackage(name=name, stage="build", needed_by="x"), "x:1") for name in names)
        return make(replace(PROJECT, system=system)).base.build

    assert building("gcc", "libkrb5-dev", "gcc") == ("gcc", "libkrb5-dev", "libc6-dev")
    assert building("g++", "libc6-dev") == ("g++", "libc6-dev")
    assert building() == ()
