"""Make the tables of texts and of what was found in them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False, server_default="waiting", index=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "statistics",
        sa.Column("text_id", sa.Integer(), sa.ForeignKey("texts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.Column("different_words", sa.Integer(), nullable=False),
        sa.Column("reading_seconds", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("statistics")
    op.drop_table("texts")
