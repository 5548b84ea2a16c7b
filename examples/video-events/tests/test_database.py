from pathlib import Path

import pytest
from sqlalchemy import make_url

from video_events.database import make_engine, make_folder


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_in_any_spelling_means_the_driver_that_is_installed(scheme: str) -> None:
    engine = make_engine(f"{scheme}://user:secret@db.example/clips?sslmode=require")
    assert engine.dialect.driver == "psycopg"
    assert engine.url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://user:secret@db.example/clips?sslmode=require"
    )


def test_the_folder_of_an_sqlite_file_is_made_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///:memory:", "sqlite://", "postgresql://user@db.example/a/b"):
        make_folder(make_url(url))
    assert list(tmp_path.iterdir()) == []
    make_folder(make_url("sqlite:///one/two/events.db"))
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["one", "one/two"]
