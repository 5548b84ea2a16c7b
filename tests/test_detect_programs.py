"""Whether the application starts programs of its own."""

import pytest

from lading.detect import programs
from lading.detect.code import Code
from lading.source import Memory


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import os\nimport subprocess\n", 2),
        ("from subprocess import run\n", 1),
        ("import asyncio\n\nasync def f():\n    await asyncio.create_subprocess_exec('x')\n", 4),
        ("import os\nos.system('x')\n", 2),
        ("from concurrent.futures import ProcessPoolExecutor\n", 1),
        ("def late():\n    from playwright.sync_api import sync_playwright\n", 2),
    ],
)
def test_where_programs_are_started(text: str, line: int) -> None:
    fact = programs.detect(Code(Memory({"main.py": text})), {"main.py"})
    assert fact is not None
    assert (fact.value, fact.because, fact.key) == (True, f"main.py:{line}", "starts-programs")


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": "import os\nprint(os.environ)\n"},
        {"main.py": "from sh.x import y\n", "sh/x.py": "y = 1\n"},  # a module of the project's own
        {"main.py": "x = 1\n", "scripts.py": "import subprocess\n"},  # which the application does not import
    ],
    ids=["none", "own", "not reached"],
)
def test_where_none_is(files: dict[str, str]) -> None:
    assert programs.detect(Code(Memory(files)), {"main.py"}) is None
