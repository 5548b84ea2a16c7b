"""Where the server is started, and what of the written paths the tree lacks; from there to both builders' images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from values import PLAN, PROJECT

from lading import ignore, launch, plan, settings
from lading.build import app
from lading.detect import detect
from lading.errors import BadInput
from lading.model import Database, Fact, Place, Plan, Project
from lading.oci.layer import Entry
from lading.render import installed
from lading.source import Memory

MANIFEST = "[project]\nname = 'x'\ndependencies = ['fastapi']\n"
MAIN = "import os\nfrom fastapi import FastAPI\nfrom fastapi.staticfiles import StaticFiles\napp = FastAPI()\n"
STATIC = 'app.mount("/static", StaticFiles(directory="static"))\n'


def found(files: dict[str, str], **given: str) -> Project:
    files = {"pyproject.toml": MANIFEST, **files}
    source = Memory({path: text.encode() for path, text in files.items()})
    return detect(source, settings.load(source, {name.replace("_", "-"): text for name, text in given.items()}, {}))


def started(files: dict[str, str], **given: str) -> str | None:
    fact = found(files, **given).working
    return fact.value if fact else None


def test_the_server_is_started_where_what_it_reads_is() -> None:
    inner = {"src/main.py": MAIN + STATIC + "import shop\n", "src/shop.py": "", "src/static/x.css": ""}
    assert started(inner) == "src"
    kept = {"src/main.py": MAIN + STATIC + "import shop\n", "src/shop.py": "", "src/static/.gitkeep": ""}
    assert started(kept) == "src"
    assert started({**inner, "static/x.css": ""}) is None  # the root has it, too
    assert started({"src/main.py": MAIN + "import shop\n", "src/shop.py": ""}) is None  # nothing tells
    assert started({"main.py": MAIN + STATIC, "static/x.css": ""}) is None
    fact = found(inner).working
    assert fact
    assert (fact.because, fact.confidence) == ("src/main.py:5", "likely")


def test_the_user_says_where_it_is_started() -> None:
    files = {"src/main.py": MAIN, "src/static/x.css": ""}
    assert started(files, working_folder="./src/") == "src"
    assert started(files, working_folder=".") is None
    for path in ("lib", "src/main.py"):
        with pytest.raises(BadInput) as caught:
            started(files, working_folder=path)
        assert caught.value.message == f"`working-folder` is `{path}`, which is no folder of the project"


def placed(more: str, files: dict[str, str] | None = None) -> dict[str, tuple[str | None, str | None]]:
    project = found({"main.py": MAIN + more, **(files or {})})
    return {fact.value.path: (fact.value.at, fact.value.lacks) for fact in project.paths if fact.value.written}


@pytest.mark.parametrize(
    ("more", "files", "expected"),
    [
        ('os.makedirs("data/clips")\n', {}, {"data/clips": ("data/clips", "data")}),
        ('os.makedirs("data/clips")\n', {"data/words.txt": ""}, {"data/clips": ("data/clips", "data/clips")}),
        ('os.makedirs("data")\n', {"data/words.txt": ""}, {"data": (None, None)}),
        ('os.makedirs("data")\n', {"data/.gitkeep": ""}, {"data": ("data", "data")}),
        ('os.makedirs("data")\n', {"data/app.db": "", "data/x.log": ""}, {"data": ("data", "data")}),
        ('os.makedirs("data")\n', {"data/a.png": "", ".gitignore": "/data/\n"}, {"data": ("data", "data")}),
        ('open("/app/logs/x.log", "a")\n', {}, {"/app/logs/x.log": ("logs/x.log", "logs")}),
        ('open("/srv/x.log", "a")\n', {}, {"/srv/x.log": (None, None)}),
        ('open("../x.log", "a")\n', {}, {}),
        # What is code, or read, is there, whatever git says; and git's own rules hold, in every folder.
        ('os.makedirs("shop/data")\n', {"shop/data/x.bin": "", ".gitignore": "/data/\n"}, {"shop/data": (None, None)}),
        ('os.makedirs("shop")\n', {"shop/x.py": "", ".gitignore": "shop\n"}, {"shop": (None, None)}),
        (
            'open("data/seed.json").read()\nopen("data/out.json", "w")\n',
            {"data/seed.json": "", ".gitignore": "data/*\n"},
            {"data/out.json": ("data/out.json", "data/out.json")},
        ),
        (
            'os.makedirs("data")\n',
            {"data/a": "", "data/b": "", ".gitignore": "data/*\n!data/b\n"},
            {"data": (None, None)},
        ),
        ('os.makedirs("var")\n', {"var/a": "", "var/.gitignore": "*\n"}, {"var": ("var", "var")}),
        (
            "class S:\n    ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), 'x', os.pardir))\n"
            "    DATA = f'{ROOT}/rows'\nos.makedirs(S.DATA)\n",
            {},
            {"rows": ("rows", "rows")},
        ),
        (
            "from aerich import Command\nCommand({}).init_db(safe=True)\n",
            {},
            {"migrations": ("migrations", "migrations")},
        ),
        ("from aerich import Command\nCommand({}).upgrade()\n", {}, {}),
        # Of a name that is begun, the folder is known; what is above a folder that is made is made with it.
        ('NAME = input()\nopen(f"out/{NAME}.txt", "w")\n', {}, {"out": ("out", "out")}),
        ('NAME = input()\nopen(f"out/cache-{NAME}.txt", "w")\n', {}, {"out": ("out", "out")}),
        ('NAME = input()\nos.makedirs(os.path.join("out", f"cache-{NAME}"))\n', {}, {"out": ("out", "out")}),
        ('from loguru import logger\nlogger.add("logs/app_{time}.log")\n', {}, {"logs": ("logs", "logs")}),
        ('from loguru import logger\nlogger.add("app_{time}.log")\n', {}, {}),
        ('os.makedirs(".data")\n', {".data/.gitkeep": ""}, {".data": (".data", ".data")}),
    ],
)
def test_what_of_a_written_path_the_tree_lacks(
    more: str, files: dict[str, str], expected: dict[str, tuple[str | None, str | None]]
) -> None:
    assert placed(more, files) == expected


@pytest.mark.parametrize(("first", "missing"), [('os.makedirs("static/faces")\n', False), ("", True)])
def test_a_folder_that_the_start_makes_something_in_need_not_be_built(first: str, missing: bool) -> None:
    notes = [fact.value for fact in found({"main.py": MAIN + first + STATIC}).notes]
    assert ("`static` is not in the tree and must be built before the start" in notes) is missing


def test_the_folder_that_aerich_writes_is_made_on_the_volume() -> None:
    project = found({"main.py": MAIN + "from aerich import Command\nCommand({}).init_db(safe=True)\n"})
    made = plan.make(project, settings.load(Memory({}), {}, {}))
    assert (made.app.links, made.app.folders) == ({"migrations": "/data/migrations"}, ("/data/migrations",))


def test_a_path_is_from_where_the_server_is_started() -> None:
    more = STATIC + 'import shop\nos.makedirs("data")\nos.makedirs(os.path.join(os.path.dirname(__file__), "out"))\n'
    project = found({"src/main.py": MAIN + more, "src/shop.py": "", "src/static/x.css": ""})
    assert {fact.value.at for fact in project.paths if fact.value.written} == {"src/data", "src/out"}


def test_what_the_user_says_is_written_is_placed_as_what_is_found() -> None:
    files = {
        "pyproject.toml": MANIFEST + "[tool.lading]\nwritten = ['up', 'full', 'main.py', '/app/out']\n",
        "full/x": "",
    }
    project = found({"main.py": MAIN, **files})
    assert {fact.value.path: fact.value.lacks for fact in project.paths} == {
        "up": "up", "full": None, "main.py": None, "/app/out": "out",
    }  # fmt: skip
    inner = found({"src/main.py": MAIN + STATIC, "src/static/x.css": "", **files})
    assert {fact.value.lacks for fact in inner.paths if fact.value.written} >= {"src/up"}


def test_a_file_is_told_from_a_folder_by_what_is_done_with_it() -> None:
    more = 'open("counter", "w")\nos.makedirs("v1.0")\nlogging.basicConfig(filename="logs/app")\n'
    project = found({"main.py": MAIN + "import logging\n" + more})
    made = plan.make(project, settings.load(Memory({}), {}, {}))
    assert made.app.links == {"counter": "/data/counter", "logs": "/data/logs", "v1.0": "/data/v1.0"}
    assert made.app.folders == ("/data", "/data/logs", "/data/v1.0")


@pytest.mark.parametrize(
    ("url", "variable", "lacks"),
    [
        ("sqlite:///./app.db", None, "app.db"),
        ("sqlite+aiosqlite:///data/app.db?x=1", None, "data"),
        ("sqlite:////var/app.db", None, None),
        ("sqlite:///:memory:", None, None),
        ("sqlite:///app.db", "URL", None),
    ],
)
def test_a_database_that_nothing_moves_is_written(url: str, variable: str | None, lacks: str | None) -> None:
    line = f'os.environ.get("URL", "{url}")' if variable else f'"{url}"'
    more = f"from sqlalchemy import create_engine\nengine = create_engine({line})\n"
    files = {"pyproject.toml": MANIFEST.replace("'fastapi'", "'fastapi', 'sqlalchemy'"), "app.db": "rows"}
    project = found({"main.py": MAIN + more, **files})
    assert [fact.value.lacks for fact in project.paths if fact.value.lacks] == ([lacks] if lacks else [])


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def made(*places: Place, working: str | None = None, **changes: Any) -> Plan:
    paths = tuple(Fact(place, "app/files.py:7") for place in places)
    start = Fact(working, "app/main.py:1") if working else None
    project = replace(PROJECT, environment=(), paths=paths, working=start, **changes)
    return plan.make(project, settings.load(Memory({}), {}, {}))


def written(path: str, lacks: str | None = None, **more: Any) -> Place:
    return Place(path=path, use="data", written=True, present=False, at=path, lacks=lacks or path, **more)


def test_what_nothing_moves_is_a_link_to_the_volume() -> None:
    one = made(written("data/app.db", "data"), written("logs", made=True), written("app/x.json"), written("logs/a/b"))
    assert one.app.links == {"data": "/data", "logs": "/data/logs", "app/x.json": "/data/app/x.json"}
    assert one.app.folders == ("/data", "/data/logs", "/data/app")
    assert {"data", "logs", "app/x.json"} <= set(one.app.exclude)
    assert one.because["app.links.data"] == "app/files.py:7"
    assert launch.decisions(one)["folders"] == ["/data", "/data/logs", "/data/app"]


def test_a_link_is_called_as_the_code_calls_it() -> None:
    one = made(written("src/data", made=True), written("src/out", made=True), working="src")
    assert one.app.links == {"src/data": "/data", "src/out": "/data/out"}
    assert launch.config(one)["WorkingDir"] == "/app/src"


def test_what_has_moved_or_is_only_read_is_no_link() -> None:
    read = Place(path="words.txt", use="data", present=False, at="words.txt", lacks="words.txt")
    assert made(read, Place(path="/srv/x", use="data", written=True)).app.links == {}
    database = Database(dialect="sqlite", variable="DATABASE_URL", url="sqlite:///app.db")
    place = replace(written("app.db"), variable="DATABASE_URL")
    assert made(place, database=Fact(database, "app/db.py:1")).app.links == {}


@pytest.mark.parametrize(
    ("path", "blank"), [(".env", True), ("src/.env.local", True), ("app.env", True), ("settings.toml", False)]
)
def test_an_environment_that_must_be_a_file_is_an_empty_one(path: str, blank: bool) -> None:
    for present in (False, True):  # a developer's own stays out of the image
        one = made(Place(path=path, use="settings", present=present, needed=True, at=path, lacks=path))
        assert one.app.blanks == ((path,) if blank else ())
        assert one.env_files == (path,)
    assert made(Place(path=path, use="settings", present=False, at=path)).app.blanks == ()  # it starts without


def test_no_empty_file_is_made_on_the_volume() -> None:
    env = Place(path="conf/.env", use="settings", present=False, needed=True, at="conf/.env", lacks="conf")
    one = made(written("conf/out.json", "conf"), env)
    assert (one.app.links, one.app.blanks) == ({"conf": "/data/conf"}, ())


def test_a_link_is_left_out_by_its_very_name() -> None:
    one = made(written("out[1", made=True), written("!odd", made=True), written(".data", made=True))
    assert {r"out\[1", r"\!odd", ".data"} <= set(one.app.exclude)
    ignored = ignore.matcher(one.app.exclude)
    assert [path for path in ("out[1/x", "!odd/x", ".data/.gitkeep", "app/main.py") if not ignored(path)] == [
        "app/main.py"
    ]


# ── both builders ────────────────────────────────────────────────────────────────────────────────────────────────────

LINKED = replace(
    PLAN, app=replace(PLAN.app, links={"src/my data": "/data", "app.db": "/data/app.db"}, blanks=("src/.env",))
)


def test_the_dockerfile_makes_them() -> None:
    text = installed.code(LINKED)
    assert "mkdir -p /app/src" in text
    assert "ln -sT /data '/app/src/my data'" in text
    assert "ln -sT /data/app.db /app/app.db" in text
    assert ": >/app/src/.env" in text
    assert "ln -s" not in installed.code(PLAN)


def test_our_own_builder_makes_them(tmp_path: Path) -> None:
    recipe = app.recipe(LINKED, [("main.py", False, b"")], compiler=None, store=tmp_path)
    entries = {entry.path: entry for entry in recipe.entries()}
    uid = LINKED.user.uid
    assert entries["app/src/my data"] == Entry(
        path="app/src/my data", kind="symlink", link="/data", uid=uid, gid=LINKED.user.gid
    )
    assert (entries["app/src/.env"].kind, entries["app/src/.env"].data) == ("file", b"")
    assert entries["app/src"].kind == "directory"
    assert recipe.key != app.recipe(PLAN, [("main.py", False, b"")], compiler=None, store=tmp_path).key


def test_what_would_stand_where_a_link_does_is_refused() -> None:
    """A pattern of the user's that takes it back, as Docker's builder refuses it, too."""
    linked = replace(PLAN, app=replace(PLAN.app, links={"data": "/data"}, exclude=("data", "!data/seed.json")))
    assert app.files(linked, Memory({"main.py": b"", "data/app.db": b""})) == [("main.py", False, b"")]
    with pytest.raises(BadInput) as caught:
        app.files(linked, Memory({"data/seed.json": b""}))
    assert str(caught.value) == (
        "data/seed.json: stands where the code writes: in the image `data` is a link to the volume"
    )
