"""The launcher's roles: what it becomes, what it refuses, and what `check` and `run` do."""

import os
import signal
import stat
import subprocess
from dataclasses import replace

import pytest
from standins import PLAN, WAITS, Container, ended

from lading import launch
from lading.model import App, Backing, Program, Variable

pytestmark = pytest.mark.slow

ROLES = "serve, worker, scheduler, migrate, check, run, healthcheck"
MAIL = Program(name="mail", kind="celery", role="worker", target="jobs:app")
BILLS = Program(name="bills", kind="celery", role="worker", target="bills:app", arguments=("-c", "2"))
BEAT = Program(name="beat", kind="celery", role="scheduler", target="jobs:app")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bash",), f"`bash` is not a role: say {ROLES}"),
        (("",), f"`` is not a role: say {ROLES}"),
        (("serve", "--reload"), "`serve --reload` says too much: `serve` takes no arguments"),
        (("migrate", "head", "x"), "`migrate head x` says too much: `migrate` takes no arguments"),
        (("check", "all"), "`check all` says too much: `check` takes no arguments"),
        (("run",), "say what to run: `run -- PROGRAM ARGUMENT…`"),
        (("run", "ls"), "say what to run: `run -- PROGRAM ARGUMENT…`"),
        (("run", "--"), "say what to run: `run -- PROGRAM ARGUMENT…`"),
        (("run", "--", "nothing-of-that-name"), "there is no program `nothing-of-that-name` in this image"),
        (("worker",), "`worker` is nothing that this image runs: it has no worker"),
        (("scheduler", "beat"), "`scheduler beat` is nothing that this image runs: it has no scheduler"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(container: Container, arguments: tuple[str, ...], said: str) -> None:
    assert container.run(*arguments) == (2, f"lading: {said}\n")
    assert container.called() == []


@pytest.mark.parametrize("arguments", [(), ("serve",)], ids=str)
def test_serving_is_what_an_image_does_by_itself(container: Container, arguments: tuple[str, ...]) -> None:
    process = container.start(*arguments)
    assert ended(process) == (0, "")
    (call,) = container.called()
    assert (call["program"], call["pid"], call["cwd"], call["path"]) == (
        "uvicorn", process.pid, "/app", ["/app", "/app"],
    )  # fmt: skip
    assert call["argv"][:5] == ["app.main:app", "--host", "0.0.0.0", "--port", "8000"]
    assert call["env"]["LADING_ROLE"] == "serve"


def test_in_development_it_is_a_debugger_that_serves(container: Container) -> None:
    text = launch.development(PLAN).decode().replace('"/app', f'"{container.app}')
    (container.root / "lading" / "launch.json").write_text(text)
    process = container.start()
    assert ended(process) == (0, "")
    (call,) = container.called()
    assert (call["program"], call["pid"]) == ("debugpy", process.pid)
    assert call["argv"][:5] == ["--listen", "0.0.0.0:5678", "-m", "uvicorn", "app.main:app"]


def test_the_status_of_the_server_is_that_of_the_container(container: Container) -> None:
    assert container.run(THEN="sys.exit(7)") == (7, "")


def test_the_server_has_the_signals(container: Container) -> None:
    process = container.start(THEN=WAITS)
    container.until_called(process)
    assert ended(process, signal.SIGTERM) == (128 + signal.SIGTERM, "")


# ── workers and schedulers ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_is_replaced_by_its_program(container: Container) -> None:
    container.install(replace(PLAN, programs=(MAIL, BILLS, BEAT)))
    process = container.start("worker", "bills", WEB_CONCURRENCY="4")
    assert ended(process) == (0, "")
    (call,) = container.called()
    assert (call["program"], call["pid"], call["env"]["LADING_ROLE"]) == ("celery", process.pid, "worker bills")
    assert call["argv"] == ["-A", "bills:app", "worker", "--loglevel", "info", "-c", "2"]


def test_the_only_one_needs_no_name(container: Container) -> None:
    container.install(replace(PLAN, programs=(MAIL, BEAT)))
    assert container.run("worker", WEB_CONCURRENCY="1") == (0, "")
    assert container.run("scheduler", WEB_CONCURRENCY="1") == (0, "")
    assert [call["env"]["LADING_ROLE"] for call in container.called()] == ["worker mail", "scheduler beat"]


@pytest.mark.parametrize("name", ["", "beat", "mail bills"])
def test_a_name_that_is_none_of_several_is_refused(container: Container, name: str) -> None:
    container.install(replace(PLAN, programs=(MAIL, BILLS, BEAT)))
    words = " ".join(["worker", *name.split()])
    said = f"lading: `{words}` is nothing that this image runs: its workers are mail, bills\n"
    assert container.run("worker", *name.split()) == (2, said)


# ── run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def script(container: Container, path: str, text: str) -> str:
    file = container.app / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(stat.S_IRWXU)
    return str(file)


def test_any_program_gets_the_environment_of_the_application(container: Container) -> None:
    secret = container.root / "secret"
    secret.write_text("hush\n")
    container.install(replace(PLAN, variables=(Variable(name="TOKEN", secret=True),)))
    process = container.start("run", "--", "sh", "-c", 'echo "$$ $TOKEN $1 $LADING_ROLE"', "-", "a b",
                              TOKEN_FILE=str(secret))  # fmt: skip
    assert ended(process) == (0, f"{process.pid} hush a b run\n")


def test_a_program_is_found_as_a_shell_finds_it(container: Container) -> None:
    absolute = script(container, "jobs/clean.sh", "#!/bin/sh\necho cleaned\n")
    assert container.run("run", "--", absolute) == (0, "cleaned\n")
    assert container.run("run", "--", "jobs/clean.sh") == (0, "cleaned\n")
    assert container.run("run", "--", "clean.sh", PATH=f"/nowhere:{container.app}/jobs") == (0, "cleaned\n")
    (container.app / "jobs/clean.sh").chmod(0o644)
    assert container.run("run", "--", "jobs/clean.sh") == (
        2, "lading: there is no program `jobs/clean.sh` in this image\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"), [("echo no shebang\n", "Exec format error"), ("#!/no/such/shell\n", "No such file or directory")]
)
def test_a_program_that_cannot_be_started_is_said_in_a_sentence(container: Container, text: str, why: str) -> None:
    absolute = script(container, "odd", text)
    assert container.run("run", "--", absolute) == (2, f"lading: /app/odd cannot be started: {why}\n")


def test_a_pipe_that_closes_ends_who_writes_to_it(container: Container) -> None:
    """Python ignores SIGPIPE, and a program inherits that: `yes | head` would not end by itself, or complain."""
    said = container.run("run", "--", "sh", "-c", "yes | head -1; grep SigIgn /proc/self/status")[1]
    line, name, ignored = said.split()
    assert (line, name) == ("y", "SigIgn:")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # others may well be ignored by who runs the tests
        assert not int(ignored, 16) & 1 << (number - 1)


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────────

VARIABLES = (
    Variable(name="DATABASE_URL", type="url"),
    Variable(name="SECRET_KEY", required=True, secret=True),
    Variable(name="API_TOKEN", secret=True, default="changeme"),
    Variable(name="PAGE_SIZE", type="int", default="20"),
    Variable(name="MODE", type="enum", allowed=("fast", "safe")),
)
BACKING = (
    Backing(kind="postgresql", role="database", variable="DATABASE_URL"),
    Backing(kind="redis", role="cache", variable="CACHE_URL"),
)


def test_check_imports_the_application_and_prints_its_environment(container: Container) -> None:
    container.install(
        replace(PLAN, variables=VARIABLES, backing=BACKING, app=replace(PLAN.app, target="main:shop.api"))
    )
    (container.app / "main.py").write_text("class Api:\n    def __call__(self): ...\nclass shop:\n    api = Api()\n")
    status, said = container.run(
        "check", DATABASE_URL="postgresql://me:hun%40ter2@db.example:6000/shop", SECRET_KEY="hunter3", MODE="FAST"
    )
    assert status == 0
    assert said.splitlines() == [
        "main:shop.api: main.Api",
        "DATABASE_URL: url, postgresql://…@db.example:6000/shop",
        "SECRET_KEY: str, a secret",
        "API_TOKEN: str, not set",
        "PAGE_SIZE: int, not set, 20 by default",
        "MODE: enum, fast",
        "PostgreSQL: db.example:6000",
    ]
    assert container.called() == []


def test_check_prints_on_standard_output_and_the_rest_on_standard_error(container: Container) -> None:
    container.install(replace(PLAN, app=App(target="main:app", factory=True, folder=".", exclude=())))
    (container.app / "main.py").write_text("def app(): ...\n")
    env = {"PYTHONPATH": str(container.app)}
    done = subprocess.run([*container.argv, "check"], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("main:app: builtins.function\n", "")
    refused = subprocess.run([*container.argv, "check", "x"], env=env, capture_output=True, text=True, check=False)
    assert (refused.stdout, refused.stderr.count("\n")) == ("", 1)


def test_check_of_what_no_server_can_call_fails(container: Container) -> None:
    (container.app / "app").mkdir()
    (container.app / "app" / "main.py").write_text("app = 'an application'\n")
    assert container.run("check") == (1, "lading: app.main:app is a str, which no server can call\n")


def test_check_of_an_application_that_cannot_be_imported_says_where(container: Container) -> None:
    (container.app / "app").mkdir()
    (container.app / "app" / "main.py").write_text("import nothing_of_that_name\n")
    status, said = container.run("check")
    assert (status, said.splitlines()[-1]) == (1, "ModuleNotFoundError: No module named 'nothing_of_that_name'")
    assert "/app/app/main.py" in said


def test_check_takes_bytes_that_are_no_text(container: Container) -> None:
    container.install(replace(PLAN, variables=(Variable(name="MODE"),)))
    (container.app / "app").mkdir()
    (container.app / "app" / "main.py").write_text("def app(): ...\n")
    for locale in ("C", "C.UTF-8", "POSIX"):
        env = {b"PYTHONPATH": os.fsencode(container.app), b"MODE": b"\xff\xfe", b"LC_ALL": locale.encode()}
        done = subprocess.run([*container.argv, "check"], env=env, capture_output=True, check=True)
        assert b"MODE: str, \xff\xfe\n" in done.stdout
