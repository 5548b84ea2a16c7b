import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

dramatiq.set_broker(RabbitmqBroker(url=os.environ.get("QUEUE_URL", "amqp://guest:guest@localhost:5672/")))
