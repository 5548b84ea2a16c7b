"""Make the table of events: where something moved in a clip."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("clip_id", sa.Uuid(), sa.ForeignKey("clips.id"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset", sa.Double(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("area", sa.Double(), nullable=False),
    )
    op.create_index("ix_events_clip_id", "events", ["clip_id"])
    op.create_index("ix_events_started_at", "events", ["started_at"])


def downgrade() -> None:
    op.drop_table("events")
