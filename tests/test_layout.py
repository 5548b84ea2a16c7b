"""A Dockerfile that stands elsewhere, and a repository that is sent as a whole for the backend in one folder of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from values import PROJECT

from lading import ignore, plan, render, settings, stages
from lading.build import docker
from lading.errors import BadInput
from lading.model import Layout
from lading.source import Memory

PLAN = plan.make(PROJECT, settings.load(Memory({}), {}, {}))
INNER = replace(PLAN, layout=Layout(dockerfile="docker/backend/Dockerfile", code="backend"))
FILES = {
    "backend/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "backend/requirements.txt": "fastapi\nuvicorn\n",
    "backend/.env": "A=1\n",
    "backend/tests/test_main.py": "",
    "frontend/package.json": "{}",
    "lading.toml": 'dockerfile = "docker/backend/Dockerfile"\n',
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_ignore_file_stands_where_each_builder_reads_it() -> None:
    files = render.files(INNER)
    assert files["docker/backend/Dockerfile.dockerignore"] == files[".dockerignore"]
    assert "Dockerfile" not in files
    assert [path for path in render.files(PLAN) if path.endswith("ignore")] == [".dockerignore"]


def test_of_the_whole_only_the_backend_is_sent() -> None:
    ignored = ignore.matcher(ignore.parse(render.files(INNER)[".dockerignore"]))
    sent = [path for path in (*FILES, ".lading/launch/roles", ".secrets/x", "main.py") if not ignored(path)]
    assert sent == ["backend/main.py", "backend/requirements.txt", ".lading/launch/roles"]


def test_the_patterns_can_be_read_back() -> None:
    patterns = ("docs", "**/*.md", "!**/templates/**/*.md", "/data")
    assert tuple(render.layout.anchored(INNER, patterns)) == (
        "backend/docs", "backend/**/*.md", "!backend/**/templates/**/*.md", "backend/data",
    )  # fmt: skip
    assert render.layout.inner(INNER, ("*", "!backend", "backend/docs", "!backend/**/a.md", "!.lading/x")) == (
        "docs",
        "!**/a.md",
        "!.lading/x",
    )
    assert render.layout.inner(PLAN, patterns) == tuple(render.layout.anchored(PLAN, patterns)) == patterns


def test_every_file_names_its_own_place() -> None:
    files = render.files(INNER)
    assert (
        "--mount=type=bind,source=backend/requirements.txt,target=/build/requirements.txt"
        in files["docker/backend/Dockerfile"]
    )
    assert "\nCOPY backend /app\n" in files["docker/backend/Dockerfile"]
    assert "docker build --target dev --file docker/backend/Dockerfile ." in files["docker/backend/Dockerfile"]
    assert "      context: .\n      dockerfile: docker/backend/Dockerfile\n" in files["compose.yaml"]
    assert (
        '      - "./backend:/app"\n' in files["compose.override.yaml"]
        or "./backend:/app" in files["compose.override.yaml"]
    )


def test_said_for_the_repository_it_is_of_the_repository(repository: Path) -> None:
    stage = stages.start(repository, {})
    assert stage.plan.layout == INNER.layout
    assert stage.root == repository.resolve()
    assert "frontend/package.json" in stage.context.files
    assert "main.py" in stage.source.files


def test_said_for_the_backend_it_is_of_the_backend(repository: Path) -> None:
    (repository / "lading.toml").rename(repository / "backend" / "lading.toml")
    stage = stages.start(repository, {})
    assert stage.plan.layout == Layout(dockerfile="docker/backend/Dockerfile")
    assert stage.root == repository.resolve() / "backend"
    assert stage.context is stage.source


def test_docker_is_sent_what_it_needs(repository: Path) -> None:
    stage = stages.start(repository, {})
    sent = docker.context(stage.plan, stage.context, stages.files(stage))
    for path in ("docker/backend/Dockerfile", "backend/main.py", ".lading/launch/roles"):
        assert path.encode() in sent
    assert b"package.json" not in sent
    asked = docker.build_command("docker", context=sent, identifier=repository / "id", file="docker/backend/Dockerfile")
    assert asked.argv[-3:] == ("--file", "docker/backend/Dockerfile", "-")


@pytest.mark.parametrize("path", ["/Dockerfile", "../Dockerfile", "docker/", "."])
def test_a_place_outside_is_refused(path: str, repository: Path) -> None:
    with pytest.raises(BadInput) as error:
        stages.start(repository, {"dockerfile": path})
    assert error.value.message == f"`dockerfile` must be the path of a file below the project, not `{path}`"
    assert error.value.hint == "such as `docker/backend/Dockerfile`"
