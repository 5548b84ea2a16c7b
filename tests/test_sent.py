"""What would reach the builder → the secrets in it, by what files hold; none of their values is told."""

from pathlib import Path

import pytest

from lading import stages
from lading.checks import sent
from lading.source import Memory

KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 3
    + "-----END PRIVATE KEY-----\n"
)
TOKEN = "ghp_" + "a1B2" * 9
FILES = {
    "app/main.py": b"import os\nKEY = os.environ['KEY']\n",
    "app/config.py": f"import os\n\nTOKEN = '{TOKEN}'\n".encode(),
    "deploy/account": KEY.encode(),
    "deploy/kept.pem": KEY.encode(),
    "photo.png": b"\x89PNG\x00\xff" * 100,
    "big.txt": b"x" * 1_000_001,
    "app/.env": b"SECRET_KEY=abcdef0123456789\n",
}


def test_secrets_are_found_by_content_and_told_without_their_value() -> None:
    found = sent.leaks(Memory(FILES), ("**/*.pem", "**/.env*"))
    assert [str(leak) for leak in found] == [
        "app/config.py:3 holds a GitHub token, and would reach the builder",
        "deploy/account holds a private key, and would reach the builder",
    ]
    assert [leak.hint for leak in found] == [
        "let the code read it from the environment, and change it: it may be in the history of git",
        'leave it out with `exclude = ["deploy/account"]` under [tool.lading]',
    ]
    assert TOKEN not in repr(found)


def test_what_is_left_out_is_not_searched() -> None:
    assert sent.leaks(Memory(FILES), ("**",)) == ()
    assert [leak.path for leak in sent.leaks(Memory(FILES), ("**/*.pem", "app"))] == ["deploy/account"]


def test_our_builders_leave_a_key_out_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lading.build import native

    for path, text in {
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "requirements.txt": "fastapi\n",
        "account": KEY,
    }.items():
        (tmp_path / path).write_text(text)
    built: list[set[str]] = []
    said: list[str] = []

    def build(_plan: object, source: Memory, **_: object) -> None:
        built.append(set(source.files))

    monkeypatch.setattr(native, "build", build)
    stage = stages.start(tmp_path, {"cache": str(tmp_path / "cache"), "mirror": "http://127.0.0.1:9/debian"})
    stages.build(stage, progress=said.append)
    assert built == [{"main.py", "requirements.txt"}]
    assert said == ["left out account: it holds a private key"]
