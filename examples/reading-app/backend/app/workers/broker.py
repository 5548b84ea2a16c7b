"""RabbitMQ, which carries the messages. Whoever sends or takes one imports this first."""

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from app.config import settings

# RabbitMQ says that it has a message before the service says so to its client.
broker = RabbitmqBroker(url=str(settings.rabbitmq_url), confirm_delivery=True)
dramatiq.set_broker(broker)


def ping() -> None:
    """Connect and part, or raise."""
    parameters = pika.URLParameters(str(settings.rabbitmq_url))
    parameters.socket_timeout = parameters.stack_timeout = 2
    pika.BlockingConnection(parameters).close()
