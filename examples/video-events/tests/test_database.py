import pytest

from video_events.database import make_engine


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_in_any_spelling_means_the_driver_that_is_installed(scheme: str) -> None:
    engine = make_engine(f"{scheme}://user:secret@db.example/clips?sslmode=require")
    assert engine.dialect.driver == "psycopg"
    assert engine.url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://user:secret@db.example/clips?sslmode=require"
    )
