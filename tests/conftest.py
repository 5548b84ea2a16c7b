"""`--update` rewrites the expected files: the difference in git is then what is reviewed."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from standins import Container


# What a script starts in the background ignores it, and so would every program that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


#: The files that take longest, the first of them longest: with a file a worker, what begins last must not last.
_LONG = ("test_stacks", "test_builders_agree", "test_runtime_containers", "test_service_images", "test_engines")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # whose order is what counts
        places = {name: place for place, name in enumerate(_LONG)}
        items.sort(key=lambda item: places.get(item.path.stem, len(_LONG)))


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
