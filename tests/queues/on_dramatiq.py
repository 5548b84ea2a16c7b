from collections.abc import Iterable
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from work import BROKER, QUEUE, work

broker: Any = RedisBroker(url=BROKER, namespace=QUEUE) if BROKER.startswith("redis") else RabbitmqBroker(url=BROKER)
dramatiq.set_broker(broker)
actor: Any = dramatiq.actor(work, queue_name=QUEUE, broker=broker)


def send(numbers: Iterable[int], seconds: float) -> None:
    for number in numbers:
        actor.send(number, seconds)
