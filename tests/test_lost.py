"""What `lading init` wrote is no evidence, and what it replaces is told where nothing else says it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_projects import PROJECTS

from lading import plan, render, settings, stages, written
from lading.cli import main
from lading.detect import detect
from lading.errors import BadInput
from lading.render import drift
from lading.source import Memory

PROJECT = Path(__file__).parent / "projects"

GOOD = [path.name for path in PROJECTS if not path.name.startswith("bad-")]


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_a_plan_is_the_same_after_init(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(PROJECT / name / "source", folder)
    try:
        before = stages.start(folder, {}).plan
    except BadInput:
        assert name == "alembic"  # with two heads
        return
    assert main(["init", str(folder)]) == 0
    after = stages.start(folder, {}).plan
    assert plan.dump(replace(after, because={})) == plan.dump(replace(before, because={}))


REQUIREMENTS = "fastapi\nuvicorn\n"
APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /code
COPY . .
RUN apt-get update && apt-get install -y tesseract-ocr
EXPOSE 80
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80", "--workers", "3"]
"""


def test_what_was_replaced_is_told_and_said_again_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in (("requirements.txt", REQUIREMENTS), ("main.py", APP), ("Dockerfile", DOCKERFILE)):
        (folder / name).write_text(text)
    before = stages.start(folder, {}).plan
    assert main(["init", str(folder)]) == 0
    assert "warning" not in capsys.readouterr().err
    assert main(["init", str(folder), "--force"]) == 0
    said = capsys.readouterr().err
    lines = said.partition("[tool.lading]\n")[2].splitlines()
    assert [line.strip() for line in lines] == [
        'python-image = "python:3.11-slim"',
        "server-workers = 3",
        'packages = ["tesseract-ocr"]',
    ]
    (folder / "lading.toml").write_text("\n".join(line.strip() for line in lines))
    after = stages.start(folder, {}).plan
    assert (after.base.image, after.server, after.port) == (before.base.image, before.server, before.port)
    assert sorted(after.base.packages) == sorted(before.base.packages)
    assert main(["init", str(folder), "--force"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_of_several_backends_what_the_ones_dockerfile_said_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for file, text in (("requirements.txt", REQUIREMENTS), ("main.py", APP), ("Dockerfile", DOCKERFILE)):
            (tmp_path / name / file).write_text(text)
    assert main(["init", str(tmp_path), "--service", "b", "--force"]) == 0
    said = capsys.readouterr().err
    assert "server-workers = 3" in said
    assert 'packages = ["tesseract-ocr"]' in said
    assert (tmp_path / "a" / "Dockerfile").read_text() == DOCKERFILE
    # From above and from within the same is seen, and none of it is ours.
    whole, inner = stages.inspect(tmp_path, {"service": "b"}), stages.inspect(tmp_path / "b", {})
    assert (whole.interpreter, whole.system, whole.listens) == (inner.interpreter, inner.system, inner.listens)
    assert (whole.interpreter, whole.system) == (None, ())


def test_what_a_setting_says_already_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file, text in (("requirements.txt", REQUIREMENTS), ("main.py", APP), ("Dockerfile", DOCKERFILE)):
        (tmp_path / file).write_text(text)
    (tmp_path / "lading.toml").write_text('python-image = "python:3.12-slim"\nserver-workers = 2\n')
    assert main(["init", str(tmp_path), "--force"]) == 0
    said = capsys.readouterr().err
    assert ("python-image" in said, "server-workers" in said, "tesseract-ocr" in said) == (False, False, True)


def test_what_was_edited_counts_again() -> None:
    tree: dict[str, str | bytes] = {"requirements.txt": REQUIREMENTS, "main.py": APP}
    made = plan.make(detect(Memory(tree), settings.load(Memory(tree), {}, {})), settings.load(Memory(tree), {}, {}))
    wanted = render.files(made)
    record = drift.compare(wanted, {}, {})[-1].wanted
    tree |= {**wanted, written.RECORD: record}
    assert set(written.without(Memory(tree)).files) == {"requirements.txt", "main.py"}
    tree["compose.yaml"] = f"{wanted['compose.yaml']}# mine\n"
    assert set(written.without(Memory(tree)).files) == {"requirements.txt", "main.py", "compose.yaml"}


@pytest.mark.parametrize("record", ["{", "[]", '{"main.py": 1}', '{"../main.py": "x"}', b"\xff"])
def test_a_record_that_is_none_hides_nothing(record: str | bytes) -> None:
    tree = Memory({"main.py": APP, written.RECORD: record})
    assert set(written.without(tree).files) == {"main.py"}


def test_which_backend_a_flag_said_no_file_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("api", "admin"):
        (tmp_path / folder).mkdir()
        (tmp_path / "docker" / folder).mkdir(parents=True)
        (tmp_path / folder / "main.py").write_text(APP)
        (tmp_path / folder / "requirements.txt").write_text(REQUIREMENTS)
        text = f"FROM python:3.12-slim\nCOPY {folder}/ .\nCMD uvicorn main:app\n"
        (tmp_path / "docker" / folder / "Dockerfile").write_text(text)
    assert main(["init", str(tmp_path), "--service", "api", "--force"]) == 0
    assert "service" not in capsys.readouterr().err
