from collections.abc import Iterable
from typing import Any

from huey import RedisHuey
from work import BROKER, QUEUE, work

huey: Any = RedisHuey(QUEUE, url=BROKER)
task: Any = huey.task(name="work")(work)


def send(numbers: Iterable[int], seconds: float) -> None:
    for number in numbers:
        task(number, seconds)
