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
         [Worker(kind="celery", target="jobs:celery", queues=("a", "b")),
          Worker(kind="celery", target="jobs:celery", role="scheduler")]),
        ({"app/celery.py": "import celery\nclass Mine(celery.Celery): ...\nqueue = Mine()\n"},
         [Worker(kind="celery", target="app.celery:queue")]),
        ({"Procfile": "w: taskiq worker jobs:broker --reload\n"}, [Worker(kind="taskiq", target="jobs:broker")]),
        ({"Makefile": "w:\n\tdramatiq jobs.mail jobs.bills\n"}, [Worker(kind="dramatiq", target="jobs.mail")]),
        ({"Makefile": "w:\n\tfaststream run jobs:app --workers 2\n"}, [Worker(kind="faststream", target="jobs:app")]),
        ({"jobs.py": "from rq import Queue\nq = Queue('mail')\n"},
         [Worker(kind="rq", target="jobs:q", queues=("mail",))]),
        ({"jobs.py": "class Settings:\n    functions = []\n"}, []),
        ({"tests/jobs.py": CELERY}, []),
        ({"requirements.txt": "fastapi\nuvicorn\ncelery\ndramatiq\narq==1\n"}, []),
    ],
)  # fmt: skip
def test_the_workers_are_found(files: dict[str, str | bytes], expected: list[Worker]) -> None:
    assert found(files) == expected


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
