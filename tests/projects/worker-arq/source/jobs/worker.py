import os

from arq.connections import RedisSettings


async def send(ctx): ...


class Mail:
    functions = [send]
    redis_settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
