"""Every folder of tests/projects: a tiny backend, and the project that is found in it, or the whole error."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from lading import settings
from lading.detect import detect
from lading.errors import BadInput
from lading.source import Directory

PROJECTS = sorted(Path(__file__).parent.joinpath("projects").iterdir())


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_a_project_is_found_as_expected(project: Path, update: bool) -> None:
    found = said(project / "source")
    kind = "error.txt" if project.name.startswith("bad-") else "expect.json"
    if update:
        (project / kind).write_text(found)
    assert found == (project / kind).read_text()


def said(root: Path) -> str:
    source = Directory(root)
    try:
        found = detect(source, settings.load(source, {}, {}))
    except BadInput as error:
        return f"{error}\n\nhint: {error.hint}\n"
    return json.dumps(compact(found), indent=2, ensure_ascii=False) + "\n"


def compact(value: Any) -> Any:
    """`value` without the fields that are as they are when nothing is said: a new one then rewrites no expectation."""
    if isinstance(value, tuple):
        return [compact(one) for one in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
    return {field.name: compact(one) for field, one in fields if one != field.default}


def test_the_example_is_found_as_the_plan_needs_it() -> None:
    source = Directory(Path(__file__).parent.parent / "examples" / "task-list")
    found = detect(source, settings.load(source, {}, {}))
    assert (found.name.value, found.application.value.target, found.health and found.health.value) == (
        "task-list",
        "app.main:app",
        "/health",
    )
    assert found.dependencies.value.locked
