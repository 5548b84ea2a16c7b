"""What the client is told when a store is away: 503, try again; why is in the log."""

import logging

from fastapi import FastAPI, Request, status
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

logger = logging.getLogger("uvicorn.error")

# asyncpg reports a connection that cannot be made as the operating system's own error.
AWAY = (OSError, OperationalError, InterfaceError, PoolTimeoutError, RedisError)


async def unavailable(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s: %r", request.method, request.url.path, error)
    return JSONResponse(
        {"detail": "The service cannot reach its stores: try again later"},
        status.HTTP_503_SERVICE_UNAVAILABLE,
        {"Retry-After": "5"},
    )


def add_handlers(app: FastAPI) -> None:
    for kind in AWAY:
        app.add_exception_handler(kind, unavailable)
