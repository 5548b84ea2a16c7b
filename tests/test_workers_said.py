"""The setting `workers`: what it says of a process and of its command's arguments, and what it cannot say."""

from pathlib import Path

import pytest

from lading import launch, plan, settings, stages
from lading.cli import main
from lading.detect import detect, settle, workers_said
from lading.errors import BadInput
from lading.model import Project, Worker
from lading.source import Memory

CODE = """
import os
from celery import Celery

queue = Celery("x", broker=os.environ["BROKER_URL"])
"""
FILES = {
    "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "jobs.py": CODE,
    "requirements.txt": "fastapi\nuvicorn\ncelery\n",
}
COMMAND = "FROM python:3.12\nCOPY . .\nCMD celery -A jobs:queue worker --concurrency 2 -Q mail,bills\n"


def found(files: dict[str, str], **given: str) -> Project:
    source = Memory({**FILES, **files})
    return detect(source, settings.load(source, given, {}))


@pytest.mark.parametrize(
    ("text", "worker"),
    [
        ("celery a:b", Worker(kind="celery", target="a:b")),
        ("celery a:b scheduler", Worker(kind="celery", target="a:b", role="scheduler")),
        ("celery a:b --concurrency 2 -Q x,y",
         Worker(kind="celery", target="a:b", queues=("x", "y"), arguments=("--concurrency", "2", "-Q", "x,y"))),
        ("celery a:b worker -c4", Worker(kind="celery", target="a:b", arguments=("-c", "4"))),
        ("celery a:b scheduler --max-interval=5",
         Worker(kind="celery", target="a:b", role="scheduler", arguments=("--max-interval=5",))),
        ("celery a:b --hostname 'one two'", Worker(kind="celery", target="a:b", arguments=("--hostname", "one two"))),
        ("dramatiq jobs.mail jobs.bills --queues high low",
         Worker(kind="dramatiq", target="jobs.mail jobs.bills", queues=("high", "low"),
                arguments=("--queues", "high", "low"))),
        ("rq high low --burst", Worker(kind="rq", target="high low", queues=("high", "low"), arguments=("--burst",))),
        ("rq high", Worker(kind="rq", target="high", queues=("high",))),
        ("apscheduler in-process", Worker(kind="apscheduler", target="", role="in-process")),
    ],
)  # fmt: skip
def test_what_it_says_and_how_it_is_said_again(text: str, worker: Worker) -> None:
    assert workers_said.worker(text, "--workers", []) == worker
    assert workers_said.worker(workers_said.said(worker), "--workers", []) == worker


def test_what_it_does_not_say_is_as_it_was_found() -> None:
    before = Worker(kind="celery", target="a:b", queues=("q",), broker="URL", arguments=("-c", "2", "-Q", "q"))
    assert workers_said.worker("celery a:b", "", [before]) == before
    again = workers_said.worker("celery a:b -c 3", "", [before])
    assert (again.queues, again.broker, again.arguments) == (("q",), "URL", ("-c", "3"))
    other = workers_said.worker("celery a:c -Q x", "", [before])
    assert (other.queues, other.broker, other.arguments) == (("x",), "URL", ("-Q", "x"))


NO_WORKER = "is no worker: it is a kind, `module:object`, and a role where it is not `worker`"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("celry a:b -c 2", f"`celry a:b -c 2` {NO_WORKER}", "did you mean `celery a:b -c 2`?"),
        ("celery -A a:b worker -Q x", f"`celery -A a:b worker -Q x` {NO_WORKER}", "did you mean `celery a:b -Q x`?"),
        ("celery -c 2", f"`celery -c 2` {NO_WORKER}", "as in `celery app.tasks:celery`"),
        ("celery a:b && true", f"`celery a:b && true` {NO_WORKER}", "as in `celery app.tasks:celery`"),
        ("beanstalk a:b", f"`beanstalk a:b` {NO_WORKER}", "the kinds are celery, dramatiq, arq, rq, taskiq, huey, "
         "faststream, apscheduler, repeat_every"),
        ("celery a:b -n 'x", "`celery a:b -n 'x` has a quote that nothing closes", "close it, or leave it out"),
        ("celery a:b --pidfile=x", "`celery a:b --pidfile=x`: `--pidfile` is not the worker's to say",
         "the target says what is run, a variable where the broker is, and the container the rest"),
        ("dramatiq a --watch .", "`dramatiq a --watch .`: `--watch` is for developing alone",
         "leave it out: in the image no code changes"),
        ("arq a.B --x redis://h", "`arq a.B --x redis://h`: an address is no argument: who lists processes sees it",
         "give it as the broker's variable"),
        ("celery a:b -n $HOST", "`celery a:b -n $HOST`: no shell reads `$HOST`",
         "say the value itself, and leave out what a shell would do"),
        ("celery a:b -c 2 > log", "`celery a:b -c 2 > log`: no shell reads `>`",
         "say the value itself, and leave out what a shell would do"),
        ("apscheduler in-process -c 2", "`apscheduler in-process -c 2`: what runs in the server's process has no "
         "command, and so no arguments", "leave them out"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(text: str, message: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        workers_said.worker(text, "--workers", [])
    assert (caught.value.message, caught.value.where, caught.value.hint) == (message, "--workers", hint)


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"lading.toml": 'port = 1\nworkers = [\n  "celery jobs:queue -c 2",\n  "celery jobs:queue --pidfile x",\n]\n'},
         "lading.toml:4"),
        ({"pyproject.toml": '[tool.lading]\nworkers = "celery jobs:queue --pidfile x"\n'}, "pyproject.toml:2"),
        ({"lading.toml": 'health = "x"\n'}, "lading.toml:1"),
        ({"lading.toml": 'workers = ["celery jobs:queue --pidfile \\u0078"]\n'}, "lading.toml:1"),
    ],
)  # fmt: skip
def test_the_line_is_told(files: dict[str, str], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        found(files)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("celery a:b,arq c.D", ("celery a:b", "arq c.D")),
        ("celery a:b -Q x,y, arq c.D", ("celery a:b -Q x,y", "arq c.D")),
        ("celery a:b -Q x,y -c 2,rq high", ("celery a:b -Q x,y -c 2", "rq high")),
        ("celery a:b -Q x,y", ("celery a:b -Q x,y",)),
        ("none", ("none",)),
        ("celery a:b,none", ("celery a:b", "none")),
    ],
)
def test_a_comma_of_an_argument_parts_nothing(text: str, items: tuple[str, ...]) -> None:
    assert settings.load(Memory({}), {}, {"LADING_WORKERS": text})["workers"].value == items


def test_the_arguments_reach_the_command_that_is_run() -> None:
    project = found({}, workers="celery jobs:queue -c 3 -Q mail,bills")
    (program,) = launch.decisions(plan.make(project, settings.load(Memory({}), {}, {})))["programs"]
    line = "-m celery -A jobs:queue worker --loglevel {plain} -c 3 -Q mail,bills"
    assert (" ".join(program["argv"]), project.workers[0].value.broker) == (line, "BROKER_URL")


def test_init_force_tells_the_arguments_that_are_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in {**FILES, "Dockerfile": COMMAND}.items():
        (tmp_path / name).write_text(text)
    before = stages.start(tmp_path, {}).plan.programs
    assert main(["init", str(tmp_path), "--force"]) == 0
    said = capsys.readouterr().err
    line = 'workers = ["celery jobs:queue --concurrency 2 -Q mail,bills"]'
    assert line in said.splitlines()[-1] or f"  {line}" in said.splitlines()
    assert stages.start(tmp_path, {}).plan.programs != before
    (tmp_path / "lading.toml").write_text(line)
    assert stages.start(tmp_path, {}).plan.programs == before


def test_what_settles_the_workers_says_their_arguments() -> None:
    project = found({"Dockerfile": COMMAND})
    assert settle.value(project, "workers") == ("celery jobs:queue --concurrency 2 -Q mail,bills",)
