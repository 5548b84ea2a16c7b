"""A Dockerfile that stands elsewhere, and a repository that is sent as a whole for the backend in one folder of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from values import PROJECT

from lading import ignore, plan, render, settings, stages
from lading.build import docker
from lading.detect import detect
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


# ── where it stands already ──────────────────────────────────────────────────────────────────────────────────────────

IMAGE = 'FROM python:3.12\nWORKDIR /app\nCOPY {0} .\nCMD ["uvicorn", "main:app"]\n'
MAIN = "from fastapi import FastAPI\napp = FastAPI()\n"
ROOT = {"main.py": MAIN, "requirements.txt": "fastapi\nuvicorn\n"}
INSIDE = {f"backend/{path}": text for path, text in ROOT.items()}
COMPOSE = "services:\n  api:\n    build:\n      context: {0}\n      dockerfile: {1}\n"
FRONT = "FROM nginx:alpine\nCOPY frontend /usr/share/nginx/html\n"


def told(files: dict[str, str]) -> tuple[str, str, str] | None:
    """The Dockerfile's path, the backend's own folder, and what told us."""
    source = Memory(files)
    found = detect(source, settings.load(source, {}, {})).layout
    return (found.value.dockerfile, found.value.code, found.because) if found else None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (ROOT, None),
        ({**ROOT, "Dockerfile": IMAGE.format(".")}, None),
        ({**ROOT, "docker/Dockerfile": IMAGE.format(".")}, ("docker/Dockerfile", ".", "docker/Dockerfile:3")),
        ({**ROOT, ".docker/Dockerfile": IMAGE.format(".")}, (".docker/Dockerfile", ".", ".docker/Dockerfile:3")),
        ({**ROOT, "deploy/api/Dockerfile": IMAGE.format("main.py")},
         ("deploy/api/Dockerfile", ".", "deploy/api/Dockerfile:3")),
        # Built from its own folder: what it copies is not there, seen from the root.
        ({**ROOT, "docker/Dockerfile": IMAGE.format("entry.sh"), "docker/entry.sh": ""}, None),
        ({**ROOT, "docker/Dockerfile": FRONT, "frontend/a.html": ""}, None),
        # One in the backend's own folder is the one, where no compose file says otherwise.
        ({**ROOT, "Dockerfile": IMAGE.format("."), "docker/Dockerfile": IMAGE.format(".")}, None),
        ({**ROOT, "Dockerfile": IMAGE.format("."), "docker/Dockerfile": IMAGE.format("."),
          "compose.yaml": COMPOSE.format(".", "docker/Dockerfile")}, ("docker/Dockerfile", ".", "compose.yaml:5")),
        ({**ROOT, "Dockerfile": IMAGE.format("."), "docker/Dockerfile": IMAGE.format("."),
          "compose.yaml": "services:\n  api:\n    build: .\n"}, None),
        ({**INSIDE, "docker/backend/Dockerfile": IMAGE.format("backend"), "docker/frontend/Dockerfile": FRONT,
          "frontend/a.html": ""}, ("docker/backend/Dockerfile", "backend", "docker/backend/Dockerfile:3")),
        # Everything that is in the root, or in the backend's folder: nothing says which.
        ({**INSIDE, "docker/backend/Dockerfile": IMAGE.format(".")}, None),
        ({**INSIDE, "docker/a/Dockerfile": IMAGE.format("backend"),
          "deploy/compose.yml": COMPOSE.format("..", "docker/a/Dockerfile")},
         ("docker/a/Dockerfile", "backend", "deploy/compose.yml:5")),
        ({**INSIDE, "backend/docker/Dockerfile": IMAGE.format("."),
          "compose.yaml": COMPOSE.format("./backend", "docker/Dockerfile")},
         ("docker/Dockerfile", ".", "compose.yaml:5")),
        # One for developing is passed over where the other stands beside it.
        ({**ROOT, "Dockerfile": IMAGE.format("."), "DockerfileDev": IMAGE.format("."),
          "compose.yaml": COMPOSE.format(".", "DockerfileDev")}, None),
        ({**ROOT, "Dockerfile.dev": IMAGE.format("."), "compose.yaml": COMPOSE.format(".", "Dockerfile.dev")},
         ("Dockerfile.dev", ".", "compose.yaml:5")),
        # The worker's is passed over; a compose file for tests is not asked.
        ({**ROOT, "docker/a-worker/Dockerfile": IMAGE.format(".").replace("uvicorn", "celery"),
          "docker/b-api/Dockerfile": IMAGE.format(".")}, ("docker/b-api/Dockerfile", ".", "docker/b-api/Dockerfile:3")),
        ({**ROOT, "docker/Dockerfile": IMAGE.format("."), "Dockerfile": IMAGE.format("."),
          "docker-compose.test.yml": COMPOSE.format(".", "docker/Dockerfile")}, None),
    ],
)  # fmt: skip
def test_a_dockerfile_that_stands_elsewhere_is_found(
    files: dict[str, str], expected: tuple[str, str, str] | None
) -> None:
    assert told(files) == expected


def test_init_writes_where_the_dockerfile_stands_and_keeps_what_somebody_wrote(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lading.cli import main

    (repository / "lading.toml").unlink()
    theirs = repository / "docker" / "backend" / "Dockerfile"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(IMAGE.format("backend"))
    assert main(["init", str(repository)]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = {path: state for state, path in (line.split() for line in lines if not line.startswith(" "))}
    assert "lading did not write it: it is kept, `--force` replaces it" in map(str.strip, lines)
    assert (said["docker/backend/Dockerfile"], said["docker/backend/Dockerfile.dockerignore"]) == ("foreign", "new")
    assert theirs.read_text() == IMAGE.format("backend")
    assert not (repository / "Dockerfile").exists()
    assert not (repository / "backend" / "Dockerfile").exists()
    assert main(["init", str(repository), "--force"]) == 0
    written = theirs.read_text()
    assert "\nCOPY backend /app\n" in written
    # What was written says the same again, and a setting still says otherwise.
    stage = stages.start(repository, {})
    path, _, line = stage.plan.because["layout"].partition(":")
    assert (stage.plan.layout, path) == (INNER.layout, "compose.yaml")
    assert (repository / path).read_text().splitlines()[int(line) - 1] == "      dockerfile: docker/backend/Dockerfile"
    assert {one.state for one in render.drift.compare_source(stage.plan, stage.context)} == {"same"}
    assert stages.start(repository, {"dockerfile": "Dockerfile"}).plan.layout.dockerfile == "Dockerfile"


# ── where somebody put ours ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", ["docker/Dockerfile", "build/image/Dockerfile", "api.Dockerfile"])
def test_a_dockerfile_of_ours_that_was_only_moved_keeps_its_place(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lading.cli import main

    for path, text in ROOT.items():
        (tmp_path / path).write_text(text)
    assert main(["init", str(tmp_path)]) == 0
    before = stages.start(tmp_path, {})
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "Dockerfile").rename(tmp_path / place)
    after = stages.start(tmp_path, {})
    assert (after.plan.layout, after.plan.because["layout"]) == (Layout(dockerfile=place), f"{place}:1")
    assert replace(after.plan, layout=Layout(), because={}) == replace(before.plan, because={})  # it is no evidence
    capsys.readouterr()
    assert main(["init", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"update    {place}" in said
    assert f"new       {place}.dockerignore" in said
    assert not any(line.startswith(("foreign", "left", "conflict")) for line in said)
    assert not (tmp_path / "Dockerfile").exists()
    assert f"dockerfile: {place}\n" in (tmp_path / "compose.yaml").read_text()
    assert main(["init", str(tmp_path), "--check"]) == 0


def test_one_that_was_moved_in_a_repository_is_still_of_its_backend(repository: Path) -> None:
    from lading.cli import main

    assert main(["init", str(repository)]) == 0
    (repository / "lading.toml").unlink()
    (repository / "image").mkdir()
    (repository / "docker/backend/Dockerfile").rename(repository / "image/Dockerfile")
    assert stages.start(repository, {}).plan.layout == Layout(dockerfile="image/Dockerfile", code="backend")


def test_one_that_was_moved_and_edited_is_theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lading.cli import main

    for path, text in ROOT.items():
        (tmp_path / path).write_text(text)
    assert main(["init", str(tmp_path)]) == 0
    ours = (tmp_path / "Dockerfile").read_text()
    (tmp_path / "Dockerfile").unlink()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/Dockerfile").write_text(ours.replace("EXPOSE 8000", "EXPOSE 80"))
    capsys.readouterr()
    assert main(["init", str(tmp_path)]) == 0
    assert "foreign   docker/Dockerfile" in capsys.readouterr().out.splitlines()
    assert "EXPOSE 80\n" in (tmp_path / "docker/Dockerfile").read_text()


@pytest.mark.parametrize("place", ["Dockerfile.bak", "Dockerfile.orig", "old/Dockerfile~"])
def test_one_that_was_put_aside_is_left_alone(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lading.cli import main

    for path, text in ROOT.items():
        (tmp_path / path).write_text(text)
    assert main(["init", str(tmp_path)]) == 0
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / "Dockerfile").rename(tmp_path / place)
    aside = (tmp_path / place).read_text()
    capsys.readouterr()
    assert main(["init", str(tmp_path), "--port", "9001"]) == 0
    assert "new       Dockerfile\n" in capsys.readouterr().out
    assert (tmp_path / place).read_text() == aside
