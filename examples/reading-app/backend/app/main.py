"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.database import async_engine
from app.errors import AWAY, unavailable
from app.progress import async_redis
from app.routers import health, live, texts
from app.workers.broker import broker


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connections are made when they are needed, and closed when the server stops."""
    yield
    broker.close()
    await async_engine.dispose()
    await async_redis.aclose()


app = FastAPI(title="Reading app", version="1.0.0", lifespan=lifespan)
for error in AWAY:
    app.add_exception_handler(error, unavailable)
app.include_router(health.router)
app.include_router(texts.router, prefix="/api/v1")
app.include_router(live.router)
