import pytest
from pydantic import ValidationError

from sdlc_lens.config import Settings


@pytest.mark.parametrize("level", ["info", "INFO", "Info"])
def test_a_log_level_is_known_in_either_case(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDLC_LENS_LOG_LEVEL", level)
    assert Settings().log_level == "INFO"


@pytest.mark.parametrize(
    ("name", "value"),
    [("SDLC_LENS_LOG_LEVEL", "loud"), ("SDLC_LENS_PORT", "0"), ("SDLC_LENS_PORT", "http")],
)
def test_a_value_that_cannot_be_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_the_variables_have_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("SDLC_LENS_PORT", "9000")
    monkeypatch.setenv("SDLC_LENS_HOST", "::1")
    assert (Settings().port, Settings().host) == (9000, "::1")
