"""A client of the application, over a folder of documents and a database made by the migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient

from sdlc_lens.main import create_app

ROOT = Path(__file__).parent.parent

TREE = {
    "epics/EP0006-deployment.md": "# EP0006: Deployment\n\n> **Status:** In Progress\n\n## Goal\n\nShip it anywhere.\n",
    "stories/US0003-health.md": "# US0003: Health route\n\n> **Status:** Done\n> **Epic:** EP0006\n\n## Why\n\nAlive?",
    "stories/US0024-image.md": (
        "# US0024: Backend image\n\n> **Status:** Draft\n> **Epic:** [EP0006: Deployment](../epics/EP0006.md)\n"
        "> **Depends on:** US0003, US0007\n\n## Story\n\nAn image with migrations that run first.\n"
    ),
    "plans/PL0024-image.md": "# PL0024: Backend image\n\n> **Status:** Draft\n> **Story:** US0024\n\n## How\n\n100%\n",
    "notes.md": "Not a document: no heading.\n",
}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    write(folder, TREE)
    return folder


@pytest.fixture
def config(tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Alembic's configuration; the environment leads it and the application to a new database."""
    monkeypatch.setenv("SDLC_LENS_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'data' / 'lens.db'}")
    monkeypatch.setenv("SDLC_LENS_DOCUMENTS", str(documents))
    return Config(ROOT / "alembic.ini")


@pytest.fixture
def client(config: Config) -> Iterator[TestClient]:
    command.upgrade(config, "head")
    with TestClient(create_app()) as client:
        yield client


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
