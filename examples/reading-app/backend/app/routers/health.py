"""Is the service alive, and can it work?"""

import asyncio
import logging
from collections.abc import Awaitable

from fastapi import APIRouter, Response, status
from sqlalchemy import select

from app.database import async_engine
from app.progress import async_redis
from app.schemas import Health, Readiness
from app.workers import broker

logger = logging.getLogger("uvicorn.error")
router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer, and so prove that the event loop turns. It asks no store: a restart of this service would mend none."""
    return Health(status="healthy")


@router.get("/ready", responses={503: {"model": Readiness}})
async def ready(response: Response) -> Readiness:
    """Ask all three stores: 503 keeps requests away until they answer."""
    postgresql, rabbitmq, redis = await asyncio.gather(
        answers("PostgreSQL", ask_postgresql()),
        answers("RabbitMQ", asyncio.to_thread(broker.ping)),
        answers("Redis", async_redis.ping()),
    )
    works = postgresql and rabbitmq and redis
    if not works:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    said = {True: "answers", False: "does not answer"}
    return Readiness(
        status="ready" if works else "not ready",
        postgresql=said[postgresql],
        rabbitmq=said[rabbitmq],
        redis=said[redis],
    )


async def ask_postgresql() -> None:
    async with async_engine.connect() as connection:
        await connection.execute(select(1))


async def answers(name: str, asking: Awaitable[object]) -> bool:
    """Whether a store answers within two seconds. Why not is for the log, not for whoever asks."""
    try:
        async with asyncio.timeout(2):
            await asking
    except Exception as error:
        logger.warning("%s does not answer: %r", name, error)
        return False
    return True
