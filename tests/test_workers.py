"""Workers: what the code makes and what commands start, put together."""

import pytest

from lading import settings
from lading.detect import detect, workers
from lading.model import Worker
from lading.source import Memory

APP = "from fastapi import FastAPI\napp = FastAPI()\n"


def found(files: dict[str, str | bytes]) -> list[Worker]:
    source = Memory({"requirements.txt": "fastapi\nuvicorn\n", "main.py": APP, **files})
    return [fact.value for fact in detect(source, settings.load(source, {}, {})).workers]


CELERY = "from celery import Celery\ncelery = Celery('x', broker='redis://r')\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"jobs.py": CELERY}, [Worker(kind="celery", target="jobs:celery")]),
        ({"jobs.py": CELERY, "Procfile": "w: celery -A jobs worker -Q a,b\nb: celery -A jobs beat\n"},
         [Worker(kind="celery", target="jobs:celery", queues=("a", "b"), arguments=("-Q", "a,b")),
          Worker(kind="celery", target="jobs:celery", role="scheduler")]),
        ({"jobs.py": "import os\nfrom celery import Celery\n"
                     "url = f\"redis://{os.environ['Q_USER']}@{os.environ['Q_HOST']}:{os.environ['Q_PORT']}/0\"\n"
                     "celery = Celery('x', broker=url)\n"},
         [Worker(kind="celery", target="jobs:celery", broker="Q_HOST")]),
        ({"jobs.py": CELERY + "@celery.task(queue='mail')\ndef send(): ...\n"},
         [Worker(kind="celery", target="jobs:celery", queues=("celery", "mail"))]),
        ({"jobs.py": CELERY + "celery.conf.task_default_queue = 'mail'\n"},
         [Worker(kind="celery", target="jobs:celery", queues=("mail",))]),
        ({"jobs.py": CELERY + "celery.conf.update(task_default_queue='mail')\n"},
         [Worker(kind="celery", target="jobs:celery", queues=("mail",))]),
        ({"app/celery.py": "import celery\nclass Mine(celery.Celery): ...\nqueue = Mine()\n"},
         [Worker(kind="celery", target="app.celery:queue")]),
        ({"Procfile": "w: taskiq worker jobs:broker --reload\n"}, [Worker(kind="taskiq", target="jobs:broker")]),
        ({"Makefile": "w:\n\tdramatiq jobs.mail jobs.bills\n"},
         [Worker(kind="dramatiq", target="jobs.mail jobs.bills")]),
        ({"Makefile": "w:\n\tfaststream run jobs:app --workers 2\n"},
         [Worker(kind="faststream", target="jobs:app", arguments=("--workers", "2"))]),
        ({"jobs.py": "from rq import Queue\nq = Queue('mail')\n"},
         [Worker(kind="rq", target="jobs:q", queues=("mail",))]),
        ({"jobs.py": "class Settings:\n    functions = []\n"}, []),
        ({"tests/jobs.py": CELERY}, []),
        ({"requirements.txt": "fastapi\nuvicorn\ncelery\ndramatiq\narq==1\n"}, []),
    ],
)  # fmt: skip
def test_the_workers_are_found(files: dict[str, str | bytes], expected: list[Worker]) -> None:
    assert found(files) == expected


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("dramatiq jobs --processes 4 --threads 8", ("--processes", "4", "--threads", "8")),
        ("dramatiq jobs --queues high low -p2", ("--queues", "high", "low", "-p", "2")),
        ("celery -A jobs worker -Q a,b -c4 -P solo --loglevel=info", ("-Q", "a,b", "-c", "4", "-P", "solo",
                                                                    "--loglevel=info")),
        ("celery --app=jobs worker --concurrency 2 --detach --pidfile=/run/x", ("--concurrency", "2")),
        ("celery -A jobs beat -s /var/lib/last", ("-s", "/var/lib/last")),
        ("arq jobs.Work --burst", ("--burst",)),
        ("rq worker --with-scheduler high low", ("--with-scheduler",)),
        ("rq worker --url redis://:secret@redis:6379 high", ()),
        ("taskiq worker --workers 3 jobs:broker jobs", ("--workers", "3", "jobs")),
        ("huey_consumer jobs.huey -k process -w 4", ("-k", "process", "-w", "4")),
        # What only who develops wants, what a shell would put in, and what stands after the command.
        ("arq jobs.Work --watch src", ()),
        ("taskiq worker jobs:broker --workers 1 --reload", ()),
        ("celery -A jobs worker -c $COUNT -l info", ("-l", "info")),
        ("celery -A jobs worker -l info > log.txt", ("-l", "info")),
    ],
)  # fmt: skip
def test_what_the_projects_own_command_says_beside_the_target(command: str, arguments: tuple[str, ...]) -> None:
    assert [one.arguments for one in found({"Procfile": f"work: {command}\n"})] == [arguments]


def test_a_command_for_developing_gives_no_arguments_to_one_that_serves() -> None:
    files: dict[str, str | bytes] = {
        "jobs.py": CELERY,
        "docker-compose.yml": "services:\n  w:\n    image: x\n    command: celery -A jobs worker -c 3\n",
        "Makefile": "dev:\n\tcelery -A jobs worker -c 1 -l debug\n",
    }
    assert [one.arguments for one in found(files)] == [("-c", "3")]


def test_a_note_and_the_code_that_agree_are_sure() -> None:
    jobs = "import dramatiq\n@dramatiq.actor\ndef mail(): ...\n"
    readme = "Beside it:\n\n    dramatiq jobs --threads 2\n"
    source = Memory({"requirements.txt": "fastapi\nuvicorn\n", "main.py": APP, "jobs.py": jobs, "README.md": readme})
    [fact] = detect(source, settings.load(source, {}, {})).workers
    assert (fact.value, fact.confidence) == (
        Worker(kind="dramatiq", target="jobs", arguments=("--threads", "2")), "sure"
    )  # fmt: skip


def test_a_scheduler_of_a_script_of_its_own_is_not_in_the_servers_process() -> None:
    scheduler = "from apscheduler.schedulers.background import BackgroundScheduler\ns = BackgroundScheduler()\n"
    assert found({"cron.py": scheduler}) == [Worker(kind="apscheduler", target="cron", role="scheduler")]
    assert found({"cron.py": scheduler, "main.py": "import cron\n" + APP}) == [
        Worker(kind="apscheduler", target="cron", role="in-process")
    ]


def test_the_story_tells_commands_and_code() -> None:
    source = Memory({"jobs.py": CELERY, "Procfile": "w: celery -A jobs worker\n"})
    assert workers.story(source, settings.load(source, {}, {})) == (
        "   88  Procfile:1 celery -A jobs worker",
        "    -  jobs.py:2 makes celery",
    )
