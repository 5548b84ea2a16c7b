import os

from taskiq import TaskiqScheduler
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

broker = ListQueueBroker(os.environ["REDIS_URL"]).with_result_backend(RedisAsyncResultBackend(""))
scheduler = TaskiqScheduler(broker, [])
