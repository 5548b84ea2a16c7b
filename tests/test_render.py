"""The plan → the files of `lading init`; and the Dockerfile given to the engines it is written for."""

import json
import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from containers import remove
from test_ignore import docker
from values import PROJECT

from lading import detect, ignore, launch, plan, render, settings
from lading.model import Dependencies, Packaging, Plan, Program, Serving, Variable
from lading.oci import elf
from lading.render import apt, launcher
from lading.source import Directory, Memory

PLAN = plan.make(PROJECT, settings.load(Memory({}), {}, {}))
WORKER = Program(name="celery", kind="celery", role="worker", target="app.tasks:celery")
PACKAGING = Packaging(backend="hatchling.build", files=("README.md", "pyproject.toml"), version="vcs")
EXAMPLE = Path(__file__).parent.parent / "examples" / "task-list"


def dockerfile(plan: Plan = PLAN) -> str:
    return render.files(plan)["Dockerfile"]


def instructions(text: str) -> list[str]:
    """The instructions of a Dockerfile, each on one line."""
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    return [re.sub(r"\s+", " ", line) for line in re.sub(r"\\\n", " ", lines).splitlines()]


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_files_and_their_order() -> None:
    assert list(render.files(PLAN)) == [
        "Dockerfile", ".dockerignore", *(launcher.named(name) for name in launch.files(PLAN) if name[-3:] == ".py"),
        ".lading/launch.json", ".lading/stripper", ".lading/launch.dev.json",
        "compose.yaml", "compose.override.yaml", ".env.example", "DOCKER.md",
    ]  # fmt: skip
    assert all(text.endswith("\n") and "\r" not in text for text in render.files(PLAN).values())


def test_the_launcher_is_the_one_of_our_own_builder() -> None:
    written = {name: text for name, text in render.files(PLAN).items() if name.startswith(".lading/")}
    assert written.pop(".lading/launch.dev.json") == launch.development(PLAN).decode()
    assert written.pop(".lading/stripper") == Path(elf.__file__).read_text()
    launched = {name: data.decode() for name, data in launch.files(PLAN).items()}
    assert written.pop(".lading/launch.json") == launched.pop("launch.json")
    assert written == {f".lading/launch/{name[:-3]}": text for name, text in launched.items()}


def test_nothing_that_is_written_is_a_linters_business() -> None:
    assert [path for path in render.files(PLAN) if path.endswith((".py", ".pyi", ".toml", ".cfg"))] == []


# ── Dockerfile ───────────────────────────────────────────────────────────────────────────────────────────────────────


def said(name: str, text: str) -> list[str]:
    """What the instructions `name` of the last stage say, and of those that it stands on."""
    return [
        line.removeprefix(name + " ") for stage in shipped(text) for line in stage[1:] if line.startswith(name + " ")
    ]


def shipped(text: str) -> list[list[str]]:
    """The instructions of the last stage, and before them those of the stages that it stands on."""
    stages: dict[str, list[str]] = {}
    name = ""
    for line in instructions(text):
        if line.startswith("FROM "):
            name = line.rpartition(" ")[2]
            stages[name] = []
        if stages:
            stages[name].append(line)
    chain: list[list[str]] = []
    while name in stages:
        chain.insert(0, stages[name])
        name = stages[name][0].split()[1]
    return chain


def test_the_dockerfile_says_what_the_configuration_of_our_own_builder_says() -> None:
    config, text = launch.config(PLAN), dockerfile()
    assert said("USER", text) == [config["User"]]
    assert said("EXPOSE", text) == ["8000"]
    assert said("ENV", text) == [" ".join(f'{name}="{value}"' for name, value in PLAN.env.items())]
    assert [json.loads(line) for line in said("ENTRYPOINT", text)] == [config["Entrypoint"]]
    assert [json.loads(line) for line in said("CMD", text)] == [config["Cmd"]]
    assert [json.loads(line) for line in said("VOLUME", text)] == [list(config["Volumes"])]
    assert said("WORKDIR", text) == [config["WorkingDir"]]
    assert said("STOPSIGNAL", text) == [config["StopSignal"]]
    assert said("LABEL", text) == []
    named = replace(PLAN, name="todo", because={"name": "pyproject.toml:2"})
    assert said("LABEL", dockerfile(named)) == ['org.opencontainers.image.title="todo"']
    assert said("HEALTHCHECK", text) == [
        "--interval=30s --timeout=10s --start-period=10s --retries=3 CMD "
        + json.dumps(config["Healthcheck"]["Test"][1:])
    ]


def test_the_final_stage_only_copies_what_the_others_made() -> None:
    text = dockerfile()
    stages = [line for line in instructions(text) if line.startswith("FROM ")]
    assert stages == [
        "FROM ${PYTHON_IMAGE} AS build",
        "FROM build AS code",
        "FROM ${PYTHON_IMAGE} AS image",
        "FROM image AS dev",
        "FROM image AS runtime",
    ]
    assert said("COPY", text) == [
        "--from=build /opt/venv /opt/venv",
        "--from=build /opt/pycache /opt/pycache",
        "--from=build /opt/lading /opt/lading",
        "--chmod=644 .lading/launch.json /opt/lading/launch.json",
        "--from=code --chown=1000:1000 /app /app",
        "--from=code /opt/pycache/app /opt/pycache/app",
    ]
    assert [line for line in said("RUN", text) if re.search(r"apt|pip|uv ", line)] == []


def test_the_dockerfile_needs_no_newer_builder() -> None:
    text = dockerfile()
    assert "ARG PYTHON_IMAGE=python:3.12-slim" in instructions(text)
    assert not re.search(r"^# *syntax *=", text, re.MULTILINE)
    newer = r"<<|--start-interval|COPY .*--(link|parents|exclude)|secret|curl"
    assert [line for line in instructions(text) if re.search(newer, line)] == []


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"as_of": "2026-01-31"}, ["uv pip install", "--exclude-newer 2026-01-31 -r requirements.txt"]),
        ({"base": replace(PLAN.base, image="registry/python@sha256:0")}, ["ARG PYTHON_IMAGE=registry/python@sha256:0"]),
        (
            {"base": replace(PLAN.base, packages=(*PLAN.base.packages, "libmagic1"))},
            ["--no-install-recommends libmagic1"],
        ),
        (
            {"base": replace(PLAN.base, build=("gcc", "libpq-dev"))},
            ["--no-install-recommends gcc libpq-dev"],
        ),
        (
            {"programs": (WORKER,)},
            ['FROM image AS worker\nCMD ["worker"]\nFROM image AS runtime\nCMD ["serve"]'],
        ),
        (
            {"programs": (WORKER, replace(WORKER, name="celery-2"), replace(WORKER, role="scheduler"))},
            ['FROM image AS worker\nCMD ["worker", "celery"]'],
        ),
        (
            {"server": Serving(kind="granian")},
            ["uv pip install --python /opt/venv/bin/python --link-mode copy debugpy==1.8.22 uvicorn==0.54.0"],
        ),
        (
            {"dependencies": replace(PLAN.dependencies, install=True), "packaging": PACKAGING},
            [
                "--no-deps --no-sources --target /opt/project ./project &&",
                "rm -rf /app/.lading /app/README.md &&",
                "COPY --from=code /opt/project /opt/project",
                "ARG VERSION=0.0.0",
            ],
        ),
        (
            {
                "dependencies": replace(PLAN.dependencies, manager="poetry", install=True),
                "packaging": replace(PACKAGING, backend="poetry.core.masonry.api"),
            },
            [
                "pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps"
                " --target /opt/project ./project &&",
            ],
        ),
        (
            {"env": {**PLAN.env, "DATABASE_URL": 'sqlite:////data/$a"b.db'}},
            ['DATABASE_URL="sqlite:////data/\\$a\\"b.db"'],
        ),
        ({"volume": "/var/lib/x"}, ["--mode=1777 /var/lib/x", 'VOLUME ["/var/lib/x"]']),
        (
            {
                "dependencies": Dependencies(
                    manager="pyproject", files=("pyproject.toml",), requirements=(), locked=False
                )
            },
            ["source=pyproject.toml,target=/build/pyproject.toml", "--link-mode copy -r pyproject.toml"],
        ),
        (
            {"dependencies": replace(PLAN.dependencies, files=("requirements/prod.txt", "requirements/base.txt"))},
            ["source=requirements/base.txt,target=/build/requirements/base.txt", "-r requirements/prod.txt"],
        ),
        (
            {"dependencies": replace(PLAN.dependencies, requirements=("fastapi", "uvicorn"))},
            ["requirements.txt uvicorn"],
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_dockerfile_follows_the_plan(change: Mapping[str, Any], lines: list[str]) -> None:
    text = "\n".join(instructions(dockerfile(replace(PLAN, **change))))
    assert [line for line in lines if line not in text] == []


def test_nothing_is_stripped_where_the_plan_says_so() -> None:
    assert "strip" in dockerfile()
    assert not re.search("strip|binutils", dockerfile(replace(PLAN, strip=False)))


def test_another_managers_lock_is_written_as_requirements() -> None:
    pinned = ("leaf==1.0 --hash=sha256:" + "0" * 64, 'twig==2.0 ; python_version < "3.13" --hash=sha256:' + "1" * 64)
    locked = Dependencies(
        manager="poetry", files=("pyproject.toml", "poetry.lock"), requirements=("leaf",), locked=True, pinned=pinned
    )
    written = render.files(replace(PLAN, dependencies=locked))
    assert written[".lading/requirements.txt"] == "\n".join(["# Written by lading, from poetry.lock.", *pinned, ""])
    assert (
        "uv pip install --python /opt/venv/bin/python --link-mode copy -r .lading/requirements.txt"
        in written["Dockerfile"]
    )
    assert (
        "--mount=type=bind,source=.lading/requirements.txt,target=/build/.lading/requirements.txt"
        in written["Dockerfile"]
    )
    assert "\n!.lading/requirements.txt\n" in written[".dockerignore"]


# ── .dockerignore and .env.example ───────────────────────────────────────────────────────────────────────────────────


def test_the_ignore_file_is_the_plans_patterns_and_lets_the_launcher_through() -> None:
    text = render.files(PLAN)[".dockerignore"]
    patterns = ignore.parse(text)
    launchers = (".lading/launch", ".lading/launch.dev.json", ".lading/launch.json", ".lading/stripper")
    assert patterns == (*PLAN.app.exclude, *(f"!{path}" for path in launchers))
    ignored = ignore.matcher(patterns)
    files = {posixpath.dirname(path) if path.startswith(".lading/launch/") else path for path in render.files(PLAN)}
    kept = [path for path in (*files, ".lading/written.json", ".secrets/url") if not ignored(path)]
    assert sorted(kept) == list(launchers)
    assert not ignored(".lading/launch/roles")


def test_the_projects_own_patterns_have_a_group_of_their_own() -> None:
    own = plan.make(PROJECT, settings.load(Memory({}), {"exclude": ["videos"]}, {}))
    assert "\n# This project's own.\nvideos\n" in render.files(own)[".dockerignore"]


def test_the_example_of_the_environment() -> None:
    variables = (
        Variable(name="DATABASE_URL", default="postgresql://me:hunter2@localhost/tasks", type="url"),
        Variable(name="API_KEY", required=True, secret=True),
        Variable(name="SECRET_KEY", required=True, secret=True, least=32),
        Variable(name="TOKEN", default="hunter2", secret=True),
        Variable(name="HOST", default="0.0.0.0"),
        Variable(name="PAGE_SIZE", default="50", type="int"),
        Variable(name="MODE", allowed=("fast", "slow")),
        Variable(name="BANNER", default="two\nlines"),
        Variable(name="PORT", default="8000", type="int"),
    )
    explained = {"variables.SECRET_KEY": "app/settings.py:9", "variables.PORT": "default"}
    assert (
        render.files(replace(PLAN, variables=variables, because=explained))[".env.example"]
        == """\
# The environment of task-list. Copy this file to `.env` and fill it in; `.env` belongs neither in git nor in the image.
# A line that is commented out shows the default that holds without it.

# ── Required: the application does not start without ──
# text, a secret: in no image, and not in git
API_KEY=

# ── Secrets: in the stack of compose.yaml, from files in .secrets/ ──
# required, text, at least 32 characters, a secret: in no image, and not in git, read in app/settings.py
# SECRET_KEY=

# ── The server ──
# text
# HOST=0.0.0.0
# a whole number
# PORT=8000

# ── The application ──
# a URL, a secret: in no image, and not in git
# DATABASE_URL=postgresql://me:…@localhost/tasks
# text, a secret: in no image, and not in git
# TOKEN=
# a whole number
# PAGE_SIZE=50
# one of fast slow
# MODE=
# text
# BANNER=

# ── The launcher ──
# processes of the server or of a worker: a number, or `auto` for what the cgroup allows
# WEB_CONCURRENCY=
# `start`: migrate before serving; `wait`: until somebody else has; `off`
# LADING_MIGRATE=
# how long a start waits for databases, caches and brokers: 60; 0 does not wait
# LADING_WAIT_SECONDS=
# seconds after which the health check gives up
# LADING_HEALTH_TIMEOUT=
# `json`: the launcher's own lines as JSON
# LOG_FORMAT=

# ── Compose: where the ports of the stack are published, on this machine alone unless said otherwise ──
# PUBLISH=127.0.0.1:8000
# PUBLISH_DEBUGGER=127.0.0.1:5678
"""
    )


# ── the engines ──────────────────────────────────────────────────────────────────────────────────────────────────────

TAG = "lading-test-render"


def run(*argv: object) -> str:
    done = subprocess.run(
        [str(one) for one in argv],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A copy of the example, written to as `lading init` does, with what must not reach the image lying about."""
    root = tmp_path_factory.mktemp("example") / "task-list"
    shutil.copytree(EXAMPLE, root)
    (root / "app/.env").write_text("SECRET=1\n")
    (root / "app/NOTES.md").touch()
    os.chmod(root / "app/main.py", 0o600)
    source = Directory(root)
    decided = settings.load(source, {}, {})
    made = plan.make(detect.detect(source, decided), decided)
    for path, text in render.files(made).items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    return root, made


@pytest.fixture(scope="module")
def container(example: tuple[Path, Plan]) -> Iterator[str]:
    run(docker(), "build", "--quiet", "--tag", TAG, example[0])
    container = run(docker(), "run", "--detach", "--read-only", "--tmpfs", "/tmp", TAG).strip()
    yield container
    remove(docker(), container)
    run(docker(), "rmi", "--force", TAG)


@pytest.mark.engine
def test_the_image_has_the_configuration_of_our_own_builder(example: tuple[Path, Plan], container: str) -> None:
    found = json.loads(run(docker(), "image", "inspect", TAG))[0]
    wanted = launch.config(example[1])
    env = wanted.pop("Env")
    labels = wanted.pop("Labels")
    assert (found["Config"]["Labels"] or {}) == labels
    assert {key: found["Config"][key] for key in wanted} == wanted
    assert set(env) <= set(found["Config"]["Env"])
    assert found["Size"] < 200_000_000


@pytest.mark.engine
def test_the_container_answers_checks_itself_and_stops(container: str) -> None:
    python = "/opt/venv/bin/python"
    for _ in range(100):
        check = [docker(), "exec", container, python, "-S", "/opt/lading", "healthcheck"]
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            break
    look = "find / -xdev ( -name __pycache__ -o -name .env* -o -name tests -path /app/* -o -path /app/*.md ) -print"
    assert run(docker(), "exec", "--user", "0", container, *look.split()) == ""
    stat = ["stat", "-c", "%n %u:%g %a", "/app", "/app/app/main.py", "/data", "/opt/venv", "/opt/lading/launch.py"]
    assert run(docker(), "exec", container, *stat).splitlines() == [
        "/app 1000:1000 755",
        "/app/app/main.py 1000:1000 644",
        "/data 1000:1000 1777",
        "/opt/venv 0:0 755",
        "/opt/lading/launch.py 0:0 644",
    ]
    measure = (
        "import os\n"
        "def cpu():\n"
        "    argv = ['/opt/venv/bin/python', '-S', '/opt/lading', 'healthcheck']\n"
        "    child = os.posix_spawn(argv[0], argv, os.environ)\n"
        "    used = os.wait4(child, 0)[2]\n"
        "    return used.ru_utime + used.ru_stime\n"
        "print(min(cpu() for _ in range(10)))\n"
    )
    assert float(run(docker(), "exec", container, python, "-c", measure)) < 0.040
    run(docker(), "stop", container)
    state = json.loads(run(docker(), "inspect", container))[0]["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


@pytest.mark.engine
def test_buildah_reads_the_same_dockerfile(example: tuple[Path, Plan], tmp_path: Path) -> None:
    image = run(docker(), "save", "--output", tmp_path / "base.tar", example[1].base.image)
    assert image == ""
    run("buildah", "pull", "--quiet", f"docker-archive:{tmp_path / 'base.tar'}")
    run("buildah", "bud", "--quiet", "--isolation", "chroot", "--format", "docker", "--tag", TAG, example[0])
    found = json.loads(run("buildah", "inspect", "--type", "image", TAG))["Docker"]["config"]
    wanted = launch.config(example[1])
    assert {key: found[key] for key in ("User", "Entrypoint", "Cmd", "WorkingDir", "StopSignal", "Healthcheck")} == {
        key: wanted[key] for key in ("User", "Entrypoint", "Cmd", "WorkingDir", "StopSignal", "Healthcheck")
    }
    run("buildah", "rmi", TAG)


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (("ffmpeg", "libpq5"), "ffmpeg libpq5"),
        (
            ("ffmpeg", "libglib2.0-0t64"),
            "ffmpeg $(. /etc/os-release; case $VERSION_CODENAME in bookworm) echo libglib2.0-0;; "
            "*) echo libglib2.0-0t64;; esac)",
        ),
    ],
)
def test_packages_have_the_names_of_the_release_that_the_base_is_of(packages: tuple[str, ...], said: str) -> None:
    assert apt.names(packages) == said


def test_the_debugger_has_bytecode_so_that_a_reload_does_not_compile_it() -> None:
    """Measured: importing it takes 2.2 s without and 0.2 s with, at each reload, on a machine that is busy."""
    dev = render.files(PLAN)["Dockerfile"].partition("AS dev\n")[2].partition("FROM ")[0]
    assert "unchecked-hash \\\n      /opt/venv/lib/python*/site-packages/debugpy" in dev
    assert dev.index("debugpy==") < dev.index("compileall")
