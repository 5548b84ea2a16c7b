import os

from celery import Celery
from kombu import Queue


def make() -> Celery:
    celery = Celery("shop", broker=os.environ["BROKER_URL"])
    celery.conf.task_queues = (Queue("mail"), Queue("bills"))
    return celery


celery_app = make()
