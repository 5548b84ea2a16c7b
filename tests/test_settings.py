"""What the user decided, and which decision holds."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lading import settings
from lading.detect import detect, override, settle
from lading.errors import BadInput
from lading.model import (
    Application,
    Criterion,
    Database,
    Dependencies,
    Fact,
    Layout,
    Migrations,
    Packaging,
    Place,
    Project,
    Route,
    Server,
    SystemPackage,
    Variable,
    Worker,
)
from lading.source import Directory, Memory

PROJECTS = sorted(
    path for path in Path(__file__).parent.joinpath("projects").iterdir() if not path.name.startswith("bad")
)


def load(
    files: Mapping[str, str], flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> settings.Settings:
    return settings.load(Memory(files), flags or {}, environ or {})


def test_nothing_decided_means_the_defaults() -> None:
    found = load({})
    assert found["port"] == Fact(8000, "default")
    assert [key for key in found.facts if found.given(key)] == []


def test_a_flag_stands_above_the_environment_above_the_files() -> None:
    files = {"pyproject.toml": "[tool.lading]\nport = 1\nhealth = '/a'\n", "lading.toml": "port = 2\nvolume = '/v'\n"}
    assert load(files)["port"] == Fact(2, "lading.toml port")
    assert load(files)["health"] == Fact("/a", "pyproject.toml health")
    assert load(files, environ={"LADING_PORT": "3"})["port"] == Fact(3, "LADING_PORT")
    assert load(files, {"port": 4, "health": None}, {"LADING_PORT": "3"})["port"] == Fact(4, "--port")
    assert load(files, {"port": 4, "health": None})["health"] == Fact("/a", "pyproject.toml health")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("size-limit", '"200MB"', 200_000_000),
        ("size-limit", '"1.5 GiB"', 1_610_612_736),
        ("size-limit", "1000", 1000),
        ("exclude", '["*.csv", "data/"]', ("*.csv", "data/")),
        ("exclude", '"*.csv, data/"', ("*.csv", "data/")),
        ("strip", "false", False),
        ("stop-seconds", "30", 30),
    ],
)
def test_a_value_is_of_its_kind(key: str, text: str, value: Any) -> None:
    assert load({"lading.toml": f"{key} = {text}"})[key].value == value


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        ({"lading.toml": "aplication = 'x'"}, "lading.toml: there is no setting `aplication`", "`application`"),
        ({"lading.toml": "as_of = 'x'"}, "lading.toml: there is no setting `as_of`", "`as-of`"),
        ({"lading.toml": "zzz = 1"}, "lading.toml: there is no setting `zzz`", "the keys are application, "),
        (
            {"lading.toml": "server = 'gunicorns'"},
            "lading.toml: `server` is one of uvicorn, gunicorn, hypercorn, granian, not `gunicorns`",
            "did you mean `gunicorn`?",
        ),
        ({"lading.toml": "port = true"}, "lading.toml: `port` must be a number, not `True`", ""),
        ({"lading.toml": "strip = 'perhaps'"}, "lading.toml: `strip` must be a switch, not `perhaps`", ""),
        ({"lading.toml": "size-limit = 'big'"}, "lading.toml: `size-limit` must be a size, not `big`", ""),
        ({"lading.toml": "exclude = [1]"}, "lading.toml: `exclude` must be a list, not `[1]`", ""),
        ({"lading.toml": "\nport = [\n\n"}, "lading.toml:2: invalid value", "mend the TOML syntax"),
        ({"lading.toml": "\nport = = 1"}, "lading.toml:2: invalid value", "mend the TOML syntax"),
        ({"pyproject.toml": "[tool]\nlading = 3"}, "pyproject.toml: `tool.lading` must be a table", ""),
        ({"lading.toml": "[[criteria]]\nid = 'x'"}, "lading.toml: a criterion needs `id`, `title` and `checks`", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(files: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(files)
    assert str(caught.value) == message
    assert hint in caught.value.hint


def test_a_file_that_is_not_text_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        settings.load(Memory({"lading.toml": b"\xff"}), {}, {})
    assert str(caught.value) == "lading.toml: is not UTF-8 text"


def test_criteria_are_read() -> None:
    text = "[[criteria]]\nid = 'S0-8'\ntitle = 'Small'\nchecks = ['size']\n"
    assert load({"lading.toml": text}).criteria == (Criterion(id="S0-8", title="Small", checks=("size",)),)
    assert load({"pyproject.toml": text.replace("criteria", "tool.lading.criteria")}).criteria[0].id == "S0-8"


# ── the schema for editors ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"application": "app.main:app", "factory": True, "workers": ["celery app:app"], "port": 9000,
         "server": "granian"},
        {"size-limit": "1.5 GiB", "stop-seconds": "30", "strip": "no", "exclude": "a, b"},
        {"criteria": [{"id": "S0-1", "title": "Small", "checks": ["size"]}]},
    ],
)  # fmt: skip
def test_the_schema_takes_what_the_settings_take(table: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(settings.schema())
    assert jsonschema.Draft202012Validator(settings.schema()).is_valid(table)
    settings.load(Memory({"lading.toml": toml(table)}), {}, {})


@pytest.mark.parametrize(
    "table",
    [{"aplication": "x"}, {"port": True}, {"port": "x"}, {"server": "guvicorn"}, {"exclude": [1]},
     {"size-limit": "big"},
     {"health": 1}, {"strip": "perhaps"}, {"criteria": [{"id": "x"}]}],
)  # fmt: skip
def test_the_schema_refuses_what_the_settings_refuse(table: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(settings.schema()).is_valid(table)
    with pytest.raises(BadInput):
        settings.load(Memory({"lading.toml": toml(table)}), {}, {})


def toml(table: Mapping[str, Any]) -> str:
    rows = {key: value for key, value in table.items() if key != "criteria"}
    text = "".join(
        f"{key} = {settle._toml(tuple(value) if isinstance(value, list) else value)}\n" for key, value in rows.items()
    )
    return text + "".join(f"[[criteria]]\n{toml(row)}" for row in table.get("criteria", []))


# ── what overrides what was found ────────────────────────────────────────────────────────────────────────────────────


def decided(**given: Any) -> settings.Settings:
    return load({}, {key.replace("_", "-"): value for key, value in given.items()})


FOUND = Project(
    name=Fact("shop", "a:1"),
    dependencies=Fact(Dependencies(manager="uv", files=("uv.lock",), requirements=("fastapi",), locked=True), "a:1"),
    application=Fact(Application(target="a:app"), "a:1"),
    routes=(Fact(Route(path="/ready", kind="readiness"), "a:1"), Fact(Route(path="/m", kind="metrics"), "a:2")),
    environment=(
        Fact(Variable(name="A", default="1", required=False), "a:1"),
        Fact(Variable(name="B", required=True), "a:2"),
        Fact(Variable(name="URL", default="sqlite:///x"), "a:3"),
    ),
    database=Fact(Database(dialect="postgresql", variable="DB", driver="asyncpg", is_async=True), "a:1"),
    migrations=Fact(Migrations(tool="alembic", config="alembic.ini", folder="alembic", heads=("1",)), "a:1", "likely"),
    workers=(Fact(Worker(kind="celery", target="a:c", queues=("q",)), "a:1", "guess"),),
    system=(Fact(SystemPackage(name="git", stage="run", needed_by="x"), "a:1"),),
    paths=(Fact(Place(path="data", use="data"), "a:1"),),
)


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"name": "other"}, "name", "other"),
        ({"python": ">= 3.12"}, "python", ">=3.12"),
        ({"python": "none"}, "python", None),
        ({"server": "granian"}, "server", Server(kind="granian", declared=False)),
        ({"server_workers": 4, "root_path": "/x", "proxy_headers": True}, "server",
         Server(kind="uvicorn", declared=False, workers=4, root_path="/x", proxy_headers=True)),
        ({"health": "/h"}, "health", "/h"),
        ({"health": "none"}, "health", None),
        ({"ready": "/r"}, "routes", [Route(path="/m", kind="metrics"), Route(path="/r", kind="readiness")]),
        ({"ready": "none", "metrics": "none"}, "routes", []),
        ({"required": ("A", "NEW_TOKEN")}, "environment",
         [Variable(name="A", required=True), Variable(name="B", required=True),
          Variable(name="NEW_TOKEN", required=True, secret=True), Variable(name="URL", default="sqlite:///x")]),
        ({"optional": ("B",), "secrets": ("A",)}, "environment",
         [Variable(name="A", default="1", secret=True), Variable(name="B"), Variable(name="URL", default="sqlite:///x")]),
        ({"host_variable": "H"}, "host", "H"),
        ({"port_variable": "none"}, "port", None),
        ({"log_level_variable": "L"}, "log_level", "L"),
        ({"port": 9000}, "listens", 9000),
        ({"database_driver": "psycopg"}, "database",
         Database(dialect="postgresql", variable="DB", driver="psycopg", is_async=True)),
        ({"database_dialect": "sqlite", "database_variable": "URL"}, "database",
         Database(dialect="sqlite", variable="URL", url="sqlite:///x")),
        ({"database_dialect": "none"}, "database", None),
        ({"stores": ("redis REDIS_URL", "mongodb")}, "stores",
         [Database(dialect="redis", variable="REDIS_URL"), Database(dialect="mongodb")]),
        ({"migrations": "none"}, "migrations", None),
        ({"migrations": "alembic.ini"}, "migrations",
         Migrations(tool="alembic", config="alembic.ini", folder="alembic", heads=("1",))),
        ({"workers": ("celery a:c", "arq b:W scheduler")}, "workers",
         [Worker(kind="celery", target="a:c", queues=("q",)), Worker(kind="arq", target="b:W", role="scheduler")]),
        ({"workers": ("none",)}, "workers", []),
        ({"without_packages": ("git",)}, "system", []),
        ({"front_end": "dist"}, "front_end", "dist"),
        ({"dockerfile": "docker/Dockerfile"}, "layout", Layout(dockerfile="docker/Dockerfile")),
        ({"build_files": ("README.md",)}, "packaging",
         Packaging(backend="setuptools.build_meta:__legacy__", files=("README.md",))),
    ],
)  # fmt: skip
def test_a_setting_decides_a_fact_and_says_so(given: dict[str, Any], field: str, expected: Any) -> None:
    made = override.apply(FOUND, decided(**given), Memory({}))
    fact = getattr(made, field)
    assert ([one.value for one in fact] if isinstance(fact, tuple) else fact and fact.value) == expected
    changed = [one for one in settle.facts(made, field) if one not in settle.facts(FOUND, field)]
    assert [one.confidence for one in changed if one.confidence != "sure"] == []
    assert {one.because for one in changed} <= {f"--{key.replace('_', '-')}" for key in given}
    assert dataclasses.replace(made, **{field: getattr(FOUND, field)}) == FOUND


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"python": "3,12"}, "--python: `3,12` is not a version specifier", "write it like `>=3.11` (PEP 440)"),
        ({"health": "health"}, "--health: `health` is a path of the application, and `health` does not begin with `/`",
         "did you mean `/health`?"),
        ({"migrations": "alembc.ini"}, "--migrations: there is no `alembc.ini`", "did you mean `alembic.ini`?"),
        ({"workers": ("celry a:c",)}, "--workers: `celry a:c` is no worker: it is a kind, `module:object`, and "
                                      "a role where "
         "it is not `worker`", "did you mean `celery a:c`?"),
        ({"stores": ("redis A B",)}, "--stores: `redis A B` is no store", "write it like `redis REDIS_URL`"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_an_error(given: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        override.apply(FOUND, decided(**given), Memory({}))
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_a_script_is_no_configuration_of_migrations() -> None:
    source = Memory({"requirements.txt": "fastapi\n", "migrate.py": "", "main.py": TWO["main.py"]})
    with pytest.raises(BadInput) as caught:
        detect(source, settings.load(source, {"migrations": "migrate.py"}, {}))
    assert caught.value.message == "`migrate.py` configures no Alembic, and nothing else is named so"


def test_a_database_of_no_known_dialect_is_asked_for() -> None:
    with pytest.raises(BadInput) as caught:
        override.apply(dataclasses.replace(FOUND, database=None), decided(database_variable="URL"), Memory({}))
    assert str(caught.value) == "--database-variable: the database's dialect is not known"


TWO: Mapping[str, str] = {
    "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "requirements.txt": "fastapi\n",
    "other.txt": "fastapi==0.115.0\nuvicorn\n",
    "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['fastapi>=0.100']\n"
    "[project.optional-dependencies]\napi = ['httpx']\n",
    "a/alembic.ini": "[alembic]\nscript_location = a/m\n",
    "a/m/env.py": "",
    "alembic.ini": "[alembic]\nscript_location = m\n",
    "m/env.py": "",
    "m/versions/1.py": "revision = '1'\ndown_revision = None\n",
}


def test_the_file_and_the_manager_that_a_setting_names_are_read() -> None:
    def needs(**given: Any) -> tuple[str, str, tuple[str, ...]]:
        found = detect(Memory(TWO), decided(**given)).dependencies
        return found.value.manager, found.because, found.value.requirements

    assert needs() == ("requirements", "requirements.txt", ("fastapi",))
    assert needs(requirements="other.txt") == (
        "requirements", "other.txt, --requirements", ("fastapi==0.115.0", "uvicorn"),
    )  # fmt: skip
    assert needs(manager="pyproject") == ("pyproject", "pyproject.toml:4, --manager", ("fastapi>=0.100",))
    assert needs(manager="pyproject", extras=("api",))[2] == ("fastapi>=0.100", "httpx")


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"manager": "poety"}, "--manager: there is no manager `poety`", "did you mean `poetry`?"),
        ({"manager": "poetry"}, "--manager: no file of poetry declares the production dependencies",
         "is it the right one?"),
        ({"requirements": "othr.txt"}, "--requirements: there is no file `othr.txt`", "did you mean `other.txt`?"),
        ({"requirements": "m/env.py"}, "--requirements: `m/env.py` declares none", "is it the right one?"),
    ],
)  # fmt: skip
def test_a_file_or_a_manager_that_there_is_not_is_an_error(
    given: dict[str, Any], message: str | None, hint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        detect(Memory(TWO), decided(**given))
    assert message is None or (str(caught.value), caught.value.hint) == (message, hint)


def test_the_migrations_that_a_setting_names_are_read() -> None:
    found = detect(Memory(TWO), decided(migrations="a/alembic.ini")).migrations
    assert found is not None
    assert (found.value.folder, found.value.heads, found.because) == ("a/m", (), "--migrations")


def test_every_fact_has_a_setting_and_every_setting_a_fact() -> None:
    fields = {field.name for field in dataclasses.fields(Project)} - {"notes"}
    assert set(override.KEYS) == fields
    keys = {key for keys in override.KEYS.values() for key in keys}
    assert keys - {"port", "packages", "python-image", "dockerfile"} == {setting.key for setting in settings.FACTS}


def test_every_key_that_detection_names_is_a_setting() -> None:
    known = {setting.key for setting in settings.SETTINGS}
    package = Path(settings.__file__).parent
    named = {
        (path.name, key)
        for folder in ("detect", "dependencies")
        for path in sorted((package / folder).rglob("*.py"))
        for key in re.findall(r'\bkey="([^"]+)"', path.read_text())
    }
    assert [(path, key) for path, key in sorted(named) if key not in known] == []
    assert named


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_a_project_that_is_decided_as_it_was_found_is_the_same(project: Path) -> None:
    source = Directory(project / "source")
    before = detect(source, settings.load(source, {}, {}))
    keys = [setting.key for setting in settings.FACTS if setting.key != "service"]
    said = {key: settle.value(before, key) for key in keys}
    flags = {key: value for key, value in said.items() if value not in {None, ()}}
    after = detect(source, settings.load(source, flags, {}))
    for field in (field.name for field in dataclasses.fields(Project) if field.name not in {"notes", "services"}):
        if field != "routes":  # of which a setting names one of each kind
            assert values(after, field) == values(before, field), field


def values(project: Project, field: str) -> list[Any]:
    return sorted((fact.value for fact in settle.facts(project, field)), key=repr)
