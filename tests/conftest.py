"""`--update` rewrites the expected files: the difference in git is then what is reviewed."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from standins import Container


# What a script starts in the background ignores it, and so would every program that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected files of tests/projects")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture
def container(tmp_path: Path) -> "Container":
    """A folder in a container's place, for the launcher."""
    from standins import Container

    return Container(tmp_path)
