import asyncio
from collections.abc import Iterable
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from work import BROKER, QUEUE, work_async

# One at a time: what a worker holds unread goes back to the queue when it ends.
broker: Any = RabbitBroker(BROKER, default_channel=Channel(prefetch_count=1))
app = FastStream(broker)
queue = RabbitQueue(QUEUE, durable=True)


async def take(message: dict[str, float]) -> None:
    await work_async(int(message["number"]), message["seconds"])


broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR)(take)


async def publish(numbers: Iterable[int], seconds: float) -> None:
    async with broker:
        await broker.declare_queue(queue)
        for number in numbers:
            await broker.publish({"number": number, "seconds": seconds}, queue=queue, persist=True)


def send(numbers: Iterable[int], seconds: float) -> None:
    asyncio.run(publish(numbers, seconds))
