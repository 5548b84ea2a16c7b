"""Which Python releases a project is for: the modules that newer ones lack."""

import pytest

from lading import settings
from lading.detect import detect
from lading.model import Project
from lading.plan import base
from lading.source import Memory

APP = "from fastapi import FastAPI\nimport shop.bits\napp = FastAPI()\n"
GONE = "which Python 3.12 no longer has, and nothing declared brings it"


def found(bits: str, manifest: str = "requires-python = '>=3.9'\n", needs: str = "", **files: str) -> Project:
    project = f"[project]\nname = 'shop'\nversion = '1'\ndependencies = ['fastapi', 'uvicorn'{needs}]\n{manifest}"
    more = {path.replace("__", "/") + ".py": text for path, text in files.items()}
    source = Memory({"pyproject.toml": project, "shop/main.py": APP, "shop/bits.py": bits, **more})
    return detect(source, settings.load(source, {}, {}))


def told(project: Project) -> tuple[str | None, str, list[str]]:
    """The releases, where that is from, and what is said of modules."""
    fact = project.python
    notes = [note.value for note in project.notes if "no longer has" in note.value]
    return (fact.value, fact.because, notes) if fact else (None, "", notes)


@pytest.mark.parametrize(
    ("bits", "specifier", "line"),
    [
        ("import os\nfrom distutils.util import strtobool\n", ">=3.9,<3.12", 2),
        ("import imp\n", ">=3.9,<3.12", 1),
        ("import cgi, asyncore\n", ">=3.9,<3.12", 1),
        ("import cgi\nimport asyncore\n", ">=3.9,<3.12", 2),
        ("import imghdr\n", ">=3.9,<3.13", 1),
        ("with warned():\n    import telnetlib as t\n", ">=3.9,<3.13", 2),
        ("try:\n    import crypt\nexcept OSError:\n    raise\n", ">=3.9,<3.13", 2),
    ],
)
def test_a_module_that_newer_releases_lack_allows_older_ones_only(bits: str, specifier: str, line: int) -> None:
    releases, where, notes = told(found(bits))
    assert (releases, where, len(notes)) == (specifier, f"shop/bits.py:{line}", 1)


@pytest.mark.parametrize(
    "bits",
    [
        "import os\nimport tomllib\n",
        "import distutils_extra\n",
        "from . import imp\n",
        "try:\n    import imghdr\nexcept ImportError:\n    imghdr = None\n",
        "try:\n    import cgi\nexcept (ModuleNotFoundError, OSError):\n    cgi = None\n",
        "import sys\nif sys.version_info < (3, 12):\n    import distutils\n",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import pipes\n",
        "def never():\n    import distutils\n",
        "def never():\n    import shop.old\n",
    ],
)
def test_a_module_that_may_be_missing_is_no_demand(bits: str) -> None:
    assert told(found(bits, shop__old="import distutils\n"))[::2] == (">=3.9", [])


@pytest.mark.parametrize(
    ("bits", "needs"),
    [
        ("import distutils\n", "setuptools>=68"), ("import cgi\n", "legacy-cgi"), ("import audioop\n", "audioop_lts"),
        ("import imghdr\n", "standard-imghdr"),
    ],
)  # fmt: skip
def test_a_distribution_may_bring_a_module_back(bits: str, needs: str) -> None:
    assert told(found(bits, needs=f", '{needs}'"))[0] == ">=3.9"
    assert told(found(bits, needs=", 'setuptools-scm'"))[0] != ">=3.9"


def test_what_the_project_has_itself_is_not_pythons() -> None:
    assert told(found("import cgi\n", shop__cgi=""))[0] == ">=3.9"
    assert told(found("import cgi\n", cgi=""))[0] == ">=3.9"
    assert told(found("import cgi\n", elsewhere__cgi=""))[0] == ">=3.9,<3.13"


def test_the_image_is_of_a_release_that_has_it_and_the_line_is_told() -> None:
    project = found("import os\nimport distutils\n")
    because: dict[str, str] = {}
    known = settings.load(Memory({}), {}, {})
    assert base.image(project, known, because) == "python:3.11-slim"
    assert base.suite(project, because) == "bookworm"
    assert because == {"base.image": "shop/bits.py:2", "base.python": "shop/bits.py:2"}
    assert project.python
    assert (project.python.confidence, project.python.others) == (
        "likely",
        ("pyproject.toml:5: Python 3.9 or newer",),
    )
    assert [(note.value, note.because) for note in project.notes if "distutils" in note.value] == [
        (f"`distutils` is imported, {GONE}", "shop/bits.py:2")
    ]
    undeclared = found("import distutils\n", manifest="")
    assert told(undeclared) == ("<3.12", "shop/bits.py:1", [f"`distutils` is imported, {GONE}"])


def test_a_promise_of_newer_releases_alone_stands_and_what_fails_is_said() -> None:
    note = [f"`imp` is imported, {GONE}"]
    assert told(found("import imp\n", "requires-python = '>=3.12'\n")) == (">=3.12", "pyproject.toml:5", note)
    assert told(found("import imp\n", "requires-python = '<3.12'\n")) == ("<3.12", "pyproject.toml:5", [])
    # Who runs 3.12 as it is has the module from somewhere.
    source = {
        "pyproject.toml": "[project]\nname = 's'\nversion = '1'\nrequires-python = '>=3.9'\n"
        "dependencies = ['fastapi']\n",
        "Dockerfile": "FROM python:3.12\n",
        "main.py": "import imp\n" + APP,
    }
    memory = Memory(dict(source))
    assert told(detect(memory, settings.load(memory, {}, {})))[::2] == (">=3.9", note)


def test_what_migrates_the_database_counts_too() -> None:
    ini = {"alembic.ini": "[alembic]\nscript_location = migrations\n", "migrations/env.py": "import imp\n"}
    revision = {"migrations/versions/a.py": "import pipes\nrevision = 'a'\ndown_revision = None\n"}
    project = "[project]\nname = 's'\nversion = '1'\nrequires-python = '>=3.9'\ndependencies = ['fastapi', 'alembic']\n"
    source = Memory({"pyproject.toml": project, "main.py": APP, **ini, **revision})
    assert told(detect(source, settings.load(source, {}, {})))[:2] == (">=3.9,<3.12", "migrations/env.py:1")
    source = Memory({"pyproject.toml": project, "main.py": APP, **ini, **revision, "migrations/env.py": ""})
    assert told(detect(source, settings.load(source, {}, {})))[:2] == (">=3.9,<3.13", "migrations/versions/a.py:1")
