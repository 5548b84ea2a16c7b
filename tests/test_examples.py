"""The examples: `lading init` on each without our files gives, byte for byte, the files that are committed with it."""

import json
import shutil
from pathlib import Path

import pytest

from lading import render, stages

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("task-list", "video-events", "sdlc-lens", "todo-api", "reading-app")


@pytest.mark.parametrize("name", NAMES)
def test_init_writes_what_is_committed(name: str, tmp_path: Path, update: bool) -> None:
    committed = EXAMPLES / name
    copy = tmp_path / name
    skipped = shutil.ignore_patterns(".venv", "__pycache__", ".pytest_cache", ".secrets", "data", "*.db")
    shutil.copytree(committed, copy, ignore=skipped)
    (record,) = copy.rglob("written.json") if not update else [*copy.rglob("written.json"), None][:1]
    if record is not None:
        for path in json.loads(record.read_text()):
            (record.parent.parent / path).unlink()
        record.unlink()
    stage = stages.start(copy, {})
    inner = stage.root.relative_to(copy.resolve())
    wanted = {one.path: one.wanted for one in render.drift.compare_source(stage.plan, stage.context)}
    if update:
        for path, text in wanted.items():
            (committed / inner / path).parent.mkdir(parents=True, exist_ok=True)
            (committed / inner / path).write_text(text)
    there = {path: (committed / inner / path).read_bytes() for path in wanted if (committed / inner / path).exists()}
    assert there == {path: text.encode() for path, text in wanted.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_changes_nothing(name: str) -> None:
    stage = stages.start(EXAMPLES / name, {})
    assert {one.state for one in render.drift.compare_source(stage.plan, stage.context)} == {"same"}
