"""What the client is told when a store is away: 503, try again; why is in the log."""

import logging

from dramatiq.errors import BrokerConnectionError
from fastapi import Request, status
from fastapi.responses import JSONResponse
from pika.exceptions import AMQPError
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

logger = logging.getLogger("uvicorn.error")

AWAY = (OSError, OperationalError, PoolTimeoutError, RedisError, BrokerConnectionError, AMQPError)


async def unavailable(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s: %r", request.method, request.url.path, error)
    return JSONResponse(
        {"detail": "The service cannot reach its stores: try again later"},
        status.HTTP_503_SERVICE_UNAVAILABLE,
        {"Retry-After": "5"},
    )
