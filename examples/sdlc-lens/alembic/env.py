"""Runs the migrations, through the asynchronous engine that the application uses."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from sdlc_lens.config import Settings
from sdlc_lens.database import make_engine, make_folder
from sdlc_lens.models import Base


def of_the_models(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the models describe it. The search index and its shadow tables are SQLite's own affair."""
    return kind != "table" or not str(name).startswith("document_search")


def migrate(connection: Connection) -> None:
    # SQLite cannot alter a column: Alembic then copies the table, which it calls a batch.
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, include_name=of_the_models
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    url = Settings().database_url
    make_folder(url)
    engine = make_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
