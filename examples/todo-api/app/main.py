"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.config import settings
from app.database import engine
from app.errors import add_handlers
from app.limits import redis
from app.metrics import Measure
from app.routers import health, keys, metrics, tasks, users


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connections are made when they are needed, and closed when the server stops."""
    yield
    await engine.dispose()
    await redis.aclose()


app = FastAPI(title="Todo API", version="1.0.0", lifespan=lifespan)
add_handlers(app)
app.add_middleware(
    CORSMiddleware,
    allow_origins=settings.cors_origins,
    allow_methods=["GET", "POST", "PATCH", "DELETE"],
    allow_headers=["Authorization", "Content-Type", "X-API-Key"],
    expose_headers=["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"],
)
app.add_middleware(Measure)  # the last one added is the outermost: it also times the others
for module in (health, metrics, users, keys, tasks):
    app.include_router(module.router)
