"""Synchronous or asynchronous, as the URL's driver has it."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

URL = os.environ["DATABASE_URL"]


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


async def asynchronously() -> None:
    engine = create_async_engine(URL, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if any(f"+{driver}:" in URL for driver in ("asyncpg", "aiosqlite", "aiomysql")):
    asyncio.run(asynchronously())
else:
    with create_engine(URL, poolclass=NullPool).connect() as connection:
        migrate(connection)
