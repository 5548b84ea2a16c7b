import asyncio
from collections.abc import Iterable
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from work import BROKER, QUEUE, work_async


async def job(_context: Any, number: int, seconds: float) -> None:
    await work_async(number, seconds)


class WorkerSettings:
    functions = (job,)
    queue_name = QUEUE
    redis_settings = RedisSettings.from_dsn(BROKER)


async def enqueue(numbers: Iterable[int], seconds: float) -> None:
    pool = await create_pool(WorkerSettings.redis_settings, default_queue_name=QUEUE)
    for number in numbers:
        await pool.enqueue_job("job", number, seconds)
    await pool.aclose()


def send(numbers: Iterable[int], seconds: float) -> None:
    asyncio.run(enqueue(numbers, seconds))
