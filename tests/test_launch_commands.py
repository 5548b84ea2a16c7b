"""The command line of every server and every worker: what a plan says, with what the environment decides put in."""

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from standins import PLAN

from lading.launch import decisions
from lading.launcher import releases, serving
from lading.model import App, Plan, Program, Serving

FACTORY = App(target="shop.main:make", factory=True, folder=".", exclude=())
IPV6 = {"HOST": "::1", "PORT": "9000"}


def served(plan: Plan, env: Mapping[str, str], count: int = 1) -> list[str]:
    config = decisions(plan)
    interpreter, *words = serving.command(config["server"], config, dict(env), count)
    assert interpreter == sys.executable
    return words


UVICORN = "--timeout-graceful-shutdown 8 --timeout-keep-alive 65"
GUNICORN = "--graceful-timeout 8 --keep-alive 65 --worker-tmp-dir /dev/shm --access-logfile -"
HYPERCORN = "--graceful-timeout 8 --keep-alive 65 --access-logfile -"


@pytest.mark.parametrize(
    ("kind", "changes", "env", "line"),
    [
        ("uvicorn", {}, {}, f"uvicorn app.main:app --host 0.0.0.0 --port 8000 --log-level info --workers 2 {UVICORN}"),
        ("uvicorn", {}, IPV6, f"uvicorn app.main:app --host ::1 --port 9000 --log-level info --workers 2 {UVICORN}"),
        (
            "uvicorn", {"app": FACTORY}, {"LOG_LEVEL": "TRACE"},
            f"uvicorn shop.main:make --host 0.0.0.0 --port 8000 --log-level trace --workers 2 {UVICORN} --factory",
        ),
        (
            "uvicorn", {"root_path": "/api"}, {},
            f"uvicorn app.main:app --host 0.0.0.0 --port 8000 --log-level info --workers 2 {UVICORN} --root-path /api",
        ),
        (
            "gunicorn", {}, {},
            "gunicorn app.main:app --worker-class uvicorn.workers.UvicornWorker --bind 0.0.0.0:8000 --workers 2 "
            f"--log-level info {GUNICORN}",
        ),
        (
            "gunicorn", {"app": FACTORY}, {**IPV6, "LOG_LEVEL": "trace"},
            "gunicorn shop.main:make() --worker-class uvicorn.workers.UvicornWorker --bind [::1]:9000 --workers 2 "
            f"--log-level debug {GUNICORN}",
        ),
        ("hypercorn", {}, {}, f"hypercorn app.main:app --bind 0.0.0.0:8000 --workers 2 --log-level info {HYPERCORN}"),
        (
            "hypercorn", {"app": FACTORY, "root_path": "/api"}, {**IPV6, "LOG_LEVEL": "ERROR"},
            f"hypercorn shop.main:make() --bind [::1]:9000 --workers 2 --log-level error {HYPERCORN} --root-path /api",
        ),
        (
            "granian", {}, {"LOG_LEVEL": "trace"},
            "granian --interface asgi app.main:app --host 0.0.0.0 --port 8000 --workers 2 --log-level debug "
            "--workers-kill-timeout 8",
        ),
        (
            "granian", {"app": FACTORY, "root_path": "/api"}, IPV6,
            "granian --interface asgi shop.main:make --host ::1 --port 9000 --workers 2 --log-level info "
            "--workers-kill-timeout 8 --factory --url-path-prefix /api",
        ),
    ],
)  # fmt: skip
def test_the_command_line_of_a_server(kind: str, changes: dict[str, Any], env: Mapping[str, str], line: str) -> None:
    server = Serving(kind=kind, root_path=changes.pop("root_path", None))
    assert served(replace(PLAN, server=server, **changes), env, 2) == ["-m", *line.split()]


@pytest.mark.parametrize(
    ("folders", "left_out"),
    [
        (("uvicorn-0.21.1.dist-info",), True),
        (("uvicorn-0.9.dist-info",), True),
        (("uvicorn_worker-0.4.0.dist-info", "uvicorn-0.22.0.dist-info"), False),
        (("uvicorn-0.22.0rc1.dist-info",), False),
        (("uvicorn-1.dist-info",), False),
        (("uvicorn-0.21.1.egg-info",), False),
        ((), False),
    ],
)
def test_an_older_release_is_told_what_it_knows(
    folders: tuple[str, ...], left_out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in folders:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(releases, "SITE", str(tmp_path))
    words = served(replace(PLAN, server=Serving()), {}, 2)
    assert ("--timeout-graceful-shutdown" not in words) == left_out
    assert ("8" not in words) == left_out
    assert words[-2:] == ["--timeout-keep-alive", "65"]
    (tmp_path / "taskiq-0.10.4.dist-info").mkdir()
    worker = ["-m", "taskiq", "worker", "jobs:x", "--wait-tasks-timeout", "5", "--shutdown-timeout", "2"]
    assert releases.known(worker) == ["-m", "taskiq", "worker", "jobs:x", "--shutdown-timeout", "2"]
    monkeypatch.setattr(releases, "SITE", str(tmp_path / "nothing"))
    assert "--timeout-graceful-shutdown" in served(replace(PLAN, server=Serving()), {}, 2)


def test_gunicorns_worker_is_the_one_that_the_project_brings() -> None:
    brought = replace(PLAN.dependencies, requirements=(*PLAN.dependencies.requirements, "Uvicorn_Worker>=0.3"))
    line = served(replace(PLAN, server=Serving(kind="gunicorn"), dependencies=brought), {})
    assert line[line.index("--worker-class") + 1] == "uvicorn_worker.UvicornWorker"


@pytest.mark.parametrize(("stop", "grace"), [(30, "28"), (3, "1"), (2, "1"), (1, "1")])
def test_the_server_stops_before_the_engine_kills_it(stop: int, grace: str) -> None:
    for kind, option in (("uvicorn", "--timeout-graceful-shutdown"), ("gunicorn", "--graceful-timeout")):
        line = served(replace(PLAN, stop_seconds=stop, server=Serving(kind=kind)), {})
        assert line[line.index(option) + 1] == grace


# ── workers and schedulers ───────────────────────────────────────────────────────────────────────────────────────────


def worked(program: Program, env: Mapping[str, str] | None = None) -> list[str]:
    config = decisions(replace(PLAN, programs=(program,)))
    return serving.command(config["programs"][0]["argv"], config, dict(env or {}), 3)[1:]


#: What each has to be told, whatever else it is told for its health and its end, which real ones are asked about.
TOLD: list[tuple[str, Any, str, list[str]]] = [
    ("celery", "worker", "jobs:app", ["-m celery -A jobs:app worker", "--concurrency 3", "--queues mail,bills",
                                      "--loglevel debug"]),
    ("celery", "scheduler", "jobs:app", ["-m celery -A jobs:app beat", "--schedule /data/celerybeat-schedule",
                                         "--pidfile=", "--loglevel debug"]),
    ("dramatiq", "worker", "jobs.mail jobs.bills", ["-m dramatiq jobs.mail jobs.bills", "--processes 3"]),
    ("arq", "worker", "jobs.Settings", ["jobs.Settings"]),
    ("rq", "worker", "jobs:queue", ["-m rq.cli worker mail bills"]),
    ("taskiq", "worker", "jobs:broker", ["-m taskiq worker jobs:broker", "--workers 3"]),
    ("taskiq", "scheduler", "jobs:scheduler", ["-m taskiq scheduler jobs:scheduler"]),
    ("huey", "worker", "jobs.huey", ["jobs.huey", "--workers 3"]),
    ("faststream", "worker", "jobs:app", ["-m faststream run jobs:app", "--workers 3"]),
    ("apscheduler", "scheduler", "cron.jobs:main", ["-m cron.jobs"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "role", "target", "told"), TOLD)
def test_the_command_line_of_a_program(kind: str, role: Any, target: str, told: list[str]) -> None:
    line = worked(
        Program(name="x", kind=kind, role=role, target=target, queues=("mail", "bills")), {"LOG_LEVEL": "TRACE"}
    )
    for words in told:
        assert f" {words} " in f" {' '.join(line)} "
    assert not [word for word in line if re.search(r"\{[a-z]+\}", word)]  # no mark is left as it is


@pytest.mark.parametrize(("kind", "role", "target", "told"), TOLD)
def test_what_the_projects_own_command_says_comes_last(kind: str, role: Any, target: str, told: list[str]) -> None:
    own = ("--own", "x y", "-v")
    program = Program(name="x", kind=kind, role=role, target=target)
    assert worked(replace(program, arguments=own))[-3:] == list(own)


@pytest.mark.parametrize(
    ("kind", "role", "own", "gone"),
    [
        ("celery", "worker", ("-c", "9"), "--concurrency"),
        ("celery", "worker", ("--autoscale=10,3",), "--concurrency"),
        ("celery", "worker", ("-l", "WARNING"), "--loglevel"),
        ("celery", "worker", ("--loglevel=warning",), "--loglevel"),
        ("celery", "worker", ("-Q", "other"), "--queues"),
        ("celery", "scheduler", ("-s", "/tmp/x"), "--schedule"),
        ("dramatiq", "worker", ("-p", "9"), "--processes"),
        ("dramatiq", "worker", ("--threads=9",), "--threads"),
        ("rq", "worker", ("-n", "mine"), "--name"),
        ("taskiq", "worker", ("-w", "9"), "--workers"),
        ("huey", "worker", ("-w", "9"), "--workers"),
        ("faststream", "worker", ("--workers", "9"), "--workers"),
    ],
)
def test_what_the_projects_own_command_says_stands_above_ours(
    kind: str, role: Any, own: tuple[str, ...], gone: str
) -> None:
    program = Program(name="x", kind=kind, role=role, target="jobs:x", queues=("mail",))
    ours = worked(program)
    line = worked(replace(program, arguments=own))
    assert gone in ours  # or nothing is shown by its absence
    assert gone not in line[: -len(own)]
    assert line[-len(own) :] == list(own)


def test_a_worker_of_rq_has_a_name_that_no_other_has() -> None:
    """Two containers of one host name, as a `network_mode: host` makes them, would take each other's jobs for lost."""
    program = Program(name="x", kind="rq", role="worker", target="jobs:queue")
    lines = [worked(program) for _ in range(2)]
    names = [line[line.index("--name") + 1] for line in lines]
    assert names[0] != names[1]


def test_no_url_is_on_a_command_line() -> None:
    for kind, role, target, _ in TOLD:
        program = replace(Program(name="x", kind=kind, role="worker", target=target, broker="BROKER"), role=role)
        assert "s3cr3t" not in " ".join(worked(program, {"BROKER": "redis://:s3cr3t@cache"}))
