"""`lading up`, `down` and `logs`: what they ask of Compose, without one."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import lading.cli

MAIN = 'import os\nfrom fastapi import FastAPI\nKEY = os.environ["SECRET_KEY"]\napp = FastAPI()\n'
Lading = Callable[..., tuple[int, str, str]]


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    folder = tmp_path / "backend"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "requirements.txt").write_text("fastapi\nuvicorn\n")
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lading:
    for name in [name for name in os.environ if name.startswith("LADING_")]:
        monkeypatch.delenv(name)

    def lading_(*argv: object) -> tuple[int, str, str]:
        status = lading.cli.main([str(word) for word in argv])
        said = capfd.readouterr()
        return status, said.out, said.err

    return lading_


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], Path]:
    """Programs of these names, the only ones on the PATH; each call of one is a line of the file that is returned."""

    def make(scripts: Mapping[str, str]) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, script in scripts.items():
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/calls\n{script}\n')
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return tmp_path / "calls"

    return make


PORT = 'case "$*" in *port*) echo 127.0.0.1:8000;; *up*) echo building;; esac'
NOT = 'case "$*" in *version*) exit 1;; esac'


def calls(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "version" not in line]


def test_up_starts_production_waits_and_says_where(
    backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]
) -> None:
    asked = programs({"docker": PORT})
    run("init", backend)
    assert run("up", backend)[:2] == (0, "http://127.0.0.1:8000\n")
    assert calls(asked) == [
        "docker compose --file compose.yaml up --detach --build --remove-orphans --wait",
        "docker compose --file compose.yaml port api 8000",
    ]


def test_up_dev_adds_the_override_and_makes_the_secrets_of_a_fresh_clone(
    backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]
) -> None:
    asked = programs({"docker": PORT})
    run("init", backend)
    (backend / ".secrets/secret_key").unlink()
    _, _, err = run("up", backend, "--dev")
    assert re.search(r"made \.secrets/secret_key$", err, re.MULTILINE)
    assert (backend / ".secrets/secret_key").is_file()
    both = "--file compose.yaml --file compose.override.yaml"
    assert calls(asked)[0] == f"docker compose {both} up --detach --build --remove-orphans --wait"


def test_down_and_logs(backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]) -> None:
    asked = programs({"docker": PORT})
    run("init", backend)
    assert run("down", backend)[0] == run("down", backend, "--volumes")[0] == 0
    assert run("logs", backend, "api", "--follow", "--tail", "5")[0] == 0
    both = "docker compose --file compose.yaml --file compose.override.yaml"
    assert calls(asked) == [
        f"{both} down --remove-orphans",
        f"{both} down --remove-orphans --volumes",
        f"{both} logs --tail 5 --follow api",
    ]


def test_docker_compose_1_is_used_where_there_is_no_other(
    backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]
) -> None:
    asked = programs({"docker": NOT, "docker-compose": PORT})
    run("init", backend)
    assert run("up", backend)[0] == 0
    assert calls(asked)[0] == "docker-compose --file compose.yaml up --detach --build --remove-orphans"


def test_what_stops_it_is_told(backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]) -> None:
    assert run("up", backend) == (
        2, "", f"error: {backend}: there is no compose.yaml\n\nhint: write it with `lading init`\n",
    )  # fmt: skip
    run("init", backend)
    programs({"docker": NOT})
    assert run("logs", backend) == (
        3, "", "error: there is no Docker Compose on the PATH\n\nhint: install the package docker-compose-plugin\n",
    )  # fmt: skip


def test_a_stack_that_does_not_come_up_is_an_error(
    backend: Path, run: Lading, programs: Callable[[Mapping[str, str]], Path]
) -> None:
    run("init", backend)
    programs({"docker": 'case "$*" in *up*) echo broken >&2; exit 1;; esac'})
    status, out, err = run("up", backend)
    assert (status, out) == (3, "")
    assert err.endswith("broken\nerror: the stack did not come up\n\nhint: `lading logs` shows what it said\n")
