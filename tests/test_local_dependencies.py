"""Folders that a backend depends on, through Docker: what `lading init` writes builds, and the image imports them."""

import json
import shutil
from pathlib import Path

import pytest
from agreement import made, removed
from containers import container, until

from lading import ignore, render, settings, stages
from lading.build import lock
from lading.dependencies import local
from lading.detect import detect
from lading.errors import BadInput
from lading.source import Memory

PROJECTS = Path(__file__).parent / "projects"


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(PROJECTS / name / "source", folder / "lading-test-local"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("-e ./libs/x", "libs/x"),
        ("-e libs/x", "libs/x"),
        ("-e lib", "lib"),
        ("./libs/x[extra] ; python_version > '3'", "libs/x"),
        ("libs/x", "libs/x"),
        ("x @ file:../../libs/x", "../../libs/x"),
        ("x[a,b] @ file:x-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl"),
        ("-e .[dev]", "."),
        (".", "."),
        ("..", ".."),
        ("fastapi[all]>=0.1", None),
        ("x @ https://example.org/x.whl", None),
        ("-e git+https://example.org/x.git#egg=x", None),
        ("git+ssh://git@example.org/x.git", None),
        ("--extra-index-url https://example.org/simple", None),
        ("-c ../constraints.txt", None),
    ],
)
def test_a_requirement_is_a_folder_or_not(text: str, place: str | None) -> None:
    assert local.place(text) == place


def test_the_folders_outside_are_sent_and_nothing_else_is(tmp_path: Path) -> None:
    root = copied("local-uv-workspace", tmp_path)
    (root / "libs" / "prices" / ".env").write_text("TOKEN=never")
    (root / "libs" / "other.py").write_text("")
    stage = stages.start(root, {})
    assert (stage.plan.layout.dockerfile, stage.plan.layout.code) == ("services/orders/Dockerfile", "services/orders")
    files = render.files(stage.plan)
    assert files["services/orders/Dockerfile.dockerignore"] == files[".dockerignore"]
    ignored = ignore.matcher(ignore.parse(files[".dockerignore"]))
    assert [path for path in stage.context.files if not ignored(path)] == [
        "libs/money/pyproject.toml", "libs/money/src/money/__init__.py", "libs/prices/README.md",
        "libs/prices/pyproject.toml", "libs/prices/src/prices/__init__.py", "libs/prices/src/prices/note.txt",
        "services/orders/orders/main.py", "services/orders/pyproject.toml",
    ]  # fmt: skip


def test_from_inside_the_backend_the_folder_around_it_is_asked_for(tmp_path: Path) -> None:
    root = copied("local-poetry-path", tmp_path)
    with pytest.raises(BadInput) as caught:
        stages.start(root / "backend", {})
    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "depends on `../greeting`, which is outside of the folder that was given", "pyproject.toml:8",
        "give the folder around both, and say which backend with `--service`",
    )  # fmt: skip


def test_what_a_folder_needs_is_found_however_deep_and_once() -> None:
    source = Memory(
        {
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "requirements.txt": "fastapi\n./a\n",
            "a/pyproject.toml": '[project]\nname = "a"\ndependencies = ["b", "one"]\n'
            '[tool.uv.sources]\nb = { path = "../b" }\n',
            "b/pyproject.toml": '[project]\nname = "b"\ndependencies = ["a", "two"]\n'
            '[tool.uv.sources]\na = { path = "../a" }\n',
        }
    )
    found = detect(source, settings.load(source, {}, {})).dependencies.value
    assert (found.local, found.pinned) == (("a", "b"), ("fastapi", "two", "one"))


def test_our_own_builder_says_why_it_cannot_and_what_can(tmp_path: Path) -> None:
    stage = stages.start(copied("local-requirements-editable", tmp_path), {})
    with pytest.raises(BadInput) as caught:
        lock.resolve(stage.plan, stage.source, platform="linux/amd64", store=tmp_path, progress=print)
    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "`libs/units` is no wheel of a package index, and the native builder runs no build back end, because that "
        "would run foreign code on this machine",
        "requirements.txt",
        "build with `--builder docker`, which runs it in a container, or depend on a published version",
    )


@pytest.mark.engine
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("local-uv-workspace", {"price": "12 EUR", "note": "plus tax"}),
        ("local-poetry-path", {"said": "hello"}),
        ("local-requirements-editable", {"metres": 3.048}),
        ("local-itself", {"version": "1.4"}),
    ],
)
def test_the_image_imports_what_the_folder_holds(name: str, answer: object, tmp_path: Path) -> None:
    root = copied(name, tmp_path)
    stage = stages.start(root, {})
    for path, text in render.files(stage.plan).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    tag = f"lading-test-{name}"
    made(root, "--file", stage.plan.layout.dockerfile, tag=tag)
    try:
        with container(tag) as one:
            ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/health').read().decode())"
            assert json.loads(until(lambda: one.ask("python", "-c", ask))) == answer
    finally:
        removed()
