"""A table that counts: each revision that runs adds a row to it."""

import os
import time

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("ran", sa.Column("revision", sa.String(32)))
    time.sleep(float(os.environ.get("MIGRATION_SECONDS", "0")))
    op.execute("INSERT INTO ran VALUES ('0001')")


def downgrade() -> None:
    op.drop_table("ran")
