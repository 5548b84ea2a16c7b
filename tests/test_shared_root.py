"""Several backends of one repository whose root the builder is sent: each has files of its own, and no other's."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lading import checks, stages, written
from lading.build import docker
from lading.checks import composition
from lading.cli import main
from lading.detect import services
from lading.errors import BadInput
from lading.model import Layout
from lading.render import drift
from lading.source import Directory, Memory

MAIN = """
import os
from fastapi import FastAPI
from common import greet

app = FastAPI()
KEY, URL = os.environ["SECRET_KEY"], os.environ["DATABASE_URL"]


@app.get("/health")
def health() -> str:
    return greet()
"""
MANIFEST = """
[project]
name = "{0}"
version = "1"
dependencies = ["fastapi", "uvicorn", "psycopg", "common"]

[tool.uv.sources]
common = {{ path = "../../libs/common" }}
"""
LIBRARY = """
[project]
name = "common"
version = "1"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
API = {"services/api/main.py": MAIN, "services/api/pyproject.toml": MANIFEST.format("api")}
ADMIN = {path.replace("api", "admin"): text.replace('"api"', '"admin"') for path, text in API.items()}
COMMON = {"libs/common/pyproject.toml": LIBRARY, "libs/common/common.py": "def greet() -> str:\n    return 'hi'\n"}

Init = Callable[..., dict[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, {**API, **ADMIN, **COMMON})
    return tmp_path


def put(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def texts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def init(folder: Path, capsys: pytest.CaptureFixture[str]) -> Init:
    """`lading init` of one backend: what became of each file."""

    def run(service: str, *flags: str) -> dict[str, str]:
        assert main(["init", str(folder), "--service", service, "--json", *flags]) == 0
        return {row["path"]: row["state"] for row in json.loads(capsys.readouterr().out)}

    return run


def test_each_has_files_of_its_own(folder: Path, init: Init) -> None:
    api, admin = init("api"), init("admin")
    assert {*api.values(), *admin.values()} == {"new"}
    assert {path.partition("/")[0] + "/" + path.split("/")[1] for path in api} == {"services/api"}
    assert {path.replace("services/api/", "services/admin/", 1) for path in api} == {*admin}
    both = texts(folder)
    assert {path for path in both if not path.startswith(("services/", "libs/"))} == set()
    assert (folder / "services/api/.secrets/secret_key").read_text() != (
        folder / "services/admin/.secrets/secret_key"
    ).read_text()
    for service in ("api", "admin", "api"):
        assert set(init(service, "--check").values()) == set(init(service).values()) == {"same"}
    assert texts(folder) == both


def test_each_file_names_what_is_its_own(folder: Path, init: Init) -> None:
    init("api")
    dockerfile = (folder / "services/api/Dockerfile").read_text()
    assert "COPY --chmod=644 services/api/.lading/launch.json /opt/lading/launch.json\n" in dockerfile
    assert "source=services/api/.lading/launch,target" in dockerfile
    assert "source=services/api/.lading/requirements.txt,target=/build/.lading/requirements.txt" in dockerfile
    assert (
        "      context: ../..\n      dockerfile: services/api/Dockerfile\n"
        in (folder / "services/api/compose.yaml").read_text()
    )
    assert '".:/app"' in (folder / "services/api/compose.override.yaml").read_text().replace("- .:/app", '".:/app"')
    guide = (folder / "services/api/DOCKER.md").read_text()
    assert "\nlading init ../.. --service services/api" in guide
    assert "fewer words,\neach with `../.. --service services/api`." in guide


def test_docker_is_sent_what_the_one_needs(folder: Path, init: Init) -> None:
    init("api")
    init("admin")
    stage = stages.start(folder, {"service": "api"})
    assert stage.home == folder.resolve() / "services" / "api"
    sent = docker.context(stage.plan, stage.context, stages.files(stage))
    for path in ("services/api/Dockerfile", "services/api/main.py", "services/api/.lading/launch/roles", "libs/common"):
        assert path.encode() in sent
    for path in ("services/admin", "compose.yaml", ".secrets", "written.json"):
        assert path.encode() not in sent.replace(stages.files(stage)["services/api/Dockerfile"].encode(), b"")


def test_what_was_written_is_judged_well(folder: Path, init: Init) -> None:
    init("api")
    init("admin")
    stage = stages.start(folder, {"service": "admin"})
    rendered = stages.files(stage)
    evidence = checks.Evidence(
        project=stage.project,
        plan=stage.plan,
        dockerfile=rendered[stage.plan.layout.dockerfile],
        ignore=None,
        tree=tuple(stage.source.files),
        context=tuple(stage.context.files),
        files=checks.around.texts(stage.context, rendered, home=stage.plan.layout.home),
        image=None,
        contents=None,
        observation=None,
    )
    said = {one.check: one for one in checks.judge(evidence)}
    for check in (
        "compose-valid", "compose-health", "compose-network", "compose-covers-services", "compose-volumes",
        "compose-ports", "compose-hardened", "compose-secrets", "compose-pinned-images", "dev-stage",
        "documentation-true", "ignore-is-read",
    ):  # fmt: skip
        assert said[check].verdict == "pass", said[check]
    assert "services/admin/compose.yaml" in said["compose-valid"].message
    own = {**evidence.files, "services/admin/compose.yaml": "services:\n  api:\n    image: a:latest\n"}
    del own["services/admin/Dockerfile.dockerignore"]
    for check, where in (
        ("compose-pinned-images", "services/admin/compose.yaml:3"),
        ("ignore-is-read", "services/admin/Dockerfile"),
    ):
        found = [one for one in checks.judge(replace(evidence, files=own)) if one.check == check]
        assert [(one.verdict, one.where) for one in found] == [("fail", where)]


def test_the_only_backend_has_its_files_in_the_root(folder: Path, init: Init) -> None:
    for path in ADMIN:
        (folder / path).unlink()
    first = init("api")
    assert {"services/api/Dockerfile", "compose.yaml", ".dockerignore", ".lading/written.json"} < {*first}
    before = texts(folder)
    # What stands there stays there, whoever comes.
    put(folder, ADMIN)
    assert set(init("api").values()) == {"same"}
    second = init("admin")
    assert ({*second.values()}, {path.rpartition("/")[0].split("/")[1] for path in second}) == ({"new"}, {"admin"})
    assert set(init("api", "--check").values()) == set(init("admin", "--check").values()) == {"same"}
    assert {path: text for path, text in texts(folder).items() if path in before} == before


def test_what_one_overwrote_of_the_other_comes_back(folder: Path, init: Init) -> None:
    """The record of a lading that kept one for the root: `api` was first, and `admin` took its place."""
    for service in ("api", "admin"):
        stage = stages.start(folder, {"service": service})
        plan = replace(stage.plan, layout=Layout(dockerfile=stage.plan.layout.dockerfile, code=stage.plan.layout.code))
        for change in drift.compare_source(plan, Directory(folder)):
            if change.writes:
                put(folder, {change.path: change.wanted})
    assert "services/api/Dockerfile" in (folder / written.RECORD).read_text()
    assert set(init("admin").values()) == {"same", "left"}
    said = init("api")
    assert said.pop("services/api/Dockerfile") == said.pop("services/api/Dockerfile.dockerignore") == "update"
    assert set(said.values()) == {"new"}
    assert set(init("admin").values()) == {"same", "update"}  # the record
    assert set(init("api").values()) == set(init("admin").values()) == {"same"}


@pytest.mark.parametrize("flags", [[], ["--force"], ["--check"]])
def test_the_same_place_for_two_dockerfiles_is_refused(
    folder: Path, init: Init, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    put(folder, {"lading.toml": 'dockerfile = "docker/Dockerfile"\n'})
    init("api")
    before = texts(folder)
    assert main(["init", str(folder), "--service", "admin", *flags]) == 2
    assert capsys.readouterr().err == (
        "error: lading.toml dockerfile: `docker/Dockerfile` is the Dockerfile of another backend of this repository, "
        "`services/api`\n\nhint: give each a place of its own: `--dockerfile services/admin/Dockerfile` here, in place "
        "of what says one for all\n"
    )
    assert texts(folder) == before
    assert set(init("api").values()) == {"same"}
    assert set(init("admin", "--dockerfile", "services/admin/Dockerfile").values()) == {"new"}
    assert set(init("api").values()) == {"same"}
    (folder / "docker/Dockerfile").write_text("FROM mine\n")
    with pytest.raises(BadInput):
        drift.compare_source(stages.start(folder, {"service": "admin"}).plan, Directory(folder))


def test_what_is_written_for_one_is_no_evidence_for_the_whole() -> None:
    text = "FROM python:3.12\nCOPY services/api /app\nWORKDIR /app\nCMD uvicorn services.api.main:app\n"
    files = {**API, **ADMIN, **COMMON, "docker/Dockerfile": text}
    assert len(services.services(Memory(files))) == 2
    record = json.dumps({"../../docker/Dockerfile": written.digest(text), "../../../../x": ""})
    ours = written.without(Memory({**files, "services/api/.lading/written.json": record}))
    assert "docker/Dockerfile" not in ours.files
    assert not any(path.startswith("services/api/.lading") for path in ours.files)
    other = {**files, "services/api/.lading/written.json": json.dumps({"../../docker/Dockerfile": "edited"})}
    assert "docker/Dockerfile" in written.without(Memory(other)).files


@pytest.mark.parametrize(
    ("ignored", "record", "folder"),
    [
        ("*\n!services/api\n!libs\n", ".dockerignore", "services/api"),
        ("docs\n!**/templates/**/*.md\n", ".dockerignore", "."),
        ("*\n!services/api\n", "Dockerfile", None),
        (None, ".dockerignore", None),
    ],
)
def test_whose_the_root_is(ignored: str | None, record: str, folder: str | None) -> None:
    files = {written.RECORD: json.dumps({record: "x"})} | ({".dockerignore": ignored} if ignored else {})
    assert written.root(Memory(files)) == folder


def test_an_ignore_file_that_somebody_edited_still_says_whose_the_root_is() -> None:
    record = json.dumps({".dockerignore": ["*", "!services/api"]})
    tree = Memory({".dockerignore": "*\n!docs\n!services/api\n", written.RECORD: record})
    assert written.root(tree) == "services/api"


def test_the_layout_of_one_backend_is_as_it_was() -> None:
    assert Layout().ignore == Layout(dockerfile="a/Dockerfile", code="b").ignore == ".dockerignore"
    assert Layout(dockerfile="a/Dockerfile", code="b", home="b").ignore == "a/Dockerfile.dockerignore"


def test_a_folder_without_a_manifest_is_no_backend(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, {"services/api/inner/other.py": MAIN})
    assert main(["init", str(folder), "--service", "inner"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "error: --service: there is no backend `inner`"
    assert said[-1] == (
        "hint: the backends are `admin`, `api`: each has a manifest of its own, such as pyproject.toml, and "
        "`application` chooses within"
    )
    assert main(["init", str(folder), "--service", "shop"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "hint: the backends are `admin`, `api`"


def test_a_compose_file_of_the_repository_is_the_one_that_is_judged(folder: Path) -> None:
    own = "services:\n  api:\n    build:\n      context: .\n      dockerfile: services/api/Dockerfile\n"
    put(folder, {"docker-compose.yml": own})
    stage = stages.start(folder, {"service": "api"})
    files = checks.around.texts(stage.context, stages.files(stage), home=stage.plan.layout.home)
    base, more = composition.read(files, stage.plan)
    assert (base.path, more) == ("docker-compose.yml", None)
    assert composition.ours(base.services["api"], stage.plan)
    # What the root has of another backend is not the project's own.
    put(folder, {"compose.yaml": own, written.RECORD: json.dumps({"compose.yaml": "x"})})
    (folder / "docker-compose.yml").unlink()
    stage = stages.start(folder, {"service": "api"})
    files = checks.around.texts(stage.context, stages.files(stage), home=stage.plan.layout.home)
    assert composition.read(files, stage.plan)[0].path == "services/api/compose.yaml"
