"""Several statements, between which a replica may be killed."""

import os
import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("first", "second", "third"):
        op.create_table(name, sa.Column("id", sa.Integer, primary_key=True))
        time.sleep(float(os.environ.get("MIGRATION_SECONDS", "0")) / 3)
    op.execute("INSERT INTO ran VALUES ('0002')")


def downgrade() -> None:
    for name in ("third", "second", "first"):
        op.drop_table(name)
    op.execute("DELETE FROM ran WHERE revision = '0002'")
