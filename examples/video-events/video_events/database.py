"""The engine. Nothing of the web is imported here: the migrations use it, too."""

from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url

from video_events import config


def make_engine(url: str | URL) -> Engine:
    """An engine for the database at `url`. PostgreSQL without a driver, in either spelling, means the one we have."""
    url = make_url(url)
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, pool_pre_ping=True)  # a server may have closed a connection that was idle


def make_folder(url: URL) -> None:
    """Make the folder of an SQLite file, so that the first migration can make the file."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


engine = make_engine(config.DATABASE_URL)
