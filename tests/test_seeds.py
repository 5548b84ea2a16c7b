"""The seeds as users have them: the whole of `lading verify` on an example, with the services that it needs.

Each broken variant is the example with one promise that it no longer keeps, and must be seen to fail there alone. Of
its starts only those are made in which that can show; the whole example makes them all.
"""

import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import lading
from lading import checks
from lading.model import Plan, Report, Request, Start
from lading.observe import docker, scenarios
from lading.observe.client import Client

pytestmark = [pytest.mark.engine, pytest.mark.alone]

EXAMPLES = Path(__file__).parent.parent / "examples"
PROJECTS = Path(__file__).parent / "projects"


def verified(folder: Path, engine: str = "docker") -> Report:
    """What is proved of a backend, with nothing left behind by it."""
    client = docker.found()
    before = left(client)
    report = lading.ship(folder, {"engine": engine})
    assert left(client) == before
    return report


def left(client: Client) -> list[str]:
    """All that lading has made under the engine, and that is there now."""
    ours = "label=lading.observe"
    lists = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    return [one for what in lists for one in client.ask(*what, "--quiet", "--filter", ours).split()]


def verdicts(report: Report) -> dict[str, str]:
    return {one.id: checks.verdict(one, report.findings) for one in report.criteria}


def findings(report: Report, *verdicts: str) -> dict[str, str]:
    """What the checks that the criteria name have found."""
    named = {check for one in report.criteria for check in one.checks}
    return {one.check: one.message for one in report.findings if one.verdict in verdicts and one.check in named}


def broken(example: str, folder: Path, path: str, change: Callable[[str], str]) -> Path:
    """A copy of an example with one file changed."""
    copy = folder / example
    shutil.copytree(EXAMPLES / example, copy, ignore=shutil.ignore_patterns(".venv", "__pycache__", ".secrets"))
    text = (copy / path).read_text()
    assert change(text) != text
    (copy / path).write_text(change(text))
    return copy


Only = Callable[..., None]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Only:
    """Called with the names of starts: no others are made."""
    every = scenarios.starts

    def limit(*names: str) -> None:
        def starts(plan: Plan, requests: Sequence[Request] = ()) -> tuple[Start, ...]:
            found = tuple(one for one in every(plan, requests) if one.name in names)
            assert {one.name for one in found} == set(names)
            return found

        monkeypatch.setattr(scenarios, "starts", starts)
        monkeypatch.setattr(scenarios, "replicas", lambda plan: ())

    return limit


@pytest.mark.parametrize("example", ["video-events", "sdlc-lens", "todo-api", "reading-app"])
def test_every_criterion_of_a_seed_is_proved(example: str) -> None:
    report = verified(EXAMPLES / example)
    assert set(verdicts(report).values()) == {"pass"}, findings(report, "fail", "unknown", "skip")


@pytest.mark.parametrize(
    ("project", "image", "said"),
    [
        ("stack-beanie", "mongo:7", ("skip", "the database is mongodb")),
        ("stack-mysqlconnector", "mysql:8.4", ("pass", "mysql:lading_defaults is at 0001 after the first start")),
    ],
)
def test_a_backend_is_proved_with_the_store_that_it_needs(project: str, image: str, said: tuple[str, str]) -> None:
    report = verified(PROJECTS / project / "source")
    assert report.observation is not None
    assert report.observation.services == (image,)
    assert findings(report, "fail", "unknown") == {}
    assert said in {(one.verdict, one.message) for one in report.findings}


def test_s3_without_redis_in_its_limit_serves_more_than_it_may(tmp_path: Path, only: Only) -> None:
    def unlimited(text: str) -> str:
        return text.replace("if allowance.left < 0:", "if allowance.left < -10_000:")

    only("defaults")
    report = verified(broken("todo-api", tmp_path, "app/dependencies.py", unlimited))
    failed = findings(report, "fail")
    assert failed == {"requests-answered": "GET /api/v1/tasks in the start `defaults` answered 200, wanted 429"}


def test_s3_whose_processes_count_each_for_itself_has_counters_that_fall(tmp_path: Path, only: Only) -> None:
    def alone(text: str) -> str:
        return text.replace("if settings.prometheus_multiproc_dir is None:", "if True:")

    only("defaults")
    report = verified(broken("todo-api", tmp_path, "app/metrics.py", alone))
    assert set(findings(report, "fail")) == {"metrics-coherent"}


def test_s3_that_lets_in_whoever_asks_beside_whom_its_variable_names_is_seen_to(tmp_path: Path, only: Only) -> None:
    def open_to_all(text: str) -> str:
        named = "    allow_origins=settings.cors_origins,\n"
        return text.replace(named, f'{named}    allow_origin_regex=r"https://[a-z.]+",\n    allow_credentials=True,\n')

    only("defaults", "host")
    report = verified(broken("todo-api", tmp_path, "app/main.py", open_to_all))
    assert set(findings(report, "fail")) == {"cors-configures", "cors-safe"}
    assert findings(report, "fail")["cors-configures"].endswith("a page of https://stranger.example was let in too")


#: A worker that has always time: what it was given is in its memory alone.
LEFT = """

from queue import SimpleQueue
from threading import Thread

TEXTS: SimpleQueue[int] = SimpleQueue()


def work_on() -> None:
    while True:
        work(TEXTS.get())


Thread(target=work_on, daemon=True).start()


ACTOR
def analyse(text_id: int) -> None:
    TEXTS.put(text_id)
"""


def test_s4_whose_worker_fails_is_not_proved(tmp_path: Path, only: Only) -> None:
    """The message is taken, and nothing comes of it."""

    def lost(text: str) -> str:
        return text.replace("        text.status = Status.DONE\n", "")

    folder = broken("reading-app", tmp_path, "backend/app/workers/tasks.py", lost)
    settings = folder / "lading.toml"
    settings.write_text(settings.read_text().replace("until = 60", "until = 5"))
    only("defaults", "port")
    began = time.monotonic()
    report = verified(folder)
    failed = findings(report, "fail")
    assert time.monotonic() - began < 300
    said = """GET /api/v1/texts/{text} in the start `defaults` answered without `"status":"done"`"""
    assert failed["requests-answered"] == said
    assert set(failed) == {"requests-answered", "rerun-keeps-rows"}
    assert "worker-drains" in findings(report, "unknown")


def test_s4_whose_worker_acknowledges_before_it_works_loses_messages_when_it_ends(tmp_path: Path, only: Only) -> None:
    """Each message is left to a thread of the process, which nobody waits for: a worker that is idle ends as well."""

    def left(text: str) -> str:
        actor = text[text.index("@dramatiq.actor(") : text.index("def analyse(")]
        text = text.replace(actor, "").replace("def analyse(", "def work(").replace("settings.step_seconds", "0.8")
        return text + LEFT.replace("ACTOR", "@dramatiq.actor(broker=broker, queue_name=settings.queue)")

    folder = broken("reading-app", tmp_path, "backend/app/workers/tasks.py", left)
    settings = folder / "lading.toml"
    settings.write_text(settings.read_text().replace("until = 60", "until = 15"))
    only("defaults")
    report = verified(folder)
    failed = findings(report, "fail")
    assert set(failed) == {"worker-drains"}
    assert re.fullmatch(
        r"of \d+ messages, \d+ just before SIGTERM, \d+ were lost: "
        r'GET /api/v1/texts/{text} answered without `"status":"done"`',
        failed["worker-drains"],
    )
    assert verdicts(report)["S4-2"] == "fail"


def test_s4_with_migrations_off_is_seen_to_have_no_tables(tmp_path: Path, only: Only) -> None:
    folder = broken("reading-app", tmp_path, "lading.toml", lambda text: text + "\n")
    (folder / "backend" / "lading.toml").write_text('migrations = "none"\n')
    only("defaults")
    report = verified(folder)
    assert findings(report, "skip")["migrations-applied"] == "there are no migrations"
    said = "POST /api/v1/texts in the start `defaults` answered 500, wanted 201"
    assert findings(report, "fail")["requests-answered"] == said
    assert (verdicts(report)["S4-2"], verdicts(report)["S4-6"]) == ("fail", "fail")


def test_without_an_engine_that_starts_services_nothing_is_proved_of_what_needs_them() -> None:
    report = lading.ship(EXAMPLES / "todo-api", {"engine": "unshare"})
    assert findings(report, "fail") == {}
    unknown = findings(report, "unknown")
    assert {"migrations-applied", "replicas-serve", "metrics-coherent", "requests-answered", "drains"} <= set(unknown)
    assert unknown["migrations-applied"] == (
        "PostgreSQL and Redis could not be started under unshare, so nothing is known of the starts `defaults`, "
        "`bind`, `tmpfs`, `port`, `host`: use `--engine docker` or `--engine podman`"
    )
