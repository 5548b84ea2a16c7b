"""`lading inspect` as its user sees it: doubts first, what settles them, and every decision with its story."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import lading.cli
from lading import settings
from lading.detect import detect, settle
from lading.detect.explain import explain, questions
from lading.errors import BadInput
from lading.model import (
    Application,
    Database,
    Dependencies,
    Fact,
    Index,
    Layout,
    Migrations,
    Place,
    Project,
    Route,
    Server,
    Service,
    SystemPackage,
    Variable,
    Worker,
)
from lading.report import backends, project
from lading.source import Directory, Memory

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"
PROJECTS = sorted(
    path for path in Path(__file__).parent.joinpath("projects").iterdir() if not path.name.startswith("bad")
)
APP = "from fastapi import FastAPI\napp = FastAPI()\n"
REQUIREMENTS = "fastapi\nuvicorn\n"

#: A project with something to say about everything, and some of it in doubt.
FULL = Project(
    name=Fact("shop", "pyproject.toml:2"),
    dependencies=Fact(
        Dependencies(
            manager="uv", files=("pyproject.toml", "uv.lock"), requirements=("fastapi>=0.115", "uvicorn[standard]"),
            locked=True, extras=("api",), indexes=(Index(name="inner", url="https://pypi.shop.example/simple",
            private=True),),
        ),
        "pyproject.toml:5",
    ),
    application=Fact(
        Application(target="shop.main:app", folder="src"), "src/shop/main.py:12", "likely",
        ("`shop.admin:app` (src/shop/admin.py:4): nothing starts it",), "application",
    ),
    python=Fact(">=3.12", "Dockerfile:1", "likely", key="python"),
    server=Fact(Server(kind="gunicorn", workers=4, root_path="/api"), "Dockerfile:9"),
    health=Fact("/healthz", "src/shop/health.py:7", "guess", ("`/status` (src/shop/main.py:30): asks for a login",),
    "health"),
    routes=(
        Fact(Route(path="/ready", kind="readiness"), "src/shop/health.py:12"),
        Fact(Route(path="/metrics", kind="metrics", guarded=True), "src/shop/main.py:14"),
    ),
    environment=(
        Fact(Variable(name="DATABASE_URL", required=True, secret=True), "src/shop/settings.py:8"),
        Fact(Variable(name="MODE", default="fast", type="enum", allowed=("fast", "safe")), "src/shop/settings.py:9"),
        Fact(Variable(name="PORT", default="8000", type="int"), "src/shop/settings.py:10"),
    ),
    port=Fact("PORT", "src/shop/settings.py:10"),
    listens=Fact(9000, "Dockerfile:9"),
    database=Fact(
        Database(dialect="postgresql", variable="DATABASE_URL", driver="asyncpg", is_async=True, missing="greenlet",
        pool=15),
        "src/shop/db.py:3",
    ),
    stores=(Fact(Database(dialect="redis", variable="REDIS_URL"), "src/shop/cache.py:2"),),
    migrations=Fact(Migrations(tool="alembic", config="alembic.ini", folder="alembic", heads=("a1",)), "alembic.ini:2"),
    workers=(
        Fact(Worker(kind="celery", target="shop.tasks:celery", queues=("mail",), broker="REDIS_URL"),
        "src/shop/tasks.py:5"),
        Fact(Worker(kind="celery", target="shop.tasks:celery", role="scheduler"), "src/shop/tasks.py:9", "guess",
        key="workers"),
    ),
    system=(Fact(SystemPackage(name="libmagic1", stage="run", needed_by="python-magic"), "pyproject.toml:9"),),
    paths=(Fact(Place(path="uploads", use="uploads", written=True, present=False), "src/shop/files.py:3"),),
    front_end=Fact("static", "src/shop/main.py:40"),
    services=(
        Fact(Service(name="shop", folder="."), "src/shop/main.py:12"),
        Fact(Service(name="mailer", folder="mailer"), "mailer/app.py:3"),
    ),
    notes=(Fact("the scheduler runs in the process: one replica", "src/shop/tasks.py:9"),),
)  # fmt: skip

Tree = Callable[[Mapping[str, str]], Path]
Lading = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A folder with the files of a mapping."""

    def make(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "backend"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return make


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lading:
    """lading with arguments → status, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "100")
    for name in [name for name in os.environ if name.startswith("LADING_")]:
        monkeypatch.delenv(name)

    def lading_(*argv: object) -> tuple[int, str, str]:
        status = lading.cli.main([str(word) for word in argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return lading_


# ── for a person ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_doubts_come_first_then_what_settles_them_then_every_fact_then_the_notes() -> None:
    assert project.text(FULL, 100, False) == (Path(__file__).parent / "expected_reports" / "inspect.txt").read_text()


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in project.text(FULL, width, False).splitlines() if len(line) > width] == []


def test_what_is_sure_needs_no_settling() -> None:
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": APP + "@app.get('/health')\ndef health(): ...\n"})
    found = project.text(detect(source, settings.load(source, {}, {})), 100, False)
    assert [line for line in found.splitlines() if "in doubt" in line or "tool.lading" in line] == []


def test_a_doubt_that_no_fact_settles_has_no_empty_table() -> None:
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": APP + "@app.get('/health')\ndef health(): ...\n"})
    doubted = Fact("3.14", "Dockerfile:1", "likely", key="python-image")
    found = project.text(replace(detect(source, settings.load(source, {}, {})), interpreter=doubted), 100, False)
    assert [line for line in found.splitlines() if "in doubt" in line or "tool.lading" in line] == ["in doubt"]


def test_a_place_of_the_dockerfile_that_is_in_doubt_is_settled_by_its_key() -> None:
    doubted = replace(
        FULL, layout=Fact(Layout(dockerfile="api.Dockerfile"), "compose.yml:3", "likely", key="dockerfile")
    )
    said = project.text(doubted, 80, color=False)
    assert 'dockerfile = "api.Dockerfile"' in said
    assert "Layout(" not in said


def test_a_doubt_without_an_answer_says_which_key_it_waits_for() -> None:
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": APP})
    found = project.text(detect(source, settings.load(source, {}, {})), 100, False)
    assert "  [tool.lading]\n  # health = …\n" in found


def test_what_is_to_be_pasted_is_toml_that_the_settings_take_and_that_leaves_no_doubt() -> None:
    text = project.text(FULL, 100, False)
    pasted = text[text.index("  [tool.lading]") : text.index("\nbackends of")]
    assert tomllib.loads(pasted)["tool"]["lading"] == {
        "application": "shop.main:app",
        "app-folder": "src",
        "python": ">=3.12",
        "health": "/healthz",
        "workers": ["celery shop.tasks:celery", "celery shop.tasks:celery scheduler"],
    }
    decided = settings.load(Memory({"pyproject.toml": pasted}), {}, {})
    assert [key for key in settle.keys(FULL) if not decided.given(key)] == []


def test_colour_changes_no_word() -> None:
    import re

    colored = project.text(FULL, 100, True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored).split() == project.text(FULL, 100, False).split()


def test_a_password_in_a_default_is_not_shown() -> None:
    text = 'import os\nURL = os.getenv("DATABASE_URL", "postgresql://shop:hunter2hunter2@db/shop")\n' + APP
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": text})
    found = detect(source, settings.load(source, {}, {}))
    assert "hunter2" not in project.text(found, 100, False)
    assert "hunter2" not in "\n".join(explain(source, settings.load(source, {}, {}), "environment"))


# ── for a program ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_json_is_as_its_schema_says() -> None:
    jsonschema.validate(json.loads(backends.json(FULL)), backends.schema())
    several = backends.Backends(services=(backends.Backend(service=FULL.services[0], error="no", hint="yes"),))
    jsonschema.validate(json.loads(backends.json(several)), backends.schema())


@pytest.mark.parametrize("found", PROJECTS, ids=lambda path: path.name)
def test_the_json_of_every_project_is_as_its_schema_says(found: Path) -> None:
    source = Directory(found / "source")
    said = json.loads(backends.json(detect(source, settings.load(source, {}, {}))))
    jsonschema.Draft202012Validator(backends.schema()).validate(said)


def test_the_schema_bites() -> None:
    said = json.loads(backends.json(FULL))
    for wrong in ({**said, "application": None}, {**said, "health": {"value": 3, "because": "x"}}, {}):
        assert not jsonschema.Draft202012Validator(backends.schema()).is_valid(wrong)


def test_the_schema_is_in_the_documents(update: bool, run: Lading) -> None:
    for name in ("project", "configuration"):
        _, text, _ = run("inspect", "--schema", name)
        if update:
            (DOCS / f"{name}.schema.json").write_text(text)
        assert (DOCS / f"{name}.schema.json").read_text() == text, f"lading inspect --schema {name}"


# ── a repository of several ──────────────────────────────────────────────────────────────────────────────────────────

SEVERAL = {
    "api/requirements.txt": REQUIREMENTS,
    "api/main.py": APP,
    "mailer/requirements.txt": REQUIREMENTS,
    "mailer/web.py": APP + "@app.get('/health')\ndef health(): ...\n",
    "broken/requirements.txt": "fastapi ==\n",
    "broken/main.py": APP,
}


def test_every_backend_of_a_repository_is_shown_where_none_was_named(tree: Tree, run: Lading) -> None:
    status, out, err = run("inspect", tree(SEVERAL))
    assert (status, err) == (0, "")
    assert "3 backends: choose with --service NAME" in out
    for line in ("  api ", "  mailer ", "  broken ", "main:app", "web:app", "/health"):
        assert line in out
    assert "`fastapi ==` is not a requirement" in " ".join(out.split())


def test_every_backend_of_a_repository_is_in_the_json(tree: Tree, run: Lading) -> None:
    folder = tree(SEVERAL)
    _, out, _ = run("inspect", folder, "--json")
    said = json.loads(out)
    jsonschema.validate(said, backends.schema())
    assert {one["service"]["value"]["folder"]: one["project"] and one["project"]["application"]["value"]["target"]
            for one in said["services"]} == {"api": "main:app", "mailer": "web:app", "broken": None}  # fmt: skip
    _, out, _ = run("inspect", folder, "--json", "--service", "mailer")
    assert json.loads(out)["application"]["value"]["target"] == "web:app"


def test_an_error_of_a_single_backend_is_an_error(tree: Tree, run: Lading) -> None:
    status, out, err = run("inspect", tree({"requirements.txt": REQUIREMENTS, "main.py": "x = 1\n"}))
    assert (status, out) == (2, "")
    assert err.startswith("error: no FastAPI application found")


# ── the story of a decision ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("question", questions())
def test_every_question_has_an_answer(question: str, run: Lading) -> None:
    status, out, err = run("inspect", Path(__file__).parent.parent / "examples" / "task-list", "--explain", question)
    assert (status, err) == (0, "")
    assert out.startswith(question.replace("-", " ") + ": ")
    assert "settled by " in out


def test_a_story_says_what_was_decided_why_and_what_settles_it(tree: Tree, run: Lading) -> None:
    _, out, _ = run(
        "inspect", tree({"requirements.txt": REQUIREMENTS, "main.py": APP, "x.py": APP}), "--explain", "name"
    )
    assert out == (
        "name: backend\n  sure: the folder's name\n\nsettled by `name` under `[tool.lading]`; to decide the same:\n"
        '  name = "backend"\n'
    )


def test_a_story_says_what_a_setting_decided(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP, "lading.toml": "health = '/x'\n"})
    _, out, _ = run("inspect", folder, "--explain", "health")
    assert out.startswith("health: /x\n  sure: lading.toml health\n\nsettled by `health`, lading.toml health\n")


@pytest.mark.parametrize(
    ("question", "field"),
    [("app", "application"), ("db", "database"), ("Environment", "environment"), ("log_level", "log level"),
     ("metrics", "routes"), ("celery", "workers"), ("frontend", "front end")],
)  # fmt: skip
def test_a_question_goes_by_the_names_that_people_use(question: str, field: str) -> None:
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": APP})
    assert explain(source, settings.load(source, {}, {}), question)[0].startswith(f"{field}: ")


@pytest.mark.parametrize("example", ["task-list", "sdlc-lens", "todo-api"])
def test_every_name_that_is_printed_is_a_question(example: str, run: Lading) -> None:
    folder = Path(__file__).parent.parent / "examples" / example
    _, out, _ = run("inspect", folder)
    groups = [group.splitlines() for group in out.split("\n\n")[1:]]
    rows = (row for title, *rows in groups if title in {"dependencies", "serving", "data"} for row in rows)
    names = {re.split(r"  +", row)[1] for row in rows if re.match(r"  \S", row)}
    names |= {title for title, *_ in groups} - {"to know", "in doubt", "serving", "data"}
    assert {"python", "log level", "application"} <= names
    for name in sorted(name for name in names if not name.startswith("to settle it")):
        status, out, err = run("inspect", folder, "--explain", name)
        assert (status, err) == (0, ""), name
        assert "settled by " in out
    _, out, _ = run("inspect", folder, "--explain", "wheels")
    assert out.startswith("wheels: ")
    assert run("inspect", folder, "--explain", "newest")[1] == out


@pytest.mark.parametrize(
    ("question", "hint"),
    [("helth", "did you mean `health`?"), ("aplication", "did you mean `application`?"),
     ("databse", "did you mean `database`?"), ("zzz", "ask for name, services, ")],
)  # fmt: skip
def test_a_question_that_there_is_not_gets_the_nearest_one(question: str, hint: str) -> None:
    source = Memory({"requirements.txt": REQUIREMENTS, "main.py": APP})
    with pytest.raises(BadInput) as caught:
        explain(source, settings.load(source, {}, {}), question)
    assert str(caught.value) == f"--explain: there is no question `{question}`"
    assert caught.value.hint.startswith(hint)
