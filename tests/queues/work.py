"""What every queue's application does with a message: it counts when it begins and when it is done, and takes its time.

The counts are in Redis, at COUNT_URL, in two hashes by the message's number: QUEUE:began and QUEUE:done.
"""

import asyncio
import os
import time

import redis

QUEUE = os.environ["QUEUE"]  # of this test alone: the queue, and the keys
BROKER = os.environ["BROKER_URL"]


def count(what: str, number: int) -> None:
    with redis.Redis.from_url(os.environ["COUNT_URL"]) as store:
        store.hincrby(f"{QUEUE}:{what}", str(number), 1)


def work(number: int, seconds: float) -> None:
    count("began", number)
    time.sleep(seconds)
    count("done", number)


async def work_async(number: int, seconds: float) -> None:
    count("began", number)
    await asyncio.sleep(seconds)
    count("done", number)
