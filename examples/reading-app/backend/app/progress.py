"""How far a worker is: kept in Redis for whoever comes late, and published for whoever is waiting."""

from collections.abc import AsyncIterator

from pydantic import BaseModel
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from app.config import settings
from app.models import Status
from app.statistics import STEPS

DAY = 24 * 60 * 60

redis = Redis.from_url(str(settings.redis_url), socket_timeout=5, socket_connect_timeout=5)
async_redis = AsyncRedis.from_url(str(settings.redis_url), socket_timeout=5, socket_connect_timeout=5)


class Progress(BaseModel):
    """`done` steps of `steps`, the last of which was `step`."""

    status: Status
    step: str = ""
    done: int = 0
    steps: int = len(STEPS)

    @property
    def over(self) -> bool:
        return self.status in {Status.DONE, Status.FAILED}


DONE = Progress(status=Status.DONE, step=STEPS[-1], done=len(STEPS))


def name(text_id: int) -> str:
    """Of the key, and of the channel."""
    return f"{settings.queue}:progress:{text_id}"


def report(text_id: int, progress: Progress) -> None:
    """Tell everybody: a worker's side."""
    said = progress.model_dump_json()
    with redis.pipeline() as both:
        both.set(name(text_id), said, ex=DAY).publish(name(text_id), said).execute()


async def forget(text_id: int) -> None:
    """Begin anew."""
    await async_redis.delete(name(text_id))


async def follow(text_id: int) -> AsyncIterator[Progress]:
    """Yield where the worker is now, and each later step, until it is over: the service's side."""
    async with async_redis.pubsub() as channel:
        # Subscribed before the key is read: a step in between is told twice rather than never.
        await channel.subscribe(name(text_id))
        last = None
        while last is None or not last.over:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=2) if last else None
            # What was published while the connection was lost is in the key.
            said = message["data"] if message else await async_redis.get(name(text_id))
            progress = Progress.model_validate_json(said) if said else Progress(status=Status.WAITING)
            if progress != last:
                yield progress
            last = progress
