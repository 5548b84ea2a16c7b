"""Runs the migrations against the application's own database, or the connection that a test hands over."""

from alembic import context
from sqlalchemy import Connection

from video_events.database import engine, make_folder
from video_events.models import Base


def migrate(connection: Connection) -> None:
    # SQLite cannot alter a column: Alembic then copies the table, which it calls a batch.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    make_folder(engine.url)
    with engine.connect() as connection:
        migrate(connection)
