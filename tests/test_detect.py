"""Detection, question by question: what tests/projects does not show, and what must never stop it."""

import os
from pathlib import Path
from typing import Any

import pytest

from lading import settings
from lading.detect import detect
from lading.detect.code import aside
from lading.detect.environment import is_secret
from lading.errors import BadInput, NotFound
from lading.model import Application, Database, Fact, Project
from lading.source import Directory, Memory

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
API = "from fastapi import FastAPI\napi = FastAPI()\n"


def found(files: dict[str, str | bytes], **flags: Any) -> Project:
    source = Memory({"requirements.txt": "fastapi\nuvicorn\n", **files})
    return detect(source, settings.load(source, {key.replace("_", "-"): value for key, value in flags.items()}, {}))


def target(files: dict[str, str | bytes], **flags: Any) -> tuple[str, str]:
    application = found(files, **flags).application.value
    return application.target, application.folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": APP}, ("main:app", ".")),
        ({"src/shop/__init__.py": "", "src/shop/main.py": APP}, ("shop.main:app", "src")),
        ({"src/__init__.py": "", "src/app/main.py": "from .x import y\n" + APP, "src/app/x.py": "y = 1"},
         ("app.main:app", "src")),
        ({"src/api/app.py": "from src.db import x\n" + APP, "src/db.py": "x = 1"}, ("src.api.app:app", ".")),
        ({"my-service/main.py": APP}, ("main:app", "my-service")),
        ({"shop/__init__.py": APP}, ("shop:app", ".")),
        ({"main.py": "import fastapi as f\nif True:\n    web = f.FastAPI()\n"}, ("main:web", ".")),
        ({"main.py": "try:\n    from fastapi import *\nfinally:\n    app = FastAPI()\n"}, ("main:app", ".")),
        ({"main.py": APP, "tests/main.py": APP, "docs/main.py": APP, "venv/lib/main.py": APP}, ("main:app", ".")),
        ({"main.py": 'import uvicorn\nuvicorn.run("b.web:api")\n', "a/web.py": APP, "b/web.py": API},
         ("b.web:api", ".")),
        ({"pyproject.toml": '[tool.fastapi]\nentrypoint = "b.main:app"\n', "a/main.py": APP, "b/main.py": APP},
         ("b.main:app", ".")),
        ({"main.py": APP + "@app.get('/')\ndef root(): ...\n", "scratch/main.py": APP}, ("main:app", ".")),
        ({"main.py": "import fastapi\nclass Server:\n    def __init__(self):\n        self.api = fastapi.FastAPI()\n"
                     "app = Server().api\n"}, ("main:app", ".")),
        ({"main.py": 'from web import make\n\nif __name__ == "__main__":\n    app = make()\n',
          "web.py": "import fastapi\ndef make():\n    return fastapi.FastAPI()\n"}, ("web:make", ".")),
    ],
)  # fmt: skip
def test_the_application_is_found(files: dict[str, str | bytes], expected: tuple[str, str]) -> None:
    assert target(files) == expected


def test_the_setting_decides_and_says_so() -> None:
    files: dict[str, str | bytes] = {
        "a/main.py": APP,
        "b/web.py": "import fastapi\ndef make(): return fastapi.FastAPI()\n",
    }
    assert found(files, application="b.web:make").application == Fact(
        Application(target="b.web:make", factory=True, folder="."), "--application", key="application"
    )
    assert found(files, application="main:app", app_folder="./a/").application.value.folder == "a"
    assert found(files, application="web:make", factory=False).application.value == Application(
        target="web:make", factory=False, folder="b"
    )


@pytest.mark.parametrize(
    ("application", "message"),
    [
        ("main", "--application: `main` is not `module:attribute`"),
        ("main:app()", "--application: `main:app()` is not `module:attribute`"),
        ("man:app", "--application: `man:app`: no file of the project is the module `man`"),
        ("main:ap", "--application: `main:ap`: `main.py` defines no `ap`"),
    ],
)
def test_a_setting_that_names_nothing_is_refused(application: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        found({"main.py": APP}, application=application)
    assert str(caught.value) == message


def test_a_file_that_cannot_be_parsed_stops_only_its_own_application() -> None:
    broken = "from fastapi import FastAPI\napp = FastAPI(\n"
    assert target({"app/main.py": APP, "old/tool.py": broken}) == ("app.main:app", ".")
    for files in ({"main.py": broken}, {"main.py": broken, "app/other.py": APP}):
        with pytest.raises(BadInput) as caught:
            found(dict(files))
        assert caught.value.where == "main.py:2"
    with pytest.raises(BadInput) as caught:
        found({"main.py": APP, "old/tool.py": broken}, application="old.tool:app")
    assert caught.value.where == "old/tool.py:2"


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff\xfe\x00 FastAPI",
        b"FastAPI = " + b"(" * 5000,
        b"FastAPI = " + b"+".join([b"1"] * 20_000),
        b"FastAPI = x" + b".y" * 5000,
        b"import FastAPI\n" + b"#" * 3_000_000,
        b"from hostile import *\nfrom fastapi import FastAPI\nx = x + x\ndef f(): return f() or f()\nx = f()\n",
        b"from fastapi import FastAPI\nclass A(B): pass\nclass B(A): pass\nx = A()\ny: A = x.y.z\n",
        b"from fastapi import APIRouter\nr = APIRouter()\nr.include_router(r)\n@r.get('/health')\ndef h(): ...\n",
        b"from os import environ\n" + b"".join(b"x%d = x%d + x%d\n" % (n + 1, n, n) for n in range(60)),
    ],
    ids=lambda hostile: repr(hostile[:24]),
)
def test_no_file_stops_the_search(hostile: bytes) -> None:
    assert target({"hostile.py": hostile, "main.py": "import hostile\n" + APP}) == ("main:app", ".")


def test_a_link_out_of_the_tree_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(APP)
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.py").symlink_to(outside)
    with pytest.raises(NotFound) as caught:
        detect(Directory(root), settings.load(Directory(root), {}, {}))
    assert "in 0 Python files" in str(caught.value)


@pytest.mark.slow
def test_twenty_thousand_files_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "empty.py").touch()
    for folder in range(100):
        inner = tmp_path / f"package{folder}"
        inner.mkdir()
        for number in range(200):
            os.link(tmp_path / "empty.py", inner / f"module{number}.py")
    source = Directory(tmp_path)
    assert detect(source, settings.load(source, {}, {})).application.value.target == "main:app"
    assert len(source.files) == 20_003


ENGINE = "from sqlalchemy import create_engine\nfrom config import {name}\nengine = create_engine({name})\n"


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        ("import os\nURL = os.getenv('STORE', 'sqlite:///./x.db')", "URL",
         Database(dialect="sqlite", variable="STORE", url="sqlite:///./x.db")),
        ("import os\nURL = os.environ.get('PG_URL')", "URL", Database(dialect="postgresql", variable="PG_URL")),
        ("URL = 'sqlite+aiosqlite:////data/x.db'", "URL",
         Database(dialect="sqlite", url="sqlite+aiosqlite:////data/x.db")),
        ("import os\nURL = f\"mysql+pymysql://{os.environ['MYSQL_USER']}@db/x\"", "URL", Database(dialect="mysql")),
        ("import os\ndef url():\n    return os.environ['DATABASE_URL']", "url()",
         Database(dialect="postgresql", variable="DATABASE_URL")),
    ],
)  # fmt: skip
def test_the_database_is_what_the_engine_is_opened_with(config: str, name: str, expected: Database) -> None:
    engine = ENGINE.replace("import {name}", f"import {name.removesuffix('()')}").format(name=name)
    project = found({"requirements.txt": "fastapi\npsycopg\n", "config.py": config, "main.py": engine + APP})
    assert project.database is not None
    value = project.database.value
    assert Database(dialect=value.dialect, variable=value.variable, url=value.url) == expected


@pytest.mark.parametrize(
    ("routes", "health"),
    [
        ("@app.get('/healthz')\ndef a(): ...\n@app.get('/health')\ndef b(): ...\n", "/health"),
        ("@app.get('/ready')\ndef a(): ...\n@app.get('/live')\ndef b(): ...\n", "/live"),
        ("@app.get('/deep/down/health')\ndef a(): ...\n@app.get('/api/health/')\ndef b(): ...\n", "/api/health"),
        ("@app.post('/health')\ndef a(): ...\n", None),
        ("@app.get('/health/{name}')\ndef a(name): ...\n", None),
        ("@app.get('/health')\ndef a(token: str): ...\n", None),
        ("@app.get('/health')\ndef a(request, verbose: bool = False): ...\n", "/health"),
        ("@app.get('/orders/status')\ndef a(order: int = 0): ...\n", None),
        ("def a(): ...\napp.add_api_route('/ping', a)\n", "/ping"),
        ("def routes(app):\n    @app.get('/livez')\n    def a(): ...\n\nroutes(app)\n", "/livez"),
    ],
)
def test_the_health_route(routes: str, health: str | None) -> None:
    project = found({"main.py": APP + routes})
    assert (project.health.value if project.health else None) == health


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("SECRET_KEY", True),
        ("DB_PASSWORD", True),
        ("GITHUB_TOKEN", True),
        ("SENTRY_DSN", True),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", False),
        ("API_KEY_HEADER", False),
        ("PUBLIC_KEY", False),
        ("KEYBOARD", False),
        ("DATABASE_URL", False),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_a_password_in_a_default_makes_a_secret() -> None:
    assert is_secret("DATABASE_URL", "postgresql://shop:shop@localhost/shop")
    assert not is_secret("DATABASE_URL", "postgresql://localhost:5432/shop")


@pytest.mark.parametrize(
    "path", ["tests/a.py", "app/tests/a.py", "test_a.py", "a_test.py", "migrations/a.py", "docs/a.py"]
)
def test_code_of_other_kinds_is_told_apart(path: str) -> None:
    assert aside(path)


@pytest.mark.parametrize("path", ["main.py", "app/testing_tools.py", "latest/a.py", "app/setup.py", "contest.py"])
def test_the_backends_own_code_is_not_mistaken(path: str) -> None:
    assert not aside(path)


@pytest.mark.parametrize(
    ("filename", "path"),
    [
        ("'logs/app.log'", "logs/app.log"),
        ("os.path.join(here, 'app.log')", "app.log"),
        ("name or os.path.join(here, 'app.log')", "app.log"),
    ],
)
def test_the_file_of_a_log_is_found_in_a_dictionary_that_a_function_makes(filename: str, path: str) -> None:
    handlers = f"{{'file': {{'class': 'logging.FileHandler', 'filename': {filename}}}}}"
    code = (
        f"import os\ndef config(name):\n    here = os.getcwd()\n    return {{'version': 1, 'handlers': {handlers}}}\n"
    )
    [fact] = found({"main.py": code + APP}).paths
    assert (fact.value.path, fact.value.use, fact.value.written, fact.because) == (path, "logs", True, "main.py:4")
