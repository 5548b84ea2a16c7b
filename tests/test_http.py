"""What is asked again, and what is not."""

import socket
import time
import urllib.error
from pathlib import Path

import pytest

from lading import http
from lading.errors import Outside


@pytest.mark.parametrize(("number", "asked"), [(socket.EAI_AGAIN, 3), (socket.EAI_NONAME, 1)])
def test_a_name_that_does_not_resolve_for_now_is_asked_for_again(
    number: int, asked: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[str] = []

    def opened(url: str, _headers: object) -> None:
        calls.append(url)
        raise urllib.error.URLError(socket.gaierror(number, "no such luck"))

    monkeypatch.setattr(http, "_open", opened)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(Outside, match=r"`https://mirror/x` cannot be reached: no such luck"):
        http.get("https://mirror/x")
    assert len(calls) == asked
    with pytest.raises(Outside):
        http.download("https://mirror/x", tmp_path / "x", sha256="0")
    assert len(calls) == 2 * asked
    assert list(tmp_path.iterdir()) == []
