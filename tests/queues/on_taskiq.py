import asyncio
from collections.abc import Iterable
from typing import Any

from taskiq import TaskiqScheduler
from taskiq.schedule_sources import LabelScheduleSource
from taskiq_redis import RedisStreamBroker
from work import BROKER, QUEUE, work_async

# What nobody has acknowledged for so many milliseconds comes again, if the lock under which it is looked for is free: a
# worker that ends while it holds it leaves it for ever, where no time-out in seconds is set.
again = {"idle_timeout": 5000, "unacknowledged_lock_timeout": 5}
broker: Any = RedisStreamBroker(BROKER, queue_name=QUEUE, consumer_group_name=QUEUE, **again)
task: Any = broker.task(task_name="work", schedule=[{"interval": 1, "args": [0, 0]}])(work_async)
scheduler = TaskiqScheduler(broker, sources=[LabelScheduleSource(broker)])


async def enqueue(numbers: Iterable[int], seconds: float) -> None:
    await broker.startup()
    for number in numbers:
        await task.kiq(number, seconds)
    await broker.shutdown()


def send(numbers: Iterable[int], seconds: float) -> None:
    asyncio.run(enqueue(numbers, seconds))
