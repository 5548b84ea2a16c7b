import os
from collections.abc import Iterable
from typing import Any

from celery import Celery
from work import BROKER, QUEUE, work

app = Celery("on_celery", broker=BROKER)
app.conf.update(
    task_default_queue=QUEUE,
    control_exchange=os.environ.get("CONTROL", "celery"),
    # What the library needs for its promise: a message is taken off the queue when it is done, and one that a dead
    # child had in hand is given back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    beat_schedule={"tick": {"task": "work", "schedule": 1.0, "args": (0, 0)}},
)
task: Any = app.task(work, name="work")


def send(numbers: Iterable[int], seconds: float) -> None:
    for number in numbers:
        task.delay(number, seconds)
