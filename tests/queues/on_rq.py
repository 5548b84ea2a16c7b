from collections.abc import Iterable

import redis
from rq import Queue
from work import BROKER, QUEUE, work

queue = Queue(QUEUE, connection=redis.Redis.from_url(BROKER))


def send(numbers: Iterable[int], seconds: float) -> None:
    for number in numbers:
        queue.enqueue(work, number, seconds)
