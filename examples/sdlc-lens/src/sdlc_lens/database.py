"""The engine. Nothing of the web is imported here: the migrations use it, too."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def make_engine(url: str) -> AsyncEngine:
    """An engine for the database at `url`, which nothing has connected to yet."""
    return create_async_engine(url)


def make_folder(url: str) -> None:
    """Make the folder of an SQLite file, so that the first migration can make the file."""
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
