import os

from faststream import FastStream
from faststream.rabbit import RabbitBroker

broker = RabbitBroker(os.environ["RABBITMQ_URL"])
consumer = FastStream(broker)
